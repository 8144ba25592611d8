//! What passes between host and guest.

use super::*;

#[test]
fn operation_and_payload_reach_the_guest_where_it_asked_for_them() {
    let echo = "(call $request (i32.const 7) (i32.const 0)) (call $response (i32.const 0) (i32.const 10)) (i32.const 1)";
    assert_eq!(answer_of(echo), Ok("payloadany".to_owned()));
}

#[test]
fn every_call_gets_a_fresh_instance() {
    let count = "(global.set $zero (i32.add (global.get $zero) (i32.const 1)))
        (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
        (i32.store8 (i32.const 1) (i32.add (i32.const 48) (i32.mul (global.get $zero) (i32.load8_u (i32.const 0)))))
        (call $response (i32.const 1) (i32.const 1)) (i32.const 1)";
    let text = format!(r#"(func (export "__guest_call") (param i32 i32) (result i32) {count})"#);
    let policy = load(&module(&text)).unwrap();
    for _ in 0..3 {
        assert_eq!(call(&policy, "any"), Ok("1".to_owned()));
    }
}

#[test]
fn a_host_call_brings_back_the_answer_or_the_error() {
    let ask = |namespace: u32, length: u32, len: &str, fetch: &str| {
        answer_of(&format!(
            "(i32.store8 (i32.const 300) (i32.add (i32.const 48)
               (call $host (i32.const 1024) (i32.const 4) (i32.const {namespace}) (i32.const {length})
                 (i32.const 1040) (i32.const 3) (i32.const 1024) (i32.const 4))))
             (call {fetch} (i32.const 301))
             (call $response (i32.const 300) (i32.add (call {len}) (i32.const 1))) (i32.const 1)"
        ))
    };
    let answer = ask(1028, 10, "$host_len", "$host_response");
    assert_eq!(answer, Ok("1fine/kubernetes/get: fine".to_owned()));
    assert_eq!(ask(1038, 2, "$host_error_len", "$host_error"), Ok("0denied".to_owned()));
    assert_eq!(ask(1038, 2, "$host_len", "$host_response"), Ok("0".to_owned()));
}

#[test]
fn return_code_answer_and_error_are_read_as_policy_server_reads_them() {
    let answer = "(call $response (i32.const 1024) (i32.const 4))";
    let error = "(call $error (i32.const 1028) (i32.const 10))";
    let told = || Err(PolicyError::Guest("kubernetes".to_owned()));
    assert_eq!(answer_of(&format!("{answer} {error} (i32.const 1)")), Ok("fine".to_owned()));
    assert_eq!(answer_of(&format!("{answer} (i32.const -1)")), Ok("fine".to_owned()));
    assert_eq!(answer_of(&format!("{error} (i32.const 1)")), told());
    assert_eq!(answer_of(&format!("{answer} {error} (i32.const 0)")), told());
    assert_eq!(answer_of(&format!("{answer} (i32.const 0)")), Err(PolicyError::NoResponse { code: 0 }));
    assert_eq!(answer_of("(i32.const 0)"), Err(PolicyError::NoResponse { code: 0 }));
    assert_eq!(answer_of("(i32.const 1)"), Err(PolicyError::NoResponse { code: 1 }));
}

#[test]
fn text_that_is_not_utf8_ends_the_guest() {
    let error = misbehave("(call $error (i32.const 1042) (i32.const 2))");
    assert_eq!(error, PolicyError::NotUtf8 { call: "__guest_error" });
    let error = misbehave("(call $log (i32.const 1042) (i32.const 2))");
    assert_eq!(error, PolicyError::NotUtf8 { call: "__console_log" });
}

#[test]
fn files_and_other_parts_of_wasi_are_not_supported() {
    let code =
        "(i32.store8 (i32.const 0) (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))
        (i32.store8 (i32.const 1) (call $sock (f64.const 0)))
        (i32.store8 (i32.const 2) (call $fd_prestat_get (i32.const 3) (i32.const 8)))
        (i32.store8 (i32.const 3) (call $fd_write (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0)))
        (i32.store8 (i32.const 4) (call $clock_time_get (i32.const 9) (i64.const 0) (i32.const 0)))
        (i32.store8 (i32.const 5) (call $fd_write (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 0)))
        (call $response (i32.const 0) (i32.const 6)) (i32.const 1)";
    assert_eq!(answer_of(code).unwrap().as_bytes(), [52, 52, 8, 8, 28, 28]);
}

#[test]
fn the_clock_tells_the_time_and_random_bytes_differ() {
    let code = "(drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 0)))
        (drop (call $random_get (i32.const 8) (i32.const 16)))
        (call $response (i32.const 0) (i32.const 24)) (i32.const 1)";
    let text = format!(r#"(func (export "__guest_call") (param i32 i32) (result i32) {code})"#);
    let policy = load(&module(&text)).unwrap();
    let ask = || policy.call("any", b"", Arc::new(Host::default())).unwrap();
    let (first, second) = (ask(), ask());
    let nanoseconds = u64::from_le_bytes(first[..8].try_into().unwrap());
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    assert!(now.abs_diff(Duration::from_nanos(nanoseconds)) < Duration::from_mins(1));
    assert_ne!(first[8..], second[8..]);
}

#[test]
fn output_arrives_line_by_line_also_when_the_guest_crashes() {
    let code = r"(i32.store (i32.const 512) (i32.const 1024)) (i32.store (i32.const 516) (i32.const 4))
        (drop (call $fd_write (i32.const 1) (i32.const 512) (i32.const 1) (i32.const 520)))
        (drop (call $fd_write (i32.const 2) (i32.const 512) (i32.const 1) (i32.const 520)))
        (i32.store8 (i32.const 600) (i32.const 10)) (i32.store8 (i32.const 601) (i32.const 27))
        (i32.store8 (i32.const 602) (i32.const 91)) (i32.store (i32.const 512) (i32.const 600))
        (i32.store (i32.const 516) (i32.const 3))
        (drop (call $fd_write (i32.const 2) (i32.const 512) (i32.const 1) (i32.const 520)))
        unreachable";
    assert_eq!(lines(code), ["finefine", "\u{fffd}["]);
    assert_eq!(lines("(call $log (i32.const 1028) (i32.const 10))"), ["kubernetes"]);
}
