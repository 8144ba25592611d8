//! `test`: run suites of cases against the policy.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use serde::Serialize;

use crate::Io;
use crate::cli::ExitStatus;
use crate::commands::load_policy;
use crate::kind::Judged;
use crate::suite::expect::{Difference, rules_of};
use crate::suite::{self, Loaded, run::CaseResult};
use crate::verdict::Decision;

const EXAMPLES: &str = "Examples:
  acr-pull-secret test policy-tests/
  acr-pull-secret test -o json tests/cases/pods.yaml

A suite:
  settings: {mode: validate}
  cases:
    - name: a pod without the secret is refused
      object: {apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web, image: contoso.azurecr.io/web}]}}
      expect: {decision: rejected, rules: [missing-pull-secret]}";

/// Run suites of cases: what must the policy decide?
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Test {
    /// Suites: YAML files, folders, patterns
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// Another policy.wasm than the one built in
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Format of the results
    #[arg(short, long, value_enum, default_value = "text")]
    pub output: TestFormat,
}

/// The formats of test results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Serialize)]
struct CaseLine<'a> {
    file: String,
    line: usize,
    name: &'a str,
    passed: bool,
    decision: Decision,
    rules: Vec<String>,
    differences: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// - suites that cannot be read, settings that the policy refuses
pub fn run(args: &Test, io: &mut Io) -> Result<ExitStatus> {
    let suites = suite::load(&args.paths)?;
    if suites.is_empty() {
        bail!("there is no suite here");
    }
    let policy = load_policy(args.policy.as_deref())?;
    let judged = Judged::of(policy.metadata());
    let talk = &io.stderr;
    let cases: Vec<(&Loaded, usize)> =
        suites.iter().flat_map(|loaded| (0..loaded.suite.cases.len()).map(move |i| (loaded, i))).collect();
    let results: Result<Vec<(CaseLine<'_>, Vec<Difference>)>> = cases
        .into_par_iter()
        .map(|(loaded, i)| {
            let (Some(case), Some(line)) = (loaded.suite.cases.get(i), loaded.lines.get(i)) else {
                bail!("no case {i}");
            };
            let file = loaded.path.display().to_string();
            let ran = suite::run::run(&policy, &judged, &loaded.suite, case, talk);
            let CaseResult { verdict, differences } =
                ran.with_context(|| format!("{file}:{line}: case {:?}", case.name))?;
            let line = CaseLine {
                file,
                line: *line,
                name: &case.name,
                passed: differences.is_empty(),
                decision: verdict.decision,
                rules: rules_of(&verdict),
                differences: differences.iter().map(show).collect(),
            };
            Ok((line, differences))
        })
        .collect();
    let results = results?;
    let failed = results.iter().filter(|(line, _)| !line.passed).count();
    match args.output {
        TestFormat::Json => {
            let lines: Vec<&CaseLine<'_>> = results.iter().map(|(line, _)| line).collect();
            serde_json::to_writer_pretty(&mut io.stdout, &lines)?;
            writeln!(io.stdout)?;
        }
        TestFormat::Text => {
            for (line, _) in results.iter().filter(|(line, _)| !line.passed) {
                writeln!(io.stdout, "FAILED {}:{}: {}", line.file, line.line, line.name)?;
                for difference in &line.differences {
                    writeln!(io.stdout, "{difference}")?;
                }
            }
            let suites = suites.len();
            writeln!(io.stdout, "{} passed, {failed} failed, in {suites} suites", results.len() - failed)?;
        }
    }
    io.stdout.flush()?;
    Ok(if failed > 0 { ExitStatus::Found } else { ExitStatus::Fine })
}

fn show(difference: &Difference) -> String {
    let Difference { what, expected, actual } = difference;
    format!("  {what}\n    - {expected}\n    + {actual}")
}
