//! What is secret in a Secret, and what may be shown of a request.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value};

use super::values::Values;
use crate::spelling::{base64, is_base64};

/// The annotation in which kubectl keeps a whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Fields of a docker config that are shown everywhere.
const SHOWN: [&str; 3] = ["email", "serveraddress", "username"];

/// Adds the values of every Secret in a value.
pub(super) fn add_all(values: &mut Values, value: &Value) {
    match value {
        Value::Object(fields) if is_secret(fields) => add_secret(values, fields),
        Value::Object(fields) if fields.get("kind").is_some_and(|kind| kind == "SecretList") => {
            fields.values().for_each(|value| add_secrets(values, value));
        }
        Value::Object(fields) => fields.values().for_each(|value| add_all(values, value)),
        Value::Array(items) => items.iter().for_each(|item| add_all(values, item)),
        _ => {}
    }
}

/// Adds the values of a Secret or of several, regardless of their stated kind.
pub(super) fn add_secrets(values: &mut Values, value: &Value) {
    match value {
        Value::Object(fields) if fields.get("items").is_some_and(Value::is_array) => {
            fields.values().for_each(|value| add_secrets(values, value));
        }
        Value::Object(fields) => add_secret(values, fields),
        Value::Array(items) => items.iter().for_each(|item| add_secrets(values, item)),
        Value::String(text) => add_text(values, text.as_bytes()),
        _ => {}
    }
}

/// Collects every text of a request that is not a value of a Secret.
pub(super) fn publish_all(values: &mut Values, value: &Value) {
    match value {
        Value::Object(fields) if is_secret(fields) => {
            for (name, value) in fields {
                match name.as_str() {
                    "data" | "stringData" => publish_names(values, value),
                    "metadata" => publish_metadata(values, value),
                    _ => publish_all(values, value),
                }
            }
        }
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            values.publish(name);
            publish_all(values, value);
        }),
        Value::Array(items) => items.iter().for_each(|item| publish_all(values, item)),
        Value::String(text) => values.publish(text),
        Value::Number(number) => values.publish(&number.to_string()),
        Value::Bool(_) | Value::Null => {}
    }
}

fn publish_names(values: &mut Values, value: &Value) {
    value.as_object().into_iter().flat_map(Map::keys).for_each(|name| values.publish(name));
}

fn publish_metadata(values: &mut Values, metadata: &Value) {
    for (name, value) in metadata.as_object().into_iter().flatten() {
        if name == "annotations" {
            publish_names(values, value);
        } else {
            publish_all(values, value);
        }
    }
}

fn is_secret(fields: &Map<String, Value>) -> bool {
    fields.get("kind").is_some_and(|kind| kind == "Secret") || fields.contains_key("stringData")
}

fn add_secret(values: &mut Values, fields: &Map<String, Value>) {
    for (name, value) in fields {
        match name.as_str() {
            "apiVersion" | "kind" | "type" | "immutable" => {}
            "metadata" => add_metadata(values, value),
            "data" => leaves(value, &mut |text| add_data(values, text)),
            _ => leaves(value, &mut |text| add_text(values, text.as_bytes())),
        }
    }
}

fn add_metadata(values: &mut Values, metadata: &Value) {
    for name in ["name", "namespace"] {
        values.publish(metadata.get(name).and_then(Value::as_str).unwrap_or_default());
    }
    let Some(annotations) = metadata.get("annotations").and_then(Value::as_object) else { return };
    for (name, value) in annotations {
        let Some(text) = value.as_str() else { continue };
        if name == LAST_APPLIED {
            match serde_json::from_str(text) {
                Ok(applied) => add_secrets(values, &applied),
                Err(_) => add_text(values, text.as_bytes()),
            }
        } else if !name.starts_with("acr-pull-secret/") {
            // A short one is a word, for example the name of a release.
            values.add(text.as_bytes());
        }
    }
}

/// Every text and number in a value.
fn leaves(value: &Value, add: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => add(text),
        Value::Number(number) => add(&number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, add)),
        Value::Object(fields) => fields.values().for_each(|field| leaves(field, add)),
        Value::Bool(_) | Value::Null => {}
    }
}

/// A field of `data`, which is base64, or else is not.
fn add_data(values: &mut Values, text: &str) {
    values.add_encoded(text.as_bytes());
    let is_loose = text.bytes().all(|byte| is_base64(byte) || byte == b'=' || byte.is_ascii_whitespace());
    match decoded(text).or_else(|| is_loose.then(|| base64(text.as_bytes()))) {
        Some(bytes) => add_text(values, &bytes),
        None => add_text(values, text.as_bytes()),
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let joined: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    BASE64_STANDARD.decode(joined).ok()
}

/// A value, and the values in it: those of a docker config or of other JSON, its lines, what is assigned in them, the password
/// in a URL, and what it encodes.
pub(super) fn add_text(values: &mut Values, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(json @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text.trim()) {
        let is_config = json.get("auths").is_some() || has_auth(&json);
        // The text of a docker config is not secret as a whole: it has the names of registries and users.
        if !is_config {
            values.add(bytes);
        }
        return add_json(values, &json, is_config);
    }
    values.add(bytes);
    for line in text.lines().map(str::trim) {
        values.add(line.as_bytes());
        for sign in ["=", ": "] {
            if let Some((_, value)) = line.split_once(sign) {
                values.add(value.trim().trim_matches(['"', '\'']).as_bytes());
            }
        }
        line.split("://").skip(1).for_each(|rest| add_login(values, rest));
    }
    if let Some(within) = decoded(text.trim()).filter(|within| within.len() >= 8) {
        values.add(&within);
    }
}

/// Whether this is a docker config of the old form: login data by registry.
fn has_auth(json: &Value) -> bool {
    let mut entries = json.as_object().into_iter().flat_map(Map::values);
    entries.any(|entry| ["auth", "password", "identitytoken"].iter().any(|name| entry.get(name).is_some()))
}

fn add_json(values: &mut Values, json: &Value, is_config: bool) {
    match json {
        Value::Object(fields) => {
            for (name, value) in fields {
                if is_config && name.contains('@') {
                    add_login(values, name.rsplit("://").next().unwrap_or(name));
                }
                match value {
                    Value::String(_) if is_config && SHOWN.contains(&name.as_str()) => {}
                    Value::String(text) if name == "auth" => add_auth(values, text),
                    value => add_json(values, value, is_config),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| add_json(values, item, is_config)),
        Value::String(text) => {
            values.add(text.as_bytes());
            values.add(text.trim().as_bytes());
        }
        Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

/// `user:password` in base64.
fn add_auth(values: &mut Values, text: &str) {
    values.add_encoded(text.as_bytes());
    let plain = base64(text.as_bytes());
    let start = plain.iter().position(|byte| *byte == b':').map_or(0, |colon| colon + 1);
    let password = plain.get(start..).unwrap_or_default();
    values.add(password);
    values.add(password.trim_ascii());
    values.add(String::from_utf8_lossy(password).trim_end_matches('\0').as_bytes());
}

/// The password in the text before the `@` of a URL.
fn add_login(values: &mut Values, text: &str) {
    let end = text.find(['/', ' ']).unwrap_or(text.len());
    if let Some((login, _)) = text.get(..end).and_then(|authority| authority.rsplit_once('@')) {
        values.add(login.split_once(':').map_or(login, |(_, password)| password).as_bytes());
    }
}
