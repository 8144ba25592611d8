//! Edits of a text, and the lines that they are in.

use std::ops::{Deref, Range};

/// A text whose line ends are indexed, because searching a long line at each edit is slow.
#[derive(Debug)]
pub struct Lines<'t> {
    text: &'t str,
    /// Every `\n` and `\r`
    ends: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Reads the text once.
    pub fn new(text: &'t str) -> Self {
        Self { text, ends: memchr::memchr2_iter(b'\n', b'\r', text.as_bytes()).collect() }
    }
}

impl Deref for Lines<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.text
    }
}

/// Text that replaces these bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go
    pub at: Range<usize>,
    /// What comes instead
    pub text: String,
}

impl Edit {
    /// New text before a byte.
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self { at: at..at, text: text.into() }
    }
}

/// A text with edits that do not overlap.
pub fn apply(text: &str, mut edits: Vec<Edit>) -> Option<String> {
    edits.sort_by_key(|edit| (edit.at.start, edit.at.end));
    let mut edited = String::with_capacity(text.len());
    let mut from = 0;
    for Edit { at, text: new } in edits {
        edited.push_str(text.get(from..at.start)?);
        edited.push_str(&new);
        from = at.end;
    }
    edited.push_str(text.get(from..)?);
    Some(edited)
}

/// Lines behind the one that this byte is in.
pub fn lines_behind(text: &Lines<'_>, at: usize, lines: &[String]) -> Edit {
    let end = line_end(text, at);
    let line_break = line_break(text, end);
    let next = next_line(text, end);
    if next == end {
        // The last line does not end, and neither will the new last one.
        return Edit::insert(end, format!("{line_break}{}", lines.join(line_break)));
    }
    Edit::insert(next, format!("{}{line_break}", lines.join(line_break)))
}

/// The line end at this byte, or the first of the text where it has none there.
pub fn line_break<'t>(text: &'t Lines<'_>, at: usize) -> &'t str {
    let here = |at: usize| text.get(at..next_line(text, at)).filter(|found| !found.is_empty());
    here(at).or_else(|| here(line_end(text, 0))).unwrap_or("\n")
}

/// The start of the line that a byte is in.
pub fn line_start(text: &Lines<'_>, at: usize) -> usize {
    let above = text.ends.partition_point(|end| *end < at);
    above.checked_sub(1).and_then(|last| text.ends.get(last)).map_or(0, |end| end + 1)
}

/// The line end of the line that a byte is in, or the end of the text.
pub fn line_end(text: &Lines<'_>, at: usize) -> usize {
    let above = text.ends.partition_point(|end| *end < at);
    text.ends.get(above).copied().unwrap_or(text.len())
}

/// The start of the line above the one that starts at a byte.
pub fn line_above(text: &Lines<'_>, start: usize) -> Option<usize> {
    let before = text.get(..start)?;
    let above = before.strip_suffix("\r\n").or_else(|| before.strip_suffix(['\n', '\r']))?;
    Some(line_start(text, above.len()))
}

/// The byte behind the line end at a byte.
pub fn next_line(text: &Lines<'_>, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let length = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with(['\n', '\r'])) };
    end + length
}

/// The white space at the start of a line.
pub fn indentation<'t>(text: &'t Lines<'_>, start: usize) -> &'t str {
    let line = text.get(start..line_end(text, start)).unwrap_or_default();
    let length = line.len() - line.trim_start_matches([' ', '\t', '\u{feff}']).len();
    line.get(..length).unwrap_or_default().trim_start_matches('\u{feff}')
}

/// The dash of the block item that starts at a byte: on its line, or above where only comments stand between.
pub fn dash(text: &Lines<'_>, item: usize) -> Option<usize> {
    let mut start = line_start(text, item);
    loop {
        let line = text.get(start..line_end(text, start))?;
        let trimmed = line.trim_start();
        if trimmed.starts_with('-') {
            return Some(start + line.len() - trimmed.len());
        }
        let is_between = trimmed.is_empty() || trimmed.starts_with('#');
        if !is_between && start != line_start(text, item) {
            return None;
        }
        start = line_above(text, start)?;
    }
}
