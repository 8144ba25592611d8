//! What `why` is asked about: a pod, or a workload whose pods are meant.

use std::str::FromStr;

use review::object_name::{NameError, parse_name};
use serde_json::Value;

use crate::text::shell_path;

/// A pod, or a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As kubectl names its kind; none where the name alone was given
    pub resource: Option<&'static str>,
    /// Its name
    pub name: String,
}

/// Pods, as kubectl names them.
pub const PODS: &str = "pods";

/// The workloads whose pods are found.
pub const WORKLOADS: &str =
    "deployments.apps,statefulsets.apps,daemonsets.apps,jobs.batch,cronjobs.batch,replicasets.apps";

/// Jobs, as kubectl names them.
pub const JOBS: &str = "jobs.batch";

/// `ReplicaSets`, as kubectl names them.
pub const REPLICA_SETS: &str = "replicasets.apps";

/// The names of each kind: kubectl's own, and those that it takes too.
const KINDS: [(&str, &[&str]); 7] = [
    (PODS, &["pod", "po"]),
    ("deployments.apps", &["deployments", "deployment", "deploy", "deployment.apps"]),
    ("statefulsets.apps", &["statefulsets", "statefulset", "sts", "statefulset.apps"]),
    ("daemonsets.apps", &["daemonsets", "daemonset", "ds", "daemonset.apps"]),
    (REPLICA_SETS, &["replicasets", "replicaset", "rs", "replicaset.apps"]),
    (JOBS, &["jobs", "job", "job.batch"]),
    ("cronjobs.batch", &["cronjobs", "cronjob", "cj", "cronjob.batch"]),
];

/// The names of Services, which are asked for by mistake.
const SERVICES: [&str; 3] = ["services", "service", "svc"];

/// Endings of files, which are not asked of a cluster.
const FILES: [&str; 3] = [".yaml", ".yml", ".json"];

/// Whether a word is the name of a kind.
pub fn is_kind(word: &str) -> bool {
    resource(word).is_some()
}

/// The resource that a word names.
fn resource(word: &str) -> Option<&'static str> {
    let mut kinds = KINDS.iter();
    kinds.find(|(resource, names)| *resource == word || names.contains(&word)).map(|(resource, _)| *resource)
}

/// Why a text names no pod and no workload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// A file
    #[error("{0} is a file, and why reads pods and workloads of a cluster")]
    File(String),
    /// A Service
    #[error("{0} is a Service, which makes no pods")]
    Service(String),
    /// Another kind
    #[error(
        "{0} must be a pod, or deployment/NAME, statefulset/NAME, daemonset/NAME, replicaset/NAME, job/NAME or cronjob/NAME"
    )]
    Kind(String),
    /// A kind alone
    #[error("the name is missing after {0}/")]
    NoName(String),
    /// A name that the API server would refuse
    #[error("the name in {text:?} is not valid: {error}")]
    Name {
        /// The text
        text: String,
        /// Why
        error: NameError,
    },
}

impl TargetError {
    /// What to type, where pods of this namespace are asked for; none for that of kubectl's context.
    pub fn help(&self, namespace: Option<&str>) -> String {
        let of = namespace.map(|namespace| format!(" -n {namespace}")).unwrap_or_default();
        match self {
            Self::File(file) => format!("run acr-pull-secret check {}", shell_path(file.as_ref())),
            Self::Service(_) => {
                format!(
                    "name the workload whose pods it selects, such as one of these: kubectl get deployments{of}"
                )
            }
            Self::Kind(_) => "name the pod, or the workload that makes it".to_owned(),
            Self::NoName(kind) => {
                format!("write {kind}/NAME with one of these names: kubectl get {kind}{of}")
            }
            Self::Name { .. } => format!("see the names: kubectl get pods{of}"),
        }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if FILES.iter().any(|ending| text.ends_with(ending)) {
            return Err(TargetError::File(text.to_owned()));
        }
        let (kind, name) = match text.split_once('/') {
            Some((kind, name)) => (Some(kind.to_ascii_lowercase()), name),
            None => (None, text),
        };
        let of_kind = |kind: &str| {
            let is_service = SERVICES.contains(&kind);
            let error = if is_service { TargetError::Service } else { TargetError::Kind };
            resource(kind).ok_or_else(|| error(text.to_owned()))
        };
        let resource = kind.as_deref().map(of_kind).transpose()?;
        match (kind, parse_name(name)) {
            (_, Ok(name)) => Ok(Self { resource, name }),
            (Some(kind), Err(_)) if name.is_empty() => Err(TargetError::NoName(kind)),
            (_, Err(error)) => Err(TargetError::Name { text: text.to_owned(), error }),
        }
    }
}

