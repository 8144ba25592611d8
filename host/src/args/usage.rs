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

/// The error of paths with `--live`, whose usage would have the paths.
pub fn of_paths_of_a_cluster(error: &clap::Error) -> Option<Diagnostic> {
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

/// The command that was called, such as `policy push`, from the usage that the error shows.
pub(super) fn command_of(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) else { return None };
    let usage = usage.to_string();
    let (_, call) = usage.split_once("acr-pull-secret ")?;
    let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
    Some(call.split_whitespace().take_while(is_name).collect::<Vec<_>>().join(" "))
}

/// What to type instead of an argument that another tool or another command has.
fn tip(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return None };
    let command = command_of(error).filter(|_| error.kind() == ErrorKind::UnknownArgument)?;
    if ["--config", "--no-config"].contains(&argument.as_str()) {
        return Some(match command.as_str() {
            "" => format!("write it after the command: acr-pull-secret check {argument}"),
            _ => format!("leave it out, because {command} reads no config file"),
        });
    }
    let tips = TIPS.into_iter();
    tips.filter(|(of, known, _)| *of == command && known == argument).map(|(.., tip)| tip.to_owned()).next()
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
        error
            .insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![called(&tip).into_owned().into()]));
    }
    error
}
