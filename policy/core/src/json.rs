//! Values from JSON texts: one reader of one kind of value, because each more is compiled anew.

use serde_json::{Error, Value};

/// The value in a text.
///
/// # Errors
/// - the text is no JSON, or nested deeper than 127 levels
pub(crate) fn value(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text)
}
