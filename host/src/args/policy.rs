//! Options that say which policy runs, with which settings, in which cluster.

use std::path::PathBuf;

use clap::Args;

use super::LimitArgs;
use review::object_name::parse_namespace;

/// The policy and its settings.
#[derive(Debug, Clone, Args)]
pub struct PolicyArgs {
    /// Settings of the policy (YAML or JSON), or the `ClusterAdmissionPolicy` or `AdmissionPolicy` that deploys it,
    /// whose rules, selectors, mode, lookups and message apply too. FILE#2 is the second document, - standard input
    #[arg(long, value_name = "FILE[#N]", conflicts_with = "settings_json")]
    pub settings: Option<String>,
    /// Settings of the policy, as JSON
    #[arg(long, value_name = "JSON")]
    pub settings_json: Option<String>,
    /// Policy to run instead of the built-in one (policy.wasm)
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Whether a config file that was found names the settings
    #[arg(skip)]
    pub are_settings_found: bool,
    /// Whether the command line names the namespace
    #[arg(skip)]
    pub is_namespace_given: bool,
    /// What it may use
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Manifests that represent the cluster: Secrets and ServiceAccounts in them are looked up, not checked
    #[arg(long, value_name = "PATH")]
    pub cluster: Vec<String>,
    /// Namespace of objects that do not name one
    #[arg(short, long, default_value = "default", value_name = "NAME", value_parser = parse_namespace)]
    pub namespace: String,
}

impl PolicyArgs {
    /// The namespace that the command line names.
    pub(crate) fn given_namespace(&self) -> Option<&str> {
        self.is_namespace_given.then_some(self.namespace.as_str())
    }
}
