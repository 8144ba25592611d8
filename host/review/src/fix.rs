//! Adds missing pull secrets to files: what the policy adds to an object becomes an edit of its text.
//!
//! ```text
//! file ─▶ manifests ─▶ policy ─▶ names ─▶ edit ─▶ text ─▶ proof: read and evaluated again
//! ```
//! A file is changed as a whole or not at all, and only if nothing but the names differs when it is read again.

mod edit;
mod plan;
mod refusal;
mod style;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::evaluation::{Evaluation, NOT_AN_OBJECT};
use crate::gaps::Gap;
use crate::kind::{Kind, template_path};
use crate::manifest::{Content, Manifest, manifests};
use crate::outcome::Outcome;
use crate::policy_resource::PolicyResource;
use crate::source_file::SourceFile;
use crate::text_edit::{Lines, apply};
use crate::verdict::{Decision, Finding, Severity};
use edit::Places;
use plan::{Plan, is_copied, message};
pub use refusal::{Refusal, Refused};

/// The result for a file, or for a part of one.
#[derive(Debug, Default)]
pub struct FixedFile {
    /// Its text; unchanged where there is nothing to fix or something is refused
    pub text: String,
    /// The objects that get names
    pub changes: Vec<Change>,
    /// The objects that cannot be fixed here; with one of them, the whole file is not changed
    pub refusals: Vec<Refused>,
    /// Number of objects that were evaluated
    pub judged: usize,
    /// Whether it has something that is not a Kubernetes object
    pub has_values: bool,
    /// For each object whose answer depends on unknown objects: its kind, those objects, and suggestions for them
    pub unknown: Vec<(String, BTreeSet<Gap>, BTreeMap<Gap, String>)>,
}

/// An object that gets names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `Deployment shop/web`
    pub object: String,
    /// Its line, from 1
    pub line: usize,
    /// JSON pointer of it in its document: empty, or `/items/3`
    pub prefix: String,
    /// JSON pointer of its list of pull secrets in the object
    pub list: String,
    /// What is added, in order
    pub names: Vec<String>,
    /// The pod's `ServiceAccount` if it is unknown: the new list replaces the pull secrets that it may have
    pub unknown_account: Option<Account>,
}

/// A `ServiceAccount`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// Its namespace
    pub namespace: String,
    /// Its name
    pub name: String,
}

/// Settings under which the policy adds names to pods and templates, even if the given settings forbid changes.
///
/// Every other problem is at most a warning, so that it does not prevent the addition.
///
/// # Errors
/// - the settings cannot be read as an object
pub fn settings(given: &RawValue) -> serde_json::Result<Box<RawValue>> {
    let mut settings: Map<String, Value> = serde_json::from_str(given.get())?;
    settings.insert("mode".to_owned(), json!("mutate"));
    settings.insert("targets".to_owned(), json!(["Pod", "PodTemplate"]));
    let mut section = |name: &str, fields: &[(&str, Value)]| {
        let section = settings.entry(name).or_insert(Value::Null);
        if section.is_null() {
            *section = json!({});
        }
        for (field, value) in fields {
            section.as_object_mut().map(|section| section.insert((*field).to_owned(), value.clone()));
        }
    };
    section("cluster", &[("serviceAccounts", json!(true))]);
    section(
        "actions",
        &["unlisted", "unusable", "expiring", "unknown"].map(|action| (action, json!("warn"))),
    );
    to_raw_value(&settings)
}

/// Fixes the manifests of a file, or of a part of one that begins with a document.
///
/// `evaluation` has the settings that [`settings`] makes. Where there is a `question`, only objects that it rejects are fixed.
/// Of the policy resource only the namespaces count, because its rules say what is fixed at admission, not in files.
pub fn fix(
    evaluation: &Evaluation<'_>,
    question: Option<&Evaluation<'_>>,
    resource: Option<&PolicyResource>,
    file: &SourceFile,
    manifests: Vec<Manifest>,
) -> FixedFile {
    let is_left_out = |outcome: &Outcome| {
        let cluster = evaluation.api_server.cluster;
        resource.is_some_and(|resource| resource.leaves_out_namespace(&outcome.namespace, cluster).is_some())
    };
    let outcomes: Vec<Outcome> = manifests.into_iter().map(|manifest| evaluation.judge(manifest)).collect();
    let mut fixed = FixedFile { text: file.text.clone(), ..FixedFile::default() };
    let lines = Lines::new(&file.text);
    let mut edits = Vec::new();
    let mut plans = Vec::new();
    for group in outcomes.chunk_by(Outcome::is_beside) {
        let of_group: Vec<Result<Option<Plan>, Refusal>> = group
            .iter()
            .map(|outcome| {
                let plan = Plan::of(evaluation, outcome);
                if matches!(plan, Ok(None)) || is_left_out(outcome) {
                    return Ok(None);
                }
                let answer = question.map(|question| question.judge(outcome.manifest.clone()));
                // A refusal of `fix` is shown for every problem; an edit is made only for what is missing.
                let is_asked = |answer: &Outcome| match &plan {
                    Ok(_) => lacks_secret(answer),
                    Err(_) => answer.worst() >= Decision::Rejected,
                };
                match answer.filter(|answer| !is_asked(answer)) {
                    Some(answer) => {
                        fixed.unknown.push((answer.kind, answer.unknown, answer.suggestions));
                        Ok(None)
                    }
                    None => plan,
                }
            })
            .collect();
        let places = places(&file.text, group, &of_group);
        for (outcome, plan) in group.iter().zip(of_group) {
            fixed.has_values |= outcome.verdict.message.as_deref() == Some(NOT_AN_OBJECT);
            fixed.judged +=
                usize::from(!is_left_out(outcome) && outcome.verdict.decision != Decision::Skipped);
            let names = plan.as_ref().ok().and_then(Option::as_ref).map(|plan| plan.names.clone());
            let added = plan.and_then(|plan| {
                let Some(plan) = plan else { return Ok(None) };
                edits.extend(edit::append(&lines, &places, plan.target(outcome), &plan.names)?);
                Ok(Some(plan))
            });
            match added {
                Ok(plan) => {
                    fixed.changes.extend(plan.as_ref().map(|plan| plan.change(evaluation, outcome)));
                    plans.push(plan);
                }
                Err(reason) => fixed.refusals.push(refused(outcome, names.unwrap_or_default(), reason)),
            }
        }
    }
    if fixed.refusals.is_empty() && !edits.is_empty() {
        let text = apply(&file.text, edits).unwrap_or_default();
        match prove(evaluation, question, file, &text, &outcomes, &plans) {
            Ok(()) => fixed.text = text,
            Err(refusal) => fixed.refusals.push(refusal),
        }
    }
    if !fixed.refusals.is_empty() {
        fixed.changes.clear();
    }
    fixed
}

