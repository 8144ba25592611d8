//! `why`: why a pod in a cluster waits for its images.
//!
//! ```text
//! kubectl ─▶ gathering: pod, events, ServiceAccount, Secrets ─▶ why: facts ─▶ cause ─▶ report
//!                                    policy's explain, registries ─┘
//! ```

mod access;
mod gathering;
mod grouping;
mod likeness;
mod workload;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Result;
use clap::Args;
use review::diagnostic::{Diagnostic, Diagnostics};
use review::explanation::{self, Usability};
use review::host_calls::HostCalls;
use review::object_name::parse_namespace;
use review::settings::Settings;
use serde_json::Value;

use self::access::with_access;
use self::gathering::{Found, Gathered, Gathering, GatheringError};
use self::grouping::Group;
use crate::args::{AccessArgs, CompleteArgs, LimitArgs, PullArgs};
use crate::commands::answers::{self, AnswerFormat};
use crate::commands::{policy_file, pulling};
use crate::console::{ExitStatus, Io};
use crate::kubectl::{Kubectl, Scope};
use crate::pull::{self, Asker, Plans, Pulls, ReadFailure, Unread};
use crate::pull_secret::time::Time;
use crate::registry::acr_name;
use crate::report::why::Answer;
use crate::sandbox::Policy;
use crate::why::cause::{self, Cause};
use crate::why::pod::Pod;
use crate::why::target::Target;
use crate::why::{Facts, ImageFacts};

const EXAMPLES: &str = "Examples:
  acr-pull-secret why web-5d8f7c9b6-x2k4p -n shop
  acr-pull-secret why deployment/web cronjob/report -n shop   the pods that workloads made
  acr-pull-secret why web -n shop --pull                      also what the registry answers
  acr-pull-secret why web -n shop -o json

Exit status:
  0  every image can be pulled now, as far as is known, or the workload asks for no pods now
  1  an image cannot be pulled, or only the next pull of a pod that runs fails,
     or a workload has no pods
  2  invalid usage, or kubectl failed";

const PULL: &str = "Ask the registries whether the images can be pulled, with the credentials that the kubelet would try from the \
                    pull secrets of the pod";

/// Explain why a pod in a cluster waits for its images: what the kubelet reported, which credentials it tries, the cause, and the
/// command that fixes it. Reads the pod, its events, its ServiceAccount and the pull secrets that these list, with kubectl
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, mut_arg("pull", |pull| pull.help(PULL)))]
pub struct Why {
    /// Pods, or workloads whose pods are meant: NAME, deployment/NAME, statefulset/NAME, daemonset/NAME, replicaset/NAME, job/NAME,
    /// cronjob/NAME, or short as for kubectl: deploy/NAME
    #[arg(required = true, value_name = "POD")]
    pub pods: Vec<String>,
    /// Their namespace [default: that of kubectl's context]
    #[arg(short, long, value_name = "NAME", value_parser = parse_namespace)]
    pub namespace: Option<String>,
    /// The cluster
    #[command(flatten)]
    pub access: AccessArgs,
    /// Format of the answer
    #[arg(short, long, value_enum, default_value = "text")]
    pub output: AnswerFormat,
    /// Whether registries are asked
    #[command(flatten)]
    pub pull: PullArgs,
}

/// Runs the command.
///
/// # Errors
/// - a text that names no pod and no workload, a pod that does not exist
/// - kubectl is not there or fails: what was found before is written
pub fn run(args: &Why, io: &mut Io) -> Result<ExitStatus> {
    let targets = targets(args)?;
    let console = io.stderr.clone();
    let kubectl = Kubectl::new(args.access.context.as_deref(), args.access.kubeconfig.as_deref(), &console);
    let scope = args.namespace.clone().map_or(Scope::Context, Scope::Namespace);
    let gathering = Gathering { kubectl: &kubectl, scope: &scope, console: &console };
    let policy = policy_file::load_policy(LimitArgs::default().into(), None)?;
    let mut answers = Vec::new();
    let mut explained = Vec::new();
    let mut missing = Vec::new();
    let refused = |error: &GatheringError| {
        let help = with_access(&error.help(), &args.access);
        Diagnostic::error(error.to_string()).with_help(help)
    };
    let on_cluster = |cause: Cause| cause.with_help(|help| with_access(help, &args.access));
    let mut explain = |target: &Target| -> Result<()> {
        match gathering.find(target) {
            Ok(Found::NoPods { kind, namespace, name, is_wanted, cause }) => {
                answers.push(Answer::of_workload(&kind, &namespace, &name, !is_wanted, &on_cluster(cause)));
                Ok(())
            }
            Ok(Found::Pods(groups)) => {
                groups.into_iter().try_for_each(|Group { pod, events, alike }| -> Result<()> {
                    // Several names may mean one pod.
                    let place =
                        ["/metadata/namespace", "/metadata/name"].map(|path| pod.pointer(path).cloned());
                    if explained.contains(&place) {
                        return Ok(());
                    }
                    explained.push(place);
                    let gathered = gathering.about(&pod, events);
                    let facts = facts(&pod, gathered, &policy, args, io)?;
                    answers.push(Answer::of_pod(&facts, &on_cluster(cause::of(&facts)), alike));
                    Ok(())
                })
            }
            // The others are explained.
            Err(error) if error.is_about_name() => {
                missing.push(refused(&error));
                Ok(())
            }
            Err(error) => Err(Diagnostics(vec![refused(&error)]).into()),
        }
    };
    let ended = targets.iter().try_for_each(&mut explain);
    if !answers.is_empty() {
        answers::write(&answers, args.output, Answer::write, io)?;
    }
    if ended.is_err() {
        for missing in &missing {
            io.stderr.diagnostic(missing);
        }
    } else if !missing.is_empty() {
        return Err(Diagnostics(missing).into());
    }
    ended?;
    Ok(if answers.iter().all(Answer::can_pull) { ExitStatus::Fine } else { ExitStatus::Found })
}

