//! The unified diff of a fixed file, as `git apply --unidiff-zero` and `patch -p1` take it.

use std::ops::Range;

use review::foreign_text::{has_command, is_active};
use review::structure;
use similar::{Change, DiffTag, TextDiff};

/// Lines around a change that are shown.
const CONTEXT: usize = 3;

/// Why a difference is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unshown {
    /// A changed line belongs to a Secret
    #[error("a changed line belongs to a Secret")]
    Secret,
    /// A changed line has characters that a terminal or CI system would interpret
    #[error("a changed line has control characters or a command to a CI system")]
    Command,
}

/// The difference between two texts of a file. Around a change, only lines without a value that may be secret are shown.
/// `secrets` are lines of the old text, from 0, that belong to Secrets.
///
/// # Errors
/// - a changed line cannot be shown
pub(crate) fn unified(name: &str, old: &str, new: &str, secrets: &[Range<usize>]) -> Result<String, Unshown> {
    // Lines as git has them: a lone carriage return ends none.
    let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old_lines, &new_lines);
    let is_structure = structure::lines(old);
    let mut is_secret = vec![false; old_lines.len()];
    for line in secrets.iter().cloned().flatten() {
        if let Some(line) = is_secret.get_mut(line) {
            *line = true;
        }
    }
    let is_context = |line: usize| {
        is_structure.get(line) == Some(&true)
            && is_secret.get(line) == Some(&false)
            && old_lines.get(line).is_some_and(|line| is_harmless(line))
    };
    let mut hunks: Vec<Hunk> = Vec::new();
    for change in diff.ops().iter().filter(|op| op.tag() != DiffTag::Equal) {
        let (removed, added) = (change.old_range(), change.new_range());
        if is_secret.get(removed.clone()).unwrap_or_default().contains(&true) {
            return Err(Unshown::Secret);
        }
        let was = old_lines.get(removed.clone()).unwrap_or_default();
        if !was.iter().chain(new_lines.get(added.clone()).unwrap_or_default()).all(|line| is_harmless(line)) {
            return Err(Unshown::Command);
        }
        let above = (0..removed.start).rev().take(CONTEXT).take_while(|line| is_context(*line)).count();
        let below = (removed.end..old_lines.len()).take(CONTEXT).take_while(|line| is_context(*line)).count();
        let hunk = Hunk {
            old: removed.start - above..removed.end + below,
            new: added.start - above..added.end + below,
        };
        match hunks.last_mut().filter(|last| last.old.end >= hunk.old.start) {
            Some(last) => (last.old.end, last.new.end) = (hunk.old.end, hunk.new.end),
            None => hunks.push(hunk),
        }
    }
    let mut text = vec![format!("--- {}\n+++ {}\n", header("a", name), header("b", name))];
    let mut changes = diff.ops().iter().flat_map(|op| diff.iter_changes(op)).peekable();
    for Hunk { old, new } in hunks {
        text.push(format!("@@ -{} +{} @@\n", lines(&old), lines(&new)));
        let is_within = |change: &Change<&str>| {
            change.old_index().is_some_and(|line| old.contains(&line))
                || change.new_index().is_some_and(|line| new.contains(&line))
        };
        while changes.next_if(|change| !is_within(change)).is_some() {}
        while let Some(change) = changes.next_if(is_within) {
            let line = change.value();
            let end = if line.ends_with('\n') { "" } else { "\n\\ No newline at end of file\n" };
            text.push(format!("{}{line}{end}", change.tag()));
        }
    }
    Ok(text.concat())
}

/// Lines of both texts, from 0, that are shown together.
struct Hunk {
    old: Range<usize>,
    new: Range<usize>,
}

/// `7,3`: the first line from 1, and how many there are. If there are none, it is the line above.
fn lines(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => (lines.start + 1).to_string(),
        count => format!("{},{count}", lines.start + 1),
    }
}

/// Whether a line can be shown as it is, which a diff needs.
fn is_harmless(line: &str) -> bool {
    let line = line.trim_end_matches(['\n', '\r']);
    !has_command(line) && !line.contains(|c| is_active(c) && c != '\t')
}

/// A path as git writes it: a tab ends one that has white space, and unusual characters are in quotes.
fn header(side: &str, name: &str) -> String {
    let name = name.trim_start_matches("./").trim_start_matches('/');
    if has_command(name) || name.contains(|c: char| is_active(c) || matches!(c, '"' | '\\')) {
        return format!("\"{side}/{}\"", quoted(name));
    }
    format!("{side}/{name}{}", if name.contains(' ') { "\t" } else { "" })
}

/// A name as git writes it in quotes: bytes other than those of a plain name in octal (git: quote.c `quote_c_style`).
fn quoted(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' if byte != b'#' => char::from(byte).to_string(),
        byte => format!("\\{byte:03o}"),
    };
    name.bytes().map(byte).collect()
}

/// The colour of a line of a diff, as the parameters of an SGR sequence.
pub(crate) fn colour(line: &str) -> Option<&'static str> {
    match line.as_bytes() {
        [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => Some("1"),
        [b'@', ..] => Some("36"),
        [b'-', ..] => Some("31"),
        [b'+', ..] => Some("32"),
        _ => None,
    }
}

/// A diff with colours for a terminal.
pub(crate) fn coloured(diff: &str) -> String {
    let paint = |line: &str| {
        let text = line.trim_end_matches(['\n', '\r']);
        let end = line.get(text.len()..).unwrap_or_default();
        match colour(line) {
            Some(code) => format!("\u{1b}[{code}m{text}\u{1b}[0m{end}"),
            None => line.to_owned(),
        }
    };
    diff.split_inclusive('\n').map(paint).collect()
}
