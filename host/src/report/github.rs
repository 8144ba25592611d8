//! The report as workflow commands of GitHub Actions, which become annotations of the changed files.
//!
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>; escapes as in
//! actions/toolkit: `packages/core/src/command.ts`.

use std::io::{self, Write};

use super::place::{self, Region};
use super::{Failing, Render, Summary, of_object, remarks};
use review::diagnostic::{Diagnostic, Weight};
use review::foreign_text::plain;
use review::outcome::Outcome;
use review::source_file::STDIN;
use review::verdict::Severity;

/// Writes a command for each finding and each file with a problem.
#[derive(Debug, Default)]
pub struct GitHub {
    /// What sets the exit status to 1
    pub failing: Failing,
}

impl Render for GitHub {
    fn problem(&mut self, problem: &Diagnostic, out: &mut dyn Write) -> io::Result<()> {
        let command = match problem.weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
        };
        let place = problem.spot.as_ref().filter(|spot| spot.file != STDIN).map(|spot| {
            let column = spot.column.map(|column| format!(",col={column}")).unwrap_or_default();
            format!("{},line={}{column},", file(&spot.file), spot.line)
        });
        let message = data(&lines(&problem.message, problem.help.as_deref().unwrap_or_default()));
        writeln!(out, "::{command} {}title=acr-pull-secret::{message}", place.unwrap_or_default())
    }

    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        for finding in remarks(outcome, self.failing) {
            let command = match finding.severity {
                Severity::Reject => "error",
                Severity::Warn => "warning",
            };
            let place = match Region::of(outcome, &finding) {
                // Columns are allowed where begin and end are on one line.
                Some(Region { line, rest: Some((column, end_line, end)) }) if end_line == line => {
                    format!(",line={line},col={column},endLine={end_line},endColumn={end}")
                }
                Some(Region { line, rest: Some((_, end_line, _)) }) => {
                    format!(",line={line},endLine={end_line}")
                }
                Some(Region { line, rest: None }) => format!(",line={line}"),
                None => String::new(),
            };
            let file = place::file_to_link(outcome).map(|name| format!("{}{place},", file(name)));
            let (file, rule) = (file.unwrap_or_default(), property(&finding.rule));
            let message = data(&of_object(outcome, &lines(&finding.message, &finding.help)));
            writeln!(out, "::{command} {file}title={rule}::{message}")?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &Summary, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// An annotation may have several lines.
fn lines(message: &str, help: &str) -> String {
    if help.is_empty() { message.to_owned() } else { format!("{message}\nhelp: {help}") }
}

fn file(name: &str) -> String {
    format!("file={}", property(&place::path(name)))
}

fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    // A log is shown in terminals too.
    plain(&text).into_owned()
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
