//! The command line, and its commands: one file each.

pub mod bench;
pub mod check;
pub mod completions;
pub mod explain;
pub mod fix;
mod inputs;
pub mod man;
mod ordered_parallel;
pub mod playground;
pub mod policy;
mod policy_file;
mod reports;
mod rewrite;
pub mod secret;
mod skipped;
mod standard_input;
pub mod test;
mod watching;

use std::path::Path;

use clap::{CommandFactory as _, Parser, Subcommand};

use self::bench::Bench;
use self::check::Check;
use self::completions::Completions;
use self::explain::Explain;
use self::fix::Fix;
use self::man::ManArgs;
use self::playground::Playground;
use self::policy::Policy;
use self::secret::MakeSecret;
use self::test::Test;
use crate::args::ConfigArgs;
use crate::args::config::Call;
use crate::console::io::fail;
use crate::console::{ExitStatus, Io};
use review::foreign_text::plain;

/// Judge and fix Kubernetes manifests that pull from Azure Container Registry.
///
/// Runs the very policy that guards the cluster, on files.
#[derive(Debug, Parser)]
#[command(name = "acr-pull-secret", version, after_help = EXIT_STATUS, max_term_width = 100)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// Where defaults come from
    #[command(flatten)]
    pub config: ConfigArgs,
}

const EXIT_STATUS: &str = "Exit status:
  0  fine
  1  something at or above --fail-on
  2  wrong call, settings or input
  3  nothing was judged, or standard input is empty (unless --allow-empty)";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge manifests
    Check(Box<Check>),
    /// Write missing pull secrets into manifests
    Fix(Box<Fix>),
    /// Serve a page that judges manifests in the browser
    Playground(Playground),
    /// Run suites of cases
    Test(Test),
    /// Explain images: entry, secret and key
    Explain(Explain),
    /// Make a pull secret's manifest
    Secret(MakeSecret),
    /// Write the completions of a shell
    Completions(Completions),
    /// Write the manual
    Man(ManArgs),
    /// Look at the policy, publish it, put it into a cluster
    Policy(Policy),
    /// Measure what judging costs, beside reading the same files
    Bench(Bench),
}

/// Runs a command, and says on `io.stderr` why it failed, if it did.
pub fn run(call: &Call<Cli>, io: &mut Io) -> ExitStatus {
    for note in &call.notes {
        io.stderr.line(note);
    }
    let config = call.given.as_ref().map(|given| Path::new(&given.file));
    let result = match &call.command.command {
        Command::Check(args) => check::run(args, config, io),
        Command::Fix(args) => fix::run(args, io),
        Command::Playground(args) => playground::run(args, io),
        Command::Test(args) => test::run(args, config, io),
        Command::Explain(args) => explain::run(args, io),
        Command::Secret(args) => secret::run(args, io),
        Command::Completions(args) => completions::run(args, &mut Cli::command(), io),
        Command::Man(args) => man::run(args, Cli::command(), io),
        Command::Policy(args) => policy::run(args, io),
        Command::Bench(args) => bench::run(args, io),
    };
    let status = result.unwrap_or_else(|error| fail(&error, io));
    if let Some(given) = call.given.as_ref().filter(|given| !given.is_said && !given.keys.is_empty())
        && matches!(status, ExitStatus::Trouble | ExitStatus::Nothing)
    {
        io.stderr.line(&format!("note: {} gives {}", plain(&given.file), given.keys.join(", ")));
    }
    status
}
