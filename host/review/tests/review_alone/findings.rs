//! The fields of the findings of every case, compared with the table of all values that a rule may have.

use std::collections::BTreeSet;

use review::suite::run::request;
use review::verdict::Finding;
use serde_json::{Value, json};

use crate::cases::{core, suites};
use crate::project;

/// The value that the finding points at: its `image`, the list or its `entry` for the secret, or a field or annotation of a Secret.
fn place(finding: &Finding, object: &Value) -> Option<&'static str> {
    let (parent, field) = finding.pointer.rsplit_once('/')?;
    let there = object.pointer(&finding.pointer);
    match (field, there) {
        ("imagePullSecrets", _) => object.pointer(parent)?.is_object().then_some("list"),
        ("image" | "reference", Some(Value::String(text))) => {
            (finding.image.as_ref() == Some(text)).then_some("image")
        }
        ("image" | "reference", Some(_)) => finding.image.is_none().then_some("image"),
        ("type", Some(_)) => (parent.is_empty()).then_some("type"),
        (_, Some(_)) if parent == "/data" => Some("data"),
        (_, Some(_)) if parent == "/metadata/annotations" => Some("annotation"),
        (_, Some(entry)) if parent.ends_with("/imagePullSecrets") => {
            let name = entry["name"].as_str().filter(|name| !name.is_empty());
            (finding.secret.as_deref() == name).then_some("entry")
        }
        _ => None,
    }
}

/// All values that a rule may have.
fn table() -> Vec<Value> {
    let text = std::fs::read_to_string(project("policy/core/tests/tables/findings.json"));
    serde_json::from_str(&text.expect("the table is there")).expect("the table is JSON")
}

/// Every row of findings.json, and no other: the cases have each, and nothing points elsewhere.
#[test]
fn the_core_alone_points_at_the_value_of_each_finding() {
    let rows: BTreeSet<String> = table().iter().map(Value::to_string).collect();
    let mut said = BTreeSet::new();
    for loaded in suites() {
        for (case, line) in loaded.suite.cases.iter().zip(&loaded.lines) {
            let request = request(case);
            for finding in core(&loaded.suite, case, &request).findings {
                assert!(!finding.message.is_empty() && !finding.help.is_empty(), "{finding:?}");
                assert!(!finding.message.contains("; "), "one sentence, and separate help: {finding:?}");
                let mut names = Vec::new();
                names.extend(finding.image.as_ref().map(|_| "image"));
                names.extend(finding.secret.as_ref().map(|_| "secret"));
                let place = place(&finding, &request["object"]);
                let row = json!({"rule": finding.rule, "place": place, "names": names}).to_string();
                let case = format!("{}:{line}: {}", loaded.path.display(), case.name);
                assert!(rows.contains(&row), "{case}: {row} is not in the table: {finding:?}");
                for name in [&finding.image, &finding.secret].into_iter().flatten() {
                    assert!(finding.in_one_line().contains(&format!("\"{name}\"")), "{case}: {finding:?}");
                }
                said.insert(row);
            }
        }
    }
    assert_eq!(said, rows, "the cases have no such finding");
}
