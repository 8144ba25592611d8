//! Which modules are policies, and how they start.

use super::*;

#[test]
fn a_start_that_exits_with_zero_succeeds() {
    assert_eq!(start("_start", "(call $exit (i32.const 0))"), Ok("fine".to_owned()));
}

#[test]
fn any_other_end_at_the_start_is_an_error() {
    let exit = |code| failed_start("`_start`", PolicyError::Exited(code));
    assert_eq!(start("_start", "(call $exit (i32.const 1))"), exit(1));
    assert_eq!(start("_start", "(call $exit (i32.const -1))"), exit(u32::MAX));
    let exit = start("wapc_init", "(call $exit (i32.const 0))");
    assert_eq!(exit, failed_start("`wapc_init`", PolicyError::Exited(0)));
    let crash = start("_start", "unreachable").unwrap_err().to_string();
    assert!(crash.starts_with("the policy failed to start, in `_start`: the policy crashed: "), "{crash}");
}

#[test]
fn an_exit_instead_of_an_answer_is_an_error() {
    assert_eq!(misbehave("(call $exit (i32.const 0))"), PolicyError::Exited(0));
}

#[test]
fn start_functions_run_in_order_before_the_call() {
    let text = r#"
      (func (export "wapc_init") (i32.store8 (global.get $zero) (i32.const 105))
                                 (global.set $zero (i32.add (global.get $zero) (i32.const 1))))
      (func (export "_start") (i32.store8 (global.get $zero) (i32.const 115))
                              (global.set $zero (i32.add (global.get $zero) (i32.const 1))))
      (func (export "_initialize") unreachable)
      (func (export "__guest_call") (param i32 i32) (result i32)
        (call $response (i32.const 0) (global.get $zero)) (i32.const 1))"#;
    assert_eq!(call(&load(&module(text)).unwrap(), "any"), Ok("si".to_owned()));
}

#[test]
fn for_modules_that_are_not_policies_the_error_says_what_is_missing() {
    let refused = |text: &str| match load(&wat::parse_str(text).unwrap()) {
        Ok(_) => panic!("{text} is accepted"),
        Err(error) => error.to_string(),
    };
    let call = r#"(func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1))"#;
    let memory = r#"(memory (export "memory") 1)"#;
    for (text, reason) in [
        (format!("(module {call})"), "no exported `memory`"),
        (format!("(module {memory})"), "no exported function `__guest_call"),
        (format!("(module {memory} (func (export \"__guest_call\")))"), "no exported function `__guest_call"),
        (format!("(module {memory} (global (export \"__guest_call\") i32 (i32.const 0)))"), "`__guest_call"),
        (format!("(module (import \"env\" \"abort\" (func)) {memory} {call})"), "imports `env.abort`"),
        (format!("(module (import \"wapc\" \"__made_up\" (func)) {memory} {call})"), "`wapc.__made_up`"),
        (format!("(module (import \"wapc\" \"__guest_error\" (func)) {memory} {call})"), "wrong type"),
        (
            format!("(module (import \"wasi_snapshot_preview1\" \"x\" (global i32)) {memory} {call})"),
            "`wasi_snapshot_preview1.x`",
        ),
        (
            format!("(module (import \"wasi_snapshot_preview1\" \"random_get\" (func)) {memory} {call})"),
            "wrong type",
        ),
    ] {
        let error = refused(&text);
        assert!(error.contains(reason) && !error.contains('\n'), "{text}: {error}");
    }
}

#[test]
fn bytes_that_are_not_a_module_are_refused() {
    assert!(matches!(load(b"apiVersion: v1"), Err(PolicyError::NotWasm(_))));
    assert!(matches!(load(b""), Err(PolicyError::NotWasm(_))));
    assert!(matches!(load(b"\0asm\x01\0\0\0\x01\x01\x05"), Err(PolicyError::Invalid(_))));
    let mut wasm = module(r#"(func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1))"#);
    wasm.truncate(wasm.len() - 3);
    assert!(matches!(load(&wasm), Err(PolicyError::NotWasm(_))));
}

#[test]
fn metadata_is_optional_and_must_be_json() {
    let wasm = module(r#"(func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1))"#);
    assert_eq!(load(&wasm).unwrap().metadata(), None);
    let with = |json: &[u8]| load(&wasm_section::with_section(&wasm, wasm_section::METADATA, json).unwrap());
    assert_eq!(with(br#"{"mutating":true}"#).unwrap().metadata().unwrap()["mutating"], true);
    assert!(matches!(with(b"mutating: true"), Err(PolicyError::Metadata(_))));
}

#[test]
fn a_module_too_large_for_the_pool_still_runs() {
    let text = r#"(table 30000 funcref)
      (func (export "__guest_call") (param i32 i32) (result i32)
        (call $response (i32.const 1024) (i32.const 4)) (i32.const 1))"#;
    assert_eq!(call(&load(&module(text)).unwrap(), "any"), Ok("fine".to_owned()));
}

#[test]
fn the_embedded_policy_has_the_metadata_of_this_version() {
    let policy = Policy::load(EMBEDDED, Limits::default(), None, &Compiler::Here);
    let metadata = match &policy {
        Ok(policy) => policy.metadata().unwrap(),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(metadata["protocolVersion"], "v1");
    assert_eq!(metadata["annotations"]["io.kubewarden.policy.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        wasm_section::custom_sections(crate::sandbox::EMBEDDED, wasm_section::METADATA).unwrap().len(),
        1
    );
}

/// A request for a pod with `annotation` in a place that allows any value.
fn request(annotation: &str) -> Vec<u8> {
    let request = format!(
        r#"{{"settings":{{}},"request":{{"uid":"1","operation":"CREATE","kind":{{"group":"","version":"v1","kind":"Pod"}},
            "resource":{{"group":"","version":"v1","resource":"pods"}},"namespace":"shop","name":"web","userInfo":{{}},
            "object":{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"web","namespace":"shop"}},
              "spec":{{"x":{annotation},"containers":[{{"name":"a","image":"contoso.azurecr.io/a:1"}}]}}}}}}}}"#
    );
    request.into_bytes()
}

#[test]
fn the_stack_of_the_embedded_policy_holds_any_nesting() {
    let policy = Policy::load(EMBEDDED, Limits::default(), None, &Compiler::Here).unwrap();
    for depth in [1, 60, 100, 120, 126, 127, 128, 129, 1000, 1_000_000] {
        let nested = [r#"{"a":["#.repeat(depth / 2), "]}".repeat(depth / 2)].concat();
        let answer = policy.call("validate", &request(&nested), Arc::new(Host::default()));
        assert!(answer.is_ok(), "{depth}: {answer:?}");
    }
}

#[test]
#[ignore = "a measurement: cargo test --release --lib -- --ignored --nocapture fresh_instance"]
fn time_of_one_call_in_a_fresh_instance() {
    let host: Arc<dyn HostCalls> = Arc::new(Host::default());
    let time = |policy: &Policy, payload: &[u8]| {
        let started = Instant::now();
        for _ in 0..5000 {
            policy.call("validate", payload, Arc::clone(&host)).unwrap();
        }
        started.elapsed() / 5000
    };
    println!("an empty guest: {:?} for each call", time(&guest("", ""), b"payload"));
    let started = Instant::now();
    let policy = Policy::load(EMBEDDED, Limits::default(), None, &Compiler::Here).unwrap();
    println!("the embedded policy: {:?} to load", started.elapsed());
    let pod = request(&format!("{:?}", "x".repeat(100)));
    println!("a pod of {} bytes: {:?} for each call", pod.len(), time(&policy, &pod));
}
