//! `completions`: what a shell needs to complete the command line.
//!
//! The scripts are static. Only the library's dynamic engine could offer names from manifests, such as namespaces: it is
//! unstable, also in clap itself, and would start the command and read the manifests at each Tab.

use std::io::Write as _;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Args, Command};
use clap_complete::Shell;

use crate::commands::policy_file::own_rules;
use crate::console::ExitStatus;
use crate::console::Io;
use crate::pull;

const EXAMPLES: &str = "Examples:
  acr-pull-secret completions bash > ~/.local/share/bash-completion/completions/acr-pull-secret
  acr-pull-secret completions zsh > \"${fpath[1]}/_acr-pull-secret\"
  acr-pull-secret completions fish > ~/.config/fish/completions/acr-pull-secret.fish";

const NAME: &str = "acr-pull-secret";

/// Write shell completions to standard output
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Runs the command for the command line `line`.
///
/// # Errors
/// - standard output cannot be written
pub fn run(args: &Completions, line: Command, io: &mut Io) -> Result<ExitStatus> {
    let rules = own_rules(io)?.into_iter().chain(pull::rules::rules()).map(|rule| rule.id);
    let mut line = with_rules(line, rules);
    // The library panics if writing fails, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut line, NAME, &mut script);
    let mut script = String::from_utf8(script)?;
    if args.shell == Shell::Bash {
        script = same_states(&script);
    }
    io.stdout.write_all(script.as_bytes())?;
    io.stdout.flush()?;
    Ok(ExitStatus::Fine)
}

/// The command line with the rules as values of `explain`, which also takes images.
fn with_rules(line: Command, rules: impl Iterator<Item = String>) -> Command {
    let values = PossibleValuesParser::new(rules);
    line.mut_subcommand("explain", |explain| explain.mut_arg("images", |arg| arg.value_parser(values)))
}

/// The script for bash with one spelling of its states. The library spells the hyphens of the command's name differently
/// when it sets a state and when it tests it, and then completes nothing after a subcommand.
/// <https://github.com/clap-rs/clap/issues/6421>
fn same_states(script: &str) -> String {
    script.replace(&NAME.replace('-', "__subcmd__"), &NAME.replace('-', "__"))
}
