//! `check`: check manifests.

mod ends;
pub(super) mod judging;
mod live;
mod nothing;
mod status;

use std::io::Write as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::args::settings::{self, refused};
use crate::args::{
    CompleteArgs, ConfigArgs, FailOn, Format, JobsArgs, LiveArgs, Operation, Output, OutputParser,
    PolicyArgs, PullArgs, SearchArgs, StdinArgs,
};
use crate::commands::inputs::{self, Problems};
use crate::commands::policy_file::{self, lookups};
use crate::commands::question::{self, Question};
use crate::commands::reports::{self, Reports};
use crate::commands::{pulling, skipped, standard_input, watching};
use crate::console::ExitStatus;
use crate::console::Io;
use crate::files::atomic_file::{Access, Draft};
use crate::files::input::{self, Given};
use crate::files::origin::Origin;
use crate::program;
use crate::pull::{self, Asker, Plans, Pulls, Unread};
use crate::report::text::Style;
use crate::sandbox::Policy;
use crate::sandbox::lookup_recording::{Record, Replay};
use live::Live;
use nothing::Nothing;
use review::admission::ApiServer;
use review::cluster::Cluster;
use review::diagnostic::Diagnostic;
use review::engine::Engine;
use review::evaluation::Evaluation;
use review::host_calls::HostCalls;
use review::kind::Judged;
use review::lookups::Lookups;
use review::outcome::Outcome;
use review::rule_help::{Rule, rules};

const EXAMPLES: &str = "Examples:
  acr-pull-secret check manifests/                      a folder, recursively
  helm template shop charts/shop -n shop | acr-pull-secret check -n shop -
  acr-pull-secret check --settings policy.yaml 'deploy/*.yaml'
  kubectl get clusteradmissionpolicy acr-pull-secret-validate -o json |
    acr-pull-secret check --settings - deploy/
  acr-pull-secret check -k overlays/prod                what Kustomize builds
  kubectl get pods,deployments,serviceaccounts,secrets -A -o json | acr-pull-secret check -
  acr-pull-secret check --live -A --secrets             every namespace of a cluster
  acr-pull-secret check -o azure -o markdown=summary.md deploy/        in Azure Pipelines

Exit status:
  0  no finding at or above --fail-on
  1  at least one such finding
  2  invalid usage or settings, an input that cannot be read, or a report that cannot be written
  3  nothing was checked, or standard input is empty (unless --allow-empty)";

/// Check whether the pods in manifests can pull their images; with settings, what the policy does with them in a cluster
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Check {
    /// Manifests: YAML or JSON files, folders, patterns, - for standard input; optional with -k, or where the config file has
    /// paths; not with --live
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// Check what Kustomize builds from this folder, with kubectl kustomize or else kustomize build; may be given several
    /// times
    #[arg(short = 'k', long, value_name = "FOLDER")]
    pub kustomize: Vec<String>,
    /// What is read in folders
    #[command(flatten)]
    pub search: SearchArgs,
    /// What standard input is called
    #[command(flatten)]
    pub stdin: StdinArgs,
    /// The policy and its settings
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// How many objects are checked at the same time
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// Whether the inputs are complete
    #[command(flatten)]
    pub complete: CompleteArgs,
    /// What happens to the objects
    #[arg(long, value_enum, default_value = "create", ignore_case = true, value_name = "OPERATION")]
    pub operation: Operation,
    /// The objects before the update, for --operation update
    #[arg(long, value_name = "PATH")]
    pub old: Vec<String>,
    /// Session recorded by --record or by kwctl, which answers the policy's lookups instead of a cluster
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// Record the policy's lookups and their answers in a session, one object at a time. It contains all answers: with
    /// cluster.secrets: credentials, these include credentials
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Format of the report, and a file for it; may be given several times
    #[arg(short, long, value_name = "FORMAT[=FILE]", value_parser = OutputParser::<Format>::default(), default_value = "text")]
    pub output: Vec<Output>,
    /// Lowest severity that makes the exit status 1
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "reject")]
    pub fail_on: FailOn,
    /// Show only problems
    #[arg(short, long)]
    pub quiet: bool,
    /// Succeed when there is nothing to check
    #[arg(long)]
    pub allow_empty: bool,
    /// Check again when a file changes, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// What is read of a cluster
    #[command(flatten)]
    pub live: LiveArgs,
    /// Whether registries are asked
    #[command(flatten)]
    pub pull: PullArgs,
    /// Where defaults come from
    #[command(flatten)]
    pub config: ConfigArgs,
}

