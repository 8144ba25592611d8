//! A value of a manifest, settings or config file as a type of ours; an invalid value is reported with its field path.

mod typed;
mod words;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::json_pointer::escaped;
use typed::Typed;
use words::Words;

/// A field that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", of_field(path))]
pub struct FieldError {
    /// `spec.rules[0].operations`, as people write it; `.` for the whole
    pub path: String,
    /// JSON pointer of the same field
    pub pointer: String,
    /// What is wrong with it
    pub message: String,
    /// What to write; empty where the message says it
    pub help: String,
    /// Whether its name is wrong, so that no value would be valid
    pub is_unknown: bool,
}

fn of_field(path: &str) -> String {
    if path == "." { String::new() } else { format!("{path}: ") }
}

/// Reads a value.
///
/// # Errors
/// - the first field that is missing, unknown or of the wrong type
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(Typed(value)).map_err(|error| {
        let (path, pointer) = (written(error.path()), pointer(error.path()));
        let Words { message, help, is_unknown } = error.into_inner();
        FieldError { path, pointer, message, help, is_unknown }
    })
}

/// Whether a name may be shown: one that a field could have.
pub(crate) fn is_field_name(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a name may be shown in the path of a field: also one with hyphens or underscores, such as `fail-on`, because the text
/// was read, so that this is a key of it.
fn is_key(name: &str) -> bool {
    name.len() <= 40 && is_field_name(&name.replace(['-', '_'], ""))
}

/// The path of a field, as people write it.
fn written(path: &Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => text.extend(["[", &index.to_string(), "]"]),
            Segment::Map { key } => {
                text.push_str(if text.is_empty() { "" } else { "." });
                text.push_str(if is_key(key) { key } else { "…" });
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

fn pointer(path: &Path) -> String {
    let tokens = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", escaped(key)),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    });
    tokens.collect()
}

/// Reads null as the default, as the API server does for fields that have one.
///
/// # Errors
/// - a value of another type
pub fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::read;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        One,
        Two,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the errors are looked at")]
    struct Fields {
        flag: Option<bool>,
        number: Option<u16>,
        text: Option<String>,
        list: Option<Vec<String>>,
        word: Option<Word>,
        any: Option<BTreeMap<String, Vec<String>>>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only the errors are looked at")]
    struct Required {
        name: String,
    }

    /// The file may be a link to another one, such as `.netrc`.
    #[test]
    fn an_error_says_where_and_what_is_expected_but_not_what_is_there() {
        let secret = "machine x login y password hunter2, expected `hunter2`";
        for (value, told) in [
            (json!(secret), "must be an object, not a string"),
            (json!({"flag": secret}), "flag: must be true or false, not a string"),
            (json!({"flag": 77123}), "flag: must be true or false, not a number"),
            (json!({"number": 77123}), "number: must be a whole number below 65536"),
            (json!({"number": 1.77123}), "number: must be a whole number below 65536, not a fraction"),
            (json!({"text": ["hunter2"]}), "text: must be a string, not a list"),
            (json!({"text": {"hunter2": 1}}), "text: must be a string, not an object"),
            (json!({"list": ["a", 77123]}), "list[1]: must be a string, not a number"),
            (json!({"list": "hunter2"}), "list: must be a list, not a string"),
            (json!({"word": "hunter2"}), "word: must be one or two"),
            (json!({"word": true}), "word: must be a string, not a boolean"),
            (json!({"any": {secret: "hunter2"}}), "any.…: must be a list, not a string"),
            (json!({"failon": 1}), "failon: unknown field"),
            (json!({"fail-on": 1}), "fail-on: unknown field"),
            (json!({"fail_on": 1}), "fail_on: unknown field"),
            (json!({secret: 1}), "…: unknown field"),
            (json!({"root:$6$hunter2": 1}), "…: unknown field"),
            (json!({"a".repeat(41): "hunter2"}), "…: unknown field"),
            (json!({"a-_".repeat(14): "hunter2"}), "…: unknown field"),
        ] {
            let error = read::<Fields>(value.clone()).unwrap_err();
            let help = error.help.clone();
            let error = error.to_string();
            assert_eq!(error, told, "{value}");
            assert!(!help.contains("hunter2"), "{help}");
            assert!(!error.contains("hunter2") && !error.contains("77123"), "{value}: {error}");
        }
        assert!(read::<Fields>(Value::Object(serde_json::Map::new())).is_ok());
    }

    #[test]
    fn an_unknown_field_has_a_suggestion() {
        for (name, help) in [
            ("FLAGS", "did you mean flag?"),
            ("numbr", "did you mean number?"),
            ("xyz", "use one of flag, number, text, list, word, any"),
        ] {
            let error = read::<Fields>(json!({name: 1})).unwrap_err();
            assert_eq!((error.help.as_str(), error.is_unknown), (help, true), "{name}");
        }
        let error = read::<Required>(json!({})).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.is_unknown), ("name is missing", false));
    }
}
