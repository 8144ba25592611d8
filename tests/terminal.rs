//! Sessions of the command, as a user's terminal shows them. `TRYCMD=overwrite cargo test terminal` rewrites them for
//! review.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use trycmd::schema::Bin;
use walkdir::WalkDir;

use crate::engines::{CHECKOUTS, command_alone, project};

/// The files of all sessions.
fn files() -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = WalkDir::new(project("tests/terminal")).into_iter().map(|entry| entry.unwrap().into_path());
    entries.filter(|path| path.is_file()).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// The folders in which sessions run, with what is in them.
fn inputs() -> BTreeMap<PathBuf, Vec<u8>> {
    let is_input =
        |path: &PathBuf| path.ancestors().any(|folder| folder.extension().is_some_and(|it| it == "in"));
    files().into_iter().filter(|(path, _)| is_input(path)).collect()
}

/// Each `.toml` is a call: its arguments, exit status, stdout and stderr; a folder `NAME.in` is where it runs, and
/// `NAME.out` what the folder holds afterwards.
#[test]
fn sessions_look_as_shown() {
    let before = inputs();
    let cases = trycmd::TestCases::new();
    cases
        .default_bin_path(env!("CARGO_BIN_EXE_acr-pull-secret"))
        .env("NO_COLOR", "1")
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .case(project("tests/terminal/*/*.toml"));
    without_checkout(&cases).run();
    let after = inputs();
    let changed = after.iter().filter(|(path, text)| before.get(*path) != Some(text));
    let changed: Vec<&PathBuf> = changed.map(|(path, _)| path).collect();
    assert!(changed.is_empty(), "a session that writes needs an `.out` to be compared with: {changed:?}");
    assert_eq!(before.len(), after.len(), "a session that removes files needs an `.out` to be compared with");
}

/// A file that no session names is not run, although it looks as if it were.
#[test]
fn every_file_next_to_the_sessions_belongs_to_one() {
    let root = project("tests/terminal");
    let files = files();
    let sessions: BTreeSet<PathBuf> =
        files.keys().filter(|path| path.extension().is_some_and(|it| it == "toml")).cloned().collect();
    assert!(sessions.len() >= 160, "{}", sessions.len());
    for path in files.keys() {
        let mut parts = path.strip_prefix(&root).unwrap().components();
        let (topic, session) = (parts.next().unwrap(), parts.next().unwrap());
        let session = root.join(topic).join(session).with_extension("toml");
        assert!(sessions.contains(&session), "{} belongs to no session", path.display());
    }
}

/// The console blocks of README.md and other documents show what their commands print in a checkout. Of times, only places
/// and units are compared, because the values depend on the machine and the day.
#[test]
fn documents_show_what_the_command_prints() {
    let folder = tempfile::tempdir().unwrap();
    let documents = documents();
    assert!(documents.contains(&project("README.md")), "{documents:?}");
    for (number, document) in documents.iter().enumerate() {
        let copy = folder.path().join(format!("{number}.md"));
        fs::write(&copy, runnable(document)).unwrap();
        // Where its commands run, as the library takes it.
        fs::write(copy.with_extension("in"), project("").to_str().unwrap()).unwrap();
    }
    let cases = trycmd::TestCases::new();
    cases
        .register_bin("acr-pull-secret", PathBuf::from(env!("CARGO_BIN_EXE_acr-pull-secret")))
        .register_bin("cargo", Bin::Ignore)
        .env("NO_COLOR", "1")
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .case(folder.path().join("*.md"));
    without_checkout(&cases).run();
}

/// An empty name is that of no folder.
fn without_checkout(cases: &trycmd::TestCases) -> &trycmd::TestCases {
    CHECKOUTS.iter().fold(cases, |cases, variable| cases.env(*variable, ""))
}

/// README.md begins with an error. It is the one that `check` prints of the same example.
#[test]
fn the_error_at_the_top_of_the_readme_is_what_check_prints() {
    let readme = fs::read_to_string(project("README.md")).unwrap();
    let (_, shown) = readme.split_once("```text\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let output = command_alone(&["check", "docs/examples"]).env("NO_COLOR", "1").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(shown), "{said}");
}

/// The documents that have console blocks.
fn documents() -> Vec<PathBuf> {
    let is_source = |name: &str| !name.starts_with('.') && name != "target" && name != "node_modules";
    let entries = WalkDir::new(project("")).sort_by_file_name().into_iter();
    entries
        .filter_entry(|entry| entry.depth() == 0 || entry.file_name().to_str().is_some_and(is_source))
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter(|path| fs::read_to_string(path).unwrap().contains("```console"))
        .collect()
}

/// A document whose console blocks call the built command and have gaps for times. `$ echo $?` and the line below it say with
/// which status the call above ends. Nothing in it may be skipped: not a
/// block, not a line, and no command but the one that runs this test.
fn runnable(document: &Path) -> String {
    let time = Regex::new(r" *\b[0-9]+\.[0-9]+ (µs|×)").unwrap();
    let days = Regex::new(r"\b[0-9]+ (days ago)").unwrap();
    let mut in_block = false;
    let mut has_output = false;
    let mut lines: Vec<String> = Vec::new();
    let text = fs::read_to_string(document).unwrap();
    let mut rest = text.lines().enumerate();
    while let Some((number, line)) = rest.next() {
        if in_block && line == "$ echo $?" {
            let call = lines.iter().rposition(|line| line.starts_with("$ ")).unwrap();
            let (_, status) = rest.next().unwrap();
            lines.insert(call + 1, format!("? {status}"));
            continue;
        }
        let place = || format!("{}:{}: {line}", document.display(), number + 1);
        let mut line = line.to_owned();
        let is_fence = line.trim_start().starts_with("```");
        let is_call = in_block && line.starts_with("$ ");
        if (is_fence || is_call) && has_output {
            // The library leaves out the last line end of what is expected.
            lines.push(String::new());
        }
        if is_fence {
            in_block = line == "```console";
            assert!(in_block || !line.contains("console"), "{}", place());
        } else if in_block {
            assert!(line != "..." && !line.contains("[..]"), "what is left out is not compared: {}", place());
            line = line.replace("$ cargo run --release -- ", "$ acr-pull-secret ");
            let is_known = line.starts_with("$ acr-pull-secret ") || line == "$ cargo test --workspace";
            assert!(!is_call || is_known, "{}", place());
            line = time.replace_all(&line, "[..] $1").into_owned();
            line = days.replace_all(&line, "[..] $1").into_owned();
            // One round looks like twenty, and takes a debug build as many times less.
            if line == "$ acr-pull-secret bench" {
                line.push_str(" --rounds 1");
            }
            line = line.replace("; the least of 20 rounds", "; the least of 1 rounds");
        }
        has_output = in_block && !is_fence && !is_call;
        lines.push(line);
    }
    lines.join("\n")
}
