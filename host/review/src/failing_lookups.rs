//! Lookups that fail, with the same texts as policy-server, because Kubewarden reports the reasons only as text.

use serde::Deserialize;
use serde_json::Value;

use crate::host_calls::HostCalls;
use crate::kind::Kind;

/// Why every lookup fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailingLookups {
    /// RBAC forbids them
    Denied,
    /// There is no cluster
    Unavailable,
    /// The policy was not granted the resource
    Ungranted,
}

impl HostCalls for FailingLookups {
    fn call(&self, _: &str, _: &str, _: &str, payload: &[u8]) -> Result<Vec<u8>, String> {
        let asked: Value = serde_json::from_slice(payload).unwrap_or_default();
        let word = |name| asked.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, name, namespace) = (word("kind"), word("name"), word("namespace"));
        let resource = Kind { kind: kind.to_owned(), ..Kind::default() }.resource();
        Err(match self {
            Self::Denied => format!(
                "Callback evaluation failure: ApiError: {resource} \"{name}\" is forbidden: User \
                 \"system:serviceaccount:kubewarden:policy-server\" cannot get resource \"{resource}\" in API group \
                 \"\" in the namespace \"{namespace}\": Forbidden (ErrorResponse {{ status: \"Failure\", code: 403 }})"
            ),
            Self::Unavailable => {
                "Callback evaluation failure: kube::Client was not initialized properly".to_owned()
            }
            Self::Ungranted => not_granted(word("api_version"), kind),
        })
    }
}

/// The error for a policy that asks for a kind that it was not granted.
pub fn not_granted(api_version: &str, kind: &str) -> String {
    format!(
        "Policy has not been granted access to Kubernetes {api_version}/{kind} resources. The violation has been reported."
    )
}
