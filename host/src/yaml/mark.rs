//! Marks: the lines with `---` that begin documents, at which a text can be cut.
//!
//! No text within a document can hold such a line, be it YAML (1.2: 9.1.2) or JSON. Where a directive stands above it, the
//! document begins further up.

use std::ops::Range;

use memchr::memmem;

/// A mark, with the end of the line before.
const MARK: &[u8] = b"\n---";

/// The last byte at which a text can be cut, looked for from `from` on.
pub fn last_cut(text: &[u8], from: usize) -> Option<usize> {
    let from = from.saturating_sub(MARK.len());
    let mut found = memmem::rfind_iter(text.get(from..)?, MARK).map(|at| from + at);
    found.find(|at| is_cut(text, *at)).map(|at| at + 1)
}

/// The text between the places at which it can be cut.
pub(super) fn stretches(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let cuts = memmem::find_iter(bytes, MARK).filter(|at| is_cut(bytes, *at)).map(|at| at + 1);
    let mut begin = 0;
    cuts.chain([text.len()]).map(move |cut| std::mem::replace(&mut begin, cut)..cut)
}

/// Whether what was found at this byte is a mark, and what stands above it a document of its own.
fn is_cut(text: &[u8], at: usize) -> bool {
    text.get(at + MARK.len()).is_some_and(u8::is_ascii_whitespace)
        && !text.get(..at).is_some_and(ends_in_directive)
}

/// Whether the last line of a text that is neither blank nor a comment is a directive.
fn ends_in_directive(text: &[u8]) -> bool {
    let lines = text.rsplit(|byte| *byte == b'\n');
    let mut lines =
        lines.map(<[u8]>::trim_ascii_start).filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    lines.next().is_some_and(|line| line.starts_with(b"%"))
}
