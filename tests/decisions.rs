//! The decisions that a user of the command sees.

use serde_json::{Value, json};

use crate::command::{ARTICLE, BARE_POD, DEPLOYMENT, report};

fn mirror_pod(user: &str) -> String {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "etcd-node1", "namespace": "kube-system", "annotations": {"kubernetes.io/config.mirror": "x"}},
        "spec": {"nodeName": "node1", "containers": [{"name": "etcd", "image": "contoso.azurecr.io/etcd:v3"}]},
    });
    let request = json!({
        "uid": "1", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "operation": "CREATE", "namespace": "kube-system", "userInfo": {"username": user}, "object": pod,
    });
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).to_string()
}

#[test]
fn the_articles_pod_is_accepted() {
    let (report, status) = report(&[ARTICLE], "");
    assert_eq!(report["results"][0]["decision"], "accepted");
    assert_eq!(report["results"][0]["name"], "my-awesome-app-pod");
    assert_eq!(status, Some(0));
}

#[test]
fn without_its_secret_the_articles_pod_is_mutated_by_one_operation() {
    let (report, status) = report(&["-"], BARE_POD);
    assert_eq!(report["results"][0]["decision"], "mutated");
    let patch = json!([{"op": "add", "path": "/spec/imagePullSecrets", "value": [{"name": "acr-secret"}]}]);
    assert_eq!(report["results"][0]["object"]["patch"], patch);
    assert_eq!(status, Some(0));
}

#[test]
fn a_deployment_is_accepted_and_its_pods_are_mutated() {
    let (report, _) = report(&["-"], DEPLOYMENT);
    let result = &report["results"][0];
    assert_eq!(
        (&result["object"]["decision"], &result["pods"][0]["decision"]),
        (&json!("accepted"), &json!("mutated"))
    );
    assert_eq!(result["decision"], "mutated", "the worst of the two");
    assert_eq!(report["summary"]["mutated"], 1);
}

#[test]
fn in_validate_mode_the_bare_pod_is_rejected_at_its_image() {
    let (report, status) = report(&["--settings-json", r#"{"mode":"validate"}"#, "-"], BARE_POD);
    let result = &report["results"][0];
    assert_eq!(result["decision"], "rejected");
    assert_eq!(result["object"]["findings"][0]["pointer"], "/spec/containers/0/image");
    assert_eq!(
        (&result["object"]["findings"][0]["line"], &result["object"]["findings"][0]["column"]),
        (&json!(8), &json!(14))
    );
    assert_eq!(status, Some(1));
}

#[test]
fn a_mirror_pod_is_accepted_from_its_node_only() {
    let settings = ["--settings-json", r#"{"mode":"validate"}"#, "-"];
    let (of_node, _) = report(&settings, &mirror_pod("system:node:node1"));
    assert_eq!(of_node["results"][0]["decision"], "accepted");
    let (of_somebody, status) = report(&settings, &mirror_pod("system:node:node2"));
    assert_eq!(of_somebody["results"][0]["decision"], "rejected");
    assert_eq!(of_somebody["results"][0]["name"], "etcd-node1");
    assert_eq!(status, Some(1));
}

#[test]
fn a_service_accounts_secrets_reach_its_pods() {
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default}\nimagePullSecrets: [{name: acr-secret}]\n";
    let (report, status) =
        report(&["--settings-json", r#"{"mode":"validate"}"#, "-"], &format!("{DEPLOYMENT}---\n{account}"));
    assert_eq!(report["results"][0]["pods"][0]["decision"], "accepted", "{report}");
    assert_eq!(status, Some(0));
}

#[test]
fn an_update_is_checked_for_what_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.yaml");
    std::fs::write(&old, BARE_POD).unwrap();
    let old = old.display().to_string();
    let args = ["--operation", "UPDATE", "--old", &old, "-"];
    let (same, _) = report(&args, &BARE_POD.replace("{name:", "{labels: {a: b}, name:"));
    assert_eq!(same["results"][0]["decision"], "accepted");
    let (other, status) = report(&args, &BARE_POD.replace("app:v1", "app:v2"));
    assert_eq!(other["results"][0]["object"]["findings"][0]["rule"], "pull-secrets-immutable");
    assert_eq!(status, Some(1));
}

#[test]
fn pods_are_checked_only_where_some_are_created() {
    let strict = ["--settings-json", r#"{"mode":"validate"}"#];
    let deployment: Value = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "contoso.azurecr.io/web:v1"}]}}},
    });
    let review = |request: Value| json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    let kind = json!({"group": "apps", "version": "v1", "kind": "Deployment"});
    let pods = |request: Value| {
        let (report, _) = report(&[&strict[..], &["-"]].concat(), &review(request).to_string());
        report["results"][0]["pods"][0]["decision"].clone()
    };
    let created = json!({"kind": kind, "operation": "CREATE", "namespace": "shop", "subResource": "", "object": deployment});
    assert_eq!(pods(created), "rejected");
    let deleted = json!({"kind": kind, "operation": "DELETE", "namespace": "shop", "object": null, "oldObject": deployment});
    assert_eq!(pods(deleted), Value::Null);
    let scaled = json!({"kind": kind, "operation": "UPDATE", "object": deployment, "oldObject": deployment});
    assert_eq!(pods(scaled), Value::Null);
    let mut going = deployment;
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    assert_eq!(pods(json!({"kind": kind, "operation": "CREATE", "object": going})), Value::Null);
}
