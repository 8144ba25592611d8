//! A report: what became of all manifests, in the order of the input.

pub mod earlier;
pub mod explanation;
pub mod github;
pub mod json;
pub mod json_text;
pub mod junit;
pub mod lines;
mod place;
pub mod sarif;
pub mod text;

use std::io::{self, Write};

use serde::Serialize;

use review::diagnostic::Diagnostic;
use review::evaluation::Outcome;
use review::verdict::{Decision, Finding, Severity, Verdict};

/// Who wrote a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tool {
    name: &'static str,
    version: &'static str,
}

impl Tool {
    /// The name that this command gives itself in every report
    pub const NAME: &str = "acr-pull-secret";
    /// Where it comes from
    pub const ADDRESS: &str = env!("CARGO_PKG_REPOSITORY");
    /// This command
    pub const THIS: Self = Self { name: Self::NAME, version: env!("CARGO_PKG_VERSION") };
}

/// How many of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Objects that were read
    pub objects: usize,
    /// Taken as they are, and so are their pods
    pub accepted: usize,
    /// Changed, or their pods are
    pub mutated: usize,
    /// Refused, or their pods are
    pub rejected: usize,
    /// Not judged
    pub skipped: usize,
    /// Without an answer
    pub errors: usize,
    /// Warnings for all of them
    pub warnings: usize,
}

impl Summary {
    /// Counts an outcome.
    pub fn add(&mut self, outcome: &Outcome) {
        self.objects += 1;
        *match outcome.worst() {
            Decision::Accepted => &mut self.accepted,
            Decision::Mutated => &mut self.mutated,
            Decision::Rejected => &mut self.rejected,
            Decision::Skipped => &mut self.skipped,
            Decision::Error => &mut self.errors,
        } += 1;
        self.warnings += outcome.warnings();
    }

    /// How many objects were judged.
    pub fn judged(&self) -> usize {
        self.objects - self.skipped
    }
}

/// Writes outcomes in one format, as they come.
pub trait Render {
    /// Takes what is odd or wrong with a file; standard error has it already.
    ///
    /// # Errors
    /// - the output cannot be written
    fn problem(&mut self, _problem: &Diagnostic, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Writes one outcome, or keeps it for the end.
    ///
    /// # Errors
    /// - the output cannot be written
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()>;

    /// Writes what stands at the end.
    ///
    /// # Errors
    /// - the output cannot be written
    fn finish(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()>;
}

/// The rule of a warning that came without a finding.
const POLICY_WARNING: &str = "policy-warning";

/// All that is to be said of an object, for formats that know findings only: those of the policy or, where a refusal,
/// a warning or an error came without one, that.
fn remarks(outcome: &Outcome) -> Vec<Finding> {
    let mut remarks = outcome.findings();
    remarks.extend(outcome.verdicts().flat_map(bare_remarks));
    remarks
}

/// The warnings that came without a finding.
fn bare_warnings(outcome: &Outcome) -> Vec<Finding> {
    let mut warnings: Vec<Finding> = outcome.verdicts().flat_map(bare_remarks).collect();
    warnings.retain(|remark| remark.rule == POLICY_WARNING);
    warnings
}

fn bare_remarks(verdict: &Verdict) -> Vec<Finding> {
    let remark = |rule: &str, severity, message: &String| Finding {
        rule: rule.to_owned(),
        severity,
        pointer: String::new(),
        line: None,
        column: None,
        place: None,
        image: None,
        secret: None,
        message: message.clone(),
        help: String::new(),
    };
    let message = verdict.message.iter();
    match verdict.decision {
        Decision::Error => message.map(|text| remark("policy-error", Severity::Reject, text)).collect(),
        Decision::Skipped => Vec::new(),
        // Whatever is found besides: an error shows why the object is refused.
        Decision::Rejected if verdict.findings.iter().all(|finding| finding.severity != Severity::Reject) => {
            let warnings = verdict.warnings.iter().filter(|_| verdict.findings.is_empty());
            message
                .map(|text| remark("policy-rejection", Severity::Reject, text))
                .chain(warnings.map(|text| remark(POLICY_WARNING, Severity::Warn, text)))
                .collect()
        }
        _ if !verdict.findings.is_empty() => Vec::new(),
        // What monitor mode held back is told, and does nothing.
        _ => message
            .map(|text| remark("monitor-mode", Severity::Warn, text))
            .chain(verdict.warnings.iter().map(|text| remark(POLICY_WARNING, Severity::Warn, text)))
            .collect(),
    }
}