impl Check {
    /// Whether the report for people goes to standard output.
    fn is_read_as_text(&self) -> bool {
        self.output.iter().any(|output| output.format == Format::Text && output.file.is_none())
    }
}

/// Runs the command; `config` is the config file that gave it defaults.
///
/// # Errors
/// - invalid settings, an unusable policy, an output that cannot be written
/// - `--cluster` or `--old` that cannot be read completely
pub fn run(args: &Check, config: Option<&Path>, io: &mut Io) -> Result<ExitStatus> {
    ensure!(
        args.old.is_empty() || args.operation == Operation::Update,
        "--old has the objects before an update: add --operation update, or leave it out"
    );
    args.live.refuse_alone()?;
    pulling::refuse_found_settings(&args.pull, &args.policy)?;
    if args.pull.pull {
        ensure!(
            args.operation == Operation::Create,
            "--pull is for objects that are created: leave out --operation"
        );
        ensure!(
            !args.watch && args.record.is_none() && args.replay.is_none(),
            "--pull asks registries once and from the inputs: leave out --watch, --record and --replay"
        );
    }
    if !args.watch {
        return judge(args, config, io);
    }
    let paths = args.paths.iter().chain(&args.policy.cluster).chain(&args.old);
    let written =
        args.output.iter().filter_map(|output| output.file.as_deref()).chain(args.record.as_deref());
    let mut watched = watching::inputs(&args.policy, paths, args.replay.as_deref(), written)?;
    watched.search(args.search.search()?);
    args.kustomize.iter().for_each(|folder| watched.add_built(Path::new(folder)));
    watching::run(&watched, io, |io| judge(args, config, io))
}

