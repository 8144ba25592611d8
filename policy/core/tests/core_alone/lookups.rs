//! Lookups of the core: what could not be looked up, what ends soon, and what need not be asked.

use std::cell::Cell;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use policy_core::host_cluster::HostCluster;
use policy_core::operations;
use serde_json::{Value, json};

use crate::json;

const NOW: u64 = 1_800_000_000;

/// The rules that the core alone reports for an object at that time, given the answers to its lookups of secrets.
fn rules(object: &Value, secrets: &str, get: impl Fn(&str) -> Result<Value, String>) -> Vec<String> {
    let found = findings(object, secrets, &json!({}), get);
    let mut rules: Vec<String> =
        found.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect();
    rules.sort();
    rules
}

/// The same, with all messages, under these actions.
fn findings(
    object: &Value,
    secrets: &str,
    actions: &Value,
    get: impl Fn(&str) -> Result<Value, String>,
) -> Vec<Value> {
    let cluster = HostCluster {
        get_resource: |request: &[u8]| {
            get(json(request)["name"].as_str().unwrap()).map(|found| found.to_string().into_bytes())
        },
        now: || Some(NOW),
    };
    let request = json!({"operation": "CREATE", "namespace": "shop", "object": object});
    let settings = json!({"mode": "validate", "cluster": {"secrets": secrets}, "actions": actions, "pullSecrets": [
        {"registries": ["contoso.azurecr.io"], "secret": "acr-secret"},
        {"registries": ["fabrikam.azurecr.io"], "secret": "fabrikam"},
    ]});
    let payload = json!({"request": request, "settings": settings}).to_string();
    let answer = json(&operations::validate(payload.as_bytes(), &cluster));
    let findings =
        answer["audit_annotations"]["findings"].as_str().map_or(Value::Null, |text| json(text.as_bytes()));
    findings.as_array().cloned().unwrap_or_default()
}

fn pod(images: &[&str], secrets: &[&str]) -> Value {
    let containers: Vec<Value> = images.iter().map(|image| json!({"name": "c", "image": image})).collect();
    let secrets: Vec<Value> = secrets.iter().map(|name| json!({"name": name})).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": containers, "imagePullSecrets": secrets},
    })
}

#[test]
fn the_core_alone_knows_that_a_secret_it_could_not_see_may_serve_an_image() {
    let get = |name: &str| match name {
        "acr-secret" => Err(format!("Cannot find v1/Secret named '{name}'")),
        _ => Err("kube::Client was not initialized properly".to_owned()),
    };
    let one = pod(&["contoso.azurecr.io/web"], &["acr-secret", "other"]);
    assert_eq!(rules(&one, "credentials", get), ["lookup-failed"]);
    // No secret is known to be missing either.
    let other = pod(&["contoso.azurecr.io/web"], &["other"]);
    assert_eq!(rules(&other, "credentials", get), ["lookup-failed"]);
    assert_eq!(rules(&other, "exists", get), ["missing-pull-secret"]);
    // By its existence alone no other secret serves it.
    let two = pod(&["contoso.azurecr.io/web", "fabrikam.azurecr.io/web"], &["acr-secret", "fabrikam"]);
    assert_eq!(rules(&two, "exists", get), ["lookup-failed", "secret-not-found"]);
}

