//! Parsing and matching, row by row, against tables made from the upstream sources.

use std::collections::HashSet;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use policy_core::docker_config::{Credential, Form, decode_auth, decode_config};
use policy_core::image::ImageReference;
use policy_core::keyring::Keyring;
use policy_core::operations;
use policy_core::registry_key::{RegistryKey, Repository};
use policy_core::{Cluster, LookupError, ObjectRef};
use serde_json::{Value, json};

use crate::{NoAnswer, json, table};

/// A cluster with one secret.
struct OneSecret(Value);

impl Cluster for OneSecret {
    fn get(&self, _: &ObjectRef<'_>) -> Result<Option<policy_core::json::Value<'static>>, LookupError> {
        Ok(Some((&self.0).into()))
    }
}

fn secret(kind: &str, data_key: &str, config: &str) -> Value {
    let data = json!({ data_key: BASE64_STANDARD.encode(config) });
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": kind, "data": data})
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

/// kubelet: every row of docker-config.json. `error` is the kubelet's text, `told` is ours; for bytes in base64 both are the
/// same.
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

#[test]
fn images_are_explained_as_the_kubelet_pulls_them() {
    for row in table("kubelet-match.json").into_iter().filter(|row| row["level"] == "kubelet_image") {
        let (key, image) = (row["key"].as_str().unwrap(), row["image"].as_str().unwrap());
        let config = json!({"auths": {key: {"username": "u", "password": "p"}}}).to_string();
        let secret = secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", &config);
        let question = json!({"image": image, "namespace": "shop", "pullSecrets": ["s"]}).to_string();
        let answer = json(&operations::explain(question.as_bytes(), &OneSecret(secret)));
        let tried = answer["tries"].as_array().is_some_and(|tries| !tries.is_empty());
        assert_eq!(tried, row["match"].as_bool().unwrap(), "{key} × {image}: {answer}");
    }
}

#[test]
fn settings_are_accepted_or_refused_with_every_problem_named() {
    let rows = table("settings.json");
    assert!(rows.len() >= 40);
    for row in rows {
        let name = row["name"].as_str().unwrap();
        let payload = row["settings"].to_string();
        let native = json(&operations::validate_settings(payload.as_bytes()));
        assert_eq!(native["valid"], row["valid"], "{name}: {native}");
        let message = native["message"].as_str().unwrap_or_default();
        for part in row["message"].as_array().into_iter().flatten() {
            let part = part.as_str().unwrap();
            assert!(message.contains(part), "{name}: {message:?} lacks {part:?}");
        }
        for part in row["lacks"].as_array().into_iter().flatten() {
            assert!(!message.contains(part.as_str().unwrap()), "{name}: {message:?} has {part}");
        }
        // Kubewarden shows the message alone, so it has to contain all problems.
        let word = |problem: &Value, name: &str| problem[name].as_str().unwrap().to_owned();
        let problems = native["problems"].as_array().cloned().unwrap_or_default();
        let sentence = |problem: &Value| {
            let (path, message, help) =
                (word(problem, "path"), word(problem, "message"), word(problem, "help"));
            assert!(!message.contains("; ") && !message.is_empty(), "{name}: {problem}");
            assert!(!help.contains("; ") && !help.ends_with('.'), "{name}: {problem}");
            let (colon, semicolon) =
                (if path.is_empty() { "" } else { ": " }, if help.is_empty() { "" } else { "; " });
            format!("{path}{colon}{message}{semicolon}{help}")
        };
        assert_eq!(problems.iter().map(sentence).collect::<Vec<_>>().join("; "), message, "{name}");
        for problem in &problems {
            // The target of the pointer exists, except for the last step if a field is missing.
            let pointer = word(problem, "pointer");
            let is_there = |pointer: &str| row["settings"].pointer(pointer).is_some();
            let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
            assert!(is_there(&pointer) || is_there(parent), "{name}: {problem}");
            if problem["unknownField"] == json!(true) {
                assert!(is_there(&pointer), "{name}: {problem}");
            }
        }
        if let Some(pointers) = row["pointers"].as_array() {
            let told: Vec<Value> = problems.iter().map(|problem| problem["pointer"].clone()).collect();
            assert_eq!(&told, pointers, "{name}");
        }
    }
}

/// Texts that no value can represent: duplicate fields, unusual spelling, texts that are not requests.
#[test]
fn payloads_are_answered_to_the_letter() {
    for row in table("payloads.json") {
        let (name, payload) = (row["name"].as_str().unwrap(), row["payload"].as_str().unwrap().as_bytes());
        let text = String::from_utf8(operations::validate(payload, &NoAnswer)).unwrap();
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
fn the_core_speaks_protocol_v1() {
    assert_eq!(json(&operations::protocol_version()), json!("v1"));
}

/// Numbers that no 64 bits hold, the order of keys and keys given twice: the text around the list is not changed.
#[test]
fn every_byte_around_the_list_survives() {
    let before = r#"{"kind":"Pod", "apiVersion":"v1","x":12345678901234567890123,"y":1.0,"z":-0.0,"e":1E5,"d":1,"d":2,
        "spec":{"zz":"\u00e4\/","containers":[{"image":"contoso.azurecr.io/a"}], "aa" : null } }"#;
    let payload = format!(r#"{{"settings":{{}},"request":{{"operation":"CREATE","object":{before}}}}}"#);
    let answer = operations::validate(payload.as_bytes(), &NoAnswer);
    let answer = String::from_utf8(answer).unwrap();
    let expected = before.replace(r#""spec":{"#, r#""spec":{"imagePullSecrets":[{"name":"acr-secret"}],"#);
    assert!(answer.contains(&expected), "{answer}");
}
