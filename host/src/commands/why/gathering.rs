//! What kubectl shows about pods: their events, ServiceAccounts and pull secrets.

use std::collections::HashMap;

use review::cluster::Cluster;
use review::secret_mask::SecretMask;
use serde_json::{Value, json};

use super::grouping::Group;
use crate::console::Console;
use crate::kubectl::field::word;
use crate::kubectl::{Kubectl, KubectlError, Query, Scope};
use crate::pull::{ReadFailure, ReadFailures};
use crate::why::cause::Cause;
use crate::why::event::Event;
use crate::why::meaning::words;
use crate::why::pod::Pod;
use crate::why::secret::Secret;
use crate::why::target::{PODS, Target, WORKLOADS, is_kind};

/// Why nothing is found out.
#[derive(Debug, thiserror::Error)]
pub(super) enum GatheringError {
    #[error(transparent)]
    Kubectl(#[from] KubectlError),
    /// Neither a pod nor a workload
    #[error("there is no {what} {name} in {place}")]
    Missing { what: String, resources: String, name: String, place: String },
    /// It may be of a kind that the user may not read
    #[error("{error}")]
    Hidden { error: KubectlError, help: String },
    /// Workloads of several kinds
    #[error("{name} names workloads of several kinds: {}", kinds.join(", "))]
    Ambiguous { name: String, kinds: Vec<String>, namespace: Option<String> },
}

impl GatheringError {
    /// Whether it is about one name, so that others can be explained.
    pub(super) fn is_about_name(&self) -> bool {
        !matches!(self, Self::Kubectl(_))
    }

    pub(super) fn help(&self) -> String {
        match self {
            Self::Kubectl(error) => error.help().to_owned(),
            Self::Hidden { help, .. } => help.clone(),
            Self::Missing { name, .. } if is_kind(name) => {
                format!("write the kind and the name as one word: {name}/NAME")
            }
            Self::Missing { name, resources, .. } => {
                format!(
                    "look in every namespace: kubectl get {resources} -A --field-selector=metadata.name={name}"
                )
            }
            Self::Ambiguous { name, kinds, namespace } => {
                let kind = kinds.first().map_or("deployment".to_owned(), |kind| kind.to_ascii_lowercase());
                with_kind(&kind, name, namespace.as_deref())
            }
        }
    }
}

/// The pods that are meant.
pub(super) enum Found {
    /// One of each kind of trouble
    Pods(Vec<Group>),
    /// A workload without pods, whether it should have any, and why it has none
    NoPods { kind: String, namespace: String, name: String, is_wanted: bool, cause: Cause },
}

/// The events of an object.
pub(super) enum Events {
    /// Not asked for yet
    Unasked,
    /// They cannot be read
    Unknown,
    /// All of them
    Read(Vec<Event>),
}

impl Events {
    /// Those that are known.
    pub(super) fn known(&self) -> &[Event] {
        match self {
            Self::Read(events) => events,
            Self::Unasked | Self::Unknown => &[],
        }
    }
}

/// What is known about a pod besides itself.
pub(super) struct Gathered {
    pub(super) events: Vec<Event>,
    /// Whether they could be read
    pub(super) are_events_known: bool,
    pub(super) account: Option<Value>,
    pub(super) cluster: Cluster,
    /// What cannot be read; other objects that are not in the cluster do not exist
    pub(super) read_failures: ReadFailures,
    /// The Secrets, without their content
    pub(super) secrets: Vec<Secret>,
    /// What hides their values
    pub(super) mask: SecretMask,
}

/// What asks kubectl.
pub(super) struct Gathering<'a> {
    pub(super) kubectl: &'a Kubectl<'a>,
    pub(super) scope: &'a Scope,
    pub(super) console: &'a Console,
}

