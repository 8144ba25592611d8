//! Parsing and matching, row by row, against tables made from the upstream sources.

use std::sync::Arc;

use acr_pull_secret::policy::HostCalls;
use policy_core::image::ImageReference;
use policy_core::registry_key::{RegistryKey, Repository};
use serde_json::{Value, json};

use crate::engines::{independent_host, json, our_host, project};

fn table(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(project("tests/tables").join(name)).expect("the table is there");
    serde_json::from_str(&text).expect("the table is JSON")
}

/// distribution/reference: every row of image-parse.json.
#[test]
fn images_are_parsed_as_container_tools_parse_them() {
    let rows = table("image-parse.json");
    assert!(rows.len() > 50);
    for row in rows {
        let text = row["image"].as_str().unwrap();
        match (ImageReference::parse(text), row["error"].as_str()) {
            (Err(error), Some(expected)) => assert_eq!(error.to_string(), expected, "{text}"),
            (Ok(image), None) => {
                let tag = image.tag.unwrap_or(if image.digest.is_none() { "latest" } else { "" });
                assert_eq!(image.repository(), row["repo"].as_str().unwrap(), "{text}");
                assert_eq!(image.domain, row["domain"].as_str().unwrap(), "{text}");
                assert_eq!(image.path, row["path"].as_str().unwrap(), "{text}");
                assert_eq!(tag, row["tag"].as_str().unwrap(), "{text}");
                assert_eq!(image.digest.unwrap_or_default(), row["digest"].as_str().unwrap(), "{text}");
            }
            (parsed, expected) => panic!("{text}: {parsed:?}, expected {expected:?}"),
        }
    }
}

/// kubelet: every row of kubelet-match.json that is about one key. The rows of Docker Hub's fallback are about a
/// whole keyring.
#[test]
fn registry_keys_match_as_the_kubelet_matches_them() {
    let mut compared = 0;
    for row in table("kubelet-match.json") {
        let (key, image) = (row["key"].as_str().unwrap(), row["image"].as_str().unwrap());
        let expected = row["match"].as_bool().unwrap();
        let parsed = ImageReference::parse(image);
        let repository = match row["level"].as_str().unwrap() {
            "kubelet_image" => parsed.as_ref().map(|image| image.repository().into_owned()).ok(),
            _ => Some(image.to_owned()),
        };
        let is_hub = key.contains("index.docker.io");
        if is_hub {
            continue;
        }
        let matched = repository.is_some_and(|repository| {
            let repository = Repository::parse(&repository);
            repository
                .is_ok_and(|repository| RegistryKey::parse(key).is_ok_and(|key| key.matches(&repository)))
        });
        assert_eq!(matched, expected, "{key} × {image}");
        compared += 1;
    }
    assert!(compared > 100, "{compared}");
}

struct NoHost;

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
        assert_eq!(
            native,
            json(&our_host("validate_settings", payload.as_bytes(), Arc::new(NoHost))),
            "{name}"
        );
        assert_eq!(
            native,
            json(&independent_host("validate_settings", payload.as_bytes(), Arc::new(NoHost))),
            "{name}"
        );
    }
}

#[test]
fn the_policy_speaks_protocol_v1() {
    assert_eq!(json(&our_host("protocol_version", b"", Arc::new(NoHost))), json!("v1"));
    assert_eq!(json(&independent_host("protocol_version", b"", Arc::new(NoHost))), json!("v1"));
}
