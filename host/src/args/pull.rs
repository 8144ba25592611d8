//! Options of `--pull`: which registries are asked, and how.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::connection::parse_authority;
use crate::pull::Asking;
use crate::quantity::parse_duration;
use crate::registry::{Connection, Insecure, Platform, Resolved};

/// Whether registries are asked, and how. No config file can set these.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Asking registries")]
pub struct PullArgs {
    /// Ask the registries whether the images can be pulled, with the credentials that the kubelet would try from the Secrets among
    /// the inputs
    #[arg(long)]
    pub pull: bool,
    /// Platform of the nodes, where a pod's node selector names none
    #[arg(long, requires = "pull", value_name = "OS/ARCH", default_value_t = Platform::default())]
    pub platform: Platform,
    /// Time limit of a request to a registry
    #[arg(long, requires = "pull", value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    pub pull_timeout: Duration,
    /// Use plain http with this registry, or with the token service that it names; may be given several times
    #[arg(long, requires = "pull", value_name = "HOST[:PORT]", value_parser = parse_authority)]
    pub insecure: Vec<String>,
    /// Certificates (PEM) of authorities to trust in addition to those of the system
    #[arg(long, requires = "pull", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Use this address for a registry, such as that of a private endpoint; may be given several times
    #[arg(long, requires = "pull", value_name = "HOST:PORT:ADDRESS", value_parser = Resolved::parse)]
    pub resolve: Vec<Resolved>,
    /// Docker config with credentials to try after those of the pod, as the kubelet does with those of its node
    #[arg(long, requires = "pull", value_name = "FILE")]
    pub docker_config: Option<PathBuf>,
}

impl PullArgs {
    /// How registries are asked.
    pub fn asking(&self, is_detailed: bool) -> Asking {
        let insecure = Insecure(self.insecure.clone());
        let (ca_file, resolve) = (self.ca_file.clone(), self.resolve.clone());
        Asking {
            connection: Connection { insecure, ca_file, resolve },
            timeout: self.pull_timeout,
            platform: self.platform.clone(),
            is_detailed,
        }
    }
}
