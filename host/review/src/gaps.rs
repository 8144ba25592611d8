//! Gaps in the inputs: objects that the policy asks for and that are not among them, so that they are unknown.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::cluster::Cluster;
use crate::field::{field, word};
use crate::host_calls::HostCalls;
use crate::lookups::NOT_GIVEN;
use crate::verdict::Verdict;

/// The host, and the unknown objects in the lookups for one object.
pub(crate) struct Noting {
    host: Arc<dyn HostCalls>,
    unknown: Mutex<BTreeSet<String>>,
}

impl Noting {
    pub(crate) fn new(host: Arc<dyn HostCalls>) -> Self {
        Self { host, unknown: Mutex::default() }
    }

    /// The unknown objects, each as `Secret shop/acr-secret`.
    pub(crate) fn unknown(&self) -> BTreeSet<String> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl HostCalls for Noting {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        let answer = self.host.call(binding, namespace, operation, payload);
        if let Some((what, _)) = answer.as_ref().err().and_then(|text| text.split_once(NOT_GIVEN)) {
            self.unknown.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned());
        }
        answer
    }

    fn log(&self, line: &str) {
        self.host.log(line);
    }
}

/// The `ServiceAccount` of a pod that has no pull secret and lacks one, where it is not in the cluster: with it, the pod might
/// have the secret.
pub(crate) fn account_of(
    pod: &Value,
    namespace: &str,
    verdict: &Verdict,
    cluster: &Cluster,
) -> Option<String> {
    let lacks = verdict.findings.iter().any(|finding| finding.rule == "missing-pull-secret");
    let list = field(pod, &["spec", "imagePullSecrets"]).and_then(Value::as_array);
    if !lacks || list.is_some_and(|list| !list.is_empty()) {
        return None;
    }
    let name = ["serviceAccountName", "serviceAccount"].iter().find_map(|name| word(pod, &["spec", name]));
    let name = name.unwrap_or("default");
    let is_known = cluster.get("v1", "ServiceAccount", namespace, name).is_some();
    (!is_known).then(|| format!("ServiceAccount {namespace}/{name}"))
}
