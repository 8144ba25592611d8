//! What `why` suggests to type: commands for the cluster that was asked about, which a shell takes as they are.

use serde_json::{Value, json};

use super::{IMAGE, account, anonymous, back_off, expired, pod, unauthorized, valid};
use crate::kubectl::Stub;

const ACCESS: [&str; 4] = ["--context", "prod eu", "--kubeconfig", "/tmp/kc"];
const OPTIONS: &str = "--context='prod eu' --kubeconfig=/tmp/kc";

/// What is suggested about this pod, with options of the call.
fn fix(
    pod: &Value,
    events: &[Value],
    account: &Value,
    found: &[Value],
    options: &[&str],
) -> (String, String) {
    let names = |list: &Value| -> Vec<String> {
        let names = list.as_array().into_iter().flatten().filter_map(|it| it["name"].as_str());
        names.map(str::to_owned).collect()
    };
    let mut listed = [names(&pod["spec"]["imagePullSecrets"]), names(&account["imagePullSecrets"])].concat();
    listed.sort_unstable();
    listed.dedup();
    let end = if options.is_empty() { "" } else { " --context=prod eu --kubeconfig=/tmp/kc" };
    let stub = Stub::new()
        .objects(&format!("{}{end}", super::POD), std::slice::from_ref(pod))
        .objects(&format!("{}{end}", super::EVENTS), events)
        .objects(&format!("{}{end}", super::ACCOUNT), std::slice::from_ref(account))
        .objects(&format!("{}{end}", super::secrets(&listed.join(" "))), found);
    let (out, talk, status) =
        stub.run(&[&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop", "-o", "json"], options].concat());
    assert!(status.is_some_and(|status| status < 2), "{out}{talk}");
    let answers: Value = serde_json::from_str(&out).unwrap();
    let word = |name: &str| answers[0][name].as_str().unwrap_or_default().to_owned();
    (word("cause"), word("help"))
}

/// Pods whose trouble has a command.
fn troubles() -> Vec<(Value, Value, Value, Vec<Value>)> {
    let waiting = || pod(IMAGE, &["acr-secret"], &back_off());
    let mut immutable = expired();
    immutable["immutable"] = true.into();
    let opaque = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"name": "acr-secret", "namespace": "shop"},
    });
    vec![
        (waiting(), unauthorized(), account(&[]), vec![expired()]),
        (waiting(), unauthorized(), account(&[]), vec![immutable]),
        (waiting(), unauthorized(), account(&[]), vec![valid("acr-secret")]),
        (waiting(), anonymous(), account(&[]), vec![opaque]),
        (waiting(), anonymous(), account(&[]), vec![]),
        (pod(IMAGE, &[], &back_off()), anonymous(), account(&[]), vec![]),
        (pod(IMAGE, &[], &back_off()), anonymous(), account(&["acr-secret"]), vec![valid("acr-secret")]),
        (pod(IMAGE, &[], &back_off()), anonymous(), account(&["acr-secret"]), vec![expired()]),
    ]
}

#[test]
fn every_suggested_call_names_the_cluster_that_was_asked_about() {
    for (pod, event, account, found) in troubles() {
        let (_, plain) = fix(&pod, std::slice::from_ref(&event), &account, &found, &[]);
        assert!(!plain.contains("--context") && !plain.contains("--kubeconfig"), "{plain}");
        let (_, help) = fix(&pod, &[event], &account, &found, &ACCESS);
        let mut calls = 0;
        for call in ["kubectl ", "acr-pull-secret why "] {
            for (at, _) in help.match_indices(call) {
                assert!(help[at + call.len()..].starts_with(OPTIONS), "{help}");
                calls += 1;
            }
        }
        assert!(calls > 0, "{help}");
    }
}
