//! `bench`: measure how long checks take, compared with reading the same files and with other policies.

pub mod measurement;

use std::io::Write as _;
use std::iter;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use self::measurement::{Task, least};
use crate::args::settings::{self, refused};
use crate::args::{CompleteArgs, ConfigArgs, Format, Output, PolicyArgs};
use crate::commands::check::judging;
use crate::commands::inputs::{self, Problems};
use crate::commands::policy_file::{self, load_alone, lookups};
use crate::commands::reports::Reports;
use crate::commands::standard_input;
use crate::console::Console;
use crate::console::ExitStatus;
use crate::console::Io;
use crate::files::exclude::Exclude;
use crate::files::input::Given;
use crate::files::search::Search;
use crate::report::text::Style;
use crate::report::{Failing, json_text};
use crate::sandbox::{HostCalls, Policy};
use crate::text::counted;
use review::diagnostic::Diagnostic;
use review::evaluation::Evaluation;
use review::kind::{Judged, Kind};
use review::manifest::Manifest;
use review::verdict::Verdict;
use review::yaml;

const EXAMPLES: &str = "Examples:
  acr-pull-secret bench                            100 pods of 5 KB
  acr-pull-secret bench --settings policy.yaml manifests/
  acr-pull-secret bench --against other.wasm manifests/

The steps run in turn, each on one thread but that of `check -j1`, which has another for the report, and the least time
of all rounds counts. Each request gets a fresh instance of the policy, as in a cluster. Ratios of one run say more than
times, because machines differ.";

/// Measure how long it takes to check manifests, compared with reading them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Bench {
    /// Manifests: files, folders, patterns, - for standard input [default: 100 pods of 5 KB]
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,
    /// In folders, skip what matches this pattern; may be given several times
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// The policy and its settings
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// Another policy.wasm that gets the same requests, such as one that accepts everything; may be given several times
    #[arg(long, value_name = "FILE")]
    pub against: Vec<PathBuf>,
    /// Number of measurements of each step
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rounds: u32,
    /// Format of the figures
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub output: BenchFormat,
    /// Where defaults come from
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// The formats of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BenchFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// What was measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    objects: usize,
    /// Of them and of the pods that they make
    requests: usize,
    request_bytes: usize,
    rounds: u32,
    steps: Vec<Step>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    name: String,
    /// The unit of the measurement: `object` or `request`
    per: &'static str,
    microseconds: f64,
    /// The ratio of the step to reading all of the YAML
    times_reading: f64,
}

