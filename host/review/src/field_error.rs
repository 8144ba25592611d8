//! A value of a manifest, settings or config file as a type of ours; an invalid value is reported with its field path.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::json_pointer::escaped;

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
pub fn read<T: DeserializeOwned>(mut value: Value) -> Result<T, FieldError> {
    let error = match try_read::<T>(&value) {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    // serde's error distinguishes an unknown field from a wrong value only by its words. So try another value: an error
    // about the name stays.
    if let Some(wrong) = value.pointer_mut(&error.pointer) {
        *wrong = if wrong.is_null() { Value::Bool(true) } else { Value::Null };
    }
    let is_unknown = !error.pointer.is_empty() && try_read::<T>(&value).is_err_and(|other| other == error);
    Err(FieldError { is_unknown, ..error })
}

fn try_read<T: DeserializeOwned>(value: &Value) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(value).map_err(|error| FieldError {
        path: written(error.path()),
        pointer: pointer(error.path()),
        message: without_value(&error.into_inner().to_string()),
        is_unknown: false,
    })
}

/// serde's message without the value that it quotes, which may be a secret: the file may be the wrong one.
pub(crate) fn without_value(message: &str) -> String {
    // What is expected is this program's own text.
    let (found, expected) = match message.rsplit_once(", expected ") {
        Some((found, expected)) => (found, format!(", expected {expected}")),
        None => (message, String::new()),
    };
    if let Some(name) = found.strip_prefix("unknown field `") {
        let name = name.strip_suffix('`').unwrap_or_default();
        let name = if is_field_name(name) { format!(" `{name}`") } else { String::new() };
        return format!("unknown field{name}{expected}");
    }
    if found.starts_with("unknown variant ") {
        return format!("unknown value{expected}");
    }
    for kind in ["invalid type: ", "invalid value: "] {
        if let Some(value) = found.strip_prefix(kind) {
            return format!("{kind}{}{expected}", kind_of(value));
        }
    }
    message.to_owned()
}

/// serde's description of a value before it quotes it (`serde::de::Unexpected`).
fn kind_of(value: &str) -> &str {
    const KINDS: [&str; 9] = [
        "boolean",
        "integer",
        "floating point",
        "character",
        "string",
        "null",
        "sequence",
        "map",
        "unit value",
    ];
    KINDS.into_iter().find(|kind| value.starts_with(kind)).unwrap_or("value")
}

/// Whether a name may be shown: one that a field could have.
pub(crate) fn is_field_name(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The path of a field, as people write it.
fn written(path: &Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => text.extend(["[", &index.to_string(), "]"]),
            Segment::Map { key } => {
                text.push_str(if text.is_empty() { "" } else { "." });
                text.push_str(if is_field_name(key) { key } else { "…" });
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

    /// The file may be a link to another one, such as `.netrc`.
    #[test]
    fn an_error_says_where_and_what_is_expected_but_not_what_is_there() {
        let secret = "machine x login y password hunter2, expected `hunter2`";
        for (value, told) in [
            (json!(secret), "invalid type: string, expected struct Fields"),
            (json!({"flag": secret}), "flag: invalid type: string, expected a boolean"),
            (json!({"flag": 77123}), "flag: invalid type: integer, expected a boolean"),
            (json!({"number": 77123}), "number: invalid value: integer, expected u16"),
            (json!({"number": 1.77123}), "number: invalid type: floating point, expected u16"),
            (json!({"text": ["hunter2"]}), "text: invalid type: sequence, expected a string"),
            (json!({"text": {"hunter2": 1}}), "text: invalid type: map, expected a string"),
            (json!({"list": ["a", 77123]}), "list[1]: invalid type: integer, expected a string"),
            (json!({"word": "hunter2"}), "word: unknown value, expected `one` or `two`"),
            (json!({"word": true}), "word: invalid type: boolean, expected string or map"),
            (json!({"any": {secret: "hunter2"}}), "any.…: invalid type: string, expected a sequence"),
            (json!({"failon": 1}), "failon: unknown field `failon`, expected"),
            (json!({secret: 1}), "…: unknown field, expected one of"),
            (json!({"root:$6$hunter2": 1}), "…: unknown field, expected one of"),
            (json!({"a".repeat(41): "hunter2"}), "…: unknown field, expected one of"),
        ] {
            let error = read::<Fields>(value.clone()).unwrap_err().to_string();
            assert!(error.starts_with(told), "{value}: {error}");
            assert!(!error.contains("hunter2") && !error.contains("77123"), "{value}: {error}");
        }
        assert!(read::<Fields>(Value::Object(serde_json::Map::new())).is_ok());
    }
}
