//! What to type instead of arguments that other tools have, that another command has, or that look like options.

use std::path::Path;

use crate::text::shell_path;

/// An argument that a command does not have, and what to type.
struct Tip {
    /// The commands; none for every one
    of: &'static [&'static str],
    /// The argument in all its spellings
    known: &'static [&'static str],
    /// What to type, where {command} is the command
    text: &'static str,
}

/// Commands that take files.
const OF_FILES: &[&str] = &["check", "fix", "init", "test", "bench"];

/// Commands with a choice of formats.
const OF_FORMATS: &[&str] = &[
    "check",
    "explain",
    "why",
    "test",
    "bench",
    "secret",
    "policy inspect",
    "policy push",
    "policy manifest",
];

const FILE: &[&str] = &["-f", "--file", "--filename"];
const NO_FILE_OPTION: &str = "name the file without an option: acr-pull-secret {command} FILE";

/// The first that fits is the one.
const TIPS: &[Tip] = &[
    Tip { of: OF_FILES, known: FILE, text: NO_FILE_OPTION },
    Tip {
        of: &["explain"],
        known: FILE,
        text: "explain takes images and rules; for a file, type acr-pull-secret check FILE",
    },
    Tip {
        of: &["why"],
        known: FILE,
        text: "name the pod or the workload, such as acr-pull-secret why deployment/web -n shop",
    },
    Tip {
        of: OF_FILES,
        known: &["-R", "-r", "--recursive"],
        text: "leave it out, because folders are read recursively",
    },
    Tip { of: &["check"], known: &["--dry-run"], text: "leave it out, because check writes nothing" },
    Tip {
        of: &["fix"],
        known: &["--dry-run", "-o", "--output"],
        text: "to preview the fixes without writing, use --diff",
    },
    Tip {
        of: &["fix"],
        known: &["-w", "-i", "--write", "--in-place", "--inplace"],
        text: "leave it out, because fix writes the files without an option",
    },
    Tip {
        of: &["fix"],
        known: &["--live"],
        text: "fix changes files; for a cluster, type acr-pull-secret check --live",
    },
    // Standard input begins with a hyphen as options do.
    Tip {
        of: &["check", "fix", "explain"],
        known: &["-#"],
        text: "write an equals sign before it: --settings=-#2",
    },
    Tip { of: &["check"], known: &["--strict"], text: "to fail on warnings too, use --fail-on warn" },
    Tip {
        of: &["check"],
        known: &["-l", "--selector"],
        text: "name the files or folders to check, because objects cannot be selected by their labels",
    },
    Tip { of: &["test"], known: &["--settings"], text: "write the settings into the suite" },
    Tip {
        of: &["why"],
        known: &["-A", "--all-namespaces"],
        text: "name the namespace of the pod with -n NAMESPACE; for a whole cluster, type acr-pull-secret check --live -A",
    },
    Tip { of: &["bench"], known: &["--iterations", "--count", "--runs"], text: "use --rounds N" },
    Tip { of: OF_FORMATS, known: &["--json"], text: "use -o json" },
    Tip { of: OF_FORMATS, known: &["--format", "--output-format"], text: "use -o FORMAT" },
    Tip {
        of: &["policy manifest"],
        known: &["-n", "--namespace"],
        text: "use --kubewarden-namespace NAMESPACE",
    },
    Tip { of: &["policy export"], known: &["-o", "--output"], text: NO_FILE_OPTION },
    Tip { of: &["policy pull", "policy annotate"], known: &["-o"], text: "use --output FILE" },
    Tip { of: &["secret"], known: &["--docker-server"], text: "use --server SERVER" },
    Tip { of: &["secret"], known: &["--docker-username"], text: "use --username NAME" },
    Tip {
        of: &["secret"],
        known: &["--password", "--docker-password"],
        text: "pass the password on standard input: --password-stdin < FILE",
    },
    Tip { of: &["secret"], known: &["--docker-email"], text: "use --email ADDRESS" },
    Tip { of: &["secret"], known: &["--from-file"], text: "use --from-docker-config FILE" },
    Tip {
        of: &["secret"],
        known: &["--dry-run"],
        text: "leave it out, because secret only prints the manifest",
    },
    Tip {
        of: &[""],
        known: &["lint", "validate", "verify", "scan"],
        text: "to check manifests, type acr-pull-secret check PATH",
    },
    Tip { of: &[""], known: &["version", "-v"], text: "type acr-pull-secret --version" },
    Tip {
        of: &[],
        known: &["-v", "--verbose"],
        text: "leave it out, because the output has every detail without it",
    },
    Tip { of: &[], known: &["-V", "--version"], text: "type acr-pull-secret --version" },
    Tip {
        of: &[],
        known: &["--no-color", "--no-colour", "--color", "--colour"],
        text: "set NO_COLOR=1 in the environment to switch colours off",
    },
];

/// Commands that others are below, and one of those that takes options and a path.
const GROUPS: [(&str, &str); 2] = [("", "check"), ("policy", "policy inspect")];

/// What to type instead of an argument of a command, which is empty before the first command.
pub(super) fn of(command: &str, argument: &str) -> Option<String> {
    let is_of = |tip: &&Tip| tip.of.is_empty() || tip.of.contains(&command);
    let found = TIPS.iter().filter(is_of).find(|tip| tip.known.contains(&argument));
    if let Some(found) = found {
        return Some(found.text.replace("{command}", command));
    }
    let is_option = argument.starts_with('-');
    if let Some((_, below)) = GROUPS.into_iter().find(|(group, _)| *group == command) {
        let path = Path::new(argument);
        return match is_option {
            true => Some(format!("write it after the command, such as acr-pull-secret {below} {argument}")),
            false if path.exists() => {
                let what = if command.is_empty() { "to check it" } else { "to inspect it" };
                Some(format!("{what}, type acr-pull-secret {below} {}", shell_path(path)))
            }
            false => None,
        };
    }
    match argument {
        "--config" | "--no-config" => Some(format!("leave it out, because {command} reads no config file")),
        _ if command == "secret" && !is_option => {
            Some("name the secret with an option: acr-pull-secret secret --name NAME".to_owned())
        }
        _ => None,
    }
}
