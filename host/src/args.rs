//! The command line: options that several of them share, and the config file that gives their defaults.

pub mod access;
pub mod complete;
pub mod config;
pub mod connection;
pub mod jobs;
pub mod limits;
pub mod live;
pub mod missing;
pub mod output;
pub mod policy;
pub mod pull;
pub mod search;
pub mod settings;
pub mod stdin;
pub mod usage;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;

pub use self::access::AccessArgs;
pub use self::complete::CompleteArgs;
pub use self::connection::ConnectionArgs;
pub use self::jobs::JobsArgs;
pub use self::limits::LimitArgs;
pub use self::live::LiveArgs;
pub use self::output::{Format, Output, OutputParser, format_name, parse_output};
pub use self::policy::PolicyArgs;
pub use self::pull::PullArgs;
pub use self::search::SearchArgs;
pub use self::stdin::StdinArgs;
use crate::report::Failing;

/// Which config file is read. Only commands with an argument that a config file can set have these.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigArgs {
    /// Config file, with the same rights as the command line [default: the nearest .acr-pull-secret.yaml in this folder or
    /// above it in the repository, which can only set what is checked, how strictly and in which format]
    #[arg(long, help_heading = None::<&str>, display_order = 900, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Read no config file
    #[arg(long, help_heading = None::<&str>, display_order = 901)]
    pub no_config: bool,
}

/// What counts as a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Objects that would be changed, and everything worse
    Mutate,
    /// Warnings, and everything worse
    Warn,
    /// Rejected objects
    Reject,
}

impl From<FailOn> for Failing {
    fn from(fail_on: FailOn) -> Self {
        Self { warnings: fail_on <= FailOn::Warn, mutations: fail_on <= FailOn::Mutate }
    }
}

/// What happens to the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Operation {
    /// They are created
    Create,
    /// They are changed
    Update,
    /// They are deleted
    Delete,
}

impl Operation {
    /// As an admission request says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// Whether the value of an argument is the name of a namespace.
pub(crate) fn names_namespace(arg: &clap::Arg) -> bool {
    arg.get_id().as_str().contains("namespace") && arg.get_action().takes_values()
}
