//! Foreign policies that loop, crash and lie, run by the command: the error is reported for each object, and the other objects
//! are still checked.

use std::fmt::Write as _;
use std::path::Path;

use acr_pull_secret::sandbox::wasm_section::{METADATA, with_section};
use serde_json::Value;

use crate::engines::command;

mod compiling;
mod lying;
mod repeating;

/// The fault of a policy, its function, and the message.
const FAULTS: [(&str, &str, &str); 26] = [
    ("_start", LOOP, "failed to start, in `_start`: the policy did not finish within "),
    ("wapc_init", LOOP, "failed to start, in `wapc_init`: the policy did not finish within "),
    ("__guest_call", LOOP, "the policy did not finish within "),
    ("__guest_call", HOST_CALLS, "the policy made more than 10000 host calls (--policy-host-calls)"),
    ("__guest_call", MEMORY_BOMB, "the policy needs more memory than the limit of 256Mi (--policy-memory)"),
    (
        "wapc_init",
        MEMORY_BOMB,
        "failed to start, in `wapc_init`: the policy needs more memory than the limit of 256Mi",
    ),
    ("__guest_call", "(call $deep)", "the policy ran out of stack"),
    ("_start", "(call $deep)", "failed to start, in `_start`: the policy ran out of stack"),
    ("_start", "unreachable", "failed to start, in `_start`: the policy crashed: "),
    (
        "wapc_init",
        "(call $exit (i32.const 3))",
        "the policy ended itself with exit code 3 instead of answering",
    ),
    ("__guest_call", "unreachable", "the policy crashed: "),
    (
        "__guest_call",
        "(drop (i32.load (i32.const -4)))",
        "the policy crashed: wasm trap: out of bounds memory access",
    ),
    ("__guest_call", "(call $exit (i32.const 0))", "the policy ended itself with exit code 0"),
    // Lengths that are huge, and negative ones, which are the same; pointers that are outside of the memory.
    ("__guest_call", "(call $answer (i32.const 0) (i32.const 2147483647))", OUTSIDE),
    ("__guest_call", "(call $answer (i32.const 0) (i32.const -1))", OUTSIDE),
    ("__guest_call", "(call $answer (i32.const -8) (i32.const 4))", OUTSIDE),
    (
        "__guest_call",
        "(call $request (i32.const -1) (i32.const 0))",
        "`__guest_request` with an address outside",
    ),
    ("__guest_call", LONG_ANSWER, "67108865 bytes, more than the limit of 64Mi (--policy-response)"),
    ("__guest_call", LONG_ERROR, "the policy answered with an error: xxx"),
    (
        "__guest_call",
        LONG_WORD,
        "the policy's answer is not a ValidationResponse: accepted: must be true or false",
    ),
    (
        "__guest_call",
        "(call $no_json) (return (i32.const 1))",
        "the policy's answer is not a ValidationResponse",
    ),
    ("__guest_call", "(call $no_response) (return (i32.const 1))", "accepted is missing"),
    (
        "__guest_call",
        "(return (i32.const 1))",
        "the policy returned 1 but set neither an answer nor an error",
    ),
    (
        "__guest_call",
        "(return (i32.const 0))",
        "the policy returned 0 but set neither an answer nor an error",
    ),
    // Answers that change: the last counts, and an error is not an answer.
    ("__guest_call", "(call $fine) (call $no_json) (return (i32.const 1))", "is not a ValidationResponse"),
    ("__guest_call", "(call $fine) (call $no_json) (return (i32.const 0))", "the policy returned 0 but set"),
];

const LOOP: &str = "(loop $again (br $again))";
const HOST_CALLS: &str = "(loop $again
    (drop (call $host (i32.const 300) (i32.const 10) (i32.const 310) (i32.const 10)
                      (i32.const 320) (i32.const 12) (i32.const 300) (i32.const 2)))
    (br $again))";
const MEMORY_BOMB: &str = "(loop $again (drop (memory.grow (i32.const 16))) (br $again))";
const OUTSIDE: &str = "the policy called `__guest_response` with an address outside its memory";
const LONG_ANSWER: &str =
    "(drop (memory.grow (i32.const 1025))) (call $answer (i32.const 65536) (i32.const 67108865))";
