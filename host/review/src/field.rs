//! A field of an object by the names on the path to it.

use serde_json::Value;

/// The field at a path; `None` where there is none. A JSON pointer would have to be parsed, and each of its names copied, every
/// time.
pub(crate) fn field<'a>(object: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, name| value.get(name))
}

/// The text at a path; `None` where there is none or an empty one.
pub(crate) fn word<'a>(object: &'a Value, path: &[&str]) -> Option<&'a str> {
    field(object, path)?.as_str().filter(|word| !word.is_empty())
}
