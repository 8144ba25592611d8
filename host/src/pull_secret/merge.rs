//! Pull secrets that get further logins. Errors never show a value of it.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value};

use super::auths::Auths;
use super::time::{End, Time};
use super::{CONFIG_KEY, EXPIRES, Login, TYPE};
use review::yaml;

/// Why a text is not a pull secret that can get logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// No manifest
    #[error("it is not the manifest of a Secret, or of a List of them")]
    Objects,
    /// Another kind
    #[error("it has an object that is not a Secret")]
    Kind,
    /// Another type of Secret
    #[error("it has a Secret whose type is not kubernetes.io/dockerconfigjson")]
    Type,
    /// No docker config that can be read
    #[error("it has a Secret whose .dockerconfigjson is not a docker config in base64")]
    Config,
    /// Metadata of the wrong type
    #[error("it has a Secret whose metadata, or the labels or annotations in it, are not an object")]
    Metadata,
}

impl MergeError {
    /// What to type.
    pub fn help(self) -> &'static str {
        match self {
            Self::Objects | Self::Kind | Self::Type => {
                "pass what `kubectl get secret NAME -o yaml` prints, or this command with several -n"
            }
            Self::Config | Self::Metadata => "make a new secret, without --merge",
        }
    }
}

/// A secret with its further logins.
pub struct Merged {
    /// The secret
    pub object: Value,
    /// The keys whose logins were replaced
    pub replaced: Vec<String>,
}

impl Merged {
    fn word(&self, field: &str) -> &str {
        let metadata = self.object.get("metadata");
        metadata.and_then(|metadata| metadata.get(field)).and_then(Value::as_str).unwrap_or_default()
    }

    /// The namespace in it.
    pub fn namespace(&self) -> &str {
        self.word("namespace")
    }

    /// Its namespace, where it has one, and its name: `shop/acr-secret`.
    pub fn title(&self) -> String {
        match self.namespace() {
            "" => self.word("name").to_owned(),
            namespace => format!("{namespace}/{}", self.word("name")),
        }
    }

    /// When the first of its credentials ends, as its annotation says.
    pub fn expires(&self) -> Option<Time> {
        Time::parse(self.object.get("metadata")?.get("annotations")?.get(EXPIRES)?.as_str()?)
    }
}

/// Adds logins to each secret in a manifest, and says when the first of its credentials ends.
///
/// # Errors
/// - a text that is not a manifest, or one of anything but pull secrets
pub fn merge(text: &str, logins: &[Login], end: End) -> Result<Vec<Merged>, MergeError> {
    let (documents, error) = yaml::documents(text);
    if error.is_some() {
        return Err(MergeError::Objects);
    }
    let objects: Vec<Value> = documents.into_iter().flat_map(|document| items(document.value)).collect();
    if objects.is_empty() {
        return Err(MergeError::Objects);
    }
    objects.into_iter().map(|object| merge_into(object, logins, end)).collect()
}

/// The objects of a `List`, or the one object.
fn items(mut object: Value) -> Vec<Value> {
    let is = |field: &str, wanted: &str| object.get(field).and_then(Value::as_str) == Some(wanted);
    if !is("apiVersion", "v1") || !(is("kind", "List") || is("kind", "SecretList")) {
        return vec![object];
    }
    match object.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

fn merge_into(object: Value, logins: &[Login], end: End) -> Result<Merged, MergeError> {
    let Value::Object(mut object) = object else { return Err(MergeError::Objects) };
    let is = |field: &str, wanted: &str| object.get(field).and_then(Value::as_str) == Some(wanted);
    if !is("apiVersion", "v1") || !is("kind", "Secret") {
        return Err(MergeError::Kind);
    }
    if !is("type", TYPE) {
        return Err(MergeError::Type);
    }
    // The API server takes the text of stringData where both have it.
    let in_text = object.get("stringData").and_then(|data| data.get(CONFIG_KEY)).is_some();
    let data = if in_text { "stringData" } else { "data" };
    let Some(Value::String(config)) = object.get_mut(data).and_then(|data| data.get_mut(CONFIG_KEY)) else {
        return Err(MergeError::Config);
    };
    let decoded = if in_text { Some(config.clone()) } else { decode(config) };
    let mut auths = decoded.and_then(|text| Auths::read(&text)).ok_or(MergeError::Config)?;
    let mut replaced = Vec::new();
    let before = auths.count();
    for login in logins {
        replaced.extend(auths.put(login).map_err(|_| MergeError::Config)?);
    }
    let others = before.saturating_sub(replaced.len());
    let json = auths.json().map_err(|_| MergeError::Config)?;
    *config = if in_text { json } else { BASE64_STANDARD.encode(json) };
    annotate(&mut object, end, others > 0)?;
    Ok(Merged { object: Value::Object(object), replaced })
}

fn decode(base64: &str) -> Option<String> {
    let base64: String = base64.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    String::from_utf8(BASE64_STANDARD.decode(base64).ok()?).ok()
}

/// Writes the earliest end of its credentials.
fn annotate(object: &mut Map<String, Value>, end: End, has_others: bool) -> Result<(), MergeError> {
    let metadata = entry(object, "metadata")?;
    let old = metadata.get("annotations").and_then(|all| all.get(EXPIRES)).and_then(Value::as_str);
    let old = old.and_then(Time::parse).filter(|_| has_others);
    match (end, old) {
        (End::At(new), old) => {
            let first = old.map_or(new, |old| old.min(new));
            entry(metadata, "annotations")?.insert(EXPIRES.to_owned(), first.to_string().into());
        }
        // The annotation is about the credentials that are still there.
        (_, Some(_)) => {}
        (_, None) => {
            if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
                annotations.remove(EXPIRES);
                if annotations.is_empty() {
                    metadata.remove("annotations");
                }
            }
        }
    }
    Ok(())
}

/// The object in a field, which is added where it is missing.
fn entry<'a>(
    object: &'a mut Map<String, Value>,
    field: &str,
) -> Result<&'a mut Map<String, Value>, MergeError> {
    let value = object.entry(field).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().ok_or(MergeError::Metadata)
}
