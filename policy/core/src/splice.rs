//! Names added to a list in the text of a JSON object, while every other byte stays as it is.
//!
//! Text rather than a value: numbers beyond 64 bits, the order of keys and fields newer than any library survive.

use std::ops::Range;

/// Appends `{"name": …}` entries to the list at `path`, which is made where it is absent or null.
///
/// `text` is one valid JSON object. `None` where the path does not lead to a list in an object.
pub(crate) fn append(text: &str, path: &[&str], names: &[String]) -> Option<String> {
    let (field, parents) = path.split_last()?;
    let mut object = 0..text.len();
    for name in parents {
        object = member(text, object, name)?;
    }
    let entries: Vec<String> = names
        .iter()
        .map(|name| Some(format!("{{\"name\":{}}}", serde_json::to_string(name).ok()?)))
        .collect::<Option<_>>()?;
    let entries = entries.join(",");
    let Some(list) = member(text, object.clone(), field) else {
        let open = skip_blanks(text, object.start)?;
        let inside = skip_blanks(text, open + 1)?;
        let comma = if text.as_bytes().get(inside) == Some(&b'}') { "" } else { "," };
        return insert(text, open + 1..open + 1, &format!("\"{field}\":[{entries}]{comma}"));
    };
    match text.as_bytes().get(list.start)? {
        b'n' => insert(text, list, &format!("[{entries}]")),
        b'[' => {
            let end = list.end.checked_sub(1)?;
            let before = text.get(list.start..end)?.trim_ascii_end();
            let comma = if before == "[" { "" } else { "," };
            let end = list.start + before.len();
            insert(text, end..end, &format!("{comma}{entries}"))
        }
        _ => None,
    }
}

fn insert(text: &str, range: Range<usize>, addition: &str) -> Option<String> {
    let (before, after) = (text.get(..range.start)?, text.get(range.end..)?);
    Some([before, addition, after].concat())
}

/// The span of the value of `name` in the object that spans `object`. Of several the last counts, as it does for
/// `serde_json::Value` and for Go.
fn member(text: &str, object: Range<usize>, name: &str) -> Option<Range<usize>> {
    let mut at = skip_blanks(text, object.start)?;
    let mut found = None;
    if text.as_bytes().get(at) != Some(&b'{') {
        return None;
    }
    at = skip_blanks(text, at + 1)?;
    while text.as_bytes().get(at) == Some(&b'"') {
        let key_end = string_end(text, at)?;
        let key: std::borrow::Cow<'_, str> = match text.get(at + 1..key_end - 1)? {
            plain if !plain.contains('\\') => plain.into(),
            _ => serde_json::from_str::<String>(text.get(at..key_end)?).ok()?.into(),
        };
        let start = skip_blanks(text, skip_blanks(text, key_end)? + 1)?;
        let end = value_end(text, start)?;
        if key == name {
            found = Some(start..end);
        }
        at = skip_blanks(text, end)?;
        if text.as_bytes().get(at) == Some(&b',') {
            at = skip_blanks(text, at + 1)?;
        }
    }
    found
}

fn skip_blanks(text: &str, at: usize) -> Option<usize> {
    let rest = text.as_bytes().get(at..)?;
    let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
    Some(at + blanks)
}

/// The offset behind the string that starts at `at`.
fn string_end(text: &str, at: usize) -> Option<usize> {
    let mut escaped = false;
    for (i, byte) in text.as_bytes().get(at + 1..)?.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1 + i + 1),
            _ => {}
        }
    }
    None
}

/// The offset behind the value that starts at `at`. Brackets are only counted: the text is known to be valid.
fn value_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = string_end(text, at)?;
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ if depth == 0 => {
                let scalar = bytes.get(at..)?.iter();
                let length =
                    scalar.take_while(|b| !matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'));
                return Some(at + length.count());
            }
            _ => {}
        }
        at += 1;
    }
}
