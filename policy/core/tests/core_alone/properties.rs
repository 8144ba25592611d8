//! What holds for any input.

use policy_core::cluster::EmptyCluster;
use policy_core::operations;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use test_support::objects::{any_json, nested_payloads, payload, pod};

use crate::{NoAnswer, json};

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
    fn every_explanation_ends_with_an_outcome(
        image in prop_oneof![".*", "[a-zA-Z0-9.:/@\\[\\]_-]{0,40}", "(contoso|con_toso|CONTOSO).azurecr.io/(v1/)?[a-zA-Z]{1,5}"],
        secrets in prop_oneof![Just(Value::Null), Just(json!([])), Just(json!(["a"])), Just(json!(["a", "b\"", "a"]))],
        secretless in any::<bool>(),
        is_read in any::<bool>(),
    ) {
        let entry = json!({"registries": ["*.azurecr.io"], "secretless": secretless});
        let entry = if secretless { entry } else { json!({"registries": ["*.azurecr.io"], "secret": "a"}) };
        let question = json!({
            "image": image, "namespace": "shop", "pullSecrets": secrets, "settings": {"pullSecrets": [entry]},
        });
        let question = question.to_string();
        let answer = if is_read {
            operations::explain(question.as_bytes(), &EmptyCluster)
        } else {
            operations::explain(question.as_bytes(), &NoAnswer)
        };
        let answer = json(&answer);
        let begins = match answer["outcome"]["state"].as_str() {
            Some("works") => "will pull ",
            Some("fails") => "will fail: ",
            Some("unknown") => "not known: ",
            other => panic!("{other:?}: {answer}"),
        };
        prop_assert!(answer["outcome"]["message"].as_str().unwrap().starts_with(begins), "{answer}");
        for list in ["entries", "secrets", "tries", "notTried"] {
            prop_assert!(answer[list].is_array(), "{answer}");
        }
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
