//! The parts of an admission request that the decision reads.

use std::borrow::Cow;
use std::fmt;

use crate::ascii::has_any;
use crate::json::{self, Value};
use crate::json_fields;

/// What happens to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It is created
    Create,
    /// It, or one of its subresources, is changed
    Update,
    /// It is deleted, or connected to: nothing is pulled because of that
    Other,
}

/// An admission request, read leniently: what has the wrong type counts as absent.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// What happens to the object
    pub operation: Operation,
    /// API group, empty for the core group
    pub group: Cow<'a, str>,
    /// Kind of the object
    pub kind: Cow<'a, str>,
    /// Namespace, empty where there is none
    pub namespace: Cow<'a, str>,
    /// Subresource, empty where there is none
    pub subresource: Cow<'a, str>,
    /// Who makes the request
    pub username: Cow<'a, str>,
    /// What is read of the object as it is to be
    pub object: Value<'a>,
    /// What is read of the object as it was
    pub old_object: Value<'a>,
    /// The JSON text of `object`
    pub object_text: &'a str,
}

impl<'a> Request<'a> {
    /// The fields of a payload that are read: the settings, then those of the request.
    pub(crate) const PAYLOAD: [&'static str; 9] = [
        "settings",
        "request",
        "request/operation",
        "request/kind",
        "request/namespace",
        "request/subResource",
        "request/userInfo",
        "request/object",
        "request/oldObject",
    ];

    /// Reads the JSON of a Kubernetes `AdmissionRequest`.
    ///
    /// ```
    /// use policy_core::Request;
    ///
    /// let text = r#"{
    ///     "operation": "CREATE", "namespace": "shop", "kind": {"group": "", "version": "v1", "kind": "Pod"},
    ///     "object": {"spec": {"containers": [{"name": "web", "image": "contoso.azurecr.io/web:v1"}]}}
    /// }"#;
    /// let request = Request::parse(text)?;
    /// assert_eq!((&*request.kind, &*request.namespace), ("Pod", "shop"));
    /// # Ok::<(), policy_core::request::RequestError>(())
    /// ```
    ///
    /// # Errors
    /// - the text, its `object`, its `oldObject` or another field that is read is not JSON that can be read
    pub fn parse(text: &'a str) -> Result<Self, RequestError> {
        let fields = ["operation", "kind", "namespace", "subResource", "userInfo", "object", "oldObject"];
        let fields =
            json_fields::read(text, fields).map_err(|e| RequestError::unreadable("the request", &e))?;
        Self::of(fields)
    }

