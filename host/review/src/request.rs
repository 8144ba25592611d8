//! An admission request as the API server sends it.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::field::field;
use crate::kind::Kind;

/// Who makes the requests.
const USER: &str = "kubernetes-admin";

/// The annotation of a mirror pod. kubelet: `pkg/kubelet/types/pod_update.go`
pub(crate) const MIRROR: &[&str] = &["metadata", "annotations", "kubernetes.io/config.mirror"];

/// An `AdmissionRequest`. It becomes JSON without being a [`Value`] first, because every object needs one or two.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// Kind of the object
    pub kind: &'a Kind,
    /// Empty for what is in no namespace
    pub namespace: Cow<'a, str>,
    /// `CREATE`, `UPDATE` or `DELETE`
    pub operation: &'a str,
    /// The object as it is to be
    pub object: Option<Cow<'a, Value>>,
    /// The object as it was
    pub old: Option<Cow<'a, Value>>,
}

impl Request<'_> {
    /// The request as a value.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Serialize for Request<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct GroupVersionKind<'a> {
            group: &'a str,
            version: &'a str,
            kind: &'a str,
        }
        #[derive(Serialize)]
        struct GroupVersionResource<'a> {
            group: &'a str,
            version: &'a str,
            resource: &'a str,
        }
        // The SDK refuses null.
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Shown<'a> {
            uid: &'a str,
            kind: &'a GroupVersionKind<'a>,
            resource: &'a GroupVersionResource<'a>,
            request_kind: &'a GroupVersionKind<'a>,
            request_resource: &'a GroupVersionResource<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            name: Option<&'a str>,
            #[serde(skip_serializing_if = "str::is_empty")]
            namespace: &'a str,
            operation: &'a str,
            user_info: UserInfo<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            object: Option<&'a Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            old_object: Option<&'a Value>,
            dry_run: bool,
        }
        let Self { kind: Kind { group, version, kind }, namespace, operation, object, old } = self;
        let resource = self.kind.resource();
        let (object, old) = (object.as_deref(), old.as_deref());
        let subject = object.or(old);
        let kind = &GroupVersionKind { group, version, kind };
        let resource = &GroupVersionResource { group, version, resource: &resource };
        Shown {
            uid: "00000000-0000-0000-0000-000000000000",
            kind,
            resource,
            request_kind: kind,
            request_resource: resource,
            name: subject.and_then(|object| field(object, &["metadata", "name"])?.as_str()),
            namespace,
            operation,
            user_info: UserInfo::of(subject.and_then(mirroring_node)),
            object,
            old_object: old,
            dry_run: false,
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct UserInfo<'a> {
    username: Cow<'a, str>,
    groups: [&'static str; 2],
}

impl UserInfo<'_> {
    /// An admin, or the node that shows a static pod of its own.
    fn of(node: Option<&str>) -> Self {
        let (username, group) = match node {
            Some(node) => (format!("system:node:{node}").into(), "system:nodes"),
            None => (USER.into(), "system:masters"),
        };
        Self { username, groups: [group, "system:authenticated"] }
    }
}

/// The node that shows a static pod of its own by this object, as in a listing of live pods.
fn mirroring_node(object: &Value) -> Option<&str> {
    field(object, MIRROR)?;
    let node = field(object, &["spec", "nodeName"])?.as_str()?;
    let mut owners = field(object, &["metadata", "ownerReferences"])?.as_array()?.iter();
    let is_node =
        |owner: &Value| owner.get("kind") == Some(&json!("Node")) && owner.get("name") == Some(&json!(node));
    owners.any(is_node).then_some(node)
}
