//! Every command is documented, in its help and in the manual.

use std::path::Path;

use acr_pull_secret::commands::Cli;
use acr_pull_secret::program::named_as_plugin;
use clap::{Command, CommandFactory as _};
use serde_json::Value;

use crate::engines::{json as parse, our_host, run};
use crate::tables::NoHost;

/// The arguments of each command.
pub(crate) fn commands() -> Vec<Vec<String>> {
    calls(&Cli::command(), &[])
}

fn calls(command: &Command, words: &[String]) -> Vec<Vec<String>> {
    if !command.has_subcommands() {
        return vec![words.to_vec()];
    }
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    below.flat_map(|below| calls(below, &[words, &[below.get_name().to_owned()]].concat())).collect()
}

#[test]
fn the_command_line_definition_is_valid() {
    Cli::command().debug_assert();
}

#[test]
fn the_help_of_every_command_has_examples_of_it() {
    for words in commands() {
        let call: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = String::from_utf8(run(&call, "").stdout).unwrap();
        let (_, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{words:?}: {help}"));
        let call = format!("acr-pull-secret {}", words.join(" "));
        assert!(examples.contains(&call), "{call}: {examples}");
    }
}

#[test]
fn the_manual_has_every_command_and_every_rule() {
    let page = String::from_utf8(run(&["man"], "").stdout).unwrap().replace("\\-", "-");
    assert!(page.contains(".TH acr-pull-secret 1"), "{page}");
    for words in commands() {
        assert!(page.contains(&format!("acr-pull-secret {}", words.join(" "))), "{words:?}");
    }
    let rules: Value = parse(&our_host("findings", b"", std::sync::Arc::new(NoHost)));
    for rule in rules.as_array().unwrap() {
        assert!(page.contains(&format!("\\fB{}\\fR\n", rule["id"].as_str().unwrap())), "{rule}");
        assert!(page.contains(rule["summary"].as_str().unwrap()), "{rule}");
    }
}

#[test]
fn the_folder_has_a_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["man", "--dir", &folder.path().join("man1").display().to_string()], "");
    assert_eq!(output.status.code(), Some(0));
    for words in commands() {
        let page = folder.path().join(format!("man1/acr-pull-secret-{}.1", words.join("-")));
        let page = std::fs::read_to_string(page).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        assert!(page.contains(".SH EXAMPLES"), "{page}");
    }
    assert!(folder.path().join("man1/acr-pull-secret.1").exists());
}

/// A config file may have the paths.
#[test]
fn the_manual_and_the_help_agree_on_which_commands_need_paths() {
    let folder = tempfile::tempdir().unwrap();
    run(&["man", "--dir", &folder.path().display().to_string()], "");
    let mut count = 0;
    for words in commands() {
        let page = folder.path().join(format!("acr-pull-secret-{}.1", words.join("-")));
        let page = std::fs::read_to_string(page).unwrap().replace("\\fI", "").replace("\\fR", "");
        let call: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = String::from_utf8(run(&call, "").stdout).unwrap();
        for (in_help, in_page) in [(" [PATH]...", " [PATH...]"), (" <PATH>...", " <PATH...>")] {
            let usage = help.lines().find(|line| line.starts_with("Usage: ")).unwrap();
            assert_eq!(usage.contains(in_help), page.contains(in_page), "{words:?}: {usage}");
            count += usize::from(usage.contains(in_help));
        }
    }
    assert!(count >= 5, "{count}");
}

#[test]
fn only_pages_of_the_manual_are_replaced() {
    let run = |folder: &Path| run(&["man", "--dir", &folder.display().to_string()], "");
    let page = "acr-pull-secret-check.1";
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path()).status.code(), Some(0));
    let written = std::fs::read(folder.path().join(page)).unwrap();
    assert_eq!(run(folder.path()).status.code(), Some(0), "an earlier page is replaced");

    for text in ["", "notes\n", ".TH check 1 \"other 1.0\"\n"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(page), text).unwrap();
        let output = run(folder.path());
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("acr-pull-secret-check.1 exists and is not a page of this manual\n"), "{said}");
        assert_eq!(std::fs::read_to_string(folder.path().join(page)).unwrap(), text);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is written");
    }
    #[cfg(unix)]
    for (name, target) in [("taken", Some(&written)), ("none", None)] {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let there = elsewhere.path().join(name);
        if let Some(text) = target {
            std::fs::write(&there, text).unwrap();
        }
        std::os::unix::fs::symlink(&there, folder.path().join(page)).unwrap();
        let output = run(folder.path());
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert_eq!(there.exists(), target.is_some(), "{name}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{name}");
    }
}

#[test]
fn no_page_of_the_manual_has_back_quotes() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["man", "--dir", &folder.path().display().to_string()], "");
    assert_eq!(output.status.code(), Some(0));
    let whole = String::from_utf8(run(&["man"], "").stdout).unwrap();
    let pages = std::fs::read_dir(&folder).unwrap().map(|page| page.unwrap().path());
    let pages = pages.map(|page| std::fs::read_to_string(page).unwrap()).chain([whole]);
    let mut count = 0;
    for page in pages {
        count += 1;
        let line = page.lines().find(|line| line.contains('`'));
        assert_eq!(line, None);
    }
    assert!(count > commands().len(), "{count}");
}

