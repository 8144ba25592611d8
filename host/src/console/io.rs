//! The streams of a command.

use std::io::{Read, Write};

use review::diagnostic::Diagnostics;

use super::{Console, ExitStatus};
use crate::files::input::InputError;
use crate::text::reason_of;

/// The streams of a command.
pub struct Io {
    /// Where `-` is read from
    pub stdin: Box<dyn Read>,
    /// Data
    pub stdout: Box<dyn Write>,
    /// Console
    pub stderr: Console,
    /// Whether standard output supports colours
    pub colour: bool,
}

/// Reports why a command failed.
pub(crate) fn fail(error: &anyhow::Error, io: &Io) -> ExitStatus {
    // A closed pipe (`| head`) is not an error.
    if is_broken_pipe(error) {
        return ExitStatus::Fine;
    }
    if let Some(Diagnostics(all)) = error.downcast_ref() {
        for diagnostic in all {
            io.stderr.diagnostic(diagnostic);
        }
    } else if let Some(error) = error.downcast_ref::<InputError>().filter(|_| error.chain().len() == 1) {
        io.stderr.diagnostic(&error.into());
    } else {
        let causes =
            error.chain().map(|cause| cause.downcast_ref().map_or_else(|| cause.to_string(), reason_of));
        let message = causes.collect::<Vec<_>>().join(": ");
        // An error without a file name is one of standard output.
        let is_of_output = error.chain().len() == 1 && error.is::<std::io::Error>();
        let output = if is_of_output { "standard output cannot be written: " } else { "" };
        io.stderr.line(&format!("error: {output}{message}"));
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
