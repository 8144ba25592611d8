//! What is wrong with the credentials of a pod for an image.

use review::explanation::{Need, OutcomeState, TriedKey, Usability};
use review::list::some_of;

use super::super::fix::{
    NEW_SECRET, again, ask, create, list_in_account, new_name, node, replace, then_again, to_read,
    without_nameless,
};
use super::super::image::State;
use super::super::kubelet::bounded;
use super::super::meaning::Meaning;
use super::super::{Facts, ImageFacts};
use super::{Draft, LONGEST_KEY, place, state};

/// The most names of secrets in a cause.
const MOST_NAMES: usize = 3;

/// What is wrong with the pod's credentials for an image, as far as they show it.
pub(super) fn of_credentials(facts: &Facts, image: &ImageFacts) -> Option<Draft> {
    let explanation = &image.explanation;
    let meaning = facts.complaint(&image.image).and_then(|complaint| complaint.meaning);
    // Where no credential was sent, the secrets that the kubelet could read have none for the image.
    let is_absent = meaning == Some(Meaning::NoCredential) && image.in_state(Usability::Absent).is_some();
    let is_unread = facts.unread(image).is_some() && !is_absent;
    if let Some(first) = explanation.tries.first() {
        if is_unread || !explanation.tries.iter().all(|tried| tried.fails) {
            return None;
        }
        return Some(Draft::new(
            failure(first, explanation.tries.len() - 1),
            replace(facts, image, &first.secret),
        ));
    }
    if let Some(name) = unretrieved(facts, image) {
        return Some(Draft::new(
            format!("the kubelet could not retrieve secret {name}, which the pod lists"),
            create(facts, image, name),
        ));
    }
    let is_unknown = state(image) == Some(OutcomeState::Unknown);
    let is_refused = matches!(image.image.state, State::Failing { .. });
    // An image of another registry may be public.
    if state(image) == Some(OutcomeState::Works) || is_unread || (is_unknown && !is_refused) {
        return None;
    }
    if is_unknown && !meaning?.is_of_credentials() {
        return None;
    }
    Some(no_credential(facts, image))
}

/// What is wrong with the first key that is tried, where so many others fail too. Each of them is in `tries`.
fn failure(first: &TriedKey, others: usize) -> String {
    let failure = format!("{}: {}", place(first), first.status.as_deref().unwrap_or("it fails"));
    match others {
        0 => failure,
        1 => format!("{failure}, and the other key that is tried fails too"),
        others => format!("{failure}, and the {others} other keys that are tried fail too"),
    }
}

/// A secret that this login may not read, and that the kubelet did not find or could not read either.
fn unretrieved<'a>(facts: &'a Facts, image: &'a ImageFacts) -> Option<&'a str> {
    let meaning = facts.complaint(&image.image).and_then(|complaint| complaint.meaning);
    // The credential that the registry refuses may be that of another secret.
    let has_sent = matches!(meaning, Some(Meaning::Refused | Meaning::Denied));
    if has_sent && facts.unread(image).is_some() {
        return None;
    }
    image.all_in_state(Usability::Unknown).find(|name| facts.unretrieved(name).is_some())
}

/// The pod has no credential for an image.
fn no_credential(facts: &Facts, image: &ImageFacts) -> Draft {
    let pod = &facts.pod;
    let host = image.host();
    if pod.is_static {
        return of_static(facts, image, host);
    }
    if let Some(name) = image.in_state(Usability::Absent) {
        let message =
            format!("secret {name}, which the pod lists, does not exist in namespace {}", pod.namespace);
        return Draft::new(message, replace(facts, image, name));
    }
    if let Some(secret) = image.explanation.secrets.iter().find(|secret| secret.state == Usability::Ignored) {
        let reason = secret.reason.as_deref().unwrap_or("its type is another");
        let message = format!("the kubelet does not read secret {}: {reason}", secret.name);
        return Draft::new(message, replace(facts, image, &secret.name));
    }
    let meaning = facts.complaint(&image.image).and_then(|complaint| complaint.meaning);
    if meaning == Some(Meaning::Denied) && image.acr.is_none() && state(image) == Some(OutcomeState::Unknown)
    {
        return Draft::new(
            format!("{host} has no public repository {}: it does not exist, or it is private", path(image)),
            format!("correct the image in the pod template, or create a pull secret for {host}"),
        );
    }
    if let Some(secret) = image.explanation.secrets.first() {
        return Draft::new(no_key(image, host), replace(facts, image, &secret.name));
    }
    // A credential was sent, and the pod has none.
    if let (Some(Meaning::Refused), Some(name)) = (meaning, &image.acr) {
        let node = pod.node.as_deref().unwrap_or("its node");
        return Draft::new(
            format!("{host} refuses the identity of node {node}, and the pod has no pull secret"),
            format!("az aks update -n CLUSTER -g GROUP --attach-acr {name}"),
        );
    }
    of_account(facts, image, host)
}

