//! Why a pod cannot pull its images.
//!
//! ```text
//! pod, events ─▶ pod: images, with what the kubelet reported ─┐
//! policy's explain: credentials, what is wrong with each ─────┼─▶ cause: one sentence, what to type
//! what registries answer, where they were asked ──────────────┘
//! ```
//!
//! Plain facts in, an answer out: who reads the cluster and asks registries is the command.

pub mod cause;
pub mod event;
mod fix;
pub mod kubelet;
pub mod pod;
pub mod secret;
pub mod target;

use review::explanation::{Explanation, OutcomeState, Usability};
use review::pull::{ImagePull, PullResult};
use serde_json::Value;

use self::event::Event;
use self::kubelet::Complaint;
use self::pod::{Image, Pod, State};
use self::secret::Secret;

/// Everything that is known about a pod.
#[derive(Debug)]
pub struct Facts {
    /// The pod
    pub pod: Pod,
    /// Its events, oldest first
    pub events: Vec<Event>,
    /// Its `ServiceAccount`, as it is now; none where it is not known
    pub account: Option<Value>,
    /// Whether its `ServiceAccount` could be read
    pub is_account_known: bool,
    /// The Secrets that the pod or its `ServiceAccount` lists
    pub secrets: Vec<Secret>,
    /// Its images, with what is known about each
    pub images: Vec<ImageFacts>,
}

/// What is known about an image of a pod.
#[derive(Debug)]
pub struct ImageFacts {
    /// The image
    pub image: Image,
    /// The name of its registry for `az`; none where it is not in ACR
    pub acr: Option<String>,
    /// What the policy says about its credentials
    pub explanation: Explanation,
    /// What the registry answers; none where it was not asked
    pub pull: Option<ImagePull>,
}

/// Whether an image can be pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Now {
    /// As far as is known
    Yes,
    /// It cannot
    No,
    /// Nothing says so or otherwise
    Unknown,
}

impl ImageFacts {
    /// Whether what is known to fail does so whatever credential a node has; or the pod lists only secrets that do not exist,
    /// which it would not do on such a node.
    fn fails_on_every_node(&self) -> bool {
        let Explanation { error, tries, secrets, .. } = &self.explanation;
        let are_absent =
            !secrets.is_empty() && secrets.iter().all(|secret| secret.state == Usability::Absent);
        error.is_some()
            || !tries.is_empty()
            || are_absent
            || secrets.iter().any(|secret| secret.state == Usability::Malformed)
    }
}

impl Facts {
    /// The kubelet's last complaint about an image.
    pub fn complaint(&self, image: &Image) -> Option<Complaint> {
        let State::Failing { reason, message } = &image.state else { return None };
        let of_state = Complaint::of(reason, message, &image.reference);
        if of_state.says_why() {
            return Some(of_state);
        }
        // Older kubelets say why only in an event.
        let failed = self.events.iter().rev().find(|event| event.is_failed_pull_of(&image.reference));
        Some(failed.map_or(of_state, |event| Complaint::of(reason, &event.message, &image.reference)))
    }

    /// Whether the image of a container that runs was on its node before, so that nothing was pulled for the pod.
    pub fn was_on_node(&self, image: &Image) -> bool {
        let mut pulls = self.events.iter().filter(|event| event.is_about_pull_of(&image.reference));
        image.state == State::Pulled && pulls.next_back().is_some_and(Event::is_already_present)
    }

    /// Whether the secret that is tried for an image was written after the kubelet's last attempt.
    fn has_changed(&self, image: &ImageFacts) -> bool {
        let tried = image.explanation.tries.iter().find(|tried| !tried.fails);
        let written = tried.and_then(|tried| self.written(&tried.secret));
        let failed = self.events.iter().rev().find(|event| event.is_failed_pull_of(&image.image.reference));
        match (written, failed.and_then(|event| event.last.as_deref())) {
            (Some(written), Some(failed)) => event::seconds(written) >= event::seconds(failed),
            _ => false,
        }
    }

    /// A Secret that could be read.
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.iter().find(|secret| secret.name == name)
    }

    fn written(&self, secret: &str) -> Option<&str> {
        self.secret(secret)?.written.as_deref()
    }

    /// Whether an image can be pulled now.
    pub fn now(&self, facts: &ImageFacts) -> Now {
        let expected = match facts.explanation.outcome.as_ref().map(|outcome| outcome.state) {
            Some(OutcomeState::Works) => Now::Yes,
            // Without a credential of the pod, that of the node is tried.
            Some(OutcomeState::Fails) if facts.fails_on_every_node() => Now::No,
            _ => Now::Unknown,
        };
        // The node of a pod whose image was pulled for it has what is needed, such as an identity.
        let was_pulled = facts.image.state == State::Pulled && !self.was_on_node(&facts.image);
        match facts.pull.as_ref().map(|pull| pull.result) {
            Some(PullResult::Pulled) => return Now::Yes,
            Some(PullResult::NotFound | PullResult::NoPlatform) => return Now::No,
            Some(PullResult::Denied) if !was_pulled || !facts.explanation.tries.is_empty() => return Now::No,
            _ => {}
        }
        match &facts.image.state {
            State::Failing { .. } if expected == Now::Yes && self.has_changed(facts) => Now::Yes,
            State::Failing { .. } => Now::No,
            State::Pulled if was_pulled => Now::Yes,
            State::Pulled | State::NotYet => expected,
        }
    }

    /// Whether every image can be pulled now, as far as is known.
    pub fn can_pull(&self) -> bool {
        self.images.iter().all(|image| self.now(image) != Now::No)
    }
}
