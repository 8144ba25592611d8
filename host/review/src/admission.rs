//! The API server, played: manifests become the admission requests that they would cause.

use serde_json::{Map, Value, json};

use crate::cluster::{Cluster, store_secret};
use crate::kind::{Kind, template_path};

/// Who makes the requests.
const USER: &str = "kubernetes-admin";

/// What the requests have in common.
#[derive(Debug, Clone)]
pub struct ApiServer<'a> {
    /// Namespace of objects that name none
    pub namespace: &'a str,
    /// `CREATE`, `UPDATE` or `DELETE`
    pub operation: &'a str,
    /// Objects as they were before an update
    pub old: &'a [Value],
    /// What exists already
    pub cluster: &'a Cluster,
}

impl ApiServer<'_> {
    /// The request that applying `object` causes.
    pub fn request(&self, kind: &Kind, object: &Value) -> Value {
        let mut object = object.clone();
        let namespace = self.settle(kind, &mut object);
        let old = self.old.iter().find(|old| is_same(kind, old, &object, &namespace, self.namespace));
        let old = old.map(|old| {
            let mut old = old.clone();
            self.settle(kind, &mut old);
            old
        });
        match self.operation {
            "CREATE" => self.admit_pod(kind, &mut object, &namespace),
            "DELETE" => return review(kind, &namespace, "DELETE", None, Some(object)),
            _ => {}
        }
        review(kind, &namespace, self.operation, Some(object), old)
    }

    /// The request for a pod of the object's template, as its controller would make it.
    pub fn pod_request(&self, kind: &Kind, object: &Value, namespace: &str) -> Option<PodRequest> {
        let path = template_path(kind, object)?;
        let (_, template_path) = path.split_last()?;
        let template = template_path.iter().try_fold(object, |value, name| value.get(name))?;
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("pod");
        let mut metadata = template.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
        metadata.insert("generateName".to_owned(), format!("{name}-").into());
        let owner =
            json!({"apiVersion": kind.api_version(), "kind": kind.kind, "name": name, "controller": true});
        metadata.insert("ownerReferences".to_owned(), json!([owner]));
        metadata.insert("namespace".to_owned(), namespace.into());
        let spec = template.get("spec").cloned().unwrap_or_default();
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
        let kind = Kind { group: String::new(), version: "v1".to_owned(), kind: "Pod".to_owned() };
        self.admit_pod(&kind, &mut pod, namespace);
        let request = review(&kind, namespace, "CREATE", Some(pod), None);
        Some(PodRequest { request, spec_pointer: path.iter().fold(String::new(), |p, name| p + "/" + name) })
    }

    /// Fills in what the API server fills in for every object, and returns the namespace.
    fn settle(&self, kind: &Kind, object: &mut Value) -> String {
        if kind.is_core("Secret") {
            store_secret(object);
        }
        if kind.is_cluster_scoped() {
            // The request for a Namespace carries its own name as its namespace.
            let name = object.pointer("/metadata/name").and_then(Value::as_str);
            return name.filter(|_| kind.is_core("Namespace")).unwrap_or_default().to_owned();
        }
        let Some(fields) = object.as_object_mut() else { return self.namespace.to_owned() };
        let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        let Some(metadata) = metadata.as_object_mut() else { return self.namespace.to_owned() };
        let named = metadata.get("namespace").and_then(Value::as_str).filter(|name| !name.is_empty());
        if let Some(named) = named {
            return named.to_owned();
        }
        metadata.insert("namespace".to_owned(), self.namespace.into());
        self.namespace.to_owned()
    }

    /// Copies the pull secrets of the service account into a pod whose own list is empty.
    /// plugin/pkg/admission/serviceaccount/admission.go
    fn admit_pod(&self, kind: &Kind, pod: &mut Value, namespace: &str) {
        if !kind.is_core("Pod") || pod.pointer("/metadata/annotations/kubernetes.io~1config.mirror").is_some()
        {
            return;
        }
        let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else { return };
        let is_empty = match spec.get("imagePullSecrets") {
            None | Some(Value::Null) => true,
            Some(list) => list.as_array().is_some_and(Vec::is_empty),
        };
        let account = self.cluster.get("v1", "ServiceAccount", namespace, service_account(spec));
        let secrets = account.and_then(|account| account.get("imagePullSecrets")).and_then(Value::as_array);
        if let Some(secrets) = secrets.filter(|secrets| is_empty && !secrets.is_empty()) {
            spec.insert("imagePullSecrets".to_owned(), Value::Array(secrets.clone()));
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
    pub request: Value,
    /// JSON pointer of the pod's spec in the object that has the template
    pub spec_pointer: String,
}

/// The node that shows a static pod of its own by this object, as in a listing of live pods.
fn mirroring_node(object: &Value) -> Option<&str> {
    object.pointer("/metadata/annotations/kubernetes.io~1config.mirror")?;
    let node = object.pointer("/spec/nodeName")?.as_str()?;
    let mut owners = object.pointer("/metadata/ownerReferences")?.as_array()?.iter();
    let is_node =
        |owner: &Value| owner.get("kind") == Some(&json!("Node")) && owner.get("name") == Some(&json!(node));
    owners.any(is_node).then_some(node)
}

fn is_same(kind: &Kind, old: &Value, new: &Value, namespace: &str, default: &str) -> bool {
    let word = |value: &Value, pointer| {
        value.pointer(pointer).and_then(Value::as_str).filter(|word| !word.is_empty()).map(str::to_owned)
    };
    Kind::of(old).is_some_and(|old| old.group == kind.group && old.kind == kind.kind)
        && word(old, "/metadata/name").is_some()
        && word(old, "/metadata/name") == word(new, "/metadata/name")
        && word(old, "/metadata/namespace").unwrap_or_else(|| default.to_owned()) == namespace
}

/// An `AdmissionRequest` in which nothing is played.
pub fn review(
    kind: &Kind,
    namespace: &str,
    operation: &str,
    object: Option<Value>,
    old: Option<Value>,
) -> Value {
    let gvk = json!({"group": kind.group, "version": kind.version, "kind": kind.kind});
    let gvr = json!({"group": kind.group, "version": kind.version, "resource": kind.resource()});
    let subject = object.as_ref().or(old.as_ref());
    let name = subject.and_then(|object| object.pointer("/metadata/name")).and_then(Value::as_str);
    let user = match subject.and_then(mirroring_node) {
        Some(node) => {
            json!({"username": format!("system:node:{node}"), "groups": ["system:nodes", "system:authenticated"]})
        }
        None => json!({"username": USER, "groups": ["system:masters", "system:authenticated"]}),
    };
    // Absent fields are left out: the SDK refuses null.
    let mut request = json!({
        "uid": "00000000-0000-0000-0000-000000000000",
        "kind": gvk,
        "resource": gvr,
        "requestKind": gvk,
        "requestResource": gvr,
        "operation": operation,
        "userInfo": user,
        "dryRun": false,
    });
    if let Some(fields) = request.as_object_mut() {
        let mut put =
            |name: &str, value: Option<Value>| value.map(|value| fields.insert(name.to_owned(), value));
        put("name", name.map(Value::from));
        put("namespace", Some(namespace).filter(|name| !name.is_empty()).map(Value::from));
        put("object", object);
        put("oldObject", old);
    }
    request
}
