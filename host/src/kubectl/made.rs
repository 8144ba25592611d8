//! Which objects of a cluster are left out of a check, because an object that is checked says the same about its pods.
//!
//! A reference to an owner is what the author of an object has written. So it alone leaves out nothing that pulls: what counts
//! for pulling has to follow from the template of a listed workload, or has to be the same in an object that is checked.

mod revision;

use std::collections::{BTreeMap, HashMap};

use review::admission::service_account;
use review::kind::{Kind, controller, not_judged, templates};
use serde_json::Value;

use self::revision::Revision;
use super::field::word;

/// The kinds that make pods, or workloads that do.
const MAKERS: [&str; 7] =
    ["ReplicationController", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob"];

/// Those that create a pod again after it is deleted, by their API version. Other kinds have these names too, such as the `Job` of
/// Volcano.
const POD_MAKERS: [(&str, &str); 5] = [
    ("v1", "ReplicationController"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
];

/// The most makers above an object: a `Job` of a `CronJob`, a `ReplicaSet` of a `Deployment`.
const MOST_MAKERS: usize = 2;

/// Labels in which the pods of a workload differ, and the templates of Jobs. Kubernetes: pkg/controller/statefulset,
/// pkg/controller/job, pkg/registry/batch/job/strategy.go
const OWN_LABELS: [&str; 7] = [
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-uid",
    "job-name",
    "statefulset.kubernetes.io/pod-name",
];

/// The lists of a pod that have images, and the places of an image and of its pull policy in an item.
const IMAGES: [[&str; 3]; 4] = [
    ["containers", "/image", "/imagePullPolicy"],
    ["initContainers", "/image", "/imagePullPolicy"],
    ["ephemeralContainers", "/image", "/imagePullPolicy"],
    ["volumes", "/image/reference", "/image/pullPolicy"],
];

/// What is done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// It is checked
    Checked,
    /// A checked workload has made it, and its template says the same
    Made,
    /// A checked object with the same controller says the same
    Alike,
    /// A pod or a `Job` that has finished pulls nothing more
    Finished,
    /// A pod or a workload that is being deleted pulls nothing more
    Deleted,
    /// An old revision of a workload has no pods
    Unused,
}

/// What is done with each of the objects, and the number of the checked one that says the same: its own where there is none
/// other.
pub(super) fn parts(objects: &[Value]) -> Vec<(Part, usize)> {
    let cluster = Cluster::of(objects);
    let mut seen = HashMap::new();
    let part = |(own, object)| match cluster.part(object) {
        (Part::Checked, _) => {
            let first = Like::of(object).map_or(own, |like| *seen.entry(like).or_insert(own));
            (if first == own { Part::Checked } else { Part::Alike }, first)
        }
        (part, other) => (part, other.unwrap_or(own)),
    };
    let parts: Vec<(Part, usize)> = objects.iter().enumerate().map(part).collect();
    // The workload that has made an object may be left out for another one.
    let said = |(part, by): &(Part, usize)| (*part, parts.get(*by).map_or(*by, |(_, first)| *first));
    parts.iter().map(said).collect()
}

/// Whether the controller of a pod creates it again after it is deleted. What a controller of another kind does is not known: a
/// `TaskRun` of Tekton fails.
pub(super) fn is_created_again(pod: &Value) -> bool {
    let owners = pod.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten();
    let mut controllers = owners.filter(|owner| owner["controller"] == true);
    let is_maker = |owner: &Value| POD_MAKERS.contains(&(word(owner, "/apiVersion"), word(owner, "/kind")));
    controllers.next().is_some_and(is_maker)
}

/// The objects that others refer to.
struct Cluster<'a> {
    /// Each with its number
    makers: HashMap<Maker<'a>, (usize, &'a Value)>,
    /// The pull secrets that `ServiceAccounts` list, by namespace and name
    accounts: HashMap<(&'a str, &'a str), Vec<&'a str>>,
    /// What the revisions of each workload have in common, also of one that is not listed, such as those of other kinds
    revisions: HashMap<Maker<'a>, Revision<'a>>,
}

