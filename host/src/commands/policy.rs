//! `policy`: inspect, publish and deploy the policy.

pub mod annotate;
pub mod export;
pub mod inspect;
pub mod manifest;
pub mod pull;
pub mod push;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand, ValueEnum};
use review::diagnostic::{Diagnostic, Diagnostics};

use crate::console::ExitStatus;
use crate::console::Io;
use crate::files::target::refuse_link_out;
use crate::publish::registry::reference;
use crate::text::shell_path;

/// The first bytes of a WebAssembly module.
const MAGIC: [u8; 4] = *b"\0asm";

/// Inspect, publish and deploy the policy
#[derive(Debug, Args)]
pub struct Policy {
    /// What to do with it
    #[command(subcommand)]
    pub command: PolicyCommand,
}

/// What can be done with the policy.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Show metadata, imports, size and digest of a policy
    Inspect(inspect::Inspect),
    /// Add Kubewarden metadata to a policy
    Annotate(annotate::Annotate),
    /// Write the built-in policy to a file
    Export(export::Export),
    /// Push a policy to a registry
    Push(push::Push),
    /// Pull a policy from a registry
    Pull(pull::Pull),
    /// Print the policy resources and the RBAC that deploy the policy
    Manifest(manifest::Manifest),
}

/// The output formats of `policy inspect` and `policy push`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Runs the command.
///
/// # Errors
/// - those of its subcommands
pub fn run(args: &Policy, io: &mut Io) -> Result<ExitStatus> {
    match &args.command {
        PolicyCommand::Inspect(args) => inspect::run(args, io)?,
        PolicyCommand::Annotate(args) => annotate::run(args, io)?,
        PolicyCommand::Export(args) => export::run(args, io)?,
        PolicyCommand::Push(args) => push::run(args, io)?,
        PolicyCommand::Pull(args) => pull::run(args, io)?,
        PolicyCommand::Manifest(args) => manifest::run(args, io)?,
    }
    io.stdout.flush()?;
    Ok(ExitStatus::Fine)
}

/// Refuses to replace a file of the user, such as a manifest, by a policy.
fn refuse_other_file(path: &Path) -> Result<()> {
    refuse_link_out(path)?;
    let Ok(file) = File::open(path) else { return Ok(()) };
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(());
    }
    let mut header = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut header).with_context(|| path.display().to_string())?;
    if header.is_empty() || header == MAGIC {
        return Ok(());
    }
    let error = Diagnostic::error(format!("{} exists and is not a WebAssembly module", path.display()));
    Err(Diagnostics(vec![error.with_help("name another file")]).into())
}

/// Whether a reference is the name of a file.
fn is_file(text: &str) -> bool {
    let path = Path::new(text);
    reference::parse(text).is_err() && (path.is_file() || path.extension().is_some_and(|end| end == "wasm"))
}

/// What to type for a file in place of a reference.
fn push_first(file: &str) -> String {
    let file = shell_path(Path::new(file));
    format!(
        "push it first: acr-pull-secret policy push {file} contoso.azurecr.io/policies/acr-pull-secret:v0.1.0"
    )
}

fn write(path: &Path, contents: &[u8]) -> Result<()> {
    refuse_other_file(path)?;
    let written = crate::files::atomic_file::save(path, contents, crate::files::atomic_file::Access::Shared);
    written.with_context(|| format!("{}: cannot be written", path.display()))
}

/// `238,217 bytes`
fn bytes(bytes: &[u8]) -> String {
    format!("{} bytes", indicatif::HumanCount(bytes.len() as u64))
}
