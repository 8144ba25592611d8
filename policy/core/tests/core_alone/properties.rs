//! What holds for any input.

use policy_core::cluster::EmptyCluster;
use policy_core::operations;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use test_support::objects::{any_json, nested_payloads, payload, pod};

use crate::json;

fn validate(object: &Value) -> Value {
    json(&operations::validate(&payload(object), &EmptyCluster))
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
        let answer = json(&operations::validate_settings(settings.to_string().as_bytes()));
        prop_assert!(answer["valid"].is_boolean());
        prop_assert_eq!(answer["valid"] == json!(false), answer["message"].is_string());
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in vec(any::<u8>(), 0..200)) {
        let answer = json(&operations::validate(&bytes, &EmptyCluster));
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

#[test]
fn ten_megabytes_of_nesting_get_an_answer() {
    for payload in nested_payloads() {
        let answer = json(&operations::validate(payload.as_bytes(), &EmptyCluster));
        assert_eq!(answer["accepted"], json!(false));
    }
}
