//! The run of a case: its request, its cluster, the policy's answer, and a second answer to what came of the first.

use std::sync::Arc;

use anyhow::{Result, bail};
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::expect::Comparison;
use super::{Case, Loaded, Lookups as Failing, Operation, Suite};
use crate::admission::review;
use crate::cluster::{Cluster, Lookups, store_secret};
use crate::evaluation::Evaluation;
use crate::kind::{Judged, Kind};
use crate::policy::{HostCalls, Policy};
use crate::settings::{Settings, SettingsSource};
use crate::talk::Talk;
use crate::verdict::{Decision, Verdict};

/// Namespace of cases that name none.
pub const NAMESPACE: &str = "default";

/// How a case ended.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// The policy's answer
    pub verdict: Verdict,
    /// What was expected, and what was there
    pub comparisons: Vec<Comparison>,
    /// The policy's answer to what came of its first one, where it is not content with that
    pub again: Option<Verdict>,
}

impl CaseResult {
    /// Whether everything is as expected.
    pub fn passed(&self) -> bool {
        self.again.is_none() && self.comparisons.iter().all(Comparison::holds)
    }
}

/// Runs the case of this number, from 0.
///
/// # Errors
/// - the settings, which the policy refuses
pub fn run(
    policy: &Policy,
    judged: &Judged,
    loaded: &Loaded,
    number: usize,
    talk: &Talk,
) -> Result<CaseResult> {
    let suite = &loaded.suite;
    let Some(case) = suite.cases.get(number) else { bail!("there is no case {number}") };
    let settings = settings(loaded, case, number)?;
    let host = host(policy.metadata(), suite, case, talk);
    settings.validate(policy, host.clone())?;
    let cluster = Cluster::default();
    let evaluation = Evaluation::new(policy, &settings.json, judged, NAMESPACE, &cluster, host);
    let mut request = request(case);
    let object = request.get("object").cloned().unwrap_or_default();
    let subject =
        if object.is_null() { request.get("oldObject").cloned().unwrap_or_default() } else { object.clone() };
    let is_judged = Kind::of(&subject).is_none_or(|kind| judged.includes(&kind, &subject));
    let verdict = if is_judged {
        evaluation.ask(&request)
    } else {
        Verdict::without_answer(Decision::Skipped, String::new())
    };
    let comparisons = case.expect.compare(&verdict, &object);
    let mut again = None;
    if verdict.decision == Decision::Mutated {
        let mut mutated = object;
        json_patch::patch(&mut mutated, &verdict.patch)?;
        if let Some(place) = request.get_mut("object") {
            *place = mutated;
        }
        again = Some(evaluation.ask(&request)).filter(|again| again.decision != Decision::Accepted);
    }
    Ok(CaseResult { verdict, comparisons, again })
}

/// The settings of a case, and where they stand.
fn settings(loaded: &Loaded, case: &Case, number: usize) -> Result<Settings> {
    let (value, prefix) = match &case.settings {
        Some(own) => (own, format!("/cases/{number}/settings")),
        None => (&loaded.suite.settings, "/settings".to_owned()),
    };
    let (name, text) = (loaded.file.name.clone(), loaded.file.text.clone());
    let source = SettingsSource { name, text, document: loaded.document.index, prefix };
    Ok(Settings { json: to_raw_value(value)?, source: Some(source), resource: None })
}

/// The admission request of a case.
pub fn request(case: &Case) -> Value {
    let operation = case.operation.unwrap_or(Operation::Create);
    let object = stored(case.object.clone().unwrap_or_default());
    let deletes = operation == Operation::Delete;
    let (object, old) = match (deletes, &case.old_object) {
        (true, None) => (Value::Null, Some(object)),
        (_, old) => (object, old.clone().map(stored)),
    };
    let subject = if object.is_null() { old.as_ref().unwrap_or(&Value::Null) } else { &object };
    let own = subject.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or(NAMESPACE);
    let namespace = case.namespace.as_deref().unwrap_or(own).to_owned();
    let kind = Kind::of(subject).unwrap_or_default();
    let mut request = review(&kind, &namespace, operation.as_str(), Some(object.clone()), old);
    if let Some(fields) = request.as_object_mut() {
        if object.is_null() {
            fields.remove("object");
        }
        if let Some(sub_resource) = &case.sub_resource {
            fields.insert("subResource".to_owned(), sub_resource.clone().into());
        }
        if let Some(user) = &case.user_info {
            fields.insert("userInfo".to_owned(), user.clone());
        }
    }
    request
}

/// A Secret as the API server would store it, and everything else as it is.
fn stored(mut object: Value) -> Value {
    if Kind::of(&object).is_some_and(|kind| kind.is_core("Secret")) {
        store_secret(&mut object);
    }
    object
}

/// The cluster of a case, as the policy may ask it.
pub fn host(metadata: Option<&Value>, suite: &Suite, case: &Case, talk: &Talk) -> Arc<dyn HostCalls> {
    if let Some(failing) = case.lookups {
        return Arc::new(failing);
    }
    let mut cluster = Cluster::default();
    for object in suite.cluster.iter().chain(&case.cluster) {
        cluster.add(object.clone(), NAMESPACE);
    }
    Arc::new(Lookups::new(Arc::new(cluster), metadata, talk.clone()))
}

impl HostCalls for Failing {
    fn call(&self, _: &str, _: &str, _: &str, payload: &[u8]) -> Result<Vec<u8>, String> {
        let asked: Value = serde_json::from_slice(payload).unwrap_or_default();
        let word = |name| asked.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, name, namespace) = (word("kind"), word("name"), word("namespace"));
        let resource = format!("{}s", kind.to_lowercase());
        Err(match self {
            Self::Denied => format!(
                "Callback evaluation failure: ApiError: {resource} \"{name}\" is forbidden: User \
                 \"system:serviceaccount:kubewarden:policy-server\" cannot get resource \"{resource}\" in API group \
                 \"\" in the namespace \"{namespace}\": Forbidden (ErrorResponse {{ status: \"Failure\", code: 403 }})"
            ),
            Self::Unavailable => {
                "Callback evaluation failure: kube::Client was not initialized properly".to_owned()
            }
            Self::Ungranted => format!(
                "Policy has not been granted access to Kubernetes {}/{kind} resources. The violation has been reported.",
                word("api_version")
            ),
        })
    }
}
