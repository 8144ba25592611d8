//! A policy that looks up a Secret and repeats what it gets: in its answer, in its log, in its errors, in other lookups.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::json;

use super::*;
use crate::reports::FORMATS;

const PASSWORD: &str = "Tr0ub4dor-and-3-more";
const SHORT: &str = "pw-17";

const IMPORTS: &str = r#"
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $answer (param i32 i32)))
  (import "wapc" "__guest_error" (func $error (param i32 i32)))
  (import "wapc" "__host_call" (func $host (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wapc" "__host_response_len" (func $length (result i32)))
  (import "wapc" "__host_response" (func $fetch (param i32)))
  (import "wapc" "__console_log" (func $log (param i32 i32)))
  (memory (export "memory") 4)
  (data (i32.const 300) "kubewardenkubernetesget_resourcetracinglog")"#;

/// A policy that looks up the Secret `s`, logs it as it is, asks for one that is called as a password, and says `answer`: as an
/// error where `fails` says so. Where it gets no Secret it says `nothing`.
fn repeating(answer: &str, fails: bool) -> Vec<u8> {
    let question = |name: &str| {
        json!({"api_version": "v1", "kind": "Secret", "name": name, "namespace": "default"}).to_string()
    };
    let event = json!({"level": "INFO", "message": format!("got {PASSWORD}"), "data": {}}).to_string();
    let nothing = r#"{"accepted":true,"valid":true,"warnings":["nothing"]}"#;
    let texts = [&question("s"), &question(&PASSWORD.to_lowercase()), &event, answer, nothing];
    let (mut data, mut at) = (String::new(), 1024);
    let places = texts.map(|text| {
        let place = (at, text.len());
        let _ =
            write!(data, "(data (i32.const {at}) \"{}\")", text.replace('\\', "\\\\").replace('"', "\\\""));
        at += text.len();
        format!("(i32.const {}) (i32.const {})", place.0, place.1)
    });
    let [first, second, event, answer, nothing] = places;
    let ask = |place: &str| {
        format!(
            "(call $host (i32.const 300) (i32.const 10) (i32.const 310) (i32.const 10) (i32.const 320) (i32.const 12) {place})"
        )
    };
    let (say, code) = if fails { ("$error", 0) } else { ("$answer", 1) };
    let text = format!(
        r#"(module {IMPORTS} {data}
             (func (export "__guest_call") (param i32 i32) (result i32)
               (if (i32.eqz {})
                 (then (call $answer {nothing}) (return (i32.const 1))))
               (call $fetch (i32.const 0x20000))
               (call $log (i32.const 0x20000) (call $length))
               (drop (call $host (i32.const 300) (i32.const 10) (i32.const 332) (i32.const 7) (i32.const 339) (i32.const 3) {event}))
               (drop {})
               (call {say} {answer})
               (i32.const {code})))"#,
        ask(&first),
        ask(&second),
    );
    let metadata = br#"{"rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"],"operations":["CREATE"]}],"contextAwareResources":[{"apiVersion":"v1","kind":"Secret"}]}"#;
    with_section(&wat::parse_str(text).expect("a module"), METADATA, metadata).expect("a module")
}

/// All forms in which a text could contain the Secret.
fn spellings() -> Vec<String> {
    let auth = BASE64_STANDARD.encode(format!("robot-user:{PASSWORD}"));
    let texts = [PASSWORD, &auth, SHORT, &PASSWORD.to_uppercase()].map(str::to_owned);
    let encoded = texts.clone().map(|text| BASE64_STANDARD.encode(text));
    [&texts[..], &encoded, &[BASE64_STANDARD.encode(config()), part(PASSWORD).to_owned()]].concat()
}

fn part(text: &str) -> &str {
    text.get(4..13).unwrap()
}

fn config() -> String {
    let auth = BASE64_STANDARD.encode(format!("robot-user:{PASSWORD}"));
    json!({"auths": {"contoso.azurecr.io": {"auth": auth, "username": "robot-user", "password": PASSWORD}}})
        .to_string()
}

/// A folder with the pod, and the Secret that it lists.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"},
        "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": config(), "pin": SHORT},
    });
    std::fs::write(folder.path().join("secret.json"), secret.to_string()).unwrap();
    std::fs::write(folder.path().join("pod.yaml"), pod("web")).unwrap();
    folder
}

fn assert_hidden(shown: &str, what: &str) {
    let lower = shown.to_lowercase();
    for spelling in spellings() {
        assert!(!lower.contains(&spelling.to_lowercase()), "{what}: {spelling}: {shown}");
    }
}

fn run(folder: &Path, args: &[&str]) -> (String, String) {
    let output = command(args).current_dir(folder).output().unwrap();
    (text(&output.stdout), text(&output.stderr))
}

