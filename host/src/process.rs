//! Runs another program within limits: of time, and of what it prints.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// Interval at which a program that has closed its output is checked for its end.
const ASKED: Duration = Duration::from_millis(5);

/// Bytes of the largest output that is kept.
const MOST: u64 = 256 << 20;

/// Bytes that are kept of a program's error messages.
const MOST_TALK: u64 = 64 << 10;

/// Characters of these messages that are shown.
const MOST_SHOWN: usize = 2000;

/// What a program leaves that has ended.
pub(crate) struct Ended {
    /// How it ended; none where it was stopped because of its output
    pub(crate) status: Option<ExitStatus>,
    /// What it printed; none where that is too much
    pub(crate) output: Option<Vec<u8>>,
    /// Its messages, up to a limit
    pub(crate) talk: String,
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
    wait(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?, limit)
}

/// Waits for the end of a program, and ends it where it takes longer than the limit; none then.
fn wait(mut child: Child, limit: Duration) -> io::Result<Option<Ended>> {
    let ended = end(&mut child, Instant::now() + limit);
    if !matches!(ended, Ok(Some(Ended { output: Some(_), .. }))) {
        // It may have ended already.
        let _ = child.kill();
        let _ = child.wait();
    }
    ended
}

/// What a program leaves that ends in time.
fn end(child: &mut Child, deadline: Instant) -> io::Result<Option<Ended>> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Neither thread is waited for without a limit: what the program has started may keep its output open forever.
    let output = in_thread(move || {
        let mut kept = Vec::new();
        stdout.map_or(Ok(0), |stdout| stdout.take(MOST + 1).read_to_end(&mut kept)).map(|_| kept)
    })?;
    // A program with much output must not block because its output is not read.
    let talk = in_thread(move || {
        let mut kept = Vec::new();
        if let Some(mut stderr) = stderr {
            // An error message that cannot be read in full is shown as far as it was read.
            let _ = stderr.by_ref().take(MOST_TALK).read_to_end(&mut kept);
            let _ = io::copy(&mut stderr, &mut io::sink());
        }
        String::from_utf8_lossy(&kept).into_owned()
    })?;
    let Some(output) = before(deadline, &output).transpose()? else { return Ok(None) };
    if output.len() as u64 > MOST {
        return Ok(Some(Ended { status: None, output: None, talk: String::new() }));
    }
    let Some(talk) = before(deadline, &talk) else { return Ok(None) };
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(Ended { status: Some(status), output: Some(output), talk }));
        }
        thread::sleep(ASKED);
    }
    Ok(None)
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
            (wait(child, limit).unwrap(), id)
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
}
