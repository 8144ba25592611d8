//! `man`: the manual.

mod man_page;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Command};

use crate::commands::policy_file::own_rules;
use crate::console::ExitStatus;
use crate::console::Io;
use crate::files::atomic_file::{Access, save};

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

/// Runs the command for the command line `line`.
///
/// # Errors
/// - standard output or the folder cannot be written
pub fn run(args: &ManArgs, line: Command, io: &mut Io) -> Result<ExitStatus> {
    let rules = own_rules(io)?;
    let Some(dir) = &args.dir else {
        io.stdout.write_all(man_page::whole(line, &rules)?.roff.as_bytes())?;
        io.stdout.flush()?;
        return Ok(ExitStatus::Fine);
    };
    std::fs::create_dir_all(dir).with_context(|| format!("{}: cannot be created", dir.display()))?;
    for page in man_page::pages(line, &rules)? {
        let path = dir.join(&page.file_name);
        save(&path, page.roff.as_bytes(), Access::Shared)
            .with_context(|| format!("{}: cannot be written", path.display()))?;
    }
    Ok(ExitStatus::Fine)
}
