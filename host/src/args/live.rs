//! Options of `--live`: what is read of a cluster.

use anyhow::{Result, bail};
use clap::Args;
use review::diagnostic::{Diagnostic, Diagnostics};

use super::AccessArgs;

/// What is read of a cluster. No config file can set these.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Checking a cluster")]
pub struct LiveArgs {
    /// Check the pods, built-in workloads and ServiceAccounts of a cluster, which kubectl gets; of workloads of other kinds,
    /// the pods. -n names a namespace [default: that of kubectl's context]
    #[arg(long, conflicts_with_all = ["paths", "kustomize", "stdin_name", "cluster", "complete", "old", "operation", "watch", "replay"])]
    pub live: bool,
    /// All namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub all_namespaces: bool,
    /// Read what is in the pull secrets too [default: only names, types, controllers and announced ends of Secrets]
    #[arg(long)]
    pub secrets: bool,
    /// The cluster
    #[command(flatten)]
    pub access: AccessArgs,
}

impl LiveArgs {
    /// Refuses options that are for `--live` without it. clap does not, where PATH is given, which conflicts with `--live`.
    ///
    /// # Errors
    /// - such an option
    pub(crate) fn refuse_alone(&self) -> Result<()> {
        let options = [
            ("--all-namespaces", self.all_namespaces),
            ("--secrets", self.secrets),
            ("--context", self.access.context.is_some()),
            ("--kubeconfig", self.access.kubeconfig.is_some()),
        ];
        match options.into_iter().find(|(_, is_given)| *is_given && !self.live) {
            Some((option, _)) => bail!(Diagnostics(vec![alone(option)])),
            None => Ok(()),
        }
    }
}

/// The error of an option that is for `--live` without it.
pub(super) fn alone(option: &str) -> Diagnostic {
    let typed = if option == "--all-namespaces" { "-A" } else { option };
    let error = Diagnostic::error(format!("{option} is for --live, which checks a cluster"));
    error.with_help(format!(
        "leave it out, or pass --live instead of the paths: acr-pull-secret check --live {typed}"
    ))
}
