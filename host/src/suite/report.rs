//! The report of suites: the result of each case, in the order of the files.

mod junit;
mod text;

use std::io::{self, Write};

use serde::Serialize;

pub use self::junit::write as write_junit;
pub use self::text::{Style, write as write_text};
use super::words;
use crate::console::spoken;
use crate::report::Tool;
use crate::report::json_text;
use review::diagnostic::{Diagnostic, Diagnostics};
use review::settings::SettingsError;
use review::suite::Loaded;
use review::suite::expect::{Comparison, rules_of};
use review::suite::run::CaseResult;
use review::verdict::Decision;

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// As expected
    Passed,
    /// Not as expected
    Failed,
    /// Not as expected, and updated
    Updated,
    /// Its settings are not valid
    Error,
}

/// One thing that is wrong with the settings of a case.
#[derive(Debug, Serialize)]
pub struct SettingsProblem {
    /// Line in the suite, from 1
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column, from 1, in characters
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What is wrong
    pub message: String,
    /// What to do
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl SettingsProblem {
    fn of(diagnostic: &Diagnostic) -> Self {
        let diagnostic = spoken(diagnostic);
        let spot = diagnostic.spot.as_ref();
        Self {
            line: spot.map(|spot| spot.line),
            column: spot.and_then(|spot| spot.column),
            message: diagnostic.message,
            help: diagnostic.help,
        }
    }
}

/// The result of a case.
#[derive(Debug, Serialize)]
pub struct CaseReport<'a> {
    /// The suite's file as the user gave it
    pub file: &'a str,
    /// Line of the case, from 1
    pub line: usize,
    /// Its name
    pub name: &'a str,
    /// How it ended
    pub result: Ended,
    /// What the policy decided
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The rules of all findings, sorted
    pub rules: Vec<String>,
    /// Why the policy refused the object
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where the answer differs from the expectation
    pub differences: Vec<Comparison>,
    /// What is wrong with its settings
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<SettingsProblem>,
    /// Notes
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The expectation and the actual result, as YAML
    #[serde(skip)]
    both: (String, String),
}

impl<'a> CaseReport<'a> {
    /// The report of the case of this number, from 0.
    pub fn new(loaded: &'a Loaded, number: usize, result: Result<&CaseResult, &SettingsError>) -> Self {
        let mut report = Self {
            file: &loaded.file.name,
            line: loaded.lines.get(number).copied().unwrap_or(1),
            name: loaded.suite.cases.get(number).map_or("", |case| &case.name),
            result: Ended::Error,
            decision: None,
            rules: Vec::new(),
            message: None,
            differences: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
            both: Default::default(),
        };
        match result {
            Ok(result) => report.take(result),
            Err(SettingsError::Refused(Diagnostics(all))) => {
                report.problems = all.iter().map(SettingsProblem::of).collect();
            }
            Err(error) => report.notes.push(error.to_string()),
        }
        report
    }

    fn take(&mut self, result: &CaseResult) {
        self.result = if result.passed() { Ended::Passed } else { Ended::Failed };
        self.decision = Some(result.verdict.decision);
        self.rules = rules_of(&result.verdict);
        self.message = result.verdict.message.clone().filter(|message| !message.is_empty());
        self.differences = result.comparisons.iter().filter(|one| !one.holds()).cloned().collect();
        let expected = result.comparisons.iter().filter(|one| !one.expected.is_null());
        self.both = (
            expected.map(|one| words::block(one.what, &one.expected)).collect(),
            result.comparisons.iter().map(|one| words::block(one.what, &one.actual)).collect(),
        );
        if let Some(again) = &result.again {
            let patch = serde_json::to_string(&again.patch).unwrap_or_default();
            let decision = words::flow(&serde_json::json!(again.decision));
            self.notes.push(format!("asked about its own result, the policy says: {decision}, {patch}"));
        }
        let is_shown = self.differences.iter().any(|one| one.what == "message");
        if let Some(message) = self.message.as_ref().filter(|_| !is_shown && self.result == Ended::Failed) {
            self.notes.push(format!("the policy said: {message}"));
        }
    }

    /// The difference between expectation and result, line by line; empty if there is none.
    fn diff(&self) -> String {
        let (expected, actual) = &self.both;
        if expected == actual {
            return String::new();
        }
        let lines: Vec<String> = if expected.lines().count() + actual.lines().count() > MOST_COMPARED {
            let line = |tag: char| move |line: &str| format!("{tag}{line}\n");
            expected.lines().map(line('-')).chain(actual.lines().map(line('+'))).collect()
        } else {
            let diff = similar::TextDiff::from_lines(expected.as_str(), actual.as_str());
            diff.iter_all_changes().map(|change| format!("{}{}", change.tag(), change.value())).collect()
        };
        format!("--- expected\n+++ actual\n{}", lines.concat())
    }
}

/// Maximum number of lines for the search of equal lines, whose time grows with the square of that number.
const MOST_COMPARED: usize = 1000;

/// Counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Suites that were read
    pub suites: usize,
    /// Cases that were run
    pub cases: usize,
    /// As expected
    pub passed: usize,
    /// Not as expected
    pub failed: usize,
    /// Rewritten
    pub updated: usize,
    /// With settings that are not valid
    pub errors: usize,
}

impl Summary {
    /// Counts cases.
    pub fn of(suites: usize, cases: &[CaseReport<'_>]) -> Self {
        let mut summary = Self { suites, cases: cases.len(), ..Self::default() };
        for case in cases {
            *match case.result {
                Ended::Passed => &mut summary.passed,
                Ended::Failed => &mut summary.failed,
                Ended::Updated => &mut summary.updated,
                Ended::Error => &mut summary.errors,
            } += 1;
        }
        summary
    }
}

/// Writes the report as one JSON document.
///
/// # Errors
/// - the output cannot be written
pub fn write_json(cases: &[CaseReport<'_>], summary: Summary, out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Report<'a> {
        tool: Tool,
        summary: Summary,
        results: &'a [CaseReport<'a>],
    }
    json_text::write_pretty(&Report { tool: Tool::THIS, summary, results: cases }, out)?;
    writeln!(out)
}