const CHECK: [&str; 8] =
    ["check", "--settings-json", "{}", "--policy", "repeating.wasm", "--cluster", "secret.json", "pod.yaml"];

/// An answer that has the Secret in each field.
fn answer(accepted: bool) -> String {
    let all = format!("s of robot-user in contoso.azurecr.io: {}", spellings().join(" | "));
    let finding = json!({"rule": PASSWORD, "severity": "warn", "pointer": format!("/spec/{PASSWORD}"), "image": PASSWORD, "secret": PASSWORD, "message": all, "help": all});
    json!({
        "accepted": accepted, "valid": accepted, "message": all, "warnings": [all, SHORT], "code": 400,
        "audit_annotations": {"findings": json!([finding]).to_string(), PASSWORD: all},
        "problems": [{"path": PASSWORD, "pointer": format!("/{PASSWORD}"), "message": all, "help": all}],
        "mutated_object": {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "namespace": "default", "labels": {PASSWORD: all, "pin": SHORT}},
            "spec": {
                "containers": [{"name": "a", "image": "contoso.azurecr.io/a:v1"}],
                "imagePullSecrets": [{"name": PASSWORD.to_lowercase()}],
            },
        },
    })
    .to_string()
}

#[test]
fn no_report_shows_what_a_policy_has_looked_up() {
    let folder = folder();
    let here = folder.path();
    for (answer, fails) in [
        (answer(true).replacen("\"valid\":true", "\"valid\":true,\"x\":1", 1), false),
        (answer(false), false),
        (answer(true).replace("\"valid\":true", "\"valid\":false"), false),
        (format!("got {}", spellings().join(" and ")), false),
        (format!("got {}", spellings().join(" and ")), true),
        (json!({"accepted": PASSWORD, "valid": PASSWORD}).to_string(), false),
    ] {
        std::fs::write(here.join("repeating.wasm"), repeating(&answer, fails)).unwrap();
        for format in FORMATS {
            let (report, talk) = run(here, &[&CHECK[..], &["--allow-secrets", "-o", format]].concat());
            assert!(report.contains("***") || talk.contains("***"), "{format}: {report}{talk}");
            assert!(talk.contains("policy: INFO: got ***"), "{talk}");
            assert_hidden(&report, format);
            assert_hidden(&talk, format);
        }
    }
    std::fs::write(here.join("repeating.wasm"), repeating(&answer(true), false)).unwrap();
    let (report, _) = run(here, &[&CHECK[..], &["--allow-secrets"]].concat());
    assert!(report.contains("s of robot-user in contoso.azurecr.io: ***"), "{report}");
}

#[test]
fn no_other_command_shows_what_a_policy_has_looked_up() {
    let folder = folder();
    let here = folder.path();
    let before = std::fs::read_to_string(here.join("pod.yaml")).unwrap();
    std::fs::write(here.join("repeating.wasm"), repeating(&answer(true), false)).unwrap();
    let suite = json!({
        "cluster": [serde_json::from_str::<Value>(&std::fs::read_to_string(here.join("secret.json")).unwrap()).unwrap()],
        "cases": [{"name": "a", "object": serde_json::from_str::<Value>(r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"containers":[{"name":"a","image":"contoso.azurecr.io/a:v1"}]}}"#).unwrap(), "expect": {"decision": "accepted"}}],
    });
    std::fs::write(here.join("suite.json"), suite.to_string()).unwrap();
    let policy = ["--policy", "repeating.wasm", "--allow-secrets"];
    let cluster = ["--settings-json", "{}", "--cluster", "secret.json"];
    for args in [
        &["test", "suite.json"][..],
        &[&["fix", "--diff", "pod.yaml"][..], &cluster].concat(),
        &[&["fix", "pod.yaml"][..], &cluster].concat(),
        &[&["explain", "contoso.azurecr.io/a:v1"][..], &cluster].concat(),
        &[&["bench", "pod.yaml"][..], &cluster].concat(),
    ] {
        let (report, talk) = run(here, &[args, &policy].concat());
        assert!(!talk.contains("Usage:"), "{talk}");
        assert_hidden(&report, args[0]);
        assert_hidden(&talk, args[0]);
    }
    assert_eq!(std::fs::read_to_string(here.join("pod.yaml")).unwrap(), before);
}

#[test]
fn without_a_grant_a_policy_has_nothing_to_repeat() {
    let folder = folder();
    std::fs::write(folder.path().join("repeating.wasm"), repeating(&answer(true), false)).unwrap();
    let (report, talk) = run(folder.path(), &CHECK);
    assert!(report.contains("warning[policy-warning]: nothing"), "{report}{talk}");
    assert_hidden(&report, "text");
    assert_hidden(&talk, "text");
}
