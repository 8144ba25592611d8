//! One object in detail: what is changed, and what becomes of its images.

use std::sync::Arc;

use policy_core::pod_spec::PodSpec;
use serde::Serialize;
use serde_json::{Value, json};

use crate::core_engine::METADATA;
use crate::judgement::Judgement;
use crate::text::yaml;
use review::admission::service_account;
use review::engine::Engine as _;
use review::host_calls::HostCalls;
use review::kind::{Judged, Kind, template_path};
use review::log::NoLog;
use review::lookups::Lookups;
use review::manifest::Content;
use review::outcome::{Outcome, Pods};
use review::verdict::Verdict;

/// What the page shows of an object.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Detail {
    changes: Vec<Change>,
    images: Vec<Explained>,
}

/// An object as the API server has it before and after the policy.
#[derive(Debug, Serialize)]
struct Change {
    title: String,
    before: String,
    after: String,
}

/// An image and the policy's explanation.
#[derive(Debug, Serialize)]
struct Explained {
    user: String,
    image: String,
    explanation: Value,
}

pub(crate) fn of(judgement: &Judgement, outcome: &Outcome) -> Detail {
    let mut detail = Detail::default();
    let object = outcome.manifest.object();
    let Some(kind) = Kind::of(object) else { return detail };
    let judged = Judged::default();
    let api_server = judgement.evaluation(&judged).api_server;
    let request = match &outcome.manifest.content {
        Content::Object(object) => api_server.request(&kind, object).to_value(),
        Content::Request(request) => request.clone(),
    };
    let title = format!("{} {}", outcome.kind, outcome.name);
    let after = detail.change(title, &request, &outcome.verdict);
    let (after, path) = match outcome.pods.first() {
        Some(Pods { verdict: pods, .. }) => {
            let made = api_server.pod_requests(&kind, object, &outcome.namespace).into_iter().next();
            let Some(pod) = made else { return detail };
            let title = format!("the pods of {} {}", outcome.kind, outcome.name);
            (detail.change(title, &pod.request.to_value(), pods), Some(&["spec"][..]))
        }
        None if kind.is_core("Pod") => (after, Some(&["spec"][..])),
        None => (after, template_path(&kind, object)),
    };
    let read = policy_core::json::Value::from(&after);
    if let Some((path, spec)) = path.and_then(|path| Some((path, PodSpec::of(&read, path)?))) {
        detail.images = images(judgement, &outcome.namespace, &after, path, &spec);
    }
    detail
}

impl Detail {
    /// Notes what a verdict changes, and returns the object as it is afterwards.
    fn change(&mut self, title: String, request: &Value, verdict: &Verdict) -> Value {
        let before = request.get("object").cloned().unwrap_or_default();
        let mut after = before.clone();
        if !verdict.patch.is_empty() && json_patch::patch(&mut after, &verdict.patch).is_ok() {
            self.changes.push(Change { title, before: yaml(&before), after: yaml(&after) });
        }
        after
    }
}

/// The images that are texts: a finding says what is wrong with the others, and nothing pulls them.
fn images(
    judgement: &Judgement,
    namespace: &str,
    object: &Value,
    path: &[&str],
    spec: &PodSpec<'_>,
) -> Vec<Explained> {
    let pull_secrets: Vec<&str> = spec.pull_secrets().names().collect();
    let pods = path.iter().try_fold(object, |value, name| value.get(name)).and_then(Value::as_object);
    let service_account = pods.map_or("default", service_account);
    let host = lookups(judgement);
    let explain = |image: &str| {
        let question = json!({"image": image, "namespace": namespace, "settings": judgement.settings,
            "pullSecrets": pull_secrets, "serviceAccount": service_account});
        let answer = judgement.policy.call("explain", question.to_string().as_bytes(), host.clone());
        answer.ok().and_then(|answer| serde_json::from_slice(&answer).ok()).unwrap_or_default()
    };
    let images = spec.images().into_iter();
    images
        .filter_map(|used| {
            let image = object.pointer(used.pointer())?.as_str()?.to_owned();
            Some(Explained { user: used.user(), explanation: explain(&image), image })
        })
        .collect()
}

/// The lookups of an explanation. Settings that read Secrets make the Cluster tab all there is, as for the decision; without
/// them, a Secret that is not given is not known, which is not the same as absent.
fn lookups(judgement: &Judgement) -> Arc<dyn HostCalls> {
    let read = judgement.settings.pointer("/cluster/secrets").and_then(Value::as_str);
    if judgement.is_denied() || !matches!(read, None | Some("none")) {
        return judgement.host.clone();
    }
    Arc::new(Lookups::new(judgement.cluster.clone(), Some(&METADATA), Arc::new(NoLog)).incomplete())
}
