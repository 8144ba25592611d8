//! The policy that a command runs, and what it may look up.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use review::cluster::Cluster;
use review::diagnostic::{Diagnostic, Diagnostics};
use review::engine::Engine as _;
use review::host_calls::HostCalls;
use review::lookups::Lookups;
use review::policy_resource::PolicyResource;
use review::rule_help::{Rule, rules};
use review::settings::Settings;
use serde_json::{Value, json};

use crate::args::{CompleteArgs, LimitArgs, PolicyArgs};
use crate::console::{Console, Io};
use crate::files::input;
use crate::sandbox::{Cache, Compiler, EMBEDDED, Limits, Policy};

/// The policy that these options name. A policy other than the built-in one may look up Secrets only if the user allows it, by
/// an option or by a policy resource.
pub(super) fn load(args: &PolicyArgs, settings: Option<&Settings>, io: &Io) -> Result<Policy> {
    let policy = load_policy(args.limits.into(), args.policy.as_deref())?;
    let is_granted = settings.and_then(|settings| settings.resource.as_ref()).map(grants_secrets);
    // The settings of a repository must not grant lookups to the policy of that repository.
    let is_allowed = args.limits.allow_secrets || (is_granted == Some(true) && !args.are_settings_found);
    let is_asked = is_granted.unwrap_or_else(|| asks_for_secrets(&policy));
    Ok(allowing_secrets(policy, is_allowed, is_asked, io))
}

/// The policy in a file where no settings say what it may look up.
pub(super) fn load_alone(limits: &LimitArgs, path: Option<&Path>, io: &Io) -> Result<Policy> {
    let policy = load_policy((*limits).into(), path)?;
    let is_asked = asks_for_secrets(&policy);
    Ok(allowing_secrets(policy, limits.allow_secrets, is_asked, io))
}

fn allowing_secrets(policy: Policy, is_allowed: bool, is_asked: bool, io: &Io) -> Policy {
    if is_allowed {
        return policy.allowing_secrets();
    }
    if is_asked && !policy.is_own() {
        io.stderr.line(
            "note: the policy asks for Secrets but may not read them; if you trust it, add --allow-secrets",
        );
    }
    policy
}

fn grants_secrets(resource: &PolicyResource) -> bool {
    let granted = &resource.context_aware_resources;
    granted.iter().any(|(version, kind)| (version.as_str(), kind.as_str()) == ("v1", "Secret"))
}

fn asks_for_secrets(policy: &Policy) -> bool {
    let resources = policy.metadata().and_then(|metadata| metadata.get("contextAwareResources")?.as_array());
    resources.into_iter().flatten().any(|resource| resource["kind"] == "Secret")
}

/// The built-in policy, or the one in a file, which looks up no Secrets.
pub(super) fn load_policy(limits: Limits, path: Option<&Path>) -> Result<Policy> {
    let cache = Cache::of_user();
    let load = |wasm: &[u8], compiler| Policy::load(wasm, limits, cache.as_ref(), &compiler);
    let Some(path) = path else { return load(EMBEDDED, Compiler::Here).context("the built-in policy") };
    let name = path.display();
    let wasm = input::bytes(path)?;
    // A copy of the built-in policy is trusted.
    let compiler = if wasm == EMBEDDED { Compiler::Here } else { foreign_compiler()? };
    load(&wasm, compiler).map_err(|error| match error.help() {
        Some(help) => Diagnostics(vec![Diagnostic::error(format!("{name}: {error}")).with_help(help)]).into(),
        None => anyhow::Error::from(error).context(name.to_string()),
    })
}

/// The rules of the built-in policy.
pub(super) fn own_rules(io: &Io) -> Result<Vec<Rule>> {
    let policy = load_policy(Limits::default(), None)?;
    let lookups = Lookups::new(Arc::new(Cluster::default()), policy.metadata(), Arc::new(io.stderr.clone()));
    Ok(rules(&policy, Arc::new(lookups)))
}

/// What compiles a policy that did not come with the command: this program, started again.
pub(super) fn foreign_compiler() -> Result<Compiler> {
    /// On Linux, the running program, even if its file has been replaced by a new version.
    const ITSELF: &str = "/proc/self/exe";
    let executable = Path::new(ITSELF);
    if cfg!(target_os = "linux") && executable.exists() {
        return Ok(Compiler::Process(executable.to_owned()));
    }
    Ok(Compiler::Process(std::env::current_exe().context("the path of this program is not known")?))
}

/// What the policy may look up in the cluster: what its metadata ask for, or what the policy resource grants. Unless the
/// inputs are complete, a Secret that is not among them is not known.
pub(super) fn lookups(
    cluster: &Arc<Cluster>,
    policy: &Policy,
    resource: Option<&PolicyResource>,
    complete: CompleteArgs,
    io: &Io,
) -> Lookups {
    let granted = resource.map(|resource| resource.context_aware_resources.clone());
    let lookups =
        Lookups::new(cluster.clone(), policy.metadata(), Arc::new(io.stderr.clone())).granting(granted);
    if complete.complete { lookups } else { lookups.incomplete() }
}

/// The secret that images need by default, according to the policy.
pub(super) fn default_secret(policy: &Policy, host: Arc<dyn HostCalls>) -> Result<String> {
    let question = json!({"image": "registry.azurecr.io/image", "namespace": "default", "settings": {}});
    let answer = policy.call("explain", question.to_string().as_bytes(), host);
    let answer: Value = serde_json::from_slice(&answer.context("the policy explains nothing")?)?;
    let secret = answer.pointer("/needs/secret").and_then(Value::as_str);
    Ok(secret.context("the policy does not say which secret it needs by default")?.to_owned())
}

/// A host without a cluster, because a policy does not need one to report its protocol version.
pub(super) struct NoCluster(pub(super) Console);

impl HostCalls for NoCluster {
    fn call(&self, _: &str, _: &str, operation: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Err(format!("{operation} is not available here"))
    }

    fn log(&self, line: &str) {
        self.0.line(&format!("policy: {line}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use tempfile::NamedTempFile;

    use super::NoCluster;
    use crate::console::Console;
    use crate::sandbox::HostCalls as _;

    /// A policy that makes a lookup before it reports its protocol version gets an error, not an answer.
    #[test]
    fn where_there_is_no_cluster_every_call_is_refused_and_what_is_printed_is_said() {
        let said = NamedTempFile::new().unwrap();
        let host = NoCluster(Console::new(said.reopen().unwrap()));
        for (namespace, operation) in
            [("kubernetes", "get_resource"), ("tracing", "log"), ("oci", "v1/verify")]
        {
            let refusal = host.call("kubewarden", namespace, operation, b"{}");
            assert_eq!(refusal, Err(format!("{operation} is not available here")));
        }
        host.log("started");
        let mut text = String::new();
        said.reopen().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "policy: started\n");
    }
}
