//! Reads JSON texts into one type of value, because a reader is compiled for each further type.

use serde_json::{Error, Value};

/// The value in a text.
///
/// # Errors
/// - the text is no JSON, or nested deeper than 127 levels
pub(crate) fn value(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text)
}
