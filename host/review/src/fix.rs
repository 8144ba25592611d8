//! Adds missing pull secrets to files: what the policy adds to an object becomes an edit of its text.
//!
//! ```text
//! file ─▶ manifests ─▶ policy ─▶ names ─▶ edit ─▶ text ─▶ proof: read and evaluated again
//! ```
//! A file is changed as a whole or not at all, and only if nothing but the names differs when it is read again.

mod edit;
mod style;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::admission::service_account;
use crate::evaluation::Evaluation;
use crate::kind::{Kind, template_path, templates};
use crate::manifest::{Content, Manifest, manifests};
use crate::object_name::parse_name;
use crate::outcome::Outcome;
use crate::policy_resource::PolicyResource;
use crate::source_file::SourceFile;
use crate::text_edit::{Lines, apply};
use crate::verdict::{Decision, Finding, Severity};
use edit::{Places, Target};

const LIST: &str = "/imagePullSecrets";

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
    /// For each object whose answer depends on unknown objects: its kind, and those objects
    pub unknown: Vec<(String, BTreeSet<String>)>,
}

/// An object that gets names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `Deployment shop/web`
    pub object: String,
    /// Its line, from 1
    pub line: usize,
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

/// An object that cannot be fixed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// `Deployment shop/web`
    pub object: String,
    /// Its line, from 1
    pub line: usize,
    /// What should have been added; empty where the policy adds nothing
    pub names: Vec<String>,
    /// The reason
    pub reason: Refusal,
}

impl Refused {
    /// What it lacks, why it does not get that here, and what to do.
    pub fn sentence(&self) -> String {
        let Self { object, names, reason, .. } = self;
        let need = match names.as_slice() {
            [] => "a pull secret".to_owned(),
            [name] => format!("pull secret {name}"),
            names => format!("pull secrets {}", names.join(", ")),
        };
        match reason {
            Refusal::Rejected(_) => format!("{object} cannot be fixed: {reason}"),
            Refusal::Shared | Refusal::Layout => {
                let entries: Vec<String> = names.iter().map(|name| format!("{{name: {name}}}")).collect();
                format!(
                    "{object} needs {need}, but {reason}; add {} to its imagePullSecrets by hand",
                    entries.join(", ")
                )
            }
            _ => format!("{object} needs {need}, but {reason}"),
        }
    }
}

