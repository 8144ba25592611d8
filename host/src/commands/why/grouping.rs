//! Which pods of a workload are explained: one of each kind of trouble.

use serde_json::Value;

use crate::why::image::{Image, State};
use crate::why::kubelet::Complaint;
use crate::why::meaning::Meaning;
use crate::why::pod::Pod;

/// One pod of each kind of trouble, with the names of others like it; where none is in trouble, one pod for all.
pub(super) fn groups(mut pods: Vec<Value>) -> Vec<(Value, Vec<String>)> {
    // The newest first. Times of the API server are in the order of their texts.
    let created = |pod: &Value| {
        let time = pod.pointer("/metadata/creationTimestamp").and_then(Value::as_str);
        std::cmp::Reverse(time.unwrap_or_default().to_owned())
    };
    pods.sort_by_key(created);
    let mut groups: Vec<(Value, Trouble, Vec<String>)> = Vec::new();
    let all: Vec<(Value, Pod)> =
        pods.into_iter().map(|object| (Pod::of(&object), object)).map(|(a, b)| (b, a)).collect();
    let has_trouble = |pod: &Pod| !pod.is_over() && (pod.is_failing() || pod.node.is_none());
    let is_any = all.iter().any(|(_, pod)| has_trouble(pod));
    for (object, pod) in all {
        if is_any && !has_trouble(&pod) {
            continue;
        }
        let trouble = Trouble::of(&pod);
        match groups.iter_mut().find(|(_, known, _)| known.is_like(&trouble)) {
            Some((_, known, names)) => {
                known.learn(trouble);
                names.push(pod.name);
            }
            None => groups.push((object, trouble, Vec::new())),
        }
    }
    groups.into_iter().map(|(object, _, names)| (object, names)).collect()
}

/// What pods with the same answer have in common.
struct Trouble {
    pull_secrets: Vec<String>,
    has_node: bool,
    /// Each image, and the reason for which it is not there
    images: Vec<(String, String)>,
    /// The complaint about each image; none where only the time of the next attempt is
    causes: Vec<Option<Said>>,
}

/// What a complaint means, or else its text.
#[derive(PartialEq, Eq)]
enum Said {
    Meaning(Meaning),
    Message(String),
}

impl Trouble {
    fn of(pod: &Pod) -> Self {
        let reason = |state: &State| match state {
            // Of the attempts, one reports the failure and the other the time until the next.
            State::Failing { reason, .. } if reason == "ErrImagePull" => "ImagePullBackOff".to_owned(),
            State::Failing { reason, .. } => reason.clone(),
            State::NotYet => "not yet".to_owned(),
            State::Pulled => String::new(),
        };
        let said = |image: &Image| {
            let State::Failing { reason, message } = &image.state else { return None };
            let complaint = Complaint::of(reason, message, &image.reference);
            let meaning = complaint.meaning.map(Said::Meaning);
            meaning.or_else(|| complaint.says_why().then_some(Said::Message(complaint.message)))
        };
        Self {
            pull_secrets: pod.pull_secrets.clone(),
            has_node: pod.node.is_some(),
            images: pod.images.iter().map(|image| (image.reference.clone(), reason(&image.state))).collect(),
            causes: pod.images.iter().map(said).collect(),
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let mut causes = self.causes.iter().zip(&other.causes);
        self.pull_secrets == other.pull_secrets
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
