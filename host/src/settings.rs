//! The policy's settings: where they come from, and whether the policy takes them.

mod problem;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Io;
use crate::cli::PolicyArgs;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{self, SourceFile};
use crate::manifest::{self, Content, Manifest, manifests};
use crate::policy::{HostCalls, Policy};
use crate::policy_resource::PolicyResource;

/// Settings, and the policy resource that they were in.
#[derive(Debug)]
pub struct Settings {
    /// As the policy gets them
    pub json: Box<RawValue>,
    /// Where they are written; `None` where nobody wrote any
    pub source: Option<SettingsSource>,
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

/// Reads the settings that the command line names; none means `{}`. What is in a policy resource but cannot be honoured
/// is said on `io.stderr`.
///
/// # Errors
/// - a file that cannot be read or parsed, or that has no object, as an empty one, or too many
/// - a policy resource that Kubernetes would refuse
pub fn load(args: &PolicyArgs, io: &mut Io) -> Result<Settings> {
    let (file, part) = match (&args.settings, &args.settings_json) {
        (_, Some(json)) => {
            (SourceFile { name: "--settings-json".to_owned(), text: json.clone() }, Part::Whole)
        }
        (Some(path), None) => {
            let (path, part) = part_of(path);
            (input::read(Path::new(path), &mut io.stdin)?, part)
        }
        (None, None) => {
            let json = RawValue::from_string("{}".to_owned())?;
            return Ok(Settings { json, source: None, resource: None });
        }
    };
    let (settings, notes) = read(file, &part, &args.namespace)?;
    for note in notes {
        io.stderr.line(&format!("warning: {note}"));
    }
    Ok(settings)
}

/// What of a file is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Its only document
    Whole,
    /// The document of this number, from 1
    Document(usize),
    /// The value at this JSON pointer into its only document
    Pointer(String),
}

/// The file in `policy.yaml#2`.
pub(crate) fn file_of(path: &str) -> &str {
    part_of(path).0
}

/// Splits `policy.yaml#2`, or `config.yaml#/settings`. A file that has such a name is meant itself.
fn part_of(path: &str) -> (&str, Part) {
    let part = path.rsplit_once('#').filter(|(file, _)| !file.is_empty() && !Path::new(path).exists());
    match part {
        Some((file, pointer)) if pointer.starts_with('/') => (file, Part::Pointer(pointer.to_owned())),
        Some((file, number)) => match number.parse() {
            Ok(number) => (file, Part::Document(number)),
            Err(_) => (path, Part::Whole),
        },
        None => (path, Part::Whole),
    }
}

/// Reads settings, or the policy resource that has them, and what there is to say about it. A resource that names no
/// namespace is in `namespace`.
///
/// # Errors
/// As [`load`].
pub fn read(file: SourceFile, part: &Part, namespace: &str) -> Result<(Settings, Vec<String>)> {
    let file = Arc::new(file);
    let name = &file.name;
    let (mut objects, notes, error) = manifests(&file);
    let mut notes: Vec<String> = notes
        .into_iter()
        .map(|note| format!("{name}:{}:{}: {}", note.line, note.column, note.message))
        .collect();
    if let Some(error) = error {
        bail!(Diagnostics(vec![Diagnostic::of_syntax(name, &file.text, &error)]));
    }
    if let Part::Document(number) = part {
        objects.retain(|object| object.document.index == *number);
        if objects.is_empty() {
            bail!("{name}: there is no document {number}");
        }
    }
    // A manifest of the cluster has the RBAC beside the policy.
    if objects.iter().any(|object| PolicyResource::is_one(object.object())) {
        objects.retain(|object| PolicyResource::is_one(object.object()));
    }
    let object = match (objects.pop(), objects.as_slice()) {
        // A command before a pipe that failed writes nothing, and nobody's defaults are meant.
        (None, _) => bail!("{name}: there are no settings there; {{}} means the defaults"),
        (Some(object), []) => object,
        (Some(last), others) => bail!("{}", too_many(others.iter().chain([&last]))),
    };
    let Manifest { file, document, mut prefix, .. } = object;
    let (Content::Object(mut value) | Content::Request(mut value)) = object.content;
    if let Part::Pointer(pointer) = part {
        prefix.push_str(pointer);
        value = value.pointer_mut(pointer).map(Value::take).unwrap_or_default();
    }
    let at = |pointer: &str| manifest::at(&file, &document, &format!("{prefix}{pointer}"));
    if !value.is_object() {
        bail!("{}: the settings must be an object", at(""));
    }
    let is_resource = ["apiVersion", "kind"].iter().any(|field| value.get(field).is_some());
    let resource = is_resource.then(|| PolicyResource::of(&value, namespace)).transpose();
    let resource = resource.map_err(|error| anyhow!("{}: {error}", at(error.pointer())))?;
    if let Some(resource) = &resource {
        notes.extend(resource.notes.iter().map(|note| format!("{}: {}", at(&note.pointer), note.message)));
        let settings = value.pointer_mut("/spec/settings").map(Value::take).filter(|value| !value.is_null());
        value = settings.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        if !value.is_object() {
            bail!("{}: spec.settings: the settings must be an object", at("/spec/settings"));
        }
        prefix.push_str("/spec/settings");
    }
    let json = serde_json::value::to_raw_value(&value)?;
    let SourceFile { name, text } = Arc::unwrap_or_clone(file);
    let source = SettingsSource { name, text, document: document.index, prefix };
    Ok((Settings { json, source: Some(source), resource }, notes))
}

