//! `man`: the manual.

mod man_page;

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Command};
use review::diagnostic::{Diagnostic, Diagnostics};

use self::man_page::Page;
use crate::commands::policy_file::own_rules;
use crate::console::ExitStatus;
use crate::console::Io;
use crate::files::atomic_file::{Access, save};

const EXAMPLES: &str = "Examples:
  acr-pull-secret man | man -l -
  acr-pull-secret man --dir ~/.local/share/man/man1     one page for each command";

/// The bytes that have the title of a page.
const HEAD: u64 = 512;

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
/// - standard output or the folder cannot be written, or a file of the folder is not a page of this manual
pub fn run(args: &ManArgs, line: Command, io: &mut Io) -> Result<ExitStatus> {
    let rules = own_rules(io)?;
    let Some(dir) = &args.dir else {
        io.stdout.write_all(man_page::whole(line, &rules)?.roff.as_bytes())?;
        io.stdout.flush()?;
        return Ok(ExitStatus::Fine);
    };
    let pages = man_page::pages(line, &rules)?;
    let pages: Vec<(PathBuf, &Page)> = pages.iter().map(|page| (dir.join(&page.file_name), page)).collect();
    let others: Vec<Diagnostic> =
        pages.iter().filter(|(path, _)| is_other(path)).map(|(path, _)| refused(path)).collect();
    if !others.is_empty() {
        return Err(Diagnostics(others).into());
    }
    std::fs::create_dir_all(dir).with_context(|| format!("{}: cannot be created", dir.display()))?;
    for (path, page) in pages {
        save(&path, page.roff.as_bytes(), Access::Shared)
            .with_context(|| format!("{}: cannot be written", path.display()))?;
    }
    Ok(ExitStatus::Fine)
}

/// Whether something has this name that is not a page of this manual. A link is none, wherever it leads.
fn is_other(path: &Path) -> bool {
    let found = path.symlink_metadata();
    found.is_ok_and(|found| !found.is_file() || !has_title(path).unwrap_or(false))
}

/// Whether the first lines of a file are those of a page.
fn has_title(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    Ok(man_page::has_title(&String::from_utf8_lossy(&head)))
}

fn refused(path: &Path) -> Diagnostic {
    Diagnostic::error(format!("{} exists and is not a page of this manual", path.display()))
        .with_help("name another folder, or remove the file")
}
