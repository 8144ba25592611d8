//! Parsing and matching, row by row, against tables made from the upstream sources.

use std::collections::HashSet;
use std::sync::Arc;

use acr_pull_secret::policy::HostCalls;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use policy_core::docker_config::{Credential, Form, decode_auth, decode_config};
use policy_core::image::ImageReference;
use policy_core::keyring::Keyring;
use policy_core::registry_key::{RegistryKey, Repository};
use serde_json::{Value, json};

use crate::engines::{independent_host, json, native_answer, our_host, project};

pub(crate) fn table(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(project("tests/tables").join(name)).expect("the table is there");
    serde_json::from_str(&text).expect("the table is JSON")
}

/// distribution/reference: every row of image-parse.json.
#[test]
fn images_are_parsed_as_container_tools_parse_them() {
    let rows = images();
    assert_eq!(rows.len(), 92);
    let mut errors = HashSet::new();
    for row in rows {
        let text = row["image"].as_str().unwrap();
        match (ImageReference::parse(text), row["error"].as_str()) {
            (Err(error), Some(expected)) => {
                assert_eq!(error.to_string(), expected, "{text}");
                errors.insert(std::mem::discriminant(&error));
            }
            (Ok(image), None) => {
                let tag = image.tag.unwrap_or(if image.digest.is_none() { "latest" } else { "" });
                assert_eq!(image.repository(), row["repo"].as_str().unwrap(), "{text}");
                assert_eq!(image.domain, row["domain"].as_str().unwrap(), "{text}");
                assert_eq!(image.path, row["path"].as_str().unwrap(), "{text}");
                if let Some(host) = row["host"].as_str() {
                    assert_eq!(image.host(), host, "{text}");
                }
                assert_eq!(tag, row["tag"].as_str().unwrap(), "{text}");
                assert_eq!(image.digest.unwrap_or_default(), row["digest"].as_str().unwrap(), "{text}");
            }
            (parsed, expected) => panic!("{text}: {parsed:?}, expected {expected:?}"),
        }
    }
    assert_eq!(errors.len(), 7, "the rows have every error");
}

fn images() -> Vec<Value> {
    [table("image-parse.json"), table("image-edges.json")].concat()
}

/// kubelet: every row of kubelet-match.json, at its own level.
#[test]
fn registry_keys_match_as_the_kubelet_matches_them() {
    let rows = table("kubelet-match.json");
    assert!(rows.len() > 120, "{}", rows.len());
    for row in rows {
        let (key, image) = (row["key"].as_str().unwrap(), row["image"].as_str().unwrap());
        let matched = match row["level"].as_str().unwrap() {
            "urls_match" => {
                let repository = Repository::parse(image).unwrap();
                RegistryKey::parse(key).unwrap().matches(&repository)
            }
            "keyring_lookup" => is_found(key, image),
            "kubelet_image" => {
                ImageReference::parse(image).is_ok_and(|image| is_found(key, &image.repository()))
            }
            other => panic!("unknown level {other}"),
        };
        assert_eq!(matched, row["match"].as_bool().unwrap(), "{key} × {image}");
    }
}

fn is_found(key: &str, repository: &str) -> bool {
    let mut keyring = Keyring::default();
    keyring.add("secret", [(key.to_owned(), Credential::default())].into());
    keyring.lookup(repository).next().is_some()
}

