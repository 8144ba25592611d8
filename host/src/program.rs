//! The name by which the user called the command. As a plugin of kubectl it is `kubectl acr-pull-secret`, and texts that show a
//! call of the command show that.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use clap::Command;

/// The name of the executable that kubectl runs as `kubectl acr-pull-secret`. kubectl: pkg/cmd/plugin/plugin.go
const PLUGIN: &str = "kubectl-acr_pull_secret";

/// The name of the executable that kubectl asks what it can offer behind `kubectl acr-pull-secret`. kubectl:
/// `pkg/cmd/plugin/plugin_completion.go`
const COMPLETION: &str = "kubectl_complete-acr_pull_secret";

/// The name of the command in texts.
const NAME: &str = "acr-pull-secret";

/// The name of the command in calls of the plugin.
const CALLED: &str = "kubectl acr-pull-secret";

static IS_PLUGIN: OnceLock<bool> = OnceLock::new();

/// Sets the name, once, from the first argument of the process.
pub fn set(first: Option<&OsStr>) {
    // A second name would be that of the same process.
    let _ = IS_PLUGIN.set(is_named(first, PLUGIN));
}

/// Whether kubectl asks what it can offer, from the first argument of the process.
pub fn is_completion(first: Option<&OsStr>) -> bool {
    is_named(first, COMPLETION)
}

fn is_named(first: Option<&OsStr>, name: &str) -> bool {
    let stem = first.and_then(|first| Path::new(first).file_stem()).and_then(OsStr::to_str);
    stem.is_some_and(|stem| stem.eq_ignore_ascii_case(name))
}

/// Whether the command was called as a plugin of kubectl.
pub fn is_plugin() -> bool {
    IS_PLUGIN.get() == Some(&true)
}

/// The name of the command in a call that the user can type.
pub fn name() -> &'static str {
    if is_plugin() { CALLED } else { NAME }
}

/// A help of the command, in which its calls are those that the user can type. What a help has of other texts, it has in quotes
/// or as names without white space: these stay as they are.
pub fn called(text: &str) -> Cow<'_, str> {
    if is_plugin() { called_as_plugin(text) } else { Cow::Borrowed(text) }
}

/// The command line, named as the user called it, with the examples of its helps.
pub fn named(command: Command) -> Command {
    if is_plugin() { named_as_plugin(command) } else { command }
}

/// The command line, named as that of the plugin of kubectl, with the examples of its helps.
pub fn named_as_plugin(command: Command) -> Command {
    with_examples_of_plugin(command).bin_name(CALLED)
}

fn with_examples_of_plugin(command: Command) -> Command {
    let help = command.get_after_help().map(|help| called_as_plugin(&help.to_string()).into_owned());
    let command = match help {
        Some(help) => command.after_help(help),
        None => command,
    };
    command.mut_subcommands(with_examples_of_plugin)
}

/// The commands. A name that another word follows is that of an object.
const COMMANDS: [&str; 13] = [
    "bench",
    "check",
    "completions",
    "explain",
    "fix",
    "init",
    "krm",
    "man",
    "playground",
    "policy",
    "secret",
    "test",
    "why",
];

/// Words of sentences after which a call is shown.
const BEFORE: [&str; 8] = ["run", "with", "what", "as", "by", "and", "then", "use"];

/// Whether the next word of a text can be a call. A Secret may have the name of the command, so it is not one after an option or
/// the kind of an object.
fn precedes_call(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or_default();
    if !line.ends_with(' ') {
        return line.is_empty() || line.ends_with(['`', '(', '|']);
    }
    let last = line.split_whitespace().next_back();
    last.is_none_or(|word| BEFORE.contains(&word) || word.ends_with(['|', '&', ';', ':', ',']))
}

/// Whether a command or an option follows.
fn follows_call(text: &str) -> bool {
    let Some(text) = text.strip_prefix(' ') else { return false };
    let word = text.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default();
    text.starts_with("--") || COMMANDS.contains(&word)
}

/// The parts of a text in quotes, as a shell reads them: `'it'\''s'` is one. An apostrophe in a word begins none.
fn quoted(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut rest = 0..text.len();
    while let Some(at) = text.get(rest.clone()).and_then(|text| text.find(['\'', '"'])) {
        let start = rest.start + at;
        let before = text.get(..start).and_then(|text| text.chars().next_back());
        let opens = before.is_none_or(|c| c.is_whitespace() || "=([{,:|".contains(c));
        rest.start = start + 1;
        if opens {
            rest.start = end_of_quoted(text, start);
            found.push(start..rest.start);
        }
    }
    found
}