/// The pods and workloads that are named.
///
/// # Errors
/// - those of [`Target`], for each text
fn targets(args: &Why) -> Result<Vec<Target>, Diagnostics> {
    let mut targets = Vec::new();
    let mut wrong = Vec::new();
    for text in &args.pods {
        match text.parse::<Target>() {
            Ok(target) => targets.push(target),
            Err(error) => {
                let help = with_access(&error.help(args.namespace.as_deref()), &args.access);
                wrong.push(Diagnostic::error(error.to_string()).with_help(help));
            }
        }
    }
    if wrong.is_empty() { Ok(targets) } else { Err(Diagnostics(wrong)) }
}

/// What is known about a pod, with what the policy and, if wanted, the registries say about its images.
fn facts(object: &Value, gathered: Gathered, policy: &Policy, args: &Why, io: &Io) -> Result<Facts> {
    let Gathered { mut events, are_events_known, account, cluster, read_failures, secrets, mut mask } =
        gathered;
    let mut pod = Pod::of(object);
    let mut hide = |message: &mut String| {
        if let Cow::Owned(shown) = mask.text(message) {
            *message = shown;
        }
    };
    pod.change_messages(&mut hide);
    for event in &mut events {
        hide(&mut event.message);
    }
    pod.learn(&events);
    let cluster = Arc::new(cluster);
    let is_complete = read_failures.secrets.is_empty();
    let unread: Vec<String> = read_failures.secrets.iter().map(|(name, _)| name.clone()).collect();
    let complete = CompleteArgs { complete: true };
    let lookups = policy_file::lookups(&cluster, policy, None, complete, io).unread(unread);
    let host: Arc<dyn HostCalls> = Arc::new(lookups);
    let settings = Settings::for_pulls();
    let listed = account.as_ref().and_then(|account| account.get("imagePullSecrets")?.as_array());
    let listed = listed.into_iter().flatten().filter_map(|entry| entry.get("name")?.as_str());
    let listed: Vec<String> = listed.filter(|name| !name.is_empty()).map(str::to_owned).collect();
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
        let (_, mut explanation) = explanation::ask(policy, &question, host.clone())?;
        for secret in explanation.secrets.iter_mut().filter(|secret| secret.state == Usability::Unknown) {
            let reason = match read_failures.of_secret(&secret.name) {
                Some(ReadFailure::Forbidden) => "this login may not read it",
                Some(ReadFailure::NoLogin | ReadFailure::Other) | None => "kubectl could not read it",
            };
            secret.reason = Some(reason.to_owned());
        }
        let of_account = if pod.pull_secrets.is_empty() && !listed.is_empty() {
            let question = explanation::Question { pull_secrets: Some(&listed), ..question };
            Some(explanation::ask(policy, &question, host.clone())?.1)
        } else {
            None
        };
        let domain = explanation.reference.as_ref().map(|reference| reference.domain.as_str());
        let of_lower_case = match domain.and_then(|domain| in_lower_case(&image.reference, domain)) {
            Some(image) => {
                let question = explanation::Question { image: &image, ..question };
                Some(explanation::ask(policy, &question, host.clone())?.1)
            }
            None => None,
        };
        let acr = domain.and_then(acr_name).map(str::to_owned);
        let image = image.clone();
        images.push(ImageFacts { image, acr, explanation, of_account, of_lower_case, pull: None });
    }
    if args.pull.pull {
        let asker = Asker {
            policy,
            settings: &settings.json,
            host,
            cluster: &cluster,
            is_complete,
            unread: Unread::NotRead(read_failures.clone()),
            node: pulling::node(&args.pull, policy)?,
            plans: Plans::default(),
        };
        ask(&mut images, object, &pod, &asker, args, io)?;
    }
    let clock = Time::of_clock(SystemTime::now());
    Ok(Facts { pod, events, are_events_known, clock, account, secrets, read_failures, images })
}

/// The image with its registry in lower case; none where it is so written.
fn in_lower_case(image: &str, registry: &str) -> Option<String> {
    let lower = registry.to_ascii_lowercase();
    let rest = image.strip_prefix(registry).filter(|_| lower != registry)?;
    Some(lower + rest)
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
    let pulled = || images.iter().filter(|image| !image.image.is_never_pulled);
    let platform = pull::platform(object, &args.pull.platform);
    let pulls = Pulls::ask(asker, pulled().map(question), &args.pull.asking(false), io)?;
    for image in images.iter_mut().filter(|image| !image.image.is_never_pulled) {
        image.pull = pulls.result(&question(image), true, Some(&platform));
    }
    Ok(())
}
