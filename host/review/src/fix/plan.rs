//! What is added to an object.

use serde_json::{Value, json};

use super::edit::Target;
use super::{Account, Change, Refusal};
use crate::admission::service_account;
use crate::evaluation::Evaluation;
use crate::kind::{Kind, templates};
use crate::manifest::{Content, Manifest};
use crate::object_name::parse_name;
use crate::outcome::Outcome;
use crate::verdict::{Decision, Finding, Verdict};

const LIST: &str = "/imagePullSecrets";

/// The addition to an object, and its location.
pub(super) struct Plan {
    /// JSON pointer of the list
    list: String,
    /// The entries that it has
    entries: Vec<Value>,
    /// What is added
    pub(super) names: Vec<String>,
}

impl Plan {
    /// The change that the policy makes; `None` if there is none.
    pub(super) fn of(evaluation: &Evaluation<'_>, outcome: &Outcome) -> Result<Option<Self>, Refusal> {
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

    pub(super) fn target<'a>(&'a self, outcome: &'a Outcome) -> Target<'a> {
        let manifest = &outcome.manifest;
        Target { prefix: &manifest.prefix, object: manifest.object(), list: &self.list }
    }

    /// The object with the addition.
    pub(super) fn applied_to(&self, object: &Value) -> Value {
        let mut fixed = object.clone();
        let spec = self.list.strip_suffix(LIST).and_then(|spec| fixed.pointer_mut(spec));
        if let Some(spec) = spec.and_then(Value::as_object_mut) {
            let names = self.names.iter().map(|name| json!({"name": name}));
            let entries = self.entries.iter().cloned().chain(names).collect();
            spec.insert("imagePullSecrets".to_owned(), Value::Array(entries));
        }
        fixed
    }

    pub(super) fn change(&self, evaluation: &Evaluation<'_>, outcome: &Outcome) -> Change {
        let spec = self.list.strip_suffix(LIST).and_then(|spec| outcome.manifest.object().pointer(spec));
        let account = spec.and_then(Value::as_object).map(service_account).unwrap_or_default();
        let account = Account { namespace: outcome.namespace.clone(), name: account.to_owned() };
        let known =
            evaluation.api_server.cluster.get("v1", "ServiceAccount", &account.namespace, &account.name);
        Change {
            object: outcome.title(),
            line: outcome.source.line,
            prefix: outcome.manifest.prefix.clone(),
            list: self.list.clone(),
            names: self.names.clone(),
            unknown_account: Some(account).filter(|_| known.is_none() && self.entries.is_empty()),
        }
    }
}

/// Whether this is a pod, or an item of a list, that was copied from a cluster: the API server has set its `uid` or
/// `resourceVersion`. An edited copy of a pod cannot be applied, because its list of pull secrets is immutable. The metadata of
/// the list do not count: kubectl writes `resourceVersion: ""` there, also where a user later edits the output into a manifest.
pub(super) fn is_copied(manifest: &Manifest) -> bool {
    let has = |field: &str| {
        let value = manifest.object().pointer(field).and_then(Value::as_str);
        value.is_some_and(|value| !value.is_empty())
    };
    let is_pod = || Kind::of(manifest.object()).is_some_and(|kind| kind.is_core("Pod"));
    (!manifest.prefix.is_empty() || is_pod()) && (has("/metadata/uid") || has("/metadata/resourceVersion"))
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

fn entries(object: &Value, list: &str) -> Vec<Value> {
    object.pointer(list).and_then(Value::as_array).cloned().unwrap_or_default()
}

pub(super) fn message(verdict: &Verdict) -> String {
    let findings = verdict.findings.iter().map(Finding::in_one_line);
    let message = verdict.message.clone().or_else(|| findings.reduce(|all, one| format!("{all}; {one}")));
    message.unwrap_or_else(|| "the policy would change its pods, but not its template".to_owned())
}
