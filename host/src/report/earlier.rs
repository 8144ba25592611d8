//! Whether a file is a report that this command wrote, so that nothing is lost when the next one replaces it.
//!
//! Only what this command writes counts: each report contains its name, and the file contains nothing that it does not write.
//! `JUnit`, text, Markdown and the commands to CI systems are never recognised: they are not manifests, and are not read in folders.

use serde_json::{Map, Value};

use super::{Tool, gitlab};
use crate::sandbox::lookup_recording;

/// Whether this is the text of a JSON, SARIF or GitLab report or of a recorded session of ours, or of an empty file.
pub fn is_replaceable(text: &str) -> bool {
    text.trim().is_empty() || is_report(text) || lookup_recording::is_recorded_here(text)
}

/// Whether this is the text of a JSON report of `check` or `test`, or of a SARIF or GitLab report, and of ours.
pub fn is_report(text: &str) -> bool {
    // Most manifests are YAML, or begin otherwise.
    if !text.trim_start().starts_with(['{', '[']) {
        return false;
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => is_json_report(&fields) || is_sarif_report(&fields),
        // An empty list could be of any tool, unless it is written in our way.
        Ok(Value::Array(issues)) if issues.is_empty() => text.trim_end() == gitlab::EMPTY.trim_end(),
        Ok(Value::Array(issues)) => issues.iter().all(is_gitlab_issue),
        _ => false,
    }
}

fn is_gitlab_issue(issue: &Value) -> bool {
    let names = ["description", "check_name", "fingerprint", "severity", "location", "engine_name"];
    issue.as_object().is_some_and(|fields| {
        has_exactly(fields, &names) && fields.get("engine_name").is_some_and(|name| name == Tool::NAME)
    })
}

fn is_json_report(fields: &Map<String, Value>) -> bool {
    let names = ["tool", "results", "secrets", "summary"];
    let has_secrets = fields.contains_key("secrets");
    let is_written = |name: &&str| has_secrets || *name != "secrets";
    let names: Vec<&str> = names.into_iter().filter(is_written).collect();
    has_exactly(fields, &names)
        && fields.get("tool").and_then(|tool| tool.get("name")).is_some_and(|name| name == Tool::NAME)
}

fn is_sarif_report(fields: &Map<String, Value>) -> bool {
    let runs = fields.get("runs").and_then(Value::as_array);
    let Some([run]) = runs.map(Vec::as_slice) else { return false };
    let is_ours = |field: &str, ours: &str| {
        run.pointer(&format!("/tool/driver/{field}")).is_some_and(|value| value == ours)
    };
    has_exactly(fields, &["$schema", "version", "runs"])
        && is_ours("name", Tool::NAME)
        && is_ours("informationUri", Tool::ADDRESS)
}

fn has_exactly(fields: &Map<String, Value>, names: &[&str]) -> bool {
    fields.len() == names.len() && names.iter().all(|name| fields.contains_key(*name))
}
