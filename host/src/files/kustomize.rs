//! What Kustomize builds of a folder, with kubectl or kustomize.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use review::diagnostic::Diagnostic;

use super::kustomization;
use crate::process::{self, on_one_line};
use crate::text::{reason_of, shell_path};

/// The programs that can build a folder, with the argument before it. The first one that is installed is used.
const PROGRAMS: [(&str, &str); 2] = [("kubectl", "kustomize"), ("kustomize", "build")];

/// How long a program may take. It may have to fetch bases from elsewhere.
const LIMIT: Duration = Duration::from_mins(1);

/// Options without which a program refuses a kustomization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeededOptions {
    /// A part of the refusal
    refusal: &'static str,
    /// What the kustomization does
    what: &'static str,
    options: &'static str,
    /// The only program that has them; without, each has them
    only: Option<&'static str>,
}

/// kustomize: `api/internal/plugins/loader/loader.go`, `api/internal/builtins/HelmChartInflationGenerator.go`.
/// Only `kustomize build` has `--enable-exec`.
const OPTIONS: [NeededOptions; 2] = [
    NeededOptions {
        refusal: "external plugins disabled",
        what: "runs functions",
        options: "--enable-alpha-plugins --enable-exec",
        only: Some("kustomize build"),
    },
    NeededOptions {
        refusal: "must specify --enable-helm",
        what: "renders a chart",
        options: "--enable-helm",
        only: None,
    },
];

/// Why a folder could not be built.
#[derive(Debug, thiserror::Error)]
pub enum KustomizeError {
    /// There is no folder of this name
    #[error("-k {0}: no such folder")]
    NoFolder(String),
    /// It is a file
    #[error("-k {0}: this is a file")]
    File(String),
    /// The folder has no kustomization
    #[error("-k {0}: there is no kustomization.yaml in this folder")]
    NoKustomization(String),
    /// None of the programs is installed
    #[error("-k {0}: neither kubectl nor kustomize was found")]
    NoProgram(String),
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
    /// The program does not build this without options
    #[error("-k {folder}: this kustomization {}, which {program} does only with options", needed.what)]
    NeedsOptions {
        /// The folder
        folder: String,
        /// The program and its first argument
        program: String,
        /// The options
        needed: NeededOptions,
    },
    /// The program took too long
    #[error("-k {folder}: {program} did not end within {} s and was stopped", LIMIT.as_secs())]
    TooSlow {
        /// The folder
        folder: String,
        /// The program and its first argument
        program: String,
    },
    /// Output larger than the limit
    #[error("-k {0}: the output is larger than the limit of 256 MiB")]
    TooMuch(String),
}

impl KustomizeError {
    /// What to do about it.
    fn help(&self) -> Option<String> {
        let checked = |call: &str, folder: &str| {
            format!("{call} {} | acr-pull-secret check -", shell_path(Path::new(folder)))
        };
        Some(match self {
            Self::File(file) => {
                format!("name its folder: -k {}", shell_path(kustomization::folder_of(Path::new(file))))
            }
            Self::NoProgram(folder) => format!(
                "install one of them, or build elsewhere and check the output: {}",
                checked("kustomize build", folder)
            ),
            Self::NeedsOptions { folder, program, needed } => {
                let call = format!("{} {}", needed.only.unwrap_or(program), needed.options);
                format!("build it with them and check the output: {}", checked(&call, folder))
            }
            Self::TooSlow { folder, program } => {
                format!("build without this limit and check the output: {}", checked(program, folder))
            }
            _ => return None,
        })
    }
}

impl From<&KustomizeError> for Diagnostic {
    fn from(error: &KustomizeError) -> Self {
        Self { help: error.help(), ..Self::error(error.to_string()) }
    }
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
            return Err(KustomizeError::TooSlow { folder, program });
        };
        let is_success = ended.is_success();
        let output = ended.output.ok_or_else(|| KustomizeError::TooMuch(given.to_owned()))?;
        if is_success {
            return Ok(Built { file, output });
        }
        return Err(refused(folder, program, &ended.talk));
    }
    Err(KustomizeError::NoProgram(given.to_owned()))
}

