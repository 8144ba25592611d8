//! A policy resource: a `ClusterAdmissionPolicy` or an `AdmissionPolicy`, applied as in Kubewarden and the API server.
//!
//! ```text
//! request ─▶ rules, selectors ─▶ policy ─▶ mode, mutating, message ─▶ verdict
//!                  └─▶ left out
//! ```

pub mod enforcement;
pub mod rule;
pub mod selector;

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use self::enforcement::Enforcement;
use self::rule::{Attributes, MatchPolicy, Rule};
use self::selector::{Selector, labels_of};
use crate::cluster::{Cluster, NAMESPACE_NAME};
use crate::field_error::{self, FieldError, is_field_name};
use crate::json_pointer::escaped;
use crate::kind::Kind;

/// The API group of policy resources.
const GROUP: &str = "policies.kubewarden.io";

/// Kubewarden does not apply policies in its own namespace, which is this one in its charts and documentation.
const KUBEWARDEN: &str = "kubewarden";

/// A policy as it is deployed.
#[derive(Debug, Clone)]
pub struct PolicyResource {
    /// The one namespace of an `AdmissionPolicy`; `None` for a `ClusterAdmissionPolicy`
    namespace: Option<String>,
    name: String,
    rules: Vec<Rule>,
    match_policy: MatchPolicy,
    namespace_selector: Selector,
    object_selector: Selector,
    guards_kubewarden: bool,
    /// How the policy's answers are enforced
    pub enforcement: Enforcement,
    /// `(apiVersion, kind)` of what the policy may look up
    pub context_aware_resources: Vec<(String, String)>,
    /// Its fields that are ignored here
    pub notes: Vec<Note>,
    /// The resource as it was given
    pub object: Value,
}

/// A field of a resource that is ignored although its author may expect otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// JSON pointer into the resource
    pub pointer: String,
    /// What is ignored
    pub message: String,
    /// What to write instead; empty where there is nothing
    pub help: String,
    /// Whether the cluster applies it
    pub is_of_cluster: bool,
}

/// Why an object cannot be used as a policy resource.
#[derive(Debug, thiserror::Error)]
pub enum ResourceError {
    /// Another object
    #[error("this is a {0}, not settings, a ClusterAdmissionPolicy or an AdmissionPolicy")]
    NotAPolicy(String),
    /// Several policies in one expression
    #[error("this {0} cannot be evaluated here: it combines several policies in an expression")]
    Group(String),
    /// An unknown version
    #[error("Kubewarden does not know the apiVersion of this {0}")]
    Version(String),
    /// A field of the wrong type, or none where one must be
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl ResourceError {
    /// JSON pointer of what is wrong.
    pub fn pointer(&self) -> &str {
        match self {
            Self::NotAPolicy(_) | Self::Group(_) => "/kind",
            Self::Version(_) => "/apiVersion",
            Self::Field(error) => &error.pointer,
        }
    }

    /// What to do about it; empty where the message says it.
    pub fn help(&self) -> String {
        match self {
            Self::Group(_) => {
                "write the settings of one of its policies (spec.policies.NAME.settings) into a file of their own".to_owned()
            }
            Self::Version(_) => format!("write {GROUP}/v1 or {GROUP}/v1alpha2"),
            Self::NotAPolicy(_) => String::new(),
            Self::Field(error) => error.help.clone(),
        }
    }
}

#[derive(Deserialize)]
struct Resource {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    namespace: Option<String>,
}

/// The fields of a spec that apply. The rest is in [`HARMLESS`], or gets a note.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    rules: Vec<Rule>,
    mutating: bool,
    #[serde(default, deserialize_with = "field_error::or_default")]
    mode: Mode,
    message: Option<String>,
    #[serde(default, deserialize_with = "field_error::or_default")]
    match_policy: MatchPolicy,
    #[serde(default, deserialize_with = "field_error::or_default")]
    namespace_selector: Selector,
    #[serde(default, deserialize_with = "field_error::or_default")]
    object_selector: Selector,
    #[serde(default, deserialize_with = "field_error::or_default")]
    context_aware_resources: Vec<ContextAwareResource>,
    #[serde(default, deserialize_with = "field_error::or_default")]
    allow_inside_admission_controller_namespace: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Protect,
    Monitor,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContextAwareResource {
    api_version: String,
    kind: String,
}

/// Fields of both kinds that apply.
const HONOURED: [&str; 7] =
    ["matchConditions", "matchPolicy", "message", "mode", "mutating", "objectSelector", "rules"];

/// Fields that only a `ClusterAdmissionPolicy` has.
const CLUSTER_ONLY: [&str; 3] =
    ["allowInsideAdmissionControllerNamespace", "contextAwareResources", "namespaceSelector"];

/// Fields that do not change the outcome, and the settings, which are read separately.
const HARMLESS: [&str; 8] = [
    "backgroundAudit",
    "failurePolicy",
    "module",
    "policyServer",
    "settings",
    "sideEffects",
    "timeoutEvalSeconds",
    "timeoutSeconds",
];

impl PolicyResource {
    /// `ClusterAdmissionPolicy acr-pull-secret`
    pub fn title(&self) -> String {
        match &self.namespace {
            None => format!("ClusterAdmissionPolicy {}", self.name),
            Some(namespace) => format!("AdmissionPolicy {namespace}/{}", self.name),
        }
    }

