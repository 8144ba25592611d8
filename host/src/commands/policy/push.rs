//! `policy push`: push a policy to a registry.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use review::diagnostic::{Diagnostic, Diagnostics};
use serde_json::json;

use super::{Format, bytes, is_file};
use crate::args::ConnectionArgs;
use crate::console::Io;
use crate::files::input;
use crate::publish::metadata;
use crate::publish::registry::artifact::Artifact;
use crate::publish::registry::{Registry, reference};
use crate::sandbox::EMBEDDED;
use crate::text::{shell_path, shell_word};

const EXAMPLES: &str = "Examples:
  acr-pull-secret policy push contoso.azurecr.io/policies/acr-pull-secret:v0.1.0
  acr-pull-secret policy push mine.wasm registry://contoso.azurecr.io/policies/mine:v1.2.0
  acr-pull-secret policy push --insecure localhost:5000 localhost:5000/acr-pull-secret:dev";

/// Push a policy to a registry, as Kubewarden does. Prints the reference with the digest. Uses the credentials of docker, its
/// helpers and `az acr login`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, allow_missing_positional = true)]
pub struct Push {
    /// An annotated policy [default: the built-in one]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Reference: registry, repository and tag
    #[arg(value_name = "REF")]
    pub reference: String,
    /// How the registry is reached
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// Format of the answer; json is that of kwctl
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub output: Format,
}

/// Runs the command.
///
/// # Errors
/// - the file is not an annotated policy, or the registry rejects it
pub fn run(args: &Push, io: &mut Io) -> Result<()> {
    refuse_file(args)?;
    let reference = reference::parse(&args.reference)?;
    if reference.digest().is_some() {
        bail!("{}: a policy is pushed to a tag, not to a digest", args.reference);
    }
    if !reference::is_exact(&args.reference) {
        bail!("{0}: the tag is missing; write {0}:v0.1.0 or {0}:latest", args.reference);
    }
    let (name, wasm) = match &args.file {
        Some(path) => (path.display().to_string(), Cow::from(input::bytes(path)?)),
        None => ("the built-in policy".to_owned(), Cow::from(EMBEDDED)),
    };
    let artifact = Artifact::of(&wasm).context(name)?;
    Registry::new(reference.clone(), &(&args.connection).into(), io.stderr.clone())?.push(&artifact)?;

    let policy = metadata::name_and_version(&artifact.metadata);
    io.stderr.line(&format!("pushed {policy} ({}) to {}", bytes(&wasm), reference.whole()));
    let immutable = reference::immutable(&reference, &artifact.digest);
    match args.output {
        Format::Text => writeln!(io.stdout, "{immutable}")?,
        Format::Json => writeln!(io.stdout, "{}", json!({ "immutable_ref": immutable }))?,
    }
    Ok(())
}

/// Refuses a file in place of the reference, and both in the wrong order.
fn refuse_file(args: &Push) -> Result<()> {
    if !is_file(&args.reference) {
        return Ok(());
    }
    let file = shell_path(Path::new(&args.reference));
    let first = args.file.as_deref().and_then(Path::to_str).filter(|first| reference::parse(first).is_ok());
    let (message, reference) = match first {
        Some(first) => ("the file must come before the reference".to_owned(), first),
        None => (
            format!("policy push needs a reference in a registry, but {} is a file", args.reference),
            "contoso.azurecr.io/policies/acr-pull-secret:v0.1.0",
        ),
    };
    let help = format!("type acr-pull-secret policy push {file} {}", shell_word(reference));
    bail!(Diagnostics(vec![Diagnostic::error(message).with_help(help)]))
}