fn judge(args: &Check, config: Option<&Path>, io: &mut Io) -> Result<ExitStatus> {
    let stdin_name = args.stdin.name_among(&args.paths)?;
    let mut problems = Problems::default();
    let search = args.search.search()?;
    let given = inputs::given(&args.policy.cluster, &search, io);
    let old = inputs::given(&args.old, &search, io);
    let (inputs, folders) = inputs::given_in_folders(&args.paths, &search, io);
    let mut inputs = standard_input::named(inputs, stdin_name);
    inputs.extend(inputs::built(&args.kustomize));
    let live = Live::read(args, io)?;
    inputs.extend(live.inputs());
    let complete = live.complete(args.complete);
    refuse_clashes(args, config, given.iter().chain(&old).chain(&inputs).flatten())?;
    if lacks_cluster(args, &given, &old, io) {
        return Ok(ExitStatus::Nothing);
    }
    let namespace = args.policy.namespace.as_str();
    let mut cluster = inputs::cluster_of(&given, namespace, io, &mut problems);
    live.add_secrets(&mut cluster);
    // Without a part of it, objects that exist would be reported as missing.
    ensure!(problems.is_complete(), "--cluster could not be read completely, so nothing was checked");
    let mut was = Vec::new();
    inputs::read(&old, io, &mut problems, |_, manifests| was.extend(manifests.into_iter().map(Value::from)));
    // Without a part of them, updates would be reported as new objects.
    ensure!(problems.is_complete(), "--old could not be read completely, so nothing was checked");
    // A session has an order, so objects are processed one at a time while one is recorded.
    let jobs = if args.record.is_some() { NonZero::<usize>::MIN } else { args.jobs.threads()? };
    let (cluster, duplicates) = inputs::cluster_with(cluster, &inputs, namespace, jobs);
    inputs::warn_of(&duplicates, io);
    let cluster = Arc::new(cluster);

    let given = settings::load(&args.policy, io)?;
    let policy = policy_file::load(&args.policy, given.as_ref(), io)?;
    let (settings, question) = question::settings(given, &policy);
    ensure_own_policy(args, policy.is_own())?;
    let host = answering(args, lookups(&cluster, &policy, settings.resource.as_ref(), complete, io), io)?;
    let record = args.record.as_ref().map(|path| begin_record(path, &host)).transpose()?;
    let host: Arc<dyn HostCalls> = record.as_ref().map_or(host, |(.., record)| record.clone());
    settings.validate(&policy, host.clone()).map_err(refused)?;
    let evaluation = Evaluation {
        policy: &policy,
        settings: &settings.json,
        secret_settings: settings.secret_json.as_deref(),
        is_complete: complete.complete,
        has_inventory: reports::need_inventory(&args.output),
        resource: settings.resource.as_ref(),
        judged: &Judged::of(policy.metadata()),
        api_server: ApiServer {
            namespace,
            operation: args.operation.as_str(),
            old: &was,
            cluster: &cluster,
            are_pods_admitted: args.live.live,
        },
        host: host.clone(),
    };
    let asker = asker(args, &policy, &settings.json, &cluster, complete, io)?;
    let style = Style { colour: io.colour, quiet: args.quiet, failing: args.fail_on.into() };
    let rules = described_rules(args, &policy, host);
    let mut reports = Reports::begin(&args.output, style, &rules, io);
    problems.all.iter().for_each(|problem| reports.problem(problem, io));
    live.warn_of_forbidden(io);
    if !args.quiet {
        if args.is_read_as_text() {
            question.tell(&settings, io);
        }
        live.tell(question, io);
        skipped::tell(&folders, &search, io);
        skipped::tell_of_images(&evaluation, &folders, io);
    }
    let pulls =
        args.pull.pull.then(|| pulling::ask(&evaluation, &inputs, &asker, &args.pull, io)).transpose()?;
    let ends = live.ends(question, &evaluation);
    let add = |outcome: &mut Outcome| {
        if let Some(pulls) = &pulls {
            pulls.attach(&evaluation, outcome);
        }
        ends.attach(&evaluation, &asker, outcome);
    };
    let tally = judging::run(&evaluation, &inputs, &add, jobs, &mut reports, io);

    let all_asked = pulls.as_ref().is_none_or(Pulls::is_complete);
    let all_read = tally.all_read && all_asked;
    let nothing = Nothing::of(status::of(args, &tally.summary, all_read), args, &tally, &inputs);
    if let Some(nothing) = &nothing {
        reports.nothing(&nothing.error, io);
    }
    let all_written = reports.finish(&tally.summary, io);
    record.map(end_record).transpose()?;
    if !args.quiet {
        skipped::tell_of_unreadable(&tally.unreadable, io);
        live.tell_of_unknown(&tally.unknown, io);
    }
    let status = status::of(args, &tally.summary, all_read && all_written);
    let status = nothing.map_or(status, |nothing| nothing.tell(status, io));
    if !args.quiet {
        live.tell_of_rejected(&tally.of_live, io);
    }
    // A pull that fails is a problem, as is a Secret that ends.
    live.warn_of_waiting(&tally.of_live, io);
    ends.tell_of_unused(io);
    if tally.can_be_fixed {
        point_at_fix(args, question, io);
    }
    Ok(status)
}

/// What answers the policy's lookups: these, or a recorded session.
fn answering(args: &Check, lookups: Lookups, io: &mut Io) -> Result<Arc<dyn HostCalls>> {
    let Some(path) = &args.replay else { return Ok(Arc::new(lookups)) };
    let session = input::read(path, &mut io.stdin)?;
    Ok(Arc::new(Replay::parse(&session.name, &session.text)?))
}