    /// Whether an object is a policy of Kubewarden, or a group of policies.
    pub fn is_one(object: &Value) -> bool {
        Kind::of(object).is_some_and(|kind| kind.group == GROUP && kind.kind.contains("AdmissionPolicy"))
    }

    /// Reads an object that has a kind. An `AdmissionPolicy` without a namespace is in `namespace`.
    ///
    /// # Errors
    /// - another kind or version, a field that the API server would refuse
    pub fn of(object: &Value, namespace: &str) -> Result<Self, ResourceError> {
        let kind = Kind::of(object).unwrap_or_else(|| {
            let kind =
                object.get("kind").and_then(Value::as_str).unwrap_or("Kubernetes object without a kind");
            Kind { kind: kind.to_owned(), ..Kind::default() }
        });
        let is_cluster_wide = match (kind.kind.as_str(), kind.group.as_str()) {
            ("ClusterAdmissionPolicyGroup" | "AdmissionPolicyGroup", GROUP) => {
                return Err(ResourceError::Group(kind.kind));
            }
            ("ClusterAdmissionPolicy", GROUP | "") => true,
            ("AdmissionPolicy", GROUP | "") => false,
            _ if is_field_name(&kind.kind) => return Err(ResourceError::NotAPolicy(kind.kind)),
            _ => return Err(ResourceError::NotAPolicy("…".to_owned())),
        };
        if kind.group.is_empty() || !matches!(kind.version.as_str(), "v1" | "v1alpha2") {
            return Err(ResourceError::Version(kind.kind));
        }
        let notes = notes(object, is_cluster_wide);
        let Resource { metadata, mut spec } = field_error::read(object.clone())?;
        let namespace = (!is_cluster_wide)
            .then(|| metadata.namespace.filter(|n| !n.is_empty()).unwrap_or_else(|| namespace.to_owned()));
        if is_cluster_wide && !spec.allow_inside_admission_controller_namespace {
            // As Kubewarden's controller does when it adds its own exclusion to the expressions.
            // policy_subreconciler_webhook.go
            spec.namespace_selector.match_labels.clear();
        }
        let granted = spec.context_aware_resources.into_iter().filter(|_| is_cluster_wide);
        Ok(Self {
            enforcement: Enforcement {
                policy: match &namespace {
                    None => format!("clusterwide-{}", metadata.name),
                    Some(namespace) => format!("namespaced-{namespace}-{}", metadata.name),
                },
                monitors: spec.mode == Mode::Monitor,
                may_mutate: spec.mutating,
                message: spec.message.filter(|message| !message.is_empty()),
            },
            name: metadata.name,
            rules: spec.rules,
            match_policy: spec.match_policy,
            namespace_selector: if is_cluster_wide { spec.namespace_selector } else { Selector::default() },
            object_selector: spec.object_selector,
            guards_kubewarden: spec.allow_inside_admission_controller_namespace || !is_cluster_wide,
            context_aware_resources: granted.map(|r| (r.api_version, r.kind)).collect(),
            namespace,
            notes,
            object: object.clone(),
        })
    }

