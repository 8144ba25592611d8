//! The keyring compared with a second, simple implementation, written from the documentation.

use policy_core::registry_key::{RegistryKey, Repository};
use proptest::prelude::*;

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