impl Gathering<'_> {
    /// The pod, or the pods that the workload made.
    pub(super) fn find(&self, target: &Target) -> Result<Found, GatheringError> {
        let name = target.name.as_str();
        let names = [name];
        let query = |resources| Query { resources, names: &names, scope: self.scope, options: &[] };
        let get = |resources| self.kubectl.objects(&query(resources));
        if target.resource.is_none_or(|resource| resource == PODS)
            && let Some(pod) = get(PODS)?.into_iter().next()
        {
            return Ok(Found::Pods(vec![Group { pod, events: Events::Unasked, alike: Vec::new() }]));
        }
        let (workloads, forbidden) = match target.resource {
            Some(PODS) => (Vec::new(), None),
            Some(resource) => (get(resource)?, None),
            None => self.kubectl.readable(&query(WORKLOADS))?,
        };
        // Every kind that may be read has been looked at.
        if let Some(error) = forbidden.filter(|_| workloads.is_empty()) {
            let help = format!("name one of its pods: {}", self.get_pods());
            return Err(GatheringError::Hidden { error, help });
        }
        match <[Value; 1]>::try_from(workloads) {
            Ok([workload]) => self.pods_of(&workload),
            Err(none) if none.is_empty() => Err(GatheringError::Missing {
                what: target
                    .resource
                    .map_or("pod or workload", |resource| {
                        resource.split('.').next().unwrap_or_default().trim_end_matches('s')
                    })
                    .to_owned(),
                resources: target.resource.map_or_else(|| format!("{PODS},{WORKLOADS}"), str::to_owned),
                name: name.to_owned(),
                place: match self.namespace() {
                    Some(namespace) => format!("namespace {namespace}"),
                    None => "the namespace of kubectl's context".to_owned(),
                },
            }),
            Err(several) => {
                let kinds =
                    several.iter().filter_map(|it| Some(it.get("kind")?.as_str()?.to_owned())).collect();
                let namespace = self.namespace().map(str::to_owned);
                Err(GatheringError::Ambiguous { name: name.to_owned(), kinds, namespace })
            }
        }
    }

    /// The namespace that is named.
    pub(super) fn namespace(&self) -> Option<&str> {
        match self.scope {
            Scope::Namespace(namespace) => Some(namespace),
            Scope::All | Scope::Context => None,
        }
    }

    /// The call that lists the pods.
    pub(super) fn get_pods(&self) -> String {
        let namespace = self.namespace().map(|it| format!(" -n {it}")).unwrap_or_default();
        format!("kubectl get pods{namespace}")
    }

    /// The events of an object.
    pub(super) fn events(&self, uid: &str, scope: &Scope) -> Events {
        if uid.is_empty() {
            return Events::Read(Vec::new());
        }
        let options = [format!("--field-selector=involvedObject.uid={uid}")];
        let query = Query { resources: "events", names: &[], scope, options: &options };
        self.known("events", self.kubectl.objects(&query))
            .map_or(Events::Unknown, |found| Events::Read(Event::all(&found)))
    }

    /// The events of the pods of a namespace, by the uid of the pod; `None` where they cannot be read. One call for each pod would
    /// take too long.
    pub(super) fn events_of_pods(&self, scope: &Scope) -> Option<HashMap<String, Vec<Event>>> {
        let options = ["--field-selector=involvedObject.kind=Pod".to_owned()];
        let query = Query { resources: "events", names: &[], scope, options: &options };
        let found = self.known("events", self.kubectl.objects(&query))?;
        let mut by_pod: HashMap<String, Vec<Value>> = HashMap::new();
        for event in found {
            by_pod.entry(word(&event, "/involvedObject/uid").to_owned()).or_default().push(event);
        }
        Some(by_pod.into_iter().map(|(uid, events)| (uid, Event::all(&events))).collect())
    }

    /// What is known about a pod besides itself and these events.
    pub(super) fn about(&self, object: &Value, events: Events) -> Gathered {
        let pod = Pod::of(object);
        let scope = Scope::Namespace(pod.namespace.clone());
        let events = match events {
            Events::Unasked => self.events(Pod::uid_of_events(object), &scope),
            Events::Unknown | Events::Read(_) => events,
        };
        let (events, are_events_known) = match events {
            Events::Read(events) => (events, true),
            Events::Unasked | Events::Unknown => (Vec::new(), false),
        };
        let mut read_failures = ReadFailures::default();
        let account = if pod.is_static {
            None
        } else {
            let names = [pod.service_account.as_str()];
            let query = Query { resources: "serviceaccounts", names: &names, scope: &scope, options: &[] };
            let found = self.kubectl.objects(&query);
            read_failures.account = failure(&found);
            self.known("serviceaccounts", found).and_then(|found| found.into_iter().next())
        };
        let listed = account.as_ref().and_then(|account| account.get("imagePullSecrets")?.as_array());
        let listed = listed.into_iter().flatten().filter_map(|entry| entry.get("name")?.as_str());
        let mut names: Vec<&str> = pod.pull_secrets.iter().map(String::as_str).chain(listed).collect();
        names.sort_unstable();
        names.dedup();
        let with_times = ["--show-managed-fields".to_owned()];
        let of_secrets = |names: &[&str]| {
            let query = Query { resources: "secrets", names, scope: &scope, options: &with_times };
            self.kubectl.objects(&query)
        };
        let mut secrets = Vec::new();
        let mut learn = |names: &[&str], found: Result<Vec<Value>, KubectlError>| {
            let failures = names.iter().filter_map(|name| Some(((*name).to_owned(), failure(&found)?)));
            read_failures.secrets.extend(failures);
            secrets.extend(self.known("secrets", found).into_iter().flatten());
        };
        match of_secrets(&names) {
            _ if names.is_empty() => {}
            // A role may allow some of the names, and kubectl fails if it forbids one.
            Err(error) if error.is_forbidden() && names.len() > 1 => {
                for name in &names {
                    learn(&[name], of_secrets(&[name]));
                }
            }
            found => learn(&names, found),
        }
        let mut cluster = Cluster::default();
        let mut without_content = Vec::new();
        let mut mask = of_pod(&pod);
        for secret in secrets {
            mask.add(content(&secret).to_string().as_bytes(), true);
            without_content.extend(Secret::of(&secret));
            cluster.add(secret, &pod.namespace);
        }
        if let Some(account) = &account {
            cluster.add(account.clone(), &pod.namespace);
        }
        Gathered { events, are_events_known, account, cluster, read_failures, secrets: without_content, mask }
    }

    /// The objects; `None`, with a warning, where they cannot be read: the answer says what is not known.
    pub(super) fn known(&self, what: &str, objects: Result<Vec<Value>, KubectlError>) -> Option<Vec<Value>> {
        let warn = |error: &KubectlError| {
            self.console.line(&format!("warning: the {what} are not known: {error}"));
        };
        objects.inspect_err(warn).ok()
    }
}

