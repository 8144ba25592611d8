//! Keeps Secrets from a policy, whatever answers its host calls: the inputs, a suite, or a recorded session.

use std::sync::Arc;

use review::cluster::GetResource;
use review::failing_lookups::not_granted;

use super::HostCalls;

/// Passes on every host call but lookups of Secrets, which are answered as Kubewarden does where nothing is granted.
pub(super) struct WithoutSecrets(pub(super) Arc<dyn HostCalls>);

impl HostCalls for WithoutSecrets {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        if (namespace, operation) == ("kubernetes", "get_resource")
            && let Ok(GetResource { api_version, kind, .. }) = serde_json::from_slice(payload)
            && (api_version.as_str(), kind.as_str()) == ("v1", "Secret")
        {
            return Err(not_granted(&api_version, &kind));
        }
        self.0.call(binding, namespace, operation, payload)
    }

    fn log(&self, line: &str) {
        self.0.log(line);
    }
}
