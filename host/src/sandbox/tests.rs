//! What the engine does with policies that trap, loop and pass wrong addresses. The guests are written as text, each with one
//! fault, and after it the same policy has to answer a harmless call.

mod limits;
mod modules;
mod protocol;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Compiler, EMBEDDED, HostCalls, Limits, Policy, PolicyError};
use crate::sandbox::wasm_section;

const LIMITS: Limits =
    Limits { time: Duration::from_millis(200), memory: 4 << 20, response: 1 << 20, host_calls: 100 };

/// Answers `<binding>/<namespace>/<operation>: <payload>`, or an error where the namespace says so.
#[derive(Default)]
struct Host {
    calls: AtomicU32,
    lines: Mutex<Vec<String>>,
}

impl HostCalls for Host {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let payload = String::from_utf8_lossy(payload);
        match namespace {
            "no" => Err("denied".to_owned()),
            _ => Ok(format!("{binding}/{namespace}/{operation}: {payload}").into_bytes()),
        }
    }

    fn log(&self, line: &str) {
        self.lines.lock().unwrap().push(line.to_owned());
    }
}

const IMPORTS: &str = r#"
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__guest_error" (func $error (param i32 i32)))
  (import "wapc" "__host_call" (func $host (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wapc" "__host_response_len" (func $host_len (result i32)))
  (import "wapc" "__host_response" (func $host_response (param i32)))
  (import "wapc" "__host_error_len" (func $host_error_len (result i32)))
  (import "wapc" "__host_error" (func $host_error (param i32)))
  (import "wapc" "__console_log" (func $log (param i32 i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fd_fdstat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_made_up" (func $sock (param f64) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
"#;

/// Bytes 1024.. of every guest's memory hold `finekubernetesnoget\ff`.
const DATA: &str = r#"(memory (export "memory") 1) (global $zero (mut i32) (i32.const 0))
  (data (i32.const 1024) "finekubernetesnoget\ff")"#;

fn module(text: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {IMPORTS} {DATA} {text})")).unwrap()
}

fn load(wasm: &[u8]) -> Result<Policy, PolicyError> {
    Policy::load(wasm, LIMITS, None, &Compiler::Here)
}

fn call(policy: &Policy, operation: &str) -> Result<String, PolicyError> {
    let answer = policy.call(operation, b"payload", Arc::new(Host::default()))?;
    Ok(String::from_utf8(answer).unwrap())
}

/// A guest whose operation `bad` runs `code`, which may return, and whose other operations answer `fine`.
fn guest(code: &str, more: &str) -> Policy {
    let text = format!(
        r#"{more} (func (export "__guest_call") (param $operation i32) (param $length i32) (result i32)
             (call $request (i32.const 0) (i32.const 256))
             (if (i32.eq (local.get $operation) (i32.const 3)) (then {code}))
             (call $response (i32.const 1024) (i32.const 4)) (i32.const 1))"#
    );
    load(&module(&text)).unwrap()
}

/// The result of calling `code`; the same policy answers before and after.
fn misbehave_with(code: &str, more: &str) -> PolicyError {
    let policy = guest(code, more);
    assert_eq!(call(&policy, "good"), Ok("fine".to_owned()));
    let error = call(&policy, "bad").unwrap_err();
    assert_eq!(call(&policy, "good"), Ok("fine".to_owned()));
    error
}

fn misbehave(code: &str) -> PolicyError {
    misbehave_with(code, "")
}

/// As [`misbehave`], where `code` runs in the start function `name`.
fn start(name: &str, code: &str) -> Result<String, PolicyError> {
    let start = format!(
        r#"(func (export "{name}") (call $request (i32.const 0) (i32.const 256))
             (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 98)) (then {code})))"#
    );
    let policy = guest("", &start);
    let outcome = call(&policy, "bad");
    assert_eq!(call(&policy, "good"), Ok("fine".to_owned()));
    outcome
}

fn failed_start(step: &'static str, reason: PolicyError) -> Result<String, PolicyError> {
    Err(PolicyError::Init { step, reason: Box::new(reason) })
}

/// A guest whose every operation runs `code`, which leaves the result of `__guest_call`.
fn answer_of(code: &str) -> Result<String, PolicyError> {
    let text = format!(r#"(func (export "__guest_call") (param i32 i32) (result i32) {code})"#);
    call(&load(&module(&text)).unwrap(), "any")
}

const LOOP: &str = "(loop $again (br $again))";

/// The lines that the host gets when `code` runs.
fn lines(code: &str) -> Vec<String> {
    let host = Arc::new(Host::default());
    let _ = guest(code, "").call("bad", b"payload", host.clone());
    host.lines.lock().unwrap().clone()
}
