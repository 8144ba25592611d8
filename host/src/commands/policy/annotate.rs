//! `policy annotate`: add metadata to a policy.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use super::{bytes, write};
use crate::commands::policy_file::{NoCluster, foreign_compiler};
use crate::console::Console;
use crate::console::Io;
use crate::files::input;
use crate::publish::metadata::{self, USAGE};
use crate::publish::registry::artifact::digest;
use crate::sandbox::wasm_section::{METADATA, with_section};
use crate::sandbox::{Limits, Policy};
use review::diagnostic::{Diagnostic, Diagnostics};
use review::yaml;

const EXAMPLES: &str = "Examples:
  acr-pull-secret policy annotate policy.wasm --metadata metadata.yml --readme README.md \\
    --output annotated.wasm";

/// Add Kubewarden metadata to a policy. Existing metadata is replaced
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Annotate {
    /// The policy, a WebAssembly module
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The metadata, as in Kubewarden's metadata.yml
    #[arg(short, long, value_name = "FILE")]
    pub metadata: PathBuf,
    /// Usage instructions, which policy inspect shows
    #[arg(short, long, value_name = "FILE")]
    pub readme: Option<PathBuf>,
    /// Output file
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// - metadata that Kubewarden would refuse, a module that does not say its protocol, a file that cannot be read or written
pub fn run(args: &Annotate, io: &mut Io) -> Result<()> {
    let wasm = input::bytes(&args.file)?;
    let mut metadata = metadata_of(&args.metadata, io)?;
    if let Some(path) = &args.readme {
        set_usage(&mut metadata, input::read(path, &mut io.stdin)?.text);
    }
    if metadata::execution_mode(&metadata) == metadata::WAPC {
        let version = protocol_version(&wasm, &io.stderr).with_context(|| args.file.display().to_string())?;
        if let Some(fields) = metadata.as_object_mut() {
            fields.insert("protocolVersion".to_owned(), version);
        }
    }
    let annotated = with_section(&wasm, METADATA, &serde_json::to_vec(&metadata)?)
        .with_context(|| format!("{}: this is not a WebAssembly module", args.file.display()))?;
    write(&args.output, &annotated)?;
    let (name, file) = (metadata::name_and_version(&metadata), args.output.display());
    io.stderr.line(&format!("wrote {name} to {file} ({}, {})", bytes(&annotated), digest(&annotated)));
    Ok(())
}

fn metadata_of(path: &Path, io: &mut Io) -> Result<Value> {
    let name = path.display();
    let text = input::read(path, &mut io.stdin)?.text;
    let (mut documents, error) = yaml::documents(&text);
    if let Some(error) = error {
        bail!("{name}:{}:{}: {}", error.line, error.column, error.message);
    }
    let document = documents.pop().filter(|_| documents.is_empty());
    let metadata = document.with_context(|| format!("{name}: must hold one document"))?.value;
    let problems = metadata::problems(&metadata);
    if !problems.is_empty() {
        let message = format!("{name}: Kubewarden would refuse this metadata");
        return Err(Diagnostics(vec![Diagnostic { notes: problems, ..Diagnostic::error(message) }]).into());
    }
    for field in metadata::unknown_fields(&metadata) {
        io.stderr
            .line(&format!("warning: {name}: Kubewarden does not know the field {field} and ignores it"));
    }
    Ok(metadata)
}

fn set_usage(metadata: &mut Value, readme: String) {
    let Some(fields) = metadata.as_object_mut() else { return };
    let annotations = fields.entry("annotations").or_insert(Value::Null);
    if annotations.is_null() {
        *annotations = Value::Object(serde_json::Map::new());
    }
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.insert(USAGE.to_owned(), readme.into());
    }
}

/// The protocol version that the module reports.
fn protocol_version(wasm: &[u8], console: &Console) -> Result<Value> {
    // Its present metadata section is replaced, so it need not be readable.
    let bare = with_section(wasm, METADATA, b"null").context("this is not a WebAssembly module")?;
    let policy = Policy::load(&bare, Limits::default(), None, &foreign_compiler()?)?;
    let host = Arc::new(NoCluster(console.clone()));
    let answer =
        policy.call("protocol_version", b"", host).context("it does not say which protocol it uses")?;
    let version: Value = serde_json::from_slice(&answer).unwrap_or_default();
    match version.as_str() {
        Some("v1") => Ok(version),
        Some(other) => bail!("it uses protocol {other:?}, which Kubewarden does not support"),
        None => bail!("its answer to protocol_version is not a text"),
    }
}
