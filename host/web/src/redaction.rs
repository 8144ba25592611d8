//! Texts without the values of Secrets.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::text::yaml_documents;
use review::yaml::{self, SyntaxError};

/// The annotation in which kubectl keeps a whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Bytes below which an equal text elsewhere is chance: `true`, a port, a short name.
const LEAST: usize = 6;

/// A text that may be shown to others.
#[derive(Debug, Serialize)]
pub(crate) struct Redacted {
    /// The text
    pub(crate) text: String,
    /// How many values were taken out
    pub(crate) removed: usize,
}

/// Removes the values of Secrets at any place. A text that may hold one is written again without comments, because they may
/// hold values too.
///
/// # Errors
/// - the text cannot be read, so it may hold anything
pub(crate) fn redact(text: &str) -> Result<Redacted, SyntaxError> {
    let (documents, error) = yaml::documents(text);
    if let Some(error) = error {
        return Err(error);
    }
    let mut removed = Vec::new();
    let mut values: Vec<Value> = documents.into_iter().map(|document| document.value).collect();
    for value in &mut values {
        clean(value, &mut removed);
    }
    // An alias repeats a value elsewhere.
    let secrets = removed.clone();
    for value in &mut values {
        blank_copies(value, &secrets, &mut removed);
    }
    let rewritten = !removed.is_empty() || speaks_of_secrets(text);
    let text = if rewritten { yaml_documents(&values) } else { text.to_owned() };
    Ok(Redacted { text, removed: removed.len() })
}

/// The values that were taken out.
type Removed = Vec<Value>;

fn clean(value: &mut Value, removed: &mut Removed) {
    match value {
        // A manifest within a text, as a ConfigMap may carry it.
        Value::String(text) if holds_secret(text) => blank(value, removed),
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, removed)),
        Value::Object(fields) => clean_object(fields, removed),
        _ => {}
    }
}

fn clean_object(fields: &mut Map<String, Value>, removed: &mut Removed) {
    if is_secret(fields) {
        blank_values(fields, removed);
    }
    if fields.get("kind").and_then(Value::as_str) == Some("SecretList") {
        // The API leaves the kind out of the items.
        let items = fields.get_mut("items").and_then(Value::as_array_mut);
        for item in items.into_iter().flatten().filter_map(Value::as_object_mut) {
            blank_values(item, removed);
        }
    }
    if fields.get("kind").and_then(|kind| kind.get("kind")).and_then(Value::as_str) == Some("Secret") {
        // An admission request.
        for name in ["object", "oldObject"] {
            if let Some(object) = fields.get_mut(name).and_then(Value::as_object_mut) {
                blank_values(object, removed);
            }
        }
    }
    removed.extend(fields.remove(LAST_APPLIED));
    let is_variable = fields.get("name").and_then(Value::as_str).is_some_and(is_telling);
    for (name, value) in fields {
        match name.as_str() {
            ".dockerconfigjson" | ".dockercfg" | "auths" => blank_all(value, removed),
            "value" if is_variable => blank_all(value, removed),
            name if value.is_string() && is_telling(name) && !is_name_of_secret(name) => {
                blank(value, removed);
            }
            _ => clean(value, removed),
        }
    }
}

fn is_secret(fields: &Map<String, Value>) -> bool {
    let kind = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("kind"));
    kind.and_then(|(_, kind)| kind.as_str()).is_some_and(|kind| kind.eq_ignore_ascii_case("secret"))
        || fields.contains_key("stringData")
}

/// Whether a field or variable of this name holds a credential.
fn is_telling(name: &str) -> bool {
    const WORDS: [&str; 9] = [
        "password",
        "passwd",
        "token",
        "secret",
        "apikey",
        "accesskey",
        "privatekey",
        "connectionstring",
        "credential",
    ];
    let name = name.to_ascii_lowercase().replace(['-', '_', '.'], "");
    WORDS.iter().any(|word| name.contains(word))
}

/// Fields of Kubernetes, and of the settings, that hold the name of a Secret.
fn is_name_of_secret(name: &str) -> bool {
    matches!(name, "secret" | "secrets" | "secretName")
        || name.ends_with("SecretName")
        || name.starts_with("kubernetes.io/")
}

/// All of a Secret that is no part of its name and kind.
fn blank_values(secret: &mut Map<String, Value>, removed: &mut Removed) {
    for (name, value) in secret {
        if !matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "type" | "immutable") {
            blank_all(value, removed);
        }
    }
}

fn blank_all(value: &mut Value, removed: &mut Removed) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|value| blank_all(value, removed)),
        Value::Array(items) => items.iter_mut().for_each(|item| blank_all(item, removed)),
        _ => blank(value, removed),
    }
}

fn blank(value: &mut Value, removed: &mut Removed) {
    if !value.is_null() && *value != "" {
        removed.push(std::mem::replace(value, Value::String(String::new())));
    }
}

fn blank_copies(value: &mut Value, secrets: &[Value], removed: &mut Removed) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| blank_copies(value, secrets, removed));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| blank_copies(item, secrets, removed)),
        Value::String(text) if text.len() >= LEAST && secrets.iter().any(|secret| *secret == *text) => {
            blank(value, removed);
        }
        _ => {}
    }
}

/// Whether a Secret is written somewhere, be it in a comment.
fn speaks_of_secrets(text: &str) -> bool {
    let text = squeezed(text);
    ["kind:secret", "stringdata", "dockerc", "auths"].iter().any(|word| text.contains(word))
}

/// Whether this text within a value is a Secret or a docker config.
fn holds_secret(text: &str) -> bool {
    let text = squeezed(text);
    ["kind:secret", "stringdata:", ".dockerconfigjson:", ".dockercfg:", "auths:{"]
        .iter()
        .any(|word| text.contains(word))
}

fn squeezed(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
