//! A docker config as the kubelet decodes it: the credentials of a pull secret, each under its key.
//!
//! kubelet: pkg/credentialprovider/config.go; Go: `encoding/json` (field names in any case, the last of several
//! wins, null does not change a field). No value is ever shown, neither in an error nor for debugging.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::base64::{CorruptInput, Padding, decode};
use crate::json::{self, Value};

/// User name and password, as the kubelet hands them to the container runtime.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credential {
    /// User name
    pub username: String,
    /// Password or token
    pub password: String,
    /// Whether the entry has a second password in addition to that of its `auth`, which the kubelet does not use
    pub is_contradicted: bool,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(…)")
    }
}

/// The two forms of a docker config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `config.json`: `{"auths": {…}}`
    ConfigJson,
    /// `.dockercfg`: the entries without a wrapper
    Cfg,
}

/// Why the kubelet cannot decode a docker config.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not JSON, at this line and column
    Syntax(usize, usize),
    /// Nested deeper than Go reads
    Depth,
    /// This field has the wrong type
    Type(&'static str, &'static str),
    /// The `auth` of an entry is not base64
    Base64(CorruptInput),
    /// The `auth` of an entry has no colon between user name and password
    NoColon,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(line, column) => write!(f, "it is not JSON at line {line}, column {column}"),
            Self::Depth => f.write_str("it is nested too deep"),
            Self::Type(field, wanted) => write!(f, "{field} must be {wanted}"),
            Self::Base64(error) => write!(f, "an auth field: {error}"),
            Self::NoColon => f.write_str("an auth field is not base64(username:password)"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Decodes the text of a docker config into its entries.
///
/// # Errors
/// - an error that makes the kubelet refuse the secret, and with it every pull of the pod
pub fn decode_config(text: &[u8], form: Form) -> Result<BTreeMap<String, Credential>, ConfigError> {
    // Go replaces bytes that are not UTF-8 with the replacement character.
    let mut text = String::from_utf8_lossy(text).into_owned().into_bytes();
    read_as_go(&mut text)?;
    let text = String::from_utf8(text).unwrap_or_default();
    let raw: &RawValue =
        serde_json::from_str(&text).map_err(|e| ConfigError::Syntax(e.line(), e.column()))?;
    let mut entries = BTreeMap::new();
    match form {
        Form::Cfg => add_entries(raw, "the docker config", &mut entries)?,
        Form::ConfigJson => {
            for (name, value) in &pairs(raw, "the docker config")? {
                if is_field(name, "auths") {
                    add_entries(value, "auths", &mut entries)?;
                } else if is_field(name, "HttpHeaders") {
                    for (_, header) in &pairs(value, "HttpHeaders")? {
                        string(header, "a value of HttpHeaders")?;
                    }
                }
            }
        }
    }
    Ok(entries)
}

/// Go's `encoding/json` takes half of a surrogate pair for U+FFFD, which is written over it here, and gives up below 10,000
/// levels. decode.go: `unquoteBytes`, scanner.go: `pushParseState`
fn read_as_go(text: &mut [u8]) -> Result<(), ConfigError> {
    const DEEPEST: i32 = 10_000;
    let (mut at, mut depth, mut is_quoted) = (0, 0, false);
    while let Some(byte) = text.get(at) {
        let mut width = 1;
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'[' | b'{' if !is_quoted => depth += 1,
            b']' | b'}' if !is_quoted => depth -= 1,
            b'\\' => match (surrogate(text, at), surrogate(text, at + 6)) {
                (Some(b'8'..=b'B'), Some(b'C'..=b'F')) => width = 12,
                (Some(_), _) => {
                    if let Some(digits) = text.get_mut(at + 2..at + 6) {
                        digits.copy_from_slice(b"FFFD");
                    }
                    width = 6;
                }
                _ => width = 2,
            },
            _ => {}
        }
        if depth > DEEPEST {
            return Err(ConfigError::Depth);
        }
        at += width;
    }
    Ok(())
}

/// The second digit of the half of a surrogate pair that is escaped there, in upper case: `8` to `B` for the first half.
fn surrogate(text: &[u8], at: usize) -> Option<u8> {
    match text.get(at..at + 6)? {
        [b'\\', b'u', b'd' | b'D', second, third, fourth] => {
            let second = second.to_ascii_uppercase();
            let is_half = second >= b'8' && [second, *third, *fourth].iter().all(u8::is_ascii_hexdigit);
            is_half.then_some(second)
        }
        _ => None,
    }
}

/// An object's fields in their order, with repetitions.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(Fields).map(Pairs)
    }
}

fn pairs<'a>(raw: &'a RawValue, field: &'static str) -> Result<Vec<(String, &'a RawValue)>, ConfigError> {
    if raw.get() == "null" {
        return Ok(Vec::new());
    }
    let pairs: Result<Pairs<'_>, _> = serde_json::from_str(raw.get());
    pairs.map(|Pairs(pairs)| pairs).map_err(|_| ConfigError::Type(field, "an object"))
}

fn string(raw: &RawValue, field: &'static str) -> Result<Option<String>, ConfigError> {
    match json::value(raw.get()) {
        Ok(Value::String(text)) => Ok(Some(text.into_owned())),
        Ok(Value::Null) => Ok(None),
        _ => Err(ConfigError::Type(field, "a string")),
    }
}

fn add_entries(
    raw: &RawValue,
    field: &'static str,
    entries: &mut BTreeMap<String, Credential>,
) -> Result<(), ConfigError> {
    if raw.get() == "null" {
        entries.clear();
    }
    for (key, entry) in pairs(raw, field)? {
        let credential = decode_entry(entry)?;
        entries.insert(key, credential);
    }
    Ok(())
}

/// kubelet: config.go `DockerConfigEntry.UnmarshalJSON`
fn decode_entry(raw: &RawValue) -> Result<Credential, ConfigError> {
    let mut credential = Credential::default();
    let mut auth = String::new();
    for (name, value) in pairs(raw, "an entry of auths")? {
        let read = |field: &'static str, target: &mut String| -> Result<(), ConfigError> {
            if is_field(&name, field)
                && let Some(text) = string(value, field)?
            {
                *target = text;
            }
            Ok(())
        };
        read("username", &mut credential.username)?;
        read("password", &mut credential.password)?;
        read("email", &mut String::new())?;
        read("auth", &mut auth)?;
    }
    if auth.is_empty() {
        return Ok(credential);
    }
    let mut decoded = decode_auth(&auth)?;
    decoded.is_contradicted = !credential.password.is_empty() && credential.password != decoded.password;
    Ok(decoded)
}

/// Decodes `auth`. kubelet: config.go `decodeDockerConfigFieldAuth`
///
/// # Errors
/// - not base64, or no colon in it
pub fn decode_auth(auth: &str) -> Result<Credential, ConfigError> {
    let padding = if auth.trim().ends_with('=') { Padding::Needed } else { Padding::Forbidden };
    let decoded = decode(auth.as_bytes(), padding).map_err(ConfigError::Base64)?;
    let decoded = String::from_utf8_lossy(&decoded);
    let (username, password) = decoded.split_once(':').ok_or(ConfigError::NoColon)?;
    Ok(Credential { username: username.to_owned(), password: password.to_owned(), is_contradicted: false })
}

/// Go matches field names without regard to case; by Unicode's folding two letters have a third form.
fn is_field(name: &str, field: &str) -> bool {
    let fold = |c: char| match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    name.chars().map(fold).eq(field.chars().map(fold))
}
