//! `man`: the manual.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::{Args, CommandFactory as _};

use crate::Io;
use crate::cli::{Cli, ExitStatus};
use crate::cluster::{Cluster, Lookups};
use crate::commands::load_policy;
use crate::manual::{self, Rule};
use crate::save::{Access, save};
use crate::talk::Talk;

const EXAMPLES: &str = "Examples:
  acr-pull-secret man | man -l -
  acr-pull-secret man --dir ~/.local/share/man/man1     one page for each command";

/// Write the manual: all commands and rules on one page, to standard output
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ManArgs {
    /// Write a page for each command into this folder instead
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// - standard output or the folder cannot be written
pub fn run(args: &ManArgs, io: &mut Io) -> Result<ExitStatus> {
    let rules = rules(&io.stderr)?;
    let Some(dir) = &args.dir else {
        io.stdout.write_all(manual::whole(Cli::command(), &rules)?.roff.as_bytes())?;
        io.stdout.flush()?;
        return Ok(ExitStatus::Fine);
    };
    std::fs::create_dir_all(dir).with_context(|| format!("{}: cannot be made", dir.display()))?;
    for page in manual::pages(Cli::command(), &rules)? {
        let path = dir.join(&page.file_name);
        save(&path, page.roff.as_bytes(), Access::Shared)
            .with_context(|| format!("{}: cannot be written", path.display()))?;
    }
    Ok(ExitStatus::Fine)
}

fn rules(talk: &Talk) -> Result<Vec<Rule>> {
    let policy = load_policy(None)?;
    let host = Arc::new(Lookups::new(Arc::new(Cluster::default()), policy.metadata(), talk.clone()));
    let answer = policy.call("findings", b"", host).context("the policy could not tell its rules")?;
    serde_json::from_slice(&answer).context("the policy's answer is no list of rules")
}
