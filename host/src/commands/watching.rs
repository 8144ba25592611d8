//! A command with `--watch`: it runs again when a file that it reads has changed.

use std::path::Path;

use anyhow::Result;

use crate::args::PolicyArgs;
use crate::args::settings;
use crate::console::ExitStatus;
use crate::console::Io;
use crate::console::io::fail;
use crate::files::watch::Watched;

/// A watch over the files that a command reads, without those that it writes.
///
/// # Errors
/// - standard input among the paths
pub(super) fn inputs<'a>(
    policy: &'a PolicyArgs,
    paths: impl Iterator<Item = &'a String>,
    replay: Option<&'a Path>,
    written: impl Iterator<Item = &'a Path>,
) -> Result<Watched> {
    let mut watched = Watched::default();
    let settings = policy.settings.as_deref().map(settings::file_of);
    let paths = paths.map(String::as_str).chain(settings).map(Path::new);
    paths.chain(policy.policy.as_deref()).chain(replay).try_for_each(|path| watched.add(path))?;
    written.for_each(|path| watched.leave_out(path));
    Ok(watched)
}

/// Runs the work, and again after each change, until a signal ends the command or the reader of its output is gone. Errors
/// are reported, and the watch goes on.
///
/// # Errors
/// - errors before the first run, such as invalid usage
/// - the system cannot watch (more) files
pub(super) fn run(
    watched: &Watched,
    io: &mut Io,
    mut work: impl FnMut(&mut Io) -> Result<ExitStatus>,
) -> Result<ExitStatus> {
    let mut is_first = true;
    loop {
        let armed = watched.arm()?;
        let status = match work(io) {
            Err(error) if is_first => return Err(error),
            done => done.unwrap_or_else(|error| fail(&error, io)),
        };
        is_first = false;
        let Some(changed) = watched.wait(&armed, nobody_reads) else { return Ok(status) };
        let here = std::env::current_dir().unwrap_or_default();
        let names = changed.iter().map(|path| path.strip_prefix(&here).unwrap_or(path).display().to_string());
        io.stderr.line(&format!("--- changed: {}", names.collect::<Vec<_>>().join(", ")));
    }
}

/// Whether the reader of standard output, such as `head`, is gone.
#[cfg(unix)]
fn nobody_reads() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let stdout = std::io::stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    let is_answered = poll(&mut asked, Some(&Timespec::default())).is_ok();
    is_answered && asked.iter().any(|asked| asked.revents().intersects(PollFlags::ERR | PollFlags::HUP))
}

#[cfg(not(unix))]
fn nobody_reads() -> bool {
    false
}
