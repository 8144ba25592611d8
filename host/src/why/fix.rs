//! What to type about a cause. Each word that comes from the cluster is a name that Kubernetes accepts, so a shell reads it as one
//! word.

use review::explanation::Usability;
use review::object_name::parse_name;
use serde_json::Value;

use super::pod::Pod;
use super::{Facts, ImageFacts};
use crate::pull::ReadFailure;
use crate::pull_secret::EXPIRES;

/// The name of a pull secret where the pod and its `ServiceAccount` list none.
pub(super) const NEW_SECRET: &str = "acr-secret";

/// What to do against a cause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// What to type; empty where there is no command
    command: String,
    /// What to do then; empty where the command is all
    words: String,
}

impl Step {
    fn in_words(words: impl Into<String>) -> Self {
        Self { words: words.into(), command: String::new() }
    }

    fn command(command: String) -> Self {
        Self { words: String::new(), command }
    }

    /// As [`typed`].
    fn typed(names: &[&str], command: String, words: &str) -> Self {
        if are_names(names) { Self::command(command) } else { Self::in_words(words) }
    }
}

impl Step {
    /// What to do first, and what remains to be done then, which is empty where nothing remains.
    pub(super) fn in_order(self) -> [String; 2] {
        let Self { command, words } = self;
        if command.is_empty() { [words, command] } else { [command, words] }
    }
}

impl<Words: Into<String>> From<Words> for Step {
    fn from(words: Words) -> Self {
        Self::in_words(words)
    }
}

/// A command with these names, or else what to do in words: only names that Kubernetes accepts are words of a shell.
pub(super) fn typed(names: &[&str], command: String, words: &str) -> String {
    if are_names(names) { command } else { words.to_owned() }
}

fn are_names(names: &[&str]) -> bool {
    names.iter().all(|name| parse_name(name).is_ok())
}

/// The command that shows the events of the pod.
pub(super) fn describe(facts: &Facts) -> String {
    let Pod { name, namespace, .. } = &facts.pod;
    let command = format!("kubectl describe pod {name} -n {namespace}");
    typed(&[name, namespace], command, "read the events of the pod")
}

/// The call that asks the registry too; from elsewhere, where the registry gave this computer no answer.
pub(super) fn ask(facts: &Facts, image: &ImageFacts) -> String {
    let Pod { name, namespace, .. } = &facts.pod;
    let words = if image.silence().is_some() {
        "from a network that reaches the registry, see what it answers"
    } else {
        "see what the registry answers"
    };
    let command = format!("{words}: acr-pull-secret why {name} -n {namespace} --pull");
    typed(&[name, namespace], command, &format!("{words} with --pull"))
}

/// How an object is read that could not be read.
pub(super) fn to_read(failure: Option<ReadFailure>, object: &str) -> String {
    match failure {
        Some(ReadFailure::Forbidden) => format!("run this with a login that may read {object}"),
        Some(ReadFailure::NoLogin) => "log in to the cluster again, and try kubectl get pods".to_owned(),
        Some(ReadFailure::Other) | None => format!("run this again when kubectl can read {object}"),
    }
}

/// How the kubelet tries again at once, or else what to do.
pub(super) fn again(facts: &Facts, other: &str) -> String {
    let pod = &facts.pod;
    if pod.is_replaced {
        let command = format!("kubectl delete pod {} -n {}", pod.name, pod.namespace);
        typed(&[&pod.name, &pod.namespace], command, other)
    } else {
        other.to_owned()
    }
}

/// Where the images of the pod are written.
pub(super) fn template(facts: &Facts) -> String {
    if facts.pod.is_static {
        format!("its manifest on {}", node(facts))
    } else {
        "the pod template".to_owned()
    }
}

/// What to do about an image that is not a valid reference.
pub(super) fn correct(facts: &Facts) -> String {
    format!("correct the image in {}", template(facts))
}

/// The node of the pod, in a sentence.
pub(super) fn node(facts: &Facts) -> String {
    let name = facts.pod.node.as_deref().filter(|name| parse_name(name).is_ok());
    name.map_or_else(|| "its node".to_owned(), |name| format!("node {name}"))
}

/// How the pod gets the pull secrets of its `ServiceAccount`, where an entry without a name keeps it from that. The entry may be a copy
/// of one of the `ServiceAccount`.
pub(super) fn without_nameless(facts: &Facts) -> String {
    let account = &facts.pod.service_account;
    let listed = facts.account.as_ref().and_then(|account| account.get("imagePullSecrets")?.as_array());
    let is_nameless = |entry: &Value| entry.get("name").and_then(Value::as_str).is_none_or(str::is_empty);
    let account = if listed.is_some_and(|listed| listed.iter().any(is_nameless)) {
        typed(&[account], format!(" and in ServiceAccount {account}"), " and in its ServiceAccount")
    } else {
        String::new()
    };
    format!(
        "remove the entry without a name from imagePullSecrets in the pod template{account}, and create the pod again"
    )
}

/// What to do first, after which the pod is created again: a pod keeps the list of pull secrets that it was created with.
pub(super) fn then_again(facts: &Facts, first: Step) -> Step {
    let Pod { name, namespace, is_replaced, lists_nameless, .. } = &facts.pod;
    let last = if *lists_nameless { without_nameless(facts) } else { "create the pod again".to_owned() };
    let Step { words, command } = first;
    if !words.is_empty() {
        return Step { words: format!("{words}, and {last}"), command };
    }
    if *is_replaced && !lists_nameless && are_names(&[name, namespace]) {
        return Step::command(format!("{command} && kubectl delete pod {name} -n {namespace}"));
    }
    Step { words: last, command }
}

