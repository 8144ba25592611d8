//! `policy manifest`: the manifests that deploy the policy.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{is_file, push_first};
use crate::args::ConfigArgs;
use crate::args::settings::{given_as_json, part_of, read_part, refused};
use crate::commands::policy_file::{NoCluster, default_secret, load_policy};
use crate::commands::resource_yaml::yaml;
use crate::console::Io;
use crate::files::input;
use crate::publish::metadata::published_module;
use crate::publish::registry::reference;
use crate::report::json_text;
use crate::sandbox::{HostCalls, Limits};
use review::deployment::{Deployment, Note};
use review::diagnostic::{Diagnostic, Diagnostics};
use review::object_name::{parse_name, parse_namespace};
use review::settings::{Selection, Settings};

const EXAMPLES: &str = "Examples:
  acr-pull-secret policy manifest --settings settings.yaml | kubectl apply -f -
  acr-pull-secret policy manifest --settings-json '{\"mode\":\"validate\"}' --mode monitor \\
    --exclude-namespace calico-system
  kubectl get clusteradmissionpolicy acr-pull-secret-validate -o json |
    acr-pull-secret policy manifest --settings - --exclude-namespace calico-system
  acr-pull-secret policy manifest \\
    --module contoso.azurecr.io/policies/acr-pull-secret:v0.1.0";

/// Print the manifests that deploy the policy with these settings: policy resources with the rules and lookups that they need,
/// and the RBAC for the lookups. Settings that mutate result in two resources: NAME-mutate adds missing pull secrets, and
/// NAME-validate rejects what still lacks them. A policy resource that contains the settings is kept, and missing fields are
/// added
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Manifest {
    /// Settings of the policy (YAML or JSON), or the policy resource that has them. FILE#2 is the second document, -
    /// standard input
    #[arg(long, value_name = "FILE[#N]", conflicts_with = "settings_json")]
    pub settings: Option<String>,
    /// Settings of the policy, as JSON
    #[arg(long, value_name = "JSON")]
    pub settings_json: Option<String>,
    /// Prefix of the resources' names [default: that of the given resource, or acr-pull-secret]
    #[arg(long, value_name = "NAME", value_parser = resource_name)]
    pub name: Option<String>,
    /// Reference of the policy in a registry [default: that of the given resource, or where its maintainers publish it]
    #[arg(long, value_name = "REF")]
    pub module: Option<String>,
    /// Whether the policy enforces its decisions or only reports them [default: that of the given resource, or protect]
    #[arg(long, value_enum, value_name = "MODE")]
    pub mode: Option<Mode>,
    /// Namespace that the policies skip, in addition to kube-system and kubewarden; may be given several times
    #[arg(long, value_name = "NAMESPACE", value_parser = namespace_name)]
    pub exclude_namespace: Vec<String>,
    /// The namespace in which Kubewarden runs
    #[arg(long, value_name = "NAMESPACE", default_value = "kubewarden", value_parser = namespace_name)]
    pub kubewarden_namespace: String,
    /// The `PolicyServer` that runs the policy [default: that of the given resource, or Kubewarden's own]
    #[arg(long, value_name = "NAME", value_parser = resource_name)]
    pub policy_server: Option<String>,
    /// The ServiceAccount of the policy-server, which makes the lookups
    #[arg(long, value_name = "NAME", default_value = "policy-server", value_parser = resource_name)]
    pub service_account: String,
    /// Format of the resources; json is a List
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "yaml")]
    pub output: Format,
    /// Where defaults come from
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Whether a policy decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Enforce them
    Protect,
    /// Only report them
    Monitor,
}

/// The formats of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Documents with comments
    Yaml,
    /// A List
    Json,
}

