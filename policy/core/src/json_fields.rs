//! The texts of fields in the text of a JSON object, found in one go.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::ascii;

/// The texts of the values at `paths` (`spec/template`), borrowed. A path that is a prefix of another one gets an empty text,
/// which means that it exists. Of several fields with one name the last counts, as it does for `serde_json::Value` and for Go.
/// A path cannot refer to a field with a slash in its name.
///
/// # Errors
/// - the text, or a value on the way to a path, is not a JSON object
pub(crate) fn read<'a, const N: usize>(
    text: &'a str,
    paths: [&str; N],
) -> Result<[Option<&'a str>; N], serde_json::Error> {
    let mut found = [None; N];
    find(text, &paths, &mut found)?;
    Ok(found)
}

// A function of its own, because the one above is compiled for each number of paths.
fn find<'a>(text: &'a str, paths: &[&str], found: &mut [Option<&'a str>]) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Fields { paths, within: "", found }.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// The fields of an object.
struct Fields<'p, 'a> {
    paths: &'p [&'p str],
    /// The path of the object, with a slash behind it
    within: &'p str,
    found: &'p mut [Option<&'a str>],
}

impl<'a> DeserializeSeed<'a> for Fields<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Fields<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut fields: A) -> Result<(), A::Error> {
        let Self { paths, within, found } = self;
        for (found, _) in found.iter_mut().zip(paths).filter(|(_, path)| path.starts_with(within)) {
            *found = None;
        }
        while let Some(Field { at, inner }) = fields.next_key_seed(Names { paths, within })? {
            let text = match inner {
                Some(within) => {
                    fields.next_value_seed(Fields { paths, within, found: &mut *found }).map(|()| "")?
                }
                None => fields.next_value::<&RawValue>()?.get(),
            };
            if let Some(found) = at.and_then(|at| found.get_mut(at)) {
                *found = Some(text);
            }
        }
        Ok(())
    }
}

/// Which path a name ends, and which continues after it.
struct Field<'p> {
    at: Option<usize>,
    inner: Option<&'p str>,
}

/// Reads the name of a field in the object `within` without keeping it.
struct Names<'p> {
    paths: &'p [&'p str],
    within: &'p str,
}

impl<'de, 'p> DeserializeSeed<'de> for Names<'p> {
    type Value = Field<'p>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field<'p>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'p> Visitor<'_> for Names<'p> {
    type Value = Field<'p>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Field<'p>, E> {
        let Self { paths, within } = self;
        let mut field = Field { at: None, inner: None };
        let end = within.len() + name.len();
        for (i, path) in paths.iter().enumerate() {
            // The end of the name is compared first: most names are not part of any path, and comparing texts is a call.
            let ends_path = path.len() == end;
            if !ends_path && path.as_bytes().get(end) != Some(&b'/') {
                continue;
            }
            if path.get(within.len()..end) != Some(name)
                || !path.starts_with(within)
                || ascii::has_any(name, "/")
            {
                continue;
            }
            if ends_path {
                field.at = Some(i);
            } else {
                field.inner = path.get(..=end);
            }
        }
        Ok(field)
    }
}