#[test]
fn the_core_alone_warns_of_a_token_in_its_last_thirty_days() {
    const MONTH: u64 = 30 * 24 * 60 * 60;
    let rules = |expires: u64| {
        let claims = json!({"exp": expires, "aud": "contoso.azurecr.io"}).to_string();
        let token = format!("eyJhbGciOiJSUzI1NiJ9.{}.c2lnbmF0dXJl", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let config =
            json!({"auths": {"contoso.azurecr.io": {"username": "u", "password": token}}}).to_string();
        let data = json!({".dockerconfigjson": BASE64_STANDARD.encode(config)});
        let stored = json!({"type": "kubernetes.io/dockerconfigjson", "data": data});
        rules(&pod(&["contoso.azurecr.io/web"], &["acr-secret"]), "credentials", |_| Ok(stored.clone()))
    };
    assert_eq!(rules(NOW), ["secret-expired"]);
    assert_eq!(rules(NOW + 1), ["secret-expires-soon"]);
    assert_eq!(rules(NOW + MONTH), ["secret-expires-soon"]);
    assert!(rules(NOW + MONTH + 1).is_empty());
}

/// A stored secret with these passwords for contoso.azurecr.io, each under a key of its own; the longest is tried first.
fn stored(passwords: &[String], owner: &Value) -> Value {
    let auths: serde_json::Map<String, Value> = passwords
        .iter()
        .enumerate()
        .map(|(i, password)| {
            let path = "/a/b/c".get(..6 - 2 * i).unwrap();
            (format!("contoso.azurecr.io{path}"), json!({"username": "u", "password": password}))
        })
        .collect();
    let data = json!({".dockerconfigjson": BASE64_STANDARD.encode(json!({"auths": auths}).to_string())});
    json!({"type": "kubernetes.io/dockerconfigjson", "data": data, "metadata": {"ownerReferences": owner}})
}

fn token(expires: u64) -> String {
    let claims = json!({"exp": expires, "aud": "contoso.azurecr.io"}).to_string();
    format!("eyJhbGciOiJSUzI1NiJ9.{}.c2lnbmF0dXJl", BASE64_URL_SAFE_NO_PAD.encode(claims))
}

#[test]
fn the_core_alone_goes_on_to_the_next_credential_as_the_kubelet_does() {
    let (old, soon, late) = (token(NOW - 60), token(NOW + 7200), token(NOW + 400 * 86_400));
    let (empty, good) = (String::new(), "s3cret".to_owned());
    let table: [(&[&String], &[&str]); 10] = [
        (&[&good], &[]),
        (&[&late], &[]),
        (&[&old, &good], &["warn secret-expired"]),
        (&[&empty, &late], &["warn secret-empty-password"]),
        (&[&good, &old], &[]),
        (&[&old, &empty], &["reject secret-empty-password", "reject secret-expired"]),
        (&[&old, &soon], &["reject secret-expires-soon", "warn secret-expired"]),
        (&[&soon, &good], &["warn secret-expires-soon"]),
        (&[&soon], &["reject secret-expires-soon"]),
        (&[&old, &empty, &good], &["warn secret-empty-password", "warn secret-expired"]),
    ];
    let pod = pod(&["contoso.azurecr.io/a/b/c"], &["acr-secret"]);
    let actions = json!({"unusable": "reject", "expiring": "reject"});
    for (passwords, expected) in table {
        let passwords: Vec<String> = passwords.iter().copied().cloned().collect();
        let found = findings(&pod, "credentials", &actions, |_| Ok(stored(&passwords, &Value::Null)));
        let mut told: Vec<String> = found
            .iter()
            .map(|finding| {
                [finding["severity"].as_str().unwrap(), finding["rule"].as_str().unwrap()].join(" ")
            })
            .collect();
        told.sort();
        assert_eq!(told, expected, "{found:?}");
    }
}

/// A controller renews what it owns, such as an `AcrPullBinding` or an `ExternalSecret`.
#[test]
fn the_core_alone_does_not_warn_of_a_token_that_a_controller_renews() {
    let owner =
        |controller: Value| json!([{"kind": "AcrPullBinding", "name": "b", "controller": controller}]);
    let pod = pod(&["contoso.azurecr.io/web"], &["acr-secret"]);
    for (expires, owner, expected) in [
        (NOW + 7200, owner(json!(true)), vec![]),
        (NOW + 7200, owner(json!(false)), vec!["secret-expires-soon"]),
        (NOW + 7200, owner(Value::Null), vec!["secret-expires-soon"]),
        (NOW + 7200, json!([]), vec!["secret-expires-soon"]),
        (NOW - 1, owner(json!(true)), vec!["secret-expired"]),
    ] {
        let auths = json!({"auths": {"contoso.azurecr.io": {"username": "u", "password": token(expires)}}});
        let data = json!({".dockerconfigjson": BASE64_STANDARD.encode(auths.to_string())});
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "data": data,
            "metadata": {"name": "acr-secret", "namespace": "shop", "ownerReferences": owner},
        });
        for object in [&pod, &secret] {
            assert_eq!(rules(object, "credentials", |_| Ok(secret.clone())), expected, "{owner} {object}");
        }
    }
}

