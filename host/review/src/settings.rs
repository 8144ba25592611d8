//! The policy's settings: what they are read from, and whether the policy accepts them.

mod problem;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Diagnostics, Spot, Weight};
use crate::engine::{Engine, EngineError};
use crate::host_calls::HostCalls;
use crate::manifest::{Content, Manifest, manifests};
use crate::policy_resource::PolicyResource;
use crate::source_file::{STDIN, SourceFile};
use problem::Problem;

/// Settings, and the policy resource that they were in.
#[derive(Debug)]
pub struct Settings {
    /// As they are sent to the policy
    pub json: Box<RawValue>,
    /// Where they are written; `None` for the defaults
    pub source: Option<SettingsSource>,
    /// As they are sent to the policy for a Secret, if that differs
    pub secret_json: Option<Box<RawValue>>,
    /// The resource, where they were in one
    pub resource: Option<PolicyResource>,
}

/// Where settings are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsSource {
    /// The file as the user gave it, or the option
    pub name: String,
    /// All of its text
    pub text: String,
    /// Number of the document in it, from 1
    pub document: usize,
    /// JSON pointer of the settings in the document: empty, or `/spec/settings` in a policy resource
    pub prefix: String,
}

/// A note on settings.
#[derive(Debug, Clone)]
pub struct SettingsNote {
    /// The note
    pub diagnostic: Diagnostic,
    /// Whether it is about a field of a policy resource that the cluster applies and this project does not
    pub is_of_cluster: bool,
}

/// The selected value of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Its only document
    Whole,
    /// The document of this number, from 1
    Document(usize),
    /// The value at this JSON pointer into its only document
    Pointer(String),
}

/// Reads settings, or the policy resource that has them, and the notes on it. A resource without a namespace is
/// in `namespace`.
///
/// # Errors
/// - a text that cannot be parsed, or that has no object, as an empty one, or too many
/// - a policy resource that Kubernetes would refuse
pub fn read(
    file: SourceFile,
    selection: &Selection,
    namespace: &str,
) -> Result<(Settings, Vec<SettingsNote>), Diagnostics> {
    let file = Arc::new(file);
    let name = &file.name;
    let (mut objects, notes, error) = manifests(&file);
    let notes = Diagnostic::of_notes(name, &file.text, &notes).into_iter();
    let mut notes: Vec<SettingsNote> =
        notes.map(|diagnostic| SettingsNote { diagnostic, is_of_cluster: false }).collect();
    if let Some(error) = error {
        return Err(Diagnostics(vec![Diagnostic::of_syntax(name, &file.text, &error)]));
    }
    if let Selection::Document(number) = selection {
        objects.retain(|object| object.document.index == *number);
        if objects.is_empty() {
            return Err(wrong(format!("{name}: there is no document {number}")));
        }
    }
    // A manifest of the cluster contains the RBAC in addition to the policy.
    if objects.iter().any(|object| PolicyResource::is_one(object.object())) {
        objects.retain(|object| PolicyResource::is_one(object.object()));
    }
    let object = match (objects.pop(), objects.as_slice()) {
        // A command that fails before the pipe writes nothing: that does not mean the defaults.
        (None, _) => {
            let problem = Diagnostic::error(format!("{name}: no settings found"));
            return Err(Diagnostics(vec![problem.with_help("write {} for the defaults")]));
        }
        (Some(object), []) => object,
        (Some(last), others) => return Err(too_many(others.iter().chain([&last]))),
    };
    let Manifest { file, document, mut prefix, .. } = object;
    let (Content::Object(mut value) | Content::Request(mut value)) = object.content;
    if let Selection::Pointer(pointer) = selection {
        prefix.push_str(pointer);
        value = value.pointer_mut(pointer).map(Value::take).unwrap_or_default();
    }
    let at = |pointer: &str, message: String| {
        let spot = Spot::at(&file, &document, &format!("{prefix}{pointer}"));
        Diagnostic::at(spot, message)
    };
    let refused = |problem: Diagnostic| Err(Diagnostics(vec![problem]));
    if !value.is_object() {
        return refused(at("", "the settings must be an object".to_owned()));
    }
    let is_resource = ["apiVersion", "kind"].iter().any(|field| value.get(field).is_some());
    let mut resource = None;
    if is_resource {
        let read = match PolicyResource::of(&value, namespace) {
            Ok(read) => read,
            Err(error) => return refused(at(error.pointer(), error.to_string()).with_help(error.help())),
        };
        notes.extend(read.notes.iter().map(|note| {
            let note_at = at(&note.pointer, note.message.clone()).with_help(&note.help);
            let diagnostic = Diagnostic { weight: Weight::Warning, ..note_at };
            SettingsNote { diagnostic, is_of_cluster: note.is_of_cluster }
        }));
        let settings = value.pointer_mut("/spec/settings").map(Value::take).filter(|value| !value.is_null());
        value = settings.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        if !value.is_object() {
            return refused(at("/spec/settings", "spec.settings: the settings must be an object".to_owned()));
        }
        prefix.push_str("/spec/settings");
        resource = Some(read);
    }
    let json = to_raw_value(&value).unwrap_or_default();
    let SourceFile { name, text } = Arc::unwrap_or_clone(file);
    let source = SettingsSource { name, text, document: document.index, prefix };
    Ok((Settings { json, secret_json: None, source: Some(source), resource }, notes))
}

