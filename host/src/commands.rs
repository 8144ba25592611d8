//! The command line, and its commands: one file each.

pub mod answers;
pub mod bench;
pub mod check;
pub mod completions;
pub mod explain;
pub mod fix;
pub mod init;
mod inputs;
pub mod krm;
pub mod man;
pub mod namespaces;
mod ordered_parallel;
pub mod playground;
pub mod plugin_completion;
pub mod policy;
mod policy_file;
mod pulling;
mod question;
mod reports;
mod resource_yaml;
mod rewrite;
pub mod secret;
mod skipped;
mod standard_input;
pub mod test;
mod unknown;
mod watching;
pub mod why;

use std::path::Path;

use clap::{CommandFactory as _, Parser, Subcommand};

use self::bench::Bench;
use self::check::Check;
use self::completions::Completions;
use self::explain::Explain;
use self::fix::Fix;
use self::init::Init;
use self::krm::Krm;
use self::man::ManArgs;
use self::playground::Playground;
use self::policy::Policy;
use self::secret::MakeSecret;
use self::test::Test;
use self::why::Why;
use crate::args::PolicyArgs;
use crate::args::config::{Call, Given, with_optional_paths};
use crate::console::io::fail;
use crate::console::{ExitStatus, Io};

/// Check and fix Kubernetes manifests that pull from Azure Container Registry, make their pull secrets, and explain why pods
/// cannot pull their images.
///
/// The command check runs the cluster's policy on local files, and why reads a cluster.
#[derive(Debug, Parser)]
#[command(name = "acr-pull-secret", version, after_help = EXIT_STATUS, max_term_width = 100)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_STATUS: &str = "Exit status:
  0  fine
  1  check: a finding at or above --fail-on; fix --check: something to fix; test: a case failed;
     why and --pull: an image cannot be pulled; krm: a result is an error
  2  invalid usage, settings or input, or a program such as kubectl failed
  3  nothing was checked, or standard input is empty (unless --allow-empty)";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check whether the pods in manifests can pull their images; with settings, what the policy does with them
    Check(Box<Check>),
    /// Add missing pull secrets to manifests
    Fix(Box<Fix>),
    /// Serve a page that checks manifests in the browser
    Playground(Playground),
    /// Run test suites
    Test(Test),
    /// Explain how an image is pulled, or what a rule means
    Explain(Explain),
    /// Explain why a pod in a cluster waits for its images
    Why(Box<Why>),
    /// Be a KRM function of kustomize or kpt: read a `ResourceList`, and write it with pull secrets or results
    Krm(Krm),
    /// Create the manifest of a pull secret
    Secret(MakeSecret),
    /// Write first settings and a config file, from what manifests use
    Init(Init),
    /// Write shell completions
    Completions(Completions),
    /// Write the manual
    Man(ManArgs),
    /// Inspect, publish and deploy the policy
    Policy(Policy),
    /// Measure how long checks take, compared with reading the same files
    Bench(Bench),
}

impl Command {
    /// The options of commands that use settings.
    fn policy(&mut self) -> Option<&mut PolicyArgs> {
        match self {
            Self::Check(args) => Some(&mut args.policy),
            Self::Fix(args) => Some(&mut args.policy),
            Self::Explain(args) => Some(&mut args.policy),
            Self::Bench(args) => Some(&mut args.policy),
            _ => None,
        }
    }
}

/// Runs a command, and reports an error on `io.stderr`.
pub fn run(mut call: Call<Cli>, io: &mut Io) -> ExitStatus {
    for warning in &call.warnings {
        io.stderr.diagnostic(warning);
    }
    if let Some(note) = &call.note {
        io.stderr.line(note);
    }
    let is_found = |given: &Given| given.is_found && given.keys.contains(&"settings");
    if let Some(policy) = call.command.command.policy() {
        policy.are_settings_found = call.given.as_ref().is_some_and(is_found);
        policy.is_namespace_given = call.is_namespace_given;
    }
    let config = call.given.as_ref().map(|given| Path::new(&given.file));
    let result = match &call.command.command {
        Command::Check(args) => check::run(args, config, io),
        Command::Fix(args) => fix::run(args, io),
        Command::Playground(args) => playground::run(args, io),
        Command::Test(args) => test::run(args, config, io),
        Command::Explain(args) => explain::run(args, io),
        Command::Why(args) => why::run(args, io),
        Command::Krm(args) => krm::run(args, io),
        Command::Secret(args) => secret::run(args, io),
        Command::Init(args) => init::run(args, io),
        Command::Completions(args) => completions::run(args, Cli::command(), io),
        Command::Man(args) => man::run(args, with_optional_paths(Cli::command()), io),
        Command::Policy(args) => policy::run(args, io),
        Command::Bench(args) => bench::run(args, io),
    };
    let status = result.unwrap_or_else(|error| fail(&error, io));
    if let Some(given) = call.given.as_ref().filter(|given| !given.is_found && !given.keys.is_empty())
        && matches!(status, ExitStatus::Trouble | ExitStatus::Nothing)
    {
        io.stderr.line(&format!("note: {} gives {}", given.file, given.keys.join(", ")));
    }
    status
}