#[test]
fn the_core_alone_says_when_a_token_ends_and_how_far_that_is() {
    let pod = pod(&["contoso.azurecr.io/a/b/c"], &["acr-secret"]);
    for (expires, expected) in [
        (NOW, "expired on 2027-01-15 at 08:00 UTC, 1 minute ago"),
        (NOW - 61, "expired on 2027-01-15 at 07:58 UTC, 2 minutes ago"),
        (NOW - 3600, "expired on 2027-01-15 at 07:00 UTC, 1 hour ago"),
        (NOW - 40 * 86_400 - 5, "expired on 2026-12-06 at 07:59 UTC, 40 days ago"),
        (NOW + 1, "expires on 2027-01-15 at 08:00 UTC, in 1 minute"),
        (NOW + 7200, "expires on 2027-01-15 at 10:00 UTC, in 2 hours"),
        (NOW + 3 * 86_400, "expires on 2027-01-18 at 08:00 UTC, in 3 days"),
    ] {
        let found =
            findings(&pod, "credentials", &json!({}), |_| Ok(stored(&[token(expires)], &Value::Null)));
        let message = found[0]["message"].as_str().unwrap();
        assert!(message.ends_with(expected), "{message}");
    }
}

#[test]
fn the_core_alone_asks_nothing_when_a_template_stays_as_it_was() {
    let deployment = |replicas: u64, template: Value| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"replicas": replicas, "template": {"spec": template}},
        })
    };
    let template = |image: &str, account: &str, secrets: Value| {
        let containers = [json!({"name": "c", "image": image})];
        json!({"containers": containers, "serviceAccountName": account, "imagePullSecrets": secrets})
    };
    let lookups = |old: &Value, new: &Value| {
        let asked = Cell::new(0);
        let cluster = HostCluster {
            get_resource: |_: &[u8]| {
                asked.set(asked.get() + 1);
                Err("Cannot find v1/Secret named 'acr-secret'".to_owned())
            },
            now: || Some(NOW),
        };
        let request = json!({"operation": "UPDATE", "namespace": "shop", "object": new, "oldObject": old});
        let settings = json!({"mode": "validate", "cluster": {"secrets": "exists", "serviceAccounts": true}});
        let payload = json!({"request": request, "settings": settings}).to_string();
        operations::validate(payload.as_bytes(), &cluster);
        asked.get()
    };
    let (image, secrets) = ("contoso.azurecr.io/web:v1", json!([{"name": "acr-secret"}]));
    let asked = |old: Value, new: Value| lookups(&deployment(1, old), &deployment(9, new));
    let old = template(image, "robot", secrets.clone());
    assert_eq!(asked(old.clone(), old.clone()), 0);
    assert!(asked(old.clone(), template("contoso.azurecr.io/web:v2", "robot", secrets.clone())) > 0);
    assert!(asked(old.clone(), template(image, "builder", secrets)) > 0);
    assert!(asked(old, template(image, "robot", json!([{"name": "other"}]))) > 0);
    let none = template(image, "robot", json!([]));
    assert_eq!(asked(none.clone(), none.clone()), 0);
    // A list with a nameless entry keeps the service account's secrets out.
    assert!(asked(none, template(image, "robot", json!([{}]))) > 0);
}
