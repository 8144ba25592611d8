//! Calls of the command in documents and helps are valid: those that no test runs are read as the command line reads them.

use std::ffi::OsString;
use std::fs;

use acr_pull_secret::args::config;
use acr_pull_secret::commands::Cli;
use clap::{Command, CommandFactory as _};

use super::documents;
use crate::engines::project;

/// The commands in a line of a shell, each as its words. This is as much of a shell as the documents need: quotes, comments,
/// redirections, and operators between commands.
pub(super) fn commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, ' ') => commands.last_mut().unwrap().extend(word.take()),
            (None, '|' | ';' | '&' | '(' | ')' | '`') => {
                commands.last_mut().unwrap().extend(word.take());
                commands.push(Vec::new());
            }
            (None, '<' | '>') => {
                // A number before it is a file descriptor, what follows is a file.
                let _ = word
                    .take()
                    .filter(|word| word.parse::<u8>().is_err())
                    .map(|word| commands.last_mut().unwrap().push(word));
                while chars.next_if(|c| " >&".contains(*c)).is_some() {}
                while chars.next_if(|c| !" |;)".contains(*c)).is_some() {}
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    commands.last_mut().unwrap().extend(word);
    commands.retain(|words| !words.is_empty());
    commands
}

/// The arguments of our command, in the ways in which documents call it.
fn arguments(words: &[String]) -> Option<Vec<String>> {
    // `- run: acr-pull-secret …` is a step of a CI system.
    let from = words.iter().take_while(|word| ["-", "run:", "$"].contains(&word.as_str())).count();
    let words = &words[from..];
    match words.first()?.as_str() {
        "acr-pull-secret" => Some(words[1..].to_vec()),
        "kubectl" if words.get(1)? == "acr-pull-secret" => Some(words[2..].to_vec()),
        "cargo" if words.get(1)? == "run" => {
            let dashes = words.iter().position(|word| word == "--")?;
            Some(words[dashes + 1..].to_vec())
        }
        _ => None,
    }
}

/// The lines of shell in a document, with the number of their first line: continued lines are joined.
pub(super) fn shell_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut language = None;
    let mut is_continued = false;
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(fence) = line.strip_prefix("```") {
            language = if language.is_some() { None } else { Some(fence) };
            is_continued = false;
            continue;
        }
        let is_shell = match language {
            Some("sh") => true,
            Some("yaml") => line.contains("run: ") || is_continued,
            _ => false,
        };
        if !is_shell {
            continue;
        }
        let (part, goes_on) = match line.strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line, line.ends_with('|')),
        };
        match lines.last_mut().filter(|_| is_continued) {
            Some((_, whole)) => whole.extend([" ", part]),
            None => lines.push((i + 1, part.to_owned())),
        }
        is_continued = goes_on;
    }
    lines
}

/// Why the command line does not take these arguments.
fn problem(arguments: &[String]) -> Option<String> {
    let call =
        ["acr-pull-secret"].into_iter().map(OsString::from).chain(arguments.iter().map(OsString::from));
    config::parse::<Cli>(call).err().map(|error| error.to_string())
}

/// The lines of the examples in the help of a command and of those below it: what explains a call is cut off, and continued
/// lines are joined.
fn examples(command: &Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let shown = help.split_once("Examples:\n").map_or("", |(_, shown)| shown);
    let mut lines: Vec<String> = Vec::new();
    for line in shown.lines().map_while(|line| line.strip_prefix("  ")) {
        let call = line.trim().split("  ").next().unwrap_or_default();
        match lines.last_mut().filter(|line| line.ends_with(['|', '\\']) || call.starts_with("--")) {
            Some(line) => *line = [line.trim_end_matches('\\'), call].join(" "),
            None => lines.push(call.to_owned()),
        }
    }
    lines.extend(command.get_subcommands().flat_map(examples));
    lines
}

#[test]
fn every_example_in_a_help_is_a_call_that_the_command_line_takes() {
    let mut calls = 0;
    let mut problems = Vec::new();
    for line in examples(&Cli::command()) {
        for arguments in commands(&line).iter().filter_map(|words| arguments(words)) {
            calls += 1;
            problems.extend(problem(&arguments).map(|problem| format!("{line}: {problem}")));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(calls > 30, "only {calls} calls");
}

#[test]
fn every_call_in_a_document_is_one_that_the_command_line_takes() {
    let mut calls = 0;
    let mut problems = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for (number, line) in shell_lines(&text) {
            for arguments in commands(&line).iter().filter_map(|words| arguments(words)) {
                calls += 1;
                let at = format!("{}:{number}: {line}", document.display());
                problems.extend(problem(&arguments).map(|problem| format!("{at}: {problem}")));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(calls > 40, "only {calls} calls");
}

/// The text that Krew shows of the plugin.
#[test]
fn every_call_in_the_description_of_the_plugin_is_one_that_the_command_line_takes() {
    let script = fs::read_to_string(project(".ci/krew")).unwrap();
    let calls: Vec<Vec<String>> =
        script.lines().flat_map(commands).filter_map(|words| arguments(&words)).collect();
    for call in &calls {
        assert_eq!(problem(call), None, "{call:?}");
    }
    assert_eq!(calls.len(), 2, "{calls:?}");
}

#[test]
fn calls_are_found_behind_pipes_and_before_redirections() {
    let found = |line: &str| {
        let commands = commands(line);
        commands.iter().filter_map(|words| arguments(words)).map(|words| words.join("|")).collect::<Vec<_>>()
    };
    assert_eq!(found("helm template x | acr-pull-secret check -"), ["check|-"]);
    assert_eq!(found("acr-pull-secret check 'a b' --x=\"c\" > out 2>&1 # why"), ["check|a b|--x=c"]);
    assert_eq!(found("acr-pull-secret secret < token.txt && acr-pull-secret man"), ["secret", "man"]);
    assert_eq!(found("cargo run --release --features playground -- playground"), ["playground"]);
    assert_eq!(found("- run: acr-pull-secret fix --check deploy/"), ["fix|--check|deploy/"]);
    assert_eq!(found("kubectl acr-pull-secret why web -n shop"), ["why|web|-n|shop"]);
    assert_eq!(found("kubectl get pods"), [""; 0]);
}
