//! The answer of `why`: about ten lines for people, or an object for programs.

use std::io;

use review::explanation::{SkippedKey, TriedKey, Usability};
use review::list::some_of;
use review::pull::ImagePull;
use serde::Serialize;

use super::explanation::{attempts, rows, secret};
use super::lines::Lines;
use super::why_secret::{SecretAnswer, secrets};
use crate::program::called;
use crate::text::counted;
use crate::why::cause::Cause;
use crate::why::image::State;
use crate::why::{Facts, ImageFacts, Now};

/// The most names of pods that are listed for people.
const MOST_NAMES: usize = 5;

/// An answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// `Pod`, or the kind of a workload without pods
    kind: String,
    namespace: String,
    name: String,
    /// Of a pod; absent where a workload has none
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    /// Of a pod that has one: a static pod has none
    #[serde(skip_serializing_if = "Option::is_none")]
    service_account: Option<String>,
    images: Vec<ImageAnswer>,
    cause: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    help: String,
    /// What remains to be done after that
    #[serde(skip_serializing_if = "String::is_empty")]
    then: String,
    /// Whether every image can be pulled now, as far as is known
    can_pull: bool,
    /// Other pods of the workload with the same answer
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alike: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageAnswer {
    image: String,
    users: Vec<String>,
    /// `failing`, `not-yet`, `pulled`
    state: &'static str,
    /// What the kubelet reports, in one line
    kubelet: String,
    /// The pod's pull secrets, and whether each serves this image
    secrets: Vec<SecretAnswer>,
    tries: Vec<Tried>,
    /// The keys of the secrets that are not for this image
    not_tried: Vec<NotTried>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pull: Option<ImagePull>,
    /// Absent where it is not known
    #[serde(skip_serializing_if = "Option::is_none")]
    can_pull: Option<bool>,
    /// What people read about secrets that the kubelet cannot use
    #[serde(skip)]
    unusable: Vec<String>,
    /// What people read where no key is tried
    #[serde(skip)]
    untried: Option<String>,
}

#[derive(Debug, Serialize)]
struct Tried {
    secret: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    fails: bool,
}

#[derive(Debug, Serialize)]
struct NotTried {
    secret: String,
    key: String,
    reason: String,
}

impl Answer {
    /// The answer about a pod, and about others that are like it.
    pub fn of_pod(facts: &Facts, cause: &Cause, alike: Vec<String>) -> Self {
        let pod = &facts.pod;
        Self {
            kind: "Pod".to_owned(),
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            phase: Some(pod.phase.clone()),
            node: pod.node.clone(),
            service_account: (!pod.is_static).then(|| pod.service_account.clone()),
            images: facts.images.iter().map(|image| ImageAnswer::of(facts, image)).collect(),
            cause: cause.message().to_owned(),
            help: called(cause.help()).into_owned(),
            then: called(cause.then()).into_owned(),
            can_pull: facts.can_pull(),
            alike,
        }
    }

    /// The answer about a workload that has no pods, and whether that is what it asks for.
    pub fn of_workload(kind: &str, namespace: &str, name: &str, is_asked_for: bool, cause: &Cause) -> Self {
        Self {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            phase: None,
            node: None,
            service_account: None,
            images: Vec::new(),
            cause: cause.message().to_owned(),
            help: called(cause.help()).into_owned(),
            then: called(cause.then()).into_owned(),
            can_pull: is_asked_for,
            alike: Vec::new(),
        }
    }

    /// Whether every image can be pulled now, as far as is known.
    pub fn can_pull(&self) -> bool {
        self.can_pull
    }

    /// Writes it for people.
    ///
    /// # Errors
    /// - the output cannot be written
    pub fn write(&self, out: &mut Lines<'_>) -> io::Result<()> {
        let Self { kind, namespace, name, .. } = self;
        let node = self.node.as_ref().map_or("no node".to_owned(), |node| format!("node {node}"));
        let about = match (&self.phase, &self.service_account) {
            (Some(phase), Some(account)) => format!(" ({phase}, {node}, ServiceAccount {account})"),
            (Some(phase), None) => format!(" ({phase}, static pod of {node})"),
            (None, _) => " (no pods)".to_owned(),
        };
        out.line(format_args!("{kind} {namespace}/{name}{about}"))?;
        self.images.iter().try_for_each(|image| image.write(out))?;
        rows(out, "cause", std::slice::from_ref(&self.cause))?;
        for (row, help) in [("fix", &self.help), ("then", &self.then)] {
            let help = Some(help.clone()).filter(|help| !help.is_empty());
            rows(out, row, help.as_slice())?;
        }
        let alike = (!self.alike.is_empty()).then(|| some_of(&self.alike, MOST_NAMES));
        rows(out, "same for", alike.as_slice())
    }
}

