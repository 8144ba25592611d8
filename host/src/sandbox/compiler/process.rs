//! The side that starts the compiler, sends it the module and ends it.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::Budget;
use super::child::{Answer, COMMAND};
use crate::sandbox::code::Code;
use crate::sandbox::error::PolicyError;
use crate::text::reason_of;

/// The wall clock allows this many times the limit: on a busy machine a process waits for its turn, and that is not the
/// policy's fault. Where the system limits what a process computes, that limit comes first.
const PATIENCE: u32 = 3;

/// Compiles a module in a process that `executable` starts.
pub(super) fn compile(executable: &Path, wasm: &[u8], budget: Budget) -> Result<Code, PolicyError> {
    let failed =
        |error: io::Error| PolicyError::Compiler(format!("{}: {}", executable.display(), reason_of(&error)));
    let mut command = Command::new(executable);
    command
        .arg(COMMAND)
        .args([budget.address_space().to_string(), budget.time.as_secs().to_string()])
        // Its allocator would reserve a gibibyte at its start, which the limit would have to allow.
        .env("MIMALLOC_ARENA_RESERVE", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().map_err(failed)?;
    let ended = converse(&mut child, wasm, budget);
    if !matches!(ended, Ok(Some(_))) {
        // It may have ended already.
        let _ = child.kill();
        let _ = child.wait();
    }
    let Some((output, status)) = ended.map_err(failed)? else {
        return Err(PolicyError::CompileTime(budget.time));
    };
    if !status.success() {
        return Err(died(status, budget));
    }
    match Answer::read(output) {
        Some(Answer::Code(code)) => Ok(Code::of_ours(code)),
        Some(Answer::Invalid(reason)) => Err(PolicyError::Invalid(reason)),
        Some(Answer::OutOfMemory) => Err(PolicyError::CompileMemory(budget.memory)),
        Some(Answer::Failed(reason)) => Err(PolicyError::Compiler(reason)),
        None => Err(PolicyError::Compiler("it gave no answer".to_owned())),
    }
}

/// What the process answers and how it ends; none where it takes too long.
fn converse(child: &mut Child, wasm: &[u8], budget: Budget) -> io::Result<Option<(Vec<u8>, ExitStatus)>> {
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    let (sender, receiver) = mpsc::sync_channel(1);
    let most = budget.address_space();
    thread::scope(|scope| {
        let named = |name: &str| thread::Builder::new().name(name.to_owned());
        let reader = named("compiler output").spawn_scoped(scope, move || {
            let mut output = Vec::new();
            let read = stdout.take(most).read_to_end(&mut output);
            // After the time limit nothing waits for it.
            let _ = sender.send(read.map(|_| output));
        });
        let writer = named("compiler input").spawn_scoped(scope, move || {
            // A process that has ended does not read input; its exit status gives the reason.
            let _ = stdin.write_all(&(wasm.len() as u64).to_le_bytes());
            let _ = stdin.write_all(wasm);
            let _ = stdin.flush();
            stdin
        });
        let time = budget.time.saturating_mul(PATIENCE);
        let output = reader.and_then(|_| match receiver.recv_timeout(time.min(FOREVER)) {
            Ok(output) => output.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::BrokenPipe.into()),
        });
        let status = match output {
            // It has closed its output, so it is about to end.
            Ok(Some(output)) => child.wait().map(|status| Some((output, status))),
            // Both threads end when it does.
            other => {
                let _ = child.kill();
                other.map(|_| None)
            }
        };
        // Until it has ended its input stays open: the end of its input tells it that nothing waits for it any more.
        drop(writer.map(thread::ScopedJoinHandle::join));
        status
    })
}

/// Longer than any real wait, because an endless wait is another function.
const FOREVER: Duration = Duration::from_hours(24 * 365);

/// Why a process ended within its time by the wall clock.
#[cfg(unix)]
fn died(status: ExitStatus, budget: Budget) -> PolicyError {
    use std::os::unix::process::ExitStatusExt as _;

    use rustix::process::Signal;

    let is = |signals: &[Signal]| signals.iter().any(|signal| status.signal() == Some(signal.as_raw()));
    if is(&[Signal::XCPU]) {
        PolicyError::CompileTime(budget.time)
    // Without memory, Rust aborts, and a stack that cannot grow is a fault.
    } else if is(&[Signal::ABORT, Signal::SEGV, Signal::BUS]) {
        PolicyError::CompileMemory(budget.memory)
    } else {
        PolicyError::Compiler(format!("it ended with {status}"))
    }
}

#[cfg(not(unix))]
fn died(status: ExitStatus, _: Budget) -> PolicyError {
    PolicyError::Compiler(format!("it ended with {status}"))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

    use super::{Budget, compile};
    use crate::sandbox::error::PolicyError;

    /// The result of a compilation by a program with this text.
    fn compiled_by(script: &str, time: Duration) -> PolicyError {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("compiler");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        compile(&program, b"\0asm", Budget { time, memory: 1 << 20 }).err().unwrap()
    }

    #[test]
    fn a_compiler_that_ends_by_itself_is_an_error_of_its_own() {
        let long = Duration::from_mins(1);
        for (script, reason) in [
            ("exit 0", "it gave no answer"),
            ("echo garbage", "it gave no answer"),
            ("exit 3", "exit status: 3"),
            ("kill -9 $$", "signal: 9"),
        ] {
            let error = compiled_by(script, long);
            assert!(
                matches!(&error, PolicyError::Compiler(told) if told.contains(reason)),
                "{script}: {error:?}"
            );
        }
        assert_eq!(compiled_by("kill -ABRT $$", long), PolicyError::CompileMemory(1 << 20));
        assert_eq!(compiled_by("kill -XCPU $$", long), PolicyError::CompileTime(long));
    }

    #[test]
    fn a_compiler_that_does_not_end_is_killed() {
        let short = Duration::from_millis(50);
        assert_eq!(compiled_by("exec sleep 600", short), PolicyError::CompileTime(short));
    }
}
