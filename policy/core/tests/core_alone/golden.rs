//! 700 sets of pull secrets, answered by the kubelet's own code (Kubernetes 1.36.2): whether one is malformed, or the
//! credentials that it tries for each image, in its order.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use policy_core::docker_config::{Credential, Form, decode_config};
use policy_core::image::ImageReference;
use policy_core::key_defect::KeyDefect;
use policy_core::keyring::Keyring;
use policy_core::pull_secret::PullSecret;
use serde_json::{Value, json};

use crate::table;

/// Rows, counted from 0, in which the core is known to differ, and why. Such a row has to differ still.
const KNOWN: &[(usize, &str)] = &[];

/// The core's result for a row's secrets, in the form of the row, except for the kubelet's words.
fn answer(row: &Value) -> Value {
    let mut keyring = Keyring::default();
    for secret in row["secrets"].as_array().unwrap() {
        match PullSecret::of(&secret.into()) {
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

/// Small inputs that are easily misread, with the answer of the kubelet's own code (1.36.2).
#[test]
fn the_core_reads_unusual_keys_and_configs_as_the_kubelet_does() {
    for row in table("kubelet-corners.json") {
        let (name, image) = (row["name"].as_str().unwrap(), row["image"].as_str().unwrap());
        let secret = |(name, config): (&String, &Value)| {
            let deep = "[".repeat(10_001) + &"]".repeat(10_001);
            let config = config.as_str().unwrap();
            // The row represents a list of that depth.
            let config = config
                .split_once("[[")
                .map_or(config.to_owned(), |(before, _)| before.to_owned() + &deep + "}");
            let data = json!({".dockerconfigjson": BASE64_STANDARD.encode(config)});
            json!({"name": name, "type": "kubernetes.io/dockerconfigjson", "data": data})
        };
        let secrets: Vec<Value> = row["configs"].as_object().unwrap().iter().map(secret).collect();
        let answer = answer(&json!({"secrets": secrets, "images": [{"image": image}]}));
        let mut tries = answer["images"][0]["tries"].clone();
        let mut expected = row["kubelet"]["tries"].clone();
        if row["kubelet"]["orders"] == "not fixed" {
            for tries in [&mut tries, &mut expected] {
                tries.as_array_mut().unwrap().sort_by_key(Value::to_string);
            }
        }
        assert_eq!(tries, expected, "{name}");
        assert_eq!(answer["malformed"] == json!(true), row["kubelet"].get("malformed").is_some(), "{name}");
    }
}

/// Go's net/url.Parse, path/filepath.Match and net/netip.ParseAddr: neighbours of the rows above.
#[test]
fn the_core_reads_variants_of_unusual_keys_as_the_kubelet_does() {
    for (key, repository, matches) in [
        // An address in brackets
        ("[::1]:5000", "[::1]:5000/app", true),
        ("[2001:db8::1]:5000", "[2001:db8::1]:5000/app", true),
        ("[1:2:3:4:5:6:7:8]:5000", "[1:2:3:4:5:6:7:8]:5000/app", true),
        ("[::]:5000", "[::]:5000/app", true),
        ("[1::]:5000", "[1::]:5000/app", true),
        ("[1:2:3:4:5:6:7::]:5000", "[1:2:3:4:5:6:7::]:5000/app", true),
        ("[1:2:3:4:5:6:7:8::]:5000", "[1:2:3:4:5:6:7:8::]:5000/app", false),
        ("[1:2:3:4:5:6:7:8:9]:5000", "[1:2:3:4:5:6:7:8:9]:5000/app", false),
        ("[1:2:3]:5000", "[1:2:3]:5000/app", false),
        ("[1::2::3]:5000", "[1::2::3]:5000/app", false),
        ("[:::]:5000", "[:::]:5000/app", false),
        ("[1:]:5000", "[1:]:5000/app", false),
        ("[:1]:5000", "[:1]:5000/app", false),
        ("[12345::1]:5000", "[12345::1]:5000/app", false),
        ("[::g]:5000", "[::g]:5000/app", false),
        ("*:5000", "[::1]:5000/app", true),
        ("*:5000", "[1:2]:5000/app", false),
        ("[]:443", ":443/app", false),
        ("[localhost]:443", "localhost:443/app", false),
        ("[1.2.3.4]:443", "1.2.3.4:443/app", false),
        // The same without a port is a class of characters, which has one of them
        ("[::A]", "A/app", true),
        ("[::A]", "[::A]/app", false),
        ("[::A]", "B/app", false),
        ("[::AB]", "B/app", true),
        ("[::AB]", "AB/app", false),
        ("[::1]", "[::1]/app", false),
        // Text that is cut before the check for control characters, and text that is not
        ("contoso.azurecr.io#\n", "contoso.azurecr.io/app", true),
        ("contoso.azurecr.io/team#\u{7f}", "contoso.azurecr.io/team/app", true),
        ("contoso.azurecr.io#%zz", "contoso.azurecr.io/app", false),
        ("contoso.azurecr.io?\n", "contoso.azurecr.io/app", false),
        ("contoso.azurecr.io\n#", "contoso.azurecr.io/app", false),
        // The API's version is cut only with a slash behind it
        ("contoso.azurecr.io/v1", "contoso.azurecr.io/v1/app", true),
        ("contoso.azurecr.io/v2", "contoso.azurecr.io/v2app", true),
        ("contoso.azurecr.io/v1", "contoso.azurecr.io/app", false),
        ("contoso.azurecr.io/v1/", "contoso.azurecr.io/app", true),
        ("contoso.azurecr.io/v1/v1", "contoso.azurecr.io/v1/app", true),
        // The key is parsed twice
        ("contoso.azurecr.io/app%3Fx", "contoso.azurecr.io/app", true),
        ("contoso.azurecr.io/app%23x", "contoso.azurecr.io/app", true),
        ("contoso.azurecr.io/%2561pp", "contoso.azurecr.io/app", true),
        ("contoso.azurecr.io/%25zz", "contoso.azurecr.io/app", false),
        // A text that is not a registry in an image is a host in a key
        ("con_toso.azurecr.io", "con_toso.azurecr.io/app", true),
        ("con_*.azurecr.io", "con_toso.azurecr.io/app", true),
        ("CONTOSO.azurecr.io", "CONTOSO.azurecr.io/app", true),
    ] {
        let mut keyring = Keyring::default();
        keyring.add("secret", [(key.to_owned(), Credential::default())].into());
        assert_eq!(keyring.lookup(repository).next().is_some(), matches, "{key:?} × {repository}");
        // A key that matches an image is never reported as dead.
        let is_dead = KeyDefect::of(key, &[]).is_some_and(|defect| !defect.is_narrow());
        assert!(!(matches && is_dead), "{key:?}: {}", KeyDefect::of(key, &[]).unwrap());
    }
}

/// Go: encoding/json/decode.go `unquoteBytes`
#[test]
fn halves_of_a_surrogate_pair_are_read_as_go_reads_them() {
    for (written, read) in [
        (r"\ud800", "\u{fffd}"),
        (r"\udc00", "\u{fffd}"),
        (r"\uD83D\uDE00", "😀"),
        (r"\ud83d\ude00", "😀"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
        (r"\ud83dx\ude00", "\u{fffd}x\u{fffd}"),
        (r"\\ud800", r"\ud800"),
        (r"\\\ud800", "\\\u{fffd}"),
        (r"\ud7ff\ue000", "\u{d7ff}\u{e000}"),
    ] {
        let config = format!(r#"{{"contoso.azurecr.io":{{"username":"{written}","password":"p"}}}}"#);
        let read_as = decode_config(config.as_bytes(), Form::Cfg)
            .map(|config| config["contoso.azurecr.io"].username.clone());
        assert_eq!(read_as.as_deref(), Ok(read), "{written}");
        let config = format!(r#"{{"{written}":{{}}}}"#);
        let keys = decode_config(config.as_bytes(), Form::Cfg).map(|config| config.into_keys().next());
        assert_eq!(keys, Ok(Some(read.to_owned())), "{written} as a key");
    }
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
