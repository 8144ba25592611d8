//! Options that say how a registry is reached.

use std::path::PathBuf;

use clap::Args;

use crate::registry::{Connection, Insecure};

/// How a registry is reached.
#[derive(Debug, Clone, Default, Args)]
pub struct ConnectionArgs {
    /// Connect to the registry over plain http
    #[arg(long)]
    pub insecure: bool,
    /// Certificates (PEM) of authorities to trust in addition to those of the system
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

impl From<&ConnectionArgs> for Connection {
    fn from(ConnectionArgs { insecure, ca_file }: &ConnectionArgs) -> Self {
        let insecure = if *insecure { Insecure::Always } else { Insecure::Never };
        Self { insecure, ca_file: ca_file.clone(), resolve: Vec::new() }
    }
}