    /// Reads the texts of a payload's fields, but for the settings.
    ///
    /// # Errors
    /// - there is no request
    /// - as of [`Request::parse`]
    pub(crate) fn of_payload(fields: [Option<&'a str>; 8]) -> Result<Self, RequestError> {
        let [request, fields @ ..] = fields;
        request.ok_or_else(|| RequestError("the payload has no request".to_owned()))?;
        Self::of(fields)
    }

    fn of(fields: [Option<&'a str>; 7]) -> Result<Self, RequestError> {
        let [operation, kind, namespace, subresource, user, object_text, old_object] = fields;
        let excerpt = |name, text: Option<&'a str>| {
            let Some(text) = text else { return Ok(Value::Null) };
            json::excerpt(text).map_err(|e| RequestError::unreadable(name, &e))
        };
        let object = excerpt("object", object_text)?;
        let [group, kind] = inner("kind", kind, ["group", "kind"])?;
        let (mut group, mut kind) = (word("kind", group)?, word("kind", kind)?);
        if kind.is_empty() {
            (group, kind) = kind_of(&object);
        }
        let [username] = inner("userInfo", user, ["username"])?;
        let mut namespace = word("namespace", namespace)?;
        if namespace.is_empty() {
            namespace = Cow::Owned(object.string_at(&["metadata", "namespace"]).to_owned());
        }
        Ok(Self {
            operation: match &*word("operation", operation)? {
                "DELETE" | "CONNECT" => Operation::Other,
                "UPDATE" => Operation::Update,
                _ => Operation::Create,
            },
            group,
            kind,
            namespace,
            subresource: word("subResource", subresource)?,
            username: word("userInfo", username)?,
            object,
            old_object: excerpt("oldObject", old_object)?,
            object_text: object_text.unwrap_or("null"),
        })
    }

    /// Whether nothing can be pulled because of this request, whatever the object holds.
    pub fn is_beside_the_point(&self) -> bool {
        self.operation == Operation::Other
            || self.object.is_null()
            || !(self.subresource.is_empty() || self.subresource == "ephemeralcontainers")
            || self.object.at(&["metadata", "deletionTimestamp"]).is_some_and(|time| !time.is_null())
    }

    /// Whether a controller owns the object. It compares what it owns with its own template: to change or refuse it would
    /// make the two fight. kubernetes/kubernetes#57167, #70864
    pub(crate) fn is_of_controller(&self) -> bool {
        is_of_controller(&self.object)
    }

    /// Whether the pod claims to mirror a static pod. Such a pod may reference no secret.
    /// plugin/pkg/admission/serviceaccount/admission.go
    pub(crate) fn is_of_mirror_pod(&self) -> bool {
        let annotation = ["metadata", "annotations", "kubernetes.io/config.mirror"];
        self.object.at(&annotation).is_some() || !self.old_object.string_at(&annotation).is_empty()
    }

    /// Whether the pod's own node, `node_name`, makes the request, to show a static pod in the API.
    pub(crate) fn is_of_mirrored_node(&self, node_name: &str) -> bool {
        self.is_of_mirror_pod()
            && !node_name.is_empty()
            && self.username.strip_prefix("system:node:") == Some(node_name)
    }
}

/// The group and kind that the object itself names.
fn kind_of(object: &Value<'_>) -> (Cow<'static, str>, Cow<'static, str>) {
    let api_version = object.string_at(&["apiVersion"]);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let kind = object.string_at(&["kind"]);
    (Cow::Owned(group.to_owned()), Cow::Owned(kind.to_owned()))
}

/// The texts of fields in a field's text, none where that is not an object.
fn inner<'a, const N: usize>(
    name: &str,
    text: Option<&'a str>,
    fields: [&str; N],
) -> Result<[Option<&'a str>; N], RequestError> {
    match text.filter(|text| text.starts_with('{')) {
        Some(text) => json_fields::read(text, fields).map_err(|e| RequestError::unreadable(name, &e)),
        None => Ok([None; N]),
    }
}

/// The value in a field's text, null where there is none.
pub(crate) fn value<'a>(name: &str, text: Option<&'a str>) -> Result<Value<'a>, RequestError> {
    let Some(text) = text else { return Ok(Value::Null) };
    json::value(text).map_err(|e| RequestError::unreadable(name, &e))
}

/// The string in a field's text, empty where there is none.
pub(crate) fn word<'a>(name: &str, text: Option<&'a str>) -> Result<Cow<'a, str>, RequestError> {
    let inner = text.and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
    // Without an escape in it, the text between the quotes is the word, and needs no reader.
    if let Some(word) = inner.filter(|word| !has_any(word, "\\")) {
        return Ok(Cow::Borrowed(word));
    }
    Ok(match value(name, text)? {
        Value::String(word) => word,
        _ => Cow::Borrowed(""),
    })
}

/// Whether a controller owns an object.
pub(crate) fn is_of_controller(object: &Value<'_>) -> bool {
    let owners = object.at(&["metadata", "ownerReferences"]).and_then(Value::as_array);
    let controls = |owner: &Value<'_>| matches!(owner.get("controller"), Some(Value::Bool(true)));
    owners.into_iter().flatten().any(controls)
}

/// Why a payload holds no admission request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestError(pub(crate) String);

impl RequestError {
    /// Says where reading stopped. The library's own texts would cost more bytes than the parsing of images.
    pub(crate) fn unreadable(what: &str, error: &serde_json::Error) -> Self {
        let reason =
            if error.is_eof() { "it ends too early" } else { "it is not a JSON object, or nested too deep" };
        Self(format!("{what} cannot be read at line {}, column {}: {reason}", error.line(), error.column()))
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RequestError {}
