//! Any request gets an answer of the protocol; a fixed object is accepted the second time, and only the list of pull secrets
//! changes. Bytes that are not a request are refused.
#![no_main]

use arbitrary::Unstructured;
use fuzz::{Case, case, native};
use libfuzzer_sys::fuzz_target;
use policy_core::cluster::EmptyCluster;
use serde_json::{Value, json};

fuzz_target!(|bytes: &[u8]| {
    let parse = |answer: &[u8]| -> Value { serde_json::from_slice(answer).expect("an answer is JSON") };
    for answer in [
        policy_core::operations::validate(bytes, &EmptyCluster),
        policy_core::operations::explain(bytes, &EmptyCluster),
    ] {
        parse(&answer);
    }
    let Ok(Case { payload, cluster }) = case(&mut Unstructured::new(bytes)) else { return };
    let answer = parse(&native(&payload, &cluster));
    let accepted = answer["accepted"].as_bool().expect("accepted or not");
    assert!(accepted || answer["message"].is_string(), "a refusal says why: {answer}");
    for warning in answer["warnings"].as_array().into_iter().flatten() {
        assert!(warning.as_str().expect("a text").len() < 256, "{answer}");
    }
    let Ok(mut payload) = serde_json::from_slice::<Value>(&payload) else { return };
    let Some(fixed) = answer.get("mutated_object") else {
        if accepted && is_mendable_pod(&payload) {
            payload["settings"]["mode"] = json!("validate");
            let judged = String::from_utf8(native(payload.to_string().as_bytes(), &cluster)).expect("a text");
            assert!(!judged.contains("missing-pull-secret"), "accepted without its pull secret: {judged}");
        }
        return;
    };
    assert!(accepted, "{answer}");
    let object = payload["request"]["object"].take();
    assert_eq!(without_lists(object), without_lists(fixed.clone()), "only the list may change");
    payload["request"]["object"] = fixed.clone();
    let again = parse(&native(payload.to_string().as_bytes(), &cluster));
    assert_eq!(
        (&again["accepted"], again.get("mutated_object")),
        (&json!(true), None),
        "the second time: {again}"
    );
});

/// Whether a pod that lacks a pull secret would be fixed or refused.
fn is_mendable_pod(payload: &Value) -> bool {
    let (request, settings) = (&payload["request"], &payload["settings"]);
    let is_pod = request["kind"] == json!({"group": "", "version": "v1", "kind": "Pod"});
    is_pod && settings["actions"].get("missing").is_none() && settings.get("mode") != Some(&json!("validate"))
}

/// The object without the list that may be fixed.
fn without_lists(mut value: Value) -> Value {
    let paths =
        ["", "/spec", "/template/spec", "/spec/template/spec", "/spec/jobTemplate/spec/template/spec"];
    for path in paths {
        if let Some(Value::Object(fields)) = value.pointer_mut(path) {
            fields.remove("imagePullSecrets");
        }
    }
    value
}
