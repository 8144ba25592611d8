//! Simulates the API server: manifests become the admission requests that they would cause.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::cluster::{Cluster, store_secret};
use crate::field::{field, word};
use crate::kind::{Kind, templates};
use crate::request::Request;

/// The annotation of a mirror pod. kubelet: `pkg/kubelet/types/pod_update.go`
const MIRROR: &[&str] = &["metadata", "annotations", "kubernetes.io/config.mirror"];

/// What a controller copies of the metadata in a template. `pkg/controller/controller_utils.go` `GetPodFromTemplate`
const COPIED: [&str; 3] = ["labels", "annotations", "finalizers"];

static POD: LazyLock<Kind> =
    LazyLock::new(|| Kind { group: String::new(), version: "v1".to_owned(), kind: "Pod".to_owned() });

/// What the requests have in common.
#[derive(Debug, Clone)]
pub struct ApiServer<'a> {
    /// Namespace of objects that do not name one
    pub namespace: &'a str,
    /// `CREATE`, `UPDATE` or `DELETE`
    pub operation: &'a str,
    /// Objects before an update
    pub old: &'a [Value],
    /// Existing objects
    pub cluster: &'a Cluster,
    /// Whether the pods exist: they keep the pull secrets that they were created with, whatever their `ServiceAccount` lists now
    pub are_pods_admitted: bool,
}

impl ApiServer<'_> {
    /// The request that applying `object` causes.
    pub fn request<'r>(&'r self, kind: &'r Kind, object: &'r Value) -> Request<'r> {
        let mut object = Cow::Borrowed(object);
        let namespace = self.settle(kind, &mut object);
        let old = self.old.iter().find(|old| is_same(kind, old, &object, &namespace, self.namespace));
        let old = old.map(|old| {
            let mut old = Cow::Borrowed(old);
            self.settle(kind, &mut old);
            old
        });
        match self.operation {
            "CREATE" => {
                forget_deletion(&mut object);
                if !self.are_pods_admitted {
                    self.admit_pod(kind, &mut object, &namespace);
                }
            }
            "DELETE" => {
                return Request { kind, namespace, operation: "DELETE", object: None, old: Some(object) };
            }
            _ => {}
        }
        Request { kind, namespace, operation: self.operation, object: Some(object), old }
    }

    /// The requests for pods of the object's templates, one for each, as its controller would make them.
    pub fn pod_requests(&self, kind: &Kind, object: &Value, namespace: &str) -> Vec<PodRequest> {
        let pointers = templates(kind, object).into_iter();
        pointers.filter_map(|pointer| self.pod_request(kind, object, namespace, pointer)).collect()
    }

    fn pod_request(
        &self,
        kind: &Kind,
        object: &Value,
        namespace: &str,
        spec_pointer: String,
    ) -> Option<PodRequest> {
        let template = object.pointer(spec_pointer.strip_suffix("/spec")?)?;
        let name = field(object, &["metadata", "name"]).and_then(Value::as_str).unwrap_or("pod");
        let written = template.get("metadata");
        let copied =
            COPIED.into_iter().filter_map(|name| Some((name.to_owned(), written?.get(name)?.clone())));
        let mut metadata: Map<String, Value> = copied.collect();
        metadata.insert("generateName".to_owned(), format!("{name}-").into());
        let owner =
            json!({"apiVersion": kind.api_version(), "kind": kind.kind, "name": name, "controller": true});
        metadata.insert("ownerReferences".to_owned(), Value::Array(vec![owner]));
        metadata.insert("namespace".to_owned(), namespace.into());
        let spec = template.get("spec").cloned().unwrap_or_default();
        let pod = [
            ("apiVersion", "v1".into()),
            ("kind", "Pod".into()),
            ("metadata", Value::Object(metadata)),
            ("spec", spec),
        ];
        let mut pod = Cow::Owned(Value::from_iter(pod));
        self.admit_pod(&POD, &mut pod, namespace);
        let (namespace, object) = (namespace.to_owned().into(), Some(pod));
        let request = Request { kind: &POD, namespace, operation: "CREATE", object, old: None };
        Some(PodRequest { request, spec_pointer })
    }

    /// Adds the fields that the API server sets for every object, and returns the namespace.
    fn settle<'r>(&'r self, kind: &Kind, object: &mut Cow<'r, Value>) -> Cow<'r, str> {
        if kind.is_core("Secret") {
            store_secret(object.to_mut());
        }
        if kind.is_cluster_scoped() {
            // The request for a Namespace carries its own name as its namespace.
            let name = word(object, &["metadata", "name"]).filter(|_| kind.is_core("Namespace"));
            return name.unwrap_or_default().to_owned().into();
        }
        if let Some(named) = word(object, &["metadata", "namespace"]) {
            return named.to_owned().into();
        }
        if let Some(fields) = object.to_mut().as_object_mut() {
            let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
            if let Some(metadata) = metadata.as_object_mut() {
                metadata.insert("namespace".to_owned(), self.namespace.into());
            }
        }
        self.namespace.into()
    }

    /// Copies the pull secrets of the service account into a pod whose own list is empty.
    /// plugin/pkg/admission/serviceaccount/admission.go
    fn admit_pod(&self, kind: &Kind, pod: &mut Cow<'_, Value>, namespace: &str) {
        if !kind.is_core("Pod") || is_mirror(pod) {
            return;
        }
        let Some(spec) = pod.get("spec").and_then(Value::as_object) else { return };
        let is_empty = match spec.get("imagePullSecrets") {
            None | Some(Value::Null) => true,
            Some(list) => list.as_array().is_some_and(Vec::is_empty),
        };
        let account = self.cluster.get("v1", "ServiceAccount", namespace, service_account(spec));
        let secrets = account.and_then(|account| account.get("imagePullSecrets")).and_then(Value::as_array);
        // A list that the API server refuses cannot be in a ServiceAccount.
        let is_valid =
            |secrets: &&Vec<Value>| secrets.iter().all(|entry| entry.is_object() || entry.is_null());
        let secrets = secrets.filter(is_valid);
        if let Some(secrets) = secrets.filter(|secrets| is_empty && !secrets.is_empty())
            && let Some(spec) = pod.to_mut().get_mut("spec").and_then(Value::as_object_mut)
        {
            spec.insert("imagePullSecrets".to_owned(), Value::Array(secrets.clone()));
        }
    }
}

