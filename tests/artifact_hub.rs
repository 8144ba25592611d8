//! What Artifact Hub and Rancher show is written from policy/metadata.yml and policy/questions-ui.yml, in one version.
//!
//! `UPDATE=1 cargo test artifact_hub` writes artifacthub-pkg.yml, for review.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::cluster_manifests::documents;
use crate::engines::{POLICY, json, our_host, project};
use crate::tables::NoHost;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const PACKAGE: &str = "artifacthub-pkg.yml";

fn text(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Lines, each after the same text.
fn lines<'a>(prefix: &'a str, lines: impl Iterator<Item = &'a str>) -> String {
    lines.flat_map(|line| [prefix, line, "\n"]).collect()
}

/// The lines below a top-level key, indented as the package's annotations are.
fn block(yaml: &str, key: &str) -> String {
    let below = yaml.lines().skip_while(|line| *line != format!("{key}:")).skip(1);
    let block = lines("  ", below.take_while(|line| line.starts_with(' ')));
    assert!(!block.is_empty(), "{key} is not there");
    block
}

/// The package as Kubewarden's own generator lays it out (`kwctl scaffold artifacthub`), except for the provider, which
/// is not Kubewarden.
fn package(created_at: &str) -> String {
    let metadata = text("policy/metadata.yml");
    let annotations = POLICY.metadata().unwrap()["annotations"].as_object().unwrap();
    let annotation = |name: &str| annotations[name].as_str().unwrap();
    let title = annotation("io.kubewarden.policy.title");
    let oci_url = annotation("io.kubewarden.policy.ociUrl");
    let source = annotation("io.kubewarden.policy.source");
    let keywords = lines("  - ", annotation("io.artifacthub.keywords").split(',').map(str::trim));
    let questions = text("policy/questions-ui.yml");
    let questions = lines("    ", questions.lines().filter(|line| !line.starts_with('#')));
    format!(
        "# Written by `UPDATE=1 cargo test artifact_hub` from policy/metadata.yml and policy/questions-ui.yml.
version: {VERSION}
name: {title}
displayName: {display_name}
createdAt: {created_at}
description: {description}
license: {license}
homeURL: {url}
containersImages:
  - name: policy
    image: {oci_url}:v{VERSION}
keywords:
{keywords}links:
  - name: policy
    url: {source}/releases/download/v{VERSION}/policy.wasm
  - name: source
    url: {source}
install: |
  The policy can be had with [kwctl](https://github.com/kubewarden/kwctl):
  ```console
  kwctl pull {oci_url}:v{VERSION}
  ```
  [docs/kubewarden.md]({source}/blob/v{VERSION}/docs/kubewarden.md) says how to apply it, and how to roll it out.
provider:
  name: {author}
recommendations:
  - url: https://artifacthub.io/packages/helm/kubewarden/kubewarden-controller
annotations:
  kubewarden/mutation: 'true'
  kubewarden/resources: {resources}
  kubewarden/contextAwareResources: |
{context_aware}  kubewarden/rules: |
{rules}  kubewarden/questions-ui: |
{questions}",
        display_name = annotation("io.artifacthub.displayName"),
        description = annotation("io.kubewarden.policy.description"),
        license = annotation("io.kubewarden.policy.license"),
        url = annotation("io.kubewarden.policy.url"),
        author = annotation("io.kubewarden.policy.author"),
        resources = annotation("io.artifacthub.resources"),
        context_aware = block(&metadata, "contextAwareResources"),
        rules = block(&metadata, "rules"),
    )
}

#[test]
fn artifact_hub_shows_what_the_metadata_says() {
    let written = text(PACKAGE);
    let created_at = written.lines().find_map(|line| line.strip_prefix("createdAt: ")).unwrap();
    let package = package(created_at);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(project(PACKAGE), &package).unwrap();
    }
    assert_eq!(text(PACKAGE), package, "UPDATE=1 cargo test artifact_hub writes {PACKAGE}");

    let read = &documents(&project(PACKAGE))[0];
    for (annotation, field) in
        [("kubewarden/rules", "rules"), ("kubewarden/contextAwareResources", "contextAwareResources")]
    {
        let yaml = read["annotations"][annotation].as_str().unwrap();
        let (documents, error) = review::yaml::documents(yaml);
        assert_eq!(error, None);
        assert_eq!(documents[0].value, POLICY.metadata().unwrap()[field], "{annotation}");
    }
    assert_eq!(read["annotations"]["kubewarden/mutation"], "true");
    assert_eq!(POLICY.metadata().unwrap()["mutating"], true);
}

#[test]
fn the_changelog_knows_this_version() {
    let changelog = text("CHANGELOG.md");
    assert!(changelog.contains(&format!("## [{VERSION}]")), "CHANGELOG.md has no section for {VERSION}");
}

fn questions() -> Vec<Value> {
    documents(&project("policy/questions-ui.yml"))[0]["questions"].as_array().unwrap().clone()
}

/// Settings with one field, whose path has dots.
fn settings(path: &str, value: &Value) -> Value {
    path.rsplit('.')
        .fold(value.clone(), |value, name| Value::Object(Map::from_iter([(name.to_owned(), value)])))
}

fn assert_taken(settings: &Value) {
    let answer = json(&our_host("validate_settings", settings.to_string().as_bytes(), Arc::new(NoHost)));
    assert_eq!(answer["valid"], true, "{settings}: {}", answer["message"]);
}

#[test]
fn artifact_hub_asks_for_every_documented_setting() {
    let mut asked = BTreeSet::new();
    for question in questions() {
        let variable = question["variable"].as_str().unwrap().to_owned();
        let Some(of_entry) = question["sequence_questions"].as_array() else {
            asked.insert(variable);
            continue;
        };
        for question in of_entry {
            asked.insert(format!("{variable}[].{}", question["variable"].as_str().unwrap()));
        }
        asked.insert(format!("{variable}[]"));
    }
    let page = text("docs/settings.md");
    let (table, _) = page.split_once("\n## ").unwrap();
    let documented = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned());
    assert_eq!(asked, documented.collect());
}

#[test]
fn artifact_hub_offers_answers_that_the_policy_accepts() {
    let mut untouched = BTreeMap::new();
    for question in questions() {
        let variable = question["variable"].as_str().unwrap();
        let default = &question["default"];
        assert_ne!(*default, Value::Null, "{variable} has no default");
        assert_taken(&settings(variable, default));
        let options = question["options"].as_array();
        assert_eq!(options.is_some(), question["type"] == "enum", "{variable}");
        for option in options.into_iter().flatten() {
            assert_taken(&settings(variable, option));
        }
        assert!(options.is_none_or(|options| options.contains(default)), "{variable}");
        // The form sends the group of a dotted variable empty where nothing in it was touched.
        let name = variable.split('.').next().unwrap().to_owned();
        untouched
            .insert(name, if variable.contains('.') { Value::Object(Map::new()) } else { default.clone() });
    }
    assert_taken(&untouched.into_iter().collect::<Map<_, _>>().into());
}
