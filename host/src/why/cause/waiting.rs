//! What a pod waits for that is no pull: a node, a volume, a container that does not start.

use super::super::event::Event;
use super::super::fix::{describe, typed};
use super::super::image::State;
use super::super::kubelet::bounded;
use super::super::{Facts, ImageFacts};
use super::{Cause, expected, kept, lacks_credential};

/// The most characters of a reason beside another.
const LONGEST_REASON: usize = 90;

/// Events of what the kubelet does before it pulls.
const BEFORE_PULLS: [&str; 3] = ["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"];

/// The pod has no node.
pub(super) fn unscheduled(facts: &Facts, bad: Option<&ImageFacts>) -> Cause {
    let event = facts.events.iter().rev().find(|event| event.reason == "FailedScheduling");
    let reason = event.map(|event| event.message.as_str()).or(facts.pod.unscheduled.as_deref());
    let message = "the pod has no node, so nothing was pulled";
    match (bad, reason) {
        (Some(image), reason) => {
            let Cause { message: trouble, help } = expected(facts, image);
            let reason = reason.map(|reason| format!(": {}", short(facts, reason))).unwrap_or_default();
            Cause::new(format!("{message}{reason}, and a pull would fail: {trouble}"), help)
        }
        (None, Some(reason)) => Cause::new(format!("{message}: {}", facts.shown(reason)), describe(facts)),
        (None, None) => Cause::new(message, describe(facts)),
    }
}

/// An image whose next pull fails, in a pod that may wait for something else now.
pub(super) fn beside_what_it_waits_for(facts: &Facts, image: &ImageFacts) -> Cause {
    if image.image.state == State::NotYet
        && let Some(event) = before_pull(facts)
    {
        let Cause { message, help } = expected(facts, image);
        let reason = short(facts, &event.message);
        let begin = format!("the pod waits for something else ({}): {reason}", event.reason);
        return Cause::new(format!("{begin}, and a pull would fail: {message}"), help);
    }
    let Some((container, reason)) = &facts.pod.other else { return kept::expected(facts, image) };
    let Cause { message, .. } = expected(facts, image);
    let Cause { help, .. } = waits(facts, container, reason);
    let (reason, fails) = (short(facts, reason), kept::fails(image, "its node"));
    let user = image.image.users.first().map_or("the container", String::as_str);
    Cause::new(
        format!(
            "container {container} waits for another reason: {reason}, and the next pull for {user} {fails}: {message}"
        ),
        help,
    )
}

/// The last event of what the kubelet does before it pulls.
fn before_pull(facts: &Facts) -> Option<&Event> {
    facts.events.iter().rev().find(|event| BEFORE_PULLS.contains(&event.reason.as_str()))
}

/// A reason that is not the whole cause.
fn short(facts: &Facts, reason: &str) -> String {
    bounded(facts.shown(reason).trim_end_matches('.'), LONGEST_REASON)
}

/// A container waits for something else than its image.
pub(super) fn waits(facts: &Facts, container: &str, reason: &str) -> Cause {
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
    Cause::new(message, help)
}

/// The kubelet has not reported about an image, whose pull is not known to fail.
pub(super) fn not_yet(facts: &Facts, image: &ImageFacts) -> Cause {
    if let Some(event) = before_pull(facts) {
        return Cause::new(
            format!(
                "none so far: the pod waits for something else ({}): {}",
                event.reason,
                facts.shown(&event.message)
            ),
            describe(facts),
        );
    }
    let about = |event: &&Event| event.is_start_of(&image.image.reference);
    if let Some(time) = facts.events.iter().rev().find(about).and_then(|event| event.last.as_deref()) {
        let message =
            format!("none so far: the kubelet has been pulling {} since {time}", image.image.shown());
        return Cause::new(message, describe(facts));
    }
    let needs = if lacks_credential(image) {
        format!(", and without a pull secret for {}, its node needs an identity that may pull", image.host())
    } else {
        String::new()
    };
    Cause::new(format!("none so far: the kubelet reports nothing about {}{needs}", image.image.shown()), "")
}
