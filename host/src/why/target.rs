//! What `why` is asked about: a pod, or a workload whose pods are meant.

use std::str::FromStr;

use review::object_name::parse_name;
use serde_json::Value;

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

/// The names of each kind: kubectl's own, and those that it takes too.
const KINDS: [(&str, &[&str]); 7] = [
    (PODS, &["pod", "po"]),
    ("deployments.apps", &["deployments", "deployment", "deploy", "deployment.apps"]),
    ("statefulsets.apps", &["statefulsets", "statefulset", "sts", "statefulset.apps"]),
    ("daemonsets.apps", &["daemonsets", "daemonset", "ds", "daemonset.apps"]),
    ("replicasets.apps", &["replicasets", "replicaset", "rs", "replicaset.apps"]),
    (JOBS, &["jobs", "job", "job.batch"]),
    ("cronjobs.batch", &["cronjobs", "cronjob", "cj", "cronjob.batch"]),
];

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

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = match text.split_once('/') {
            Some((kind, name)) => (Some(kind.to_ascii_lowercase()), name),
            None => (None, text),
        };
        if FILES.iter().any(|ending| text.ends_with(ending)) {
            return Err(
                "must be a pod or a workload of a cluster (acr-pull-secret check reads files)".to_owned()
            );
        }
        let of_kind = |kind: &str| {
            resource(kind).ok_or_else(|| {
                "must be a pod, or deployment/NAME, statefulset/NAME, daemonset/NAME, replicaset/NAME, job/NAME or cronjob/NAME"
                    .to_owned()
            })
        };
        let resource = kind.as_deref().map(of_kind).transpose()?;
        let name = parse_name(name).map_err(|error| error.to_string())?;
        Ok(Self { resource, name })
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
        for text in ["", "/", "pod/", "service/web", "--all", "pod/--all", "a b", "pod/web/x", "Web"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
        for text in ["web.yaml", "deploy/web.yaml", "./k8s/web.yml", "k8s/web.json"] {
            let error = text.parse::<Target>().unwrap_err();
            assert!(error.contains("acr-pull-secret check reads files"), "{text}: {error}");
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
