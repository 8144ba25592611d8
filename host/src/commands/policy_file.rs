//! The policy that a command runs, and what it may look up.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use review::cluster::{Cluster, Lookups};
use review::settings::Settings;

use crate::console::Io;
use crate::files::input;
use crate::sandbox::{Cache, EMBEDDED, Limits, Policy};

/// The built-in policy, or the one in a file.
pub(super) fn load_policy(limits: Limits, path: Option<&Path>) -> Result<Policy> {
    let cache = Cache::of_user();
    let load = |wasm: &[u8]| Policy::load(wasm, limits, cache.as_ref());
    let Some(path) = path else { return load(EMBEDDED).context("the built-in policy") };
    load(&input::bytes(path)?).with_context(|| path.display().to_string())
}

/// What the policy may look up in the cluster: what its metadata ask for, or what the policy resource grants.
pub(super) fn lookups(cluster: &Arc<Cluster>, policy: &Policy, settings: &Settings, io: &Io) -> Lookups {
    let resource = settings.resource.as_ref();
    let granted = resource.map(|resource| resource.context_aware_resources.clone());
    Lookups::new(cluster.clone(), policy.metadata(), Arc::new(io.stderr.clone())).granting(granted)
}