/// Runs the command.
///
/// # Errors
/// - settings that cannot be read, or that the policy refuses
pub fn run(args: &Manifest, io: &mut Io) -> Result<()> {
    let policy = load_policy(Limits::default(), None)?;
    let host: Arc<dyn HostCalls> = Arc::new(NoCluster(io.stderr.clone()));
    let settings = read_settings(args, io)?;
    settings.validate(&policy, host.clone()).map_err(refused)?;
    let given = settings.resource.map(|resource| resource.object);
    let settings: Value = serde_json::from_str(settings.json.get())?;
    let metadata = policy
        .metadata()
        .context("the built-in policy has no metadata; build it without a ready policy.wasm")?;
    let module = match &args.module {
        Some(module) if is_file(module) => {
            let error = Diagnostic::error(format!(
                "--module needs a reference in a registry, but {module} is a file"
            ));
            bail!(Diagnostics(vec![error.with_help(push_first(module))]));
        }
        Some(module) if !reference::is_exact(module) => {
            bail!("{module}: the version is missing; write {module}:v0.1.0, or a digest");
        }
        Some(module) => reference::parse(module)?.whole(),
        None => published_module(metadata),
    };
    let deployment = Deployment {
        name: args.name.as_deref(),
        module: &format!("registry://{module}"),
        is_module_named: args.module.is_some(),
        mode: args.mode.map(|mode| match mode {
            Mode::Protect => "protect",
            Mode::Monitor => "monitor",
        }),
        namespace: &args.kubewarden_namespace,
        excluded: &args.exclude_namespace,
        policy_server: args.policy_server.as_deref(),
        service_account: &args.service_account,
        metadata,
        settings: &settings,
        given: given.as_ref(),
        default_secret: &default_secret(&policy, host)?,
    };
    for Note { message, help } in deployment.notes() {
        io.stderr.diagnostic(&Diagnostic::warning(message).with_help(help));
    }
    let resources = deployment.resources();
    match args.output {
        Format::Yaml => io.stdout.write_all(yaml(&resources)?.as_bytes())?,
        Format::Json => {
            let items: Vec<&Value> = resources.iter().map(|resource| &resource.object).collect();
            let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
            json_text::write_pretty(&list, &mut io.stdout)?;
            writeln!(io.stdout)?;
        }
    }
    Ok(())
}

/// Reads the settings, and reports which fields of a policy resource a cluster ignores.
fn read_settings(args: &Manifest, io: &mut Io) -> Result<Settings> {
    let (file, part) = match (&args.settings, &args.settings_json) {
        (_, Some(json)) => (given_as_json(json)?, Selection::Whole),
        (Some(path), None) => {
            let (path, part) = part_of(path);
            (input::read(Path::new(path), &mut io.stdin)?, part)
        }
        (None, None) => return Ok(Settings::default()),
    };
    let (settings, notes) = read_part(file, &part, "default")?;
    // Fields that only this command does not evaluate are kept, and the cluster evaluates them.
    for note in notes.iter().filter(|note| !note.is_of_cluster) {
        io.stderr.diagnostic(&note.diagnostic);
    }
    Ok(settings)
}

/// The name of a resource, short enough for the suffix.
fn resource_name(text: &str) -> Result<String, String> {
    parse_name(text)
        .ok()
        .filter(|name| name.len() <= 200)
        .ok_or_else(|| "names are lower-case letters, digits, - and ., such as acr-pull-secret".to_owned())
}

fn namespace_name(text: &str) -> Result<String, String> {
    parse_namespace(text).map_err(|_| {
        "namespaces are up to 63 lower-case letters, digits and -, such as kubewarden".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::{namespace_name, resource_name};

    #[test]
    fn names_are_those_that_the_api_server_takes() {
        let (longest, longest_label) = ("a".repeat(200), "a".repeat(63));
        for (name, is_resource, is_namespace) in [
            ("acr-pull-secret", true, true),
            ("a1", true, true),
            ("1a", true, true),
            (longest_label.as_str(), true, true),
            (&format!("{longest_label}a"), true, false),
            ("policies.acr-pull-secret", true, false),
            (&longest, true, false),
            (&format!("{longest}a"), false, false),
            ("", false, false),
            (".", false, false),
            ("a..b", false, false),
            ("-a", false, false),
            ("a-", false, false),
            ("a.-b", false, false),
            ("A", false, false),
            ("a_b", false, false),
            ("a b", false, false),
            ("ä", false, false),
        ] {
            let taken = |wanted: bool, answer: Result<String, String>| {
                assert_eq!(answer.as_deref().ok(), wanted.then_some(name), "{name:?}");
            };
            taken(is_resource, resource_name(name));
            taken(is_namespace, namespace_name(name));
        }
    }
}
