//! The line of a place, as a diagnostic shows it: its indentation, its key, and its value where that names an image, an
//! object or a kind. Every other value on the line may be a secret.

use std::borrow::Cow;
use std::ops::Range;

use crate::field_error::is_field_name;
use crate::foreign_text::{has_command, is_active, plain};
use crate::user_info::has_user_info;

/// A line, and the bytes of it that are marked.
pub type Excerpt = (String, Range<usize>);

/// Keys whose values are shown.
const SHOWN: [&str; 8] =
    ["apiVersion", "image", "kind", "name", "namespace", "reference", "serviceAccount", "serviceAccountName"];

/// The replacement for text that is not shown.
const LEFT_OUT: &str = "…";

/// Longer lines are not shown: they do not help, and searching a thousand times for their ends is slow.
const LONGEST_LINE: usize = 16 << 10;

/// Longer keys are not shown.
const LONGEST_KEY: usize = 128;

/// The line on which the value `span` of a text begins, `key` being its key.
pub(crate) fn of_value(text: &str, key: Option<&Range<usize>>, span: &Range<usize>) -> Option<Excerpt> {
    reduced(text, key, span, true)
}

/// The same without the value, if anything of the line is left.
pub(crate) fn of_key(text: &str, key: Option<&Range<usize>>, span: &Range<usize>) -> Option<Excerpt> {
    reduced(text, key, span, false).filter(|(shown, _)| shown.contains(char::is_alphanumeric))
}

/// The line of a byte in a text that could not be read: what looks like indentation and a key.
pub(crate) fn of_byte(text: &str, at: usize) -> Option<Excerpt> {
    let (start, line) = line_at(text, at)?;
    let lead = lead(line);
    let rest = line.get(lead..)?;
    let known = match pair(rest).filter(|(key, _)| is_name_shown(key, false)) {
        Some((_, value)) if value.trim().is_empty() => line.trim_end().len(),
        Some((_, value)) => line.len() - value.trim_start().len(),
        None => lead,
    };
    let before = line.get(..at - start)?;
    let mut shown = single(line.get(..known)?);
    let mut mark = single(before.get(..known).unwrap_or(before)).len();
    if !line.get(known..)?.trim().is_empty() {
        let hidden = before.get(known..).unwrap_or_default();
        if hidden.is_empty() {
            shown.push_str(LEFT_OUT);
        } else {
            push_hidden(&mut shown, hidden);
            mark = shown.len();
        }
    }
    let mark = mark.min(shown.len());
    Some((shown, mark..mark))
}

fn reduced(
    text: &str,
    key: Option<&Range<usize>>,
    span: &Range<usize>,
    shows_value: bool,
) -> Option<Excerpt> {
    let (start, line) = line_at(text, span.start)?;
    let end = start + line.len();
    let is_key = key == Some(span);
    let value = span.start - start..span.end.min(end) - start;
    let key = key.filter(|key| !is_key && key.start >= start && key.end <= span.start);
    let key = key.map(|key| key.start - start..key.end - start);
    let first = key.as_ref().map_or(value.start, |key| key.start);
    let lead = lead(line).min(first);

    // The text before the mark keeps its width, because the location names the column.
    let mut shown = line.get(..lead)?.to_owned();
    let hidden = line.get(lead..first)?;
    if hidden.trim().is_empty() {
        shown.push_str(hidden);
    } else {
        push_hidden(&mut shown, hidden);
    }
    let mut name = None;
    if let Some(key) = key {
        let between = line.get(key.end..value.start)?;
        let written = line.get(key)?;
        name = Some(unquoted(written));
        if is_name_shown(written, shows_value) {
            shown.push_str(&single(written));
        } else {
            push_hidden(&mut shown, written);
        }
        if between.trim() == ":" {
            shown.push_str(between);
        } else {
            push_hidden(&mut shown, between);
        }
    }
    let written = line.get(value.clone())?;
    // Only a scalar on one line is shown: behind a tag, an anchor or `|` may be a comment, and below may be an `@`.
    let is_plain = span.end <= end && !line.get(value.clone())?.starts_with(['&', '!', '|', '>']);
    let is_entry = pair(written.get(self::lead(written)..)?).is_some();
    let is_whole =
        if is_entry { !is_continued(text, end, value.start + self::lead(written)) } else { is_plain };
    let shows_value = shows_value && is_whole;
    let written = match name {
        _ if is_key => Cow::Borrowed(if is_name_shown(written, shows_value) { written } else { LEFT_OUT }),
        name => {
            // The place of a list begins at its first dash.
            let (lead, written) = written.split_at_checked(self::lead(written)).unwrap_or(("", written));
            Cow::Owned([lead, &value_shown(name, written, shows_value)].concat())
        }
    };
    let mark = shown.len();
    shown.push_str(&plain(&written));
    let mark = mark..shown.len();
    let mut rest = line.get(value.end..)?;
    if is_key && let Some(behind) = rest.strip_prefix(':') {
        shown.push(':');
        rest = behind;
    }
    if !rest.trim().is_empty() {
        let is_punctuation = rest.chars().all(|c| matches!(c, ',' | ']' | '}' | ' '));
        let rest = if is_punctuation { rest.trim_end() } else { " …" };
        shown.push_str(rest);
    }
    Some((shown, mark))
}

