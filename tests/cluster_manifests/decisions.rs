//! The decisions of the policies for pods and pull secrets.

use std::collections::BTreeMap;
use std::sync::Arc;

use review::cluster::Cluster;
use review::host_calls::HostCalls;
use review::log::NoLog;
use review::lookups::Lookups;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Use, manifest, uses};
use crate::engines::{self, POLICY, our_host};
use crate::tables::NoHost;

/// The policy's answer for an object that is created in the namespace shop.
fn judged(settings: &Value, object: &Value) -> Value {
    judged_by(Arc::new(NoHost), settings, object)
}

/// The same in a cluster with these objects.
fn judged_with(settings: &Value, object: &Value, stored: Vec<Value>) -> Value {
    let mut cluster = Cluster::default();
    for object in stored {
        cluster.add(object, "shop");
    }
    judged_by(Arc::new(Lookups::new(Arc::new(cluster), POLICY.metadata(), Arc::new(NoLog))), settings, object)
}

fn judged_by(host: Arc<dyn HostCalls>, settings: &Value, object: &Value) -> Value {
    let kind = object["kind"].as_str().unwrap();
    let payload = json!({
        "settings": settings,
        "request": {
            "uid": "1", "operation": "CREATE", "namespace": "shop", "name": "web", "userInfo": {},
            "kind": {"group": "", "version": "v1", "kind": kind},
            "resource": {"group": "", "version": "v1", "resource": format!("{}s", kind.to_lowercase())},
            "object": object,
        }
    });
    engines::json(&our_host("validate", payload.to_string().as_bytes(), host))
}

fn pod(secrets: &[&str]) -> Value {
    let secrets: Vec<Value> = secrets.iter().map(|name| json!({"name": name})).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"imagePullSecrets": secrets, "containers": [{"name": "web", "image": "contoso.azurecr.io/web:1"}]}
    })
}

#[test]
fn a_bare_pod_is_fixed_by_one_manifest_and_then_accepted_by_every_other() {
    let bare = pod(&[]);
    let mut fixed = Vec::new();
    for Use { file, member, .. } in uses().into_iter().filter(|policy| policy.spec["mutating"] == true) {
        let answer = judged(&member["settings"], &bare);
        assert_eq!(answer["accepted"], true, "{file}");
        fixed.push(answer["mutated_object"].clone());
    }
    assert_eq!(fixed, [pod(&["acr-secret"]), pod(&["acr-secret"])]);
    for Use { file, spec, member } in uses().into_iter().filter(|policy| policy.spec["mutating"] == false) {
        let answer = judged(&member["settings"], &bare);
        let refuses = !["rollout-3-warn.yaml", "expiry.yaml"].contains(&file.as_str());
        assert_eq!(answer["accepted"], !refuses, "{file}, mode {}", spec["mode"]);
        assert_eq!(judged(&member["settings"], &pod(&["acr-secret"]))["accepted"], true, "{file}");
    }
}

#[test]
fn the_group_accepts_either_name() {
    let group = &manifest("group.yaml")[0]["spec"];
    assert_eq!(group["expression"], "current_secret() || next_secret()");
    let accepts = |member: &str, secrets: &[&str]| {
        judged(&group["policies"][member]["settings"], &pod(secrets))["accepted"] == true
    };
    for (secrets, current, next) in [
        (&[][..], false, false),
        (&["acr-secret"], true, false),
        (&["acr-secret-2"], false, true),
        (&["acr-secret", "acr-secret-2"], true, true),
    ] {
        assert_eq!(accepts("current_secret", secrets), current, "{secrets:?}");
        assert_eq!(accepts("next_secret", secrets), next, "{secrets:?}");
    }
    assert_eq!(group["policies"].as_object().unwrap().len(), 2);
}

#[test]
fn a_broken_pull_secret_is_refused_when_it_is_written() {
    let settings = &manifest("secrets.yaml")[0]["spec"]["settings"];
    let secret = |data: &str| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "acr-secret", "namespace": "shop"},
            "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": data}
        })
    };
    assert_eq!(judged(settings, &secret("bm8ganNvbg=="))["accepted"], false);
    let fine = "eyJhdXRocyI6eyJjb250b3NvLmF6dXJlY3IuaW8iOnsidXNlcm5hbWUiOiJwdWxsZXIiLCJwYXNzd29yZCI6InMzY3JldCJ9fX0=";
    assert_eq!(judged(settings, &secret(fine))["accepted"], true);
}

/// The audit scanner reports a pod as failed only where the policy would refuse it, and monitor mode refuses nothing.
#[test]
fn the_audit_of_ends_fails_pods_of_pull_secrets_that_expire_and_refuses_nothing() {
    let documents = manifest("expiry.yaml");
    let spec =
        &documents.iter().find(|document| document["kind"] == "ClusterAdmissionPolicy").unwrap()["spec"];
    assert_eq!((&spec["mode"], &spec["backgroundAudit"]), (&json!("monitor"), &json!(true)));
    assert_eq!((&spec["failurePolicy"], &spec["mutating"]), (&json!("Ignore"), &json!(false)));
    let in_days =
        |days: i64| (OffsetDateTime::now_utc() + time::Duration::days(days)).format(&Rfc3339).unwrap();
    for (end, rule) in [
        (None, None),
        (Some(in_days(31)), None),
        (Some(in_days(29)), Some("secret-expires-soon")),
        (Some(in_days(-1)), Some("secret-expired")),
        (Some("2027-01-31".to_owned()), Some("secret-expires-soon")),
    ] {
        let annotations = end.iter().map(|end| ("acr-pull-secret/expires", end)).collect::<BTreeMap<_, _>>();
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "acr-secret", "namespace": "shop", "annotations": annotations},
        });
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"}});
        let answer = judged_with(&spec["settings"], &pod(&["acr-secret"]), vec![secret, account]);
        assert_eq!(answer["accepted"], rule.is_none(), "{end:?}: {answer}");
        let findings = answer["audit_annotations"]["findings"]
            .as_str()
            .map_or(json!([]), |text| engines::json(text.as_bytes()));
        let rules: Vec<&str> =
            findings.as_array().unwrap().iter().map(|it| it["rule"].as_str().unwrap()).collect();
        assert_eq!(rules, Vec::from_iter(rule), "{end:?}: {answer}");
    }
}
