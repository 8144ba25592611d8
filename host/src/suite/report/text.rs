//! The report for people: nothing for a case that passed, a difference for one that failed, a summary last.

use std::io::{self, Write};

use super::{CaseReport, Ended, Summary};
use crate::edit::fix::diff::coloured;
use crate::text::counted;
use review::diagnostic::plain;

/// How text is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// With colours
    pub colour: bool,
    /// Only what is wrong, and no summary when nothing is
    pub quiet: bool,
}

/// Writes the report.
///
/// # Errors
/// - the output cannot be written
pub fn write(
    cases: &[CaseReport<'_>],
    summary: Summary,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    for case in cases {
        write_case(case, style, out)?;
    }
    let Summary { suites, passed, failed, updated, errors, .. } = summary;
    if style.quiet && failed + updated + errors == 0 {
        return Ok(());
    }
    let mut parts = vec![format!("{passed} passed"), format!("{failed} failed")];
    parts.extend((updated > 0).then(|| format!("{updated} updated")));
    parts.extend((errors > 0).then(|| format!("{errors} not run")));
    writeln!(out, "{}, in {}", parts.join(", "), counted(suites, "suite"))
}

fn write_case(case: &CaseReport<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let (word, colour) = match case.result {
        Ended::Passed => return Ok(()),
        Ended::Failed => ("FAILED", "1;31"),
        Ended::Updated => ("updated", "36"),
        Ended::Error => ("NOT RUN", "1;31"),
    };
    let word = if style.colour { format!("\u{1b}[{colour}m{word}\u{1b}[0m") } else { word.to_owned() };
    writeln!(out, "{word} {}:{}: {}", plain(case.file), case.line, plain(case.name))?;
    if case.result == Ended::Error {
        // Why stands on standard error, with its place.
        return Ok(());
    }
    // The values have been written as YAML, where nothing moves a cursor.
    let diff = case.diff();
    let diff = if style.colour { coloured(&diff) } else { diff };
    diff.lines().try_for_each(|line| writeln!(out, "  {line}"))?;
    case.notes.iter().try_for_each(|note| writeln!(out, "  = {}", plain(note)))
}
