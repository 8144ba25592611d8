//! The policy.wasm against the tables of the core, row by row: policy/core/tests has the same for the core alone.

use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use review::host_calls::HostCalls;
use serde_json::{Value, json};

use crate::engines::{independent_host, json, native_answer, our_host, project};

fn table(name: &str) -> Vec<Value> {
    let text =
        std::fs::read_to_string(project("policy/core/tests/tables").join(name)).expect("the table is there");
    serde_json::from_str(&text).expect("the table is JSON")
}

fn images() -> Vec<Value> {
    [table("image-parse.json"), table("image-edges.json")].concat()
}

/// A cluster with one secret.
struct OneSecret(Value);

impl HostCalls for OneSecret {
    fn call(&self, _: &str, _: &str, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Ok(self.0.to_string().into_bytes())
    }
}

fn secret(kind: &str, data_key: &str, config: &str) -> Value {
    let data = json!({ data_key: BASE64_STANDARD.encode(config) });
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": kind, "data": data})
}

fn explain(image: &str, secret: &Value) -> Value {
    let question = json!({"image": image, "namespace": "shop", "pullSecrets": ["s"]}).to_string();
    let ours = json(&our_host("explain", question.as_bytes(), Arc::new(OneSecret(secret.clone()))));
    let native = native_answer("explain", question.as_bytes(), &OneSecret(secret.clone()));
    assert_eq!(ours, json(&native));
    ours
}

/// Rows of kubelet-match.json through the policy.wasm: does the kubelet try this key for this image?
#[test]
fn the_wasm_matches_like_the_core() {
    for row in table("kubelet-match.json").into_iter().filter(|row| row["level"] == "kubelet_image") {
        let (key, image) = (row["key"].as_str().unwrap(), row["image"].as_str().unwrap());
        let config = json!({"auths": {key: {"username": "u", "password": "p"}}}).to_string();
        let answer = explain(image, &secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", &config));
        let tried = answer["tries"].as_array().is_some_and(|tries| !tries.is_empty());
        assert_eq!(tried, row["match"].as_bool().unwrap(), "{key} × {image}: {answer}");
    }
}

/// Rows of docker-config.json through the policy.wasm: does the kubelet get a credential from this secret?
#[test]
fn the_wasm_decodes_like_the_core() {
    const REGISTRY: &str = "r.azurecr.io";
    for row in table("docker-config.json") {
        let input = row["input"].as_str().unwrap();
        let (kind, config) = match row["kind"].as_str().unwrap() {
            // An empty auth in an entry counts as no auth.
            "auth" if input.is_empty() => continue,
            "auth" => ("dockerconfigjson", json!({"auths": {REGISTRY: {"auth": input}}}).to_string()),
            "dockerconfigjson" => ("dockerconfigjson", input.to_owned()),
            _ => ("dockercfg", input.to_owned()),
        };
        let answer = explain(
            &format!("{REGISTRY}/app"),
            &secret(&format!("kubernetes.io/{kind}"), &format!(".{kind}"), &config),
        );
        let state = if row["ok"] == json!(true) { "usable" } else { "malformed" };
        assert_eq!(answer["secrets"][0]["state"], state, "{input}: {answer}");
        let told = row["told"].as_str().map(|told| format!("{told}, which fails every pull of the pod"));
        assert_eq!(answer["secrets"][0]["reason"].as_str(), told.as_deref(), "{input}: {answer}");
        let has_key = row["kind"] == "auth" || row["auths"].get(REGISTRY).is_some();
        let tried = usize::from(has_key && state == "usable");
        assert_eq!(answer["tries"].as_array().unwrap().len(), tried, "{input}");
    }
}

/// The rows of images through the policy.wasm.
#[test]
fn the_wasm_parses_like_the_core() {
    for row in images() {
        let image = row["image"].as_str().unwrap();
        let answer = explain(image, &json!({}));
        assert_eq!(answer.get("error"), row.get("error"), "{image}");
        for part in ["domain", "path"] {
            assert_eq!(answer["reference"].get(part), row.get(part), "{image}");
        }
    }
}

/// A host that answers nothing.
pub(crate) struct NoHost;

impl HostCalls for NoHost {
    fn call(&self, _: &str, _: &str, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Err("no host".to_owned())
    }
}

#[test]
fn the_wasm_accepts_the_same_settings() {
    for row in table("settings.json") {
        let (name, payload) = (row["name"].as_str().unwrap(), row["settings"].to_string());
        let native = json(&policy_core::operations::validate_settings(payload.as_bytes()));
        let ours = our_host("validate_settings", payload.as_bytes(), Arc::new(NoHost));
        let independent = independent_host("validate_settings", payload.as_bytes(), Arc::new(NoHost));
        assert_eq!(native, json(&ours), "{name}");
        assert_eq!(native, json(&independent), "{name}");
    }
}

#[test]
fn the_wasm_answers_payloads_like_the_core() {
    for row in table("payloads.json") {
        let (name, payload) = (row["name"].as_str().unwrap(), row["payload"].as_str().unwrap().as_bytes());
        let native = String::from_utf8(native_answer("validate", payload, &NoHost)).unwrap();
        let ours = our_host("validate", payload, Arc::new(NoHost));
        let independent = independent_host("validate", payload, Arc::new(NoHost));
        assert_eq!(native, String::from_utf8_lossy(&ours), "{name}");
        assert_eq!(native, String::from_utf8_lossy(&independent), "{name}");
    }
}

#[test]
fn every_engine_lists_the_same_rules() {
    let native = json(&native_answer("findings", b"", &NoHost));
    assert_eq!(native.as_array().map(Vec::len), Some(policy_core::rule::Rule::ALL.len()));
    assert_eq!(native, json(&our_host("findings", b"", Arc::new(NoHost))));
}

#[test]
fn the_policy_speaks_protocol_v1() {
    assert_eq!(json(&policy_core::operations::protocol_version()), json!("v1"));
    assert_eq!(json(&our_host("protocol_version", b"", Arc::new(NoHost))), json!("v1"));
    assert_eq!(json(&independent_host("protocol_version", b"", Arc::new(NoHost))), json!("v1"));
}
