//! The keyring against a second implementation: written from the documentation, slow and plain.

use std::sync::Arc;

use acr_pull_secret::policy::HostCalls;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use policy_core::registry_key::{RegistryKey, Repository};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::engines::{json, native, our_host};

/// kubernetes.io, "Interpretation of config.json": globs match within a label, a path is a prefix, a port must be the
/// same. All keys here are plain: host, optional port, optional path.
fn naive_match(key: &str, repository: &str) -> bool {
    let key = key.trim_start_matches("https://").trim_start_matches("http://");
    let split = |text: &str| -> (Vec<String>, String, String) {
        let (host, path) = text.split_at(text.find('/').unwrap_or(text.len()));
        let (host, port) = host.split_once(':').unwrap_or((host, ""));
        (host.split('.').map(str::to_owned).collect(), port.to_owned(), path.to_owned())
    };
    let (key_labels, key_port, mut key_path) = split(key);
    let (labels, port, path) = split(repository);
    for version in ["/v1/", "/v2/"] {
        if key_path.starts_with(version) {
            key_path = key_path.replacen(version, "/", 1);
            break;
        }
    }
    if key_path == "/" {
        key_path = String::new();
    }
    key_port == port
        && path.starts_with(&key_path)
        && key_labels.len() == labels.len()
        && key_labels.iter().zip(&labels).all(|(glob, label)| naive_glob(glob.as_bytes(), label.as_bytes()))
}

fn naive_glob(glob: &[u8], text: &[u8]) -> bool {
    match (glob.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => naive_glob(rest, text),
        (Some((b'*', rest)), Some((_, shorter))) => naive_glob(rest, text) || naive_glob(glob, shorter),
        (Some((g, rest)), Some((t, shorter))) => g == t && naive_glob(rest, shorter),
        _ => false,
    }
}

fn key() -> impl Strategy<Value = String> {
    let label = prop_oneof![
        Just("*"),
        Just("a"),
        Just("ab"),
        Just("a*"),
        Just("*b"),
        Just("a*b"),
        Just("**"),
        Just("io")
    ];
    let scheme = prop_oneof![Just(""), Just("https://"), Just("http://")];
    let port = prop_oneof![4 => Just(""), 1 => Just(":443"), 1 => Just(":5000")];
    let path = prop_oneof![
        Just(""),
        Just("/"),
        Just("/v1/"),
        Just("/v2/t"),
        Just("/v1"),
        Just("/t"),
        Just("/te"),
        Just("/te/"),
        Just("/te/x"),
    ];
    (scheme, prop::collection::vec(label, 1..4), port, path)
        .prop_map(|(scheme, labels, port, path)| format!("{scheme}{}{port}{path}", labels.join(".")))
}

