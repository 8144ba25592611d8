//! Parses the command line, runs the command, and exits.
#![forbid(unsafe_code)]

use std::io::{BufWriter, IsTerminal as _};
use std::process::ExitCode;

use acr_pull_secret::cli::ExitStatus;
use acr_pull_secret::config::{self, CallError};
use acr_pull_secret::input::OnlyOnce;
use acr_pull_secret::talk::Talk;
use acr_pull_secret::{Io, interrupt, run};
use anstream::{AutoStream, ColorChoice};

/// Judging is many small values on many threads: an eighth of the time goes with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM` have their say.
    let colour = AutoStream::choice(&std::io::stdout()) != ColorChoice::Never;
    let talk_colour = AutoStream::choice(&std::io::stderr()) != ColorChoice::Never;
    let talk = Talk::new(std::io::stderr()).coloured(talk_colour).watched(std::io::stderr().is_terminal());
    interrupt::end_cleanly(&talk);
    let cli = match config::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(CallError::Usage(error)) => error.exit(),
        Err(error) => {
            talk.plain(&format!("error: {error}"));
            return ExitCode::from(ExitStatus::Trouble as u8);
        }
    };
    let mut io = Io {
        stdin: Box::new(OnlyOnce::new(std::io::stdin().lock())),
        stdout: Box::new(BufWriter::new(std::io::stdout().lock())),
        stderr: talk,
        colour,
    };
    ExitCode::from(run(&cli, &mut io) as u8)
}
