//! What the kubelet's message says about a pull, where that is more than that a credential is refused.

use super::super::fix::{correct, describe, template, typed};
use super::super::meaning::Meaning;
use super::super::{Facts, ImageFacts};
use super::Draft as Cause;
use crate::registry::see_what_is_there;

/// The cause that a message means, and what to do about it.
#[allow(clippy::too_many_lines, reason = "a table")]
pub(super) fn of_meaning(facts: &Facts, image: &ImageFacts, meaning: Meaning) -> Option<Cause> {
    let registry = image.host();
    // Layers may come from another host, whose name does not resolve, or which the firewall blocks.
    let asked = facts.complaint(&image.image).and_then(|complaint| complaint.host);
    let asked = asked.unwrap_or_else(|| registry.to_owned());
    let node = facts.pod.node.as_deref().unwrap_or("its node");
    let reference = image.image.shown();
    Some(match meaning {
        Meaning::NotFound => Cause::new(
            format!(
                "{registry} has no image {reference}: the repository, the tag or the digest does not exist"
            ),
            see_what_is_there(
                registry,
                image.explanation.reference.as_ref().map_or("", |reference| &reference.path),
                image.image.reference.contains('@'),
            ),
        ),
        Meaning::NeverPulled => Cause::new(
            format!(
                "the pod has imagePullPolicy Never, and its node does not have {reference}, or gives it only to pods that have a \
                 pull secret for it"
            ),
            format!("set imagePullPolicy: IfNotPresent in {}", template(facts)),
        ),
        Meaning::NoRegistry => Cause::new(
            format!(
                "{reference} names no registry, and node {node} has no default registry, or more than one"
            ),
            format!("write the registry in front of the image in {}", template(facts)),
        ),
        Meaning::NotInspected => Cause::new(
            format!("the container runtime of node {node} cannot find out whether it has {reference}"),
            describe(facts),
        ),
        Meaning::NoPlatform => Cause::new(
            format!("{reference} is not for the platform of node {node}"),
            typed(
                &[node],
                format!(
                    "compare its platform: kubectl get node {node} -L kubernetes.io/os,kubernetes.io/arch"
                ),
                "compare with the operating system and the architecture of the node",
            ),
        ),
        Meaning::NotSigned => Cause::new(
            format!("{reference} has no signature that node {node} accepts"),
            "sign the image, or change the signature policy of the nodes' container runtime",
        ),
        Meaning::UnknownHost => Cause::new(
            format!("node {node} does not find the name {asked} in DNS"),
            "check the spelling of the registry, and the private DNS zone of its endpoint",
        ),
        Meaning::Certificate => Cause::new(
            format!("node {node} does not trust the certificate of {asked}"),
            "add the authority to the nodes' container runtime, or renew the certificate",
        ),
        Meaning::Clock => Cause::new(
            format!("by the clock of node {node}, the certificate of {asked} is not valid yet"),
            typed(
                &[node],
                format!("compare the times of its conditions with yours: kubectl describe node {node}"),
                "correct the clock of the node",
            ),
        ),
        Meaning::PlainHttp => Cause::new(
            format!("{asked} answers http, and node {node} asks with https"),
            "give the registry a certificate, or allow plain http in the nodes' container runtime",
        ),
        Meaning::Proxy => Cause::new(
            format!("the proxy of node {node} does not let it reach {registry}"),
            "check the proxy and NO_PROXY of the nodes' container runtime",
        ),
        Meaning::Unreachable => Cause::new(
            format!("node {node} gets no connection to {asked}"),
            "check the firewall, the proxy and the private endpoint of the registry",
        ),
        Meaning::Broken => Cause::new(
            format!("{registry} answers with an error of its own (5xx)"),
            "wait for the next attempt, and check the state of the registry",
        ),
        Meaning::TooMany => {
            Cause::new(format!("{registry} allows no more pulls for now"), "wait, or pull with a credential")
        }
        Meaning::Throttled => Cause::new(
            format!(
                "the kubelet of node {node} pulls no more for now, because of its own limit (registryPullQPS)"
            ),
            "wait for the next attempt",
        ),
        Meaning::NoSpace => Cause::new(
            format!("node {node} has no room for {reference}"),
            typed(&[node], format!("kubectl describe node {node}"), "remove images from the node"),
        ),
        Meaning::Forbidden => Cause::new(
            format!(
                "{registry} answers 403: its firewall refuses the nodes, or the identity may not pull this repository"
            ),
            format!(
                "allow the nodes in the network rules of {registry}, and assign the role AcrPull to the identity"
            ),
        ),
        Meaning::InvalidName => {
            Cause::new(format!("{reference} is not a valid image reference"), correct(facts))
        }
        Meaning::RuntimeDown => Cause::new(
            format!("the container runtime of node {node} does not answer"),
            typed(
                &[node],
                format!("kubectl describe node {node}"),
                "check the container runtime of the node",
            ),
        ),
        Meaning::StoreDamaged => Cause::new(
            format!("the store of node {node} has lost a layer of {reference}"),
            format!("remove {reference} from node {node} with crictl rmi, or replace the node"),
        ),
        Meaning::OldFormat => Cause::new(
            format!(
                "{reference} has an old format that the container runtime of node {node} does not support"
            ),
            "build and push the image again with a current tool",
        ),
        Meaning::LayerMissing => {
            Cause::new(format!("{registry} has lost a layer of {reference}"), "push the image again")
        }
        Meaning::StorageRefuses => Cause::new(
            format!("the storage with the layers of {registry} refuses node {node}"),
            "check the private endpoint, the data endpoint and the firewall of the registry",
        ),
        Meaning::Handshake => Cause::new(
            format!("the TLS handshake of node {node} with {asked} fails"),
            "check the proxy between them, and the TLS versions that the registry accepts",
        ),
        Meaning::NoCredential | Meaning::Refused | Meaning::Unauthorized | Meaning::Denied => return None,
    })
}