/// The commands that create a pull secret and list it in the `ServiceAccount`, which they create where it does not exist.
pub(super) fn list_in_account(facts: &Facts, image: &ImageFacts, name: &str) -> Step {
    let (account, namespace) = (&facts.pod.service_account, &facts.pod.namespace);
    let (new, words) = if facts.account.is_some() {
        (String::new(), "create a pull secret, and list it in the ServiceAccount")
    } else {
        (
            format!("kubectl create serviceaccount {account} -n {namespace} && "),
            "create a pull secret, and the ServiceAccount that lists it",
        )
    };
    if image.registry().is_none() {
        return Step::in_words(words);
    }
    // A merge replaces this list (core/v1: `listType=atomic`), and JSON Patch appends only to a list that is there.
    let entry = format!("{{\"name\":\"{name}\"}}");
    let patch = if has_list(facts) {
        format!("--type json -p '[{{\"op\":\"add\",\"path\":\"/imagePullSecrets/-\",\"value\":{entry}}}]'")
    } else {
        format!("-p '{{\"imagePullSecrets\":[{entry}]}}'")
    };
    let [create, _] = create(facts, image, name).in_order();
    let command = format!("{create} && {new}kubectl patch serviceaccount {account} -n {namespace} {patch}");
    Step::typed(&[account, namespace, name], command, words)
}

/// Whether the `ServiceAccount` lists anything, also an entry without a name.
fn has_list(facts: &Facts) -> bool {
    let listed = facts.account.as_ref().and_then(|account| account.get("imagePullSecrets")?.as_array());
    listed.is_some_and(|listed| !listed.is_empty())
}

/// A name for a new secret, which no secret has that the pod or its `ServiceAccount` lists.
pub(super) fn new_name(facts: &Facts, image: &ImageFacts) -> String {
    let of_account = image.of_account.iter().flat_map(|explanation| &explanation.secrets);
    let listed = image.explanation.secrets.iter().chain(of_account).map(|secret| secret.name.as_str());
    let taken: Vec<&str> = listed.chain(facts.secrets.iter().map(|secret| secret.name.as_str())).collect();
    let numbered = (2..).map(|number| format!("{NEW_SECRET}-{number}"));
    let mut names = std::iter::once(NEW_SECRET.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(&name.as_str())).unwrap_or_else(|| NEW_SECRET.to_owned())
}

/// How a valid credential comes into a pull secret of this name, or into another where this one cannot have it. What else is in
/// the secret has to stay: other pods may use it.
pub(super) fn replace(facts: &Facts, image: &ImageFacts, name: &str) -> Step {
    let namespace = &facts.pod.namespace;
    if parse_name(name).is_err() {
        return Step::in_words("list the name of an existing Secret in imagePullSecrets");
    }
    let Some(host) = image.registry() else { return Step::in_words(correct(facts)) };
    let Some(secret) = facts.secret(name) else { return create(facts, image, name) };
    if secret.is_made {
        return Step::in_words(format!(
            "change the credential for {host} in the source of secret {name}, whose controller would undo another change"
        ));
    }
    if !secret.has_our_type {
        let (new, account) = (new_name(facts, image), &facts.pod.service_account);
        // One that is malformed fails every pull, also beside a valid one.
        let is_malformed = image.in_state(Usability::Malformed) == Some(name);
        let instead = if is_malformed { format!(" instead of {name}") } else { String::new() };
        let list = if facts.pod.pull_secrets.iter().any(|listed| listed == name) {
            String::new()
        } else {
            typed(&[account], format!(" of ServiceAccount {account}"), " of its ServiceAccount")
        };
        let words = format!("list secret {new}{instead} in imagePullSecrets{list}");
        let [command, _] = create(facts, image, &new).in_order();
        return Step { command, words };
    }
    let has_ended = secret.ends.zip(facts.clock).is_some_and(|(end, now)| end <= now);
    // What is malformed cannot be merged; the file is a copy of it. A merge keeps the end beside other credentials.
    let (copy, merge, name_of_new) = if image.in_state(Usability::Malformed) == Some(name) {
        (String::new(), String::new(), format!(" --name {name} -n {namespace}"))
    } else {
        let without_end = if has_ended {
            format!(" | kubectl annotate --local -f - {EXPIRES}- -o yaml")
        } else {
            String::new()
        };
        (without_end, format!(" --merge {name}.yaml"), String::new())
    };
    let write = match (secret.is_immutable, has_ended) {
        // The API server rejects a change of an immutable Secret.
        (true, _) => "replace --force",
        // `apply` removes only annotations that it wrote.
        (false, true) => "replace",
        (false, false) => "apply",
    };
    Step::typed(
        &[namespace],
        format!(
            "kubectl get secret {name} -n {namespace} -o yaml{copy} > {name}.yaml && acr-pull-secret secret{merge} --server {host} \
             --username NAME --password-stdin{name_of_new} < password.txt | kubectl {write} -f -"
        ),
        "write a valid credential into the secret",
    )
}

/// The command that creates a pull secret of this name. It fails where there is one, whose other keys `apply` would remove.
pub(super) fn create(facts: &Facts, image: &ImageFacts, name: &str) -> Step {
    let Some(host) = image.registry() else { return Step::in_words(correct(facts)) };
    let namespace = &facts.pod.namespace;
    let command = format!(
        "acr-pull-secret secret --server {host} --username NAME --password-stdin --name {name} -n {namespace} < password.txt | \
         kubectl create -f -"
    );
    Step::typed(&[name, namespace], command, "create a pull secret")
}
