//! The way of a credential: from what `az` prints to a pod that is fine, and the same a year later.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use policy_core::host_cluster::HostCluster;
use review::cluster::Cluster;
use review::host_calls::HostCalls;
use review::log::NoLog;
use review::lookups::Lookups;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::rules;
use crate::engines::{POLICY, command_alone, independent_host, json, our_host, run};

/// The Wasm engines and the command read the clock of the system, so there the end of the secret moves and not the clock.
fn ended_earlier(secret: &Value, days: i64) -> Value {
    let mut secret = secret.clone();
    let end = &mut secret["metadata"]["annotations"]["acr-pull-secret/expires"];
    let time = OffsetDateTime::parse(end.as_str().unwrap(), &Rfc3339).unwrap() - time::Duration::days(days);
    *end = time.format(&Rfc3339).unwrap().into();
    secret
}

fn host_with(secret: &Value) -> Arc<Lookups> {
    let mut cluster = Cluster::default();
    cluster.add(secret.clone(), "shop");
    Arc::new(Lookups::new(Arc::new(cluster), POLICY.metadata(), Arc::new(NoLog)))
}

thread_local! {
    /// How many days the clock of this test is ahead.
    static AHEAD: Cell<u64> = const { Cell::new(0) };
}

fn clock() -> Option<u64> {
    let ahead = Duration::from_secs(AHEAD.get() * 86_400);
    UNIX_EPOCH.elapsed().ok().map(|since| (since + ahead).as_secs())
}

/// The core's rules for a pod, by a clock that is so many days ahead.
fn native_rules(payload: &[u8], secret: &Value, days: i64) -> Vec<String> {
    AHEAD.set(days.unsigned_abs());
    let host = host_with(secret);
    let cluster = HostCluster {
        get_resource: |request: &[u8]| host.call("kubewarden", "kubernetes", "get_resource", request),
        now: clock,
    };
    rules(&json(&policy_core::operations::validate(payload, &cluster)))
}

#[test]
fn a_secret_from_what_az_prints_serves_a_pod_for_a_year() {
    const PASSWORD: &str = "Abc8Q~not-a-real-password-of-forty-chars";
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, value: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path.display().to_string()
    };
    let id = "11111111-2222-3333-4444-555555555555";
    let az =
        file("az.json", &json!({"appId": id, "displayName": "puller", "password": PASSWORD, "tenant": id}));
    let args = [
        "secret",
        "--from-az",
        &az,
        "--server",
        "contoso.azurecr.io",
        "-n",
        "shop",
        "--expires",
        "1y",
        "-o",
        "json",
    ];
    let made = run(&args, "");
    let mut said = String::from_utf8(made.stderr).unwrap();
    assert!(said.starts_with("note: az ad sp create-for-rbac: the password of service principal"), "{said}");
    let secret = json(&made.stdout);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": "contoso.azurecr.io/web:1"}], "imagePullSecrets": [{"name": "acr-secret"}]},
    });
    let settings =
        json!({"mode": "validate", "cluster": {"secrets": "credentials"}, "actions": {"unusable": "reject"}});
    let request = json!({"operation": "CREATE", "namespace": "shop", "object": pod});
    let payload = json!({"request": request, "settings": settings}).to_string();
    let payload = payload.as_bytes();
    for (days, expected, status) in [
        (0, None, 0),
        (300, None, 0),
        (340, Some("secret-expires-soon"), 0),
        (366, Some("secret-expired"), 1),
    ] {
        let expected = Vec::from_iter(expected);
        assert_eq!(native_rules(payload, &secret, days), expected, "{days}");
        let then = ended_earlier(&secret, days);
        assert_eq!(native_rules(payload, &then, 0), expected, "{days}");
        for engine in [our_host, independent_host] {
            let answer = engine("validate", payload, host_with(&then));
            said += &String::from_utf8_lossy(&answer);
            assert_eq!(rules(&json(&answer)), expected, "{days}");
        }
        let objects =
            file("objects.json", &json!({"apiVersion": "v1", "kind": "List", "items": [pod, then]}));
        let checked = command_alone(&["check", "--no-config", &objects]).output().unwrap();
        said += &String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat());
        assert_eq!(checked.status.code(), Some(status), "{days}: {said}");
        let report = command_alone(&["check", "--no-config", "-o", "json", &objects]).output().unwrap();
        let report = json(&report.stdout);
        let found = report["results"][0]["object"]["findings"].as_array().unwrap().iter();
        let found: Vec<&str> = found.map(|finding| finding["rule"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{days}: {report}");
        said += &report.to_string();
    }
    assert!(said.contains("with az ad app credential reset --id APPID --append"), "{said}");
    for hidden in [
        PASSWORD.to_owned(),
        BASE64_STANDARD.encode(format!("{id}:{PASSWORD}")),
        BASE64_STANDARD.encode(PASSWORD),
    ] {
        // The end in base64 has bits of what is behind it.
        let hidden: String = hidden.chars().take(hidden.len() - 4).collect();
        assert!(!said.contains(&hidden), "{said}");
    }
}
