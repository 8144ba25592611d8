//! The cluster through Kubewarden's host capability `kubernetes/get_resource`.

use crate::cluster::{Cluster, LookupError, ObjectRef};
use crate::json::{self, Value};
use crate::json_writer::Json;

/// A cluster that is queried by host calls.
#[derive(Debug, Clone, Copy)]
pub struct HostCluster<F> {
    /// Sends the JSON of a `get_resource` request, and returns the JSON of the object or the host's error text
    pub get_resource: F,
    /// The time, in seconds since 1970
    pub now: fn() -> Option<u64>,
}

/// policy-evaluator: `callback_requests.rs` `KubernetesGetResource`
fn request(object: &ObjectRef<'_>) -> String {
    let &ObjectRef { api_version, kind, namespace, name, fields } = object;
    let mut json = Json::default();
    json.open("", "{");
    for (field, text) in
        [("api_version", api_version), ("kind", kind), ("name", name), ("namespace", namespace)]
    {
        json.text(field, text);
    }
    json.literal("disable_cache", "false");
    if !fields.is_empty() {
        json.texts("field_masks", fields.iter().copied());
    }
    json.close("}");
    json.into_text()
}

impl<F: Fn(&[u8]) -> Result<Vec<u8>, String>> Cluster for HostCluster<F> {
    fn get(&self, object: &ObjectRef<'_>) -> Result<Option<Value<'static>>, LookupError> {
        match (self.get_resource)(request(object).as_bytes()) {
            Ok(found) => {
                let object = std::str::from_utf8(&found).ok().and_then(|text| json::value(text).ok());
                object.map(|object| Some(object.into_owned())).ok_or(LookupError::Unavailable)
            }
            Err(text) => LookupError::from_host_text(&text).map_or(Ok(None), Err),
        }
    }

    fn now(&self) -> Option<u64> {
        (self.now)()
    }
}
