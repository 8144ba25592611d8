//! Parses the command line, runs the command, and exits.
#![forbid(unsafe_code)]

use std::io::{BufWriter, IsTerminal as _};
use std::process::ExitCode;

use acr_pull_secret::args::config::{self, CallError};
use acr_pull_secret::args::{missing, usage};
use acr_pull_secret::commands::{Cli, namespaces, plugin_completion, run};
use acr_pull_secret::console::{Console, ExitStatus, Io, interrupt};
use acr_pull_secret::files::input::OnlyOnce;
use acr_pull_secret::program;
use acr_pull_secret::sandbox::compiler;
use anstream::{AutoStream, ColorChoice};
use clap::CommandFactory as _;

/// Checking is many small values on many threads: an eighth of the time goes with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if let Some(end) = compiler::serve(std::env::args_os()) {
        return end;
    }
    if let Some(end) = namespaces::serve(std::env::args_os(), &Cli::command()) {
        return end;
    }
    if let Some(end) = plugin_completion::serve(std::env::args_os(), &Cli::command()) {
        return end;
    }
    program::set(std::env::args_os().next().as_deref());
    // `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM` have their say.
    let colour = AutoStream::choice(&std::io::stdout()) != ColorChoice::Never;
    let stderr_colour = AutoStream::choice(&std::io::stderr()) != ColorChoice::Never;
    let console =
        Console::new(std::io::stderr()).coloured(stderr_colour).watched(std::io::stderr().is_terminal());
    interrupt::end_cleanly(&console);
    let call = match config::parse::<Cli>(std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(CallError::Usage(error)) => {
            let args: Vec<_> = std::env::args_os().collect();
            match missing::of_missing(&error, &args).or_else(|| usage::of_paths_of_a_cluster(&error)) {
                Some(diagnostic) => {
                    console.diagnostic(&diagnostic);
                    return ExitCode::from(ExitStatus::Trouble as u8);
                }
                None => usage::shown(error).exit(),
            }
        }
        Err(CallError::Config(diagnostic)) => {
            console.diagnostic(&diagnostic);
            return ExitCode::from(ExitStatus::Trouble as u8);
        }
        Err(error) => {
            console.line(&format!("error: {error}"));
            return ExitCode::from(ExitStatus::Trouble as u8);
        }
    };
    let mut io = Io {
        stdin: Box::new(OnlyOnce::new(std::io::stdin().lock())),
        stdout: Box::new(BufWriter::new(std::io::stdout().lock())),
        stderr: console,
        colour,
    };
    ExitCode::from(run(call, &mut io) as u8)
}