/// Why an object cannot be fixed here, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is an item of a list of what is in the cluster
    #[error(
        "this is the cluster's copy of it (it has metadata.uid or metadata.resourceVersion); fix the manifest that was \
         applied, or remove both fields to make this one a manifest"
    )]
    Copied,
    /// It is in an `AdmissionReview` or similar
    #[error("it is part of an admission request; fix the manifest that was sent")]
    Recorded,
    /// An alias or a merge key refers to its list, or to what that is in
    #[error(
        "its pod spec or list is shared by an alias or a merge key: an edit would also change other places"
    )]
    Shared,
    /// A key on the way to its list stands twice
    #[error("a key on the way to its list of pull secrets appears twice; remove the one that is not meant")]
    Repeated,
    /// The text is laid out in a way that cannot be edited safely
    #[error("its pod spec is written in a way that is not safe to edit")]
    Layout,
    /// The policy changes something else
    #[error(
        "the policy would change {0} too, and only lists of pull secrets are written; apply that by hand"
    )]
    OtherChange(String),
    /// The policy adds nothing
    #[error("{0}")]
    Rejected(String),
    /// The policy does not accept the object with the addition
    #[error("with it the policy would still report: {0}")]
    StillWanting(String),
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
                        fixed.unknown.push((answer.kind, answer.unknown));
                        Ok(None)
                    }
                    None => plan,
                }
            })
            .collect();
        let places = places(&file.text, group, &of_group);
        for (outcome, plan) in group.iter().zip(of_group) {
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

/// The addition to an object, and its location.
struct Plan {
    /// JSON pointer of the list
    list: String,
    /// The entries that it has
    entries: Vec<Value>,
    /// What is added
    names: Vec<String>,
}

impl Plan {
    /// The change that the policy makes; `None` if there is none.
    fn of(evaluation: &Evaluation<'_>, outcome: &Outcome) -> Result<Option<Self>, Refusal> {
        match outcome.verdict.decision {
            Decision::Mutated => {}
            Decision::Accepted | Decision::Skipped => {
                return match outcome.pods.iter().find(|pods| pods.verdict.decision > Decision::Accepted) {
                    Some(pods) => Err(Refusal::Rejected(message(&pods.verdict))),
                    None => Ok(None),
                };
            }
            Decision::Rejected | Decision::Error => {
                return Err(Refusal::Rejected(message(&outcome.verdict)));
            }
        }
        match &outcome.manifest.content {
            Content::Request(_) => return Err(Refusal::Recorded),
            Content::Object(_) if is_copied(&outcome.manifest) => return Err(Refusal::Copied),
            Content::Object(_) => {}
        }
        let object = outcome.manifest.object();
        let kind = Kind::of(object).ok_or(Refusal::Layout)?;
        let own = list_of(&kind, object);
        let mut list = None;
        for operation in outcome.verdict.patch.iter() {
            let path = operation.path().to_string();
            let Some((spec, _)) = path.split_once(LIST) else { return Err(Refusal::OtherChange(path)) };
            let named = format!("{spec}{LIST}");
            if named != own || list.get_or_insert_with(|| named.clone()) != &named {
                return Err(Refusal::OtherChange(path));
            }
        }
        let list = list.ok_or(Refusal::Layout)?;
        // The API server may have copied the secrets of the service account into the list, and they belong there.
        let mut admitted =
            evaluation.api_server.request(&kind, object).object.ok_or(Refusal::Layout)?.into_owned();
        json_patch::patch(&mut admitted, &outcome.verdict.patch).map_err(|_| Refusal::Layout)?;
        let wanted = entries(&admitted, &list);
        let entries = entries(object, &list);
        let added =
            wanted.strip_prefix(entries.as_slice()).ok_or_else(|| Refusal::OtherChange(list.clone()))?;
        let names: Option<Vec<String>> = added.iter().map(name_of).collect();
        let names = names.ok_or_else(|| Refusal::OtherChange(list.clone()))?;
        Ok(Some(Self { list, entries, names }))
    }

    fn target<'a>(&'a self, outcome: &'a Outcome) -> Target<'a> {
        let manifest = &outcome.manifest;
        Target { prefix: &manifest.prefix, object: manifest.object(), list: &self.list }
    }

    /// The object with the addition.
    fn applied_to(&self, object: &Value) -> Value {
        let mut fixed = object.clone();
        let spec = self.list.strip_suffix(LIST).and_then(|spec| fixed.pointer_mut(spec));
        if let Some(spec) = spec.and_then(Value::as_object_mut) {
            let names = self.names.iter().map(|name| json!({"name": name}));
            let entries = self.entries.iter().cloned().chain(names).collect();
            spec.insert("imagePullSecrets".to_owned(), Value::Array(entries));
        }
        fixed
    }

    fn change(&self, evaluation: &Evaluation<'_>, outcome: &Outcome) -> Change {
        let spec = self.list.strip_suffix(LIST).and_then(|spec| outcome.manifest.object().pointer(spec));
        let account = spec.and_then(Value::as_object).map(service_account).unwrap_or_default();
        let account = Account { namespace: outcome.namespace.clone(), name: account.to_owned() };
        let known =
            evaluation.api_server.cluster.get("v1", "ServiceAccount", &account.namespace, &account.name);
        Change {
            object: outcome.title(),
            line: outcome.source.line,
            names: self.names.clone(),
            unknown_account: Some(account).filter(|_| known.is_none() && self.entries.is_empty()),
        }
    }
}

/// Whether this is an item of a list that was copied from a cluster: the API server has set its `uid` or `resourceVersion`.
/// The metadata of the list do not count: kubectl writes `resourceVersion: ""` there, also where a user later edits the output
/// into a manifest.
fn is_copied(manifest: &Manifest) -> bool {
    let has = |field: &str| {
        let value = manifest.object().pointer(field).and_then(Value::as_str);
        value.is_some_and(|value| !value.is_empty())
    };
    !manifest.prefix.is_empty() && (has("/metadata/uid") || has("/metadata/resourceVersion"))
}

/// The JSON pointer of an object's list of pull secrets: that of its pod template, or of the pod that it is.
fn list_of(kind: &Kind, object: &Value) -> String {
    let spec = templates(kind, object).into_iter().next().unwrap_or_else(|| "/spec".to_owned());
    spec + LIST
}

/// The name in an entry that a policy adds, if the entry has no other field.
fn name_of(entry: &Value) -> Option<String> {
    let fields = entry.as_object().filter(|fields| fields.len() == 1)?;
    parse_name(fields.get("name")?.as_str()?).ok()
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

fn entries(object: &Value, list: &str) -> Vec<Value> {
    object.pointer(list).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn message(verdict: &crate::verdict::Verdict) -> String {
    let findings = verdict.findings.iter().map(Finding::in_one_line);
    let message = verdict.message.clone().or_else(|| findings.reduce(|all, one| format!("{all}; {one}")));
    message.unwrap_or_else(|| "the policy would change its pods, but not its template".to_owned())
}

fn refused(outcome: &Outcome, names: Vec<String>, reason: Refusal) -> Refused {
    Refused { object: outcome.title(), line: outcome.source.line, names, reason }
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
