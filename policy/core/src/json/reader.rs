//! Reads JSON texts, whole or as an excerpt: the fields that the decision reads of an object. The rest, most of a pod, is
//! skipped in the text without being parsed.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Error;

use super::Value;

/// Fields that are read at any depth, and whether whole; the others as an excerpt again.
const NAMES: [(&str, bool); 25] = [
    ("containers", false),
    ("ephemeralContainers", false),
    ("initContainers", false),
    ("jobTargetRef", false),
    ("jobTemplate", false),
    ("metadata", false),
    ("spec", false),
    ("template", false),
    ("volumes", false),
    ("annotations", true),
    ("apiVersion", true),
    ("data", true),
    ("deletionTimestamp", true),
    ("image", true),
    ("imagePullPolicy", true),
    ("imagePullSecrets", true),
    ("kind", true),
    ("name", true),
    ("namespace", true),
    ("nodeName", true),
    ("ownerReferences", true),
    ("secrets", true),
    ("serviceAccount", true),
    ("serviceAccountName", true),
    ("type", true),
];

/// The value in a text.
///
/// # Errors
/// - the text is not JSON, or nested deeper than 127 levels
pub(crate) fn value(text: &str) -> Result<Value<'_>, Error> {
    read(text, Part { is_whole: true })
}

/// The excerpt of the object in a text.
///
/// # Errors
/// - the text is not JSON, or what is read of it is nested deeper than 127 levels
pub(crate) fn excerpt(text: &str) -> Result<Value<'_>, Error> {
    read(text, Part { is_whole: false })
}

fn read(text: &str, part: Part) -> Result<Value<'_>, Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = part.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// A value that is read whole or as an excerpt.
#[derive(Clone, Copy)]
struct Part {
    is_whole: bool,
}

impl Part {
    /// Where only objects and lists are read, another value counts as null.
    fn plain(self, value: Value<'_>) -> Value<'_> {
        if self.is_whole { value } else { Value::Null }
    }
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(self.plain(Value::Bool(value)))
    }

    #[allow(clippy::cast_precision_loss, reason = "no number that is read is that large")]
    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(self.plain(Value::Number(value as f64)))
    }

    #[allow(clippy::cast_precision_loss, reason = "no number that is read is that large")]
    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(self.plain(Value::Number(value as f64)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(self.plain(Value::Number(value)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(self.plain(Value::String(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(self.plain(Value::String(Cow::Owned(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value<'de>, A::Error> {
        let mut read = Vec::new();
        while let Some(name) = fields.next_key_seed(Name { of: self })? {
            match name {
                Some((name, part)) => read.push((name, fields.next_value_seed(part)?)),
                None => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(read))
    }
}

/// The name of a field in an object, and what is read of its value; `None` where nothing is.
struct Name {
    of: Part,
}

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<(Cow<'de, str>, Part)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Option<(Cow<'de, str>, Part)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(self.part(name).map(|part| (Cow::Borrowed(name), part)))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.part(name).map(|part| (Cow::Owned(name.to_owned()), part)))
    }
}

impl Name {
    /// What is read of the value.
    fn part(&self, name: &str) -> Option<Part> {
        if self.of.is_whole {
            return Some(self.of);
        }
        // Lengths first: most fields of a pod have none of these names, and comparing texts is a call.
        let is_known = |(known, _): &&(&str, bool)| known.len() == name.len() && *known == name;
        let (_, is_whole) = *NAMES.iter().find(is_known)?;
        Some(Part { is_whole })
    }
}
