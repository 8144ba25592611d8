//! SARIF: rules, places, paths, fingerprints.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{HARD, hard_reports, reports, results, write_hard_inputs};

#[test]
fn sarif_has_every_rule_with_its_help_and_results_point_at_them() {
    let all = hard_reports();
    let run = &all.sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let known = policy_core::rule::Rule::ALL.len();
    for rule in &rules[..known] {
        for pointer in ["/help/text", "/help/markdown", "/fullDescription/text", "/shortDescription/text"] {
            assert!(
                rule.pointer(pointer).and_then(Value::as_str).is_some_and(|text| !text.is_empty()),
                "{rule}"
            );
        }
    }
    let level = |id: &str| {
        let rule = rules.iter().find(|rule| rule["id"] == id).unwrap();
        rule["defaultConfiguration"]["level"].clone()
    };
    assert_eq!(
        (level("missing-pull-secret"), level("secret-admin-user")),
        (json!("error"), json!("warning"))
    );
    for result in results(&all) {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let notifications = run["invocations"][0]["toolExecutionNotifications"].to_string();
    for told in ["broken.yaml", "binary.yaml", "is already in this mapping"] {
        assert!(notifications.contains(told), "{told}: {notifications}");
    }
}

#[test]
fn sarif_regions_hold_exactly_the_value() {
    let all = hard_reports();
    let texts = |uri: &str| HARD.iter().find(|(name, _)| *name == uri).map(|(_, text)| *text);
    let mut seen = 0;
    for result in results(&all) {
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        let Some(text) = texts(&uri.replace("%20", " ").replace("%C3%B6", "ö").replace("%C3%9F", "ß"))
        else {
            continue;
        };
        let region = &place["region"];
        let number = |name: &str| usize::try_from(region[name].as_u64().unwrap()).unwrap();
        if region["startLine"] != region["endLine"]
            || !result["message"]["text"].to_string().contains("contoso.azurecr.io/")
        {
            continue;
        }
        let line = text.lines().nth(number("startLine") - 1).unwrap();
        let marked: String = line
            .chars()
            .skip(number("startColumn") - 1)
            .take(number("endColumn") - number("startColumn"))
            .collect();
        assert!(marked.contains("azurecr.io") && !marked.contains([' ', '}', '\r']), "{uri}: {marked}");
        seen += 1;
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn sarif_paths_are_encoded_and_relative_to_the_working_folder() {
    let all = hard_reports();
    let uris: HashSet<&str> = results(&all)
        .iter()
        .map(|result| {
            let artifact = &result["locations"][0]["physicalLocation"]["artifactLocation"];
            assert_eq!(artifact["uriBaseId"], "%SRCROOT%");
            artifact["uri"].as_str().unwrap()
        })
        .collect();
    assert!(uris.contains("a%20b/gr%C3%B6%C3%9Fe%20%2541%2C%201%3A2.yaml"), "{uris:?}");
}

#[test]
fn fingerprints_are_unique_and_survive_edits_elsewhere() {
    let prints = |edit: &str| {
        let folder = tempfile::tempdir().unwrap();
        write_hard_inputs(folder.path());
        let (name, text) = HARD[2];
        std::fs::write(folder.path().join(name), format!("{edit}{text}")).unwrap();
        let all = reports(folder.path(), &["--settings-json", r#"{"mode":"validate"}"#, "."]);
        let prints = results(&all).iter().map(|result| result["partialFingerprints"].to_string());
        prints.collect::<Vec<_>>()
    };
    let before = prints("");
    assert_eq!(before.iter().collect::<HashSet<_>>().len(), before.len());
    let other =
        "# a comment\napiVersion: v1\nkind: Pod\nmetadata: {name: new}\nspec: {containers: []}\n---\n";
    assert_eq!(prints(other), before);
}
