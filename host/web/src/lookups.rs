//! The cluster that a caller hands in: objects, or a reason why every lookup fails.

use std::sync::Arc;

use review::cluster::Cluster;
use review::failing_lookups::FailingLookups;
use review::host_calls::HostCalls;
use review::log::NoLog;
use review::lookups::Lookups;
use serde::Deserialize;
use serde_json::Value;

use crate::core_engine::METADATA;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Given {
    objects: Vec<Value>,
    namespace: Option<String>,
    lookups: Option<FailingLookups>,
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
    failing: Option<FailingLookups>,
    grants: Option<Grants>,
) -> Arc<dyn HostCalls> {
    if let Some(failing) = failing {
        return Arc::new(failing);
    }
    Arc::new(Lookups::new(cluster, Some(&METADATA), Arc::new(NoLog)).granting(grants))
}