const LONG_ERROR: &str = "(drop (memory.grow (i32.const 256)))
    (memory.fill (i32.const 65536) (i32.const 120) (i32.const 10000000))
    (call $error (i32.const 65536) (i32.const 10000000)) (return (i32.const 0))";
const LONG_WORD: &str = r"(drop (memory.grow (i32.const 256)))
    (memory.fill (i32.const 65536) (i32.const 120) (i32.const 10000000))
    (memory.copy (i32.const 65536) (i32.const 220) (i32.const 13))
    (i32.store16 (i32.const 10065534) (i32.const 0x7d22))
    (call $answer (i32.const 65536) (i32.const 10000000)) (return (i32.const 1))";

/// A policy that does the fault number N to an object with `fault-` and the N-th letter in it, and accepts any other.
fn policy() -> Vec<u8> {
    let mut starts = String::new();
    for function in ["_start", "wapc_init", "__guest_call"] {
        let signature = if function == "__guest_call" { "(param i32 i32) (result i32)" } else { "" };
        let _ = write!(starts, r#"(func (export "{function}") {signature}"#);
        for (number, (_, code, _)) in FAULTS.iter().enumerate().filter(|(_, (at, _, _))| *at == function) {
            let _ = write!(starts, "(if (i32.eq (call $fault) (i32.const {number})) (then {code}))");
        }
        starts.push_str(if signature.is_empty() { ")" } else { "(call $fine) (i32.const 1))" });
    }
    module(&format!(
        r"(func $fine (call $answer (i32.const 0) (i32.const 30)))
           (func $no_json (call $answer (i32.const 40) (i32.const 12)))
           (func $no_response (call $answer (i32.const 60) (i32.const 14)))
           (func $deep (call $deep))
           (func $fault (result i32) (local $at i32)
             (call $request (i32.const 0x8000) (i32.const 1024))
             (local.set $at (i32.const 1024))
             (loop $next
               (if (i64.eq (i64.and (i64.load (local.get $at)) (i64.const 0xffffffffffff)) (i64.load (i32.const 200)))
                 (then (return (i32.sub (i32.load8_u offset=6 (local.get $at)) (i32.const 97)))))
               (local.set $at (i32.add (local.get $at) (i32.const 1)))
               (br_if $next (i32.lt_u (local.get $at) (i32.const 16384))))
             (i32.const -1))
           {starts}"
    ))
}

fn module(text: &str) -> Vec<u8> {
    module_with(
        br#"{"rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"],"operations":["CREATE"]}]}"#,
        text,
    )
}

fn module_with(metadata: &[u8], text: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
             (import "wapc" "__guest_request" (func $request (param i32 i32)))
             (import "wapc" "__guest_response" (func $answer (param i32 i32)))
             (import "wapc" "__guest_error" (func $error (param i32 i32)))
             (import "wapc" "__host_call" (func $host (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
             (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
             (memory (export "memory") 1)
             (data (i32.const 0) "{{\"accepted\":true,\"valid\":true}}")
             (data (i32.const 40) "apiVersion: ")
             (data (i32.const 60) "{{\"allowed\":1}}  ")
             (data (i32.const 200) "fault-\00\00")
             (data (i32.const 220) "{{\"accepted\":\"")
             (data (i32.const 300) "kubewardenkubernetesget_resource")
             {text})"#
    );
    with_section(&wat::parse_str(text).expect("a module"), METADATA, metadata).expect("a module")
}

/// A policy that gives this answer to everything.
fn answering(answer: &str) -> Vec<u8> {
    let text = answer.replace('\\', "\\\\").replace('"', "\\\"");
    module(&format!(
        r#"(data (i32.const 1024) "{text}")
           (func (export "__guest_call") (param i32 i32) (result i32)
             (call $answer (i32.const 1024) (i32.const {})) (i32.const 1))"#,
        answer.len()
    ))
}

fn pod(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n    - {{name: a, image: \
         contoso.azurecr.io/a:v1}}\n"
    )
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with the policy, a pod for each fault, and as many that it accepts.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hostile.wasm"), policy()).unwrap();
    for number in 0..FAULTS.len() {
        let file = folder.path().join(format!("{number:02}.yaml"));
        std::fs::write(file, format!("{}---\n{}", pod(&fault(number)), pod("other"))).unwrap();
    }
    folder
}

fn fault(number: usize) -> String {
    format!("fault-{}", char::from(b'a' + u8::try_from(number).unwrap()))
}

#[test]
fn each_object_reports_the_fault_and_the_others_are_checked() {
    let folder = folder();
    let output = command(&[
        "check",
        "-j",
        "8",
        "--policy",
        "hostile.wasm",
        "-o",
        "json",
        "-o",
        "text=report.txt",
        ".",
    ])
    .current_dir(folder.path())
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let lines = std::fs::read_to_string(folder.path().join("report.txt")).unwrap();
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), 2 * FAULTS.len());
    for (number, (pair, (_, _, reason))) in results.chunks(2).zip(FAULTS).enumerate() {
        let (bad, good) = (&pair[0], &pair[1]);
        let message = bad["object"]["message"].as_str().unwrap_or_default();
        assert_eq!(
            (&bad["decision"], &good["decision"]),
            (&"error".into(), &"accepted".into()),
            "{reason}: {bad}"
        );
        assert!(message.contains(reason) && message.len() < 1500, "{reason}: {message}");
        let line = format!("error    Pod default/{} (./{number:02}.yaml:1): {message}\n", fault(number));
        assert!(lines.contains(&line), "{line}{lines}");
    }
    assert_eq!(report["summary"]["errors"], FAULTS.len());
    assert_eq!(report["summary"]["accepted"], FAULTS.len());
}

