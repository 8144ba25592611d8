//! The one cause of a pod's trouble, and what to type.

use review::explanation::{Need, OutcomeState, TriedKey, Usability};
use review::pull::PullResult;
use review::user_info::without_user_info;

use super::fix::{NEW_SECRET, again, ask, create, describe, replace, typed};
use super::kubelet::{Meaning, shortened};
use super::pod::State;
use super::{Facts, ImageFacts, Now};

/// A cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// One sentence
    pub message: String,
    /// What to do about it; empty where nothing is to be done
    pub help: String,
}

impl Cause {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// The cause of a pod's trouble: of the first image that the kubelet does not get, or else of what keeps it from trying.
pub fn of(facts: &Facts) -> Cause {
    let pod = &facts.pod;
    if pod.has_finished() {
        return Cause::new(format!("the pod has finished ({}) and pulls no more images", pod.phase), "");
    }
    let failing = || facts.images.iter().filter(|image| matches!(image.image.state, State::Failing { .. }));
    if let Some(image) = failing().find(|image| facts.now(image) != Now::Yes).or_else(|| failing().next()) {
        return of_image(facts, image);
    }
    if pod.node.is_none() {
        return unscheduled(facts);
    }
    let is_bad = |image: &&ImageFacts| facts.now(image) == Now::No;
    if let Some(image) = facts.images.iter().find(is_bad) {
        let reason = of_registry(image).or_else(|| of_credentials(facts, image));
        let Cause { message, help } = reason.unwrap_or_else(|| Cause::new("it cannot be pulled", ""));
        let begin = match image.image.state {
            State::Pulled if facts.was_on_node(&image.image) => {
                "runs because its image was on the node, and a pod on another node would fail"
            }
            State::Pulled => "runs, and a new pod would fail",
            _ => return Cause::new(message, help),
        };
        return Cause::new(format!("{} {begin}: {message}", user(image)), help);
    }
    if let Some((container, reason)) = &pod.other {
        return Cause::new(
            format!("every image was pulled, and container {container} waits for another reason: {reason}"),
            typed(
                &[&pod.name, &pod.namespace, container],
                format!("kubectl logs {} -n {} -c {container} --previous", pod.name, pod.namespace),
                "read the log of the container's last run",
            ),
        );
    }
    if facts.images.iter().all(|image| image.image.state == State::Pulled) {
        return Cause::new("none: every image was pulled", "");
    }
    Cause::new("none so far: the kubelet reports nothing about the images that are missing", "")
}

fn unscheduled(facts: &Facts) -> Cause {
    let event = facts.events.iter().rev().find(|event| event.reason == "FailedScheduling");
    let reason = event.map(|event| event.message.as_str()).or(facts.pod.unscheduled.as_deref());
    let reason = reason.map(|reason| format!(": {}", shortened(reason))).unwrap_or_default();
    Cause::new(format!("the pod has no node, so nothing was pulled{reason}"), describe(facts))
}

/// Why the kubelet does not get an image.
fn of_image(facts: &Facts, image: &ImageFacts) -> Cause {
    let reference = without_user_info(&image.image.reference);
    let meaning = facts.complaint(&image.image).and_then(|complaint| complaint.meaning);
    if facts.now(image) == Now::Yes {
        let tried = image.explanation.tries.iter().find(|tried| !tried.fails);
        let tried = tried.filter(|_| state(image) == Some(OutcomeState::Works));
        let how = tried
            .map_or_else(|| "as the registry answers".to_owned(), |tried| format!("with {}", place(tried)));
        return Cause::new(
            format!("fixed since the kubelet's last attempt: {reference} can be pulled now {how}"),
            again(facts, "wait up to 5 minutes for the next attempt"),
        );
    }
    if let Some(error) = &image.explanation.error {
        let message = format!("{reference} is not a valid image reference: {error}");
        return Cause::new(message, "correct the image in the pod template");
    }
    if meaning == Some(Meaning::NeverPulled) {
        return Cause::new(
            format!(
                "the pod has imagePullPolicy Never, and its node does not have {reference} or gives it only to pods whose pull \
                 secret serves it"
            ),
            "set imagePullPolicy: IfNotPresent in the pod template",
        );
    }
    if let Some(name) = in_state(image, Usability::Malformed) {
        let message = format!("secret {name} is malformed, which fails every pull of the pod");
        return Cause::new(message, replace(facts, image, name));
    }
    let by_registry = of_registry(image);
    by_registry
        .or_else(|| of_meaning(facts, image, meaning?))
        .or_else(|| of_credentials(facts, image))
        .or_else(|| refused(facts, image, meaning))
        .unwrap_or_else(|| unknown(facts, image))
}

/// What the registry answers, where it was asked and could be.
fn of_registry(image: &ImageFacts) -> Option<Cause> {
    let pull = image.pull.as_ref()?;
    match pull.result {
        PullResult::Denied | PullResult::NotFound | PullResult::NoPlatform => {
            Some(Cause::new(pull.message.clone()?, pull.help.clone().unwrap_or_default()))
        }
        PullResult::Pulled | PullResult::Unreachable | PullResult::Unknown => None,
    }
}

/// What a message means that says more than the credentials do.
fn of_meaning(facts: &Facts, image: &ImageFacts, meaning: Meaning) -> Option<Cause> {
    let host = host(image);
    let node = facts.pod.node.as_deref().unwrap_or("its node");
    let reference = without_user_info(&image.image.reference);
    Some(match meaning {
        Meaning::NotFound => Cause::new(
            format!("{host} has no image {reference}: the repository, the tag or the digest does not exist"),
            match &image.acr {
                Some(name) => format!(
                    "see the tags with az acr repository show-tags -n {name} --repository {}",
                    image.explanation.reference.as_ref().map_or("", |reference| &reference.path)
                ),
                None => "push the image, or correct the reference".to_owned(),
            },
        ),
        Meaning::NoPlatform => Cause::new(
            format!("{reference} is not for the platform of node {node}"),
            typed(
                &[node],
                format!("compare with kubectl get node {node} -L kubernetes.io/os,kubernetes.io/arch"),
                "compare with the operating system and the architecture of the node",
            ),
        ),
        Meaning::UnknownHost => Cause::new(
            format!("node {node} does not find the name {host} in DNS"),
            "check the spelling of the registry, and the private DNS zone of its endpoint",
        ),
        Meaning::Certificate => Cause::new(
            format!("node {node} does not trust the certificate of {host}"),
            "add the authority to the nodes' container runtime",
        ),
        Meaning::Unreachable => Cause::new(
            format!("node {node} gets no connection to {host}"),
            "check the firewall, the proxy and the private endpoint of the registry",
        ),
        Meaning::TooMany => {
            Cause::new(format!("{host} allows no more pulls for now"), "wait, or pull with a credential")
        }
        Meaning::NoSpace => Cause::new(
            format!("node {node} has no room for {reference}"),
            typed(&[node], format!("kubectl describe node {node}"), "remove images from the node"),
        ),
        Meaning::Forbidden => Cause::new(
            format!(
                "{host} answers 403: its firewall refuses the nodes, or the identity may not pull this repository"
            ),
            format!("allow the nodes in the network rules of {host}, and give the identity the role AcrPull"),
        ),
        Meaning::InvalidName
        | Meaning::NeverPulled
        | Meaning::NoCredential
        | Meaning::Refused
        | Meaning::Unauthorized => {
            return None;
        }
    })
}

/// What is wrong with the pod's credentials for an image, as far as they show it.
fn of_credentials(facts: &Facts, image: &ImageFacts) -> Option<Cause> {
    let explanation = &image.explanation;
    let is_unread = in_state(image, Usability::Unknown).is_some();
    if let Some(tried) = explanation.tries.first() {
        if is_unread || !explanation.tries.iter().all(|tried| tried.fails) {
            return None;
        }
        let failure =
            |it: &TriedKey| format!("{}: {}", place(it), it.status.as_deref().unwrap_or("it fails"));
        let failures: Vec<String> = explanation.tries.iter().map(failure).collect();
        return Some(Cause::new(failures.join(", and "), replace(facts, image, &tried.secret)));
    }
    let is_unknown = state(image) == Some(OutcomeState::Unknown);
    let is_refused = matches!(image.image.state, State::Failing { .. });
    // An image of another registry may be public.
    if state(image) == Some(OutcomeState::Works) || is_unread || (is_unknown && !is_refused) {
        return None;
    }
    if is_unknown {
        let meaning = facts.complaint(&image.image)?.meaning?;
        if !matches!(meaning, Meaning::NoCredential | Meaning::Refused | Meaning::Unauthorized) {
            return None;
        }
    }
    Some(no_credential(facts, image))
}

/// The pod has no credential for an image.
fn no_credential(facts: &Facts, image: &ImageFacts) -> Cause {
    let pod = &facts.pod;
    let host = host(image);
    if let Some(name) = in_state(image, Usability::Absent) {
        let message =
            format!("secret {name}, which the pod lists, does not exist in namespace {}", pod.namespace);
        return Cause::new(message, replace(facts, image, name));
    }
    if let Some(secret) = image.explanation.secrets.iter().find(|secret| secret.state == Usability::Ignored) {
        let reason = secret.reason.as_deref().unwrap_or("its type is another");
        let message = format!("the kubelet does not read secret {}: {reason}", secret.name);
        return Cause::new(message, replace(facts, image, &secret.name));
    }
    if let Some(secret) = image.explanation.secrets.first() {
        let names: Vec<&str> = image.explanation.secrets.iter().map(|secret| secret.name.as_str()).collect();
        let message = format!("no key of the pod's pull secrets ({}) is for {host}", names.join(", "));
        let skipped = image.explanation.not_tried.first();
        let skipped = skipped.map(|it| format!(": key {} of secret {}: {}", it.key, it.secret, it.reason));
        return Cause::new(message + &skipped.unwrap_or_default(), replace(facts, image, &secret.name));
    }
    // A credential was sent, and the pod has none.
    let meaning = facts.complaint(&image.image).and_then(|complaint| complaint.meaning);
    if let (Some(Meaning::Refused), Some(name)) = (meaning, &image.acr) {
        let node = pod.node.as_deref().unwrap_or("its node");
        return Cause::new(
            format!("{host} refuses the identity of node {node}, and the pod has no pull secret"),
            format!("az aks update -n CLUSTER -g GROUP --attach-acr {name}"),
        );
    }
    let listed = facts.account.as_ref().and_then(|account| account.get("imagePullSecrets")?.as_array());
    let listed = listed.into_iter().flatten().find_map(|entry| entry.get("name")?.as_str());
    let account = &pod.service_account;
    if !facts.is_account_known {
        return Cause::new(
            format!(
                "the pod has no pull secret for {host}, and ServiceAccount {account}, which may list one, cannot be read"
            ),
            "read the ServiceAccount with a login that may",
        );
    }
    match listed {
        Some(name) => Cause::new(
            format!(
                "the pod has no pull secret, because it was created before ServiceAccount {account} listed secret {name}"
            ),
            again(facts, "delete the pod and create it again"),
        ),
        None => Cause::new(
            format!("neither the pod nor ServiceAccount {account} lists a pull secret for {host}"),
            typed(
                &[account, &pod.namespace],
                format!(
                    "{}, then kubectl patch serviceaccount {account} -n {} -p \
                     '{{\"imagePullSecrets\":[{{\"name\":\"{NEW_SECRET}\"}}]}}', and create the pod again",
                    create(facts, image, NEW_SECRET),
                    pod.namespace
                ),
                "create a pull secret, list it in the ServiceAccount, and create the pod again",
            ),
        ),
    }
}

/// The registry refuses a credential in which nothing is wrong that can be seen.
fn refused(facts: &Facts, image: &ImageFacts, meaning: Option<Meaning>) -> Option<Cause> {
    if !matches!(meaning, Some(Meaning::Unauthorized | Meaning::Refused | Meaning::NoCredential)) {
        return None;
    }
    let host = host(image);
    if image.explanation.needs == Some(Need::Nothing) && image.explanation.tries.is_empty() {
        let account = &facts.pod.service_account;
        return Some(Cause::new(
            format!("{host} refuses the identity of ServiceAccount {account}"),
            format!("give the identity the role AcrPull on {host}"),
        ));
    }
    let tried = image.explanation.tries.iter().find(|tried| !tried.fails)?;
    let secret = &tried.secret;
    if meaning == Some(Meaning::NoCredential) && image.pull.is_none() {
        let message = format!(
            "not known: the kubelet's last attempt had no credential, and secret {secret}, which has one for {host}, was not \
             written since as far as is known"
        );
        return Some(Cause::new(message, ask(facts)));
    }
    let message = format!(
        "{host} refuses the credential of secret {secret}, which has no visible fault: it was revoked, or has no role"
    );
    let help = if image.pull.is_some() { replace(facts, image, secret) } else { ask(facts) };
    Some(Cause::new(message, help))
}

fn unknown(facts: &Facts, image: &ImageFacts) -> Cause {
    let said =
        facts.complaint(&image.image).map(|complaint| complaint.message).filter(|said| !said.is_empty());
    let unread = in_state(image, Usability::Unknown);
    let unread = unread.map(|name| format!(", because secret {name} cannot be read")).unwrap_or_default();
    let message = match said {
        Some(said) => format!("not known{unread}, and the kubelet reports: {said}"),
        None => format!("not known{unread}: the kubelet gives no reason, and its events have expired"),
    };
    Cause::new(message, if image.pull.is_some() { describe(facts) } else { ask(facts) })
}

fn state(image: &ImageFacts) -> Option<OutcomeState> {
    image.explanation.outcome.as_ref().map(|outcome| outcome.state)
}

fn place(tried: &TriedKey) -> String {
    format!("key {} of secret {}", tried.key, tried.secret)
}

pub(super) fn in_state(image: &ImageFacts, state: Usability) -> Option<&str> {
    let mut secrets = image.explanation.secrets.iter();
    secrets.find(|secret| secret.state == state).map(|secret| secret.name.as_str())
}

/// The host of an image, with its port.
pub(super) fn host(image: &ImageFacts) -> String {
    let domain = image.explanation.reference.as_ref().map(|reference| reference.domain.clone());
    domain.filter(|domain| !domain.is_empty()).unwrap_or_else(|| "its registry".to_owned())
}

fn user(image: &ImageFacts) -> String {
    image.image.users.first().cloned().unwrap_or_default()
}
