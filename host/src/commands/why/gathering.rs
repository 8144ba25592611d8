//! What kubectl shows about pods: their events, ServiceAccounts and pull secrets.

use review::cluster::Cluster;
use review::object_name::parse_name;
use serde_json::{Value, json};

use crate::console::Console;
use crate::kubectl::{Kubectl, KubectlError, Query, Scope};
use crate::why::cause::Cause;
use crate::why::event::Event;
use crate::why::kubelet::{Complaint, Meaning, masked, shortened};
use crate::why::pod::{Image, Pod, State};
use crate::why::secret::Secret;
use crate::why::target::{PODS, Target, WORKLOADS, selector};

/// The most names of pods that are listed.
const MOST_NAMES: usize = 5;

/// Why nothing is found out.
#[derive(Debug, thiserror::Error)]
pub(super) enum GatheringError {
    #[error(transparent)]
    Kubectl(#[from] KubectlError),
    /// Neither a pod nor a workload
    #[error("there is no {what} {name} in {place}")]
    Missing { what: String, name: String, place: String },
    /// Workloads of several kinds
    #[error("{name} names workloads of several kinds: {kinds}")]
    Ambiguous { name: String, kinds: String },
}

impl GatheringError {
    pub(super) fn help(&self) -> String {
        match self {
            Self::Kubectl(error) => error.help().to_owned(),
            Self::Missing { .. } => {
                "name its namespace with -n NAME; kubectl get pods -A lists the pods of every namespace"
                    .to_owned()
            }
            Self::Ambiguous { .. } => "name the kind too, such as deployment/NAME".to_owned(),
        }
    }
}

/// The pods that are meant.
pub(super) enum Found {
    /// One of each kind of trouble, with the names of others like it
    Pods(Vec<(Value, Vec<String>)>),
    /// A workload without pods, whether it should have any, and why it has none
    NoPods { kind: String, namespace: String, name: String, is_wanted: bool, cause: Cause },
}

/// What is known about a pod besides itself.
pub(super) struct Gathered {
    pub(super) events: Vec<Event>,
    pub(super) account: Option<Value>,
    /// Whether a `ServiceAccount` that is not there does not exist
    pub(super) is_account_known: bool,
    pub(super) cluster: Cluster,
    /// Whether a Secret that is not in the cluster does not exist
    pub(super) is_complete: bool,
    /// The Secrets, without their content
    pub(super) secrets: Vec<Secret>,
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
        let get = |resources| {
            self.kubectl.objects(&Query { resources, names: &[name], scope: self.scope, options: &[] })
        };
        if target.resource.is_none_or(|resource| resource == PODS)
            && let Some(pod) = get(PODS)?.into_iter().next()
        {
            return Ok(Found::Pods(vec![(pod, Vec::new())]));
        }
        let workloads = match target.resource {
            Some(PODS) => Vec::new(),
            Some(resource) => get(resource)?,
            None => get(WORKLOADS)?,
        };
        match <[Value; 1]>::try_from(workloads) {
            Ok([workload]) => self.pods_of(&workload),
            Err(none) if none.is_empty() => Err(GatheringError::Missing {
                what: target
                    .resource
                    .map_or("pod or workload", |resource| {
                        resource.split('.').next().unwrap_or_default().trim_end_matches('s')
                    })
                    .to_owned(),
                name: name.to_owned(),
                place: match self.scope {
                    Scope::Namespace(namespace) => format!("namespace {namespace}"),
                    _ => "the namespace of kubectl's context".to_owned(),
                },
            }),
            Err(several) => {
                let kinds: Vec<&str> = several.iter().filter_map(|it| it.get("kind")?.as_str()).collect();
                Err(GatheringError::Ambiguous { name: name.to_owned(), kinds: kinds.join(", ") })
            }
        }
    }

    fn pods_of(&self, workload: &Value) -> Result<Found, GatheringError> {
        let word = |path: &str| workload.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (kind, namespace, name) = (word("/kind"), word("/metadata/namespace"), word("/metadata/name"));
        let scope = Scope::Namespace(namespace.clone());
        let pods = match selector(workload) {
            Some(selector) => {
                let options = [format!("--selector={selector}")];
                self.kubectl.objects(&Query {
                    resources: PODS,
                    names: &[],
                    scope: &scope,
                    options: &options,
                })?
            }
            None => Vec::new(),
        };
        let groups = groups(pods);
        if !groups.is_empty() {
            return Ok(Found::Pods(groups));
        }
        let events = self.events(&word("/metadata/uid"), &scope)?;
        let is_wanted = workload.pointer("/spec/replicas").is_none_or(|replicas| replicas != 0);
        Ok(Found::NoPods { cause: no_pods(workload, is_wanted, &events), kind, namespace, name, is_wanted })
    }

