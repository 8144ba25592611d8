//! The report as Markdown, for the page of a pipeline: Azure's `task.uploadsummary`, GitHub's job summary.
//!
//! GitHub Flavored Markdown, <https://github.github.com/gfm/>.

use std::io::{self, Write};

use super::place::{self, Region};
use super::{Failing, Render, Summary, Tool, remarks};
use crate::text::counted;
use review::diagnostic::{Diagnostic, Spot, Weight};
use review::foreign_text::markdown::{code, prose};
use review::outcome::Outcome;
use review::verdict::Severity;

/// The most bytes of rows. GitHub refuses a summary of more than 1 MiB.
const MOST: usize = 512 << 10;

const HEAD: &str = "| | object | finding | what to do | file |\n|---|---|---|---|---|\n";

/// Collects the rows, because the summary comes before them.
#[derive(Debug, Default)]
pub struct Markdown {
    rows: String,
    /// How many rows there was no room for
    more: usize,
    /// How many files could not be read to their end
    unread: usize,
    failing: Failing,
}

impl Markdown {
    /// A report that shows what fails besides refusals.
    pub fn new(failing: Failing) -> Self {
        Self { failing, ..Self::default() }
    }

    fn add(&mut self, cells: &[&str]) {
        let row = format!("| {} |\n", cells.join(" | "));
        if self.rows.len() + row.len() > MOST {
            self.more += 1;
        } else {
            self.rows += &row;
        }
    }
}

impl Markdown {
    fn add_diagnostic(&mut self, diagnostic: &Diagnostic) {
        let level = match diagnostic.weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
        };
        let spot = diagnostic.spot.as_ref();
        let place = spot.map(|Spot { file, line, .. }| code(&location(file, Some(*line))));
        let help = diagnostic.help.as_deref().map(prose).unwrap_or_default();
        self.add(&[level, "", &prose(&diagnostic.message), &help, &place.unwrap_or_default()]);
    }
}

impl Render for Markdown {
    fn problem(&mut self, problem: &Diagnostic, _: &mut dyn Write) -> io::Result<()> {
        self.unread += usize::from(problem.weight == Weight::Error);
        self.add_diagnostic(problem);
        Ok(())
    }

    fn nothing(&mut self, error: &Diagnostic, _: &mut dyn Write) -> io::Result<()> {
        self.add_diagnostic(error);
        Ok(())
    }

    fn outcome(&mut self, outcome: &Outcome, _: &mut dyn Write) -> io::Result<()> {
        for finding in remarks(outcome, self.failing) {
            let level = match finding.severity {
                Severity::Reject => "error",
                Severity::Warn => "warning",
            };
            let line = Region::of(outcome, &finding).map(|region| region.line);
            let message = format!("{}: {}", code(&finding.rule), prose(&finding.message));
            let place = code(&location(place::file(outcome), line));
            self.add(&[level, &code(&outcome.title()), &message, &prose(&finding.help), &place]);
        }
        Ok(())
    }

    fn finish(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "## {}\n\n{}\n", Tool::NAME, summary.sentence(self.unread))?;
        if !self.rows.is_empty() {
            write!(out, "\n{HEAD}{}", self.rows)?;
        }
        if self.more > 0 {
            let findings = counted(self.more, "finding");
            write!(out, "\n{findings} more, which the other reports show.\n")?;
        }
        Ok(())
    }
}

fn location(file: &str, line: Option<usize>) -> String {
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    place::path(file) + &line
}
