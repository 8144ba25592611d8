//! JSON that may be read in a terminal or the log of a CI system: valid JSON without anything that a terminal or CI system
//! interprets.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use review::foreign_text::is_active;
use serde::Serialize;

/// Writes a value on one line, without a line end.
///
/// # Errors
/// - the output cannot be written
pub fn write(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(escaped(&serde_json::to_string(value)?).as_bytes())
}

/// Writes a value in indented lines, without a line end.
///
/// # Errors
/// - the output cannot be written
pub fn write_pretty(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(escaped(&serde_json::to_string_pretty(value)?).as_bytes())
}

/// A value on one line.
///
/// # Errors
/// - it has no JSON form
pub fn in_one_line(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(escaped(&serde_json::to_string(value)?).into_owned())
}

/// A value in indented lines.
///
/// # Errors
/// - it has no JSON form
pub fn pretty(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(escaped(&serde_json::to_string_pretty(value)?).into_owned())
}

/// A JSON text with escapes for characters that serde does not escape. Outside of strings, only line ends are among these
/// characters.
fn escaped(json: &str) -> Cow<'_, str> {
    let is_special = |c: char| (c != '\n' && is_active(c)) || c == '#';
    if !json.contains(|c: char| is_special(c) && c != '#') && !json.contains("##") {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len() + 64);
    let mut follows_hash = false;
    for c in json.chars() {
        // Without two of them in sequence, there is no `##[`.
        if (is_special(c) && c != '#') || (c == '#' && follows_hash) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(c);
        }
        follows_hash = c == '#' && !follows_hash;
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{write, write_pretty};

    #[test]
    fn what_is_escaped_is_read_back_unchanged() {
        let value = json!({"a\u{202e}": ["##[group]\u{9b}2J", "####vso[x]", "#", "\u{7f}\u{2028}\n\u{1b}"], "größe": "#\"#["});
        for pretty in [false, true] {
            let mut text = Vec::new();
            if pretty { write_pretty(&value, &mut text) } else { write(&value, &mut text) }.unwrap();
            let text = String::from_utf8(text).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
            assert!(!text.contains("##") && text.contains("größe"), "{text}");
            assert!(!text.contains(|c: char| c != '\n' && review::foreign_text::is_active(c)), "{text}");
        }
    }
}
