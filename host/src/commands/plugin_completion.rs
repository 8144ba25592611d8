//! What kubectl offers behind `kubectl acr-pull-secret`: it runs the executable `kubectl_complete-acr_pull_secret` with the words
//! behind that, of which the last is completed. The output is that of cobra: a candidate a line, and `:` with a directive.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Arg, ArgAction, Command, ValueHint};

use crate::commands::completions::{NAMESPACE, offered_by, rules};
use crate::commands::namespaces;
use crate::console::{Console, Io, interrupt};
use crate::program::is_completion;

/// What a shell does where no candidate fits. cobra: completions.go, `ShellCompDirective`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Otherwise {
    OfferFiles = 0,
    OfferNothing = 4,
}

/// Prints the candidates, if the process has the name by which kubectl asks for them. At Tab there is no place for an error.
pub fn serve(arguments: impl IntoIterator<Item = OsString>, line: &Command) -> Option<ExitCode> {
    let mut arguments = arguments.into_iter();
    if !is_completion(arguments.next().as_deref()) {
        return None;
    }
    interrupt::end_cleanly(&Console::new(io::sink()));
    let words: Vec<OsString> = arguments.collect();
    let mut io = Io {
        stdin: Box::new(io::empty()),
        stdout: Box::new(io::stdout().lock()),
        stderr: Console::new(io::sink()),
        colour: false,
    };
    let printed = print(line, &words, &mut io);
    Some(if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(line: &Command, words: &[OsString], io: &mut Io) -> Result<()> {
    // Only these call the policy.
    let is_explained = words.first().is_some_and(|word| word == "explain");
    let rules = if is_explained { rules(io)? } else { Vec::new() };
    let mut offering = offered_by(line.clone(), &rules);
    offering.build();
    let texts: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let (mut candidates, otherwise) = candidates(&offering, &texts);
    if candidates == [NAMESPACE] {
        candidates = namespaces::find(line, words).into_iter().collect();
        let typed = texts.last().map_or("", |word| value_of(word));
        candidates.retain(|name| name.starts_with(typed));
    }
    for candidate in candidates {
        writeln!(io.stdout, "{candidate}")?;
    }
    writeln!(io.stdout, ":{}", otherwise as u8)?;
    Ok(io.stdout.flush()?)
}

/// The value behind `=` of an option, or the word. Shells complete the value alone.
fn value_of(word: &str) -> &str {
    if word.starts_with('-') { word.split_once('=').map_or(word, |(_, value)| value) } else { word }
}

/// What the last word can be. Where it is a namespace, this is [`NAMESPACE`].
fn candidates(line: &Command, words: &[String]) -> (Vec<String>, Otherwise) {
    let Some((last, before)) = words.split_last() else { return (Vec::new(), Otherwise::OfferNothing) };
    let typed = Typed::new(line, before);
    if let Some(option) = typed.option {
        return values(option, last);
    }
    if last.starts_with('-') && !typed.is_escaped {
        if let Some((name, value)) = last.split_once('=') {
            let option = typed.waiting(name);
            return option.map_or((Vec::new(), Otherwise::OfferNothing), |option| values(option, value));
        }
        let options = typed.command.get_opts().chain(flags(typed.command)).filter(|arg| !arg.is_hide_set());
        let names = options.flat_map(|arg| {
            let long = arg.get_long().map(|name| format!("--{name}"));
            long.into_iter().chain(arg.get_short().map(|name| format!("-{name}")))
        });
        return (names.filter(|name| name.starts_with(last)).collect(), Otherwise::OfferNothing);
    }
    let below = typed.command.get_subcommands().filter(|_| typed.positionals == 0);
    let below = below.filter(|below| !below.is_hide_set()).map(|below| below.get_name().to_owned());
    let mut found: Vec<String> = below.filter(|name| name.starts_with(last)).collect();
    let Some(path) = positional(typed.command, typed.positionals) else {
        return (found, Otherwise::OfferNothing);
    };
    let (more, otherwise) = values(path, last);
    found.extend(more);
    (found, otherwise)
}

fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !arg.is_positional() && !arg.get_action().takes_values())
}

/// The argument without a name that the next word is; the last of them may be repeated.
fn positional(command: &Command, before: usize) -> Option<&Arg> {
    let last =
        || command.get_positionals().last().filter(|arg| matches!(arg.get_action(), ArgAction::Append));
    command.get_positionals().nth(before).or_else(last)
}