impl<'a> Cluster<'a> {
    fn of(objects: &'a [Value]) -> Self {
        let makers = objects.iter().enumerate();
        let makers = makers.filter_map(|(i, object)| Some((Maker::itself(object)?, (i, object))));
        let accounts = objects.iter().filter(|object| word(object, "/kind") == "ServiceAccount");
        let account = |object| {
            ((word(object, "/metadata/namespace"), word(object, "/metadata/name")), secrets_of(object))
        };
        let mut revisions: HashMap<Maker<'_>, Revision<'_>> = HashMap::new();
        for object in objects.iter().filter(|object| is_revision(object) && end_of(object).is_none()) {
            let Some(maker) = Maker::of(object) else { continue };
            let revision = Revision::of(object);
            revisions.entry(maker).and_modify(|all| *all = all.and(revision)).or_insert(revision);
        }
        Self { makers: makers.collect(), accounts: accounts.map(account).collect(), revisions }
    }

    /// What is done with an object, and the number of the workload that has made it, where that says the same.
    fn part(&self, object: &'a Value) -> (Part, Option<usize>) {
        if let Some(part) = end_of(object) {
            return (part, None);
        }
        let makers = self.makers(object);
        if makers.is_empty() {
            let is_unused = has_no_pods(object) && self.is_old(object);
            return (if is_unused { Part::Unused } else { Part::Checked }, None);
        }
        if has_no_pods(object) {
            return (Part::Unused, None);
        }
        let Some(pods) = self.pods(object) else { return (Part::Checked, None) };
        // Only for a maker that is checked itself, or that another one has made.
        let checked = makers.iter().rev().filter(|(_, maker)| end_of(maker).is_none() && !has_no_pods(maker));
        let is_same =
            |(_, maker): &&(usize, &'a Value)| self.pods(maker).is_some_and(|made| made.become_those(&pods));
        let mut same = checked.filter(is_same);
        same.next().map_or((Part::Checked, None), |(number, _)| (Part::Made, Some(*number)))
    }

    /// Whether it is not the current revision of its workload.
    fn is_old(&self, object: &'a Value) -> bool {
        let all = Maker::of(object).and_then(|maker| self.revisions.get(&maker));
        all.is_some_and(|all| Revision::of(object).is_old_among(*all))
    }

    /// The makers of an object, from its own up to one that none has made. None where objects name each other as their owners.
    fn makers(&self, object: &Value) -> Vec<(usize, &'a Value)> {
        let maker = |object: &Value| Maker::of(object).and_then(|maker| self.makers.get(&maker).copied());
        let above = std::iter::successors(maker(object), |(_, found)| maker(found));
        let makers: Vec<(usize, &Value)> = above.take(MOST_MAKERS + 1).collect();
        if makers.len() > MOST_MAKERS { Vec::new() } else { makers }
    }

    /// The pod, or the pods of a template with the pull secrets that the API server copies from their `ServiceAccount`.
    fn pods(&self, object: &'a Value) -> Option<Pods<'a>> {
        let mut pods = Pods::of(object)?;
        if pods.secrets.is_empty() && word(object, "/kind") != "Pod" {
            let account = (word(object, "/metadata/namespace"), pods.account);
            pods.secrets = self.accounts.get(&account).cloned().unwrap_or_default();
        }
        Some(pods)
    }
}

/// A workload that makes others.
#[derive(PartialEq, Eq, Hash)]
struct Maker<'a> {
    namespace: &'a str,
    kind: &'a str,
    uid: &'a str,
}

impl<'a> Maker<'a> {
    fn itself(object: &'a Value) -> Option<Self> {
        let word = |path| object.pointer(path).and_then(Value::as_str);
        let kind = word("/kind").filter(|kind| MAKERS.contains(kind))?;
        Some(Self { namespace: word("/metadata/namespace")?, kind, uid: word("/metadata/uid")? })
    }

