//! Names added to a list in the text of a JSON object, while every other byte is unchanged.
//!
//! Text rather than a value: numbers beyond 64 bits, the order of keys and fields newer than any library survive.

use std::borrow::Cow;
use std::ops::Range;

use crate::json_fields;
use crate::request::Request;

/// The request's object with `{"name": …}` entries appended to the list at `path`, which is made where it is absent or
/// null. `None` where it is there, a field on the path occurs twice, and the first one is not an object.
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
        let start = match start(request, parent) {
            Some(start) => start,
            None => value(text, parent)?.start,
        };
        let fields = text.get(start..)?.strip_prefix('{')?;
        let open = text.len() - fields.len();
        let comma = if fields.trim_ascii_start().starts_with('}') { "" } else { "," };
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

/// Where the value at `path` begins: behind the name of its field, which is borrowed from the text. Reading the text once more
/// would make a small request take 7 % longer.
fn start(request: &Request<'_>, path: &[&str]) -> Option<usize> {
    let text = request.object_text;
    let (field, parent) = path.split_last()?;
    let (Cow::Borrowed(name), _) = request.object.at(parent)?.field(field)? else { return None };
    let end = name.as_ptr().addr().checked_sub(text.as_ptr().addr())? + name.len();
    let after = text.get(end..)?.strip_prefix('"')?.trim_ascii_start();
    let value = after.strip_prefix(':')?.trim_ascii_start();
    Some(text.len() - value.len())
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