    /// The events of an object.
    fn events(&self, uid: &str, scope: &Scope) -> Result<Vec<Event>, KubectlError> {
        if uid.is_empty() {
            return Ok(Vec::new());
        }
        let options = [format!("--field-selector=involvedObject.uid={uid}")];
        let found = self.allowed(
            "events",
            self.kubectl.objects(&Query { resources: "events", names: &[], scope, options: &options }),
        )?;
        Ok(Event::all(&found.unwrap_or_default()))
    }

    /// What is known about a pod besides itself.
    pub(super) fn about(&self, object: &Value) -> Result<Gathered, GatheringError> {
        let pod = Pod::of(object);
        let scope = Scope::Namespace(pod.namespace.clone());
        let uid = object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
        let events = self.events(uid, &scope)?;
        let get = |resources, names: &[&str], options: &[String]| {
            self.allowed(resources, self.kubectl.objects(&Query { resources, names, scope: &scope, options }))
        };
        let account = get("serviceaccounts", &[pod.service_account.as_str()], &[])?;
        let is_account_known = account.is_some();
        let account = account.and_then(|found| found.into_iter().next());
        let listed = account.as_ref().and_then(|account| account.get("imagePullSecrets")?.as_array());
        let listed = listed.into_iter().flatten().filter_map(|entry| entry.get("name")?.as_str());
        let mut names: Vec<&str> = pod.pull_secrets.iter().map(String::as_str).chain(listed).collect();
        names.sort_unstable();
        names.dedup();
        let with_times = ["--show-managed-fields".to_owned()];
        let secrets = if names.is_empty() { Some(Vec::new()) } else { get("secrets", &names, &with_times)? };
        let is_complete = secrets.is_some();
        let mut cluster = Cluster::default();
        let mut without_content = Vec::new();
        for secret in secrets.into_iter().flatten() {
            without_content.extend(Secret::of(&secret));
            cluster.add(secret, &pod.namespace);
        }
        if let Some(account) = &account {
            cluster.add(account.clone(), &pod.namespace);
        }
        Ok(Gathered { events, account, is_account_known, cluster, is_complete, secrets: without_content })
    }

    /// The objects; `None`, with a warning, where the user may not read them.
    fn allowed(
        &self,
        what: &str,
        objects: Result<Vec<Value>, KubectlError>,
    ) -> Result<Option<Vec<Value>>, KubectlError> {
        match objects {
            Ok(objects) => Ok(Some(objects)),
            Err(error) if error.is_forbidden() => {
                self.console.line(&format!("warning: the {what} are not known: {error}"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// One pod of each kind of trouble, with the names of others like it; where none is in trouble, one pod for all.
fn groups(mut pods: Vec<Value>) -> Vec<(Value, Vec<String>)> {
    // The newest first. Times of the API server are in the order of their texts.
    let created = |pod: &Value| {
        let time = pod.pointer("/metadata/creationTimestamp").and_then(Value::as_str);
        std::cmp::Reverse(time.unwrap_or_default().to_owned())
    };
    pods.sort_by_key(created);
    let mut groups: Vec<(Value, Trouble, Vec<String>)> = Vec::new();
    let all: Vec<(Value, Pod)> =
        pods.into_iter().map(|object| (Pod::of(&object), object)).map(|(a, b)| (b, a)).collect();
    let has_trouble = |pod: &Pod| pod.is_failing() || (pod.node.is_none() && !pod.has_finished());
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
    let shown = |mut names: Vec<String>| {
        let more = names.len().saturating_sub(MOST_NAMES);
        names.truncate(MOST_NAMES);
        names.extend((more > 0).then(|| format!("{more} more")));
        names
    };
    groups.into_iter().map(|(object, _, names)| (object, shown(names))).collect()
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

/// Why a workload has no pods.
fn no_pods(workload: &Value, is_wanted: bool, events: &[Event]) -> Cause {
    if !is_wanted {
        return Cause { message: "spec.replicas is 0".to_owned(), help: String::new() };
    }
    let conditions = workload.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let failure = conditions.filter(|it| it["type"] == "ReplicaFailure" || it["type"] == "Failed");
    let failure = failure.filter_map(|it| it["message"].as_str()).next_back();
    let created = events.iter().rev().find(|event| event.reason == "FailedCreate");
    let reason = created.map(|event| event.message.as_str()).or(failure);
    let template = json!({"spec": workload.pointer("/spec/template/spec")});
    let images = Pod::of(&template).images;
    let reason = reason.map(|reason| {
        images.iter().fold(reason.to_owned(), |reason, image| masked(&reason, &image.reference))
    });
    let word = |path: &str| workload.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let (kind, name) = (word("/kind").to_ascii_lowercase(), word("/metadata/name"));
    let namespace = word("/metadata/namespace");
    let describe = if [kind.as_str(), name, namespace].iter().all(|word| parse_name(word).is_ok()) {
        format!("kubectl describe {kind} {name} -n {namespace}")
    } else {
        "read the events of the workload".to_owned()
    };
    match reason {
        Some(reason) => {
            Cause { message: format!("its pods are refused: {}", shortened(&reason)), help: describe }
        }
        None => Cause { message: "none of its pods exists, and nothing says why".to_owned(), help: describe },
    }
}