#[test]
fn a_hostile_policy_gets_nothing_written() {
    let folder = folder();
    let texts = || {
        (0..FAULTS.len())
            .map(|number| std::fs::read(folder.path().join(format!("{number:02}.yaml"))).unwrap())
    };
    let before: Vec<_> = texts().collect();
    let args = ["fix", "-j", "8", "--policy", "hostile.wasm", "--policy-timeout", "1s", "."];
    let output = command(&args).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(texts().eq(before));
    let talk = text(&output.stderr);
    for number in 0..FAULTS.len() {
        let line = format!("error: ./{number:02}.yaml:1: Pod default/{} cannot be fixed: ", fault(number));
        assert!(talk.contains(&line), "{line}{talk}");
    }
}

/// An error at load time is reported once.
#[test]
fn a_module_that_is_not_a_usable_policy_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pod.yaml"), pod("web")).unwrap();
    let call = r#"(func (export "__guest_call") (param i32 i32) (result i32) (i32.const 1))"#;
    let memory = r#"(memory (export "memory") 1)"#;
    let wat = |text: String| wat::parse_str(format!("(module {text})")).unwrap();
    let modules: [(Vec<u8>, &str); 10] = [
        (Vec::new(), "error: policy.wasm: this is not a WebAssembly module"),
        (b"\0asm\x0d\0\x01\0".to_vec(), "error: policy.wasm: "),
        (wat(memory.to_owned()), "error: policy.wasm: the module has no exported function `__guest_call"),
        (wat(call.to_owned()), "error: policy.wasm: the module has no exported `memory`"),
        (
            wat(format!(r#"(import "env" "system" (func)) {memory} {call}"#)),
            "the module imports `env.system`",
        ),
        (wat(format!(r#"(import "wapc" "__guest_error" (func)) {memory} {call}"#)), "with the wrong type"),
        (
            wat(format!("{memory} {call} (func $trap unreachable) (start $trap)")),
            "in its instantiation: the policy crashed",
        ),
        (
            wat(format!("{memory} {call} (func $spin {LOOP}) (start $spin)")),
            "in its instantiation: the policy did not finish",
        ),
        (
            wat(format!("{memory} {call} (func (export \"wapc_init\") unreachable)")),
            "in `wapc_init`: the policy crashed",
        ),
        (
            wat(format!(r#"(memory (export "memory") 5000) {call}"#)),
            "the policy needs more memory than the limit of 256Mi",
        ),
    ];
    for (module, reason) in modules {
        std::fs::write(folder.path().join("policy.wasm"), module).unwrap();
        for subcommand in ["check", "fix"] {
            let output = command(&[subcommand, "--policy", "policy.wasm", "pod.yaml"])
                .current_dir(folder.path())
                .output();
            let output = output.unwrap();
            let talk = text(&output.stderr);
            assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{reason}: {talk}");
            assert!(talk.contains(reason) && talk.starts_with("error: "), "{reason}: {talk}");
            assert_eq!(talk.lines().count(), 1, "{talk}");
        }
    }
}

fn refusal(folder: &Path, args: &[&str]) -> String {
    let output = command(&["fix", "--check", "--policy", "hostile.wasm"])
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    text(&output.stderr)
}

#[test]
fn the_limits_are_options_and_keys_of_the_config_file() {
    let folder = folder();
    let here = folder.path();
    for (option, value, key, number, reason) in [
        ("--policy-timeout", "50ms", "policyTimeout", 2, "did not finish within 0.05 s"),
        ("--policy-memory", "1Mi", "policyMemory", 4, "more memory than the limit of 1Mi"),
        ("--policy-response", "64Ki", "policyResponse", 18, "10000000 bytes, more than the limit of 64Ki"),
        ("--policy-host-calls", "3", "policyHostCalls", 3, "more than 3 host calls"),
    ] {
        let file = format!("{number:02}.yaml");
        let talk = refusal(here, &[option, value, &file]);
        assert!(talk.contains(reason), "{option}: {talk}");
        std::fs::write(here.join("config.yml"), format!("{key}: {value}\n")).unwrap();
        let talk = refusal(here, &["--config", "config.yml", &file]);
        assert!(talk.contains(reason), "{key}: {talk}");
    }
}

#[test]
fn an_invalid_limit_is_refused_and_a_number_without_a_unit_is_valid() {
    let folder = folder();
    let here = folder.path();
    let (duration, size) = ("expected a duration such as 500ms", "expected a size such as 64Ki");
    let number = "is not in 1..";
    for (option, key, value, reason) in [
        ("--policy-timeout", "policyTimeout", "0", duration),
        ("--policy-timeout", "policyTimeout", "0s", duration),
        ("--policy-timeout", "policyTimeout", "1.5", duration),
        ("--policy-memory", "policyMemory", "0", size),
        ("--policy-memory", "policyMemory", "0Mi", size),
        (
            "--policy-memory",
            "policyMemory",
            "10",
            "a policy needs at least 64Ki, and a number without a unit means bytes",
        ),
        ("--policy-memory", "policyMemory", "5Gi", "more than 4Gi is not supported"),
        ("--policy-response", "policyResponse", "0", size),
        ("--policy-host-calls", "policyHostCalls", "0", number),
    ] {
        let talk = refusal(here, &[option, value, "01.yaml"]);
        assert!(talk.starts_with("error: ") && talk.contains(reason), "{option} {value}: {talk}");
        std::fs::write(here.join("config.yml"), format!("{key}: {value}\n")).unwrap();
        let talk = refusal(here, &["--config", "config.yml", "01.yaml"]);
        let reason = if reason == number { "must be a number of at least 1" } else { reason };
        let place = format!("\n --> config.yml:1:{}\n", key.len() + 3);
        assert!(talk.starts_with(&format!("error: {key}: {reason}")), "{key}: {value}: {talk}");
        assert!(talk.contains(&place), "{key}: {value}: {talk}");
    }
    std::fs::write(here.join("config.yml"), "policyTimeout: 1\npolicyMemory: 1048576\n").unwrap();
    let talk = refusal(here, &["--config", "config.yml", "02.yaml", "04.yaml"]);
    assert!(talk.contains("did not finish within 1 s") && talk.contains("than the limit of 1Mi"), "{talk}");
}
