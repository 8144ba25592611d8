//! Kinds: which of them are evaluated, and their names in the API.

use serde_json::Value;

use crate::field::field;

/// Group, version and kind of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Kind {
    /// Empty for the core group
    pub group: String,
    /// `v1`
    pub version: String,
    /// `Pod`
    pub kind: String,
}

impl Kind {
    /// The kind of an object; `None` if it is not a Kubernetes object.
    pub fn of(object: &Value) -> Option<Self> {
        let word = |name| object.get(name).and_then(Value::as_str).filter(|word| !word.is_empty());
        let (api_version, kind) = (word("apiVersion")?, word("kind")?);
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Some(Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() })
    }

    /// `apps/v1`
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The plural resource name that Kubernetes derives from a kind.
    /// apimachinery: pkg/api/meta/restmapper.go `UnsafeGuessKindToResource`
    pub fn resource(&self) -> String {
        let singular = self.kind.to_ascii_lowercase();
        match singular.strip_suffix('y') {
            _ if singular.ends_with('s') => format!("{singular}es"),
            Some(stem) => format!("{stem}ies"),
            None => format!("{singular}s"),
        }
    }

    /// Whether this is a built-in kind whose objects have no namespace. Other kinds are unknown and count as namespaced, as
    /// most are. `kubectl api-resources --namespaced=false`
    pub fn is_cluster_scoped(&self) -> bool {
        match self.group.as_str() {
            "" => matches!(self.kind.as_str(), "Namespace" | "Node" | "PersistentVolume"),
            "rbac.authorization.k8s.io" => {
                matches!(self.kind.as_str(), "ClusterRole" | "ClusterRoleBinding")
            }
            "policies.kubewarden.io" => self.kind.starts_with("Cluster") || self.kind == "PolicyServer",
            "admissionregistration.k8s.io"
            | "apiextensions.k8s.io"
            | "apiregistration.k8s.io"
            | "certificates.k8s.io"
            | "flowcontrol.apiserver.k8s.io"
            | "node.k8s.io"
            | "scheduling.k8s.io" => true,
            "storage.k8s.io" => self.kind != "CSIStorageCapacity",
            "networking.k8s.io" => matches!(self.kind.as_str(), "IngressClass" | "IPAddress" | "ServiceCIDR"),
            _ => false,
        }
    }

    /// Whether this is a kind of the core group.
    pub fn is_core(&self, kind: &str) -> bool {
        self.group.is_empty() && self.kind == kind
    }
}

/// Kinds with pods, and what pods need, each with its version.
const KNOWN: [(&str, &str); 13] = [
    ("v1", "Pod"),
    ("v1", "List"),
    ("v1", "PodTemplate"),
    ("v1", "ReplicationController"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("batch/v1beta1", "CronJob"),
];

/// A field of an object's type that Kubernetes writes differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misspelled {
    /// `apiVersion`, and what it is
    ApiVersion(&'static str),
    /// `kind`, and what it is
    Kind(&'static str),
}

/// The field because of which Kubernetes does not know the kind of an object: in another case, in the plural, or with white
/// space around it.
pub fn misspelled(object: &Value) -> Option<Misspelled> {
    let word = |name| object.get(name).and_then(Value::as_str);
    let (version, kind) = (word("apiVersion")?, word("kind")?);
    let singular = kind.trim().strip_suffix(['s', 'S']).unwrap_or(kind.trim());
    let is_kind = |known: &str| [kind.trim(), singular].iter().any(|word| word.eq_ignore_ascii_case(known));
    let meant = KNOWN.iter().filter(|(known, _)| version.trim().eq_ignore_ascii_case(known));
    let (known_version, known_kind) = meant.copied().find(|(_, known)| is_kind(known))?;
    if kind != known_kind {
        return Some(Misspelled::Kind(known_kind));
    }
    (version != known_version).then_some(Misspelled::ApiVersion(known_version))
}

/// Does an object of any kind look as if it creates pods?
pub fn has_containers(object: &Value) -> bool {
    let paths: [&[&str]; 3] = [
        &["spec", "containers"],
        &["spec", "template", "spec", "containers"],
        &["spec", "jobTemplate", "spec", "template", "spec", "containers"],
    ];
    paths.iter().any(|path| field(object, path).is_some_and(Value::is_array))
}

/// Where the objects of a kind have their pod specs; `*` means each item of a list.
fn template_paths(kind: &Kind) -> &'static [&'static [&'static str]] {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "PodTemplate") => &[&["template", "spec"]],
        ("batch", "CronJob") => &[&["spec", "jobTemplate", "spec", "template", "spec"]],
        ("keda.sh", "ScaledJob") => &[&["spec", "jobTargetRef", "template", "spec"]],
        ("serving.knative.dev", "Revision") => &[&["spec"]],
        ("jobset.x-k8s.io", "JobSet") => {
            &[&["spec", "replicatedJobs", "*", "template", "spec", "template", "spec"]]
        }
        ("batch.volcano.sh", "Job") => &[&["spec", "tasks", "*", "template", "spec"]],
        ("leaderworkerset.x-k8s.io", "LeaderWorkerSet") => &[
            &["spec", "leaderWorkerTemplate", "leaderTemplate", "spec"],
            &["spec", "leaderWorkerTemplate", "workerTemplate", "spec"],
        ],
        ("ray.io", "RayCluster") => &[
            &["spec", "headGroupSpec", "template", "spec"],
            &["spec", "workerGroupSpecs", "*", "template", "spec"],
        ],
        ("ray.io", "RayJob") => &[
            &["spec", "rayClusterSpec", "headGroupSpec", "template", "spec"],
            &["spec", "rayClusterSpec", "workerGroupSpecs", "*", "template", "spec"],
            &["spec", "submitterPodTemplate", "spec"],
        ],
        ("ray.io", "RayService") => &[
            &["spec", "rayClusterConfig", "headGroupSpec", "template", "spec"],
            &["spec", "rayClusterConfig", "workerGroupSpecs", "*", "template", "spec"],
        ],
        _ => &[&["spec", "template", "spec"]],
    }
}

/// The path of the pod spec in the pod template of an object that has one; `None` where it may have several, or has none.
pub fn template_path(kind: &Kind, object: &Value) -> Option<&'static [&'static str]> {
    let [path] = template_paths(kind) else { return None };
    field(object, path).is_some_and(is_pod_spec).then_some(*path)
}

