//! `explain`: which entry, which secret, which key, and why.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::args::PolicyArgs;
use crate::args::settings::{self, refused};
use crate::commands::inputs::{self, Problems};
use crate::commands::policy_file;
use crate::console::ExitStatus;
use crate::console::Io;
use crate::files::search::Search;
use crate::report;
use crate::report::json_text;
use crate::report::lines::Lines;
use review::cluster::{Cluster, Lookups};
use review::explanation::{self, Explanation, Need, Question};
use review::host_calls::HostCalls;
use review::user_info::without_user_info;

const EXAMPLES: &str = "Examples:
  acr-pull-secret explain contoso.azurecr.io/shop/web:v1
  acr-pull-secret explain --settings policy.yaml -n shop contoso.azurecr.io/shop/web:v1
  kubectl get secrets,serviceaccounts -n shop -o json |
    acr-pull-secret explain --cluster - -n shop --service-account web contoso.azurecr.io/shop/web:v1";

/// Explain images: which entry of the settings holds, which secret that is, which of its keys the kubelet tries, and why
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    /// Images, as a container has them
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<String>,
    /// The policy and what it is told
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// A pull secret of the pod, to be looked up in --cluster; may be given several times [default: the one that the
    /// image needs]
    #[arg(long, value_name = "NAME", conflicts_with = "service_account")]
    pub pull_secret: Vec<String>,
    /// The service account in --cluster that the pod has its pull secrets from
    #[arg(long, value_name = "NAME")]
    pub service_account: Option<String>,
    /// Format of the explanation
    #[arg(short, long, value_enum, default_value = "text")]
    pub output: ExplainFormat,
}

/// The formats of an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// For people
    Text,
    /// For programs: a list of the policy's answers
    Json,
}

/// Runs the command.
///
/// # Errors
/// - wrong settings, an unusable policy, a policy that does not explain, a `ServiceAccount` that is not there
pub fn run(args: &Explain, io: &mut Io) -> Result<ExitStatus> {
    // The config file may give a cluster, which clap does not count.
    if args.policy.cluster.is_empty() && (args.service_account.is_some() || !args.pull_secret.is_empty()) {
        bail!("--pull-secret and --service-account are looked up among manifests; give those by --cluster");
    }
    let mut problems = Problems::default();
    let given = inputs::given(&args.policy.cluster, &Search::default(), io);
    let cluster = inputs::cluster_of(&given, &args.policy.namespace, io, &mut problems);
    let pull_secrets = match &args.service_account {
        Some(name) => Some(secrets_of_account(&cluster, &args.policy.namespace, name)?),
        None if args.pull_secret.is_empty() => None,
        None => Some(args.pull_secret.clone()),
    };
    let settings = settings::load(&args.policy, io)?;
    let policy = policy_file::load(&args.policy, settings.as_ref(), io)?;
    let settings = settings.unwrap_or_default();
    let host: Arc<dyn HostCalls> =
        Arc::new(Lookups::new(Arc::new(cluster), policy.metadata(), Arc::new(io.stderr.clone())));
    settings.validate(&policy, host.clone()).map_err(refused)?;

    let explain = |image: &str| -> Result<(Value, Explanation)> {
        let ask = |pull_secrets: &[String]| {
            let namespace = &args.policy.namespace;
            let question = Question { image, namespace, settings: &settings.json, pull_secrets };
            explanation::ask(&policy, &question, host.clone())
        };
        let answer = ask(pull_secrets.as_deref().unwrap_or_default())?;
        match &answer.1.need {
            Some(Need::Secret(name)) if pull_secrets.is_none() && !args.policy.cluster.is_empty() => {
                Ok(ask(std::slice::from_ref(name))?)
            }
            _ => Ok(answer),
        }
    };
    let mut answers = Vec::new();
    for image in &args.images {
        answers.push(explain(image).with_context(|| without_user_info(image).into_owned())?);
    }
    for (_, explanation) in &answers {
        if let Some(error) = &explanation.error {
            io.stderr.line(&format!("error: {:?} is no image: {error}", explanation.image));
        }
    }
    match args.output {
        ExplainFormat::Json => {
            let answers: Vec<&Value> = answers.iter().map(|(answer, _)| answer).collect();
            json_text::write_pretty(&answers, &mut io.stdout)?;
            writeln!(io.stdout)?;
        }
        ExplainFormat::Text => {
            let fine = answers.iter().map(|(_, explanation)| explanation);
            for (i, explanation) in fine.filter(|explanation| explanation.error.is_none()).enumerate() {
                if i > 0 {
                    writeln!(io.stdout)?;
                }
                report::explanation::write(explanation, &mut Lines::new(&mut *io.stdout, false))?;
            }
        }
    }
    io.stdout.flush()?;
    let all_parsed = answers.iter().all(|(_, explanation)| explanation.error.is_none());
    Ok(if problems.is_complete() && all_parsed { ExitStatus::Fine } else { ExitStatus::Trouble })
}

/// The pull secrets that the API server copies into a pod of the account whose own list is empty.
fn secrets_of_account(cluster: &Cluster, namespace: &str, name: &str) -> Result<Vec<String>> {
    let Some(account) = cluster.get("v1", "ServiceAccount", namespace, name) else {
        bail!(
            "--cluster has no ServiceAccount {name:?} in namespace {namespace:?}; -n names another namespace"
        );
    };
    let secrets = account.get("imagePullSecrets").and_then(Value::as_array).into_iter().flatten();
    Ok(secrets.filter_map(|secret| Some(secret.get("name")?.as_str()?.to_owned())).collect())
}
