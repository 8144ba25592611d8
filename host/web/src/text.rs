//! Texts that people read: YAML of values, and places as JavaScript counts them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use review::yaml;

/// YAML that is read back as the very same value; JSON where the writer does not know the words of YAML 1.1.
pub(crate) fn yaml(value: &Value) -> String {
    // No one folds an image's name over two lines.
    let options = serde_saphyr::ser_options! { compact_list_indent: false, folded_wrap_chars: 4_000 };
    let written = serde_saphyr::to_string_with_options(value, options).unwrap_or_default();
    let (documents, error) = yaml::documents(&written);
    if error.is_none() && documents.len() == 1 && documents.first().is_some_and(|read| read.value == *value) {
        return written;
    }
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// Documents of one text.
pub(crate) fn yaml_documents<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    values.into_iter().map(yaml).collect::<Vec<_>>().join("---\n")
}

/// The UTF-16 offsets of byte offsets in a text.
pub(crate) fn utf16(text: &str, offsets: impl IntoIterator<Item = usize>) -> BTreeMap<usize, usize> {
    let mut units = BTreeMap::new();
    let (mut at, mut unit) = (0, 0);
    for offset in offsets.into_iter().collect::<BTreeSet<_>>() {
        unit += text.get(at..offset).map_or(0, |part| part.encode_utf16().count());
        at = offset;
        units.insert(offset, unit);
    }
    units
}
