//! Options that say how a registry is reached.

use std::path::PathBuf;

use clap::Args;

use crate::registry::{Connection, Insecure};

/// How a registry is reached.
#[derive(Debug, Clone, Default, Args)]
pub struct ConnectionArgs {
    /// Use plain http with this registry, or with the token service that it names; may be given several times
    #[arg(long, value_name = "HOST[:PORT]", value_parser = parse_authority)]
    pub insecure: Vec<String>,
    /// Certificates (PEM) of authorities to trust in addition to those of the system
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

impl From<&ConnectionArgs> for Connection {
    fn from(ConnectionArgs { insecure, ca_file }: &ConnectionArgs) -> Self {
        Self { insecure: Insecure(insecure.clone()), ca_file: ca_file.clone(), resolve: Vec::new() }
    }
}

/// A host with an optional port, and nothing else.
pub(super) fn parse_authority(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || text.contains(['/', '@', '?', '#', ' ']) {
        Err("must be a host with an optional port, such as localhost:5000")
    } else {
        Ok(text.to_owned())
    }
}
