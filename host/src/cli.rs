//! The command line.

use std::num::NonZero;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;

use crate::commands::bench::Bench;
use crate::commands::check::Check;
use crate::commands::completions::Completions;
use crate::commands::explain::Explain;
use crate::commands::fix::Fix;
use crate::commands::man::ManArgs;
use crate::commands::playground::Playground;
use crate::commands::policy::Policy;
use crate::commands::secret::MakeSecret;
use crate::commands::test::Test;
use crate::config::Given;
use crate::policy::Limits;
use crate::pull_secret::parse_namespace;

/// Judge and mend Kubernetes manifests that pull from Azure Container Registry.
///
/// Runs the very policy that guards the cluster, on files.
#[derive(Debug, Parser)]
#[command(name = "acr-pull-secret", version, after_help = EXIT_STATUS, max_term_width = 100)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// Where defaults come from
    #[command(flatten)]
    pub config: ConfigArgs,
    /// What the config file gave
    #[arg(skip)]
    pub given: Option<Given>,
}

const EXIT_STATUS: &str = "Exit status:
  0  fine
  1  something at or above --fail-on
  2  wrong call, settings or input
  3  nothing was judged (unless --allow-empty)";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge manifests
    Check(Box<Check>),
    /// Write missing pull secrets into manifests
    Fix(Box<Fix>),
    /// Serve a page that judges manifests in the browser
    Playground(Playground),
    /// Run suites of cases
    Test(Test),
    /// Explain images: entry, secret and key
    Explain(Explain),
    /// Make a pull secret's manifest
    Secret(MakeSecret),
    /// Write the completions of a shell
    Completions(Completions),
    /// Write the manual
    Man(ManArgs),
    /// Look at the policy, publish it, put it into a cluster
    Policy(Policy),
    /// Measure what judging costs, beside reading the same files
    Bench(Bench),
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Nothing to complain about
    Fine = 0,
    /// Something at or above `--fail-on`
    Found = 1,
    /// Wrong call, settings or input
    Trouble = 2,
    /// Nothing was judged
    Nothing = 3,
}

/// Which config file is read.
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    /// Config file [default: the .acr-pull-secret.yaml of this folder, or the nearest above it in the repository]
    #[arg(long, global = true, display_order = 900, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Read no config file
    #[arg(long, global = true, display_order = 901)]
    pub no_config: bool,
}

/// The policy and what it is told.
#[derive(Debug, Clone, Args)]
pub struct PolicyArgs {
    /// Settings of the policy (YAML or JSON), or the `ClusterAdmissionPolicy` or `AdmissionPolicy` that deploys it,
    /// which is honoured with its rules, selectors, mode and message. FILE#2 is the second document, - standard input
    #[arg(long, value_name = "FILE[#N]", conflicts_with = "settings_json")]
    pub settings: Option<String>,
    /// Settings of the policy, as JSON
    #[arg(long, value_name = "JSON")]
    pub settings_json: Option<String>,
    /// Another policy.wasm than the one built in
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// What it may use
    #[command(flatten)]
    pub limits: Limits,
    /// Manifests that stand for the cluster: Secrets and ServiceAccounts in there are looked up, not judged
    #[arg(long, value_name = "PATH")]
    pub cluster: Vec<String>,
    /// Namespace of objects that name none
    #[arg(short, long, default_value = "default", value_name = "NAME", value_parser = parse_namespace)]
    pub namespace: String,
    /// How many objects to judge at the same time [default: one per core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub jobs: Option<u16>,
}

impl PolicyArgs {
    /// How many threads judge.
    ///
    /// # Errors
    /// - the system does not say how many cores there are
    pub(crate) fn jobs(&self) -> Result<NonZero<usize>> {
        let jobs = self.jobs.and_then(|jobs| NonZero::new(jobs.into()));
        jobs.map_or_else(std::thread::available_parallelism, Ok)
            .context("the number of cores is not known; give --jobs")
    }
}

/// What counts as a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Objects that would be changed, and everything worse
    Mutate,
    /// Warnings, and everything worse
    Warn,
    /// Refused objects
    Reject,
}

/// What happens to the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Operation {
    /// They are created
    Create,
    /// They are changed
    Update,
    /// They are deleted
    Delete,
}

impl Operation {
    /// As an admission request says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// A format, and the file it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output<F = Format> {
    /// The format
    pub format: F,
    /// The file; standard output where there is none
    pub file: Option<PathBuf>,
}

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs; its schema is host/src/report/schema.json
    Json,
    /// For CI servers: a suite for each file, a case for each object
    Junit,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For GitHub Actions: annotations of the changed files
    Github,
}

/// Reads `json` or `json=report.json`.
pub fn parse_output(text: &str) -> Result<Output, String> {
    parse_format(text)
}

/// Reads a format of some kind, and the file behind `=`.
pub fn parse_format<F: ValueEnum>(text: &str) -> Result<Output<F>, String> {
    let (format, file) = match text.split_once('=') {
        Some((_, "")) => return Err("no file after `=`".to_owned()),
        Some((format, "-")) => (format, None),
        Some((format, file)) => (format, Some(file.into())),
        None => (text, None),
    };
    let format = F::from_str(format, false).map_err(|_| {
        let names: Vec<String> = F::value_variants().iter().map(format_name).collect();
        format!("unknown format; known are {}, each also as FORMAT=FILE", names.join(", "))
    })?;
    Ok(Output { format, file })
}

/// A format as the command line says it.
pub fn format_name<F: ValueEnum>(format: &F) -> String {
    format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
