//! The settings as the page has them: YAML, or a Kubewarden policy whose spec holds them.

use policy_core::operations;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::problem::Problem;
use review::policy_resource::PolicyResource;
use review::yaml;

const TAB: &str = "settings";

#[derive(Deserialize)]
struct Answer {
    valid: bool,
    message: Option<String>,
    #[serde(default)]
    problems: Vec<SettingsProblem>,
}

#[derive(Deserialize)]
struct SettingsProblem {
    path: String,
    pointer: String,
    message: String,
    help: String,
}

/// What the policy is told, and the resource that says so.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) value: Value,
    pub(crate) resource: Option<PolicyResource>,
}

/// Reads the settings, and asks the policy whether it takes them.
pub(crate) fn read(text: &str, namespace: &str, notes: &mut Vec<Problem>) -> Result<Settings, Vec<Problem>> {
    let (documents, error) = yaml::documents(text);
    if let Some(error) = error {
        return Err(vec![Problem::syntax(TAB, &error)]);
    }
    if let Some(second) = documents.get(1) {
        let message = "one document is wanted here, and there are more".to_owned();
        return Err(vec![Problem::at(TAB, second.line, 1, message)]);
    }
    let value = documents.into_iter().next().map_or_else(|| json!({}), |document| document.value);
    let at = |pointer: &str, message: String| {
        let place = yaml::nearest(text, 1, &[pointer]).pop().flatten();
        let (line, column) = place.map_or((1, 1), |place| (place.line, place.column));
        Problem::at(TAB, line, column, message)
    };
    let is_resource = ["apiVersion", "kind"].iter().any(|field| value.get(field).is_some());
    let resource = is_resource.then(|| PolicyResource::of(&value, namespace)).transpose();
    let resource = resource.map_err(|error| vec![at(error.pointer(), error.to_string())])?;
    let (value, prefix) = match &resource {
        Some(resource) => {
            notes.extend(resource.notes.iter().map(|note| at(&note.pointer, note.message.clone())));
            let settings = value.pointer("/spec/settings").filter(|settings| !settings.is_null());
            (settings.cloned().unwrap_or_else(|| json!({})), "/spec/settings")
        }
        None => (value, ""),
    };
    let answer: Option<Answer> =
        serde_json::from_slice(&operations::validate_settings(value.to_string().as_bytes())).ok();
    match answer {
        Some(Answer { valid: true, .. }) => Ok(Settings { value, resource }),
        Some(Answer { problems, .. }) if !problems.is_empty() => Err(problems
            .into_iter()
            .map(|SettingsProblem { path, pointer, message, help }| {
                let colon = if path.is_empty() { "" } else { ": " };
                at(&format!("{prefix}{pointer}"), format!("{path}{colon}{message}")).with_help(help)
            })
            .collect()),
        answer => {
            let message = answer.and_then(|answer| answer.message).unwrap_or_default();
            Err(vec![at(prefix, message)])
        }
    }
}
