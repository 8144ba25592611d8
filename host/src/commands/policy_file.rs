//! The policy that a command runs, and what it may look up.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use review::cluster::{Cluster, Lookups};
use review::diagnostic::{Diagnostic, Diagnostics};
use review::engine::Engine as _;
use review::policy_resource::PolicyResource;

use crate::console::Io;
use crate::files::input;
use crate::sandbox::{Cache, Compiler, EMBEDDED, Limits, Policy};

/// The built-in policy, or the one in a file.
pub(super) fn load_policy(limits: Limits, path: Option<&Path>) -> Result<Policy> {
    let cache = Cache::of_user();
    let load = |wasm: &[u8], compiler| Policy::load(wasm, limits, cache.as_ref(), &compiler);
    let Some(path) = path else { return load(EMBEDDED, Compiler::Here).context("the built-in policy") };
    let name = path.display();
    let wasm = input::bytes(path)?;
    // A copy of the built-in policy is none that could do harm.
    let compiler = if wasm == EMBEDDED { Compiler::Here } else { foreign_compiler()? };
    load(&wasm, compiler).map_err(|error| match error.help() {
        Some(help) => Diagnostics(vec![Diagnostic::error(format!("{name}: {error}")).with_help(help)]).into(),
        None => anyhow::Error::from(error).context(name.to_string()),
    })
}

/// Who compiles what did not come with the command: the command itself, started again.
pub(super) fn foreign_compiler() -> Result<Compiler> {
    /// On Linux, this very program, also when a new version has taken its place.
    const ITSELF: &str = "/proc/self/exe";
    let executable = Path::new(ITSELF);
    if cfg!(target_os = "linux") && executable.exists() {
        return Ok(Compiler::Process(executable.to_owned()));
    }
    Ok(Compiler::Process(std::env::current_exe().context("the command does not find its own program")?))
}

/// What the policy may look up in the cluster: what its metadata ask for, or what the policy resource grants. Another policy
/// than the built-in one gets no Secret because its own metadata ask for it.
pub(super) fn lookups(
    cluster: &Arc<Cluster>,
    policy: &Policy,
    resource: Option<&PolicyResource>,
    allow_secrets: bool,
    io: &Io,
) -> Lookups {
    let granted = resource.map(|resource| resource.context_aware_resources.clone());
    let is_trusted = policy.is_own() || allow_secrets || granted.is_some();
    let lookups =
        Lookups::new(cluster.clone(), policy.metadata(), Arc::new(io.stderr.clone())).granting(granted);
    if is_trusted || !lookups.has_secrets() {
        return lookups;
    }
    io.stderr.line("note: the policy asks for Secrets and gets none; if you trust it, add --allow-secrets");
    lookups.without_secrets()
}
