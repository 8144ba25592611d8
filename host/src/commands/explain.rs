//! `explain`: which entry, which secret, which key, whether the pull succeeds, and what a rule means.

mod mistaken;

use std::io;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use self::mistaken::mistaken;
use crate::args::settings::{self, refused};
use crate::args::{CompleteArgs, ConfigArgs, PolicyArgs, PullArgs};
use crate::commands::answers::{self, AnswerFormat};
use crate::commands::inputs::{self, Problems};
use crate::commands::policy_file;
use crate::commands::{pulling, question, standard_input};
use crate::console::ExitStatus;
use crate::console::Io;
use crate::files::search::Search;
use crate::pull::{self, Asker, Plans, Pulls, Unread};
use crate::report;
use crate::report::lines::Lines;
use review::cluster::Cluster;
use review::diagnostic::{Diagnostic, Diagnostics};
use review::explanation::{self, Explanation, Need, OutcomeState, Question, Usability};
use review::host_calls::HostCalls;
use review::pull::ImagePull;
use review::rule_help::{self, Rule};
use review::user_info::without_user_info;

const EXAMPLES: &str = "Examples:
  acr-pull-secret explain contoso.azurecr.io/shop/web:v1
  acr-pull-secret explain --settings policy.yaml -n shop contoso.azurecr.io/shop/web:v1
  acr-pull-secret explain --pull --cluster secrets.yaml contoso.azurecr.io/shop/web:v1
  acr-pull-secret explain secret-expired
  kubectl get secrets,serviceaccounts -n shop -o json |
    acr-pull-secret explain --cluster - -n shop --service-account web contoso.azurecr.io/web

Exit status:
  0  explained
  1  with --pull: a registry denies or does not have an image, or has it for other platforms only
  2  invalid usage, settings or input, or interrupted";

const SETTINGS: &str = "Settings of the policy (YAML or JSON), or the ClusterAdmissionPolicy or AdmissionPolicy that deploys it. FILE#2 is the \
     second document, - standard input";

const COMPLETE: &str = "Treat --cluster as complete: a Secret that is not in it does not exist. By default it may exist, unless \
                        --cluster has a Secret of that name only in another namespace";

const PULL: &str = "Ask the registries whether the images can be pulled, with the credentials that the kubelet would try from the \
                    Secrets in --cluster";

