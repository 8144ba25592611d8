//! Errors of the command line. The arguments can be names of files, which a shell substitutes for `*`.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use review::diagnostic::Diagnostic;
use review::foreign_text::plain;

use crate::program::called;

/// Arguments that other tools have, or that look like options: the command, the argument, and what to type.
const TIPS: [(&str, &str, &str); 11] = [
    ("check", "-f", "name the file without an option: acr-pull-secret check FILE"),
    ("check", "--file", "name the file without an option: acr-pull-secret check FILE"),
    ("check", "--filename", "name the file without an option: acr-pull-secret check FILE"),
    ("check", "--dry-run", "leave it out, because check writes nothing"),
    ("fix", "-f", "name the file without an option: acr-pull-secret fix FILE"),
    ("fix", "--file", "name the file without an option: acr-pull-secret fix FILE"),
    ("fix", "--filename", "name the file without an option: acr-pull-secret fix FILE"),
    ("fix", "--dry-run", "to preview the fixes without writing, use --diff"),
    ("check", "-#", STREAM_DOCUMENT),
    ("fix", "-#", STREAM_DOCUMENT),
    ("explain", "-#", STREAM_DOCUMENT),
];

/// What to type for a document of standard input, which begins with a hyphen as options do.
const STREAM_DOCUMENT: &str = "write an equals sign before it: --settings=-#2";

/// What a command needs, for a call without its positional argument: the command, its need, and what to type.
const NEEDS: [(&str, &str, &str); 6] = [
    (
        "check",
        "a file, a folder, or - for standard input",
        "name one, such as acr-pull-secret check deploy/, or set paths in .acr-pull-secret.yaml",
    ),
    (
        "fix",
        "a file, a folder, or - for standard input",
        "name one, such as acr-pull-secret fix --diff deploy/, or set paths in .acr-pull-secret.yaml",
    ),
    (
        "explain",
        "an image or a rule",
        "name one, such as acr-pull-secret explain contoso.azurecr.io/shop/web:v1",
    ),
    ("test", "a suite, or a folder of suites", "name one, such as acr-pull-secret test tests/"),
    ("init", "a file, a folder, or - for standard input", "name one, such as acr-pull-secret init deploy/"),
    ("why", "a pod or a workload", "name one, such as acr-pull-secret why deployment/web -n shop"),
];

/// The error of a call whose usage, which clap shows, would not help.
pub fn explained(error: &clap::Error) -> Option<Diagnostic> {
    of_missing_input(error).or_else(|| of_paths_of_a_cluster(error))
}

/// The error of paths with `--live`, whose usage would have the paths.
fn of_paths_of_a_cluster(error: &clap::Error) -> Option<Diagnostic> {
    let names = |kind| match error.get(kind) {
        Some(ContextValue::String(name)) => vec![name.clone()],
        Some(ContextValue::Strings(names)) => names.clone(),
        _ => Vec::new(),
    };
    let all = [names(ContextKind::InvalidArg), names(ContextKind::PriorArg)].concat();
    let is_one = error.kind() == ErrorKind::ArgumentConflict
        && all.iter().any(|name| name == "--live")
        && all.iter().any(|name| name.starts_with(['<', '[']));
    is_one.then(|| {
        let help = "leave out the paths, or leave out --live to check files";
        Diagnostic::error("--live checks a cluster and takes no paths").with_help(help)
    })
}

/// The error of a call without the positional argument of its command, or of `secret` without a credential.
fn of_missing_input(error: &clap::Error) -> Option<Diagnostic> {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else { return None };
    if error.kind() != ErrorKind::MissingRequiredArgument {
        return None;
    }
    let command = command_of(error)?;
    if command == "secret"
        && missing.iter().any(|name| name.starts_with("--username") || name.starts_with("--server"))
    {
        let help = "pass --from-az FILE with what az printed, --from-docker-config FILE, or all of --server SERVER, \
                    --username NAME and --password-stdin";
        return Some(Diagnostic::error("secret needs a server, a user name and a password").with_help(help));
    }
    if !missing.iter().all(|name| name.starts_with('<')) {
        return None;
    }
    let (command, need, help) = NEEDS.into_iter().find(|(name, ..)| *name == command)?;
    Some(Diagnostic::error(format!("{command} needs {need}")).with_help(help))
}

/// The command that was called, from the usage that the error shows.
fn command_of(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) else { return None };
    let usage = usage.to_string();
    let (_, call) = usage.split_once("acr-pull-secret ")?;
    call.split_whitespace().next().map(str::to_owned)
}

/// What to type instead of an argument that another tool has.
fn tip(error: &clap::Error) -> Option<&'static str> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return None };
    let command = command_of(error).filter(|_| error.kind() == ErrorKind::UnknownArgument)?;
    let tips = TIPS.into_iter();
    tips.filter(|(of, known, _)| *of == command && known == argument).map(|(.., tip)| tip).next()
}

/// The error, safe to show: no argument in it can move a cursor or be a command to a CI system.
pub fn shown(mut error: clap::Error) -> clap::Error {
    let one = |text: String| plain(&text).into_owned();
    let contexts: Vec<(ContextKind, ContextValue)> =
        error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in contexts {
        let value = match value {
            ContextValue::String(text) => ContextValue::String(one(text)),
            ContextValue::Strings(texts) => ContextValue::Strings(texts.into_iter().map(one).collect()),
            // A tip repeats what was typed.
            ContextValue::StyledStrs(tips) => {
                let is_plain = |tip: &clap::builder::StyledStr| plain(&tip.to_string()) == tip.to_string();
                ContextValue::StyledStrs(tips.into_iter().filter(is_plain).collect())
            }
            other => other,
        };
        error.insert(kind, value);
    }
    if let Some(tip) = tip(&error) {
        // The argument that clap finds similar, and its advice to pass this one as a value, would mislead.
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![called(tip).into_owned().into()]));
    }
    error
}