fn values(arg: &Arg, typed: &str) -> (Vec<String>, Otherwise) {
    let all: Vec<String> = arg
        .get_possible_values()
        .into_iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| value.get_name().to_owned())
        .collect();
    match all.as_slice() {
        [] if arg.get_value_hint() == ValueHint::Other => (all, Otherwise::OfferNothing),
        [] => (all, Otherwise::OfferFiles),
        [only] if only == NAMESPACE => (all, Otherwise::OfferNothing),
        // `-o json=FILE`
        _ if typed.contains('=') => (Vec::new(), Otherwise::OfferFiles),
        _ => (all.into_iter().filter(|value| value.starts_with(typed)).collect(), Otherwise::OfferNothing),
    }
}

/// What the words before the last one are.
struct Typed<'a> {
    command: &'a Command,
    /// The option whose value is the next word
    option: Option<&'a Arg>,
    /// How many arguments have no name
    positionals: usize,
    /// Whether no option follows, behind `--`
    is_escaped: bool,
}

impl<'a> Typed<'a> {
    fn new(line: &'a Command, words: &[String]) -> Self {
        let mut typed = Self { command: line, option: None, positionals: 0, is_escaped: false };
        for word in words {
            typed.add(word);
        }
        typed
    }

    fn add(&mut self, word: &str) {
        if self.option.take().is_some() {
            return;
        }
        if word == "--" && !self.is_escaped {
            self.is_escaped = true;
        } else if word.starts_with('-') && word.len() > 1 && !self.is_escaped {
            self.option = self.waiting(word);
        } else if let Some(below) = self.command.find_subcommand(word).filter(|_| self.positionals == 0) {
            self.command = below;
        } else {
            self.positionals += 1;
        }
    }

    /// The option in a word, where its value is the next one.
    fn waiting(&self, word: &str) -> Option<&'a Arg> {
        let mut all = self.command.get_opts();
        if let Some(name) = word.strip_prefix("--") {
            return all.find(|arg| arg.get_long() == Some(name));
        }
        // Behind flags, and without a value in the same word.
        let mut names = word.chars().skip(1);
        let option = names.find_map(|name| self.command.get_opts().find(|arg| arg.get_short() == Some(name)));
        option.filter(|_| names.next().is_none())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::{Otherwise, candidates, offered_by};
    use crate::commands::Cli;

    #[test]
    fn candidates_fit_where_the_word_is() {
        let mut line = offered_by(Cli::command(), &[]);
        line.build();
        for (words, expected, files) in [
            (&["fi"] as &[&str], &["fix"] as &[&str], false),
            (&["policy", "pu"], &["push", "pull"], false),
            (&["check", "--fail-on", ""], &["reject", "warn", "mutate"], false),
            (&["check", "--fail-on=w"], &["warn"], false),
            (&["check", "-o=gi"], &["github", "gitlab"], false),
            (&["check", "-qo=ju"], &["junit"], false),
            (&["check", "-q=gi"], &[], false),
            (&["check", "-o", "json=de"], &[], true),
            (&["check", "--output=json="], &[], true),
            (&["check", "-q", "-o", "gi"], &["github", "gitlab"], false),
            (&["check", "-qo", "gi"], &["github", "gitlab"], false),
            (&["check", "-ojson", "de"], &[], true),
            (&["check", "deploy", "--fail-o"], &["--fail-on"], false),
            (&["check", "--no-such=a"], &[], false),
            (&["check", "--", "--fail-o"], &[], true),
            (&["check", "fi"], &[], true),
            (&["check", "--settings", "fi"], &[], true),
            (&["check", "-", "fi"], &[], true),
            (&["check", "--context", "fi"], &[], false),
            (&["check", "--platform=fi"], &[], false),
            (&["why", "fi"], &[], false),
            (&["nothing", "fi"], &[], false),
            (&["completions", "b"], &["bash"], false),
            (&["completions", "bash", "z"], &[], false),
            (&[], &[], false),
        ] {
            let owned: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let (mut found, otherwise) = candidates(&line, &owned);
            found.sort_unstable();
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(found, expected, "{words:?}");
            assert_eq!(otherwise == Otherwise::OfferFiles, files, "{words:?}");
        }
    }
}
