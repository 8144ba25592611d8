//! What is asked of the cluster: the requests of `get_resource`, to the letter and in their order.

use std::cell::RefCell;

use policy_core::host_cluster::HostCluster;
use policy_core::operations;
use serde_json::{Value, json};

use crate::table;

/// The requests that the cluster gets if it gives each the same answer.
fn asked(row: &Value, answer: impl Fn(&Value) -> Result<Value, String>) -> Vec<Value> {
    let asked = RefCell::new(Vec::new());
    let get_resource = |request: &[u8]| {
        let request: Value = serde_json::from_slice(request).unwrap();
        let answer = answer(&request).map(|object| object.to_string().into_bytes());
        asked.borrow_mut().push(request);
        answer
    };
    let cluster = HostCluster { get_resource, now: || None };
    let payload = json!({"request": row["request"], "settings": row["settings"]}).to_string();
    operations::validate(payload.as_bytes(), &cluster);
    asked.into_inner()
}

/// An object of that kind and name without content.
fn bare(request: &Value) -> Value {
    json!({
        "apiVersion": request["api_version"], "kind": request["kind"],
        "metadata": {"name": request["name"], "namespace": request["namespace"]},
        "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "e30="},
    })
}

#[test]
fn the_core_alone_asks_for_no_more_than_the_settings_need() {
    for row in table("lookups.json") {
        let expected = row["asked"].as_array().unwrap();
        assert_eq!(asked(&row, |request| Ok(bare(request))), *expected, "{}", row["name"]);
    }
}

#[test]
fn the_core_alone_explains_with_the_data_of_each_listed_secret() {
    let asked = RefCell::new(Vec::new());
    let get_resource = |request: &[u8]| {
        let request: Value = serde_json::from_slice(request).unwrap();
        let answer = bare(&request).to_string().into_bytes();
        asked.borrow_mut().push(request);
        Ok(answer)
    };
    let question =
        json!({"image": "contoso.azurecr.io/web:v1", "namespace": "shop", "pullSecrets": ["a", "b"]});
    operations::explain(question.to_string().as_bytes(), &HostCluster { get_resource, now: || None });
    let secret = |name: &str| {
        json!({
            "api_version": "v1", "kind": "Secret", "name": name, "namespace": "shop", "disable_cache": false,
            "field_masks": ["data", "type"],
        })
    };
    assert_eq!(asked.into_inner(), [secret("a"), secret("b")]);
}

/// A failed lookup is remembered too, and not repeated.
#[test]
fn the_core_alone_never_asks_twice_for_what_is_absent_or_refused() {
    for row in table("lookups.json") {
        let expected = row["asked"].as_array().unwrap();
        let absent =
            |request: &Value| Err(format!("Cannot find v1/{} named '{}'", request["kind"], request["name"]));
        assert_eq!(asked(&row, absent), *expected, "{}, absent", row["name"]);
        let refused = |_: &Value| Err("secrets is forbidden".to_owned());
        // Where a secret cannot be read, nothing is known to be missing: there is less to ask.
        let asked = asked(&row, refused);
        assert!(
            expected.starts_with(&asked) && asked.is_empty() == expected.is_empty(),
            "{}: {asked:?}",
            row["name"]
        );
    }
}
