//! What Kustomize builds of a folder, with kubectl or kustomize.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::kustomization;
use crate::process::{self, on_one_line};
use crate::program;
use crate::text::{reason_of, shell_path};

/// The programs that can build a folder, with the argument before it. The first one that is installed is used.
const PROGRAMS: [(&str, &str); 2] = [("kubectl", "kustomize"), ("kustomize", "build")];

/// How long a program may take. It may have to fetch bases from elsewhere.
const LIMIT: Duration = Duration::from_mins(1);

/// An option without which a program refuses a kustomization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeededOption {
    /// A part of the refusal
    refusal: &'static str,
    /// What the kustomization does
    what: &'static str,
    /// The call with the option
    call: &'static str,
}

/// kustomize: `api/internal/plugins/loader/loader.go`, `api/internal/builtins/HelmChartInflationGenerator.go`.
/// Only `kustomize build` has `--enable-exec`.
const OPTIONS: [NeededOption; 2] = [
    NeededOption {
        refusal: "external plugins disabled",
        what: "runs functions",
        call: "kustomize build --enable-alpha-plugins --enable-exec",
    },
    NeededOption {
        refusal: "must specify --enable-helm",
        what: "renders a chart",
        call: "kustomize build --enable-helm",
    },
];

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
         output: kustomize build {word} | {} check -",
        program::name()
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
    /// The program does not build this without an option
    #[error(
        "-k {folder}: this kustomization {}; build it with an option for that and check the output: {} {word} | {} check -",
        option.what, option.call, program::name()
    )]
    NeedsOption {
        /// The folder
        folder: String,
        /// The option
        option: NeededOption,
        /// The folder, for a shell
        word: String,
    },
    /// The program took too long
    #[error(
        "-k {folder}: {program} did not end within {} s and was stopped; build without this limit and check the output: \
         kustomize build {word} | {} check -",
        LIMIT.as_secs(),
        program::name()
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
        let ended = match process::run(&mut command, LIMIT) {
            Err(reason) if reason.kind() == io::ErrorKind::NotFound => continue,
            ended => ended.map_err(unusable)?,
        };
        let (folder, program) = (given.to_owned(), format!("{program} {argument}"));
        let Some(ended) = ended else {
            return Err(KustomizeError::TooSlow { folder, program, word: shell_path(Path::new(given)) });
        };
        let is_success = ended.is_success();
        let output = ended.output.ok_or_else(|| KustomizeError::TooMuch(given.to_owned()))?;
        if is_success {
            return Ok(Built { file, output });
        }
        let word = shell_path(Path::new(given));
        return Err(refused(folder, program, word, &ended.talk));
    }
    Err(KustomizeError::NoProgram { folder: given.to_owned(), word: shell_path(folder) })
}

/// The error for what a program said when it failed.
fn refused(folder: String, program: String, word: String, talk: &str) -> KustomizeError {
    match OPTIONS.into_iter().find(|option| talk.contains(option.refusal)) {
        Some(option) => KustomizeError::NeedsOption { folder, option, word },
        None => KustomizeError::Failed { folder, program, reason: on_one_line(talk) },
    }
}

#[cfg(test)]
mod tests {
    use super::{KustomizeError, refused};

    #[test]
    fn a_kustomization_that_needs_an_option_has_the_call_to_type() {
        for (talk, said) in [
            (
                "failed to load transformer: external plugins disabled; unable to load external plugin 'PullSecrets'",
                "this kustomization runs functions; build it with an option for that and check the output: \
                 kustomize build --enable-alpha-plugins --enable-exec 'a b' | acr-pull-secret check -",
            ),
            (
                "trouble configuring builtin HelmChartInflationGenerator with config: `\nname: a`: must specify --enable-helm",
                "this kustomization renders a chart; build it with an option for that and check the output: \
                 kustomize build --enable-helm 'a b' | acr-pull-secret check -",
            ),
            ("error: \nno such file", "kubectl kustomize failed: error:; no such file"),
        ] {
            let program = "kubectl kustomize".to_owned();
            let error = refused("a b".to_owned(), program, "'a b'".to_owned(), talk);
            assert_eq!(error.to_string(), format!("-k a b: {said}"));
        }
    }

    #[test]
    fn a_program_that_does_not_end_has_a_command_to_type_instead() {
        let (folder, program, word) = ("a b".to_owned(), "kubectl kustomize".to_owned(), "'a b'".to_owned());
        assert_eq!(
            KustomizeError::TooSlow { folder, program, word }.to_string(),
            "-k a b: kubectl kustomize did not end within 60 s and was stopped; build without this limit and check the \
             output: kustomize build 'a b' | acr-pull-secret check -"
        );
    }
}