/// A static pod uses no pull secrets: only the credentials of its node are tried.
fn of_static(facts: &Facts, image: &ImageFacts, host: &str) -> Draft {
    let node = node(facts);
    let reason = match facts.complaint(&image.image).and_then(|complaint| complaint.meaning) {
        Some(Meaning::Refused) => format!("{host} refuses the credential of the kubelet of {node}"),
        Some(Meaning::Denied) => {
            format!("{host} has no repository {}, or refuses it to the kubelet of {node}", path(image))
        }
        _ => format!("the kubelet of {node} has no valid credential for {host}"),
    };
    Draft::new(
        format!("the pod is a static pod, which uses no pull secrets, and {reason}"),
        format!(
            "give the kubelet of {node} a credential for {host} (--attach-acr of az aks update, a credential provider, or a docker \
             config), or load the image on the node"
        ),
    )
}

/// The pod lists secrets, and none of them is for the registry.
fn no_key(image: &ImageFacts, host: &str) -> String {
    let names: Vec<&str> = image.explanation.secrets.iter().map(|secret| secret.name.as_str()).collect();
    let names = some_of(&names, MOST_NAMES);
    let skipped = image.explanation.not_tried.first();
    let skipped = skipped.map(|it| {
        let key = bounded(&it.key, LONGEST_KEY);
        format!(" (key {key} of secret {}: {})", it.secret, it.reason)
    });
    format!("no key of the pod's pull secrets ({names}) is for {host}{}", skipped.unwrap_or_default())
}

/// The pod lists no pull secret: its `ServiceAccount` may list one by now, or not exist.
fn of_account(facts: &Facts, image: &ImageFacts, host: &str) -> Draft {
    let account = &facts.pod.service_account;
    let is_unread = facts.read_failures.account.is_some();
    if is_unread && facts.pod.lists_nameless {
        return Draft::new(
            format!(
                "the pod's imagePullSecrets has only an entry without a name, so the pod has no pull secret for {host}"
            ),
            "write the name of a pull secret into the entry in the pod template, and create the pod again",
        );
    }
    if is_unread {
        let message = format!(
            "the pod has no pull secret for {host}, and ServiceAccount {account}, which may list one, cannot be read"
        );
        let help = to_read(facts.read_failures.account, "the ServiceAccount");
        // A new pod would get what the ServiceAccount lists.
        return if facts.pod.is_over() {
            Draft::unknown(&format!(": {message}"), help)
        } else {
            Draft::new(message, help)
        };
    }
    if let Some(explanation) = &image.of_account {
        let listed = ImageFacts { explanation: explanation.clone(), ..image.clone() };
        return of_listed(facts, &listed, host);
    }
    let message = if facts.account.is_some() {
        format!("neither the pod nor ServiceAccount {account} lists a pull secret for {host}")
    } else {
        format!("the pod lists no pull secret for {host}, and its ServiceAccount {account} does not exist")
    };
    Draft::new(message, then_again(facts, list_in_account(facts, image, &new_name(facts, image))))
}

