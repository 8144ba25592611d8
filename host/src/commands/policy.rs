//! `policy`: inspect, publish and deploy the policy.

pub mod annotate;
pub mod export;
pub mod inspect;
pub mod manifest;
pub mod pull;
pub mod push;

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand, ValueEnum};

use crate::console::ExitStatus;
use crate::console::Io;

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

fn write(path: &Path, contents: &[u8]) -> Result<()> {
    let written = crate::files::atomic_file::save(path, contents, crate::files::atomic_file::Access::Shared);
    written.with_context(|| format!("{}: cannot be written", path.display()))
}

/// `238,217 bytes`
fn bytes(bytes: &[u8]) -> String {
    format!("{} bytes", indicatif::HumanCount(bytes.len() as u64))
}
