//! The parts of an admission request that the decision reads.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use serde_json::value::RawValue;

/// What happens to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It is created
    Create,
    /// It, or one of its subresources, is changed
    Update,
    /// It is deleted, or connected to: nothing is pulled because of that
    Other,
}

/// An admission request, read leniently: what has the wrong type counts as absent.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// What happens to the object
    pub operation: Operation,
    /// API group, empty for the core group
    pub group: String,
    /// Kind of the object
    pub kind: String,
    /// Namespace, empty where there is none
    pub namespace: String,
    /// Subresource, empty where there is none
    pub subresource: String,
    /// Who makes the request
    pub username: String,
    /// The object as it is to be
    pub object: Value,
    /// The object as it was
    pub old_object: Value,
    /// The JSON text of `object`
    pub object_text: &'a str,
}

impl<'a> Request<'a> {
    /// Reads the JSON text of an `AdmissionRequest`.
    ///
    /// # Errors
    /// - the text, its `object` or its `oldObject` is no JSON that can be read
    pub fn parse(text: &'a str) -> Result<Self, RequestError> {
        let fields: BTreeMap<String, &'a RawValue> =
            serde_json::from_str(text).map_err(|e| RequestError::unreadable("the admission request", &e))?;
        let value = |name: &str| -> Result<Value, RequestError> {
            let Some(raw) = fields.get(name) else { return Ok(Value::Null) };
            serde_json::from_str(raw.get()).map_err(|e| RequestError::unreadable(name, &e))
        };
        let word = |name: &str| value(name).map(|value| value.as_str().unwrap_or_default().to_owned());
        let object = value("object")?;
        let (group, kind) = kind_of(&value("kind")?, &object);
        let mut namespace = word("namespace")?;
        if namespace.is_empty() {
            string_at(&object, "/metadata/namespace").clone_into(&mut namespace);
        }
        Ok(Self {
            operation: match word("operation")?.as_str() {
                "DELETE" | "CONNECT" => Operation::Other,
                "UPDATE" => Operation::Update,
                _ => Operation::Create,
            },
            group,
            kind,
            namespace,
            subresource: word("subResource")?,
            username: string_at(&value("userInfo")?, "/username").to_owned(),
            object,
            old_object: value("oldObject")?,
            object_text: fields.get("object").map_or("null", |raw| raw.get()),
        })
    }

    /// Whether nothing can be pulled because of this request, whatever the object holds.
    pub fn is_beside_the_point(&self) -> bool {
        self.operation == Operation::Other
            || self.object.is_null()
            || !(self.subresource.is_empty() || self.subresource == "ephemeralcontainers")
            || self.object.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null())
    }
}

/// Group and kind: the request's where it has them, otherwise the object's own.
fn kind_of(requested: &Value, object: &Value) -> (String, String) {
    match string_at(requested, "/kind") {
        "" => {
            let api_version = string_at(object, "/apiVersion");
            let group = api_version.split_once('/').map_or("", |(group, _)| group);
            (group.to_owned(), string_at(object, "/kind").to_owned())
        }
        kind => (string_at(requested, "/group").to_owned(), kind.to_owned()),
    }
}

/// The string at a JSON pointer, empty where there is none.
pub(crate) fn string_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Why a payload holds no admission request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestError(pub(crate) String);

impl RequestError {
    /// Says where reading stopped. The library's own texts would cost more bytes than the parsing of images.
    pub(crate) fn unreadable(what: &str, error: &serde_json::Error) -> Self {
        let reason =
            if error.is_eof() { "it ends too early" } else { "it is no JSON object, or nested too deep" };
        Self(format!("{what} cannot be read at line {}, column {}: {reason}", error.line(), error.column()))
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RequestError {}