/// Whether an object is refused because a pull secret is missing.
fn lacks_secret(outcome: &Outcome) -> bool {
    let findings = outcome.findings();
    findings
        .iter()
        .any(|finding| finding.rule == "missing-pull-secret" && finding.severity == Severity::Reject)
}

/// Whether [`fix`] may add pull secrets to an evaluated object: the policy would, or refuses it because one is missing.
/// Where the edit is not safe, `fix` still refuses.
pub fn may_add(outcome: &Outcome) -> bool {
    let Content::Object(object) = &outcome.manifest.content else { return false };
    // For kinds with several templates, the policy changes only the pods.
    let is_pod_or_template =
        Kind::of(object).is_some_and(|kind| kind.is_core("Pod") || template_path(&kind, object).is_some());
    is_pod_or_template
        && !is_copied(&outcome.manifest)
        && (outcome.worst() == Decision::Mutated || lacks_secret(outcome))
}

/// The places that the plans for the objects of one document need.
fn places(text: &str, group: &[Outcome], plans: &[Result<Option<Plan>, Refusal>]) -> Places {
    let planned = group.iter().zip(plans).filter_map(|(outcome, plan)| Some((outcome, plan.as_ref().ok()?)));
    let targets = planned.filter_map(|(outcome, plan)| Some(plan.as_ref()?.target(outcome)));
    match group.first() {
        Some(Outcome { manifest, .. }) => Places::around(text, &manifest.document, targets),
        None => Places::default(),
    }
}

fn refused(outcome: &Outcome, names: Vec<String>, reason: Refusal) -> Refused {
    let prefix = outcome.manifest.prefix.clone();
    Refused { object: outcome.title(), line: outcome.source.line, prefix, names, reason }
}

/// The text of a manifest's document.
fn written(manifest: &Manifest) -> Option<&str> {
    manifest.file.text.get(manifest.document.span.clone())
}

/// The problem of an added secret, if it still makes the object an error.
fn useless(judged: &Outcome, added: &[String]) -> Option<String> {
    let findings = judged.findings();
    let is_of_added = |finding: &&Finding| {
        finding.severity == Severity::Reject
            && finding.secret.as_ref().is_some_and(|secret| added.contains(secret))
    };
    findings.iter().find(is_of_added).map(Finding::in_one_line)
}

/// Checks the new text: each document has its new names and no other change, and the policy accepts it.
fn prove(
    evaluation: &Evaluation<'_>,
    question: Option<&Evaluation<'_>>,
    old: &SourceFile,
    text: &str,
    outcomes: &[Outcome],
    plans: &[Option<Plan>],
) -> Result<(), Refused> {
    let file = Arc::new(SourceFile { name: old.name.clone(), text: text.to_owned() });
    let (new, _, error) = manifests(&file);
    let mut new = new.into_iter();
    let mut plans = plans.iter();
    for group in outcomes.chunk_by(Outcome::is_beside) {
        let plans: Vec<_> = plans.by_ref().take(group.len()).collect();
        let is_edited = plans.iter().any(|plan| plan.is_some());
        for (outcome, plan) in group.iter().zip(plans) {
            let was = &outcome.manifest;
            let names = plan.as_ref().map(|plan| plan.names.clone()).unwrap_or_default();
            let is = new.next().filter(|is| match plan {
                Some(plan) => *is.object() == plan.applied_to(was.object()),
                None => is.object() == was.object() && (is_edited || written(is) == written(was)),
            });
            let Some(is) = is else { return Err(refused(outcome, names, Refusal::Layout)) };
            if plan.is_some() {
                if let Some(message) =
                    question.and_then(|question| useless(&question.judge(is.clone()), &names))
                {
                    return Err(refused(outcome, names, Refusal::StillWanting(message)));
                }
                let judged = evaluation.judge(is);
                if judged.worst() > Decision::Accepted {
                    let worst = judged.verdicts().find(|verdict| verdict.decision == judged.worst());
                    let said = message(worst.unwrap_or(&judged.verdict));
                    return Err(refused(outcome, names, Refusal::StillWanting(said)));
                }
            }
        }
    }
    match outcomes.last().filter(|_| error.is_some() || new.next().is_some()) {
        Some(last) => Err(refused(last, Vec::new(), Refusal::Layout)),
        None => Ok(()),
    }
}
