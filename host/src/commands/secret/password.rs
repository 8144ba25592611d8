//! The password on standard input.

use std::io::{IsTerminal as _, Read as _};

use anyhow::{Context as _, Result, bail};
use review::diagnostic::{Diagnostic, Diagnostics};

use crate::console::Io;
use crate::pull_secret::password::suspicion;

/// core/v1 `MaxSecretSize`
const LONGEST_PASSWORD: u64 = 1 << 20;

/// Reads the password from standard input.
///
/// # Errors
/// - a terminal, or an input that is no text, empty or too long
pub(super) fn read(io: &mut Io) -> Result<String> {
    // What is typed at a terminal is shown on it.
    if std::io::stdin().is_terminal() {
        bail!(
            "the password would be visible on the terminal; pass it with `--password-stdin < FILE` or a pipe"
        );
    }
    let mut bytes = Vec::new();
    (&mut io.stdin)
        .take(LONGEST_PASSWORD + 1)
        .read_to_end(&mut bytes)
        .context("standard input cannot be read")?;
    if bytes.len() as u64 > LONGEST_PASSWORD {
        bail!("standard input is too long for a password: a Secret holds at most 1 MiB");
    }
    let Ok(mut password) = String::from_utf8(bytes) else {
        bail!("the password on standard input is not UTF-8 text");
    };
    // As docker login --password-stdin does.
    if password.ends_with('\n') {
        password.pop();
        if password.ends_with('\r') {
            password.pop();
        }
    }
    if password.is_empty() {
        let error = Diagnostic::error("the password on standard input is empty");
        bail!(Diagnostics(vec![
            error.with_help("see whether the file, or the command before the pipe, prints a password")
        ]));
    }
    Ok(password)
}

/// Refuses a password that looks like something else; `whose` names it in the message.
///
/// # Errors
/// - it looks like something else
pub(super) fn check(password: &str, whose: &str) -> Result<()> {
    let Some(suspicion) = suspicion(password) else { return Ok(()) };
    let help = format!("{}, or add --accept-any-password", suspicion.help());
    bail!(Diagnostics(vec![Diagnostic::error(format!("{whose} {suspicion}")).with_help(help)]))
}
