//! Images that the node has: a pod that runs keeps its image, and what its next pull needs.

use review::pull::PullResult;

use super::super::image::State;
use super::super::kubelet::bounded;
use super::super::{Facts, ImageFacts, Now, Usability};
use super::length::bounded_around;
use super::{Draft, LONGEST, lacks_credential, names, place, works_with};

/// The most characters of what uses an image.
const LONGEST_USER: usize = 60;

/// Why the next pull fails of an image that the pod has or waits for.
pub(super) fn expected(facts: &Facts, image: &ImageFacts) -> Draft {
    let Draft { message, help, .. } = super::expected(facts, image);
    if image.image.state != State::Pulled {
        return Draft::new(message, help);
    }
    let result = format!(", so {}", next_pull(image));
    let most = LONGEST.saturating_sub(result.chars().count());
    Draft::new(bounded_around(&message, most, &names(facts)) + &result, help)
}

/// What comes of the next pull of an image that fails, and when there is one: of an image that the node has, only
/// `imagePullPolicy: Always` makes one there.
pub(super) fn next_pull(image: &ImageFacts) -> String {
    let user = bounded(image.image.users.first().map_or("the container", String::as_str), LONGEST_USER);
    match (&image.image.state, &image.image.next_pull) {
        (State::Pulled, Some(next)) => {
            format!("{} {}", bounded(next, LONGEST_USER), fails(image, "its node"))
        }
        (State::Pulled, None) if is_up_to_credentials(image) => {
            format!("{user} gets its image on another node only if the identity of that node may pull")
        }
        (State::Pulled, None) => format!("{user} does not get its image on another node"),
        _ => format!("the pull for {user} {}", fails(image, "its node")),
    }
}

/// That a pull fails, as far as that is known: the credentials of a node are not seen from here, and are tried after the pod's.
pub(super) fn fails(image: &ImageFacts, node: &str) -> String {
    if is_up_to_credentials(image) {
        format!("fails unless the identity of {node} may pull")
    } else {
        "fails".to_owned()
    }
}

/// Whether a node with an identity that may pull gets an image that this pod's credentials do not get.
fn is_up_to_credentials(image: &ImageFacts) -> bool {
    let is_missing = |result| matches!(result, PullResult::NotFound | PullResult::NoPlatform);
    image.explanation.error.is_none()
        && !image.pull.as_ref().is_some_and(|pull| is_missing(pull.result))
        && image.in_state(Usability::Malformed).is_none()
}

/// The node has every image: whether it pulled them for the pod, and whether a pod on another node would get them.
pub(super) fn on_node(facts: &Facts) -> String {
    let ended = facts.images.iter().find_map(|image| Some((image, facts.pulled_after_end(image)?)));
    if let Some((image, time)) = ended {
        let secret = image.explanation.tries.first().map_or("", |tried| &tried.secret);
        return format!(
            "the node pulled {} at {time}, after the credential of secret {secret} had expired, so the node has an identity that \
             may pull, or the announced end is wrong",
            image.image.shown()
        );
    }
    let Some(image) = facts.images.iter().find(|image| !facts.was_pulled(&image.image)) else {
        return "every image was pulled".to_owned();
    };
    let reference = image.image.shown();
    if image.image.is_never_pulled {
        return format!("the node has {reference}, which the pod never pulls (imagePullPolicy Never)");
    }
    if facts.pod.is_static {
        return format!("the node has {reference}, and a static pod stays on its node");
    }
    if lacks_credential(image) {
        let host = image.host();
        return format!(
            "the node has {reference}, and a pod on another node gets it only if that node has an identity, because the pod has \
             no pull secret for {host}"
        );
    }
    match (facts.now(image), works_with(image)) {
        (Now::Yes, Some(tried)) => {
            format!("the node has {reference}, and a pod on another node can pull it with {}", place(tried))
        }
        (Now::Yes, None) => format!("the node has {reference}, and a pod on another node can pull it"),
        _ => "the node has every image".to_owned(),
    }
}