impl ImageAnswer {
    fn of(facts: &Facts, image: &ImageFacts) -> Self {
        let explanation = &image.explanation;
        let tried = |TriedKey { secret, key, status, fails, .. }: &TriedKey| Tried {
            secret: secret.clone(),
            key: key.clone(),
            status: status.clone(),
            fails: *fails,
        };
        let not_tried = |SkippedKey { secret, key, reason }: &SkippedKey| NotTried {
            secret: secret.clone(),
            key: key.clone(),
            reason: reason.clone(),
        };
        let unusable = explanation.secrets.iter().filter(|secret| secret.state != Usability::Usable);
        Self {
            image: image.image.shown(),
            users: image.image.users.clone(),
            state: match image.image.state {
                State::Failing { .. } => "failing",
                State::NotYet => "not-yet",
                State::Pulled => "pulled",
            },
            kubelet: kubelet(facts, image),
            secrets: secrets(image),
            tries: explanation.tries.iter().map(tried).collect(),
            not_tried: explanation.not_tried.iter().map(not_tried).collect(),
            pull: image.pull.clone(),
            can_pull: match facts.now(image) {
                Now::Yes => Some(true),
                Now::No => Some(false),
                Now::Unknown => None,
            },
            unusable: unusable.map(secret).collect(),
            untried: untried(image),
        }
    }

    fn write(&self, out: &mut Lines<'_>) -> io::Result<()> {
        rows(out, "image", &[format!("{} ({})", self.image, self.users.join(", "))])?;
        rows(out, "kubelet", std::slice::from_ref(&self.kubelet))?;
        rows(out, "secrets", &self.unusable)?;
        let attempt = |(i, Tried { secret, key, status, .. }): (usize, &Tried)| {
            let status = status.as_ref().map(|status| format!(": {status}")).unwrap_or_default();
            format!("{}. key {key} of secret {secret}{status}", i + 1)
        };
        let mut tries: Vec<String> = self.tries.iter().enumerate().map(attempt).collect();
        tries.extend(self.untried.clone());
        rows(out, "tries", &tries)?;
        let Some(pull) = &self.pull else { return Ok(()) };
        let mut asked = attempts(pull);
        if let Some(message) = pull.message.as_ref().filter(|_| asked.is_empty()) {
            asked.push(message.clone());
        }
        rows(out, "registry", &asked)
    }
}

/// That no key is tried, which does not mean that the pull fails: the node may have an identity, or the image may be public.
fn untried(image: &ImageFacts) -> Option<String> {
    let explanation = &image.explanation;
    if !explanation.tries.is_empty() || explanation.error.is_some() {
        return None;
    }
    let is_unread = explanation.secrets.iter().any(|secret| secret.state == Usability::Unknown);
    Some(if is_unread {
        "not known, because not every secret can be read".to_owned()
    } else {
        format!("no credential, because the pod has none for {}", image.host())
    })
}

/// What the kubelet reports, in one line.
fn kubelet(facts: &Facts, image: &ImageFacts) -> String {
    let reference = &image.image.reference;
    if let Some(complaint) = facts.complaint(&image.image) {
        let message = if complaint.says_why() { format!(": {}", complaint.message) } else { String::new() };
        let failed = facts.events.iter().rev().find(|event| event.is_failed_pull_of(reference));
        let times = failed.map(|event| {
            let last = event.last.as_ref().map(|last| format!(", last at {last}")).unwrap_or_default();
            format!(" ({}{last})", counted(event.count, "attempt"))
        });
        return complaint.reason + &message + &times.unwrap_or_default();
    }
    match image.image.state {
        State::Pulled if facts.was_on_node(&image.image) => {
            "has the image: it was on the node already".to_owned()
        }
        State::Pulled if facts.was_pulled(&image.image) => "pulled the image".to_owned(),
        State::Pulled => "has the image".to_owned(),
        _ if facts.pod.node.is_none() => "nothing, because the pod has no node".to_owned(),
        _ => "nothing yet".to_owned(),
    }
}