#[test]
fn check_says_what_its_exit_status_means() {
    let help = String::from_utf8(run(&["check", "--help"], "").stdout).unwrap();
    let (_, statuses) = help.split_once("Exit status:\n").unwrap_or_else(|| panic!("{help}"));
    let told: Vec<&str> = statuses.lines().filter_map(|line| line.trim().split("  ").next()).collect();
    assert_eq!(told, ["0", "1", "2", "3"]);
    let page = String::from_utf8(run(&["man"], "").stdout).unwrap();
    assert!(page.contains("\\fBExit status\\fR"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    run(&["man", "--dir", &folder.path().display().to_string()], "");
    let page = std::fs::read_to_string(folder.path().join("acr-pull-secret-check.1")).unwrap();
    assert!(page.contains(".SH \"EXIT STATUS\"\n"), "{page}");
}

#[test]
fn options_of_the_config_file_are_refused_where_none_is_read() {
    // Those that read one, with what else they need.
    let used = [
        ("check", "pod.yaml"),
        ("fix", "pod.yaml"),
        ("test", "suite.yaml"),
        ("explain", "contoso.azurecr.io/web"),
        ("init", "pod.yaml"),
        ("policy inspect", "policy.wasm"),
        ("policy manifest", "--mode=monitor"),
        ("bench", "pod.yaml"),
    ];
    for words in commands() {
        let name = words.join(" ");
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let talk = |more: &[&str]| {
            let output = run(&[&words, more].concat(), "");
            assert_eq!(output.status.code(), Some(2), "{name} {more:?}");
            String::from_utf8(output.stderr).unwrap()
        };
        if let Some((_, needed)) = used.iter().find(|(command, _)| *command == name) {
            let talk = talk(&["--config=no-such.yaml", needed]);
            assert_eq!(talk, "error: no-such.yaml: cannot be read: no such file or folder\n", "{name}");
            continue;
        }
        for option in ["--config=no-such.yaml", "--no-config"] {
            let talk = talk(&[option]);
            let tip = format!("tip: leave it out, because {name} reads no config file");
            assert!(talk.contains(&tip), "{name} {option}: {talk}");
        }
    }
    let output = run(&["--no-config", "check", "."], "");
    let talk = String::from_utf8(output.stderr).unwrap();
    assert!(talk.contains("write it after the command, such as acr-pull-secret check --no-config"), "{talk}");
}

#[test]
fn the_help_of_an_option_is_true_of_its_command() {
    for (command, said, never) in [
        ("check", "Namespace of objects that do not name one", ""),
        ("explain", "Namespace of the pod", "--jobs"),
        ("explain", "a list of the answers", "among the inputs"),
        ("why", "a list of the answers", "policy's answers"),
        ("why", "the pull secrets of the pod", "among the inputs"),
        ("bench", "Namespace of objects that do not name one", "--jobs"),
        ("secret", "Namespace of the secret", "--config"),
    ] {
        let help = String::from_utf8(run(&[command, "--help"], "").stdout).unwrap();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(said), "{command}: {help}");
        assert!(never.is_empty() || !help.contains(never), "{command}: {never}");
    }
}

#[test]
fn the_heading_of_the_registries_has_only_their_options() {
    for command in ["check", "explain", "why"] {
        let help = String::from_utf8(run(&[command, "--help"], "").stdout).unwrap();
        let (_, asking) = help.split_once("Asking registries:\n").unwrap_or_else(|| panic!("{help}"));
        let asking = asking.split_once("\nExamples:").unwrap_or_else(|| panic!("{help}")).0;
        let options = asking.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
        let options: Vec<&str> = options.map(|line| line.split(' ').next().unwrap()).collect();
        let all = ["pull", "platform", "pull-timeout", "insecure", "ca-file", "resolve", "docker-config"];
        assert_eq!(options, all, "{command}");
        assert!(!asking.contains("--output") && !asking.contains("--config"), "{asking}");
    }
}

/// What a help wraps in the middle of a line is broken where it is typed.
#[test]
fn no_line_of_an_example_is_wrapped() {
    fn texts(command: &Command) -> Vec<String> {
        let own = command.get_after_help().map(ToString::to_string);
        own.into_iter().chain(command.get_subcommands().flat_map(texts)).collect()
    }
    let of_plugin = texts(&named_as_plugin(Cli::command()));
    assert!(
        of_plugin.iter().any(|text| text.contains("\n  kubectl acr-pull-secret check ")),
        "{of_plugin:?}"
    );
    for text in texts(&Cli::command()).into_iter().chain(of_plugin) {
        for line in text.lines().filter(|line| line.starts_with("  ")) {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