/// Whether the line below the one that ends at `end` may belong to a value of a key in this column.
fn is_continued(text: &str, end: usize, column: usize) -> bool {
    let below = text.as_bytes().get(end..).unwrap_or_default();
    let below = below.strip_prefix(b"\r\n").or_else(|| below.get(1..)).unwrap_or_default();
    // Lines can be very long, and text beyond this column is not needed.
    let indent = below.iter().take(column + 1).take_while(|byte| **byte == b' ').count();
    let is_blank = below.get(indent).is_some_and(|byte| matches!(byte, b'\n' | b'\r' | b'\t'));
    is_blank || indent > column
}

/// Appends the replacement for hidden text before a mark, which is as wide as that text.
fn push_hidden(shown: &mut String, hidden: &str) {
    if !hidden.is_empty() {
        shown.push_str(LEFT_OUT);
        shown.extend(hidden.chars().skip(1).map(|_| ' '));
    }
}

/// As [`plain`], each character by one.
fn single(text: &str) -> String {
    let text: String = text.chars().map(|c| if is_active(c) && c != '\t' { '\u{fffd}' } else { c }).collect();
    if has_command(&text) { text.replace('#', "\u{fffd}") } else { text }
}

/// What is shown of a value on its line.
fn value_shown<'a>(key: Option<&str>, written: &'a str, shows_value: bool) -> Cow<'a, str> {
    let shows = |key: Option<&str>| shows_value && key.is_some_and(|key| SHOWN.contains(&key));
    if written.is_empty() || (shows_value && names_only(written)) {
        return Cow::Borrowed(written);
    }
    let opening = written.chars().next().unwrap_or_default();
    match (opening, pair(written)) {
        ('{', _) => Cow::Borrowed("{…}"),
        ('[', _) => Cow::Borrowed("[…]"),
        (_, Some((inner, value))) if key.is_none_or(|key| !SHOWN.contains(&key)) => {
            let value = value.trim();
            let is_shown = value.is_empty() || (shows(Some(unquoted(inner))) && is_token(value));
            let value = if is_shown && !may_hold_password(value) { value } else { LEFT_OUT };
            let space = if value.is_empty() { "" } else { " " };
            let inner = if is_name_shown(inner, shows_value) { inner } else { LEFT_OUT };
            Cow::Owned(format!("{inner}:{space}{value}"))
        }
        _ if shows(key) && !may_hold_password(written) => Cow::Borrowed(written),
        _ => Cow::Borrowed(LEFT_OUT),
    }
}

/// A key, and the text after its colon.
fn pair(text: &str) -> Option<(&str, &str)> {
    let end = match text.chars().next()? {
        quote @ ('"' | '\'') => text.get(1..)?.find(quote)? + 2,
        _ => text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/')))?,
    };
    let (key, rest) = text.split_at_checked(end)?;
    let value = rest.strip_prefix(':')?;
    (key.len() <= LONGEST_KEY && (value.is_empty() || value.starts_with([' ', '\t']))).then_some((key, value))
}

