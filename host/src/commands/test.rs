//! `test`: run suites of cases against the policy.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, ValueEnum};
use regex::Regex;

use crate::args::{ConfigArgs, JobsArgs, LimitArgs, Output, OutputParser};
use crate::commands::policy_file::load_alone;
use crate::commands::rewrite::rewrite;
use crate::commands::{ordered_parallel, reports, skipped, watching};
use crate::console::ExitStatus;
use crate::console::Io;
use crate::console::io::fail;
use crate::files::encoding::Encoding;
use crate::files::watch::Watched;
use crate::suite::report::{self, CaseReport, Ended, Style, Summary};
use crate::suite::suite_files::DiskFiles;
use crate::suite::update::{Refusal, Updated, update};
use review::diagnostic::{Diagnostic, Diagnostics};
use review::log::Log;
use review::settings::SettingsError;
use review::suite::run::{CaseResult, run as run_case};
use review::suite::{self, Case, Loaded};

const EXAMPLES: &str = "Examples:
  acr-pull-secret test policy-tests/
  acr-pull-secret test --run 'expired|malformed' policy-tests/
  acr-pull-secret test -o text -o junit=results.xml policy-tests/
  acr-pull-secret test --update policy-tests/ && git diff

A suite:
  settings: {mode: validate}
  cases:
    - name: a pod without the secret is rejected
      object:
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: contoso.azurecr.io/web}]}
      expect: {decision: rejected, rules: [missing-pull-secret]}

Exit status: 0 all passed or were updated, 1 some failed, 2 a suite or its settings are broken, 3 no case ran";

/// Run test suites, whose cases state what the policy must decide
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Test {
    /// Suites: YAML files, folders, patterns
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// Run only cases whose name matches this regular expression
    #[arg(long, value_name = "PATTERN")]
    pub run: Option<Regex>,
    /// Update the suites with the policy's answers, for review with git diff
    #[arg(long)]
    pub update: bool,
    /// Run again when a file changes, until Ctrl-C
    #[arg(long, conflicts_with = "update")]
    pub watch: bool,
    /// Policy to run instead of the built-in one (policy.wasm)
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// What it may use
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Format of the report, and a file for it; may be given several times
    #[arg(short, long, value_name = "FORMAT[=FILE]", value_parser = OutputParser::<TestFormat>::default(), default_value = "text")]
    pub output: Vec<Output<TestFormat>>,
    /// How many cases are run at the same time
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// Show only problems
    #[arg(short, long)]
    pub quiet: bool,
    /// Where defaults come from
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// The formats of test results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// For CI servers
    Junit,
}

/// Runs the command; `config` is the config file that gave it defaults.
///
/// # Errors
/// - suites that cannot be read, an output that cannot be written
pub fn run(args: &Test, config: Option<&Path>, io: &mut Io) -> Result<ExitStatus> {
    if !args.watch {
        return run_suites(args, config, &load(args, io)?, io);
    }
    let mut watched = Watched::default();
    args.paths.iter().try_for_each(|path| watched.add(Path::new(path)))?;
    let suites = suite::load(&args.paths, &DiskFiles::default()).unwrap_or_default();
    let files = suites.iter().flat_map(|loaded| &loaded.files).chain(&args.policy);
    files.map(PathBuf::as_path).try_for_each(|file| watched.add(file))?;
    args.output.iter().filter_map(|output| output.file.as_deref()).for_each(|file| watched.leave_out(file));
    watching::run(&watched, io, |io| match load(args, io) {
        Ok(suites) => run_suites(args, config, &suites, io),
        // A suite is what the user is editing.
        Err(problems) => Ok(fail(&problems.into(), io)),
    })
}

/// Reads the suites, and says what was skipped in folders.
fn load(args: &Test, io: &Io) -> Result<Vec<Loaded>, Diagnostics> {
    let files = DiskFiles::default();
    let suites = suite::load(&args.paths, &files);
    if !args.quiet {
        skipped::tell_of_links(&files.folders(), "name them too", io);
    }
    suites
}