    fn of(object: &'a Value) -> Option<Self> {
        let uid = controller(object)?;
        let owners = object.pointer("/metadata/ownerReferences")?.as_array()?.iter();
        let mut kinds = owners.filter(|owner| owner["controller"] == true && owner["uid"] == uid);
        let kind = kinds.next()?.get("kind")?.as_str()?;
        Some(Self { namespace: object.pointer("/metadata/namespace")?.as_str()?, kind, uid })
    }
}

/// What a check reads of pods: a pod itself, or those of a template.
#[derive(PartialEq, Eq, Hash)]
struct Pods<'a> {
    labels: BTreeMap<&'a str, &'a str>,
    /// Whether they claim to mirror static pods, which need no pull secret
    are_mirrors: bool,
    account: &'a str,
    secrets: Vec<&'a str>,
    /// List, name, image and pull policy of each container, and of each volume with an image
    images: Vec<[&'a str; 4]>,
}

impl<'a> Pods<'a> {
    fn of(object: &'a Value) -> Option<Self> {
        let kind = Kind::of(object)?;
        let (metadata, spec) = if kind.is_core("Pod") {
            (object.get("metadata")?, object.get("spec")?)
        } else {
            let template = templates(&kind, object).into_iter().next()?;
            let template = object.pointer(template.strip_suffix("/spec")?)?;
            (template.get("metadata").unwrap_or(&Value::Null), template.get("spec")?)
        };
        let images = IMAGES.into_iter().flat_map(|[list, image, policy]| {
            let items = spec.get(list).and_then(Value::as_array).into_iter().flatten();
            let items = items.filter(move |item| item.pointer(image).is_some());
            items.map(move |item| [list, word(item, "/name"), word(item, image), word(item, policy)])
        });
        Some(Self {
            labels: labels_of(metadata),
            are_mirrors: metadata.pointer("/annotations/kubernetes.io~1config.mirror").is_some(),
            account: spec.as_object().map_or("default", service_account),
            secrets: secrets_of(spec),
            images: images.collect(),
        })
    }

    /// Whether the pods of this template can have become those. Controllers add labels to them, and change nothing else that is
    /// read here.
    fn become_those(&self, those: &Pods<'_>) -> bool {
        self.are_mirrors == those.are_mirrors
            && self.account == those.account
            && self.secrets == those.secrets
            && self.images == those.images
            && self.labels.iter().all(|(name, value)| those.labels.get(name) == Some(value))
    }
}

/// In what objects with the same controller are alike: pods, or workloads such as the Jobs of a `ScaledJob`.
#[derive(PartialEq, Eq, Hash)]
struct Like<'a> {
    maker: Maker<'a>,
    kind: &'a str,
    /// Its own, besides those of its pods: a policy may select by them
    labels: BTreeMap<&'a str, &'a str>,
    pods: Pods<'a>,
}

impl<'a> Like<'a> {
    fn of(object: &'a Value) -> Option<Self> {
        Some(Self {
            maker: Maker::of(object)?,
            kind: word(object, "/kind"),
            labels: labels_of(object.get("metadata")?),
            pods: Pods::of(object)?,
        })
    }
}

/// Why an object pulls nothing more: a pod or a `Job` has finished, or a pod or a workload is being deleted. The controller of such a
/// workload only updates its status and makes nothing more; what it has made are objects of their own. Kubernetes:
/// `syncReplicaSet`, `syncDeployment`, `updateStatefulSet`, `syncDaemonSet`, `syncJob` and `syncCronJob` in pkg/controller
fn end_of(object: &Value) -> Option<Part> {
    let kind = Kind::of(object)?;
    let is_over = not_judged(&kind, object).is_some();
    if is_deleted(object) && (is_over || !templates(&kind, object).is_empty()) {
        return Some(Part::Deleted);
    }
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let is_end = |it: &Value| ["Complete", "Failed"].contains(&word(it, "/type")) && it["status"] == "True";
    let is_job = (kind.group.as_str(), kind.kind.as_str()) == ("batch", "Job");
    (is_over || (is_job && conditions.into_iter().any(is_end))).then_some(Part::Finished)
}

/// Whether it is of a kind of which a workload has one for each revision: a `ReplicaSet` of a `Deployment` or a `Rollout`, a
/// `ReplicationController` of a `DeploymentConfig`.
fn is_revision(object: &Value) -> bool {
    ["ReplicaSet", "ReplicationController"].contains(&word(object, "/kind"))
}

/// Whether it is to have no pods, as a workload keeps for each old revision.
fn has_no_pods(object: &Value) -> bool {
    is_revision(object) && object.pointer("/spec/replicas").is_some_and(|count| count == 0)
}

/// Whether it is being deleted, for which a finalizer can take long.
fn is_deleted(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null())
}

/// The labels that tell more than which of its siblings an object is.
fn labels_of(metadata: &Value) -> BTreeMap<&str, &str> {
    let labels = metadata.get("labels").and_then(Value::as_object).into_iter().flatten();
    let labels = labels.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
    labels.filter(|(name, _)| !OWN_LABELS.contains(name)).collect()
}

fn secrets_of(object: &Value) -> Vec<&str> {
    let list = object.get("imagePullSecrets").and_then(Value::as_array).into_iter().flatten();
    list.map(|entry| word(entry, "/name")).collect()
}

#[cfg(test)]
mod tests;
