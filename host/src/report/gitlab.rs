//! The report as Code Quality JSON of GitLab, for the widget of a merge request.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use std::io::{self, Write};

use serde::Serialize;

use super::fingerprint::Fingerprints;
use super::place::{self, Region};
use super::{Failing, Render, Summary, Tool, json_text, of_object, remarks};
use review::diagnostic::{Diagnostic, Weight};
use review::outcome::Outcome;
use review::verdict::Severity;

/// The report where there is nothing to report.
pub const EMPTY: &str = "[\n]\n";

/// The check of a file that cannot be read, and of one with a doubtful text.
const UNREADABLE: &str = "unreadable";
const DOUBTFUL: &str = "doubtful-text";

/// The check of inputs that have nothing to check.
const NOTHING: &str = "nothing-checked";

/// Writes an issue for each finding and each file with a problem, as they come.
#[derive(Debug, Default)]
pub struct GitLab {
    has_issues: bool,
    fingerprints: Fingerprints,
    failing: Failing,
}

#[derive(Debug, Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
    /// A field of Code Climate, where the format comes from. A later run recognises the report by it.
    engine_name: &'static str,
}

#[derive(Debug, Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Debug, Serialize)]
struct Lines {
    begin: usize,
}

impl GitLab {
    /// A report that shows what fails besides refusals.
    pub fn new(failing: Failing) -> Self {
        Self { failing, ..Self::default() }
    }

    fn write(&mut self, issue: &Issue<'_>, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.has_issues { b",\n  " } else { b"[\n  " })?;
        self.has_issues = true;
        json_text::write(issue, out)
    }

    fn write_problem(
        &mut self,
        problem: &Diagnostic,
        check_name: &str,
        severity: Severity,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        // GitLab needs a file and a line. A problem without one is about an argument, such as a file that does not exist.
        let (file, line) = problem.spot.as_ref().map_or((".", 1), |spot| (spot.file.as_str(), spot.line));
        let issue = Issue {
            description: problem.in_one_line(),
            check_name,
            fingerprint: self.fingerprints.of_problem(check_name, file, &problem.message),
            severity: severity_of(severity),
            location: location(file, line),
            engine_name: Tool::NAME,
        };
        self.write(&issue, out)
    }
}

impl Render for GitLab {
    fn problem(&mut self, problem: &Diagnostic, out: &mut dyn Write) -> io::Result<()> {
        let (check_name, severity) = match problem.weight {
            Weight::Error => (UNREADABLE, Severity::Reject),
            Weight::Warning => (DOUBTFUL, Severity::Warn),
        };
        self.write_problem(problem, check_name, severity, out)
    }

    fn nothing(&mut self, error: &Diagnostic, out: &mut dyn Write) -> io::Result<()> {
        self.write_problem(error, NOTHING, Severity::Reject, out)
    }

    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        for finding in remarks(outcome, self.failing) {
            let line = Region::of(outcome, &finding).map_or(1, |region| region.line);
            let issue = Issue {
                description: of_object(outcome, &finding.in_one_line()),
                check_name: &finding.rule,
                fingerprint: self.fingerprints.of(outcome, &finding),
                severity: severity_of(finding.severity),
                location: location(place::file(outcome), line),
                engine_name: Tool::NAME,
            };
            self.write(&issue, out)?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &Summary, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.has_issues { b"\n]\n" } else { EMPTY.as_bytes() })
    }
}

fn severity_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Reject => "major",
        Severity::Warn => "minor",
    }
}

/// GitLab reads paths from the root of the repository.
fn location(file: &str, begin: usize) -> Location {
    let path = place::path(file);
    Location { path: if path.is_empty() { ".".to_owned() } else { path }, lines: Lines { begin } }
}
