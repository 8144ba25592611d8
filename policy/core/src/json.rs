//! The values of JSON texts. All of them are of one type, because a reader is compiled for each further type.

mod reader;

use std::borrow::Cow;

pub(crate) use reader::{excerpt, value};

/// A value that borrows from its JSON text.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// Null
    Null,
    /// A boolean
    Bool(bool),
    /// A number, exact up to 2⁵³
    Number(f64),
    /// A string, borrowed unless a character in it is escaped
    String(Cow<'a, str>),
    /// A list
    Array(Vec<Value<'a>>),
    /// The fields of an object, in the order of the text
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// The field `name`; of several the last one, as for Go. It is found by comparing with all, which is quick for the few fields
    /// that are read of most objects. Code that needs a field for each of many images reads it once.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.field(name).map(|(_, value)| value)
    }

    /// The same with its name, which is borrowed from the JSON text unless a character in it is escaped there.
    pub(crate) fn field(&self, name: &str) -> Option<&(Cow<'a, str>, Self)> {
        let Self::Object(fields) = self else { return None };
        // Lengths first, because comparing texts is a call.
        let is_it = |(known, _): &&(Cow<'_, str>, Self)| known.len() == name.len() && known == name;
        fields.iter().rev().find(is_it)
    }

    /// The value at a path of field names.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, name| value.get(name))
    }

    /// The string at a path of field names, empty where there is none.
    pub(crate) fn string_at(&self, path: &[&str]) -> &str {
        self.at(path).and_then(Self::as_str).unwrap_or_default()
    }

    /// The string that it is.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        if let Self::Number(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// What it is, without what it holds.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The same value without its text.
    pub(crate) fn into_owned(self) -> Value<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(value) => Value::Number(value),
            Self::String(text) => Value::String(own(text)),
            Self::Array(items) => Value::Array(items.into_iter().map(Value::into_owned).collect()),
            Self::Object(fields) => {
                let field = |(name, value): (_, Value<'_>)| (own(name), value.into_owned());
                Value::Object(fields.into_iter().map(field).collect())
            }
        }
    }
}

impl From<&serde_json::Value> for Value<'static> {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(value) => Self::Number(value.as_f64().unwrap_or_default()),
            Json::String(text) => Self::String(Cow::Owned(text.clone())),
            Json::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Json::Object(fields) => {
                let field = |(name, value): (&String, &Json)| (Cow::Owned(name.clone()), value.into());
                Self::Object(fields.iter().map(field).collect())
            }
        }
    }
}