/// kubelet: every row of docker-config.json. `error` is what the kubelet says, `told` what we say; of bytes in base64
/// both say the same.
#[test]
fn docker_configs_are_decoded_as_the_kubelet_decodes_them() {
    let mut refused = 0;
    for row in table("docker-config.json") {
        let input = row["input"].as_str().unwrap();
        let config = |form| {
            let entries = decode_config(input.as_bytes(), form)?;
            let entry = |(key, c): (String, Credential)| {
                (key, json!({"username": c.username, "password": c.password}))
            };
            Ok(json!({"auths": entries.into_iter().map(entry).collect::<serde_json::Map<_, _>>()}))
        };
        let decoded = match row["kind"].as_str().unwrap() {
            "auth" => decode_auth(input).map(|c| json!({"username": c.username, "password": c.password})),
            "dockerconfigjson" => config(Form::ConfigJson),
            _ => config(Form::Cfg),
        };
        match decoded {
            Ok(decoded) => {
                assert_eq!(row["ok"], json!(true), "{input}");
                for name in ["username", "password", "auths"] {
                    assert_eq!(decoded.get(name), row.get(name), "{input}");
                }
            }
            Err(error) => {
                assert_eq!(row["ok"], json!(false), "{input}: {error}");
                let told = error.to_string();
                assert_eq!(told, row["told"].as_str().unwrap(), "{input}");
                let kubelet = row["error"].as_str().unwrap();
                if kubelet.contains("base64") {
                    assert!(told.ends_with(kubelet), "{input}: {told}, not {kubelet}");
                }
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 13);
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
    let independent =
        json(&independent_host("explain", question.as_bytes(), Arc::new(OneSecret(secret.clone()))));
    assert_eq!(ours, independent);
    let native = native_answer("explain", question.as_bytes(), &OneSecret(secret.clone()));
    assert_eq!(ours, json(&native));
    ours
}

#[test]
fn images_are_explained_as_the_kubelet_pulls_them() {
    for row in table("kubelet-match.json").into_iter().filter(|row| row["level"] == "kubelet_image") {
        let (key, image) = (row["key"].as_str().unwrap(), row["image"].as_str().unwrap());
        let config = json!({"auths": {key: {"username": "u", "password": "p"}}}).to_string();
        let secret = secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", &config);
        let question = json!({"image": image, "namespace": "shop", "pullSecrets": ["s"]}).to_string();
        let answer = json(&native_answer("explain", question.as_bytes(), &OneSecret(secret)));
        let tried = answer["attempts"].as_array().is_some_and(|attempts| !attempts.is_empty());
        assert_eq!(tried, row["match"].as_bool().unwrap(), "{key} × {image}: {answer}");
    }
}

/// Rows of kubelet-match.json through the policy.wasm: does the kubelet try this key for this image?
#[test]
fn the_wasm_matches_alike() {
    for row in table("kubelet-match.json").into_iter().filter(|row| row["level"] == "kubelet_image") {
        let (key, image) = (row["key"].as_str().unwrap(), row["image"].as_str().unwrap());
        let config = json!({"auths": {key: {"username": "u", "password": "p"}}}).to_string();
        let answer = explain(image, &secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", &config));
        let tried = answer["attempts"].as_array().is_some_and(|attempts| !attempts.is_empty());
        assert_eq!(tried, row["match"].as_bool().unwrap(), "{key} × {image}: {answer}");
    }
}

/// Rows of docker-config.json through the policy.wasm: does the kubelet get anything from this secret?
#[test]
fn the_wasm_decodes_alike() {
    const REGISTRY: &str = "r.azurecr.io";
    for row in table("docker-config.json") {
        let input = row["input"].as_str().unwrap();
        let (kind, config) = match row["kind"].as_str().unwrap() {
            // An empty auth is no auth at all once it stands in an entry.
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
        assert_eq!(answer["attempts"].as_array().unwrap().len(), tried, "{input}");
    }
}

/// The rows of images through the policy.wasm.
#[test]
fn the_wasm_parses_alike() {
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
fn settings_are_taken_or_refused_with_every_problem_named() {
    let rows = table("settings.json");
    assert!(rows.len() >= 40);
    for row in rows {
        let name = row["name"].as_str().unwrap();
        let payload = row["settings"].to_string();
        let native = json(&policy_core::wire::validate_settings(payload.as_bytes()));
        assert_eq!(native["valid"], row["valid"], "{name}: {native}");
        let message = native["message"].as_str().unwrap_or_default();
        for part in row["message"].as_array().into_iter().flatten() {
            let part = part.as_str().unwrap();
            assert!(message.contains(part), "{name}: {message:?} lacks {part:?}");
        }
    }
}

#[test]
fn the_wasm_takes_settings_alike() {
    for row in table("settings.json") {
        let (name, payload) = (row["name"].as_str().unwrap(), row["settings"].to_string());
        let native = json(&policy_core::wire::validate_settings(payload.as_bytes()));
        let ours = our_host("validate_settings", payload.as_bytes(), Arc::new(NoHost));
        let independent = independent_host("validate_settings", payload.as_bytes(), Arc::new(NoHost));
        assert_eq!(native, json(&ours), "{name}");
        assert_eq!(native, json(&independent), "{name}");
    }
}

/// Texts that no value can hold: fields that stand twice, odd spelling, what is no request at all.
#[test]
fn payloads_are_answered_to_the_letter() {
    for row in table("payloads.json") {
        let (name, payload) = (row["name"].as_str().unwrap(), row["payload"].as_str().unwrap().as_bytes());
        let text = String::from_utf8(native_answer("validate", payload, &NoHost)).unwrap();
        let answer = json(text.as_bytes());
        assert_eq!(answer["accepted"], row["accepted"], "{name}: {text}");
        let message = answer["message"].as_str().unwrap_or_default();
        for part in row["message"].as_array().into_iter().flatten() {
            assert!(message.contains(part.as_str().unwrap()), "{name}: {text}");
        }
        match row["mutated"].as_str() {
            Some(object) => {
                assert!(text.ends_with(&format!(r#","mutated_object":{object}}}"#)), "{name}: {text}");
            }
            None => assert_eq!(answer.get("mutated_object"), None, "{name}"),
        }
    }
}

#[test]
fn the_wasm_answers_payloads_alike() {
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
fn the_rules_are_told_alike_by_every_engine() {
    let native = json(&native_answer("findings", b"", &NoHost));
    assert_eq!(native.as_array().map(Vec::len), Some(policy_core::rule::Rule::ALL.len()));
    assert_eq!(native, json(&our_host("findings", b"", Arc::new(NoHost))));
    assert_eq!(native, json(&independent_host("findings", b"", Arc::new(NoHost))));
}

#[test]
fn the_policy_speaks_protocol_v1() {
    assert_eq!(json(&policy_core::wire::protocol_version()), json!("v1"));
    assert_eq!(json(&our_host("protocol_version", b"", Arc::new(NoHost))), json!("v1"));
    assert_eq!(json(&independent_host("protocol_version", b"", Arc::new(NoHost))), json!("v1"));
}
