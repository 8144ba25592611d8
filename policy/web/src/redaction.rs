//! Texts without the values of Secrets.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::text::yaml_documents;
use crate::yaml::{self, SyntaxError};

/// The annotation in which kubectl keeps a whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A text that may be shown to others.
#[derive(Debug, Serialize)]
pub(crate) struct Redacted {
    /// The text
    pub(crate) text: String,
    /// How many values were taken out
    pub(crate) removed: usize,
}

/// Takes the values of Secrets out, wherever they stand. A text that may have held one is written anew, because its
/// comments may hold another.
///
/// # Errors
/// - the text cannot be read, so nobody knows what is in it
pub(crate) fn redact(text: &str) -> Result<Redacted, SyntaxError> {
    let (documents, error) = yaml::documents(text);
    if let Some(error) = error {
        return Err(error);
    }
    let mut removed = 0;
    let mut values: Vec<Value> = documents.into_iter().map(|document| document.value).collect();
    for value in &mut values {
        clean(value, &mut removed);
    }
    let text = if removed > 0 || speaks_of_secrets(text) { yaml_documents(&values) } else { text.to_owned() };
    Ok(Redacted { text, removed })
}

fn clean(value: &mut Value, removed: &mut usize) {
    match value {
        // A manifest within a text, as a ConfigMap may carry it.
        Value::String(text) if holds_secret(text) => blank(value, removed),
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, removed)),
        Value::Object(fields) => clean_object(fields, removed),
        _ => {}
    }
}

fn clean_object(fields: &mut Map<String, Value>, removed: &mut usize) {
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
    if fields.remove(LAST_APPLIED).is_some() {
        *removed += 1;
    }
    for (name, value) in fields {
        match name.as_str() {
            ".dockerconfigjson" | ".dockercfg" => blank(value, removed),
            _ => clean(value, removed),
        }
    }
}

fn is_secret(fields: &Map<String, Value>) -> bool {
    fields.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("secret"))
        || fields.contains_key("stringData")
}

fn blank_values(secret: &mut Map<String, Value>, removed: &mut usize) {
    for name in ["data", "stringData"] {
        match secret.get_mut(name) {
            Some(Value::Object(values)) => values.values_mut().for_each(|value| blank(value, removed)),
            Some(other) => blank(other, removed),
            None => {}
        }
    }
}

fn blank(value: &mut Value, removed: &mut usize) {
    let empty = Value::String(String::new());
    if *value != empty && !value.is_null() {
        *value = empty;
        *removed += 1;
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
