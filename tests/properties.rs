//! What holds for any input.

use std::sync::Arc;

use policy_core::cluster::NoCluster;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use review::host_calls::HostCalls;
use serde_json::{Map, Value, json};

use crate::engines::{json, our_host};

struct NoHost;

impl HostCalls for NoHost {
    fn call(&self, _: &str, _: &str, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Err("no host".to_owned())
    }
}

/// Any JSON value, numbers beyond 64 bits left out: they are compared as text below.
fn any_json() -> impl Strategy<Value = Value> {
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

fn image() -> impl Strategy<Value = String> {
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

/// A pod as people write it, with fields that nobody knows.
fn pod() -> impl Strategy<Value = Value> {
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

fn payload(object: &Value) -> Vec<u8> {
    let request = json!({"operation": "CREATE", "namespace": "shop", "object": object});
    json!({"request": request, "settings": {}}).to_string().into_bytes()
}

fn validate(object: &Value) -> Value {
    json(&policy_core::operations::validate(&payload(object), &NoCluster))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_fixed_pod_is_left_alone_the_second_time(pod in pod()) {
        let first = validate(&pod);
        if let Some(mutated) = first.get("mutated_object") {
            let second = validate(mutated);
            prop_assert!(second.get("mutated_object").is_none(), "{second}");
            prop_assert_eq!(&second["accepted"], &json!(true));
        }
    }

    #[test]
    fn entries_that_were_there_keep_their_order(pod in pod()) {
        if let Some(mutated) = validate(&pod).get("mutated_object") {
            let before = pod["spec"]["imagePullSecrets"].as_array().cloned().unwrap_or_default();
            let after = mutated["spec"]["imagePullSecrets"].as_array().expect("a list");
            prop_assert_eq!(&before[..], &after[..before.len()]);
            prop_assert!(after.len() > before.len());
        }
    }

    #[test]
    fn nothing_but_the_list_of_pull_secrets_changes(pod in pod()) {
        if let Some(mutated) = validate(&pod).get("mutated_object") {
            let mut before = pod;
            let mut after = mutated.clone();
            for object in [&mut before, &mut after] {
                object["spec"].as_object_mut().expect("a spec").remove("imagePullSecrets");
            }
            prop_assert_eq!(before, after);
        }
    }

    #[test]
    fn any_object_gets_an_answer(kind in "Pod|Deployment|CronJob|ServiceAccount|Job|Foo", object in any_json()) {
        let mut object = object;
        if let Some(fields) = object.as_object_mut() {
            fields.insert("kind".into(), kind.into());
            fields.insert("apiVersion".into(), "v1".into());
        }
        let answer = validate(&object);
        prop_assert!(answer["accepted"].is_boolean());
    }

    #[test]
    fn any_settings_get_an_answer(settings in any_json()) {
        let answer = json(&policy_core::operations::validate_settings(settings.to_string().as_bytes()));
        prop_assert!(answer["valid"].is_boolean());
        prop_assert_eq!(answer["valid"] == json!(false), answer["message"].is_string());
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in vec(any::<u8>(), 0..200)) {
        let answer = json(&policy_core::operations::validate(&bytes, &NoCluster));
        prop_assert_eq!(&answer["accepted"], &json!(false));
        prop_assert_eq!(&answer["code"], &json!(400));
    }

    #[test]
    fn warnings_are_short_enough_for_the_api_server(pod in pod()) {
        for warning in validate(&pod)["warnings"].as_array().into_iter().flatten() {
            prop_assert!(warning.as_str().expect("a text").len() < 256);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_wasm_decides_as_the_core_does(pod in pod()) {
        let payload = payload(&pod);
        let wasm = json(&our_host("validate", &payload, Arc::new(NoHost)));
        prop_assert_eq!(json(&policy_core::operations::validate(&payload, &NoCluster)), wasm);
    }
}

#[test]
fn ten_megabytes_of_nesting_get_an_answer() {
    let deep = "[".repeat(5_000_000) + &"]".repeat(5_000_000);
    for payload in [
        deep.clone(),
        format!(r#"{{"request":{{"operation":"CREATE","object":{deep}}},"settings":{{}}}}"#),
        format!(
            r#"{{"request":{{"operation":"CREATE","object":{{"kind":"Pod","spec":{deep}}}}},"settings":{{}}}}"#
        ),
        format!(r#"{{"request":{{}},"settings":{deep}}}"#),
    ] {
        let native = json(&policy_core::operations::validate(payload.as_bytes(), &NoCluster));
        assert_eq!(native["accepted"], json!(false));
        assert_eq!(native, json(&our_host("validate", payload.as_bytes(), Arc::new(NoHost))));
    }
}
