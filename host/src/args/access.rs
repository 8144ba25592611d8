//! Which cluster kubectl talks to.

use std::path::PathBuf;

use clap::Args;

/// Which cluster kubectl talks to. No config file can set these.
#[derive(Debug, Clone, Default, Args)]
pub struct AccessArgs {
    /// Context of the kubeconfig [default: kubectl's current one]
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// Kubeconfig of kubectl [default: kubectl's own]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
}
