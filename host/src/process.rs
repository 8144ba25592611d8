//! Runs another program within limits: of time, and of what it prints.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Interval at which a program that has closed its output is checked for its end.
const ASKED: Duration = Duration::from_millis(5);

/// Bytes of the largest output that is kept.
const MOST: u64 = 256 << 20;

/// Bytes that are kept of a program's error messages.
const MOST_TALK: usize = 64 << 10;

/// Characters of these messages that are shown.
const MOST_SHOWN: usize = 2000;

/// How long a program may take before its caller learns what it waits for, such as a login.
const PATIENCE: Duration = Duration::from_secs(3);

/// Interval at which its messages are read then.
const READ: Duration = Duration::from_millis(100);

/// The groups of processes that run, by their leaders. What one of them started belongs to it.
#[cfg(unix)]
static GROUPS: Mutex<Vec<rustix::process::Pid>> = Mutex::new(Vec::new());

/// What is known about a program that takes longer than [`PATIENCE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slow<'a> {
    /// It runs; this comes first, and once
    Running,
    /// A line of its messages
    Says(&'a str),
}

/// What a program leaves that has ended.
pub(crate) struct Ended {
    /// How it ended; none where it was stopped because of its output
    pub(crate) status: Option<ExitStatus>,
    /// What it printed; none where that is too much
    pub(crate) output: Option<Vec<u8>>,
    /// Its messages, up to a limit
    pub(crate) talk: String,
    /// Those that the caller does not know by [`Slow`]
    pub(crate) rest: String,
}

impl Ended {
    /// Whether its exit status is 0.
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// Runs a program without input; none where it takes longer than the limit, which ends it. It inherits the environment, and
/// Ctrl-C on the terminal ends it too.
///
/// # Errors
/// - there is no such program, or it cannot be run
pub(crate) fn run(command: &mut Command, limit: Duration) -> io::Result<Option<Ended>> {
    run_patiently(command, limit, &mut |_| {})
}

/// As [`run`]; the caller learns what a slow program says while it runs.
///
/// # Errors
/// - there is no such program, or it cannot be run
pub(crate) fn run_patiently(
    command: &mut Command,
    limit: Duration,
    slow: &mut dyn FnMut(Slow<'_>),
) -> io::Result<Option<Ended>> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    wait(child, limit, slow)
}

/// Lets a program lead a group of processes. Ctrl-C on the terminal does not reach it then: who starts it calls [`end_groups`].
pub(crate) fn in_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Ends every group of processes that a program leads. Nothing waits for them: this process is about to end.
#[cfg(unix)]
pub(crate) fn end_groups() {
    let groups = GROUPS.lock().unwrap_or_else(PoisonError::into_inner);
    groups.iter().copied().for_each(kill);
}

/// Waits for the end of a program, and ends it where it takes longer than the limit; none then.
fn wait(mut child: Child, limit: Duration, slow: &mut dyn FnMut(Slow<'_>)) -> io::Result<Option<Ended>> {
    let group = Group::of(&child);
    let ended = end(&mut child, Instant::now() + limit, slow);
    if !matches!(ended, Ok(Some(Ended { output: Some(_), .. }))) {
        // It may have ended already.
        group.end();
        let _ = child.kill();
        let _ = child.wait();
    }
    ended
}

/// The group of processes that a program leads, if it leads one.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let leader = rustix::process::Pid::from_child(child);
        let is_group = rustix::process::getpgid(Some(leader)) == Ok(leader);
        if is_group {
            GROUPS.lock().unwrap_or_else(PoisonError::into_inner).push(leader);
        }
        Self { leader: is_group.then_some(leader) }
    }

    #[cfg(not(unix))]
    fn of(_: &Child) -> Self {
        Self {}
    }

    fn end(&self) {
        #[cfg(unix)]
        self.leader.into_iter().for_each(kill);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        GROUPS.lock().unwrap_or_else(PoisonError::into_inner).retain(|group| Some(*group) != self.leader);
    }
}

#[cfg(unix)]
fn kill(group: rustix::process::Pid) {
    // It may have ended already.
    let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
}

/// What a program leaves that ends in time.
fn end(child: &mut Child, deadline: Instant, slow: &mut dyn FnMut(Slow<'_>)) -> io::Result<Option<Ended>> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Neither thread is waited for without a limit: what the program has started may keep its output open forever.
    let output = in_thread(move || {
        let mut kept = Vec::new();
        stdout.map_or(Ok(0), |stdout| stdout.take(MOST + 1).read_to_end(&mut kept)).map(|_| kept)
    })?;
    let talk = Talk::default();
    let heard = {
        let talk = talk.clone();
        in_thread(move || stderr.map_or((), |stderr| talk.hear(stderr)))?
    };
    let (mut is_slow, mut told) = (false, 0);
    let impatient = Instant::now() + PATIENCE;
    let output = loop {
        match output.recv_timeout(deadline.saturating_duration_since(Instant::now()).min(READ)) {
            Ok(output) => break output?,
            Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {
                if Instant::now() >= impatient {
                    if !is_slow {
                        is_slow = true;
                        slow(Slow::Running);
                    }
                    told += talk.tell(told, slow);
                }
            }
            Err(_) => return Ok(None),
        }
    };
    if output.len() as u64 > MOST {
        return Ok(Some(Ended { status: None, output: None, talk: String::new(), rest: String::new() }));
    }
    if before(deadline, &heard).is_none() {
        return Ok(None);
    }
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            let (talk, rest) = (talk.from(0), talk.from(told));
            return Ok(Some(Ended { status: Some(status), output: Some(output), talk, rest }));
        }
        thread::sleep(ASKED);
    }
    Ok(None)
}

