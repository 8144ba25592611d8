//! A command with `--watch`: done again whenever a file that it reads has changed.

use std::path::Path;

use anyhow::Result;

use crate::cli::{ExitStatus, PolicyArgs};
use crate::diagnostic::plain;
use crate::settings;
use crate::watch::Watched;
use crate::{Io, fail};

/// What a command reads, and leaves out what it writes.
///
/// # Errors
/// - standard input among the paths
pub(super) fn inputs<'a>(
    policy: &PolicyArgs,
    paths: impl Iterator<Item = &'a String>,
    replay: Option<&Path>,
    written: impl Iterator<Item = &'a Path>,
) -> Result<Watched> {
    let mut watched = Watched::default();
    paths.map(String::as_str).try_for_each(|path| watched.add(path))?;
    let settings = policy.settings.as_deref().map(settings::file_of);
    settings.into_iter().try_for_each(|path| watched.add(path))?;
    for path in [policy.policy.as_deref(), replay].into_iter().flatten() {
        watched.add(&path.to_string_lossy())?;
    }
    written.for_each(|path| watched.leave_out(path));
    Ok(watched)
}

/// Does the work, and again after each change, until a signal ends the command. What goes wrong is said, and mended by the
/// next change.
///
/// # Errors
/// - a system that watches no (more) files
pub(super) fn run(
    watched: &Watched,
    io: &mut Io,
    mut work: impl FnMut(&mut Io) -> Result<ExitStatus>,
) -> Result<ExitStatus> {
    let talk = io.stderr.clone();
    let never = watched.run(
        || {
            if let Err(error) = work(io) {
                fail(&error, io);
            }
        },
        |changed| {
            let here = std::env::current_dir().unwrap_or_default();
            let names =
                changed.iter().map(|path| path.strip_prefix(&here).unwrap_or(path).display().to_string());
            talk.line(&plain(&format!("--- changed: {}", names.collect::<Vec<_>>().join(", "))));
        },
    )?;
    match never {}
}
