//! Fields of an object.

use serde_json::Value;

/// The text at a JSON pointer; empty where there is none.
pub(crate) fn word<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
