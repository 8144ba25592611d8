//! Names added to a list in the text of a JSON object, while every other byte is unchanged.
//!
//! Text rather than a value: numbers beyond 64 bits, the order of keys and fields newer than any library survive.

use std::ops::Range;

use crate::json_fields;
use crate::request::Request;

/// The request's object with `{"name": …}` entries appended to the list at `path`, which is made where it is absent or
/// null. `None` where a field on the path occurs twice, and the first one is not an object.
pub(crate) fn append(request: &Request<'_>, path: &[&str], names: &[String]) -> Option<String> {
    let text = request.object_text;
    let (field, parent) = path.split_last()?;
    let is_there = request.object.at(path).is_some();
    let entries: Vec<String> = names
        .iter()
        .map(|name| Some(["{\"name\":", &serde_json::to_string(name).ok()?, "}"].concat()))
        .collect::<Option<_>>()?;
    let entries = entries.join(",");
    if !is_there {
        let open = value(text, parent)?.start + 1;
        let comma = if text.get(open..)?.trim_ascii_start().starts_with('}') { "" } else { "," };
        return insert(text, open..open, &["\"", field, "\":[", &entries, "]", comma].concat());
    }
    let list = value(text, path)?;
    match text.as_bytes().get(list.start)? {
        b'n' => insert(text, list, &["[", &entries, "]"].concat()),
        b'[' => {
            let end = list.end.checked_sub(1)?;
            let before = text.get(list.start..end)?.trim_ascii_end();
            let comma = if before == "[" { "" } else { "," };
            let end = list.start + before.len();
            insert(text, end..end, &[comma, &entries].concat())
        }
        _ => None,
    }
}

fn insert(text: &str, range: Range<usize>, addition: &str) -> Option<String> {
    let (before, after) = (text.get(..range.start)?, text.get(range.end..)?);
    Some([before, addition, after].concat())
}

/// The span of the value at `path`.
fn value(text: &str, path: &[&str]) -> Option<Range<usize>> {
    let mut value = text.trim_ascii();
    if !path.is_empty() {
        let [found] = json_fields::read(text, [&path.join("/")]).ok()?;
        value = found?;
    }
    let start = value.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    Some(start..start + value.len())
}