/// Why objects could not be read.
fn failure(found: &Result<Vec<Value>, KubectlError>) -> Option<ReadFailure> {
    Some(match found.as_ref().err()? {
        error if error.is_forbidden() => ReadFailure::Forbidden,
        KubectlError::Failed { is_login: true, .. } => ReadFailure::NoLogin,
        _ => ReadFailure::Other,
    })
}

/// The call that names the kind of a workload too.
fn with_kind(kind: &str, name: &str, namespace: Option<&str>) -> String {
    let namespace = namespace.map(|it| format!(" -n {it}")).unwrap_or_default();
    format!("name the kind too: acr-pull-secret why {kind}/{name}{namespace}")
}

/// What hides values of Secrets in messages about a pod, without any yet. The names of the pod are shown, and the words from which a
/// cause is read.
fn of_pod(pod: &Pod) -> SecretMask {
    let shown: Vec<String> = pod.names().into_iter().chain(words().map(str::to_owned)).collect();
    SecretMask::of_call(json!(shown).to_string().as_bytes())
}

/// What is secret in a Secret: its values, and the copy of them that kubectl keeps.
fn content(secret: &Value) -> Value {
    const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
    let applied = secret.get("metadata").and_then(|metadata| metadata.get("annotations")?.get(APPLIED));
    let annotations = applied.map(|applied| json!({APPLIED: applied}));
    json!({"data": secret.get("data"), "stringData": secret.get("stringData"), "metadata": {"annotations": annotations}})
}
