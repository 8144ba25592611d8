//! Limits that no guest can exceed.

use super::*;

#[test]
fn an_endless_loop_ends_at_the_deadline() {
    let started = Instant::now();
    assert_eq!(misbehave(LOOP), PolicyError::Deadline(LIMITS.time));
    assert!(started.elapsed() >= LIMITS.time);
}

#[test]
fn an_endless_loop_at_the_start_ends_at_the_deadline() {
    assert_eq!(start("wapc_init", LOOP), failed_start("`wapc_init`", PolicyError::Deadline(LIMITS.time)));
    assert_eq!(start("_start", LOOP), failed_start("`_start`", PolicyError::Deadline(LIMITS.time)));
    let instantiation = module(&format!(
        r#"(func $spin {LOOP}) (start $spin)
           (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1))"#
    ));
    let outcome = call(&load(&instantiation).unwrap(), "any");
    assert_eq!(outcome, failed_start("its instantiation", PolicyError::Deadline(LIMITS.time)));
}

#[test]
fn a_loop_of_host_calls_ends_at_their_limit() {
    let storm = "(loop $again
        (drop (call $host (i32.const 1024) (i32.const 4) (i32.const 1024) (i32.const 4)
                          (i32.const 1024) (i32.const 4) (i32.const 1024) (i32.const 4)))
        (br $again))";
    assert_eq!(misbehave(storm), PolicyError::TooManyHostCalls(LIMITS.host_calls));
    let host = Arc::new(Host::default());
    guest(storm, "").call("bad", b"", host.clone()).unwrap_err();
    assert_eq!(host.calls.load(Ordering::Relaxed), LIMITS.host_calls);
}

#[test]
fn growing_beyond_the_memory_limit_ends_the_guest() {
    let bomb = "(loop $again (drop (memory.grow (i32.const 1))) (br $again))";
    assert_eq!(misbehave(bomb), PolicyError::OutOfMemory(LIMITS.memory));
    assert_eq!(misbehave("(drop (memory.grow (i32.const 65535)))"), PolicyError::OutOfMemory(LIMITS.memory));
    let tables = r"(table $t 0 funcref)";
    let table_bomb = "(drop (table.grow $t (ref.null func) (i32.const 4000000)))";
    assert_eq!(misbehave_with(table_bomb, tables), PolicyError::OutOfMemory(LIMITS.memory));
}

#[test]
fn growing_within_the_memory_limit_is_allowed() {
    let pages = LIMITS.memory / (64 << 10) - 1;
    let grow = format!("(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable))");
    assert_eq!(call(&guest(&grow, ""), "bad"), Ok("fine".to_owned()));
}

#[test]
fn a_module_that_begins_with_more_memory_than_the_limit_does_not_start() {
    let wasm = wat::parse_str(
        r#"(module (memory (export "memory") 1000)
             (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1)))"#,
    );
    let outcome = call(&load(&wasm.unwrap()).unwrap(), "any");
    assert_eq!(outcome, failed_start("its instantiation", PolicyError::OutOfMemory(LIMITS.memory)));
}

#[test]
fn endless_recursion_exhausts_the_stack_and_not_the_host() {
    assert_eq!(misbehave_with("(call $deep)", "(func $deep (call $deep))"), PolicyError::StackExhausted);
}

#[test]
fn a_crash_is_reported_with_its_reason() {
    for (code, reason) in [
        ("unreachable", "unreachable"),
        ("(drop (i32.load (i32.const -4)))", "out of bounds memory access"),
        ("(drop (i32.div_u (i32.const 1) (global.get $zero)))", "divide by zero"),
    ] {
        let error = misbehave(code);
        assert!(matches!(&error, PolicyError::Trap(text) if text.contains(reason)), "{error}");
    }
}

