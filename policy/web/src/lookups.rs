//! The cluster that a caller hands in: objects, or a reason why every lookup fails.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::cluster::{Cluster, Lookups};
use crate::policy::{HostCalls, METADATA};
use crate::talk::Talk;

/// Why every lookup fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Failing {
    /// RBAC forbids them
    Denied,
    /// There is no cluster
    Unavailable,
    /// The policy was not granted the resource
    Ungranted,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Given {
    objects: Vec<Value>,
    namespace: Option<String>,
    lookups: Option<Failing>,
}

/// The lookups for the JSON of a `Cluster`.
pub(crate) fn parse(cluster: &str) -> Result<Arc<dyn HostCalls>, String> {
    let given: Given = serde_json::from_str(cluster).map_err(|error| format!("the cluster: {error}"))?;
    let mut cluster = Cluster::default();
    for object in given.objects {
        cluster.add(object, given.namespace.as_deref().unwrap_or("default"));
    }
    Ok(host(Arc::new(cluster), given.lookups, None))
}

/// `(apiVersion, kind)` of what a policy resource grants.
pub(crate) type Grants = Vec<(String, String)>;

/// Lookups in a cluster, or failing ones. Granted is what the policy's metadata asks for, where there is no resource.
pub(crate) fn host(
    cluster: Arc<Cluster>,
    failing: Option<Failing>,
    grants: Option<Grants>,
) -> Arc<dyn HostCalls> {
    if let Some(failing) = failing {
        return Arc::new(failing);
    }
    Arc::new(Lookups::new(cluster, Some(&METADATA), Talk).granting(grants))
}

impl HostCalls for Failing {
    /// As policy-server words it; the core tells the reasons apart by these words.
    fn call(&self, _: &str, _: &str, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Err(match self {
            Self::Denied => "ApiError: the resource is forbidden",
            Self::Unavailable => "kube::Client was not initialized properly",
            Self::Ungranted => "Policy has not been granted access to Kubernetes resources",
        }
        .to_owned())
    }
}
