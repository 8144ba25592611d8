//! The report for people: nothing for a case that passed, a difference for one that failed, a summary at the end.

use std::io::{self, Write};

use super::{CaseReport, Ended, Summary};
use crate::edit::diff;
use crate::report::lines::{Lines, Piece};
use crate::text::counted;

/// How text is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// With colours
    pub colour: bool,
    /// Only problems, and no summary if there are none
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
    let mut out = Lines::new(out, style.colour);
    for case in cases {
        write_case(case, &mut out)?;
    }
    let Summary { suites, passed, failed, updated, errors, .. } = summary;
    if style.quiet && failed + updated + errors == 0 {
        return Ok(());
    }
    let mut parts = vec![format!("{passed} passed"), format!("{failed} failed")];
    parts.extend((updated > 0).then(|| format!("{updated} updated")));
    parts.extend((errors > 0).then(|| format!("{errors} not run")));
    out.line(format_args!("{}, in {}", parts.join(", "), counted(suites, "suite")))
}

fn write_case(case: &CaseReport<'_>, out: &mut Lines<'_>) -> io::Result<()> {
    let (word, colour) = match case.result {
        Ended::Passed => return Ok(()),
        Ended::Failed => ("FAILED", "1;31"),
        Ended::Updated => ("updated", "36"),
        Ended::Error => ("NOT RUN", "1;31"),
    };
    let rest = format!(" {}:{}: {}", case.file, case.line, case.name);
    out.pieces(&[Piece::Coloured(word.to_owned(), colour), rest.into()])?;
    if case.result == Ended::Error {
        // The reason is on standard error, with its location.
        return Ok(());
    }
    case.diff().lines().try_for_each(|line| match diff::colour(line) {
        Some(colour) => out.pieces(&["  ".into(), Piece::Coloured(line.to_owned(), colour)]),
        None => out.line(format_args!("  {line}")),
    })?;
    case.notes.iter().try_for_each(|note| out.line(format_args!("  = {note}")))
}
