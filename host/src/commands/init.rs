//! `init`: first settings and a first config file, from what manifests use.

mod reading;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;
use review::deployment::{Deployment, FieldComment};
use review::diagnostic::{Diagnostic, Diagnostics};
use review::first_settings::FirstSettings;
use review::host_calls::HostCalls;
use review::list::some_of;
use review::object_name::parse_namespace;
use review::settings::Settings;
use review::usage::{Refused, Usage};
use serde_json::Value;
use serde_json::value::to_raw_value;

use self::reading::Found;
use crate::args::config::{self, path_in_config};
use crate::args::settings::refused;
use crate::args::{ConfigArgs, SearchArgs};
use crate::commands::policy_file::{NoCluster, default_secret, load_policy};
use crate::commands::resource_yaml::yaml;
use crate::console::{ExitStatus, Io};
use crate::files::CONFIG_FILE;
use crate::files::new_files::{self, CreateError};
use crate::program;
use crate::publish::metadata::published_module;
use crate::report::lines::Lines;
use crate::report::{Tool, json_text};
use crate::sandbox::{Limits, Policy};
use crate::text::{counted, plural};

const EXAMPLES: &str = "Examples:
  acr-pull-secret init deploy/                 write both files into this folder
  acr-pull-secret init --dry-run deploy/       print them
  acr-pull-secret init --policy deploy/        policies for Kubewarden instead of settings
  kubectl get pods,serviceaccounts -A -o json | acr-pull-secret init --dry-run -

An existing file is never changed. From the manifests come names of registries, namespaces and
pull secrets only.

Exit status:
  0  the files were written, or printed
  2  a file exists or cannot be written, an input cannot be read, or invalid usage
  3  there is no pod and no pod template among the inputs";

/// The most names that a note lists.
const MOST_NAMES: usize = 5;

/// The namespace of kubectl.
const DEFAULT_NAMESPACE: &str = "default";

/// The files that are written beside the config file.
const SETTINGS_FILE: &str = "acr-pull-secret-settings.yaml";
const POLICY_FILE: &str = "acr-pull-secret-policy.yaml";