/// The messages of a program so far.
#[derive(Clone, Default)]
struct Talk(Arc<Mutex<Vec<u8>>>);

impl Talk {
    /// Reads all messages, and keeps the first. A program with many must not block because they are not read. A message that cannot
    /// be read in full is kept as far as it was read.
    fn hear(&self, mut stderr: impl Read) {
        let mut buffer = [0; 4096];
        loop {
            match stderr.read(&mut buffer) {
                Ok(length @ 1..) => {
                    let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = MOST_TALK.saturating_sub(kept.len());
                    kept.extend(buffer.iter().take(length.min(room)));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => return,
            }
        }
    }

    /// Passes on the lines that have ended, from this byte. Returns their length in bytes.
    fn tell(&self, start: usize, slow: &mut dyn FnMut(Slow<'_>)) -> usize {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let rest = kept.get(start..).unwrap_or_default();
        let length = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines = String::from_utf8_lossy(rest.get(..length).unwrap_or_default());
        lines.lines().for_each(|line| slow(Slow::Says(line)));
        length
    }

    fn from(&self, start: usize) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(kept.get(start..).unwrap_or_default()).into_owned()
    }
}

fn in_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Receiver<T>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("program".to_owned());
    // After the time limit the receiver is gone, and sending fails.
    thread.spawn(move || drop(sender.send(work())))?;
    Ok(receiver)
}

fn before<T>(deadline: Instant, receiver: &Receiver<T>) -> Option<T> {
    receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
}

/// An error message on one line, cut to [`MOST_SHOWN`] characters.
pub(crate) fn on_one_line(talk: &str) -> String {
    let lines = talk.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join("; ");
    let shown: String = line.chars().take(MOST_SHOWN).collect();
    match (shown.is_empty(), shown.len() < line.len()) {
        (true, _) => "it gave no reason".to_owned(),
        (false, true) => format!("{shown}…"),
        (false, false) => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_SHOWN, on_one_line};

    #[test]
    fn a_complaint_is_one_line_of_bounded_length() {
        assert_eq!(on_one_line("error: a\n\n  b\r\n"), "error: a; b");
        assert_eq!(on_one_line(" \n"), "it gave no reason");
        assert_eq!(on_one_line(&"ä".repeat(9000)).chars().count(), MOST_SHOWN + 1);
    }

    /// Whether it is silent, has closed its output, or has passed its output to another process.
    #[cfg(unix)]
    #[test]
    fn a_program_that_does_not_end_is_stopped() {
        use std::process::{Command, Stdio};
        use std::time::{Duration, Instant};

        use super::wait;

        let run = |script: &str, limit: Duration| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let child = command.spawn().unwrap();
            let id = child.id().to_string();
            (wait(child, limit, &mut |_| {}).unwrap(), id)
        };
        let started = Instant::now();
        for script in ["exec sleep 30", "exec sleep 30 >&- 2>&-", "exec sleep 30 >&-", "sleep 5 & exit 0"] {
            let (ended, id) = run(script, Duration::from_millis(200));
            assert!(ended.is_none(), "{script}");
            let is_there = Command::new("kill").args(["-0", &id]).stderr(Stdio::null()).status().unwrap();
            assert!(!is_there.success(), "{script}");
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        let (ended, _) = run("echo a; echo b >&2; sleep 0.1; exit 3", Duration::from_mins(1));
        let ended = ended.unwrap();
        assert!(!ended.is_success());
        assert_eq!((ended.output, ended.talk), (Some(b"a\n".to_vec()), "b\n".to_owned()));
    }

    /// Such as where to log in, for which the program waits.
    #[cfg(unix)]
    #[test]
    fn what_a_slow_program_says_is_known_while_it_runs() {
        use std::process::Command;
        use std::time::Duration;

        use super::{Slow, run_patiently};

        let folder = tempfile::tempdir().unwrap();
        let login = folder.path().join("login");
        let script = "echo a >&2; printf b >&2; while [ ! -e login ]; do sleep 0.01; done; echo c >&2";
        let mut said = Vec::new();
        let ended = run_patiently(
            Command::new("sh").args(["-c", script]).current_dir(&folder),
            Duration::from_mins(1),
            &mut |slow| match slow {
                Slow::Running => said.push("runs".to_owned()),
                Slow::Says(line) => {
                    said.push(line.to_owned());
                    std::fs::write(&login, "").unwrap();
                }
            },
        );
        let ended = ended.unwrap().unwrap();
        assert_eq!(said.get(..2), Some(&["runs".to_owned(), "a".to_owned()][..]));
        assert_eq!(ended.talk, "a\nbc\n");
        // What comes at the end may be in either.
        let rest = said.iter().skip(1).map(|line| format!("{line}\n")).chain([ended.rest]);
        assert_eq!(rest.collect::<String>(), ended.talk);
    }
}
