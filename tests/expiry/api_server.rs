//! An API server as far as kubectl needs it to list, get, create, replace, patch and delete objects.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::registry::front::{Act, Front, answer};

/// Plural, kind, whether objects of it are in a namespace.
type Resource = (&'static str, &'static str, bool);

/// The groups that it serves.
const GROUPS: [(&str, &[Resource]); 3] = [
    (
        "v1",
        &[
            ("pods", "Pod", true),
            ("secrets", "Secret", true),
            ("serviceaccounts", "ServiceAccount", true),
            ("events", "Event", true),
        ],
    ),
    ("apps/v1", &[("deployments", "Deployment", true)]),
    (
        "policies.kubewarden.io/v1",
        &[
            ("clusteradmissionpolicies", "ClusterAdmissionPolicy", false),
            ("clusteradmissionpolicygroups", "ClusterAdmissionPolicyGroup", false),
        ],
    ),
];

/// Objects by their paths.
type Objects = Arc<Mutex<BTreeMap<String, Value>>>;

/// A running API server.
pub(super) struct ApiServer {
    front: Front,
    objects: Objects,
}

impl ApiServer {
    /// One that has these objects.
    pub(super) fn start(objects: &[Value]) -> Self {
        let objects: Objects =
            Arc::new(Mutex::new(objects.iter().map(|it| (path_of(it), it.clone())).collect()));
        let all = objects.clone();
        let front = Front::start(0, None, move |head| {
            let (all, method, path) = (all.clone(), head.method.clone(), head.path.clone());
            Act::Answer(Box::new(move |body| {
                let (status, value) = reply(&mut all.lock().unwrap(), &method, &path, body);
                answer(&format!("{status} x"), "Content-Type: application/json\r\n", &value.to_string())
            }))
        });
        Self { front, objects }
    }

    /// The option of kubectl.
    pub(super) fn option(&self) -> String {
        format!("--server=http://127.0.0.1:{}", self.front.port)
    }

    /// An object at this path.
    pub(super) fn get(&self, path: &str) -> Option<Value> {
        self.objects.lock().unwrap().get(path).cloned()
    }
}

fn resources() -> impl Iterator<Item = (&'static str, &'static str, &'static str, bool)> {
    GROUPS
        .iter()
        .flat_map(|(group, all)| all.iter().map(|(plural, kind, spaced)| (*group, *plural, *kind, *spaced)))
}

fn root(group: &str) -> String {
    if group == "v1" { "/api/v1".to_owned() } else { format!("/apis/{group}") }
}

fn path_of(object: &Value) -> String {
    let word = |field: &str| object["metadata"][field].as_str().unwrap_or("default");
    let (group, plural, _, spaced) = resources()
        .find(|(group, _, kind, _)| object["apiVersion"] == *group && object["kind"] == *kind)
        .unwrap_or_else(|| panic!("{object}"));
    let namespace = if spaced { format!("/namespaces/{}", word("namespace")) } else { String::new() };
    format!("{}{namespace}/{plural}/{}", root(group), word("name"))
}

fn status(code: u16, reason: &str) -> (u16, Value) {
    let status = if code < 300 { "Success" } else { "Failure" };
    (code, json!({"kind": "Status", "apiVersion": "v1", "status": status, "reason": reason, "code": code}))
}

fn reply(all: &mut BTreeMap<String, Value>, method: &str, path: &str, body: &str) -> (u16, Value) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    if let Some(discovered) = discovery(path) {
        return (200, discovered);
    }
    let body = || serde_json::from_str::<Value>(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    let plural = |at: &str| resources().find(|(_, plural, ..)| at.ends_with(&format!("/{plural}")));
    match (method, all.get_mut(path), plural(path)) {
        ("GET", Some(object), _) => (200, object.clone()),
        ("GET", None, Some((group, plural, kind, _))) => {
            let name = query.split('&').find_map(|it| it.strip_prefix("fieldSelector=metadata.name%3D"));
            let namespace = path.strip_suffix(&format!("/{plural}")).unwrap_or_default();
            let items: Vec<&Value> = all
                .iter()
                .filter(|(at, _)| at.starts_with(namespace) && at.contains(&format!("/{plural}/")))
                .filter(|(at, _)| name.is_none_or(|name| at.ends_with(&format!("/{name}"))))
                .map(|(_, object)| object)
                .collect();
            // The first event of a watch, and its end.
            if query.contains("watch=true") {
                return items.first().map_or_else(
                    || status(404, "NotFound"),
                    |object| (200, json!({"type": "MODIFIED", "object": object})),
                );
            }
            let metadata = json!({"resourceVersion": "1"});
            (
                200,
                json!({"kind": format!("{kind}List"), "apiVersion": group, "metadata": metadata, "items": items}),
            )
        }
        ("POST", None, Some(_)) => {
            let mut object = body();
            if let (Some((namespaced, _)), true) = (path.rsplit_once('/'), path.contains("/namespaces/")) {
                let namespace = namespaced.rsplit('/').next().unwrap_or_default();
                object["metadata"]["namespace"] = namespace.into();
            }
            let at = path_of(&object);
            if all.contains_key(&at) {
                return status(409, "AlreadyExists");
            }
            all.insert(at, object.clone());
            (201, object)
        }
        ("PUT", Some(object), _) => {
            *object = body();
            (200, object.clone())
        }
        // No patch here has a list whose entries are merged: imagePullSecrets of a ServiceAccount is atomic.
        ("PATCH", Some(object), _) => {
            match body() {
                Value::Array(operations) => operations.iter().for_each(|it| append(object, it)),
                fields => merge(object, &fields),
            }
            (200, object.clone())
        }
        ("DELETE", Some(_), _) => {
            all.remove(path);
            status(200, "")
        }
        _ => status(404, "NotFound"),
    }
}

/// RFC 6902: `add` at the end of a list.
fn append(object: &mut Value, operation: &Value) {
    let list = operation["path"].as_str().and_then(|path| path.strip_suffix("/-"));
    let list =
        list.filter(|_| operation["op"] == "add").and_then(|list| object.pointer_mut(list)?.as_array_mut());
    list.unwrap_or_else(|| panic!("{operation}")).push(operation["value"].clone());
}

/// RFC 7396
fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    for (name, value) in fields {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut object[name], value);
        }
    }
}

fn discovery(path: &str) -> Option<Value> {
    match path {
        "/api" => Some(json!({"kind": "APIVersions", "versions": ["v1"]})),
        "/apis" => {
            let named = GROUPS.iter().filter_map(|(group, _)| {
                let (name, version) = group.split_once('/')?;
                let version = json!({"groupVersion": group, "version": version});
                Some(json!({"name": name, "versions": [version], "preferredVersion": version}))
            });
            Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": named.collect::<Vec<_>>()}))
        }
        _ => {
            let (group, resources) = GROUPS.iter().find(|(group, _)| root(group) == path)?;
            let verbs = ["get", "list", "watch", "create", "update", "patch", "delete"];
            let resources: Vec<Value> = resources
                .iter()
                .map(|(plural, kind, spaced)| {
                    let singular = kind.to_lowercase();
                    json!({"name": plural, "singularName": singular, "namespaced": spaced, "kind": kind, "verbs": verbs})
                })
                .collect();
            Some(
                json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": resources}),
            )
        }
    }
}
