//! Reads JSON texts into one type of value, because a reader is compiled for each further type.

use serde_json::{Error, Value};

/// The value in a text.
///
/// # Errors
/// - the text is no JSON, or nested deeper than 127 levels
pub(crate) fn value(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text)
}

/// What a value is, without what it holds.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
