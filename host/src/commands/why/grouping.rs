//! Which pods of a workload are explained: one of each kind of trouble.

use serde_json::Value;

use super::gathering::Events;
use super::likeness::of_any_pod;
use crate::kubectl::field::word;
use crate::why::event::Event;
use crate::why::image::{Image, State};
use crate::why::meaning::Meaning;
use crate::why::pod::Pod;

/// A pod, and others with the same answer.
pub(super) struct Group {
    /// The pod
    pub(super) pod: Value,
    /// Its events
    pub(super) events: Events,
    /// The names of the others
    pub(super) alike: Vec<String>,
}

/// One pod of each kind of trouble; where none is in trouble, one of each state.
pub(super) fn groups(mut pods: Vec<(Value, Events)>) -> Vec<Group> {
    // The newest first. Times of the API server are in the order of their texts.
    pods.sort_by_key(|(pod, _)| std::cmp::Reverse(word(pod, "/metadata/creationTimestamp").to_owned()));
    // Some images, such as those of volumes, fail only in events.
    let learned = |(object, events): &(Value, Events)| {
        let mut pod = Pod::of(object);
        pod.learn(events.known());
        pod
    };
    let known: Vec<Pod> = pods.iter().map(learned).collect();
    let has_trouble = |pod: &Pod| !pod.is_over() && (pod.is_failing() || pod.node.is_none());
    let is_any = known.iter().any(has_trouble);
    let mut groups: Vec<(Group, Trouble)> = Vec::new();
    for (pod, (object, events)) in known.into_iter().zip(pods) {
        if is_any && !has_trouble(&pod) {
            continue;
        }
        let trouble = Trouble::of(&pod, events.known());
        match groups.iter_mut().find(|(_, known)| known.is_like(&trouble)) {
            Some((group, known)) => {
                known.learn(trouble);
                group.alike.push(pod.name);
            }
            None => groups.push((Group { pod: object, events, alike: Vec::new() }, trouble)),
        }
    }
    groups.into_iter().map(|(group, _)| group).collect()
}

/// What pods with the same answer have in common.
struct Trouble {
    phase: String,
    /// Why its phase is what it is: `Evicted`
    reason: Option<String>,
    /// The container that waits for something else than its image, and for what
    other: Option<(String, String)>,
    service_account: String,
    pull_secrets: Vec<String>,
    lists_nameless: bool,
    has_node: bool,
    /// Each image, and the reason for which it is not there
    images: Vec<(String, String)>,
    /// The complaint about each image; none where only the time of the next attempt is
    causes: Vec<Option<Said>>,
}

/// What a complaint means, or else its text as of any pod.
#[derive(PartialEq, Eq)]
enum Said {
    Meaning(Meaning),
    Message(String),
}

impl Trouble {
    fn of(pod: &Pod, events: &[Event]) -> Self {
        let reason = |state: &State| match state {
            // Of the attempts, one reports the failure and the other the time until the next.
            State::Failing { reason, .. } if reason == "ErrImagePull" => "ImagePullBackOff".to_owned(),
            State::Failing { reason, .. } => reason.clone(),
            State::NotYet => "not yet".to_owned(),
            State::Pulled => String::new(),
        };
        let names: Vec<&str> = std::iter::once(pod.name.as_str()).chain(pod.node.as_deref()).collect();
        let said = |image: &Image| {
            let complaint = pod.complaint(image, events)?;
            let meaning = complaint.meaning.map(Said::Meaning);
            meaning
                .or_else(|| complaint.says_why().then(|| Said::Message(of_any_pod(&complaint.whole, &names))))
        };
        Self {
            phase: pod.phase.clone(),
            reason: pod.reason.clone(),
            other: pod.other.clone(),
            service_account: pod.service_account.clone(),
            pull_secrets: pod.pull_secrets.clone(),
            lists_nameless: pod.lists_nameless,
            has_node: pod.node.is_some(),
            images: pod.images.iter().map(|image| (image.reference.clone(), reason(&image.state))).collect(),
            causes: pod.images.iter().map(said).collect(),
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let mut causes = self.causes.iter().zip(&other.causes);
        self.phase == other.phase
            && self.reason == other.reason
            && self.other == other.other
            && self.service_account == other.service_account
            && self.pull_secrets == other.pull_secrets
            && self.lists_nameless == other.lists_nameless
            && self.has_node == other.has_node
            && self.images == other.images
            && causes.all(|(one, other)| one.is_none() || other.is_none() || one == other)
    }

    /// Takes what a pod that is like it says more.
    fn learn(&mut self, other: Self) {
        for (known, said) in self.causes.iter_mut().zip(other.causes) {
            if known.is_none() {
                *known = said;
            }
        }
    }
}
