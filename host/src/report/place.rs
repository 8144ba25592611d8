//! The location of a finding, for programs.

use review::outcome::Outcome;
use review::source_file::STDIN;
use review::verdict::Finding;

use super::checkout;

/// From the first character of a value to the one after its last; lines and columns from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) line: usize,
    /// Column of the begin, and the end; none where only the line is known
    pub(super) rest: Option<(usize, usize, usize)>,
}

/// The file that a report names for an object: its chart's template, where it was rendered from one, or the input.
pub(super) fn file(outcome: &Outcome) -> &str {
    outcome.source.template.as_ref().unwrap_or(&outcome.source.file)
}

/// The [`file`], where it is one that a page can link to: not standard input, and not an object of a cluster.
pub(super) fn file_to_link(outcome: &Outcome) -> Option<&str> {
    let is_in_file = outcome.source.template.is_some() || outcome.source.line > 0;
    Some(file(outcome)).filter(|file| is_in_file && *file != STDIN)
}

impl Region {
    /// Of a finding in the [`file`] that is named; where the finding has no place of its own, the object's. None in a template:
    /// the known lines are those of the rendered text.
    pub(super) fn of(outcome: &Outcome, finding: &Finding) -> Option<Self> {
        let is_known = outcome.source.template.is_none() && outcome.source.line > 0;
        is_known.then(|| Self::in_input(outcome, finding))
    }

    /// Of a finding in the input.
    pub(super) fn in_input(outcome: &Outcome, finding: &Finding) -> Self {
        let value =
            finding.place.as_ref().and_then(|place| outcome.manifest.file.text.get(place.span.clone()));
        let (Some(line), Some(column), Some(value)) = (finding.line, finding.column, value) else {
            return Self { line: outcome.source.line, rest: None };
        };
        let (lines, last) = last_line(value);
        let end = last.chars().count() + if lines == 0 { column } else { 1 };
        Self { line, rest: Some((column, line + lines, end)) }
    }
}

/// The number of line ends in a text, and the text after the last one.
fn last_line(text: &str) -> (usize, &str) {
    let pairs = text.matches("\r\n").count();
    let ends = text.matches(['\n', '\r']).count();
    (ends - pairs, text.rsplit(['\n', '\r']).next().unwrap_or_default())
}

/// One path for a file, however it was given: with `/` between its parts, and from the root of the [`checkout`] where the file is below that.
pub(super) fn path(file: &str) -> String {
    let (parts, is_relative) = path_parts(file);
    format!("{}{}", if is_relative { "" } else { "/" }, parts.join("/"))
}

/// The parts of a file's path, from the root of the [`checkout`] where the file is below that; true if they are of a relative path.
pub(super) fn path_parts(file: &str) -> (Vec<String>, bool) {
    // It is in no folder.
    if file == STDIN {
        return (vec![file.to_owned()], true);
    }
    checkout::parts(file)
}

#[cfg(test)]
mod tests {
    use super::last_line;

    #[test]
    fn line_ends_of_all_systems_are_counted() {
        for (text, lines, last) in [
            ("", 0, ""),
            ("a", 0, "a"),
            ("a\nb", 1, "b"),
            ("a\r\nb\r\n", 2, ""),
            ("a\rß", 1, "ß"),
            ("a\n\nb", 2, "b"),
        ] {
            assert_eq!(last_line(text), (lines, last), "{text:?}");
        }
    }
}
