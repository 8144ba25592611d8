//! Errors of the command line. The arguments can be names of files, which a shell substitutes for `*`.

mod tips;

use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use review::diagnostic::Diagnostic;
use review::foreign_text::plain;
use review::similar_name::similar;

use crate::files::input::is_manifest;
use crate::program::called;
use crate::text::shell_path;

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
    let kind = match error.kind() {
        ErrorKind::InvalidValue => return tip_for_file(error),
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        _ => return None,
    };
    let Some(ContextValue::String(argument)) = error.get(kind) else { return None };
    tips::of(&command_of(error)?, name_of(argument))
}

/// An argument without the name of its value: `--password` in `--password <PASSWORD>`.
fn name_of(argument: &str) -> &str {
    argument.split(" <").next().unwrap_or_default()
}

/// What to type for a file in place of a format.
fn tip_for_file(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let (option, file) = (text(ContextKind::InvalidArg)?, text(ContextKind::InvalidValue)?);
    let is_file = option.starts_with("--output ") && is_manifest(Path::new(file));
    is_file.then(|| format!("-o names the format; to write to a file, add > {}", shell_path(Path::new(file))))
}

/// Keeps only what clap finds similar that is a near spelling: it also finds other words.
fn keep_near_spellings(error: &mut clap::Error) {
    for (typed, found) in [
        (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
    ] {
        let Some(ContextValue::String(typed)) = error.get(typed) else { continue };
        let near: Vec<String> = match error.get(found) {
            Some(ContextValue::String(one)) => similar(typed, [one.as_str()]),
            Some(ContextValue::Strings(all)) => similar(typed, all.iter().map(String::as_str)),
            _ => continue,
        }
        .into_iter()
        .map(str::to_owned)
        .collect();
        match near.first() {
            None => error.remove(found),
            Some(first) if found == ContextKind::SuggestedArg => {
                error.insert(found, ContextValue::String(first.clone()))
            }
            Some(_) => error.insert(found, ContextValue::Strings(near)),
        };
    }
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
    if [ErrorKind::UnknownArgument, ErrorKind::InvalidSubcommand].contains(&error.kind()) {
        // Its advice to pass an unknown option as a value behind `--` is about files with such a name.
        error.remove(ContextKind::Suggested);
        if let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) {
            let name = name_of(argument).to_owned();
            error.insert(ContextKind::InvalidArg, ContextValue::String(name));
        }
        keep_near_spellings(&mut error);
    }
    if let Some(tip) = tip(&error) {
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::SuggestedSubcommand);
        error
            .insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![called(&tip).into_owned().into()]));
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::shown;
    use crate::commands::Cli;

    fn error(call: &str) -> String {
        let call = format!("acr-pull-secret {call}");
        let error = Cli::try_parse_from(call.split_whitespace()).expect_err("an error");
        shown(error).to_string()
    }

    #[test]
    fn an_option_of_another_tool_gets_what_to_type() {
        const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");
        for (call, tip) in [
            ("check -f a", "name the file without an option: acr-pull-secret check FILE"),
            ("init -f a", "name the file without an option: acr-pull-secret init FILE"),
            ("bench --filename a", "name the file without an option: acr-pull-secret bench FILE"),
            ("test -f a", "name the file without an option: acr-pull-secret test FILE"),
            ("explain -f a", "acr-pull-secret check FILE"),
            ("why -f a", "acr-pull-secret why deployment/web"),
            ("check -R a", "leave it out, because folders are read recursively"),
            ("fix --recursive a", "leave it out, because folders are read recursively"),
            ("check --strict a", "--fail-on warn"),
            ("check -v a", "leave it out, because the output has every detail without it"),
            ("policy push --verbose a", "leave it out, because the output has every detail without it"),
            ("check -l app=web a", "name the files or folders"),
            ("fix -o yaml a", "use --diff"),
            ("fix --live", "acr-pull-secret check --live"),
            ("fix --write a", "leave it out, because fix writes the files without an option"),
            ("fix --in-place a", "leave it out, because fix writes the files without an option"),
            ("fix -i a", "leave it out, because fix writes the files without an option"),
            ("test --settings x", "write the settings into the suite"),
            ("why -A", "-n NAMESPACE"),
            ("check --format json a", "-o FORMAT"),
            ("policy inspect --output-format json", "-o FORMAT"),
            ("check --json a", "-o json"),
            ("check --no-color a", "NO_COLOR=1"),
            ("fix --version", "acr-pull-secret --version"),
            ("bench --iterations 5", "--rounds"),
            ("policy manifest --namespace x", "--kubewarden-namespace"),
            ("policy manifest -n x", "--kubewarden-namespace"),
            (
                "policy export --output a",
                "name the file without an option: acr-pull-secret policy export FILE",
            ),
            ("policy pull -o a b", "--output FILE"),
            ("policy annotate -o a b", "--output FILE"),
            ("secret --docker-server=a", "--server"),
            ("secret --docker-username a", "--username"),
            ("secret --docker-password a", "--password-stdin"),
            ("secret -p b", "--password-stdin < FILE"),
            ("secret --docker-email a", "--email"),
            ("secret --from-file=.dockerconfigjson=a", "--from-docker-config FILE"),
            ("secret docker-registry web", "--name NAME"),
            ("secret web", "--name NAME"),
            ("secret --dry-run=client", "secret only prints"),
            ("secret -o secret.yaml", "add > secret.yaml"),
            ("policy manifest -o policy.yaml", "add > policy.yaml"),
            ("lint a", "acr-pull-secret check"),
            ("validate a", "acr-pull-secret check"),
            ("version", "acr-pull-secret --version"),
            ("-n shop check a", "write it after the command, such as acr-pull-secret check -n"),
            ("--no-config check a", "write it after the command, such as acr-pull-secret check --no-config"),
            (
                "policy --config a inspect",
                "write it after the command, such as acr-pull-secret policy inspect --config",
            ),
            ("secret --config a", "leave it out, because secret reads no config file"),
            (REPOSITORY, "to check it, type acr-pull-secret check /"),
            ("check --settings -#2 a", "--settings=-#2"),
        ] {
            let error = error(call);
            assert!(error.contains("tip: ") && error.contains(tip), "{call}: {error}");
            assert!(!error.contains("a similar") && !error.contains("as a value"), "{call}: {error}");
            assert!(!error.contains("<PASSWORD>"), "{call}: {error}");
        }
    }

    #[test]
    fn only_near_spellings_are_similar() {
        for (call, similar) in [
            ("check --setings a b", "'--settings'"),
            ("check --complet a", "'--complete'"),
            ("chek a", "'check'"),
            ("polcy", "'policy'"),
            ("policy exprt", "'export'"),
            ("bench --operation a", ""),
            ("explain --replay a", ""),
            ("fix --resource a", ""),
            ("unites", ""),
            ("check --no-such a", ""),
            ("check -Z a", ""),
        ] {
            let error = error(call);
            assert_eq!(error.contains("similar"), !similar.is_empty(), "{call}: {error}");
            assert!(error.contains(similar) && !error.contains("as a value"), "{call}: {error}");
        }
    }
}