/// Reports how to select one of several objects.
fn too_many<'a>(objects: impl Iterator<Item = &'a Manifest> + Clone) -> Diagnostics {
    /// More than these are not listed.
    const LISTED: usize = 10;
    let first = objects.clone().next();
    let name = first.map(|object| object.file.name.as_str()).unwrap_or_default();
    let count = objects.clone().count();
    let problem = |message: String, help: Option<String>| {
        Diagnostics(vec![Diagnostic { help, ..Diagnostic::error(message) }])
    };
    if objects.clone().any(|object| !object.prefix.is_empty()) {
        let message = format!("{name}: found a List of {count} objects, expected one");
        return problem(message, Some("select one by name in the kubectl command".to_owned()));
    }
    // As the command line names it.
    let path = if name == STDIN { "-" } else { name };
    let one = |object: &Manifest| {
        let word = |pointer| object.object().pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let called = [word("/kind"), word("/metadata/name")].join(" ");
        let called = Some(called.trim()).filter(|called| !called.is_empty());
        let called = called.map(|called| format!(" ({called})")).unwrap_or_default();
        // A value that begins with a hyphen is an option to the parser of the command line.
        let sign = if path.starts_with('-') { "=" } else { " " };
        format!("--settings{sign}{path}#{}{called}", object.document.index)
    };
    let mut listed: Vec<String> = objects.take(LISTED).map(one).collect();
    listed.extend((count > LISTED).then(|| format!("and {} more", count - LISTED)));
    let message = format!("{name}: found {count} documents, expected one");
    problem(message, Some(format!("name one: {}", listed.join(", "))))
}

fn wrong(message: String) -> Diagnostics {
    Diagnostics(vec![Diagnostic::error(message)])
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The policy refuses them
    #[error(transparent)]
    Refused(Diagnostics),
    /// The policy gives no answer
    #[error("the policy could not validate its settings: {0}")]
    Policy(EngineError),
    /// The policy answers something else
    #[error("the policy's answer to its settings is not JSON: {0}")]
    Answer(serde_json::Error),
}

#[derive(Deserialize)]
struct Answer {
    valid: bool,
    message: Option<String>,
    #[serde(default)]
    problems: Vec<Problem>,
}

impl Default for Settings {
    /// The policy's own defaults: `{}`.
    fn default() -> Self {
        let json = to_raw_value(&serde_json::Map::new()).unwrap_or_default();
        Self { json, secret_json: None, source: None, resource: None }
    }
}

impl Settings {
    /// Settings that check whether pods can pull their images: nothing is added, every lookup is made, and a pod whose
    /// credentials all fail is refused. A Secret itself only causes warnings, because the pods that rely on it decide.
    pub fn for_pulls() -> Self {
        let settings = |unusable: &str| {
            json!({
                "mode": "validate",
                "cluster": {"serviceAccounts": true, "secrets": "credentials"},
                "actions": {"missing": "reject", "unlisted": "warn", "unusable": unusable, "unknown": "allow"},
            })
        };
        let raw = |settings| to_raw_value(&settings).unwrap_or_default();
        Self {
            json: raw(settings("reject")),
            secret_json: Some(raw(settings("warn"))),
            source: None,
            resource: None,
        }
    }

    /// Asks the policy whether it accepts the settings.
    ///
    /// # Errors
    /// - it does not, with the location of every problem; or it gives no answer
    pub fn validate(&self, policy: &dyn Engine, host: Arc<dyn HostCalls>) -> Result<(), SettingsError> {
        let Some(Answer { message, problems, .. }) = refusal(policy, &self.json, host)? else {
            return Ok(());
        };
        if problems.is_empty() {
            // A foreign policy has only a text.
            let message = message.unwrap_or_default();
            return Err(SettingsError::Refused(wrong(format!("the settings are not valid: {message}"))));
        }
        Err(SettingsError::Refused(problem::located(&problems, self.source.as_ref())))
    }
}

/// Why the policy does not accept the settings.
fn refusal(
    policy: &dyn Engine,
    settings: &RawValue,
    host: Arc<dyn HostCalls>,
) -> Result<Option<Answer>, SettingsError> {
    let answer = match policy.call("validate_settings", settings.get().as_bytes(), host) {
        // A policy without the operation has nothing to validate.
        Err(EngineError::UnknownOperation(_)) => return Ok(None),
        other => other.map_err(SettingsError::Policy)?,
    };
    let answer: Answer = serde_json::from_slice(&answer).map_err(SettingsError::Answer)?;
    Ok(Some(answer).filter(|answer| !answer.valid))
}
