//! Parses the command line, runs the command, and exits.
#![forbid(unsafe_code)]

use std::io::{BufWriter, IsTerminal as _};
use std::process::ExitCode;

use acr_pull_secret::cli::ExitStatus;
use acr_pull_secret::config::{self, CallError};
use acr_pull_secret::input::OnlyOnce;
use acr_pull_secret::talk::Talk;
use acr_pull_secret::{Io, run};

fn main() -> ExitCode {
    let cli = match config::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(CallError::Usage(error)) => error.exit(),
        Err(error) => {
            Talk::new(std::io::stderr()).line(&format!("error: {error}"));
            return ExitCode::from(ExitStatus::Trouble as u8);
        }
    };
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let mut io = Io {
        stdin: Box::new(OnlyOnce::new(std::io::stdin().lock())),
        stdout: Box::new(BufWriter::new(std::io::stdout().lock())),
        stderr: Talk::new(std::io::stderr()),
        colour: std::io::stdout().is_terminal() && !is_set("NO_COLOR"),
    };
    ExitCode::from(run(&cli, &mut io) as u8)
}