/// Explain images: which entry of the settings applies, which secret it names, which of its keys the kubelet tries, and whether
/// the pull succeeds. Explain rules: what a finding means and how to fix it
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    mut_arg("settings", |settings| settings.help(SETTINGS)),
    mut_arg("cluster", |cluster| cluster.help("Manifests with the Secrets and ServiceAccounts of the cluster")),
    mut_arg("namespace", |namespace| namespace.help("Namespace of the pod")),
    mut_arg("complete", |complete| complete.help(COMPLETE)),
    mut_arg("pull", |pull| pull.help(PULL)),
    mut_arg("platform", |platform| platform.help("Platform of the node"))
)]
pub struct Explain {
    /// Image references, for example contoso.azurecr.io/app:v1, or ids of rules
    #[arg(required = true, value_name = "IMAGE|RULE")]
    pub images: Vec<String>,
    /// The policy and its settings
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// Pull secret of the pod, looked up in --cluster; may be given several times [default: the one that the
    /// image needs]
    #[arg(long, value_name = "NAME", conflicts_with = "service_account")]
    pub pull_secret: Vec<String>,
    /// Service account of the pod in --cluster, which provides its pull secrets
    #[arg(long, value_name = "NAME")]
    pub service_account: Option<String>,
    /// Whether the inputs are complete
    #[command(flatten)]
    pub complete: CompleteArgs,
    /// Format of the explanation
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub output: AnswerFormat,
    /// Whether registries are asked
    #[command(flatten)]
    pub pull: PullArgs,
    /// Where defaults come from
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Runs the command.
///
/// # Errors
/// - invalid settings, an unusable policy, a policy that does not explain
/// - a `--cluster` that cannot be read completely, a misspelt rule
pub fn run(args: &Explain, io: &mut Io) -> Result<ExitStatus> {
    pulling::refuse_found_settings(&args.pull, &args.policy)?;
    let mut problems = Problems::default();
    let given = inputs::given(&args.policy.cluster, &Search::default(), io);
    if standard_input::is_empty_for("--cluster", &given, io) {
        return Ok(ExitStatus::Nothing);
    }
    let cluster = inputs::cluster_of(&given, &args.policy.namespace, io, &mut problems);
    // Without a part of the cluster, a Secret that exists would be reported as missing.
    ensure!(problems.is_complete(), "--cluster could not be read completely, so nothing was explained");
    let pull_secrets = match &args.service_account {
        Some(name) => secrets_of_account(&cluster, &args.policy.namespace, name),
        None if args.pull_secret.is_empty() => None,
        None => Some(args.pull_secret.clone()),
    };
    let cluster = Arc::new(cluster);
    let settings = settings::load(&args.policy, io)?;
    let policy = policy_file::load(&args.policy, settings.as_ref(), io)?;
    let (settings, _) = question::settings(settings, &policy);
    let host: Arc<dyn HostCalls> = Arc::new(policy_file::lookups(&cluster, &policy, None, args.complete, io));
    settings.validate(&policy, host.clone()).map_err(refused)?;

    // Without --pull-secret and --service-account, the pod is taken to have the secret that it needs.
    let is_list_guessed =
        args.service_account.is_none() && pull_secrets.is_none() && !args.policy.cluster.is_empty();
    let explain = |image: &str| -> Result<(Value, Explanation)> {
        let ask = |pull_secrets: Option<&[String]>| {
            let namespace = &args.policy.namespace;
            let service_account = args.service_account.as_deref().unwrap_or_default();
            let question = Question {
                image,
                namespace,
                settings: &settings.json,
                pull_secrets,
                service_account,
                credentials: false,
            };
            explanation::ask(&policy, &question, host.clone())
        };
        let mut answer = ask(pull_secrets.as_deref())?;
        match &answer.1.needs {
            Some(Need::Secret(name)) if is_list_guessed => {
                answer = ask(Some(std::slice::from_ref(name)))?;
            }
            _ => {}
        }
        add_help(&mut answer, args, pull_secrets.is_some());
        Ok(answer)
    };
    let rules = rule_help::rules(&policy, host.clone()).into_iter().chain(pull::rules::rules());
    let rules: Vec<Rule> = rules.map(|rule| report::with_named_calls(&rule)).collect();
    let mistaken: Vec<Diagnostic> = args.images.iter().filter_map(|word| mistaken(word, &rules)).collect();
    if !mistaken.is_empty() {
        return Err(Diagnostics(mistaken).into());
    }
    let mut answers = Vec::new();
    for word in &args.images {
        if let Some(rule) = rules.iter().find(|rule| rule.id == *word) {
            answers.push(Answer::Rule(rule));
            continue;
        }
        let (value, explanation) = explain(word).with_context(|| without_user_info(word).into_owned())?;
        answers.push(Answer::Image(value, Box::new(explanation), None));
    }
    let mut status = ExitStatus::Fine;
    if args.pull.pull {
        let asker = Asker {
            policy: &policy,
            settings: &settings.json,
            host,
            cluster: &cluster,
            is_complete: args.complete.complete,
            unread: Unread::NotGiven,
            node: pulling::node(&args.pull, &policy)?,
            plans: Plans::default(),
        };
        status = add_pulls(&mut answers, args, pull_secrets.as_deref(), &asker, io)?;
    }
    for answer in &answers {
        if let Answer::Image(_, explanation, _) = answer
            && let Some(error) = &explanation.error
        {
            status = ExitStatus::Trouble;
            let image = &explanation.image;
            // A placeholder may be substituted later, so the outcome is more useful than the parser's error.
            let open = explanation.outcome.as_ref().filter(|outcome| outcome.state == OutcomeState::Unknown);
            let why = open.and_then(|outcome| outcome.message.strip_prefix("not known: ")).unwrap_or(error);
            io.stderr.line(&format!("error: {image:?} is not a valid image reference: {why}"));
        }
    }
    answers::write(&answers, args.output, write_text, io)?;
    Ok(status)
}

/// The policy's answer about an argument of the command line.
enum Answer<'a> {
    /// The raw answer, the parsed one, and what the registry answers where it was asked
    Image(Value, Box<Explanation>, Option<Box<ImagePull>>),
    Rule(&'a Rule),
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // As a value of its own, because `pull` is added to the fields of the policy's answer.
        let value = match self {
            Answer::Image(value, _, None) => Ok(value.clone()),
            Answer::Image(value, _, Some(pull)) => serde_json::to_value(pull).map(|pull| {
                let mut value = value.clone();
                if let Some(fields) = value.as_object_mut() {
                    fields.insert("pull".to_owned(), pull);
                }
                value
            }),
            Answer::Rule(rule) => serde_json::to_value(rule),
        };
        value.map_err(S::Error::custom)?.serialize(serializer)
    }
}

