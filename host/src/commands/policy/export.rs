//! `policy export`: write the built-in policy into a file.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{bytes, write};
use crate::console::Io;
use crate::publish::metadata;
use crate::publish::registry::artifact::digest;
use crate::sandbox::EMBEDDED;

const EXAMPLES: &str = "Examples:
  acr-pull-secret policy export policy.wasm
  acr-pull-secret policy export - | sha256sum";

/// Write the built-in policy, annotated and ready for a cluster, to a file
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Export {
    /// Output file; - for standard output
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// - the file cannot be written
pub fn run(args: &Export, io: &mut Io) -> Result<()> {
    if args.file.as_os_str() == "-" {
        return Ok(io.stdout.write_all(EMBEDDED)?);
    }
    write(&args.file, EMBEDDED)?;
    let name = metadata::name_and_version(&metadata::of_module(EMBEDDED)?);
    let (size, digest) = (bytes(EMBEDDED), digest(EMBEDDED));
    io.stderr.line(&format!("wrote {name} to {} ({size}, {digest})", args.file.display()));
    Ok(())
}
