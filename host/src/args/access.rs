//! Which cluster kubectl talks to.

use std::path::PathBuf;

use clap::Args;

use crate::text::{shell_path, shell_word};

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

impl AccessArgs {
    /// The options as a shell reads them, each with a space before it: ` --context=prod`.
    pub(crate) fn words(&self) -> String {
        let context = self.context.as_deref().map(|name| format!(" --context={}", shell_word(name)));
        let kubeconfig = self.kubeconfig.as_deref().map(|path| format!(" --kubeconfig={}", shell_path(path)));
        context.into_iter().chain(kubeconfig).collect()
    }
}
