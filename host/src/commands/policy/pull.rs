//! `policy pull`: pull a policy from a registry.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use super::{bytes, refuse_other_file, write};
use crate::args::ConnectionArgs;
use crate::console::Io;
use crate::publish::metadata;
use crate::publish::registry::{Registry, reference};

const EXAMPLES: &str = "Examples:
  acr-pull-secret policy pull contoso.azurecr.io/policies/acr-pull-secret:v0.1.0 \\
    --output policy.wasm
  acr-pull-secret check --policy policy.wasm manifests/";

/// Pull a policy from a registry and check its digest. Prints the reference with the digest. Uses the credentials of docker,
/// its helpers and `az acr login`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Pull {
    /// Reference: registry, repository, and tag or digest
    #[arg(value_name = "REF")]
    pub reference: String,
    /// Output file
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// How the registry is reached
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Runs the command.
///
/// # Errors
/// - the registry does not provide it, it is not a policy, or the file cannot be written
pub fn run(args: &Pull, io: &mut Io) -> Result<()> {
    let reference = reference::parse(&args.reference)?;
    // Before the download, which may take long.
    refuse_other_file(&args.output)?;
    let pulled = Registry::new(reference.clone(), &(&args.connection).into(), io.stderr.clone())?.pull()?;
    let metadata = metadata::of_policy(&pulled.wasm).with_context(|| reference.whole())?;
    write(&args.output, &pulled.wasm)?;

    let policy = metadata::name_and_version(&metadata);
    let (size, file) = (bytes(&pulled.wasm), args.output.display());
    io.stderr.line(&format!("pulled {policy} ({size}) to {file}"));
    writeln!(io.stdout, "{}", reference::immutable(&reference, &pulled.digest))?;
    Ok(())
}
