//! A pod, as the API server has it.

use review::admission::service_account;
use review::kind::controller;
use serde_json::Value;

use super::event::Event;
use super::image::{self, CONTAINERS, EARLY_REASONS, Image, PULL_REASONS, State};
use super::kubelet::Complaint;
use super::mask::masked;

/// The annotation of a pod that mirrors a static pod: what the kubelet knows it by.
const MIRRORS: &str = "/metadata/annotations/kubernetes.io~1config.mirror";

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Pod {
    /// Its name
    pub name: String,
    /// Its namespace
    pub namespace: String,
    /// `Pending`, `Running`, …; `Terminating` where it is being deleted
    pub phase: String,
    /// Why its phase is what it is, where its status says so: `Evicted`
    pub reason: Option<String>,
    /// Its node; none where it is not scheduled
    pub node: Option<String>,
    /// Its `ServiceAccount`
    pub service_account: String,
    /// The names of its pull secrets
    pub pull_secrets: Vec<String>,
    /// Whether its list of pull secrets has only entries without a name. The API server gives it none of its `ServiceAccount` then.
    /// plugin/pkg/admission/serviceaccount: `len(pod.Spec.ImagePullSecrets) == 0`
    pub lists_nameless: bool,
    /// Whether it mirrors a static pod, which a file on the node describes. It has no `ServiceAccount` and uses no Secrets.
    pub is_static: bool,
    /// Whether a controller replaces it when it is deleted. The kubelet makes a mirror pod again, without another attempt.
    pub is_replaced: bool,
    /// Its images, each once, in the order in which the kubelet pulls them
    pub images: Vec<Image>,
    /// A container that waits for something else than its image: its name and the reason
    pub other: Option<(String, String)>,
    /// Whether a container of it runs
    pub is_started: bool,
    /// An init container that runs, after which the others start; no sidecar
    pub running_init: Option<String>,
    /// Why the scheduler has found no node, where the status of the pod says so
    pub unscheduled: Option<String>,
}

impl Pod {
    /// Reads a pod as the API server has it.
    pub fn of(object: &Value) -> Self {
        let word = |path: &str| object.pointer(path).and_then(Value::as_str).filter(|word| !word.is_empty());
        let spec = object.get("spec").and_then(Value::as_object);
        let is_going = word("/metadata/deletionTimestamp").is_some();
        let phase = if is_going { "Terminating" } else { word("/status/phase").unwrap_or("Pending") };
        let list = |path: &str| object.pointer(path).and_then(Value::as_array).into_iter().flatten();
        let names = list("/spec/imagePullSecrets").filter_map(|entry| entry.get("name")?.as_str());
        // The kubelet skips an entry without a name, and what is listed twice is one secret.
        let mut pull_secrets: Vec<String> = Vec::new();
        for name in names.filter(|name| !name.is_empty()) {
            if !pull_secrets.iter().any(|known| known == name) {
                pull_secrets.push(name.to_owned());
            }
        }
        let is_static = object.pointer(MIRRORS).is_some();
        let unscheduled = list("/status/conditions")
            .find(|condition| condition["type"] == "PodScheduled" && condition["status"] == "False");
        Self {
            name: word("/metadata/name").unwrap_or_default().to_owned(),
            namespace: word("/metadata/namespace").unwrap_or("default").to_owned(),
            phase: phase.to_owned(),
            reason: word("/status/reason").map(str::to_owned),
            node: word("/spec/nodeName").map(str::to_owned),
            service_account: spec.map_or("default", service_account).to_owned(),
            lists_nameless: pull_secrets.is_empty() && list("/spec/imagePullSecrets").next().is_some(),
            pull_secrets: if is_static { Vec::new() } else { pull_secrets },
            is_static,
            is_replaced: !is_static && controller(object).is_some(),
            images: image::images(object),
            other: other(object),
            is_started: CONTAINERS.iter().any(|(_, statuses, _)| list(statuses).any(runs)),
            running_init: running_init(object),
            unscheduled: unscheduled.and_then(|it| it["message"].as_str()).map(str::to_owned),
        }
    }

