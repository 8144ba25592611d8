//! An admission request as the API server sends it.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::field::{field, word};
use crate::kind::Kind;

/// Who makes the requests.
const USER: &str = "kubernetes-admin";

/// An `AdmissionRequest`. It becomes JSON without being a [`Value`] first, because every object needs one or two.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// Kind of the object
    pub kind: &'a Kind,
    /// Empty for an object without a namespace
    pub namespace: Cow<'a, str>,
    /// `CREATE`, `UPDATE` or `DELETE`
    pub operation: &'a str,
    /// The new object
    pub object: Option<Cow<'a, Value>>,
    /// The old object
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
            // A user applies the file, even one that looks like the pod of a node.
            user_info: UserInfo { username: USER, groups: ["system:masters", "system:authenticated"] },
            object,
            old_object: old,
            dry_run: false,
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct UserInfo<'a> {
    username: &'a str,
    groups: [&'a str; 2],
}

/// A request that is made for an object, or one that was given.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Asked<'a> {
    Made(Request<'a>),
    Given(&'a Value),
}

impl Asked<'_> {
    pub(crate) fn object(&self) -> Option<&Value> {
        match self {
            Self::Made(request) => request.object.as_deref(),
            Self::Given(request) => request.get("object"),
        }
    }

    pub(crate) fn old_object(&self) -> Option<&Value> {
        match self {
            Self::Made(request) => request.old.as_deref(),
            Self::Given(request) => request.get("oldObject"),
        }
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        match self {
            Self::Made(request) => Some(&*request.namespace).filter(|namespace| !namespace.is_empty()),
            Self::Given(request) => request.get("namespace").and_then(Value::as_str),
        }
    }

    pub(crate) fn is_of_secret(&self) -> bool {
        match self {
            Self::Made(request) => request.kind.is_core("Secret"),
            Self::Given(request) => Kind::of(request.get("object").unwrap_or(&Value::Null))
                .is_some_and(|kind| kind.is_core("Secret")),
        }
    }

    pub(crate) fn is_create(&self) -> bool {
        match self {
            Self::Made(request) => request.operation == "CREATE",
            Self::Given(request) => request.get("operation").and_then(Value::as_str) == Some("CREATE"),
        }
    }

    pub(crate) fn is_update(&self) -> bool {
        match self {
            Self::Made(request) => request.operation == "UPDATE",
            Self::Given(request) => request.get("operation").and_then(Value::as_str) == Some("UPDATE"),
        }
    }

    pub(crate) fn has_sub_resource(&self) -> bool {
        match self {
            Self::Made(_) => false,
            Self::Given(request) => word(request, &["subResource"]).is_some(),
        }
    }

    pub(crate) fn to_value(&self) -> Cow<'_, Value> {
        match self {
            Self::Made(request) => Cow::Owned(request.to_value()),
            Self::Given(request) => Cow::Borrowed(request),
        }
    }
}
