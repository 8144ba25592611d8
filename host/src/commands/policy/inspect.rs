//! `policy inspect`: what a policy is.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::{Format, bytes};
use crate::args::{ConfigArgs, ConnectionArgs};
use crate::console::Io;
use crate::files::input;
use crate::publish::metadata::{self, annotation};
use crate::publish::registry::artifact::{Artifact, digest};
use crate::publish::registry::{Registry, reference};
use crate::publish::wasm_module::Module;
use crate::report::json_text;
use crate::report::lines::Lines;
use crate::sandbox::EMBEDDED;
use review::diagnostic::{Diagnostic, Diagnostics};
use review::user_info::without_user_info;

const EXAMPLES: &str = "Examples:
  acr-pull-secret policy inspect                        the built-in policy
  acr-pull-secret policy inspect -o json policy.wasm
  acr-pull-secret policy inspect contoso.azurecr.io/policies/acr-pull-secret:v0.1.0";

/// Show metadata, imports, size and digest of a policy
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Inspect {
    /// A file, or a policy in a registry [default: the built-in policy]
    #[arg(value_name = "FILE|REF")]
    pub policy: Option<String>,
    /// How a registry is reached
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// Format of the answer
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub output: Format,
    /// Where defaults come from
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// What is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspection<'a> {
    /// Where it comes from
    source: &'a str,
    /// Of the module, in bytes
    size: usize,
    /// Of the module
    digest: String,
    /// Of the manifest: as the registry has it, or as `policy push` would write it
    manifest_digest: Option<String>,
    metadata: Option<Value>,
    #[serde(flatten)]
    module: Module,
}

/// Runs the command.
///
/// # Errors
/// - the policy is not found, or is not a module
pub fn run(args: &Inspect, io: &mut Io) -> Result<()> {
    let source = args.policy.as_deref().unwrap_or("the built-in policy");
    let (wasm, pulled) = fetch(args, io)?;
    let module = Module::parse(&wasm).map_err(|error| {
        let problem = Diagnostic::error(format!("{source}: {error}"));
        Diagnostics(vec![
            problem.with_help("name a file that policy export, policy pull or cargo build wrote"),
        ])
    })?;
    let metadata = match metadata::of_policy(&wasm) {
        Ok(metadata) => Some(metadata),
        Err(problem) => {
            io.stderr.line(&format!("warning: {source}: {problem}"));
            metadata::of_module(&wasm).ok()
        }
    };
    let pushed = || Artifact::of(&wasm).ok().map(|artifact| artifact.digest);
    let inspection = Inspection {
        source,
        size: wasm.len(),
        digest: digest(&wasm),
        manifest_digest: pulled.or_else(pushed),
        metadata,
        module,
    };
    match args.output {
        Format::Json => {
            json_text::write_pretty(&inspection, &mut io.stdout)?;
            writeln!(io.stdout)?;
        }
        Format::Text => write_text(&inspection, &bytes(&wasm), &mut io.stdout)?,
    }
    Ok(())
}

/// The module, and the digest of its manifest where it came from a registry.
fn fetch(args: &Inspect, io: &Io) -> Result<(Cow<'static, [u8]>, Option<String>)> {
    let Some(name) = &args.policy else { return Ok((EMBEDDED.into(), None)) };
    if Path::new(name).exists() {
        return Ok((input::bytes(Path::new(name))?.into(), None));
    }
    let reference = match reference::parse(name) {
        Ok(reference) => reference,
        Err(error) if name.starts_with("registry://") => bail!(error),
        Err(_) => bail!(
            "{}: no such file or folder, and not a reference such as contoso.azurecr.io/policies/acr-pull-secret:v0.1.0",
            without_user_info(name)
        ),
    };
    let pulled = Registry::new(reference, &(&args.connection).into(), io.stderr.clone())?.pull()?;
    Ok((pulled.wasm.into(), Some(pulled.digest)))
}

fn write_text(shown: &Inspection<'_>, size: &str, out: &mut dyn Write) -> Result<()> {
    let mut lines = Lines::new(out, false);
    let mut line = |name: &str, value: &str| match value {
        "" => Ok(()),
        value => lines.line(format_args!("{name:<17}{value}")),
    };
    let metadata = shown.metadata.as_ref().unwrap_or(&Value::Null);
    let text = |name: &str| annotation(metadata, &format!("io.kubewarden.policy.{name}"));
    line("policy", &if metadata.is_null() { String::new() } else { metadata::name_and_version(metadata) })?;
    for name in ["description", "author", "license", "source"] {
        line(name, text(name))?;
    }
    line("size", size)?;
    line("digest", &shown.digest)?;
    line("manifest digest", shown.manifest_digest.as_deref().unwrap_or_default())?;
    let field = |name: &str| metadata.get(name).map(plain).unwrap_or_default();
    line("mutating", &field("mutating"))?;
    line("protocol", &field("protocolVersion"))?;
    line("execution mode", &field("executionMode"))?;
    line(
        "Kubewarden",
        &Some(field("minimumKubewardenVersion"))
            .filter(|v| !v.is_empty())
            .map(|v| v + " or later")
            .unwrap_or_default(),
    )?;
    line("host calls", &field("hostCapabilities"))?;
    let items = |name: &str| metadata.get(name).and_then(Value::as_array).into_iter().flatten();
    let lookups: Vec<String> = items("contextAwareResources")
        .map(|resource| format!("{}/{}", plain(&resource["apiVersion"]), plain(&resource["kind"])))
        .collect();
    line("lookups", &lookups.join(", "))?;
    for (i, rule) in items("rules").enumerate() {
        let part = |name: &str| rule.get(name).map(plain).unwrap_or_default();
        let groups = part("apiGroups");
        let versions = part("apiVersions");
        let versions = if groups.is_empty() { versions } else { format!("{groups}/{versions}") };
        let rule = format!("{versions}: {} on {}", part("resources"), part("operations"));
        line(if i == 0 { "rules" } else { "" }, &rule)?;
    }
    line("imports", &shown.module.imports.join(", "))?;
    line("exports", &shown.module.exports.join(", "))?;
    let sections = shown.module.custom_sections.iter();
    let sections: Vec<String> =
        sections.map(|section| format!("{} ({} bytes)", section.name, section.size)).collect();
    line("custom sections", &sections.join(", "))?;
    Ok(())
}

/// A value without quotes and brackets.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
