//! Fields with which a file tries to prevent checks of its pods.

use serde_json::{Value, json};

use crate::engines::run;

fn judged(input: &str) -> (Value, Option<i32>) {
    let output = run(&["check", "-o", "json", "--settings-json", r#"{"mode":"validate"}"#, "-"], input);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    (report["results"][0]["decision"].clone(), output.status.code())
}

/// The API server forgets that an object is being deleted when it is created, a controller copies little of a template's
/// metadata, and the user who applies a file is not a node.
#[test]
fn no_field_of_a_file_prevents_checks_of_its_pods() {
    let owner = |kind: &str| {
        format!(r#"[{{"apiVersion": "v1", "kind": "{kind}", "name": "n", "uid": "1", "controller": true}}]"#)
    };
    let mirror = r#""annotations": {"kubernetes.io/config.mirror": "x"}"#;
    let spec = r#"{"nodeName": "n", "containers": [{"name": "web", "image": !!binary Y29udG9zby5henVyZWNyLmlvL3dlYjp2MQ==}]}"#;
    for fields in [
        r#""deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 0"#.to_owned(),
        format!(r#""ownerReferences": {}"#, owner("ReplicaSet")),
        mirror.to_owned(),
        format!(r#"{mirror}, "ownerReferences": {}"#, owner("Node")),
    ] {
        let pod = format!(
            r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "web", {fields}}}, "spec": {spec}}}"#
        );
        let template = format!(r#"{{"metadata": {{{fields}}}, "spec": {spec}}}"#);
        let replica_set = format!(
            r#"{{"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {{"name": "web", {fields}}}, "spec": {{"template": {template}}}}}"#
        );
        for object in [pod, replica_set] {
            let input = format!("# YAML\n{object}\n");
            assert_eq!(judged(&input), (json!("rejected"), Some(1)), "{input}");
        }
    }
}
