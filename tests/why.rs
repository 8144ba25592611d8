//! `why`: what a user learns of a pod that waits for its images, with recorded answers of kubectl.

mod causes;
mod changes;
mod consistency;
mod cron_jobs;
mod fixes;
mod found;
mod grouping;
mod hostile;
mod invalid_images;
mod nameless;
mod reports;
mod restricted;
mod retrieval;
mod static_pods;
mod troubles;

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};

use crate::kubectl::{Stub, secret};
use crate::reports::{assert_valid, schema};

const IMAGE: &str = "contoso.azurecr.io/shop/web:v1";
const PASSWORD: &str = "FormersPassw0rd+six";
const RUNNING: &str = "running";

const POD: &str = "get pods web-5d8f7c9b6-x2k4p --output=json --namespace=shop --ignore-not-found";
const EVENTS: &str = "get events --field-selector=involvedObject.uid=11-22 --output=json --namespace=shop";
const ACCOUNT: &str = "get serviceaccounts web --output=json --namespace=shop --ignore-not-found";

const WORKLOADS: &str =
    "deployments.apps,statefulsets.apps,daemonsets.apps,jobs.batch,cronjobs.batch,replicasets.apps";

fn workload(kind: &str, replicas: usize) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web", "namespace": "shop", "uid": "44"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}},
    })
}

fn secrets(names: &str) -> String {
    format!("get secrets {names} --show-managed-fields --output=json --namespace=shop --ignore-not-found")
}

/// A pod of one container, with its pull secrets and what its status has.
fn pod(image: &str, pull_secrets: &[&str], state: &Value) -> Value {
    let pull_secrets: Vec<Value> = pull_secrets.iter().map(|name| json!({"name": name})).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "web-5d8f7c9b6-x2k4p", "namespace": "shop", "uid": "11-22", "creationTimestamp": "2026-07-31T02:50:00Z",
            "labels": {"app": "web"}, "ownerReferences": [{"controller": true, "kind": "ReplicaSet", "uid": "33"}],
        },
        "spec": {
            "nodeName": "aks-pool-1", "serviceAccountName": "web", "imagePullSecrets": pull_secrets,
            "containers": [{"name": "web", "image": image, "imagePullPolicy": "IfNotPresent"}],
        },
        "status": {
            "phase": if state.get(RUNNING).is_some() { "Running" } else { "Pending" },
            "containerStatuses": [{"name": "web", "image": image, "imageID": "", "state": state}],
        },
    })
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"waiting": {"reason": reason, "message": message}})
}

fn event(reason: &str, message: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "reason": reason, "message": message, "count": 4, "type": "Warning",
        "lastTimestamp": "2026-07-31T03:04:05Z",
    })
}

fn failed(end: &str) -> Value {
    event(
        "Failed",
        &format!(
            "Failed to pull image \"{IMAGE}\": rpc error: code = Unknown desc = failed to pull and unpack image \"{IMAGE}\": \
             failed to resolve reference \"{IMAGE}\": {end}"
        ),
    )
}

fn unauthorized() -> Value {
    failed(
        "failed to authorize: failed to fetch oauth token: unexpected status from POST request to \
         https://contoso.azurecr.io/oauth2/token: 401 Unauthorized",
    )
}

fn anonymous() -> Value {
    failed(
        "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to X: 401 Unauthorized",
    )
}

fn back_off() -> Value {
    waiting("ImagePullBackOff", &format!("Back-off pulling image \"{IMAGE}\""))
}

fn account(names: &[&str]) -> Value {
    let names: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
    json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": "shop"},
        "imagePullSecrets": names,
    })
}

/// A cluster of one pod.
fn cluster(pod: &Value, events: &[Value], account: &Value, found: &[Value]) -> Stub {
    let listed = pod["spec"]["imagePullSecrets"].as_array().unwrap().iter();
    let listed = listed.chain(account["imagePullSecrets"].as_array().unwrap());
    let mut names: Vec<&str> = listed.map(|entry| entry["name"].as_str().unwrap()).collect();
    names.retain(|name| !name.starts_with('-'));
    names.sort_unstable();
    names.dedup();
    Stub::new()
        .objects(POD, std::slice::from_ref(pod))
        .objects(EVENTS, events)
        .objects(ACCOUNT, std::slice::from_ref(account))
        .objects(&secrets(&names.join(" ")), found)
}

fn why(stub: &Stub, more: &[&str]) -> (String, Option<i32>) {
    let (out, talk, status) = stub.run(&[&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop"], more].concat());
    assert!(talk.is_empty(), "{talk}");
    assert!(!out.contains(PASSWORD), "{out}");
    (out, status)
}

/// What programs get, which follows the schema.
fn answers(stub: &Stub, args: &[&str]) -> (Value, Option<i32>) {
    let (out, talk, status) = stub.run(&[&["why", "-o", "json"], args].concat());
    assert!(!out.contains(PASSWORD) && !talk.contains(PASSWORD), "{out}{talk}");
    let answers = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{talk}"));
    assert_valid(&schema("host/src/report/why-schema.json"), &answers);
    (answers, status)
}

/// The time so many minutes ago, in RFC 3339.
fn ago(minutes: i64) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let time = DateTime::from_timestamp(now.cast_signed(), 0).unwrap() - TimeDelta::minutes(minutes);
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn row<'a>(out: &'a str, name: &str) -> &'a str {
    let line = out.lines().find_map(|line| line.trim_start().strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name}: {out}")).trim()
}

fn expired() -> Value {
    secret(
        "acr-secret",
        "contoso.azurecr.io",
        ("reader", PASSWORD),
        &json!({"acr-pull-secret/expires": "2026-07-31T00:00:00Z"}),
    )
}

fn valid(name: &str) -> Value {
    secret(name, "contoso.azurecr.io", ("reader", PASSWORD), &Value::Null)
}
