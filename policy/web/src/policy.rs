//! The policy as the command's modules call it, with the core in the place of the Wasm.

use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, LazyLock};

use policy_core::host_cluster::HostCluster;
use policy_core::wire;
use serde_json::Value;

pub use crate::host_calls::HostCalls;
use crate::javascript::{now, performance_now};
use crate::yaml;

/// The metadata that the policy carries in a cluster: what it wants to see, and what it may look up.
pub(crate) static METADATA: LazyLock<Value> = LazyLock::new(|| {
    let (documents, _) = yaml::documents(include_str!("../../metadata.yml"));
    documents.into_iter().next().map(|document| document.value).unwrap_or_default()
});

/// The core, its calls counted and timed.
#[derive(Debug, Default)]
pub struct Policy {
    calls: Cell<u32>,
    milliseconds: Cell<f64>,
}

/// An operation that the core does not have.
#[derive(Debug)]
pub struct UnknownOperation(String);

impl fmt::Display for UnknownOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the policy has no operation {:?}", self.0)
    }
}

impl Policy {
    /// Calls an operation.
    ///
    /// # Errors
    /// Where there is no such operation.
    #[allow(clippy::needless_pass_by_value, reason = "as the command calls it")]
    pub fn call(
        &self,
        operation: &str,
        payload: &[u8],
        host: Arc<dyn HostCalls>,
    ) -> Result<Vec<u8>, UnknownOperation> {
        let start = performance_now();
        let answer = match operation {
            "validate" => wire::validate(payload, &lookups(&*host)),
            "explain" => wire::explain(payload, &lookups(&*host)),
            _ => return Err(UnknownOperation(operation.to_owned())),
        };
        self.calls.set(self.calls.get() + 1);
        self.milliseconds.set(self.milliseconds.get() + performance_now() - start);
        Ok(answer)
    }

    /// How many calls there were, and how many milliseconds they took together.
    pub(crate) fn spent(&self) -> (u32, f64) {
        (self.calls.get(), self.milliseconds.get())
    }
}

/// The cluster behind a host, as the core asks it.
pub(crate) fn lookups(host: &dyn HostCalls) -> HostCluster<impl Fn(&[u8]) -> Result<Vec<u8>, String>> {
    HostCluster {
        get_resource: |request: &[u8]| host.call("kubewarden", "kubernetes", "get_resource", request),
        now: || Some(now()),
    }
}
