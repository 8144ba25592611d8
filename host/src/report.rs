//! A report: the outcomes of all manifests, in the order of the input.

pub mod azure;
mod checkout;
pub mod earlier;
pub mod explanation;
mod fingerprint;
pub mod github;
pub mod gitlab;
pub mod json;
pub mod json_text;
pub mod junit;
pub mod lines;
pub mod markdown;
mod place;
pub mod sarif;
pub mod text;
pub mod why;
mod why_secret;

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use crate::program::called;
use crate::text::{counted, plural};
use review::diagnostic::Diagnostic;
use review::outcome::Outcome;
use review::rule_help::Rule;
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

/// Counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Objects that were read
    pub objects: usize,
    /// Accepted, and so are their pods
    pub accepted: usize,
    /// Changed, or their pods are
    pub mutated: usize,
    /// Refused, or their pods are
    pub rejected: usize,
    /// Not checked
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

    /// The counts in one line, with those of the inputs that could not be read to their end.
    pub fn sentence(&self, unread: usize) -> String {
        let Self { objects, accepted, mutated, rejected, skipped, errors, warnings } = *self;
        let mut parts = vec![
            format!("{accepted} accepted"),
            format!("{mutated} mutated"),
            format!("{rejected} rejected"),
        ];
        if skipped > 0 {
            parts.push(format!("{skipped} skipped"));
        }
        if errors > 0 {
            parts.push(counted(errors, "error"));
        }
        let unread = match unread {
            0 => String::new(),
            unread => format!("; {} that cannot be read", counted(unread, "input")),
        };
        let (objects, warnings) = (counted(objects, "object"), counted(warnings, "warning"));
        format!("{objects}: {}; {warnings}{unread}", parts.join(", "))
    }

    /// Number of objects that were evaluated.
    pub fn judged(&self) -> usize {
        self.objects - self.skipped
    }
}

/// What sets the exit status to 1, in addition to rejected objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failing {
    /// Warnings
    pub warnings: bool,
    /// Objects that the policy changes
    pub mutations: bool,
}

/// Writes outcomes in one format, as they come.
pub trait Render {
    /// Accepts a problem of a file, which standard error has already.
    ///
    /// # Errors
    /// - the output cannot be written
    fn problem(&mut self, _problem: &Diagnostic, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Accepts the reason why nothing was checked, which standard error has too.
    ///
    /// # Errors
    /// - the output cannot be written
    fn nothing(&mut self, error: &Diagnostic, out: &mut dyn Write) -> io::Result<()> {
        self.problem(error, out)
    }

    /// Writes one outcome, or keeps it for the end.
    ///
    /// # Errors
    /// - the output cannot be written
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()>;

    /// Writes the end.
    ///
    /// # Errors
    /// - the output cannot be written
    fn finish(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()>;
}

/// Writes the calls of the command in the helps of an outcome as the user can type them, for every format.
pub fn name_calls(outcome: &mut Outcome) {
    let of_pods = outcome.pods.iter_mut().map(|pods| &mut pods.verdict);
    for verdict in of_pods.chain([&mut outcome.verdict]) {
        let of_findings = verdict.findings.iter_mut().map(|finding| &mut finding.help);
        let of_images = verdict.images.iter_mut().filter_map(|pull| pull.help.as_mut());
        of_findings.chain(of_images).for_each(name_call);
    }
}

/// The rule with the calls of the command as the user can type them.
pub fn with_named_calls(rule: &Rule) -> Rule {
    let mut rule = rule.clone();
    name_call(&mut rule.fix);
    rule
}

/// Writes the calls of the command in a help as the user can type them.
pub fn name_call(help: &mut String) {
    if let Cow::Owned(named) = called(help) {
        *help = named;
    }
}

/// The rule of a warning that came without a finding.
const POLICY_WARNING: &str = "policy-warning";

/// All findings of an object, for formats that support only findings: those of the policy or, where a refusal,
/// a warning or an error came without one, that; and its change, where that makes the exit status 1.
fn remarks(outcome: &Outcome, failing: Failing) -> Vec<Finding> {
    let mut remarks = outcome.findings();
    remarks.extend(outcome.verdicts().flat_map(bare_remarks));
    if failing.mutations {
        let changes = outcome.verdicts().filter(|verdict| verdict.decision == Decision::Mutated);
        // A template and its pods get the same names.
        remarks.extend(changes.last().map(mutation));
    }
    remarks
}

/// A message that a page shows without the object that it is about: `Deployment shop/web: message`.
fn of_object(outcome: &Outcome, message: &str) -> String {
    format!("{}: {message}", outcome.title())
}

/// The change that the policy makes, as a finding.
fn mutation(verdict: &Verdict) -> Finding {
    let names = added_secrets(&verdict.patch);
    let (message, help) = match names.as_slice() {
        [] => (format!("the policy makes {}", counted(verdict.patch.len(), "change")), ""),
        names => (
            format!("the policy adds {} {}", plural(names.len(), "pull secret"), names.join(", ")),
            "run acr-pull-secret fix with the same paths and settings",
        ),
    };
    Finding { help: called(help).into_owned(), ..remark("policy-mutation", Severity::Reject, message) }
}

/// The names that a patch adds to a list of pull secrets.
fn added_secrets(patch: &json_patch::Patch) -> Vec<&str> {
    let values = patch.iter().filter_map(|operation| match operation {
        json_patch::PatchOperation::Add(add) => Some(&add.value),
        json_patch::PatchOperation::Replace(replace) => Some(&replace.value),
        _ => None,
    });
    values
        .flat_map(|value| value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice))
        .filter_map(|entry| entry.get("name")?.as_str())
        .collect()
}

/// The warnings that came without a finding.
fn bare_warnings(outcome: &Outcome) -> Vec<Finding> {
    let mut warnings: Vec<Finding> = outcome.verdicts().flat_map(bare_remarks).collect();
    warnings.retain(|remark| remark.rule == POLICY_WARNING);
    warnings
}

fn remark(rule: &str, severity: Severity, message: String) -> Finding {
    Finding {
        rule: rule.to_owned(),
        severity,
        pointer: String::new(),
        named_pointer: String::new(),
        line: None,
        column: None,
        place: None,
        image: None,
        secret: None,
        message,
        help: String::new(),
    }
}

fn bare_remarks(verdict: &Verdict) -> Vec<Finding> {
    let remark = |rule: &str, severity, message: &String| remark(rule, severity, message.clone());
    let message = verdict.message.iter();
    match verdict.decision {
        Decision::Error => message.map(|text| remark("policy-error", Severity::Reject, text)).collect(),
        Decision::Skipped => Vec::new(),
        // Also if there are other findings: an error shows why the object is refused.
        Decision::Rejected if verdict.findings.iter().all(|finding| finding.severity != Severity::Reject) => {
            let warnings = verdict.warnings.iter().filter(|_| verdict.findings.is_empty());
            message
                .map(|text| remark("policy-rejection", Severity::Reject, text))
                .chain(warnings.map(|text| remark(POLICY_WARNING, Severity::Warn, text)))
                .collect()
        }
        _ if !verdict.findings.is_empty() => Vec::new(),
        // What monitor mode held back is reported, and does nothing.
        _ => message
            .map(|text| remark("monitor-mode", Severity::Warn, text))
            .chain(verdict.warnings.iter().map(|text| remark(POLICY_WARNING, Severity::Warn, text)))
            .collect(),
    }
}