    /// The uid in events about a pod. Those about a static pod have what the kubelet knows it by. kubectl: `describePod`
    pub fn uid_of_events(object: &Value) -> &str {
        let word = |path: &str| object.pointer(path).and_then(Value::as_str);
        // It becomes a part of a selector.
        let is_word = |uid: &&str| uid.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        word(MIRRORS).filter(is_word).or_else(|| word("/metadata/uid")).unwrap_or_default()
    }

    /// Whether any image is missing.
    pub fn is_failing(&self) -> bool {
        self.images.iter().any(|image| matches!(image.state, State::Failing { .. }))
    }

    /// Whether it pulls no more images.
    pub fn is_over(&self) -> bool {
        matches!(self.phase.as_str(), "Succeeded" | "Failed" | "Terminating")
    }

    /// A message without the user names and passwords of its images.
    pub fn masked(&self, message: &str) -> String {
        self.images.iter().fold(message.to_owned(), |message, image| masked(&message, &image.reference))
    }

    /// Changes each message that its status has.
    pub fn change_messages(&mut self, change: &mut dyn FnMut(&mut String)) {
        for image in &mut self.images {
            if let State::Failing { message, .. } = &mut image.state {
                change(message);
            }
        }
        self.reason.iter_mut().chain(&mut self.unscheduled).for_each(&mut *change);
        self.other.iter_mut().for_each(|(_, reason)| change(reason));
    }

    /// The texts that tell it from others, which are no secrets: names, and its images without user names and passwords.
    pub fn names(&self) -> Vec<String> {
        let names = [&self.name, &self.namespace, &self.service_account].into_iter().chain(&self.node);
        let users = self.images.iter().flat_map(|image| &image.users);
        let names = names.chain(&self.pull_secrets).chain(users).cloned();
        names.chain(self.images.iter().map(Image::shown)).collect()
    }

    /// The kubelet's last complaint about one of its images, with these events.
    pub fn complaint(&self, image: &Image, events: &[Event]) -> Option<Complaint> {
        let State::Failing { reason, message } = &image.state else { return None };
        let complaint = |message: &str| Complaint::of(reason, &self.masked(message), &image.reference);
        let of_state = complaint(message);
        if of_state.says_why() {
            return Some(of_state);
        }
        // Older kubelets say why only in an event.
        let failed = events.iter().rev().find(|event| event.is_failed_pull_of(&image.reference));
        Some(failed.map_or(of_state, |event| complaint(&event.message)))
    }

    /// Adds what events say about its images.
    pub fn learn(&mut self, events: &[Event]) {
        image::learn_events(&mut self.images, events);
    }
}

/// core/v1 `ContainerState`
fn runs(status: &Value) -> bool {
    status.pointer("/state/running").is_some_and(|running| !running.is_null())
}

/// core/v1 `ContainerRestartPolicy`: a sidecar goes on running beside the containers.
fn running_init(pod: &Value) -> Option<String> {
    let list = |path: &str| pod.pointer(path).and_then(Value::as_array).into_iter().flatten();
    let is_sidecar = |name: &Value| {
        let own = list("/spec/initContainers").find(|container| container["name"] == *name);
        own.is_some_and(|container| container["restartPolicy"] == "Always")
    };
    let mut running = list("/status/initContainerStatuses").filter(|status| runs(status));
    running.find(|status| !is_sidecar(&status["name"]))?["name"].as_str().map(str::to_owned)
}

fn other(pod: &Value) -> Option<(String, String)> {
    let list = |path: &str| pod.pointer(path).and_then(Value::as_array).into_iter().flatten();
    let statuses = CONTAINERS.iter().flat_map(|(_, statuses, _)| list(statuses));
    let waits = statuses.filter_map(|status| {
        let reason = status.pointer("/state/waiting/reason")?.as_str()?;
        let is_other = !PULL_REASONS.contains(&reason) && !EARLY_REASONS.contains(&reason);
        is_other.then(|| (status["name"].as_str().unwrap_or_default().to_owned(), reason.to_owned()))
    });
    waits.into_iter().next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Pod;

    /// A chart may have a list of its own and one for all charts.
    #[test]
    fn a_secret_that_is_listed_twice_is_one() {
        let entries = json!([{"name": "a"}, {}, {"name": "b"}, {"name": ""}, {"name": "a"}]);
        assert_eq!(Pod::of(&json!({"spec": {"imagePullSecrets": entries}})).pull_secrets, ["a", "b"]);
    }
}
