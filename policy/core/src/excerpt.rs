//! An excerpt of an object: the fields that the decision reads. The rest, most of a pod, is passed over in the text
//! without being taken apart.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Fields that are read, wherever they stand, and whether whole; the others as an excerpt again.
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

/// Reads the excerpt of the object in a JSON text.
///
/// # Errors
/// - the text is no JSON, or what is read of it is nested too deep
pub(crate) fn read(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text).map(|Excerpt(value)| value)
}

struct Excerpt(Value);

impl<'de> Deserialize<'de> for Excerpt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values).map(Self)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    // A field of these names that is neither an object nor a list is read as null.

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E>(self, _: &str) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Excerpt(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(Name(known)) = fields.next_key()? {
            let Some((name, is_whole)) = known else {
                fields.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = if is_whole { fields.next_value()? } else { fields.next_value::<Excerpt>()?.0 };
            read.insert(name.to_owned(), value);
        }
        Ok(Value::Object(read))
    }
}

/// A name that is known, and whether its value is read whole.
struct Name(Option<(&'static str, bool)>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Names)
    }
}

struct Names;

impl Visitor<'_> for Names {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        // Lengths first: most fields of a pod have none of these names, and comparing texts is a call.
        let is_known = |(known, _): &&(&str, bool)| known.len() == name.len() && *known == name;
        Ok(Name(NAMES.iter().find(is_known).copied()))
    }
}
