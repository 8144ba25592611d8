//! `playground`: the policy in a page of the user's browser.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;

use crate::console::ExitStatus;
use crate::console::Io;

const EXAMPLES: &str = "Examples:
  acr-pull-secret playground                       open the address that it prints
  acr-pull-secret playground --port 0              at any free port
  acr-pull-secret playground --export public/play  a static site, for any address";

/// Serve a page that checks manifests while you type, in the browser only
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Playground {
    /// Port on 127.0.0.1; 0 selects a free one
    #[arg(long, default_value_t = 8017, value_name = "PORT")]
    pub port: u16,
    /// Write the page as a static site into this folder instead of serving it
    #[arg(long, value_name = "DIR", conflicts_with = "port")]
    pub export: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// - a port that is in use, a folder that contains other files or cannot be written
#[cfg(feature = "playground")]
pub fn run(args: &Playground, io: &mut Io) -> Result<ExitStatus> {
    use std::io::{ErrorKind, Write as _};

    use anyhow::Context as _;

    use crate::playground::{server, site};

    if let Some(folder) = &args.export {
        site::export(folder)?;
        io.stderr.line(&format!("{}: the playground, {} files", folder.display(), site::FILES.len()));
        return Ok(ExitStatus::Fine);
    }
    let playground = server::Playground::bind(args.port).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "port {} of 127.0.0.1 is in use: pass another one with --port, or --port 0 for a free one",
            args.port
        ),
        _ => anyhow!(error).context(format!("port {} of 127.0.0.1 cannot be used", args.port)),
    })?;
    writeln!(io.stdout, "{}", playground.url())?;
    io.stdout.flush()?;
    io.stderr.line("serving the playground to this machine only; Ctrl-C stops it");
    playground.serve().context("the server stopped")?;
    Ok(ExitStatus::Fine)
}

/// Reports how to get a command that has the page.
///
/// # Errors
/// - always
#[cfg(not(feature = "playground"))]
pub fn run(_: &Playground, _: &mut Io) -> Result<ExitStatus> {
    Err(anyhow!(
        "this acr-pull-secret is built without the playground; use a released binary, or build one with: \
         cargo run --release --features playground -- playground"
    ))
}