/// Write first settings and a config file into this folder, from the registries, namespaces and pull secrets that manifests
/// use
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Init {
    /// Manifests: YAML or JSON files, folders, patterns, - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// What is read in folders
    #[command(flatten)]
    pub search: SearchArgs,
    /// Namespace of objects that do not name one
    #[arg(short, long, default_value = DEFAULT_NAMESPACE, value_name = "NAME", value_parser = parse_namespace)]
    pub namespace: String,
    /// Write the policies that add and require pull secrets in a cluster, instead of settings for checks
    // Not `policy`, the id of the option that names a policy.wasm, which the config file has a key for.
    #[arg(long = "policy")]
    pub as_policies: bool,
    /// Print the files and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where defaults come from
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Runs the command.
///
/// # Errors
/// - a file that exists or cannot be written, a manifest that cannot be read
pub fn run(args: &Init, io: &mut Io) -> Result<ExitStatus> {
    let main_file = if args.as_policies { POLICY_FILE } else { SETTINGS_FILE };
    if !args.dry_run {
        refuse_taken(&[main_file, CONFIG_FILE])?;
    }
    let policy = load_policy(Limits::default(), None)?;
    let host: Arc<dyn HostCalls> = Arc::new(NoCluster(io.stderr.clone()));
    let Found { usage, objects, images } =
        reading::read(&args.paths, &args.search.search()?, &args.namespace, &policy, io)?;
    if images == 0 {
        let what = if objects == 0 { "Kubernetes object" } else { "pod or pod template" };
        let error = Diagnostic::error(format!("there is no {what} among the inputs, so nothing was written"));
        io.stderr.diagnostic(&error.with_help("pass the folder or the files that have the manifests"));
        return Ok(ExitStatus::Nothing);
    }
    tell_of_refused(&usage, io);
    let default_secret = default_secret(&policy, host.clone())?;
    let first = FirstSettings { usage: &usage, default_secret: &default_secret };
    let text = if args.as_policies {
        policies(&first, &policy, host)?
    } else {
        validated(&first.json(), &policy, host)?;
        let address = Tool::ADDRESS;
        format!(
            "# Settings of acr-pull-secret. All of them: {address}/blob/main/docs/settings.md\n\n{}",
            first.yaml()
        )
    };
    // Those that the config file names.
    let (mut paths, mut outside) = (Vec::new(), Vec::new());
    for path in args.paths.iter().filter(|path| *path != "-") {
        match path_in_config(path) {
            Some(path) => paths.push(path),
            None => outside.push(format!("{path:?}")),
        }
    }
    if !outside.is_empty() {
        left_out("path", &outside, "the config file names only paths inside of this folder", io);
    }
    let config = config(args, main_file, &paths)?;
    let files = [(Path::new(main_file), text.as_str()), (Path::new(CONFIG_FILE), config.as_str())];
    // A file of this folder applies already.
    let above = config::nearest().filter(|_| !new_files::is_taken(Path::new(CONFIG_FILE)));
    if args.dry_run {
        let printed = files.map(|(path, text)| format!("# {}\n{text}", path.display()));
        io.stdout.write_all(printed.join("---\n").as_bytes())?;
        io.stdout.flush()?;
        tell_of_above(above.as_deref(), "would no longer apply", io);
        return Ok(ExitStatus::Fine);
    }
    new_files::create_all(&files).map_err(|CreateError { file, reason }| {
        anyhow::Error::from(reason).context(format!("{file}: cannot be written, so nothing was written"))
    })?;
    let (registries, namespaces) = (usage.registries().count(), usage.namespaces().len());
    let mut lines = Lines::new(&mut *io.stdout, false);
    let of = format!("{} in {}", counted(registries, "registry"), counted(namespaces, "namespace"));
    lines.line(format!("wrote {main_file}, for {of}"))?;
    lines.line(format!("wrote {CONFIG_FILE}"))?;
    io.stdout.flush()?;
    tell_of_above(above.as_deref(), "no longer applies", io);
    let with = if paths.is_empty() { " with these manifests" } else { "" };
    io.stderr.line(&format!("note: review the files, then run {} check{with}", program::name()));
    Ok(ExitStatus::Fine)
}

/// Refuses to overwrite files.
fn refuse_taken(files: &[&str]) -> Result<()> {
    let taken = files.iter().filter(|file| new_files::is_taken(Path::new(file)));
    let error = |file: &&str| {
        Diagnostic::error(format!("{file} exists, and init changes no file"))
            .with_help("to see what init would write, add --dry-run; to write it, rename the file first")
    };
    let errors: Vec<Diagnostic> = taken.map(error).collect();
    if errors.is_empty() { Ok(()) } else { Err(Diagnostics(errors).into()) }
}

/// Prints what happens to a config file above this folder.
fn tell_of_above(above: Option<&Path>, applies: &str, io: &Io) {
    if let Some(above) = above {
        let reason = format!("because {CONFIG_FILE} is nearer; copy what is still needed");
        io.stderr.line(&format!("note: {} {applies} in this folder, {reason}", above.display()));
    }
}

/// Prints which names of the manifests are not written.
fn tell_of_refused(usage: &Usage, io: &Io) {
    let mut all: BTreeMap<(&str, Option<&str>), Vec<String>> = BTreeMap::new();
    for refused in usage.refused() {
        let (noun, refuses, name) = match refused {
            Refused::Image(name) => ("image", None, name),
            Refused::Registry(name) => ("registry", Some("settings do not accept"), name),
            Refused::Host(name) => ("registry", Some("no host can have"), name),
            Refused::Namespace(name) => ("namespace", Some("Kubernetes does not accept"), name),
            Refused::Secret(name) => ("pull secret", Some("Kubernetes does not accept"), name),
        };
        all.entry((noun, refuses)).or_default().push(format!("{name:?}"));
    }
    for ((noun, refuses), names) in all {
        let is_one = names.len() == 1;
        let reason = match (refuses, is_one) {
            (Some(refuses), true) => format!("{refuses} this name"),
            (Some(refuses), false) => format!("{refuses} these names"),
            (None, true) => "its registry is not known".to_owned(),
            (None, false) => "their registries are not known".to_owned(),
        };
        left_out(noun, &names, &reason, io);
    }
}

/// `note: namespace "x" is left out, because …`
fn left_out(noun: &str, names: &[String], reason: &str, io: &Io) {
    let are = if names.len() == 1 { "is" } else { "are" };
    let (noun, some) = (plural(names.len(), noun), some_of(names, MOST_NAMES));
    io.stderr.line(&format!("note: {noun} {some} {are} left out, because {reason}"));
}

/// The settings, if the policy accepts them.
fn validated(json: &Value, policy: &Policy, host: Arc<dyn HostCalls>) -> Result<()> {
    let settings = Settings { json: to_raw_value(json)?, ..Settings::default() };
    settings.validate(policy, host).map_err(refused)
}

/// The policies that add and require the pull secrets.
fn policies(first: &FirstSettings<'_>, policy: &Policy, host: Arc<dyn HostCalls>) -> Result<String> {
    let settings = first.policy_json();
    validated(&settings, policy, host)?;
    let metadata = policy
        .metadata()
        .context("the built-in policy has no metadata; build it without a ready policy.wasm")?;
    let module = format!("registry://{}", published_module(metadata));
    let deployment =
        Deployment { default_secret: first.default_secret, ..Deployment::new(&module, metadata, &settings) };
    let mut policies = deployment.resources();
    for policy in &mut policies {
        let comments = first.policy_comments().into_iter();
        let comments =
            comments.map(|(path, text)| FieldComment { pointer: format!("/spec/settings{path}"), text });
        // Those on a field itself are next to it.
        policy.field_comments.splice(0..0, comments);
    }
    let docs = format!("{}/blob/main/docs", Tool::ADDRESS);
    Ok(format!(
        "# Policies for a cluster with Kubewarden: {docs}/kubewarden.md\n\
         # All settings: {docs}/settings.md\n\
         #\n\
         # The first policy adds missing pull secrets to new pods, then the second one rejects pods that still lack theirs.\n\
         # Keep them in this order: {CONFIG_FILE} names the first one as #1.\n\n{}",
        yaml(&policies)?
    ))
}

/// The text of the config file.
fn config(args: &Init, main_file: &str, paths: &[String]) -> Result<String> {
    let list = |items: &[String]| -> Result<String> {
        let mut json = Vec::new();
        json_text::write(&items, &mut json)?;
        // JSON is YAML.
        Ok(String::from_utf8(json)?)
    };
    let page = format!("{}/blob/main/docs/config-file.md", Tool::ADDRESS);
    let mut lines = vec![format!("# Defaults of acr-pull-secret in this folder. All keys: {page}")];
    if args.as_policies {
        lines
            .push("# The first policy adds pull secrets, so check accepts pods without them. #2 would require them.".to_owned());
        lines.push(format!("settings: {main_file}#1"));
    } else {
        lines.push(format!("settings: {main_file}"));
    }
    if !paths.is_empty() {
        lines.push("# Where check and fix look without a PATH.".to_owned());
        lines.push(format!("paths: {}", list(paths)?));
    }
    if args.namespace != DEFAULT_NAMESPACE {
        lines.push("# The namespace of objects that do not name one.".to_owned());
        lines.push(format!("namespace: {}", Value::from(args.namespace.as_str())));
    }
    let SearchArgs { exclude, hidden, no_ignore, .. } = &args.search;
    if !exclude.is_empty() {
        lines.push(format!("exclude: {}", list(exclude)?));
    }
    let flags = [("hidden", *hidden), ("noIgnore", *no_ignore)];
    lines.extend(flags.iter().filter(|(_, is_set)| *is_set).map(|(key, _)| format!("{key}: true")));
    lines.push("# Lowest severity that makes the exit status of check 1: reject, warn or mutate.".to_owned());
    lines.push("# failOn: warn".to_owned());
    Ok(lines.join("\n") + "\n")
}
