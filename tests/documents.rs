//! What the documents show is there: files, links, and calls that the command line takes.

mod calls;
mod links;
mod settings;
#[cfg(unix)]
mod shell;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use ignore::WalkBuilder;
use regex::Regex;
use walkdir::WalkDir;

use crate::engines::project;

/// The Markdown files of the project, without those that git ignores and those that others wrote.
fn documents() -> Vec<PathBuf> {
    let is_skipped = |name: &str| [".git", "target"].contains(&name);
    let entries = WalkBuilder::new(project(""))
        .hidden(false)
        .require_git(false)
        .filter_entry(move |entry| !entry.file_name().to_str().is_some_and(is_skipped))
        .sort_by_file_name(Ord::cmp)
        .build();
    let paths = entries.map(|entry| entry.unwrap().into_path());
    let documents: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    assert!(documents.len() > 40, "{documents:?}");
    documents
}

/// The folders at the top whose files documents name.
const FOLDERS: &str = r"(?:\.cargo|\.ci|\.github|docs|host|policy|tests)";

/// `a/{b,c}.rs` names two files.
fn alternatives(name: &str) -> Vec<String> {
    match name.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
        Some((before, (choices, after))) => {
            choices.split(',').map(|choice| format!("{before}{choice}{after}")).collect()
        }
        None => vec![name.to_owned()],
    }
}

fn is_there(name: &str) -> bool {
    // For a name with a placeholder, such as `tests/fix/NAME.in.yaml`, the folder exists.
    let known: Vec<&str> =
        name.split('/').take_while(|part| !part.contains(['<', '$']) && *part != "NAME").collect();
    alternatives(&known.join("/")).iter().all(|name| {
        let pattern = project(name.trim_end_matches('/')).display().to_string();
        glob::glob(&pattern).expect("a pattern").next().is_some()
    })
}

/// A new user reads it in two minutes.
#[test]
fn the_readme_has_at_most_180_lines() {
    let lines = fs::read_to_string(project("README.md")).unwrap().lines().count();
    assert!(lines <= 180, "{lines} lines: move details to a page in docs");
}

#[test]
fn every_file_that_a_document_names_exists() {
    // In Markdown in backticks or as the target of a link, in mutation testing's configuration in quotes.
    let named = Regex::new(&format!(r##"[`("]({FOLDERS}/[\w./*{{}},-]*)[`)"#]"##)).unwrap();
    let mut seen = BTreeSet::new();
    let mut missing = BTreeSet::new();
    let skipped = ["target", "node_modules", ".git", ".gate"];
    let entries = WalkDir::new(project("")).into_iter();
    let entries = entries.filter_entry(|entry| !skipped.contains(&&*entry.file_name().to_string_lossy()));
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        let is_document = path.extension().is_some_and(|extension| extension == "md")
            || path.parent().is_some_and(|folder| folder.ends_with(".cargo"));
        if !is_document {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        for name in named.captures_iter(&text).map(|found| found[1].to_owned()) {
            if !is_there(&name) {
                missing.insert(format!("{}: {name}", path.display()));
            }
            seen.insert(name);
        }
    }
    assert!(missing.is_empty(), "not there: {missing:#?}");
    assert!(seen.len() > 40, "{seen:?}");
}