/// Runs the command.
///
/// # Errors
/// - invalid settings, an unusable policy, an output that cannot be written
pub fn run(args: &Bench, io: &mut Io) -> Result<ExitStatus> {
    let mut problems = Problems::default();
    let search = Search { exclude: Exclude::new(&args.exclude)?, ..Search::default() };
    let given = inputs::given(&args.policy.cluster, &search, io);
    if standard_input::is_empty_for("--cluster", &given, io) {
        return Ok(ExitStatus::Nothing);
    }
    let namespace = args.policy.namespace.as_str();
    let given = inputs::cluster_of(&given, namespace, io, &mut problems);
    let inputs = if args.paths.is_empty() {
        // The time of a single object would be negligible compared with starting the threads of `check`.
        let pods = [include_str!("bench/pod.yaml"); 100].join("---\n");
        vec![Ok(Given::Held { path: "pods.yaml".into(), name: "pods.yaml".to_owned(), bytes: pods.into() })]
    } else {
        inputs::given(&args.paths, &search, io)
    };
    let (mut texts, mut all) = (Vec::new(), Vec::new());
    inputs::read(&inputs, io, &mut problems, |part, manifests| {
        texts.push(part.file);
        all.extend(manifests);
    });
    let one = NonZero::<usize>::MIN;
    let cluster = Arc::new(inputs::cluster_with(given.clone(), &inputs, namespace, one).0);
    let settings = settings::load(&args.policy, io)?.unwrap_or_default();
    let policy = policy_file::load(&args.policy, Some(&settings), io)?;
    let others = args
        .against
        .iter()
        .map(|path| load_alone(&args.policy.limits, Some(path), io))
        .collect::<Result<Vec<Policy>>>()?;
    let host: Arc<dyn HostCalls> =
        Arc::new(lookups(&cluster, &policy, settings.resource.as_ref(), CompleteArgs { complete: true }, io));
    settings.validate(&policy, host.clone()).map_err(refused)?;
    let judged = Judged::of(policy.metadata());
    let mut evaluation = Evaluation::new(&policy, &settings.json, &judged, namespace, &cluster, host.clone());
    evaluation.resource = settings.resource.as_ref();
    let payloads: Vec<Vec<u8>> = all.iter().flat_map(|manifest| evaluation.payloads(manifest)).collect();
    if payloads.is_empty() {
        return Ok(nothing(&all, &inputs, &problems, io));
    }
    let path_of_own = args.policy.policy.as_deref().unwrap_or(Path::new("the built-in policy"));
    let policies = || iter::once(&policy).chain(&others);
    for (path, policy) in
        iter::once(path_of_own).chain(args.against.iter().map(PathBuf::as_path)).zip(policies())
    {
        // A failing policy may be quick, so its time is not meaningful.
        let answers = payloads.iter().try_for_each(|payload| answer(policy, payload, host.clone()));
        answers.with_context(|| format!("{}: the policy gives no answer", path.display()))?;
    }

    let ask = |policy: &Policy| {
        for payload in &payloads {
            drop(policy.call("validate", payload, host.clone()));
        }
    };
    let read = || texts.iter().for_each(|file| drop(yaml::documents(&file.text)));
    let request = || all.iter().for_each(|manifest| drop(evaluation.payloads(manifest)));
    let to_nobody = [Output { format: Format::Text, file: None }];
    let style = Style { colour: false, quiet: false, failing: Failing::default() };
    let check = || {
        drop(inputs::cluster_with(given.clone(), &inputs, namespace, one));
        let (stdin, stdout) = (Box::new(std::io::empty()), Box::new(std::io::sink()));
        let mut io = Io { stdin, stdout, stderr: Console::new(std::io::sink()), colour: false };
        let mut reports = Reports::begin(&to_nobody, style, &[], &io);
        let tally = judging::run(&evaluation, &inputs, &|_| (), one, &mut reports, &mut io);
        reports.finish(&tally.summary, &mut io);
    };
    let mut tasks: Vec<Task<'_>> =
        vec![Box::new(read), Box::new(request), Box::new(|| ask(&policy)), Box::new(check)];
    let per_object = |name: &str| (name.to_owned(), "object", all.len());
    let per_request =
        |name: &str| (format!("{name}, a fresh instance for each request"), "request", payloads.len());
    let mut names = vec![
        per_object("reading the YAML"),
        per_object("making the requests"),
        per_request("the policy"),
        per_object("check -j1: reading, checking, reporting"),
    ];
    for (path, policy) in args.against.iter().zip(&others) {
        tasks.push(Box::new(|| ask(policy)));
        names.push(per_request(&path.display().to_string()));
    }
    let times = least(args.rounds, &mut tasks);
    drop(tasks);
    let reading = times.first().copied().unwrap_or_default().max(Duration::from_nanos(1));
    let step = |((name, per, count), time)| Step {
        name,
        per,
        microseconds: micros(time) / figure(count),
        times_reading: micros(time) / micros(reading),
    };
    let figures = Figures {
        objects: all.len(),
        requests: payloads.len(),
        request_bytes: payloads.iter().map(Vec::len).sum::<usize>() / payloads.len(),
        rounds: args.rounds,
        steps: names.into_iter().zip(times).map(step).collect(),
    };
    figures.write(args.output, io)?;
    Ok(if problems.is_complete() { ExitStatus::Fine } else { ExitStatus::Trouble })
}

/// The status where nothing can be measured. Prints why, unless an input that cannot be read is the reason.
fn nothing(
    all: &[Manifest],
    inputs: &[Result<Given, Box<Diagnostic>>],
    problems: &Problems,
    io: &Io,
) -> ExitStatus {
    if !problems.is_complete() {
        return ExitStatus::Trouble;
    }
    if standard_input::is_empty_for("", inputs, io) {
        return ExitStatus::Nothing;
    }
    let message = if all.iter().any(|manifest| Kind::of(manifest.object()).is_some()) {
        "the policy does not apply to these objects, so nothing was measured"
    } else {
        "the inputs have no Kubernetes objects, so nothing was measured"
    };
    let help = "name files with pods or workloads, or leave them out to measure 100 pods of 5 KB";
    io.stderr.diagnostic(&Diagnostic::error(message).with_help(help));
    ExitStatus::Nothing
}

/// Checks that the policy answers a request.
fn answer(policy: &Policy, payload: &[u8], host: Arc<dyn HostCalls>) -> Result<()> {
    let response = policy.call("validate", payload, host)?;
    let payload: Value = serde_json::from_slice(payload)?;
    let object = payload.pointer("/request/object").unwrap_or(&Value::Null);
    Verdict::of(&response, object).context("it is not a ValidationResponse")?;
    Ok(())
}

impl Figures {
    fn write(&self, format: BenchFormat, io: &mut Io) -> Result<()> {
        let Self { objects, requests, request_bytes, rounds, steps } = self;
        match format {
            BenchFormat::Json => {
                json_text::write_pretty(self, &mut io.stdout)?;
                writeln!(io.stdout)?;
            }
            BenchFormat::Text => {
                let (objects, requests) = (counted(*objects, "object"), counted(*requests, "request"));
                writeln!(
                    io.stdout,
                    "{objects}, {requests} of {request_bytes} bytes; the least of {rounds} rounds"
                )?;
                let width = steps.iter().map(|step| step.name.chars().count()).max().unwrap_or_default();
                for Step { name, per, microseconds, times_reading } in steps {
                    writeln!(
                        io.stdout,
                        "{name:width$}  {microseconds:>9.1} µs per {per:7}  {times_reading:>6.2} × reading"
                    )?;
                }
            }
        }
        Ok(io.stdout.flush()?)
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[allow(clippy::cast_precision_loss, reason = "a count that is shown with four digits")]
fn figure(count: usize) -> f64 {
    count.max(1) as f64
}