/// The end of a part in quotes; that of the text where it does not end.
fn end_of_quoted(text: &str, start: usize) -> usize {
    let after = text.get(start..).unwrap_or_default();
    let Some(quote) = after.chars().next() else { return text.len() };
    let mut chars = after.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        let follows = after.get(at..).unwrap_or_default();
        match c {
            '\\' if quote == '"' => drop(chars.next()),
            '\'' if quote == '\'' && follows.starts_with(r"'\''") => drop(chars.nth(2)),
            _ if c == quote => return start + at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// The text with another name in each call: where the name is a word of its own, outside of quotes, and a command follows it.
fn called_as_plugin(text: &str) -> Cow<'_, str> {
    let quoted = quoted(text);
    let is_call = |at: usize| {
        let (before, rest) = text.split_at_checked(at).unwrap_or_default();
        precedes_call(before)
            && rest.strip_prefix(NAME).is_some_and(follows_call)
            && !quoted.iter().any(|part| part.contains(&at))
    };
    let calls: Vec<usize> = text.match_indices(NAME).map(|(at, _)| at).filter(|at| is_call(*at)).collect();
    if calls.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut named = String::with_capacity(text.len() + 16);
    let mut end = 0;
    for at in calls {
        named.extend([text.get(end..at).unwrap_or_default(), CALLED]);
        end = at + NAME.len();
    }
    named.push_str(text.get(end..).unwrap_or_default());
    Cow::Owned(named)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use clap::CommandFactory as _;
    use proptest::prelude::*;

    use super::{COMMANDS, PLUGIN, called_as_plugin, is_completion, is_named};
    use crate::commands::Cli;
    use crate::text::shell_path;

    #[test]
    fn every_command_is_known() {
        let command = Cli::command();
        let mut names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        names.sort_unstable();
        assert_eq!(names, COMMANDS);
    }

    /// Texts that hold what a call begins with and what ends quotes.
    fn values() -> impl Strategy<Value = String> {
        const PARTS: [&str; 12] = [
            "acr-pull-secret check",
            "acr-pull-secret",
            " ",
            "with ",
            "run ",
            "'",
            "\"",
            "\\",
            "|",
            ": ",
            "--",
            "ä\n",
        ];
        let part = proptest::sample::select(PARTS.as_slice());
        proptest::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn a_value_in_a_help_keeps_its_text(value in values()) {
            let word = shell_path(value.as_ref());
            let help = |name: &str| format!("run {name} check -k {word}, and then {name} fix --diff a");
            let named = called_as_plugin(&help("acr-pull-secret")).into_owned();
            prop_assert_eq!(named, help("kubectl acr-pull-secret"));
            let help = |name: &str| format!("rename {value:?}, then run {name} secret --merge a");
            let named = called_as_plugin(&help("acr-pull-secret")).into_owned();
            prop_assert_eq!(named, help("kubectl acr-pull-secret"));
        }
    }

    #[test]
    fn the_plugin_is_known_by_the_name_of_its_file() {
        for (first, is) in [
            ("kubectl-acr_pull_secret", true),
            ("/home/ann/.krew/bin/kubectl-acr_pull_secret", true),
            ("kubectl-acr_pull_secret.exe", true),
            ("kubectl-acr_pull_secret.EXE", true),
            ("acr-pull-secret", false),
            ("kubectl-acr_pull_secrets", false),
            ("", false),
        ] {
            assert_eq!(is_named(Some(OsStr::new(first)), PLUGIN), is, "{first}");
            assert!(!is_completion(Some(OsStr::new(first))), "{first}");
        }
        assert!(!is_named(None, PLUGIN) && !is_completion(None));
        assert!(is_completion(Some(OsStr::new("/usr/bin/kubectl_complete-acr_pull_secret"))));
    }

    #[test]
    fn only_calls_get_the_other_name() {
        for (text, named) in [
            ("run acr-pull-secret check -k prod", "run kubectl acr-pull-secret check -k prod"),
            ("a | acr-pull-secret fix - | b", "a | kubectl acr-pull-secret fix - | b"),
            ("Examples:\n  acr-pull-secret man", "Examples:\n  kubectl acr-pull-secret man"),
            (
                "acr-pull-secret why a; acr-pull-secret why b",
                "kubectl acr-pull-secret why a; kubectl acr-pull-secret why b",
            ),
            ("set paths in .acr-pull-secret.yaml", "set paths in .acr-pull-secret.yaml"),
            ("/usr/bin/acr-pull-secret check", "/usr/bin/acr-pull-secret check"),
            (
                "clusteradmissionpolicy acr-pull-secret-validate -o json",
                "clusteradmissionpolicy acr-pull-secret-validate -o json",
            ),
            ("kubectl acr-pull-secret check", "kubectl acr-pull-secret check"),
            ("acr-pull-secret", "acr-pull-secret"),
            // A Secret of this name.
            (
                "acr-pull-secret secret --name acr-pull-secret -n shop < password.txt | kubectl create -f -",
                "kubectl acr-pull-secret secret --name acr-pull-secret -n shop < password.txt | kubectl create -f -",
            ),
            (
                "kubectl get secret acr-pull-secret -n shop -o yaml > a.yaml && acr-pull-secret secret --merge a.yaml",
                "kubectl get secret acr-pull-secret -n shop -o yaml > a.yaml && kubectl acr-pull-secret secret --merge a.yaml",
            ),
            ("use one of these: acr-pull-secret or b", "use one of these: acr-pull-secret or b"),
            (
                "kubectl's parser: run acr-pull-secret check -",
                "kubectl's parser: run kubectl acr-pull-secret check -",
            ),
            ("\"run acr-pull-secret check\" is a file", "\"run acr-pull-secret check\" is a file"),
            ("and list acr-pull-secret in imagePullSecrets", "and list acr-pull-secret in imagePullSecrets"),
        ] {
            assert_eq!(called_as_plugin(text), named);
        }
    }
}