/// The error for what a program said when it failed.
fn refused(folder: String, program: String, talk: &str) -> KustomizeError {
    match OPTIONS.into_iter().find(|needed| talk.contains(needed.refusal)) {
        Some(needed) => KustomizeError::NeedsOptions { folder, program, needed },
        None => KustomizeError::Failed { folder, program, reason: on_one_line(talk) },
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use review::diagnostic::Diagnostic;

    use super::{KustomizeError, refused};

    const FUNCTIONS: &str =
        "failed to load transformer: external plugins disabled; unable to load external plugin 'PullSecrets'";
    const CHART: &str = "trouble configuring builtin HelmChartInflationGenerator with config: `\nname: a`: must specify --enable-helm";

    #[test]
    fn an_error_is_a_fault_and_a_help_says_what_to_type() {
        let (folder, kubectl, kustomize) = ("a b", "kubectl kustomize", "kustomize build");
        let of = |program: &str, talk| refused(folder.to_owned(), program.to_owned(), talk);
        for (error, message, help) in [
            (
                of(kubectl, FUNCTIONS),
                "this kustomization runs functions, which kubectl kustomize does only with options",
                "build it with them and check the output: \
                 kustomize build --enable-alpha-plugins --enable-exec 'a b' | acr-pull-secret check -",
            ),
            (
                of(kustomize, FUNCTIONS),
                "this kustomization runs functions, which kustomize build does only with options",
                "build it with them and check the output: \
                 kustomize build --enable-alpha-plugins --enable-exec 'a b' | acr-pull-secret check -",
            ),
            (
                of(kubectl, CHART),
                "this kustomization renders a chart, which kubectl kustomize does only with options",
                "build it with them and check the output: \
                 kubectl kustomize --enable-helm 'a b' | acr-pull-secret check -",
            ),
            (
                of(kustomize, CHART),
                "this kustomization renders a chart, which kustomize build does only with options",
                "build it with them and check the output: \
                 kustomize build --enable-helm 'a b' | acr-pull-secret check -",
            ),
            (of(kubectl, "error: \nno such file"), "kubectl kustomize failed: error:; no such file", ""),
            (
                KustomizeError::TooSlow { folder: folder.to_owned(), program: kubectl.to_owned() },
                "kubectl kustomize did not end within 60 s and was stopped",
                "build without this limit and check the output: \
                 kubectl kustomize 'a b' | acr-pull-secret check -",
            ),
            (
                KustomizeError::NoProgram(folder.to_owned()),
                "neither kubectl nor kustomize was found",
                "install one of them, or build elsewhere and check the output: \
                 kustomize build 'a b' | acr-pull-secret check -",
            ),
            (KustomizeError::File(folder.to_owned()), "this is a file", "name its folder: -k ."),
            (KustomizeError::NoFolder(folder.to_owned()), "no such folder", ""),
            (
                KustomizeError::NoKustomization(folder.to_owned()),
                "there is no kustomization.yaml in this folder",
                "",
            ),
            (
                KustomizeError::Unusable {
                    folder: folder.to_owned(),
                    program: "kubectl",
                    reason: io::ErrorKind::PermissionDenied.into(),
                },
                "kubectl cannot be run: permission denied",
                "",
            ),
            (
                KustomizeError::TooMuch(folder.to_owned()),
                "the output is larger than the limit of 256 MiB",
                "",
            ),
        ] {
            let diagnostic = Diagnostic::from(&error);
            assert_eq!(diagnostic.message, format!("-k a b: {message}"));
            assert_eq!(diagnostic.help.unwrap_or_default(), help, "{message}");
        }
    }
}