#[test]
fn pointers_outside_memory_end_the_guest_and_name_the_call() {
    let cases = [
        ("(call $request (i32.const 65534) (i32.const 0))", "__guest_request"),
        ("(call $request (i32.const 0) (i32.const -1))", "__guest_request"),
        ("(call $response (i32.const 65536) (i32.const 1))", "__guest_response"),
        ("(call $response (i32.const -1) (i32.const -1))", "__guest_response"),
        ("(call $response (i32.const 0) (i32.const -1))", "__guest_response"),
        ("(call $response (i32.const 0) (i32.const 1073741824))", "__guest_response"),
        ("(call $error (i32.const 65535) (i32.const 2))", "__guest_error"),
        ("(call $error (i32.const 0) (i32.const -2147483648))", "__guest_error"),
        ("(call $log (i32.const -5) (i32.const 4))", "__console_log"),
        ("(call $log (i32.const 5) (i32.const -4))", "__console_log"),
        ("(drop (call $fd_write (i32.const 2) (i32.const -8) (i32.const 1) (i32.const 0)))", "fd_write"),
        (
            "(i32.store (i32.const 4) (i32.const -1))
          (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))",
            "fd_write",
        ),
        ("(drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 65533)))", "fd_write"),
        ("(drop (call $fd_fdstat_get (i32.const 1) (i32.const 65516)))", "fd_fdstat_get"),
        ("(drop (call $environ_sizes_get (i32.const 0) (i32.const -1)))", "environ_sizes_get"),
        ("(drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 65530)))", "clock_time_get"),
        ("(drop (call $random_get (i32.const 1) (i32.const -1)))", "random_get"),
    ];
    for (code, call) in cases {
        assert_eq!(misbehave(code), PolicyError::OutOfBounds { call }, "{code}");
    }
    for bad in 0..4 {
        let range = |range| format!("(i32.const {}) (i32.const 4)", if range == bad { 65533 } else { 1024 });
        let ranges = [0, 1, 2, 3].map(range).concat();
        let code = format!("(drop (call $host {ranges}))");
        assert_eq!(misbehave(&code), PolicyError::OutOfBounds { call: "__host_call" }, "{code}");
    }
}

#[test]
fn a_host_answer_fetched_to_outside_memory_ends_the_guest() {
    let ask = |namespace: u32, length: u32, fetch: &str, pointer: u32| {
        format!(
            "(drop (call $host (i32.const 1024) (i32.const 4) (i32.const {namespace}) (i32.const {length})
               (i32.const 1040) (i32.const 3) (i32.const 1024) (i32.const 4)))
             (call {fetch} (i32.const {pointer}))"
        )
    };
    let error = misbehave(&ask(1028, 10, "$host_response", 65530));
    assert_eq!(error, PolicyError::OutOfBounds { call: "__host_response" });
    let error = misbehave(&ask(1038, 2, "$host_error", 65531));
    assert_eq!(error, PolicyError::OutOfBounds { call: "__host_error" });
    let just_fits = guest(&ask(1038, 2, "$host_error", 65530), "");
    assert_eq!(call(&just_fits, "bad"), Ok("fine".to_owned()));
}

#[test]
fn an_answer_larger_than_the_limit_is_refused() {
    let grown = "(drop (memory.grow (i32.const 32)))";
    for (call, import) in
        [("__guest_response", "$response"), ("__guest_error", "$error"), ("__console_log", "$log")]
    {
        let error = misbehave(&format!("{grown} (call {import} (i32.const 0) (i32.const 1048577))"));
        assert_eq!(
            error,
            PolicyError::TooLarge { call, length: LIMITS.response + 1, limit: LIMITS.response }
        );
    }
    let exactly = format!("{grown} (call $response (i32.const 65536) (i32.const 1048576)) (i32.const 1)");
    assert_eq!(answer_of(&exactly).unwrap().len(), LIMITS.response);
}

#[test]
fn endless_output_is_cut_off() {
    let lines =
        lines(&format!("(loop $again (call $log (i32.const 0) (i32.const 1024)) (br $again)) {LOOP}"));
    let output: usize = lines.iter().map(String::len).sum();
    assert!(output < 4 * (64 << 10) && lines.len() < 100, "{} lines of {output} bytes", lines.len());
    assert!(lines.last().unwrap().contains("left out"));
}

#[test]
fn many_tracing_events_are_cut_off_like_other_output() {
    let storm = r"(loop $again
        (drop (call $host (i32.const 1024) (i32.const 4) (i32.const 1100) (i32.const 7)
                          (i32.const 1107) (i32.const 3) (i32.const 0) (i32.const 1024)))
        (br $again))";
    let host = Arc::new(Host::default());
    let policy = guest(storm, r#"(data (i32.const 1100) "tracinglog")"#);
    let ended = policy.call("bad", b"", host.clone());
    assert_eq!(ended, Err(PolicyError::TooManyHostCalls(LIMITS.host_calls)));
    assert_eq!(host.calls.load(Ordering::Relaxed), 63);
    assert_eq!(*host.lines.lock().unwrap(), ["(further output of the policy is left out)"]);
}

#[test]
fn one_policy_serves_many_threads_while_some_of_its_guests_misbehave() {
    let policy = guest(LOOP, "");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let policy = &policy;
            scope.spawn(move || {
                for _ in 0..200 {
                    assert_eq!(call(policy, "good"), Ok("fine".to_owned()));
                }
                if thread % 2 == 0 {
                    assert_eq!(call(policy, "bad"), Err(PolicyError::Deadline(LIMITS.time)));
                }
            });
        }
    });
}
