//! What a pod waits for that is no pull: a node, a volume, a container that does not start.

use super::super::event::Event;
use super::super::fix::{Step, describe, typed};
use super::super::image::State;
use super::super::pod::Pod;
use super::super::{Facts, ImageFacts};
use super::length::bounded_around;
use super::{Draft, expected, kept, lacks_credential, names};

/// The most characters of a reason beside another.
const LONGEST_REASON: usize = 90;

/// Events of what the kubelet does before it pulls.
const BEFORE_PULLS: [&str; 3] = ["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"];

/// Events of what the kubelet does when it has done that.
const SINCE_PULLS: [&str; 4] = ["Pulling", "Pulled", "Created", "Started"];

/// The pod has no node.
pub(super) fn unscheduled(facts: &Facts, bad: Option<&ImageFacts>) -> Draft {
    let event = facts.events.iter().rev().find(|event| event.reason == "FailedScheduling");
    let reason = event.map(|event| event.message.as_str()).or(facts.pod.unscheduled.as_deref());
    let message = "the pod has no node, so nothing was pulled";
    match (bad, reason) {
        (Some(image), reason) => {
            let Draft { message: trouble, help, .. } = expected(facts, image);
            let reason = reason.map(|reason| format!(": {}", short(facts, reason))).unwrap_or_default();
            Draft::new(format!("{message}{reason}, and {}: {trouble}", kept::next_pull(image)), help)
        }
        (None, reason) => {
            let needs = needs(facts);
            let reason = reason.map(|reason| format!(": {}", beside(facts, reason, &needs)));
            Draft::new(format!("{message}{}{needs}", reason.unwrap_or_default()), describe(facts))
        }
    }
}

/// An image whose next pull fails, in a pod that may wait for something else now. What to type is about the pull.
pub(super) fn beside_what_it_waits_for(facts: &Facts, image: &ImageFacts) -> Draft {
    let is_waiting = image.image.state == State::NotYet;
    let now = if let Some(event) = before_pull(facts).filter(|_| is_waiting) {
        let reason = short(facts, &event.message);
        format!(
            "the pod waits for something else ({}): {reason}, and {}",
            event.reason,
            kept::next_pull(image)
        )
    } else if let Some((container, reason)) = &facts.pod.other {
        let reason = short(facts, reason);
        format!("container {container} waits for another reason: {reason}, and {}", kept::next_pull(image))
    } else if let Some(Draft { message, .. }) = under_way(facts, image).filter(|_| is_waiting) {
        format!("{message}, and {}", kept::next_pull(image))
    } else {
        return kept::expected(facts, image);
    };
    let Draft { message, help, .. } = expected(facts, image);
    Draft::new(format!("{now}: {message}"), help)
}

/// The last event of what the kubelet does before it pulls, where nothing has been pulled or started since.
fn before_pull(facts: &Facts) -> Option<&Event> {
    let last = facts.events.iter().rev().find(|event| BEFORE_PULLS.contains(&event.reason.as_str()))?;
    let is_later =
        |event: &Event| SINCE_PULLS.contains(&event.reason.as_str()) && event.time() >= last.time();
    (!facts.pod.is_started && !facts.events.iter().any(is_later)).then_some(last)
}

/// What happens in the pod before it has an image.
fn under_way(facts: &Facts, image: &ImageFacts) -> Option<Draft> {
    let Pod { name, namespace, running_init, .. } = &facts.pod;
    let about = |event: &&Event| event.is_start_of(&image.image.reference);
    if let Some(time) = facts.events.iter().rev().find(about).and_then(|event| event.last.as_deref()) {
        let message = format!("the kubelet has been pulling {} since {time}", image.image.shown());
        return Some(Draft::new(message, describe(facts)));
    }
    let init = running_init.as_deref()?;
    let help = typed(
        &[name, namespace, init],
        format!("kubectl logs {name} -n {namespace} -c {init}"),
        "read the log of the init container",
    );
    Some(Draft::new(format!("init container {init} still runs"), help))
}

/// That the node needs an identity for an image that the pod has no credential for.
fn needs(facts: &Facts) -> String {
    let is_to_pull = |image: &&ImageFacts| image.image.state == State::NotYet && !image.image.is_never_pulled;
    let lacking = facts.images.iter().filter(is_to_pull).find(|image| lacks_credential(image));
    let needs = |image: &ImageFacts| {
        format!(", and without a pull secret for {}, its node needs an identity that may pull", image.host())
    };
    lacking.map(needs).unwrap_or_default()
}

/// A reason that is not the whole cause.
fn short(facts: &Facts, reason: &str) -> String {
    bounded_around(facts.shown(reason).trim_end_matches('.'), LONGEST_REASON, &names(facts))
}

/// A reason that is the whole cause where nothing follows it.
fn beside(facts: &Facts, reason: &str, more: &str) -> String {
    if more.is_empty() { facts.shown(reason) } else { short(facts, reason) }
}

/// A container waits for something else than its image.
pub(super) fn waits(facts: &Facts, container: &str, reason: &str) -> Draft {
    let pod = &facts.pod;
    let is_all = facts.images.iter().all(|image| image.image.state == State::Pulled);
    let pulls = if is_all { "the node has every image" } else { "no pull has failed" };
    let message =
        format!("{pulls}, and container {container} waits for another reason: {}", facts.shown(reason));
    let help = if reason == "CrashLoopBackOff" {
        typed(
            &[&pod.name, &pod.namespace, container],
            format!("kubectl logs {} -n {} -c {container} --previous", pod.name, pod.namespace),
            "read the log of the container's last run",
        )
    } else {
        describe(facts)
    };
    Draft::new(message, help)
}

/// The kubelet has not reported about an image, whose pull is not known to fail.
pub(super) fn not_yet(facts: &Facts, image: &ImageFacts) -> Draft {
    let needs = needs(facts);
    let (now, help) = if let Some(event) = before_pull(facts) {
        let reason = beside(facts, &event.message, &needs);
        (format!("the pod waits for something else ({}): {reason}", event.reason), describe(facts).into())
    } else if let Some(Draft { message, help, .. }) = under_way(facts, image) {
        (message, help)
    } else {
        (format!("the kubelet reports nothing about {}", image.image.shown()), Step::default())
    };
    Draft::new(format!("none so far: {now}{needs}"), help)
}