fn write_text(answer: &Answer<'_>, lines: &mut Lines<'_>) -> io::Result<()> {
    match answer {
        Answer::Image(_, explanation, pull) => {
            // The registry's answer takes the place of what the Secrets let expect.
            let is_proven = pull.as_ref().is_some_and(|pull| pull.result.is_proven());
            let outcome = explanation.outcome.clone().filter(|_| !is_proven);
            let explanation = Explanation { outcome, ..(**explanation).clone() };
            report::explanation::write(&explanation, lines)?;
            pull.iter().try_for_each(|pull| report::explanation::write_pull(pull, lines))
        }
        Answer::Rule(rule) => report::explanation::write_rule(rule, lines),
    }
}

/// Asks the registries of the images, and returns whether a pull is known to fail.
fn add_pulls(
    answers: &mut [Answer<'_>],
    args: &Explain,
    pull_secrets: Option<&[String]>,
    asker: &Asker<'_>,
    io: &Io,
) -> Result<ExitStatus> {
    let question = |explanation: &Explanation, image: &str| {
        let looked_up = || explanation.secrets.iter().map(|secret| secret.name.clone()).collect();
        pull::Question {
            image: image.to_owned(),
            namespace: args.policy.namespace.clone(),
            service_account: args.service_account.clone().unwrap_or_default(),
            pull_secrets: pull_secrets.map_or_else(looked_up, <[String]>::to_vec),
            is_list_known: pull_secrets.is_some() || !explanation.secrets.is_empty(),
        }
    };
    let questions: Vec<Option<pull::Question>> = answers
        .iter()
        .zip(&args.images)
        .map(|(answer, image)| match answer {
            Answer::Image(_, explanation, _) => Some(question(explanation, image)),
            Answer::Rule(_) => None,
        })
        .collect();
    let pulls = Pulls::ask(asker, questions.iter().flatten().cloned(), &args.pull.asking(true), io)?;
    for (answer, question) in answers.iter_mut().zip(&questions) {
        if let (Answer::Image(_, _, pull), Some(question)) = (answer, question) {
            *pull = pulls.result(question, true, None).map(Box::new);
            pull.iter_mut().filter_map(|pull| pull.help.as_mut()).for_each(report::name_call);
        }
    }
    let fails =
        |answer: &Answer<'_>| matches!(answer, Answer::Image(_, _, Some(pull)) if pull.result.is_failure());
    Ok(if !pulls.is_complete() {
        pulling::tell_interrupted(io);
        ExitStatus::Trouble
    } else if answers.iter().any(fails) {
        ExitStatus::Found
    } else {
        ExitStatus::Fine
    })
}

/// The arguments to add where the outcome is not known.
fn add_help((value, explanation): &mut (Value, Explanation), args: &Explain, is_list_known: bool) {
    let Some(outcome) = explanation.outcome.as_mut().filter(|outcome| outcome.state == OutcomeState::Unknown)
    else {
        return;
    };
    let unread = explanation.secrets.iter().filter(|secret| secret.state == Usability::Unknown);
    let unread: Vec<&str> = unread.map(|secret| secret.name.as_str()).collect();
    let namespace = &args.policy.namespace;
    let help = match &explanation.needs {
        _ if explanation.error.is_some() => "pass the image reference that the pod gets".to_owned(),
        _ if let Some(account) = args.service_account.as_ref().filter(|_| !is_list_known) => {
            format!(
                "pass ServiceAccount {namespace}/{account} with --cluster PATH; -n selects another namespace"
            )
        }
        Some(Need::Secret(name)) if explanation.secrets.is_empty() && !is_list_known => {
            format!("pass Secret {name} with --cluster PATH, or name others with --pull-secret NAME too")
        }
        _ if !unread.is_empty() => format!("pass Secret {} with --cluster PATH", unread.join(", ")),
        _ if !is_list_known => {
            "pass the pod's Secrets with --cluster PATH and --pull-secret NAME, or its ServiceAccount with \
             --service-account NAME"
                .to_owned()
        }
        _ => return,
    };
    if let Some(outcome) = value.get_mut("outcome").and_then(Value::as_object_mut) {
        outcome.insert("help".to_owned(), help.clone().into());
    }
    outcome.help = Some(help);
}

/// The pull secrets that the API server copies into a pod of the account whose own list is empty; `None` where the
/// account is not among the inputs.
fn secrets_of_account(cluster: &Cluster, namespace: &str, name: &str) -> Option<Vec<String>> {
    let account = cluster.get("v1", "ServiceAccount", namespace, name)?;
    let secrets = account.get("imagePullSecrets").and_then(Value::as_array).into_iter().flatten();
    Some(secrets.filter_map(|secret| Some(secret.get("name")?.as_str()?.to_owned())).collect())
}