/// Says how to name one of several objects.
fn too_many<'a>(objects: impl Iterator<Item = &'a Manifest> + Clone) -> String {
    let first = objects.clone().next();
    let name = first.map(|object| object.file.name.as_str()).unwrap_or_default();
    let count = objects.clone().count();
    if objects.clone().any(|object| !object.prefix.is_empty()) {
        return format!(
            "{name}: a List of {count} objects, where one is wanted; ask kubectl for one by name"
        );
    }
    let name = match name {
        "--settings-json" => return format!("{name}: {count} values, where one is wanted"),
        input::STDIN => "-",
        file => file,
    };
    let one = |object: &Manifest| {
        let word = |pointer| object.object().pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let called = [word("/kind"), word("/metadata/name")].join(" ");
        let called = Some(called.trim()).filter(|called| !called.is_empty());
        let called = called.map(|called| format!(" ({called})")).unwrap_or_default();
        format!("\n  --settings {name}#{}{called}", object.document.index)
    };
    format!(
        "{name}: {count} documents, where one is wanted; name one:{}",
        objects.map(one).collect::<String>()
    )
}

#[derive(Deserialize)]
struct Answer {
    valid: bool,
    message: Option<String>,
}

impl Settings {
    /// Asks the policy whether it takes the settings.
    ///
    /// # Errors
    /// - it does not: [`Diagnostics`], each at its place; or it gives no answer
    pub fn validate(&self, policy: &Policy, host: Arc<dyn HostCalls>) -> Result<()> {
        let Some(problem) = refusal(policy, &self.json, host)? else { return Ok(()) };
        let value = serde_json::from_str(self.json.get())?;
        bail!(problem::problems(&problem, &value, self.source.as_ref()))
    }
}

/// Asks the policy whether it takes settings that stand nowhere.
///
/// # Errors
/// - it does not, or gives no answer
pub fn validate(policy: &Policy, settings: &RawValue, host: Arc<dyn HostCalls>) -> Result<()> {
    match refusal(policy, settings, host)? {
        Some(problem) => bail!("the settings are not valid: {problem}"),
        None => Ok(()),
    }
}

/// Why the policy does not take the settings.
fn refusal(policy: &Policy, settings: &RawValue, host: Arc<dyn HostCalls>) -> Result<Option<String>> {
    let answer = policy.call("validate_settings", settings.get().as_bytes(), host);
    let answer = match answer {
        // A policy without the operation has nothing to validate.
        Err(error) if error.is_unknown_operation() => return Ok(None),
        other => other.context("the policy could not validate its settings")?,
    };
    let answer: Answer =
        serde_json::from_slice(&answer).context("the policy's answer to its settings is no JSON")?;
    Ok((!answer.valid).then(|| answer.message.unwrap_or_default()))
}
