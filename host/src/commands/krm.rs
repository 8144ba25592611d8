//! `krm`: the command as a KRM function.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use review::cluster::Cluster;
use review::diagnostic::{Diagnostic, Diagnostics};
use review::evaluation::Evaluation;
use review::fix as fixing;
use review::host_calls::HostCalls;
use review::kind::Judged;
use review::manifest::{Manifest, manifests};
use review::settings::Settings;
use review::source_file::SourceFile;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::policy_file::{self, load_policy};
use crate::args::CompleteArgs;
use crate::args::settings::refused;
use crate::console::{ExitStatus, Io};
use crate::files::input;
use crate::krm::output::with_results;
use crate::krm::resource_list::{InputError, ResourceList};
use crate::krm::result::{FunctionResult, Weight};
use crate::sandbox::{Limits, Policy};
use crate::unknown_accounts::UnknownAccounts;

const EXAMPLES: &str = "Examples:
  acr-pull-secret krm < resource-list.yaml

Kustomize calls it for a file like this, which a kustomization names under transformers:

  apiVersion: acr-pull-secret/v1
  kind: PullSecrets
  metadata:
    name: pull-secrets
    annotations:
      config.kubernetes.io/function: |
        exec:
          path: ./krm.sh
  spec:                 # settings of the policy
    mode: mutate        # validate: change nothing, and fail where the policy rejects

Here krm.sh is an executable script with the two lines

  #!/bin/sh
  exec acr-pull-secret krm

Run kustomize build --enable-alpha-plugins --enable-exec FOLDER.

The items get what acr-pull-secret fix would add, and then they are checked. Each finding becomes a
result. ServiceAccounts and Secrets are looked up among the items.

Exit status:
  0  fine
  1  a result is an error
  2  standard input is not a ResourceList, or invalid settings";

/// The namespace of items that name none: kustomize adds it later, or kubectl does.
const NAMESPACE: &str = "default";

/// Be a KRM function: read a `ResourceList` from standard input, add missing pull secrets to its items, and write it with
/// results to standard output. Its functionConfig has the settings
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Krm {}

/// Runs the command.
///
/// # Errors
/// - standard input is not a `ResourceList`, or has invalid settings
/// - an output that cannot be written
pub fn run(_: &Krm, io: &mut Io) -> Result<ExitStatus> {
    let file = input::read_manifest(Path::new("-"), &mut io.stdin)?;
    let ResourceList { file, settings, mutates } = ResourceList::read(file).map_err(with_help)?;
    let (items, notes, _) = manifests(&file);
    for note in Diagnostic::of_notes(&file.name, &file.text, &notes) {
        io.stderr.diagnostic(&note);
    }
    let mut cluster = Cluster::default();
    for item in &items {
        cluster.add(item.object().clone(), NAMESPACE);
    }
    let function = Function::new(&settings, cluster, io)?;
    let (text, mut results) =
        if mutates { function.fixed(&file, items)? } else { (file.text.clone(), Vec::new()) };
    results.extend(function.checked(&file.name, &text)?);
    io.stdout.write_all(with_results(&text, &results)?.as_bytes())?;
    io.stdout.flush()?;
    // Kustomize shows only what a function that fails writes here.
    for result in results.iter().filter(|result| result.severity > Weight::Info) {
        io.stderr.diagnostic(&result.diagnostic);
    }
    if mutates && results.iter().any(|result| result.is_refusal) {
        io.stderr.line("note: no item is changed, because one of them cannot be changed");
    }
    let has_error = results.iter().any(|result| result.severity == Weight::Error);
    Ok(if has_error { ExitStatus::Found } else { ExitStatus::Fine })
}

fn with_help(error: InputError) -> anyhow::Error {
    let help = error.help();
    match error {
        InputError::Syntax(problems) => problems.into(),
        other => {
            let problem = Diagnostic::error(other.to_string()).with_help(help.unwrap_or_default());
            Diagnostics(vec![problem]).into()
        }
    }
}

/// The policy with its settings, and the items that it may look up.
struct Function {
    policy: Policy,
    judged: Judged,
    settings: Box<RawValue>,
    cluster: Arc<Cluster>,
    host: Arc<dyn HostCalls>,
}

impl Function {
    fn new(settings: &Settings, cluster: Cluster, io: &Io) -> Result<Self> {
        let policy = load_policy(Limits::default(), None)?;
        let cluster = Arc::new(cluster);
        let incomplete = CompleteArgs { complete: false };
        let host: Arc<dyn HostCalls> =
            Arc::new(policy_file::lookups(&cluster, &policy, None, incomplete, io));
        settings.validate(&policy, host.clone()).map_err(refused)?;
        let judged = Judged::of(policy.metadata());
        Ok(Self { policy, judged, settings: settings.json.clone(), cluster, host })
    }

    fn evaluation<'a>(&'a self, settings: &'a RawValue) -> Evaluation<'a> {
        let evaluation = Evaluation::new(
            &self.policy,
            settings,
            &self.judged,
            NAMESPACE,
            &self.cluster,
            self.host.clone(),
        );
        Evaluation { is_complete: false, ..evaluation }
    }

    /// The text of the list with missing pull secrets, and what was added, or why nothing was.
    fn fixed(&self, file: &SourceFile, items: Vec<Manifest>) -> Result<(String, Vec<FunctionResult>)> {
        let settings = fixing::settings(&self.settings)?;
        let known = items.clone();
        let item = |prefix: &str| known.iter().find(|item| item.prefix == prefix);
        let fixed = fixing::fix(&self.evaluation(&settings), None, None, file, items);
        let mut results = Vec::new();
        let mut accounts = UnknownAccounts::default();
        for change in &fixed.changes {
            let item = item(&change.prefix);
            results.push(FunctionResult::of_change(item, change));
            if let Some(warning) = accounts.warning(change, "items") {
                results.push(FunctionResult::of_unknown_account(item, change, &warning));
            }
        }
        results.extend(fixed.refusals.iter().map(|it| FunctionResult::of_refusal(item(&it.prefix), it)));
        Ok((fixed.text, results))
    }

    /// What the policy finds in the items.
    fn checked(&self, name: &str, text: &str) -> Result<Vec<FunctionResult>> {
        let settings = validating(&self.settings)?;
        let evaluation = self.evaluation(&settings);
        let file = Arc::new(SourceFile { name: name.to_owned(), text: text.to_owned() });
        let (items, ..) = manifests(&file);
        let outcomes = items.into_iter().map(|item| evaluation.judge(item));
        Ok(outcomes.flat_map(|outcome| FunctionResult::of_outcome(&outcome)).collect())
    }
}

/// The same settings in mode validate: what is missing was added before.
fn validating(settings: &RawValue) -> serde_json::Result<Box<RawValue>> {
    let mut settings: Map<String, Value> = serde_json::from_str(settings.get())?;
    settings.insert("mode".to_owned(), "validate".into());
    // What only mode mutate has.
    settings.remove("targets");
    to_raw_value(&settings)
}