/// The pod lists no pull secret, and its `ServiceAccount` lists these by now: the pod gets them when it is created again, which
/// does not help where they fail too.
fn of_listed(facts: &Facts, image: &ImageFacts, host: &str) -> Draft {
    let Facts { pod, .. } = facts;
    let account = &pod.service_account;
    let begin = format!("the pod has no pull secret, and ServiceAccount {account} lists");
    let tries = &image.explanation.tries;
    if let Some(first) = tries.first().filter(|_| tries.iter().all(|tried| tried.fails)) {
        let message = format!("{begin} {}", failure(first, tries.len() - 1));
        return Draft::new(message, then_again(facts, replace(facts, image, &first.secret)));
    }
    if let Some(name) = image.in_state(Usability::Malformed) {
        let help = then_again(facts, replace(facts, image, name));
        return Draft::new(format!("{begin} secret {name}, which is malformed"), help);
    }
    let is_unread = image.in_state(Usability::Unknown).is_some();
    if !tries.is_empty() || is_unread {
        let name =
            tries.first().map(|tried| tried.secret.as_str()).or_else(|| image.in_state(Usability::Unknown));
        let name = name.unwrap_or_default();
        return if pod.lists_nameless {
            Draft::new(
                format!(
                    "the pod's imagePullSecrets has only an entry without a name, which keeps the pod from getting secret {name} of \
                     ServiceAccount {account}"
                ),
                without_nameless(facts),
            )
        } else if pod.is_over() {
            Draft::of_new_pod(format!("gets secret {name} of ServiceAccount {account}"))
        } else {
            Draft::new(
                format!(
                    "the pod has no pull secret, because it was created before ServiceAccount {account} listed secret {name}"
                ),
                again(facts, "delete the pod and create it again"),
            )
        };
    }
    if let Some(name) = image.in_state(Usability::Absent) {
        let message = format!("{begin} secret {name}, which does not exist in namespace {}", pod.namespace);
        return Draft::new(message, then_again(facts, replace(facts, image, name)));
    }
    let ignored = image.explanation.secrets.iter().find(|secret| secret.state == Usability::Ignored);
    if let Some(secret) = ignored {
        let reason = secret.reason.as_deref().unwrap_or("its type is another");
        let message = format!("{begin} secret {}, which the kubelet does not read: {reason}", secret.name);
        return Draft::new(
            message,
            then_again(facts, list_in_account(facts, image, &new_name(facts, image))),
        );
    }
    let first = image.explanation.secrets.first().map(|secret| secret.name.as_str());
    let name = first.unwrap_or(NEW_SECRET);
    Draft::new(
        format!("{begin} no pull secret for {host} (it lists {name})"),
        then_again(facts, replace(facts, image, name)),
    )
}

/// The registry refuses a credential in which nothing is wrong that can be seen.
pub(super) fn refused(facts: &Facts, image: &ImageFacts, meaning: Option<Meaning>) -> Option<Draft> {
    meaning.filter(|meaning| meaning.is_of_credentials())?;
    let host = image.host();
    if image.explanation.needs == Some(Need::Nothing) && image.explanation.tries.is_empty() {
        let account = &facts.pod.service_account;
        return Some(Draft::new(
            format!("{host} refuses the identity of ServiceAccount {account}"),
            format!("assign to the identity the role AcrPull on {host}"),
        ));
    }
    let tried = image.explanation.tries.iter().find(|tried| !tried.fails)?;
    let secret = &tried.secret;
    if meaning == Some(Meaning::NoCredential) && !image.is_answered() {
        let message = format!(
            ": the kubelet's last attempt had no credential, although secret {secret} has one for {host}, and no later change of \
             the secret is known"
        );
        return Some(Draft::unknown(&message, ask(facts, image)));
    }
    let valid = || image.explanation.tries.iter().filter(|it| !it.fails);
    let count = valid().count();
    // The keys of one secret may be tried between those of another.
    let mut others: Vec<&str> = Vec::new();
    for tried in valid() {
        if !others.contains(&tried.secret.as_str()) {
            others.push(&tried.secret);
        }
    }
    let message = match (meaning, count, others.len()) {
        // Only who has a token is refused so.
        (Some(Meaning::Denied), _, _) => format!(
            "{host} refuses repository {}: it does not exist, or the identity of {} has no permission for it",
            path(image),
            listed(&others)
        ),
        (_, 1, _) => format!(
            "{host} refuses the credential of secret {secret}, which looks valid: it was revoked, or its identity has no role"
        ),
        _ => format!(
            "{host} refuses the {count} credentials of {}, which look valid: they were revoked, or their identities have no role",
            listed(&others)
        ),
    };
    let help =
        if image.is_refused(secret) { replace(facts, image, secret) } else { ask(facts, image).into() };
    Some(Draft::new(message, help))
}

/// The secrets by their names.
fn listed(names: &[&str]) -> String {
    match names {
        [name] => format!("secret {name}"),
        [others @ .., last] if others.len() < MOST_NAMES => {
            format!("secrets {} and {last}", others.join(", "))
        }
        names => format!("secrets {}", some_of(names, MOST_NAMES)),
    }
}

/// The repository of an image.
fn path(image: &ImageFacts) -> &str {
    image.explanation.reference.as_ref().map_or("", |reference| &reference.path)
}
