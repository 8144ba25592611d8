//! Marks: the lines `---` that begin documents and the lines `...` that end them, at which a text can be cut.
//!
//! Neither YAML (1.2: 9.1.2) nor JSON allows such a line within a document. If directives precede `---`, the
//! document begins with them.

use std::ops::Range;

use memchr::{memchr_iter, memchr2, memrchr_iter};

/// The last byte at which a text can be cut so that each part is read as in the whole, searched after the line of byte `from`:
/// before a line `---`.
pub fn last_cut(text: &[u8], from: usize) -> Option<usize> {
    let from = memchr::memrchr(b'\n', text.get(..from)?).unwrap_or(0);
    let cuts = memrchr_iter(b'\n', text.get(from..)?).filter_map(|at| cut_behind(text, from + at));
    // A document after `...` without `---` gets a note, but not the first one of a text.
    cuts.into_iter().find(|cut| text.get(*cut..).is_some_and(|rest| rest.starts_with(MARK)))
}

/// How many bytes at the start of a stretch are not for the parser, which takes `---#` for text, and a byte order mark behind
/// `---` for an error: kubectl cuts the text behind that line.
pub(super) fn head(stretch: &str) -> usize {
    let start = stretch.len() - stretch.trim_start_matches(BYTE_ORDER_MARK).len();
    let mut lines = stretch.get(start..).unwrap_or_default().split_inclusive('\n');
    let Some((first, behind)) = lines.next().and_then(|line| Some((line, line.strip_prefix("---")?))) else {
        return 0;
    };
    if !is_blank(behind) {
        return 0;
    }
    let next = start + first.len();
    let is_marked = lines.next().is_some_and(|line| line.starts_with(BYTE_ORDER_MARK));
    if is_marked || behind.starts_with('#') { next } else { 0 }
}

/// The length of the line `---` that begins a stretch, if it contains at most a comment.
pub(super) fn separator(stretch: &str) -> Option<usize> {
    let line = stretch.split_inclusive('\n').next()?;
    line.strip_prefix("---").filter(|behind| is_blank(behind)).map(|_| line.len())
}

const BYTE_ORDER_MARK: char = '\u{feff}';

const MARK: &[u8] = b"---";

/// Is there nothing but white space and a comment?
fn is_blank(line: &str) -> bool {
    let written = line.trim_start();
    written.is_empty() || written.starts_with('#')
}

/// The text between the places at which it can be cut.
pub(super) fn stretches(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let cuts = memchr_iter(b'\n', bytes).filter_map(move |at| cut_behind(bytes, at));
    let mut begin = 0;
    let all = cuts.chain([text.len()]).map(move |cut| std::mem::replace(&mut begin, cut)..cut);
    all.filter(|stretch| !stretch.is_empty())
}

/// Where the text can be cut because of the line behind this line feed.
fn cut_behind(text: &[u8], at: usize) -> Option<usize> {
    let (above, line) = text.split_at_checked(at + 1)?;
    let behind = line.get(3)?;
    let is_space = behind.is_ascii_whitespace();
    if line.starts_with(MARK) && (is_space || *behind == b'#') {
        return Some(above.len()).filter(|_| !ends_in_directives(above));
    }
    let end = (is_space && line.starts_with(b"...")).then(|| memchr2(b'\r', b'\n', line)).flatten()?;
    match line.get(end..)? {
        [b'\n', ..] => Some(above.len() + end + 1),
        [b'\r', b'\n', ..] => Some(above.len() + end + 2),
        // Not cutting is always safe.
        _ => None,
    }
}

/// Whether a text ends in directives, which are between the end of a document and the next one.
fn ends_in_directives(text: &[u8]) -> bool {
    let mut has_any = false;
    for line in text.rsplit(|byte| *byte == b'\n') {
        let words = line.trim_ascii();
        if line.starts_with(b"%") {
            has_any = true;
        } else if !(words.is_empty() || words.starts_with(b"#")) {
            return has_any && line.starts_with(b"...");
        }
    }
    has_any
}