/// Whether a pod, or the template of one, claims to be the mirror of a kubelet's own pod.
pub fn is_mirror(pod: &Value) -> bool {
    field(pod, MIRROR).is_some()
}

/// Removes the deletion fields from an object that is created.
/// apiserver: `pkg/registry/rest/create.go` `BeforeCreate`
fn forget_deletion(object: &mut Cow<'_, Value>) {
    for name in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        if field(object, &["metadata", name]).is_some()
            && let Some(metadata) = object.to_mut().get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.remove(name);
        }
    }
}

/// The name of a pod spec's `ServiceAccount`. core/v1: `serviceAccount` is a deprecated alias.
pub fn service_account(spec: &Map<String, Value>) -> &str {
    let word = |name| spec.get(name).and_then(Value::as_str).filter(|word| !word.is_empty());
    word("serviceAccountName").or_else(|| word("serviceAccount")).unwrap_or("default")
}

/// A request for a pod that is made from a template.
#[derive(Debug, Clone)]
pub struct PodRequest {
    /// The admission request
    pub request: Request<'static>,
    /// JSON pointer of the pod's spec in the object that has the template
    pub spec_pointer: String,
}

fn is_same(kind: &Kind, old: &Value, new: &Value, namespace: &str, default: &str) -> bool {
    Kind::of(old).is_some_and(|old| old.group == kind.group && old.kind == kind.kind)
        && word(old, &["metadata", "name"]).is_some()
        && word(old, &["metadata", "name"]) == word(new, &["metadata", "name"])
        && word(old, &["metadata", "namespace"]).unwrap_or(default) == namespace
}