    /// Why the API server would not send this request to the policy; `None` where it would.
    pub fn leaves_out(&self, request: &Value, cluster: &Cluster) -> Option<String> {
        let asked = Attributes::of(request);
        if !self.rules.iter().any(|rule| rule.names(&asked, self.match_policy)) {
            return Some(format!("no rule of {self} matches {asked}"));
        }
        // An object without a namespace always matches.
        if !asked.namespace.is_empty()
            && let Some(reason) = self.leaves_out_namespace(asked.namespace, cluster)
        {
            return Some(reason);
        }
        let objects = ["object", "oldObject"].map(|name| request.get(name));
        let is_selected = self.object_selector.is_empty()
            || objects
                .into_iter()
                .flatten()
                .any(|object| !object.is_null() && self.object_selector.takes(&labels_of(object)));
        (!is_selected).then(|| format!("the objectSelector of {self} does not match its labels"))
    }

    /// Why nothing in this namespace is sent to the policy; `None` where something may be.
    pub fn leaves_out_namespace(&self, namespace: &str, cluster: &Cluster) -> Option<String> {
        if let Some(own) = &self.namespace {
            return (own != namespace).then(|| format!("{self} applies only to namespace {own}"));
        }
        if namespace == KUBEWARDEN && !self.guards_kubewarden {
            return Some(format!("Kubewarden keeps {self} out of its own namespace, {KUBEWARDEN}"));
        }
        let known = cluster.get("v1", "Namespace", "", namespace);
        let mut labels = known.map(labels_of).unwrap_or_default();
        labels.insert(NAMESPACE_NAME.to_owned(), namespace.to_owned());
        if self.namespace_selector.takes(&labels) {
            return None;
        }
        let unknown = if known.is_some() {
            ""
        } else {
            "; its labels are not known: pass its Namespace with the manifests or with --cluster"
        };
        Some(format!("the namespaceSelector of {self} excludes namespace {namespace}{unknown}"))
    }
}

impl fmt::Display for PolicyResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            None => write!(f, "ClusterAdmissionPolicy {}", self.name),
            Some(namespace) => write!(f, "AdmissionPolicy {namespace}/{}", self.name),
        }
    }
}

fn notes(object: &Value, is_cluster_wide: bool) -> Vec<Note> {
    let Some(spec) = object.get("spec").and_then(Value::as_object) else { return Vec::new() };
    let mut notes = Vec::new();
    let mut note = |path: &[&str], message: String, help: &str| {
        let tokens = path.iter().map(|name| format!("/{}", escaped(name)));
        let pointer = format!("/spec{}", tokens.collect::<String>());
        notes.push(Note {
            pointer,
            message,
            help: help.to_owned(),
            is_of_cluster: path == ["matchConditions"],
        });
    };
    let is_given = |value: Option<&Value>| match value {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(fields)) => !fields.is_empty(),
        Some(_) => true,
    };
    for (field, _) in spec.iter().filter(|(_, value)| !value.is_null()) {
        let is_known = |known: &[&str]| known.contains(&field.as_str());
        if is_known(&HONOURED) || is_known(&HARMLESS) || (is_cluster_wide && is_known(&CLUSTER_ONLY)) {
            continue;
        }
        let kind = if is_cluster_wide { "a ClusterAdmissionPolicy" } else { "an AdmissionPolicy" };
        let field_shown = if is_field_name(field) { field } else { "…" };
        let message = format!("spec.{field_shown} is not a known field of {kind}, so it is ignored");
        note(&[field], message, "");
    }
    if is_given(spec.get("matchConditions")) {
        let message = "spec.matchConditions are ignored, because CEL is not evaluated here: objects may be \
                       checked that the cluster skips";
        note(&["matchConditions"], message.to_owned(), "");
    }
    let inside = spec.get("allowInsideAdmissionControllerNamespace") == Some(&Value::Bool(true));
    let labels = spec.get("namespaceSelector").and_then(|selector| selector.get("matchLabels"));
    if is_cluster_wide && !inside && is_given(labels) {
        let message = "Kubewarden drops the matchLabels of a ClusterAdmissionPolicy's namespaceSelector, so \
                       they have no effect";
        note(&["namespaceSelector", "matchLabels"], message.to_owned(), "write them as matchExpressions");
    }
    notes
}
