//! The unified diff of a fixed file, as `git apply` and `patch -p1` take it.

use std::ops::Range;

use similar::TextDiff;

/// The difference between two texts of a file. `hidden` are lines of the old one, from 0, that are never shown: there is
/// less context around a change then. `None` where the change itself is on such a line.
pub fn unified(name: &str, old: &str, new: &str, hidden: &[Range<usize>]) -> Option<String> {
    // Lines as git has them: a lone carriage return ends none.
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old, &new);
    let shows_hidden = |radius: usize| {
        let groups = diff.grouped_ops(radius);
        let mut shown = groups.iter().flatten().map(similar::DiffOp::old_range);
        shown.any(|shown| hidden.iter().any(|hidden| shown.start < hidden.end && hidden.start < shown.end))
    };
    let radius = (0..=3).rev().find(|radius| !shows_hidden(*radius))?;
    let mut text = vec![format!("--- {}\n+++ {}\n", header("a", name), header("b", name))];
    for hunk in diff.unified_diff().context_radius(radius).iter_hunks() {
        text.push(format!("{}\n", hunk.header()));
        text.extend(hunk.iter_changes().map(|change| {
            let line = change.value();
            let end = if line.ends_with('\n') { "" } else { "\n\\ No newline at end of file\n" };
            format!("{}{line}{end}", change.tag())
        }));
    }
    Some(text.concat())
}

/// A path as git writes it: a tab ends one that has white space, and odd characters stand in quotes.
fn header(side: &str, name: &str) -> String {
    let name = name.trim_start_matches("./").trim_start_matches('/');
    if name.contains(|c: char| c.is_control() || matches!(c, '"' | '\\')) {
        return format!("\"{side}/{}\"", name.escape_default());
    }
    format!("{side}/{name}{}", if name.contains(' ') { "\t" } else { "" })
}

/// A diff with colours for a terminal.
pub fn coloured(diff: &str) -> String {
    let colour = |line: &str| match line.as_bytes() {
        [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => Some("1"),
        [b'@', ..] => Some("36"),
        [b'-', ..] => Some("31"),
        [b'+', ..] => Some("32"),
        _ => None,
    };
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
