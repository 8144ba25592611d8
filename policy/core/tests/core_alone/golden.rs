//! 700 sets of pull secrets, answered by the kubelet's own code (Kubernetes 1.36.2): whether one is malformed, or the
//! credentials that it tries for each image, in its order.

use policy_core::image::ImageReference;
use policy_core::keyring::Keyring;
use policy_core::pull_secret::PullSecret;
use serde_json::{Value, json};

/// Rows, counted from 0, in which the core is known to differ, and why. Such a row has to differ still.
const KNOWN: &[(usize, &str)] = &[];

/// What the core makes of a row's secrets: as the row says it, but for the kubelet's words.
fn answer(row: &Value) -> Value {
    let mut keyring = Keyring::default();
    for secret in row["secrets"].as_array().unwrap() {
        match PullSecret::of(secret) {
            PullSecret::Malformed { .. } => return json!({"malformed": true}),
            PullSecret::Usable { credentials, .. } => {
                keyring.add(secret["name"].as_str().unwrap(), credentials);
            }
            PullSecret::Ignored => {}
        }
    }
    let tries = |image: &Value| -> Value {
        let text = image["image"].as_str().unwrap();
        let repository = ImageReference::parse(text).unwrap().repository().into_owned();
        let tries = keyring
            .lookup(&repository)
            .map(|held| json!([held.secret, held.credential.username, held.credential.password]));
        json!({"image": text, "tries": tries.collect::<Vec<_>>()})
    };
    json!({"images": row["images"].as_array().unwrap_or(&Vec::new()).iter().map(tries).collect::<Vec<_>>()})
}

#[test]
fn the_core_tries_what_the_kubelet_tries() {
    let text = include_str!("../kubelet-golden.json");
    let rows: Vec<Value> = serde_json::from_str(text).unwrap();
    assert_eq!(rows.len(), 700);
    let mut wrong = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let expected = if row["malformed"] == json!(true) {
            json!({"malformed": true})
        } else {
            json!({"images": row["images"]})
        };
        let answer = answer(row);
        match KNOWN.iter().find(|(known, _)| *known == number) {
            Some((_, reason)) if answer == expected => {
                wrong.push(format!("row {number} agrees now: take it out of the list ({reason})"));
            }
            None if answer != expected => {
                wrong.push(format!("row {number}: {answer}, but the kubelet says {expected}: {row}"));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}
