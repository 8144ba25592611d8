//! `why`: why a pod in a cluster waits for its images.
//!
//! ```text
//! kubectl ─▶ gathering: pod, events, ServiceAccount, Secrets ─▶ why: facts ─▶ cause ─▶ report
//!                                    policy's explain, registries ─┘
//! ```

mod gathering;

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use review::diagnostic::{Diagnostic, Diagnostics};
use review::explanation;
use review::host_calls::HostCalls;
use review::object_name::parse_namespace;
use review::settings::Settings;
use serde_json::Value;

use self::gathering::{Found, Gathered, Gathering, GatheringError};
use crate::args::{AccessArgs, CompleteArgs, LimitArgs, PullArgs};
use crate::commands::explain::ExplainFormat;
use crate::commands::{policy_file, pulling};
use crate::console::{ExitStatus, Io};
use crate::kubectl::{Kubectl, Scope};
use crate::pull::{self, Asker, Plans, Pulls};
use crate::registry::acr_name;
use crate::report::json_text;
use crate::report::lines::Lines;
use crate::report::why::Answer;
use crate::sandbox::Policy;
use crate::why::cause;
use crate::why::pod::Pod;
use crate::why::target::Target;
use crate::why::{Facts, ImageFacts};

const EXAMPLES: &str = "Examples:
  acr-pull-secret why web-5d8f7c9b6-x2k4p -n shop
  acr-pull-secret why deployment/web -n shop              the pods that a workload made
  acr-pull-secret why web -n shop --pull                  also what the registry answers
  acr-pull-secret why web -n shop -o json

Exit status:
  0  every image can be pulled now, as far as is known, or spec.replicas of the workload is 0
  1  an image cannot be pulled, or a workload has no pods
  2  invalid usage, or kubectl failed";

/// Explain why a pod in a cluster waits for its images: what the kubelet reported, which credentials it tries, the cause, and the
/// command that fixes it. Reads the pod, its events, its ServiceAccount and the pull secrets that these list, with kubectl
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Why {
    /// Pods, or workloads whose pods are meant: NAME, deployment/NAME, statefulset/NAME, daemonset/NAME, replicaset/NAME, job/NAME
    #[arg(required = true, value_name = "POD")]
    pub pods: Vec<Target>,
    /// Their namespace [default: that of kubectl's context]
    #[arg(short, long, value_name = "NAME", value_parser = parse_namespace)]
    pub namespace: Option<String>,
    /// The cluster
    #[command(flatten)]
    pub access: AccessArgs,
    /// Format of the answer
    #[arg(short, long, value_enum, default_value = "text")]
    pub output: ExplainFormat,
    /// Whether registries are asked
    #[command(flatten)]
    pub pull: PullArgs,
}

/// Runs the command.
///
/// # Errors
/// - kubectl is not there or fails, a pod that does not exist
pub fn run(args: &Why, io: &mut Io) -> Result<ExitStatus> {
    let console = io.stderr.clone();
    let kubectl = Kubectl::new(args.access.context.as_deref(), args.access.kubeconfig.as_deref(), &console);
    let scope = args.namespace.clone().map_or(Scope::Context, Scope::Namespace);
    let gathering = Gathering { kubectl: &kubectl, scope: &scope, console: &console };
    let policy = policy_file::load_policy(LimitArgs::default().into(), None)?;
    let mut answers = Vec::new();
    for target in &args.pods {
        match gathering.find(target).map_err(|error| refused(&error))? {
            Found::NoPods { kind, namespace, name, is_wanted, cause } => {
                answers.push(Answer::of_workload(&kind, &namespace, &name, !is_wanted, cause));
            }
            Found::Pods(groups) => {
                for (pod, alike) in groups {
                    let gathered = gathering.about(&pod).map_err(|error| refused(&error))?;
                    let facts = facts(&pod, gathered, &policy, args, io)?;
                    answers.push(Answer::of_pod(&facts, cause::of(&facts), alike));
                }
            }
        }
    }
    write(&answers, args.output, io)?;
    Ok(if answers.iter().all(Answer::can_pull) { ExitStatus::Fine } else { ExitStatus::Found })
}

fn refused(error: &GatheringError) -> Diagnostics {
    Diagnostics(vec![Diagnostic::error(error.to_string()).with_help(error.help())])
}

/// What is known about a pod, with what the policy and, if wanted, the registries say about its images.
fn facts(object: &Value, gathered: Gathered, policy: &Policy, args: &Why, io: &Io) -> Result<Facts> {
    let Gathered { events, account, is_account_known, cluster, is_complete, secrets } = gathered;
    let pod = Pod::of(object);
    let cluster = Arc::new(cluster);
    let complete = CompleteArgs { complete: is_complete };
    let host: Arc<dyn HostCalls> = Arc::new(policy_file::lookups(&cluster, policy, None, complete, io));
    let settings = Settings::for_pulls();
    let mut images = Vec::new();
    for image in &pod.images {
        let question = explanation::Question {
            image: &image.reference,
            namespace: &pod.namespace,
            settings: &settings.json,
            pull_secrets: Some(&pod.pull_secrets),
            service_account: &pod.service_account,
            credentials: false,
        };
        let (_, explanation) = explanation::ask(policy, &question, host.clone())?;
        let domain = explanation.reference.as_ref().map(|reference| reference.domain.as_str());
        let acr = domain.and_then(acr_name).map(str::to_owned);
        images.push(ImageFacts { image: image.clone(), acr, explanation, pull: None });
    }
    if args.pull.pull {
        let asker = Asker {
            policy,
            settings: &settings.json,
            host,
            cluster: &cluster,
            is_complete,
            node: pulling::node(&args.pull, policy)?,
            plans: Plans::default(),
        };
        ask(&mut images, object, &pod, &asker, args, io)?;
    }
    Ok(Facts { pod, events, account, is_account_known, secrets, images })
}

/// Asks the registries of the images that the kubelet may pull.
fn ask(
    images: &mut [ImageFacts],
    object: &Value,
    pod: &Pod,
    asker: &Asker<'_>,
    args: &Why,
    io: &Io,
) -> Result<()> {
    let question = |image: &ImageFacts| pull::Question {
        image: image.image.reference.clone(),
        namespace: pod.namespace.clone(),
        service_account: pod.service_account.clone(),
        pull_secrets: pod.pull_secrets.clone(),
        // The kubelet does not look at the ServiceAccount.
        is_list_known: true,
    };
    let pulled = || images.iter().filter(|image| image.image.policy != "Never");
    let platform = pull::platform(object, &args.pull.platform);
    let pulls = Pulls::ask(asker, pulled().map(question), &args.pull.asking(false), io)?;
    for image in images.iter_mut().filter(|image| image.image.policy != "Never") {
        image.pull = pulls.result(&question(image), true, Some(&platform));
    }
    Ok(())
}

fn write(answers: &[Answer], format: ExplainFormat, io: &mut Io) -> Result<()> {
    match format {
        ExplainFormat::Json => {
            json_text::write_pretty(&answers, &mut io.stdout)?;
            writeln!(io.stdout)?;
        }
        ExplainFormat::Text => {
            for (i, answer) in answers.iter().enumerate() {
                if i > 0 {
                    writeln!(io.stdout)?;
                }
                answer.write(&mut Lines::new(&mut *io.stdout, false))?;
            }
        }
    }
    io.stdout.flush()?;
    Ok(())
}