/// What says which images the policy applies to, and which credentials the kubelet tries.
fn asker<'a>(
    args: &Check,
    policy: &'a Policy,
    settings: &'a RawValue,
    cluster: &'a Arc<Cluster>,
    complete: CompleteArgs,
    io: &Io,
) -> Result<Asker<'a>> {
    Ok(Asker {
        policy,
        settings,
        host: Arc::new(lookups(cluster, policy, None, complete, io)),
        cluster,
        is_complete: complete.complete,
        unread: Unread::NotGiven,
        node: pulling::node(&args.pull, policy)?,
        plans: Plans::default(),
    })
}

fn ensure_own_policy(args: &Check, is_own: bool) -> Result<()> {
    ensure!(
        !args.pull.pull || is_own,
        "--pull needs the built-in policy, which says what the kubelet tries: leave out --policy"
    );
    Ok(())
}

/// Whether standard input is empty, although `--cluster` or `--old` reads it. Prints so.
fn lacks_cluster(
    args: &Check,
    cluster: &[Result<Given, Box<Diagnostic>>],
    old: &[Result<Given, Box<Diagnostic>>],
    io: &Io,
) -> bool {
    let is_empty = |(option, inputs)| standard_input::is_empty_for(option, inputs, io);
    !args.allow_empty && [("--cluster", cluster), ("--old", old)].into_iter().any(is_empty)
}

/// Opens the session before anything is evaluated, so that an unwritable path is reported before a part of the report is
/// written.
fn begin_record<'a>(path: &'a Path, host: &Arc<dyn HostCalls>) -> Result<(&'a Path, Draft, Arc<Record>)> {
    let draft = Draft::new(path, Access::Private).with_context(|| unwritable(path))?;
    Ok((path, draft, Arc::new(Record::new(host.clone()))))
}

/// Writes the session.
fn end_record((path, mut draft, record): (&Path, Draft, Arc<Record>)) -> Result<()> {
    let written = draft.write_all(record.session().as_bytes()).and_then(|()| draft.finish());
    written.with_context(|| unwritable(path))
}

fn unwritable(path: &Path) -> String {
    format!("{}: cannot be written", path.display())
}

/// The rules that reports describe.
fn described_rules(args: &Check, policy: &dyn Engine, host: Arc<dyn HostCalls>) -> Vec<Rule> {
    let mut described = if reports::need_rules(&args.output) { rules(policy, host) } else { Vec::new() };
    if args.pull.pull {
        described.extend(pull::rules::rules());
    }
    described
}

/// Refuses to overwrite a file that is an input.
fn refuse_clashes<'a>(
    args: &'a Check,
    config: Option<&'a Path>,
    inputs: impl Iterator<Item = &'a Given>,
) -> Result<()> {
    let settings = args.policy.settings.as_deref().map(|settings| Path::new(settings::file_of(settings)));
    let others = args.policy.policy.as_deref().into_iter().chain(args.replay.as_deref());
    // The file that `--stdin-name` names was read too, by the command before the pipe.
    let others = others.chain(settings).chain(config).chain(args.stdin.stdin_name.as_ref().map(Path::new));
    let files = inputs.filter(|given| given.origin() != Origin::Live).map(Given::path);
    Ok(reports::refuse_clashes(&args.output, args.record.as_deref(), files, others)?)
}

/// Prints the next step for readers of the text report.
fn point_at_fix(args: &Check, question: Question, io: &Io) {
    if args.is_read_as_text() && !args.quiet && args.operation == Operation::Create {
        let same = if question == Question::Pulls { "paths" } else { "paths and settings" };
        io.stderr.line(&format!(
            "note: to preview the fixes, run {} fix --diff with the same {same}",
            program::name()
        ));
    }
}
