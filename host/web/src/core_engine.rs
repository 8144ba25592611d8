//! The policy's core as the engine of a review.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use policy_core::host_cluster::HostCluster;
use policy_core::operations;
use review::engine::{Engine, EngineError};
use review::host_calls::HostCalls;
use review::yaml;
use serde_json::Value;

use crate::javascript::{now, performance_now};

/// The metadata that the policy carries in a cluster: what it wants to see, and what it may look up.
pub(crate) static METADATA: LazyLock<Value> = LazyLock::new(|| {
    let (documents, _) = yaml::documents(include_str!("../../../policy/metadata.yml"));
    documents.into_iter().next().map(|document| document.value).unwrap_or_default()
});

/// The core, its calls counted and timed.
#[derive(Debug, Default)]
pub(crate) struct CoreEngine {
    /// How many calls there were, and how many milliseconds they took together
    spent: Mutex<(u32, f64)>,
}

impl Engine for CoreEngine {
    fn call(
        &self,
        operation: &str,
        payload: &[u8],
        host: Arc<dyn HostCalls>,
    ) -> Result<Vec<u8>, EngineError> {
        let start = performance_now();
        let answer = match operation {
            "validate" => operations::validate(payload, &lookups(&*host)),
            "explain" => operations::explain(payload, &lookups(&*host)),
            "expiry" => operations::expiry(payload, &lookups(&*host)),
            "validate_settings" => operations::validate_settings(payload),
            _ => {
                let message = format!("the policy has no operation {operation:?}");
                return Err(EngineError::UnknownOperation(message));
            }
        };
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.0 += 1;
        spent.1 += performance_now() - start;
        Ok(answer)
    }
}

impl CoreEngine {
    /// How many calls there were, and how many milliseconds they took together.
    pub(crate) fn spent(&self) -> (u32, f64) {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cluster behind a host, as the core asks it.
pub(crate) fn lookups(host: &dyn HostCalls) -> HostCluster<impl Fn(&[u8]) -> Result<Vec<u8>, String>> {
    HostCluster {
        get_resource: |request: &[u8]| host.call("kubewarden", "kubernetes", "get_resource", request),
        now: || Some(now()),
    }
}
