//! Lookups of the core: what could not be looked up, what ends soon, and what need not be asked.

use std::cell::Cell;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use policy_core::host_cluster::HostCluster;
use policy_core::operations;
use serde_json::{Value, json};

use crate::json;

const NOW: u64 = 1_800_000_000;

/// The rules that the core alone reports for a pod at that time, given the answers to its lookups of secrets.
fn rules(pod: &Value, secrets: &str, get: impl Fn(&str) -> Result<Value, String>) -> Vec<String> {
    let cluster = HostCluster {
        get_resource: |request: &[u8]| {
            get(json(request)["name"].as_str().unwrap()).map(|found| found.to_string().into_bytes())
        },
        now: || Some(NOW),
    };
    let request = json!({"operation": "CREATE", "namespace": "shop", "object": pod});
    let settings = json!({"mode": "validate", "cluster": {"secrets": secrets}, "pullSecrets": [
        {"registries": ["contoso.azurecr.io"], "secret": "acr-secret"},
        {"registries": ["fabrikam.azurecr.io"], "secret": "fabrikam"},
    ]});
    let payload = json!({"request": request, "settings": settings}).to_string();
    let answer = json(&operations::validate(payload.as_bytes(), &cluster));
    let findings =
        answer["audit_annotations"]["findings"].as_str().map_or(Value::Null, |text| json(text.as_bytes()));
    let mut rules: Vec<String> = findings
        .as_array()
        .into_iter()
        .flatten()
        .map(|finding| finding["rule"].as_str().unwrap().to_owned())
        .collect();
    rules.sort();
    rules
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
    // By its existence alone no other secret serves it.
    let two = pod(&["contoso.azurecr.io/web", "fabrikam.azurecr.io/web"], &["acr-secret", "fabrikam"]);
    assert_eq!(rules(&two, "exists", get), ["lookup-failed", "secret-not-found"]);
}

#[test]
fn the_core_alone_warns_of_a_token_for_its_last_thirty_days() {
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
