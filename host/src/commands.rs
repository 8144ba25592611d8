//! The commands, one file each.

pub mod bench;
pub mod check;
pub mod completions;
pub mod explain;
pub mod fix;
mod inputs;
pub mod man;
pub mod playground;
pub mod policy;
mod reports;
pub mod secret;
pub mod test;
mod watching;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};

use crate::Io;
use crate::cluster::{Cluster, Lookups};
use crate::input::{self, SourceFile};
use crate::policy::{Cache, EMBEDDED, Limits, Policy};
use crate::save;
use crate::settings::Settings;

/// The built-in policy, or the one in a file.
fn load_policy(limits: Limits, path: Option<&Path>) -> Result<Policy> {
    let cache = Cache::of_user();
    let load = |wasm: &[u8]| Policy::load(wasm, limits, cache.as_ref());
    let Some(path) = path else { return load(EMBEDDED).context("the built-in policy") };
    load(&input::bytes(path)?).with_context(|| path.display().to_string())
}

/// What the policy may look up in the cluster: what its metadata ask for, or what the policy resource grants.
fn lookups(cluster: &Arc<Cluster>, policy: &Policy, settings: &Settings, io: &Io) -> Lookups {
    let resource = settings.resource.as_ref();
    let granted = resource.map(|resource| resource.context_aware_resources.clone());
    Lookups::new(cluster.clone(), policy.metadata(), io.stderr.clone()).granting(granted)
}

/// Gives the file at `path` a new text, if nobody has changed it since it was read, and says what of that goes wrong or is odd;
/// false where the file is as it was.
fn rewrite(path: &Path, read: &SourceFile, text: &str, io: &Io) -> bool {
    let name = &read.name;
    match save::replace(path, &read.text, text) {
        Ok(0) => {}
        Ok(others) => io.stderr.line(&format!(
            "note: {name} is now a file of its own: its other hard links ({others}) keep the old text"
        )),
        Err(error) => {
            io.stderr.line(&format!("error: {name}: {error}"));
            return false;
        }
    }
    true
}
