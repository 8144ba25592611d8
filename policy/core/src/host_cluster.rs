//! The cluster through Kubewarden's host capability `kubernetes/get_resource`.

use serde::Serialize;

use crate::cluster::{Cluster, LookupError, ObjectRef};
use crate::json::{self, Value};

/// A cluster that is queried by host calls.
#[derive(Debug, Clone, Copy)]
pub struct HostCluster<F> {
    /// Sends the JSON of a `get_resource` request, and returns the JSON of the object or the host's error text
    pub get_resource: F,
    /// The time, in seconds since 1970
    pub now: fn() -> Option<u64>,
}

/// policy-evaluator: `callback_requests.rs` `KubernetesGetResource`
#[derive(Serialize)]
struct GetResource<'a> {
    api_version: &'a str,
    kind: &'a str,
    name: &'a str,
    namespace: &'a str,
    disable_cache: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    field_masks: &'a [&'a str],
}

impl<F: Fn(&[u8]) -> Result<Vec<u8>, String>> Cluster for HostCluster<F> {
    fn get(&self, object: &ObjectRef<'_>) -> Result<Option<Value<'static>>, LookupError> {
        let request = GetResource {
            api_version: object.api_version,
            kind: object.kind,
            name: object.name,
            namespace: object.namespace,
            disable_cache: false,
            field_masks: object.fields,
        };
        let request = serde_json::to_vec(&request).map_err(|_| LookupError::Unavailable)?;
        match (self.get_resource)(&request) {
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
