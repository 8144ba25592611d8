//! The fields of an output.

use serde_json::{Map, Value};

use super::super::az_commands::Commands;
use super::error::{AzureError, PASSWORD};
use super::not_json;
use super::yaml;

/// The value of an output, which is JSON or YAML.
///
/// # Errors
/// - no object and no list, or more than one
pub(super) fn value(text: &str) -> Result<Value, AzureError> {
    if text.trim().is_empty() {
        return Err(AzureError::Empty);
    }
    let (mut documents, error) = yaml::documents(text);
    match documents.pop() {
        Some(document)
            if documents.is_empty()
                && error.is_none()
                && (document.value.is_object() || document.value.is_array()) =>
        {
            Ok(document.value)
        }
        _ => Err(not_json::format(text)),
    }
}

/// The fields of an object in the output of a command.
pub(super) struct Fields<'a> {
    /// The commands
    pub(super) commands: Commands,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// Those of a value; `None` if it is not an object.
    pub(super) fn new(commands: Commands, value: &'a Value) -> Option<Self> {
        Some(Self { commands, map: value.as_object()? })
    }

    /// Whether all of these fields are there, also those that are null.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.map.contains_key(*name))
    }

    /// Whether an object in a list has one of these fields.
    pub(super) fn any_of(&self, list: &str, names: &[&str]) -> bool {
        let entries = self.map.get(list).and_then(Value::as_array);
        entries.into_iter().flatten().any(|entry| names.iter().any(|name| entry.get(name).is_some()))
    }

    /// Whether a field is missing or null.
    pub(super) fn is_null(&self, field: &str) -> bool {
        self.map.get(field).is_none_or(Value::is_null)
    }

    /// A text, where there is one.
    pub(super) fn optional(&self, field: &str) -> Option<&'a str> {
        self.map.get(field)?.as_str()
    }

    pub(super) fn refuse(&self, field: &'static str, wanted: &'static str) -> AzureError {
        AzureError::Type { commands: self.commands, field, found: self.map.get(field).into(), wanted }
    }

    /// A text that is as it has to be.
    pub(super) fn text(
        &self,
        field: &'static str,
        wanted: &'static str,
        is_right: fn(&str) -> bool,
    ) -> Result<String, AzureError> {
        let text = self.optional(field).filter(|text| is_right(text));
        text.map(str::to_owned).ok_or_else(|| self.refuse(field, wanted))
    }

    /// A password.
    pub(super) fn password(&self, field: &'static str) -> Result<String, AzureError> {
        self.text(field, PASSWORD, |text| !text.is_empty())
    }

    /// One of several texts.
    pub(super) fn one_of(
        &self,
        field: &'static str,
        names: &[&'static str],
    ) -> Result<&'static str, AzureError> {
        let text = self.optional(field);
        let found = names.iter().find(|name| Some(**name) == text);
        found.copied().ok_or_else(|| self.refuse(field, "the name of a password, such as password1"))
    }

    /// The fields of an object in it.
    pub(super) fn object(&self, field: &'static str) -> Result<Fields<'a>, AzureError> {
        let inner = self.map.get(field).and_then(|value| Fields::new(self.commands, value));
        inner.ok_or_else(|| self.refuse(field, "an object"))
    }

    /// The objects in a list in it.
    pub(super) fn objects(&self, field: &'static str) -> Result<Vec<Fields<'a>>, AzureError> {
        let all = self.map.get(field).and_then(Value::as_array);
        let all = all.and_then(|all| all.iter().map(|value| Fields::new(self.commands, value)).collect());
        all.ok_or_else(|| self.refuse(field, "a list of objects"))
    }
}