fn repository() -> impl Strategy<Value = String> {
    let label = prop_oneof![Just("a"), Just("ab"), Just("aab"), Just("b"), Just("io"), Just("abb")];
    let port = prop_oneof![4 => Just(""), 1 => Just(":443"), 1 => Just(":5000")];
    let path = prop_oneof![
        Just("/t"),
        Just("/te"),
        Just("/te/x"),
        Just("/tex"),
        Just("/v1/t"),
        Just("/v1"),
        Just("/t/e")
    ];
    (prop::collection::vec(label, 1..4), port, path)
        .prop_map(|(labels, port, path)| format!("{}{port}{path}", labels.join(".")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn keys_match_as_the_documentation_says(key in key(), repository in repository()) {
        let parsed = Repository::parse(&repository).unwrap();
        prop_assert_eq!(RegistryKey::parse(&key).unwrap().matches(&parsed), naive_match(&key, &repository));
    }
}

/// A cluster in which every name is the same secret.
struct Everywhere(Value);

impl HostCalls for Everywhere {
    fn call(&self, _: &str, _: &str, operation: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        assert_eq!(operation, "get_resource", "the policy logs nothing");
        Ok(self.0.to_string().into_bytes())
    }

    fn log(&self, line: &str) {
        panic!("the policy printed {line}");
    }
}

/// What must never be shown, in forms that decode, that nearly do, and in places where a parser would quote it.
fn config(hidden: &str) -> impl Strategy<Value = String> {
    let hidden = hidden.to_owned();
    let registry = prop_oneof![
        Just("contoso.azurecr.io"),
        Just("*.azurecr.*"),
        Just("CONTOSO.azurecr.io"),
        Just("contoso.azurecr.io/v1"),
        Just("oci://contoso.azurecr.io"),
        Just("other.azurecr.io"),
        Just("contoso"),
    ];
    (registry, 0..15_u8).prop_map(move |(registry, form)| {
        let auth = BASE64_STANDARD.encode(format!("user-{hidden}:{hidden}"));
        let token = format!(
            "e30.{}.{hidden}",
            BASE64_STANDARD
                .encode(json!({"exp": 1, "aud": [hidden], "x": hidden}).to_string())
                .trim_end_matches('=')
        );
        match form {
            0 => json!({"auths": {registry: {"auth": auth}}}).to_string(),
            1 => json!({"auths": {registry: {"username": hidden, "password": hidden}}}).to_string(),
            2 => json!({"auths": {registry: {"username": "u", "password": token}}}).to_string(),
            3 => json!({"auths": {registry: {"auth": format!("{auth}!")}}}).to_string(),
            4 => json!({"auths": {registry: {"auth": hidden}}}).to_string(),
            5 => json!({"auths": {registry: hidden}}).to_string(),
            6 => json!({"auths": hidden}).to_string(),
            7 => json!({"auths": {format!("user:{hidden}@{registry}"): {"auth": auth}}}).to_string(),
            8 => json!({"auths": {format!("{registry}?token={hidden}"): {"auth": auth}}}).to_string(),
            9 => {
                json!({"auths": {registry: {"identitytoken": hidden, "auth": BASE64_STANDARD.encode("0:")}}})
                    .to_string()
            }
            12 => json!({"auths": {format!("puller:{hidden}@Registry:5000"): {"auth": auth}}}).to_string(),
            13 => json!({"auths": {format!("https://puller:x#{hidden}@{registry}"): {"auth": auth}}})
                .to_string(),
            14 => json!({"auths": {format!("puller:1/{hidden}@{registry}"): {"auth": auth}}}).to_string(),
            10 => format!(r#"{{"auths": {{"{registry}": {{"auth": "{hidden}"#),
            _ => {
                json!({"auths": {registry: {"username": [hidden]}}, "HttpHeaders": {"Authorization": hidden}})
                    .to_string()
            }
        }
    })
}

const HIDDEN: &str = "Tr0ub4dor";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn nothing_that_a_secret_holds_is_ever_shown(config in config(HIDDEN), kind in 0..3_u8) {
        let kind = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg", "Opaque"][usize::from(kind)];
        let data = BASE64_STANDARD.encode(&config);
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "acr-secret", "namespace": "shop"}, "type": kind,
            "data": {".dockerconfigjson": data, ".dockercfg": data},
        });
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
            "spec": {
                "containers": [{"name": "c", "image": "contoso.azurecr.io/app"}],
                "imagePullSecrets": [{"name": "acr-secret"}],
            },
        });
        let settings = json!({"mode": "validate", "cluster": {"secrets": "credentials"}});
        for object in [&secret, &pod] {
            let payload = json!({"request": {"operation": "CREATE", "object": object}, "settings": settings}).to_string();
            let answer = native(payload.as_bytes(), &Everywhere(secret.clone()));
            assert_hidden(&String::from_utf8(answer).unwrap(), &data)?;
        }
        let question = json!({"image": "contoso.azurecr.io/app", "namespace": "shop", "pullSecrets": ["acr-secret"]});
        let answer = our_host("explain", question.to_string().as_bytes(), Arc::new(Everywhere(secret)));
        assert_hidden(&json(&answer).to_string(), &data)?;
    }
}

/// Neither the hidden text nor any run of its encodings.
fn assert_hidden(answer: &str, data: &str) -> Result<(), TestCaseError> {
    prop_assert!(!answer.contains(HIDDEN), "{answer}");
    let auth = BASE64_STANDARD.encode(format!("user-{HIDDEN}:{HIDDEN}"));
    for encoded in [data, &auth] {
        for run in encoded.as_bytes().windows(12) {
            prop_assert!(!answer.contains(std::str::from_utf8(run).unwrap()), "{answer}");
        }
    }
    Ok(())
}
