//! The report as logging commands of Azure Pipelines, which become the issues of a run.
//!
//! <https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands>

use std::io::{self, Write};
use std::path::Path;

use super::place::{self, Region};
use super::{Failing, Render, Summary, of_object, remarks};
use review::diagnostic::{Diagnostic, Spot, Weight};
use review::foreign_text::azure::{data, property};
use review::outcome::Outcome;
use review::source_file::STDIN;
use review::verdict::Severity;

/// Writes a command for each finding and each file with a problem.
#[derive(Debug, Default)]
pub struct Azure {
    /// What sets the exit status to 1
    pub failing: Failing,
}

impl Render for Azure {
    fn problem(&mut self, problem: &Diagnostic, out: &mut dyn Write) -> io::Result<()> {
        let level = match problem.weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
        };
        let mut properties = vec![("type", level.to_owned())];
        if let Some(Spot { file, line, column, .. }) = &problem.spot {
            properties.extend(location(file, Some(*line), *column));
        }
        issue(&properties, &problem.in_one_line(), out)
    }

    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        for finding in remarks(outcome, self.failing) {
            let level = match finding.severity {
                Severity::Reject => "error",
                Severity::Warn => "warning",
            };
            let region = Region::of(outcome, &finding);
            let line = region.map(|region| region.line);
            let column = region.and_then(|region| region.rest).map(|(column, ..)| column);
            let mut properties = vec![("type", level.to_owned())];
            if let Some(file) = place::file_to_link(outcome) {
                properties.extend(location(file, line, column));
            }
            properties.push(("code", finding.rule.clone()));
            issue(&properties, &of_object(outcome, &finding.in_one_line()), out)?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &Summary, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the command that shows a Markdown file on the page of the run. The agent needs an absolute path.
///
/// # Errors
/// - the output cannot be written, or the working folder is gone
pub fn upload_summary(file: &Path, out: &mut dyn Write) -> io::Result<()> {
    let file = std::path::absolute(file)?;
    writeln!(out, "##vso[task.uploadsummary]{}", data(&file.display().to_string()))
}

/// Writes one issue.
fn issue(properties: &[(&str, String)], message: &str, out: &mut dyn Write) -> io::Result<()> {
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={};", property(value))).collect();
    writeln!(out, "##vso[task.logissue {}]{}", properties.concat(), data(message))
}

/// A finding in standard input has no file that the page of the run could link to.
fn location(file: &str, line: Option<usize>, column: Option<usize>) -> Vec<(&'static str, String)> {
    if file == STDIN {
        return Vec::new();
    }
    let number = |name, number: Option<usize>| number.map(|number| (name, number.to_string()));
    let numbers = [number("linenumber", line), number("columnnumber", column)];
    std::iter::once(("sourcepath", place::path(file))).chain(numbers.into_iter().flatten()).collect()
}
