//! What Kustomize builds of a folder, with kubectl or kustomize.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::kustomization;
use crate::text::shell_word;

/// The programs that can build a folder, with the argument before it. The first one that is installed is used.
const PROGRAMS: [(&str, &str); 2] = [("kubectl", "kustomize"), ("kustomize", "build")];

/// Bytes of the largest output that is kept.
const MOST: u64 = 256 << 20;

/// Bytes that are kept of a program's error messages.
const MOST_TALK: u64 = 64 << 10;

/// Characters of these messages that are shown.
const MOST_SHOWN: usize = 2000;

/// Why nothing could be built.
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
    #[error("-k {folder}: {program} cannot be run: {reason}")]
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
        /// What it said, on one line
        reason: String,
    },
    /// More than is kept
    #[error("-k {0}: this builds more than 256 MiB, which is more than is kept")]
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
                let Ended { is_success, output, talk } = wait(child).map_err(unusable)?;
                let output = output.ok_or_else(|| KustomizeError::TooMuch(given.to_owned()))?;
                if is_success {
                    return Ok(Built { file, output });
                }
                let (folder, program) = (given.to_owned(), format!("{program} {argument}"));
                return Err(KustomizeError::Failed { folder, program, reason: on_one_line(&talk) });
            }
        }
    }
    Err(KustomizeError::NoProgram { folder: given.to_owned(), word: shell_word(given) })
}

struct Ended {
    is_success: bool,
    /// None where it is too much
    output: Option<Vec<u8>>,
    talk: String,
}

fn wait(mut child: Child) -> io::Result<Ended> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // A thread reads the error messages, so that a program that writes many does not block.
    let talk = std::thread::Builder::new().name("kustomize".to_owned()).spawn(move || {
        let mut stderr = stderr;
        let mut kept = Vec::new();
        if let Some(stderr) = &mut stderr {
            // The failure is reported even if its message cannot be read.
            let _ = stderr.take(MOST_TALK).read_to_end(&mut kept);
            let _ = io::copy(stderr, &mut io::sink());
        }
        String::from_utf8_lossy(&kept).into_owned()
    });
    let mut output = Vec::new();
    let read = stdout.map_or(Ok(0), |stdout| stdout.take(MOST + 1).read_to_end(&mut output));
    let is_too_much = output.len() as u64 > MOST;
    if talk.is_err() || read.is_err() || is_too_much {
        // It may have ended already.
        let _ = child.kill();
    }
    let status = child.wait()?;
    read?;
    let talk = talk?.join().unwrap_or_default();
    Ok(Ended { is_success: status.success(), output: Some(output).filter(|_| !is_too_much), talk })
}

/// An error message on one line, cut to [`MOST_SHOWN`] characters.
fn on_one_line(talk: &str) -> String {
    let lines = talk.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join("; ");
    let shown: String = line.chars().take(MOST_SHOWN).collect();
    match (shown.is_empty(), shown.len() < line.len()) {
        (true, _) => "it did not say why".to_owned(),
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
        assert_eq!(on_one_line(" \n"), "it did not say why");
        assert_eq!(on_one_line(&"ä".repeat(9000)).chars().count(), MOST_SHOWN + 1);
    }
}