fn run_suites(args: &Test, config: Option<&Path>, suites: &[Loaded], io: &mut Io) -> Result<ExitStatus> {
    let files = suites.iter().flat_map(|loaded| &loaded.files).map(PathBuf::as_path);
    reports::refuse_clashes(&args.output, None, files, args.policy.as_deref().into_iter().chain(config))?;
    let is_wanted = |name: &str| args.run.as_ref().is_none_or(|pattern| pattern.is_match(name));
    let all = suites.iter().flat_map(|loaded| {
        let cases = loaded.suite.cases.iter().enumerate();
        cases.map(move |(number, case)| Picked { loaded, number, case })
    });
    let cases: Vec<Picked<'_>> = all.filter(|picked| is_wanted(&picked.case.name)).collect();
    if cases.is_empty() {
        let problem = match &args.run {
            Some(pattern) if !suites.is_empty() => {
                Diagnostic::error(format!("no case ran: no name matches {:?}", pattern.as_str()))
            }
            _ => Diagnostic::error("no case ran: there is no suite here")
                .with_help("a suite is a file with `cases`"),
        };
        io.stderr.diagnostic(&problem);
        return Ok(ExitStatus::Nothing);
    }
    let policy = load_alone(&args.limits, args.policy.as_deref(), io)?;
    let log: Arc<dyn Log> = Arc::new(io.stderr.clone());
    let progress = io.stderr.progress("cases run", cases.len());
    let run_one = |Picked { loaded, number, case }: Picked<'_>| {
        let result = run_case(&policy, policy.metadata(), loaded, number, case, &log);
        progress.step();
        result
    };
    let mut results: Vec<Result<CaseResult, SettingsError>> = Vec::new();
    let source = cases.iter().map(|picked| (0, *picked));
    ordered_parallel::run(
        args.jobs.threads()?,
        source,
        |picked| ((), vec![picked]),
        run_one,
        |(), result| {
            results.extend(result);
            ControlFlow::Continue(())
        },
    );
    drop(progress);

    let with_results = cases.iter().zip(&results);
    let mut reports: Vec<CaseReport<'_>> = with_results
        .map(|(Picked { loaded, number, .. }, result)| CaseReport::new(loaded, *number, result.as_ref()))
        .collect();
    say_errors(&cases, &results, &reports, io);
    let all_updated = !args.update || update_all(suites, &cases, &results, &mut reports, io);
    let summary = Summary::of(suites.len(), &reports);
    let all_written = reports::write_each(&args.output, io, |format, colour, out| match format {
        TestFormat::Text => report::write_text(&reports, summary, Style { colour, quiet: args.quiet }, out),
        TestFormat::Json => report::write_json(&reports, summary, out),
        TestFormat::Junit => report::write_junit(&reports, out),
    });
    Ok(match summary {
        Summary { errors: 1.., .. } => ExitStatus::Trouble,
        _ if !all_written || !all_updated => ExitStatus::Trouble,
        Summary { failed: 1.., .. } => ExitStatus::Found,
        _ => ExitStatus::Fine,
    })
}

/// A case that runs.
#[derive(Clone, Copy)]
struct Picked<'a> {
    loaded: &'a Loaded,
    /// Its number in its suite, from 0
    number: usize,
    case: &'a Case,
}

/// Reports why cases were not run: once for settings that many of them share.
fn say_errors(
    cases: &[Picked<'_>],
    results: &[Result<CaseResult, SettingsError>],
    reports: &[CaseReport<'_>],
    io: &Io,
) {
    let mut said = Vec::new();
    for ((_, result), report) in cases.iter().zip(results).zip(reports) {
        let Err(error) = result else { continue };
        let all = match error {
            SettingsError::Refused(Diagnostics(all)) => all.clone(),
            _ => vec![Diagnostic::error(format!("{}:{}: {error}", report.file, report.line))],
        };
        for diagnostic in all {
            if !said.contains(&diagnostic) {
                io.stderr.diagnostic(&diagnostic);
                said.push(diagnostic);
            }
        }
    }
}

/// Writes the policy's answers into the suites. A suite that cannot be written is reported and does not stop the others;
/// the result is then false.
fn update_all(
    suites: &[Loaded],
    cases: &[Picked<'_>],
    results: &[Result<CaseResult, SettingsError>],
    reports: &mut [CaseReport<'_>],
    io: &Io,
) -> bool {
    let mut all_written = true;
    for loaded in suites {
        let of_suite = |at: &usize| cases.get(*at).is_some_and(|picked| std::ptr::eq(picked.loaded, loaded));
        let failed: Vec<(usize, usize, &CaseResult)> = (0..cases.len())
            .filter(of_suite)
            .filter_map(|at| Some((at, cases.get(at)?.number, results.get(at)?.as_ref().ok()?)))
            .filter(|(_, _, result)| !result.passed())
            .collect();
        let numbered: Vec<(usize, &CaseResult)> =
            failed.iter().map(|(_, number, result)| (*number, *result)).collect();
        let Updated { text, refused } = update(loaded, &numbered);
        if text != loaded.file.text && !rewrite(&loaded.path, &loaded.file, &text, Encoding::Utf8, io) {
            all_written = false;
            continue;
        }
        for (at, number, _) in failed {
            let Some(report) = reports.get_mut(at) else { continue };
            let refusal: Option<Refusal> =
                refused.iter().find(|(other, _)| *other == number).map(|(_, refusal)| *refusal);
            match refusal {
                Some(refusal) => report.notes.push(format!("not updated: {refusal}")),
                None => report.result = Ended::Updated,
            }
        }
    }
    all_written
}