/// A selector of labels as an argument of kubectl; `None` where the object has none. apimachinery: `metav1.LabelSelector`
pub fn selector(workload: &Value) -> Option<String> {
    let selector = workload.pointer("/spec/selector")?;
    let labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let labels = labels.map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    let expressions = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    let expressions = expressions.map(|expression| {
        let key = expression.get("key")?.as_str()?;
        let values = expression.get("values").and_then(Value::as_array).into_iter().flatten();
        let values = values.map(Value::as_str).collect::<Option<Vec<&str>>>()?.join(",");
        match expression.get("operator")?.as_str()? {
            "In" => Some(format!("{key} in ({values})")),
            "NotIn" => Some(format!("{key} notin ({values})")),
            "Exists" => Some(key.to_owned()),
            "DoesNotExist" => Some(format!("!{key}")),
            _ => None,
        }
    });
    let all = labels.chain(expressions).collect::<Option<Vec<String>>>()?;
    (!all.is_empty()).then(|| all.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Target, selector};

    #[test]
    fn a_target_is_named_as_kubectl_names_it() {
        for (text, resource, name) in [
            ("web-1", None, "web-1"),
            ("pod/web-1", Some("pods"), "web-1"),
            ("Deployment/web", Some("deployments.apps"), "web"),
            ("deploy/web", Some("deployments.apps"), "web"),
            ("sts/web", Some("statefulsets.apps"), "web"),
            ("jobs.batch/web", Some("jobs.batch"), "web"),
            ("cj/web", Some("cronjobs.batch"), "web"),
            ("cronjob/web", Some("cronjobs.batch"), "web"),
        ] {
            assert_eq!(text.parse(), Ok(Target { resource, name: name.to_owned() }), "{text}");
        }
        let kinds = "must be a pod, or deployment/NAME, ";
        for (text, error, help) in [
            (
                "",
                "the name in \"\" is not valid: a name has at most",
                "see the names: kubectl get pods -n shop",
            ),
            ("Web", "the name in \"Web\" is not valid", "see the names: kubectl get pods -n shop"),
            ("--all", "the name in \"--all\" is not valid", "see the names: kubectl get pods -n shop"),
            ("a b", "the name in \"a b\" is not valid", "see the names: kubectl get pods -n shop"),
            (
                "pod/--all",
                "the name in \"pod/--all\" is not valid",
                "see the names: kubectl get pods -n shop",
            ),
            (
                "pod/web/x",
                "the name in \"pod/web/x\" is not valid",
                "see the names: kubectl get pods -n shop",
            ),
            (
                "pod/",
                "the name is missing after pod/",
                "write pod/NAME with one of these names: kubectl get pod -n shop",
            ),
            (
                "Deployment/",
                "the name is missing after deployment/",
                "write deployment/NAME with one of these names: kubectl get deployment -n shop",
            ),
            ("svc/web", "svc/web is a Service", "name the workload whose pods it selects"),
            ("Service/web", "Service/web is a Service", "name the workload whose pods it selects"),
            ("ingress/web", kinds, "name the pod, or the workload that makes it"),
            ("/", kinds, "name the pod, or the workload that makes it"),
            ("web.yaml", "web.yaml is a file", "run acr-pull-secret check web.yaml"),
            ("deploy/web.yaml", "deploy/web.yaml is a file", "run acr-pull-secret check deploy/web.yaml"),
            ("./k8s/a b.yml", "./k8s/a b.yml is a file", "run acr-pull-secret check './k8s/a b.yml'"),
            ("k8s/web.json", "k8s/web.json is a file", "run acr-pull-secret check k8s/web.json"),
        ] {
            let found = text.parse::<Target>().unwrap_err();
            assert!(found.to_string().contains(error), "{text}: {found}");
            let found = found.help(Some("shop"));
            assert!(found.starts_with(help), "{text}: {found}");
        }
    }

    #[test]
    fn a_selector_is_one_argument() {
        let of = |selector: serde_json::Value| super::selector(&json!({"spec": {"selector": selector}}));
        let all = json!({
            "matchLabels": {"app": "web", "tier": ""},
            "matchExpressions": [
                {"key": "a", "operator": "In", "values": ["b", "c"]}, {"key": "d", "operator": "NotIn", "values": ["e"]},
                {"key": "f", "operator": "Exists"}, {"key": "g", "operator": "DoesNotExist"},
            ],
        });
        assert_eq!(of(all).as_deref(), Some("app=web,tier=,a in (b,c),d notin (e),f,!g"));
        // Every pod would match.
        assert_eq!(of(json!({})), None);
        assert_eq!(of(json!({"matchExpressions": [{"key": "a", "operator": "Odd"}]})), None);
        assert_eq!(selector(&json!({"spec": {}})), None);
    }
}
