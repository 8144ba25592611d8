//! The report as `JUnit` XML: a suite for each file, a case for each object.

use std::collections::HashMap;
use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::place::{Region, file};
use super::{Failing, Render, Summary, Tool, remarks};
use review::diagnostic::{Diagnostic, Weight};
use review::foreign_text::plain;
use review::outcome::Outcome;
use review::verdict::{Decision, Finding, Severity};

/// Collects the cases, because each suite says first how many it has. There are no times: they would differ each time.
#[derive(Debug, Default)]
pub struct JUnit {
    suites: Vec<TestSuite>,
    /// Index of the suite of a file
    index: HashMap<String, usize>,
    failing: Failing,
}

impl JUnit {
    /// A report in which this fails a case, besides refusals.
    pub fn new(failing: Failing) -> Self {
        Self { failing, ..Self::default() }
    }

    fn add(&mut self, file: &str, mut case: TestCase) {
        let file = plain_name(file);
        case.set_classname(&file);
        if let Some(suite) = self.index.get(&file).and_then(|at| self.suites.get_mut(*at)) {
            suite.add_test_case(case);
        } else {
            let mut suite = TestSuite::new(&file);
            suite.add_test_case(case);
            self.index.insert(file, self.suites.len());
            self.suites.push(suite);
        }
    }

    fn add_error(&mut self, case: &str, kind: &str, error: &Diagnostic) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type(kind).set_message(plain_name(&error.message));
        status.set_description(xml(&error.to_string()));
        let file = error.spot.as_ref().map_or("input", |spot| &spot.file);
        self.add(file, TestCase::new(case, status));
    }
}

impl Render for JUnit {
    fn problem(&mut self, problem: &Diagnostic, _: &mut dyn Write) -> io::Result<()> {
        if problem.weight == Weight::Error {
            self.add_error("the file can be read", "unreadable", problem);
        }
        Ok(())
    }

    fn nothing(&mut self, error: &Diagnostic, _: &mut dyn Write) -> io::Result<()> {
        self.add_error("there is something to check", "nothing-checked", error);
        Ok(())
    }

    fn outcome(&mut self, outcome: &Outcome, _: &mut dyn Write) -> io::Result<()> {
        let remarks = remarks(outcome, self.failing);
        let (failures, warnings): (Vec<&Finding>, Vec<&Finding>) =
            remarks.iter().partition(|finding| finding.severity == Severity::Reject || self.failing.warnings);
        let lines = |findings: &[&Finding]| {
            let lines: Vec<String> = findings.iter().map(|finding| line(outcome, finding)).collect();
            xml(&lines.join("\n"))
        };
        let status = match outcome.worst() {
            Decision::Accepted | Decision::Mutated if failures.is_empty() => TestCaseStatus::success(),
            Decision::Skipped => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(plain_name(outcome.verdict.message.as_deref().unwrap_or_default()));
                status
            }
            worst => {
                let is_error = worst == Decision::Error;
                let kind = if is_error { NonSuccessKind::Error } else { NonSuccessKind::Failure };
                let mut status = TestCaseStatus::non_success(kind);
                if let Some(first) = failures.first() {
                    status.set_type(plain_name(&first.rule)).set_message(plain_name(&first.message));
                }
                status.set_description(lines(&failures));
                status
            }
        };
        let mut case = TestCase::new(plain_name(&outcome.title()), status);
        if !warnings.is_empty() {
            case.set_system_out(lines(&warnings));
        }
        self.add(file(outcome), case);
        Ok(())
    }

    fn finish(&mut self, _: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let mut report = Report::new(Tool::NAME);
        report.add_test_suites(std::mem::take(&mut self.suites));
        write(&report, out)
    }
}

/// Writes a report. The library's error hides that of the output, such as a reader that is gone.
pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(report.to_string().map_err(io::Error::other)?.as_bytes())
}

fn line(outcome: &Outcome, finding: &Finding) -> String {
    let Region { line, rest } = Region::in_input(outcome, finding);
    let line = if line > 0 { format!(":{line}") } else { String::new() };
    let column = rest.map(|(column, ..)| format!(":{column}")).unwrap_or_default();
    let input = format!("{}{line}{column}", outcome.source.file);
    let (place, rendered) = match &outcome.source.template {
        Some(template) => (template.clone(), format!("\n  rendered: {}", plain(&input))),
        None => (input, String::new()),
    };
    let help =
        if finding.help.is_empty() { String::new() } else { format!("\n  help: {}", plain(&finding.help)) };
    format!("{}: {}: {}{help}{rendered}", plain(&place), plain(&finding.rule), plain(&finding.message))
}

/// A text in one line.
pub(crate) fn plain_name(text: &str) -> String {
    xml(&plain(text))
}

/// Text as [`plain`] makes it, each of its lines. What XML 1.0 cannot hold is an escape too; the library would drop it.
pub(crate) fn xml(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| plain(line).replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}"))
        .collect();
    lines.join("\n")
}