fn unquoted(key: &str) -> &str {
    key.trim_matches(['"', '\''])
}

/// Whether a key is shown: any of a manifest, or, in a file that may be the wrong one, only what may be a field's name.
fn is_name_shown(key: &str, is_manifest: bool) -> bool {
    if is_manifest { key.len() <= LONGEST_KEY } else { is_field_name(unquoted(key)) }
}

/// Whether a text is one word, quoted or not.
fn is_token(text: &str) -> bool {
    unquoted(text)
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '@' | '+'))
}

/// Whether the value of a key is shown, as it is written.
pub(crate) fn is_shown(key: &str, written: &str) -> bool {
    SHOWN.contains(&key) && !written.contains(['\n', '\r']) && !may_hold_password(written)
}

/// Whether there may be a user name and a password before an `@`. In quotes, an escape may be any character.
fn may_hold_password(value: &str) -> bool {
    value.contains('\\') || has_user_info(value)
}

/// Whether a flow collection holds nothing but names, such as `[{name: acr-secret}]`.
fn names_only(text: &str) -> bool {
    let is_name = |part: &str| {
        part.is_empty()
            || pair(part).is_some_and(|(key, value)| unquoted(key) == "name" && is_token(value.trim()))
            || part.split_once(':').is_some_and(|(key, value)| key == "\"name\"" && is_token(value.trim()))
    };
    text.starts_with(['[', '{']) && text.split(['[', ']', '{', '}', ',']).all(|part| is_name(part.trim()))
}

/// How many bytes of a line are indentation and the dashes of lists.
fn lead(line: &str) -> usize {
    let mut rest = line;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t']);
        match trimmed.strip_prefix('-').filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])) {
            Some(behind) => rest = behind,
            None => return line.len() - trimmed.len(),
        }
    }
}

