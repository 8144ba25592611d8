//! What Kustomize builds of a folder, with kubectl or kustomize.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::kustomization;
use crate::text::{reason_of, shell_path};

/// The programs that can build a folder, with the argument before it. The first one that is installed is used.
const PROGRAMS: [(&str, &str); 2] = [("kubectl", "kustomize"), ("kustomize", "build")];

/// How long a program may take. It may have to fetch bases from elsewhere.
const LIMIT: Duration = Duration::from_mins(1);

/// Interval at which a program that has closed its output is checked for its end.
const ASKED: Duration = Duration::from_millis(5);

/// Bytes of the largest output that is kept.
const MOST: u64 = 256 << 20;

/// Bytes that are kept of a program's error messages.
const MOST_TALK: u64 = 64 << 10;

/// Characters of these messages that are shown.
const MOST_SHOWN: usize = 2000;

/// Why a folder could not be built.
#[derive(Debug, thiserror::Error)]
pub enum KustomizeError {
    /// There is no folder of this name
    #[error("-k {0}: no such folder")]
    NoFolder(String),
    /// It is a file
    #[error("-k {0}: this is a file; name its folder")]
    File(String),
    /// The folder has no kustomization
    #[error("-k {0}: there is no kustomization.yaml in this folder")]
    NoKustomization(String),
    /// None of the programs is installed
    #[error(
        "-k {folder}: neither kubectl nor kustomize was found; install one of them, or build elsewhere and check the \
         output: kustomize build {word} | acr-pull-secret check -"
    )]
    NoProgram {
        /// The folder
        folder: String,
        /// The folder, for a shell
        word: String,
    },
    /// The program cannot be started, or its output cannot be read
    #[error("-k {folder}: {program} cannot be run: {}", reason_of(reason))]
    Unusable {
        /// The folder
        folder: String,
        /// The program
        program: &'static str,
        /// The reason
        reason: io::Error,
    },
    /// The program failed
    #[error("-k {folder}: {program} failed: {reason}")]
    Failed {
        /// The folder
        folder: String,
        /// The program and its first argument
        program: String,
        /// Its error message, on one line
        reason: String,
    },
    /// The program took too long
    #[error(
        "-k {folder}: {program} did not end within {} s and was stopped; build without this limit and check the output: \
         kustomize build {word} | acr-pull-secret check -",
        LIMIT.as_secs()
    )]
    TooSlow {
        /// The folder
        folder: String,
        /// The program and its first argument
        program: String,
        /// The folder, for a shell
        word: String,
    },
    /// Output larger than the limit
    #[error("-k {0}: the output is larger than the limit of 256 MiB")]
    TooMuch(String),
}

/// What was built of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The kustomization that says what is built
    pub file: PathBuf,
    /// YAML
    pub output: Vec<u8>,
}

/// Builds a folder. The program inherits the environment but no input, and Ctrl-C on the terminal ends it too.
///
/// # Errors
/// - there is nothing to build, no program, or the program fails
pub fn build(given: &str) -> Result<Built, KustomizeError> {
    let folder = Path::new(given);
    if folder.is_file() {
        return Err(KustomizeError::File(given.to_owned()));
    }
    if !folder.is_dir() {
        return Err(KustomizeError::NoFolder(given.to_owned()));
    }
    let file = kustomization::in_folder(folder);
    let file = file.ok_or_else(|| KustomizeError::NoKustomization(given.to_owned()))?;
    for (program, argument) in PROGRAMS {
        let unusable = |reason| KustomizeError::Unusable { folder: given.to_owned(), program, reason };
        let mut command = Command::new(program);
        // Behind `--` no folder is taken for an option.
        command.args([argument, "--"]).arg(folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        match command.spawn() {
            Err(reason) if reason.kind() == io::ErrorKind::NotFound => {}
            Err(reason) => return Err(unusable(reason)),
            Ok(child) => {
                let (folder, program) = (given.to_owned(), format!("{program} {argument}"));
                let Some(ended) = wait(child, LIMIT).map_err(unusable)? else {
                    return Err(KustomizeError::TooSlow {
                        folder,
                        program,
                        word: shell_path(Path::new(given)),
                    });
                };
                let output = ended.output.ok_or_else(|| KustomizeError::TooMuch(given.to_owned()))?;
                if ended.is_success {
                    return Ok(Built { file, output });
                }
                return Err(KustomizeError::Failed { folder, program, reason: on_one_line(&ended.talk) });
            }
        }
    }
    Err(KustomizeError::NoProgram { folder: given.to_owned(), word: shell_path(folder) })
}

struct Ended {
    is_success: bool,
    /// None where it is too much
    output: Option<Vec<u8>>,
    talk: String,
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
        return Ok(Some(Ended { is_success: false, output: None, talk: String::new() }));
    }
    let Some(talk) = before(deadline, &talk) else { return Ok(None) };
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(Ended { is_success: status.success(), output: Some(output), talk }));
        }
        thread::sleep(ASKED);
    }
    Ok(None)
}

fn in_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Receiver<T>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("kustomize".to_owned());
    // After the time limit the receiver is gone, and sending fails.
    thread.spawn(move || drop(sender.send(work())))?;
    Ok(receiver)
}

fn before<T>(deadline: Instant, receiver: &Receiver<T>) -> Option<T> {
    receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
}

/// An error message on one line, cut to [`MOST_SHOWN`] characters.
fn on_one_line(talk: &str) -> String {
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
    use super::{KustomizeError, MOST_SHOWN, on_one_line};

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
        assert!(!ended.is_success);
        assert_eq!((ended.output, ended.talk), (Some(b"a\n".to_vec()), "b\n".to_owned()));
        let (folder, program, word) = ("a b".to_owned(), "kubectl kustomize".to_owned(), "'a b'".to_owned());
        assert_eq!(
            KustomizeError::TooSlow { folder, program, word }.to_string(),
            "-k a b: kubectl kustomize did not end within 60 s and was stopped; build without this limit and check the \
             output: kustomize build 'a b' | acr-pull-secret check -"
        );
    }
}
