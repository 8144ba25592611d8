//! Objects as people write them, and as people would not.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Any JSON value, numbers beyond 64 bits left out: they are compared as text below.
pub fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        image().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(field(), inner, 0..6).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("spec"),
        Just("template"),
        Just("metadata"),
        Just("containers"),
        Just("initContainers"),
        Just("volumes"),
        Just("image"),
        Just("reference"),
        Just("imagePullSecrets"),
        Just("name"),
        Just("kind"),
        Just("jobTemplate"),
        Just("serviceAccountName"),
        Just("deletionTimestamp"),
        Just("ownerReferences"),
        Just("futureField"),
        Just("$serde_json::private::Number"),
        Just("a/b~c"),
    ]
    .prop_map(str::to_owned)
}

/// References of images, in registries of ACR and in others.
pub fn image() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        Just("contoso.azurecr.io/"),
        Just("fabrikam.azurecr.cn/"),
        Just("CONTOSO.azurecr.io/"),
        Just(""),
        Just("contoso.eastus.data.azurecr.io/"),
        Just("ghcr.io/"),
        Just("contoso.azurecr.io:443/"),
    ];
    (host, "[a-z]{1,6}(/[a-zA-Z]{1,4})?(:[a-z0-9]{1,3})?").prop_map(|(host, path)| format!("{host}{path}"))
}

/// A pod as people write it, with unknown fields.
pub fn pod() -> impl Strategy<Value = Value> {
    let container = || {
        (image(), any_json()).prop_map(|(image, extra)| json!({"name": "c", "image": image, "future": extra}))
    };
    let entry = prop_oneof![
        Just(json!({"name": "acr-secret"})),
        Just(json!({"name": "other"})),
        Just(json!({"name": ""})),
        Just(json!({})),
        any_json(),
    ];
    let list =
        prop_oneof![Just(None), Just(Some(Value::Null)), vec(entry, 0..4).prop_map(|l| Some(Value::from(l)))];
    (vec(container(), 0..4), vec(container(), 0..2), list, any_json()).prop_map(|(main, init, list, extra)| {
        let mut spec = Map::new();
        spec.insert("containers".into(), main.into());
        spec.insert("initContainers".into(), init.into());
        spec.insert("someFutureField".into(), extra.clone());
        if let Some(list) = list {
            spec.insert("imagePullSecrets".into(), list);
        }
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "annotations": extra}, "spec": spec})
    })
}

/// The payload that asks about a new object.
pub fn payload(object: &Value) -> Vec<u8> {
    let request = json!({"operation": "CREATE", "namespace": "shop", "object": object});
    json!({"request": request, "settings": {}}).to_string().into_bytes()
}

/// Payloads with five million brackets in each other: alone, as an object, in a pod, as settings.
pub fn nested_payloads() -> [String; 4] {
    let deep = "[".repeat(5_000_000) + &"]".repeat(5_000_000);
    [
        deep.clone(),
        format!(r#"{{"request":{{"operation":"CREATE","object":{deep}}},"settings":{{}}}}"#),
        format!(
            r#"{{"request":{{"operation":"CREATE","object":{{"kind":"Pod","spec":{deep}}}}},"settings":{{}}}}"#
        ),
        format!(r#"{{"request":{{}},"settings":{deep}}}"#),
    ]
}