/// The line of a byte and where it starts; `None` where it is too long.
fn line_at(text: &str, at: usize) -> Option<(usize, &str)> {
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let (before, after) = text.as_bytes().split_at_checked(at)?;
    let near = before.get(before.len().saturating_sub(LONGEST_LINE)..)?;
    let start = match near.iter().rposition(is_end) {
        Some(end) => at - near.len() + end + 1,
        None if near.len() == before.len() => 0,
        None => return None,
    };
    let near = after.get(..LONGEST_LINE).unwrap_or(after);
    let end = match near.iter().position(is_end) {
        Some(end) => at + end,
        None if near.len() == after.len() => text.len(),
        None => return None,
    };
    let line = text.get(start..end)?;
    let visible = line.trim_start_matches('\u{feff}');
    let start = end - visible.len();
    (start <= at).then_some((start, visible))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LINE, of_byte, of_key, of_value};
    use crate::yaml;

    /// The excerpt of the value at a pointer, with its mark in `«»`.
    fn marked(excerpt: Option<super::Excerpt>) -> String {
        let Some((line, mark)) = excerpt else { return "none".to_owned() };
        let (before, rest) = line.split_at(mark.start);
        let (marked, behind) = rest.split_at(mark.len());
        format!("{before}«{marked}»{behind}")
    }

    fn at(text: &str, pointer: &str) -> [String; 2] {
        let place = yaml::nearest(text, 1, &[pointer]).pop().unwrap().unwrap();
        let key = place.key.as_ref();
        [marked(of_value(text, key, &place.span)), marked(of_key(text, key, &place.span))]
    }

    #[test]
    fn a_line_shows_its_key_and_a_value_that_names_something() {
        for (text, pointer, value, key) in [
            (
                "image: contoso.azurecr.io/a:v1 # hunter2",
                "/image",
                "image: «contoso.azurecr.io/a:v1» …",
                "image: «…» …",
            ),
            ("- name: a\n  image: b", "/0/image", "  image: «b»", "  image: «…»"),
            ("- - image: b", "/0/0/image", "- - image: «b»", "- - image: «…»"),
            (
                "{env: hunter2, image: a, x: y}",
                "/image",
                "…              image: «a» …",
                "…              image: «…» …",
            ),
            ("{\"image\":\"a\"}", "/image", "…\"image\":«\"a\"»}", "…\"image\":«…»}"),
            ("args: hunter2", "/args", "args: «…»", "args: «…»"),
            ("args: [hunter2]", "/args", "args: «[…]»", "args: «[…]»"),
            ("args: [hunter2]", "/args/0", "…      «…»]", "none"),
            ("args:\n- hunter2", "/args/0", "- «…»", "none"),
            ("data:\n  a: hunter2", "/data", "  «a: …»", "  «a: …»"),
            ("- name: a\n  x: hunter2", "/0", "- «name: a»", "- «name: …»"),
            ("a:\n- name: a", "/a", "«- name: a»", "«- name: …»"),
            ("a: [{name: b}, {\"name\":\"c\"}]", "/a", "a: «[{name: b}, {\"name\":\"c\"}]»", "a: «[…]»"),
            ("a: [{name: b, value: hunter2}]", "/a", "a: «[…]»", "a: «[…]»"),
            ("a: {b: hunter2}", "/a/c", "«a»: …", "«a»: …"),
            ("a: &x hunter2\nb: *x", "/b", "b: «…»", "b: «…»"),
            ("image: |\n  hunter2", "/image", "image: «…»", "image: «…»"),
            ("image: | # hunter2\n  a", "/image", "image: «…»", "image: «…»"),
            ("image: !!str # hunter2\n  a", "/image", "image: «…»", "image: «…»"),
            ("image: &x a", "/image", "image: «…»", "image: «…»"),
            ("image: user:hunter2\n  @b", "/image", "image: «…»", "image: «…»"),
            ("- image: user:hunter2\n    @b", "/0", "- «image: …»", "- «image: …»"),
            ("image: user:hunter2@sha256:x/a", "/image", "image: «…»", "image: «…»"),
            ("? image\n: hunter2", "/image", "… «…»", "none"),
            ("image: robot:hunter2@contoso.azurecr.io/a", "/image", "image: «…»", "image: «…»"),
            ("image: \"robot:hunter2\\x40contoso.azurecr.io/a\"", "/image", "image: «…»", "image: «…»"),
            ("image: a@sha256:0", "/image", "image: «a@sha256:0»", "image: «…»"),
            ("image: \"\u{202e}##vso[x\"", "/image", "image: «\"\\u{202e}\\u{23}#vso[x\"»", "image: «…»"),
            ("größe: x\nimage: ü", "/image", "image: «ü»", "image: «…»"),
            ("\u{feff}image: a", "/image", "image: «a»", "image: «…»"),
            ("a: 1\r\nimage: b\r\nc: 2", "/image", "image: «b»", "image: «…»"),
        ] {
            assert_eq!(at(text, pointer), [value, key], "{text:?}");
        }
    }

    #[test]
    fn of_a_line_that_cannot_be_read_only_the_key_is_shown() {
        for (line, at, shown) in [
            ("  image: [a", 9, "  image: «»…"),
            ("  image: [a", 11, "  image: … «»"),
            ("  image: [a", 2, "  «»image: …"),
            ("- image:", 8, "- image:«»"),
            ("  curl -u robot:hunter2", 2, "  «»…"),
            ("-----BEGIN PRIVATE KEY-----", 0, "«»…"),
            ("hunter2", 7, "…      «»"),
            ("\t", 0, "«»\t"),
            ("\"a\u{1b}\": [", 6, "…     «»"),
            ("hunter_2: [", 0, "«»…"),
        ] {
            let text = format!("kind: Pod\n{line}\nhunter2: x");
            assert_eq!(marked(of_byte(&text, at + 10)), shown, "{line:?}");
        }
    }

    #[test]
    fn an_endless_line_is_not_shown() {
        let endless = "ö".repeat(LONGEST_LINE);
        for text in [format!("a\n{endless} web"), format!("web {endless}\nb")] {
            let at = text.find("web").unwrap();
            assert_eq!(of_value(&text, None, &(at..at + 3)), None);
            assert_eq!(of_byte(&text, at), None);
        }
        let text = format!("{endless}\nname: web\n{endless}");
        let at = text.find("web").unwrap();
        assert!(of_value(&text, Some(&(at - 6..at - 2)), &(at..at + 3)).is_some());
    }
}
