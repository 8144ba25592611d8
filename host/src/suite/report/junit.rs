//! The report as `JUnit` XML: a suite for each file. There are no times: they would differ each time.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{CaseReport, Ended};
use crate::report::Tool;
use crate::report::junit::{self, plain_name, xml};
use review::foreign_text::plain;

/// Writes the report. Cases of a file are grouped.
///
/// # Errors
/// - the output cannot be written
pub fn write(cases: &[CaseReport<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut report = Report::new(Tool::NAME);
    for file in cases.chunk_by(|one, other| one.file == other.file) {
        let name = plain_name(file.first().map_or("", |case| case.file));
        let mut suite = TestSuite::new(&name);
        suite.add_test_cases(file.iter().map(|case| {
            let mut written = TestCase::new(plain_name(case.name), status(case));
            written.set_classname(&name);
            written
        }));
        report.add_test_suite(suite);
    }
    junit::write(&report, out)
}

fn status(case: &CaseReport<'_>) -> TestCaseStatus {
    let (kind, what) = match case.result {
        Ended::Passed | Ended::Updated => return TestCaseStatus::success(),
        Ended::Failed => (NonSuccessKind::Failure, "not as expected"),
        Ended::Error => (NonSuccessKind::Error, "not run"),
    };
    let differing: Vec<&str> = case.differences.iter().map(|difference| difference.what).collect();
    let about = if differing.is_empty() { String::new() } else { format!(": {}", differing.join(", ")) };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(format!("{what}{about}"));
    let problems = case.problems.iter().map(|problem| {
        let help = problem.help.as_ref().map(|help| format!("\n  help: {}", plain(help))).unwrap_or_default();
        format!("{}{help}", plain(&problem.message))
    });
    let notes =
        problems.chain(case.notes.iter().map(|note| plain(note).into_owned())).collect::<Vec<_>>().join("\n");
    status.set_description(xml(&format!("{}:{}\n{}{notes}", plain(case.file), case.line, case.diff())));
    status
}
