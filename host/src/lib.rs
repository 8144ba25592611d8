//! The command `acr-pull-secret`: Kubernetes manifests, judged by the policy that guards the cluster.
//!
//! ```text
//! input ─▶ manifest ─▶ admission ─▶ policy (Wasm) ─▶ verdict ─▶ report, fixed file
//!                          ▲            │  ▲
//!                          └─ cluster ◀─┴──┘ lookups
//! ```
//!
//! The host shows only what the shipped policy said: it knows the wire format and none of the rules.

pub mod admission;
pub mod cli;
pub mod cluster;
pub mod commands;
pub mod config;
pub mod diagnostic;
mod edit;
pub mod evaluation;
pub mod exclude;
pub mod explanation;
pub mod fix;
pub mod host_calls;
pub mod input;
pub mod installation;
pub mod interrupt;
pub mod kind;
pub mod manifest;
pub mod manual;
pub mod measurement;
pub mod metadata;
pub mod module;
pub mod pipeline;
#[cfg(feature = "playground")]
pub mod playground;
pub mod policy;
pub mod policy_resource;
pub mod progress;
pub mod pull_secret;
pub mod quantity;
pub mod registry;
pub mod report;
pub mod rules;
pub mod save;
pub mod section;
pub mod session;
pub mod settings;
pub mod suite;
pub mod talk;
pub mod typed;
pub mod verdict;
pub mod watch;
pub mod yaml;

use std::io::{Read, Write};
use std::path::Path;

use cli::{Cli, Command, ExitStatus};
use diagnostic::Diagnostics;
use talk::Talk;

/// The streams of a command.
pub struct Io {
    /// Where `-` is read from
    pub stdin: Box<dyn Read>,
    /// Data
    pub stdout: Box<dyn Write>,
    /// Talk
    pub stderr: Talk,
    /// Whether standard output takes colours
    pub colour: bool,
}

/// Runs a command and says on `io.stderr` why it failed, if it did.
pub fn run(cli: &Cli, io: &mut Io) -> ExitStatus {
    for note in cli.given.iter().flat_map(|given| &given.notes) {
        io.stderr.plain(note);
    }
    let config = cli.given.as_ref().map(|given| Path::new(&given.file));
    let result = match &cli.command {
        Command::Check(args) => commands::check::run(args, config, io),
        Command::Fix(args) => commands::fix::run(args, io),
        Command::Playground(args) => commands::playground::run(args, io),
        Command::Test(args) => commands::test::run(args, config, io),
        Command::Explain(args) => commands::explain::run(args, io),
        Command::Secret(args) => commands::secret::run(args, io),
        Command::Completions(args) => commands::completions::run(args, io),
        Command::Man(args) => commands::man::run(args, io),
        Command::Policy(args) => commands::policy::run(args, io),
        Command::Bench(args) => commands::bench::run(args, io),
    };
    let status = result.unwrap_or_else(|error| fail(&error, io));
    if let Some(given) = cli.given.as_ref().filter(|given| !given.keys.is_empty())
        && matches!(status, ExitStatus::Trouble | ExitStatus::Nothing)
    {
        io.stderr.plain(&format!("note: {} gives {}", given.file, given.keys.join(", ")));
    }
    status
}

/// Says why a command failed.
fn fail(error: &anyhow::Error, io: &Io) -> ExitStatus {
    // Whoever reads has seen enough: `| head` is no error.
    if is_broken_pipe(error) {
        return ExitStatus::Fine;
    }
    if let Some(Diagnostics(all)) = error.downcast_ref() {
        for diagnostic in all {
            io.stderr.diagnostic(diagnostic);
        }
    } else if error.chain().len() == 1 && error.is::<std::io::Error>() {
        // Every other file has its name in the error.
        io.stderr.line(&format!("error: standard output cannot be written: {error}"));
    } else {
        io.stderr.plain(&format!("error: {error:#}"));
    }
    ExitStatus::Trouble
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>();
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.map(std::io::Error::kind).or(json) == Some(std::io::ErrorKind::BrokenPipe)
    })
}
