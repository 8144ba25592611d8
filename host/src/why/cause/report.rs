//! What the kubelet's message says about a pull, where that is more than that a credential is refused.

use super::super::fix::{ask, correct, describe, replace, template, typed};
use super::super::meaning::Meaning;
use super::super::{Facts, ImageFacts};
use super::credentials::of_credentials;
use super::{Draft, NewPod, with_silence};
use crate::registry::failure::refused_address;
use crate::registry::see_what_is_there;

/// The most characters of a name in a certificate that is shown.
const MOST_OF_NAME: usize = 100;

/// The cause that a message means, and what to do about it.
#[allow(clippy::too_many_lines, reason = "a table")]
pub(super) fn of_meaning(facts: &Facts, image: &ImageFacts, meaning: Meaning) -> Option<Draft> {
    let registry = image.host();
    // Layers may come from another host, whose name does not resolve, or which the firewall blocks.
    let complaint = facts.complaint(&image.image);
    let refused = complaint.as_ref().and_then(|complaint| refused_address(&complaint.whole));
    let name_of_server = complaint.as_ref().and_then(|complaint| name_in_certificate(&complaint.whole));
    let name_of_server = name_of_server.unwrap_or("other names");
    let asked = complaint.as_ref().and_then(|complaint| complaint.host.clone());
    let asked = asked.unwrap_or_else(|| registry.to_owned());
    let node = facts.pod.node.as_deref().unwrap_or("its node");
    let reference = image.image.shown();
    Some(match meaning {
        Meaning::NotFound => Draft::new(
            format!(
                "{registry} has no image {reference}: the repository, the tag or the digest does not exist"
            ),
            see_what_is_there(
                registry,
                image.explanation.reference.as_ref().map_or("", |reference| &reference.path),
                image.image.reference.contains('@'),
            ),
        ),
        Meaning::NeverPulled => Draft::new(
            format!("the pod has imagePullPolicy Never, and its node does not have {reference}"),
            format!("set imagePullPolicy: IfNotPresent in {}", template(facts)),
        ),
        Meaning::NotForPod => {
            let given = format!(
                "node {node} has {reference}, and gives it only to pods that have a pull secret for it"
            );
            match of_credentials(facts, image) {
                Some(draft) if draft.new_pod == NewPod::Gets => draft,
                Some(Draft { message, help, .. }) => Draft::new(format!("{given}: {message}"), help),
                None if image.image.is_never_pulled => Draft::new(
                    format!("{given}, which it cannot check with imagePullPolicy Never"),
                    format!("set imagePullPolicy: IfNotPresent in {}", template(facts)),
                ),
                None => {
                    let mut tried = image.explanation.tries.iter().map(|tried| tried.secret.as_str());
                    let help = match tried.find(|name| image.is_refused(name)) {
                        Some(name) => replace(facts, image, name),
                        None if image.is_answered() => describe(facts).into(),
                        None => ask(facts, image).into(),
                    };
                    with_silence(image, Draft::new(given, help))
                }
            }
        }
        Meaning::NoRegistry => Draft::new(
            format!(
                "{reference} names no registry, and node {node} has no default registry, or more than one"
            ),
            format!("write the registry in front of the image in {}", template(facts)),
        ),
        Meaning::NotInspected => Draft::new(
            format!("the container runtime of node {node} cannot find out whether it has {reference}"),
            describe(facts),
        ),
        Meaning::NoPlatform => Draft::new(
            format!("{reference} is not for the platform of node {node}"),
            typed(
                &[node],
                format!(
                    "compare its platform: kubectl get node {node} -L kubernetes.io/os,kubernetes.io/arch"
                ),
                "compare with the operating system and the architecture of the node",
            ),
        ),
        Meaning::NotSigned => Draft::new(
            format!("{reference} has no signature that node {node} accepts"),
            "sign the image, or change the signature policy of the nodes' container runtime",
        ),
        Meaning::UnknownHost => Draft::new(
            format!("node {node} does not find the name {asked} in DNS"),
            "check the spelling of the registry, and the private DNS zone of its endpoint",
        ),
        Meaning::Certificate => Draft::new(
            format!("node {node} does not trust the certificate of {asked}"),
            "add the authority to the nodes' container runtime, or renew the certificate",
        ),
        Meaning::Expired => Draft::new(
            format!("by the clock of node {node}, the certificate of {asked} has expired"),
            "renew the certificate, or correct the clock of the node",
        ),
        Meaning::OtherServer => Draft::new(
            format!(
                "node {node} reaches another server than {asked}: its certificate is for {name_of_server}"
            ),
            "check the DNS of the node, the private endpoint of the registry, and the names in its certificate",
        ),
        Meaning::Nameless => Draft::new(
            format!(
                "the certificate that node {node} gets from {asked} does not list this name in subjectAltName"
            ),
            "issue the certificate with the name of the registry, or check the DNS of the node",
        ),
        Meaning::Clock => Draft::new(
            format!("by the clock of node {node}, the certificate of {asked} is not valid yet"),
            typed(
                &[node],
                format!("compare the times of its conditions with yours: kubectl describe node {node}"),
                "correct the clock of the node",
            ),
        ),
        Meaning::PlainHttp => Draft::new(
            format!("{asked} answers http, and node {node} asks with https"),
            "give the registry a certificate, or allow plain http in the nodes' container runtime",
        ),
        Meaning::Proxy => Draft::new(
            format!("the proxy of node {node} does not let it reach {registry}"),
            "check the proxy and NO_PROXY of the nodes' container runtime",
        ),
        Meaning::Unreachable => Draft::new(
            format!("node {node} gets no connection to {asked}"),
            "check the firewall, the proxy and the private endpoint of the registry",
        ),
        Meaning::Broken => Draft::new(
            format!("{registry} answers with an error of its own (5xx)"),
            "wait for the next attempt, and check the state of the registry",
        ),
        Meaning::TooMany => {
            Draft::new(format!("{registry} allows no more pulls for now"), "wait, or pull with a credential")
        }
        Meaning::Throttled => Draft::new(
            format!(
                "the kubelet of node {node} pulls no more for now, because of its own limit (registryPullQPS)"
            ),
            "wait for the next attempt",
        ),
        Meaning::NoSpace => Draft::new(
            format!("node {node} has no room for {reference}"),
            typed(&[node], format!("kubectl describe node {node}"), "remove images from the node"),
        ),
        Meaning::Forbidden if let Some(address) = refused => Draft::new(
            format!("the firewall of {registry} refuses the address {address}"),
            format!("allow the address in the network rules of {registry}, or give it a private endpoint"),
        ),
        Meaning::Forbidden => Draft::new(
            format!(
                "{registry} answers 403: its firewall refuses the nodes, or the identity may not pull this repository"
            ),
            format!(
                "allow the nodes in the network rules of {registry}, and assign the role AcrPull to the identity"
            ),
        ),
        Meaning::InvalidName => {
            Draft::new(format!("{reference} is not a valid image reference"), correct(facts))
        }
        Meaning::RuntimeDown => Draft::new(
            format!("the container runtime of node {node} does not answer"),
            typed(
                &[node],
                format!("kubectl describe node {node}"),
                "check the container runtime of the node",
            ),
        ),
        Meaning::StoreDamaged => Draft::new(
            format!("the store of node {node} has lost a layer of {reference}"),
            format!("remove {reference} from node {node} with crictl rmi, or replace the node"),
        ),
        Meaning::OldFormat => Draft::new(
            format!(
                "{reference} has an old format that the container runtime of node {node} does not support"
            ),
            "build and push the image again with a current tool",
        ),
        Meaning::LayerMissing => {
            Draft::new(format!("{registry} has lost a layer of {reference}"), "push the image again")
        }
        Meaning::StorageRefuses => Draft::new(
            format!("the storage with the layers of {registry} refuses node {node}"),
            "check the private endpoint, the data endpoint and the firewall of the registry",
        ),
        Meaning::Handshake => Draft::new(
            format!("the TLS handshake of node {node} with {asked} fails"),
            "check the proxy between them, and the TLS versions that the registry accepts",
        ),
        Meaning::NoCredential | Meaning::Refused | Meaning::Unauthorized | Meaning::Denied => return None,
    })
}

/// The first name that a certificate has. crypto/x509: `certificate is valid for a, b, not c`
fn name_in_certificate(message: &str) -> Option<&str> {
    let (_, names) = message.split_once("certificate is valid for ")?;
    let name = names.split(',').next()?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || ".-*:".contains(c);
    (name.len() <= MOST_OF_NAME && name.chars().all(is_name)).then_some(name)
}