/// JSON pointers of the pod specs in the pod templates of an object.
pub fn templates(kind: &Kind, object: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for path in template_paths(kind) {
        collect(object, path, String::new(), &mut found);
    }
    found
}

fn collect(value: &Value, path: &[&str], at: String, found: &mut Vec<String>) {
    match path {
        [] if is_pod_spec(value) => found.push(at),
        [] => {}
        ["*", rest @ ..] => {
            for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                collect(item, rest, format!("{at}/{i}"), found);
            }
        }
        [name, rest @ ..] => {
            if let Some(value) = value.get(name) {
                collect(value, rest, format!("{at}/{name}"), found);
            }
        }
    }
}

fn is_pod_spec(value: &Value) -> bool {
    value.get("containers").is_some_and(Value::is_array)
}

/// Why an object whose pods could need a pull secret is not evaluated; `None` if there is no such reason.
pub fn not_judged(kind: &Kind, object: &Value) -> Option<String> {
    // The API server drops the status and the deletion of applied objects, so only a copy of a live pod can have ended.
    let is_live = field(object, &["metadata", "uid"]).is_some_and(Value::is_string);
    let is_going =
        is_live && field(object, &["metadata", "deletionTimestamp"]).is_some_and(|time| !time.is_null());
    let phase = field(object, &["status", "phase"]).and_then(Value::as_str).filter(|_| is_live);
    match (kind.group.as_str(), kind.kind.as_str(), phase) {
        ("", "Pod", Some(phase @ ("Succeeded" | "Failed"))) => {
            Some(format!("finished (status.phase {phase}): no more images are pulled"))
        }
        ("", "Pod", _) if is_going => Some("is being deleted: no more images are pulled".to_owned()),
        ("argoproj.io", "Workflow" | "WorkflowTemplate" | "ClusterWorkflowTemplate" | "CronWorkflow", _) => {
            Some("Argo Workflows are not checked; their pods are checked when they are created".to_owned())
        }
        _ => None,
    }
}

/// The uid of the controller that has made an object.
pub fn controller(object: &Value) -> Option<&str> {
    let owners = object.pointer("/metadata/ownerReferences")?.as_array()?;
    let owner = owners.iter().find(|owner| owner.get("controller") == Some(&Value::Bool(true)))?;
    owner.get("uid")?.as_str()
}

/// The kinds in a policy's metadata, with the two that an admin can add by rules of their own.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    rules: Vec<Value>,
}

impl Judged {
    /// From the policy's metadata.
    pub fn of(metadata: Option<&Value>) -> Self {
        let rules = metadata.and_then(|metadata| metadata.get("rules")).and_then(Value::as_array);
        Self { rules: rules.cloned().unwrap_or_default() }
    }

    /// Whether an object is evaluated.
    pub fn includes(&self, kind: &Kind, object: &Value) -> bool {
        let named = |rule: &Value, field: &str, word: &str| {
            let words = rule.get(field).and_then(Value::as_array).into_iter().flatten();
            words.filter_map(Value::as_str).any(|known| known == "*" || known == word)
        };
        let resource = kind.resource();
        kind.is_core("Secret")
            || kind.is_core("ServiceAccount")
            || !templates(kind, object).is_empty()
            || self.rules.iter().any(|rule| {
                named(rule, "apiGroups", &kind.group)
                    && named(rule, "apiVersions", &kind.version)
                    && (named(rule, "resources", &resource) || named(rule, "resources", "*/*"))
            })
    }
}
