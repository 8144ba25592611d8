//! Bytes of a text as lines and columns.

use std::ops::Range;

/// Line and column, from 1, of a byte of this text.
pub fn line_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let mut line = 1;
    let mut start = 0;
    for (at, byte) in before.bytes().enumerate() {
        if byte == b'\n' || byte == b'\r' && text.as_bytes().get(at + 1) != Some(&b'\n') {
            line += 1;
            start = at + 1;
        }
    }
    let column = before.get(start..).unwrap_or_default().trim_start_matches('\u{feff}').chars().count();
    (line, column + 1)
}

/// How many lines a text ends.
pub(super) fn line_ends(text: &[u8]) -> usize {
    if memchr::memchr(b'\r', text).is_none() {
        return memchr::memchr_iter(b'\n', text).count();
    }
    let is_end =
        |(at, byte): (usize, &u8)| *byte == b'\n' || *byte == b'\r' && text.get(at + 1) != Some(&b'\n');
    text.iter().enumerate().filter(|end| is_end(*end)).count()
}

/// Line and column of many bytes of one text, each found without counting from its beginning.
pub(super) struct Lines<'t> {
    text: &'t str,
    /// Begin of each line, and further marks on lines that are long
    marks: Vec<Mark>,
}

struct Mark {
    byte: usize,
    line: usize,
    column: usize,
}

/// How far a byte may be from the mark before it.
const MARK_EVERY: usize = 4096;

impl<'t> Lines<'t> {
    /// Reads the text once.
    pub(super) fn new(text: &'t str) -> Self {
        let mut marks = vec![Mark { byte: 0, line: 1, column: 1 }];
        let (mut begin, mut line, mut column) = (0, 1, 1);
        for (at, byte) in text.bytes().enumerate() {
            let next = at + 1;
            if byte == b'\n' || byte == b'\r' && text.as_bytes().get(next) != Some(&b'\n') {
                (begin, line, column) = (next, line + 1, 1);
            } else if next - begin >= MARK_EVERY && text.is_char_boundary(next) {
                column += characters(text, begin..next);
                begin = next;
            } else {
                continue;
            }
            marks.push(Mark { byte: begin, line, column });
        }
        Lines { text, marks }
    }

    /// Line and column, from 1, as [`line_column`] counts them.
    pub(super) fn at(&self, byte: usize) -> (usize, usize) {
        let after = self.marks.partition_point(|mark| mark.byte <= byte);
        let Some(mark) = self.marks.get(after.saturating_sub(1)) else { return (1, 1) };
        (mark.line, mark.column + characters(self.text, mark.byte..byte))
    }
}

/// Characters of a part of a line; a byte order mark takes no column.
fn characters(text: &str, part: Range<usize>) -> usize {
    text.get(part).unwrap_or_default().trim_start_matches('\u{feff}').chars().count()
}

/// The Unicode name of a character that ends a line for kubectl, and in neither JSON nor YAML 1.2. YAML 1.1: `b-generic`
pub(super) fn line_end_name(character: char) -> Option<&'static str> {
    match character {
        '\u{85}' => Some("next line"),
        '\u{2028}' => Some("line separator"),
        '\u{2029}' => Some("paragraph separator"),
        _ => None,
    }
}

/// Byte of the first character that YAML forbids everywhere, or that ends a line in YAML 1.1 alone.
pub(super) fn forbidden_character(text: &str) -> Option<usize> {
    // Most texts have none, and for that their bytes are looked at many at a time.
    let is_control = |byte: &u8| (*byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || *byte == 0x7f;
    let mut chunks = text.as_bytes().chunks(64).enumerate();
    let any = |chunk: &[u8]| chunk.iter().fold(false, |found, byte| found | is_control(byte));
    let found = chunks
        .find(|(_, chunk)| any(chunk))
        .and_then(|(number, chunk)| chunk.iter().position(is_control).map(|at| number * 64 + at));
    if text.is_ascii() {
        return found;
    }
    let other = text.find(|c: char| !c.is_ascii() && is_forbidden(c));
    [found, other].into_iter().flatten().min()
}

fn is_forbidden(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => true,
        _ => line_end_name(character).is_some(),
    }
}

/// A text in double quotes, which JSON and YAML read alike.
pub fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    if forbidden_character(&json).is_none() {
        return json;
    }
    let written = json.chars().map(|character| {
        if is_forbidden(character) {
            format!("\\u{:04x}", u32::from(character))
        } else {
            character.to_string()
        }
    });
    written.collect()
}
