//! A value of a manifest, settings or config file as a type of ours; what does not fit is named by its field path.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::json_pointer::escaped;

/// A field that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", of_field(path))]
pub struct FieldError {
    /// `spec.rules[0].operations`, as people write it; `.` for the whole
    pub path: String,
    /// JSON pointer of the same field
    pub pointer: String,
    /// What is wrong with it
    pub message: String,
    /// Whether its name is what is wrong, so that no value would do
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
        path: error.path().to_string(),
        pointer: pointer(error.path()),
        message: error.into_inner().to_string(),
        is_unknown: false,
    })
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
