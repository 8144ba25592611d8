//! The run of a case: its request, its cluster, the policy's answer, and a second answer for the result of the first.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::to_raw_value;

use super::expect::Comparison;
use super::{Case, Loaded, Operation, Suite};
use crate::cluster::{Cluster, store_secret};
use crate::engine::Engine;
use crate::evaluation::Evaluation;
use crate::host_calls::HostCalls;
use crate::kind::{Judged, Kind};
use crate::log::Log;
use crate::lookups::Lookups;
use crate::request::Request;
use crate::settings::{Settings, SettingsError, SettingsSource};
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
    /// The policy's answer for the result of its first answer, if it does not accept that
    pub again: Option<Verdict>,
}

impl CaseResult {
    /// Whether everything is as expected.
    pub fn passed(&self) -> bool {
        self.again.is_none() && self.comparisons.iter().all(Comparison::holds)
    }
}

/// Runs a case, which has this number in its suite, from 0, with a policy of this metadata.
///
/// # Errors
/// - the settings, which the policy refuses
pub fn run(
    policy: &dyn Engine,
    metadata: Option<&Value>,
    loaded: &Loaded,
    number: usize,
    case: &Case,
    log: &Arc<dyn Log>,
) -> Result<CaseResult, SettingsError> {
    let suite = &loaded.suite;
    let judged = &Judged::of(metadata);
    let settings = settings(loaded, case, number);
    let host = host(metadata, suite, case, log);
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
        // A patch that was made from these two objects always applies.
        let _ = json_patch::patch(&mut mutated, &verdict.patch);
        if let Some(place) = request.get_mut("object") {
            *place = mutated;
        }
        again = Some(evaluation.ask(&request)).filter(|again| again.decision != Decision::Accepted);
    }
    Ok(CaseResult { verdict, comparisons, again })
}

/// The settings of a case, and their location.
fn settings(loaded: &Loaded, case: &Case, number: usize) -> Settings {
    let (value, prefix) = match &case.settings {
        Some(own) => (own, format!("/cases/{number}/settings")),
        None => (&loaded.suite.settings, "/settings".to_owned()),
    };
    let (name, text) = (loaded.file.name.clone(), loaded.file.text.clone());
    let source = SettingsSource { name, text, document: loaded.document.index, prefix };
    Settings {
        json: to_raw_value(value).unwrap_or_default(),
        secret_json: None,
        source: Some(source),
        resource: None,
    }
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
    let request = Request {
        kind: &kind,
        namespace: namespace.into(),
        operation: operation.as_str(),
        object: Some(&object).filter(|object| !object.is_null()).map(Cow::Borrowed),
        old: old.map(Cow::Owned),
    };
    let mut request = request.to_value();
    if let Some(fields) = request.as_object_mut() {
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
pub fn host(metadata: Option<&Value>, suite: &Suite, case: &Case, log: &Arc<dyn Log>) -> Arc<dyn HostCalls> {
    if let Some(failing) = case.lookups {
        return Arc::new(failing);
    }
    let mut cluster = Cluster::default();
    for object in suite.cluster.iter().chain(&case.cluster) {
        cluster.add(object.clone(), NAMESPACE);
    }
    Arc::new(Lookups::new(Arc::new(cluster), metadata, log.clone()))
}
