//! In a manifest of any style, `fix` adds names to lists and changes nothing else. An independent reader checks this.

use serde_json::Value;
use test_support::choices::{Choices, bytes};
use test_support::libyaml;
use test_support::styled::{self, Styled};

use crate::engines::project;
use crate::fix_properties::try_fixed;

/// How many are generated.
const MANIFESTS: u64 = 500;

/// Whether `after` is `before` with names added to its lists.
fn only_names_were_added(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let kept = old.keys().all(|key| new.contains_key(key));
            let is_name = |item: &Value| {
                ["acr-secret", "1e3"].iter().any(|name| *item == serde_json::json!({"name": name}))
            };
            kept && new.iter().all(|(key, new)| match (old.get(key), new) {
                (old, Value::Array(new))
                    if key == "imagePullSecrets" && old.is_none_or(|old| !old.is_object()) =>
                {
                    let old = old.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                    new.starts_with(old) && new[old.len()..].iter().all(is_name)
                }
                (Some(old), new) => only_names_were_added(old, new),
                (None, _) => false,
            })
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| only_names_were_added(old, new))
        }
        _ => before == after,
    }
}

/// Fixes a text, and returns whether that changed it.
fn assert_only_names_are_added(text: &str) -> bool {
    let Some(once) = try_fixed(text).filter(|fixed| fixed.refusals.is_empty()) else { return false };
    let (before, after) = (libyaml::kubectl(text), libyaml::kubectl(&once.text));
    if before.refuses.is_none() {
        assert_eq!(after.refuses, None, "{text:?}\n{:?}", once.text);
        let (before, after) = (Value::from(before.documents), Value::from(after.documents));
        assert!(only_names_were_added(&before, &after), "{text:?}\n{:?}", once.text);
    }
    let twice = try_fixed(&once.text).unwrap_or_else(|| panic!("{text:?}\n{:?}", once.text));
    assert_eq!(twice.text, once.text, "{text:?}");
    assert!(twice.changes.is_empty() && twice.refusals.is_empty(), "{text:?}");
    !once.changes.is_empty()
}

#[test]
fn generated_manifests_get_names_and_nothing_else() {
    let texts = (0..MANIFESTS).map(|seed| {
        let Styled { text, .. } = styled::manifests(&mut Choices::new(&bytes(seed, 600)));
        text
    });
    let changed = texts.filter(|text| assert_only_names_are_added(text)).count();
    assert!(changed > 150, "only {changed} were changed");
}

#[test]
fn the_projects_manifests_get_names_and_nothing_else() {
    let mut changed = 0;
    for folder in ["tests/manifests", "tests/workloads", "tests/fix"] {
        for file in std::fs::read_dir(project(folder)).unwrap() {
            let Ok(text) = std::fs::read_to_string(file.unwrap().path()) else { continue };
            changed += usize::from(assert_only_names_are_added(&text));
        }
    }
    assert!(changed > 100, "only {changed} were changed");
}
