//! Links lead somewhere. No network is asked: only links within the project are followed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use regex::Regex;

use super::documents;
use crate::engines::project;

/// A document's text without its fenced blocks and code spans, which hold no links.
fn prose(text: &str) -> String {
    let mut is_in_block = false;
    let lines = text.lines().map(|line| {
        let is_fence = line.trim_start().starts_with("```");
        let is_prose = !is_in_block && !is_fence;
        is_in_block ^= is_fence;
        if is_prose { line } else { "" }
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    Regex::new("``[^`]+``|`[^`]*`").unwrap().replace_all(&text, "code").into_owned()
}

/// The addresses of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut is_in_block = false;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = BTreeSet::new();
    for line in text.lines() {
        is_in_block ^= line.trim_start().starts_with("```");
        let Some(heading) = line.strip_prefix('#').filter(|_| !is_in_block) else { continue };
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let count = seen.entry(anchor.clone()).or_default();
        anchors.insert(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
        *count += 1;
    }
    anchors
}

/// Why a link in a file of `folder` leads nowhere.
fn dead(link: &str, document: &Path, folder: &Path) -> Option<String> {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = if path.is_empty() { document.to_owned() } else { folder.join(path) };
    if !target.exists() {
        return Some(format!("{}: {link}: no such file", document.display()));
    }
    let anchor = anchor.filter(|_| target.extension().is_some_and(|extension| extension == "md"))?;
    let is_there = anchors(&fs::read_to_string(&target).unwrap()).contains(anchor);
    (!is_there).then(|| format!("{}: {link}: no such heading", document.display()))
}

#[test]
fn every_link_between_documents_leads_to_a_file_and_a_heading() {
    let link = Regex::new(r"\]\(([^)\s]+)\)|(?m)^\[[^\]]+\]: (\S+)").unwrap();
    let mut followed = 0;
    let mut problems = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for found in link.captures_iter(&prose(&text)) {
            let target = found.get(1).or_else(|| found.get(2)).unwrap().as_str();
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            followed += 1;
            problems.extend(dead(target, &document, document.parent().unwrap()));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(followed > 100, "only {followed} links were followed");
}

/// Messages, reports and metadata link to files of the repository by their addresses at GitHub.
#[test]
fn every_address_of_a_file_in_the_repository_leads_to_a_file_and_a_heading() {
    let address = Regex::new(
        r"https://github\.com/acr-pull-secret/acr-pull-secret/blob/(?:main|v[0-9.]+)/([\w./#-]*[\w/-])",
    )
    .unwrap();
    let texts = ["md", "rs", "ts", "yml", "yaml", "json", "html", "toml"];
    let entries = WalkBuilder::new(project("")).hidden(false).require_git(false).build();
    let paths = entries.map(|entry| entry.unwrap().into_path());
    let is_text = |path: &PathBuf| path.extension().is_some_and(|found| texts.iter().any(|it| *it == found));
    let mut problems = Vec::new();
    let mut followed = 0;
    for path in paths.filter(|path| path.is_file() && is_text(path)) {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for found in address.captures_iter(&text) {
            followed += 1;
            problems.extend(dead(&found[1], &path, &project("")));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(followed >= 3, "only {followed} addresses were followed");
}

/// The contents of the site name every page below `docs`, once.
#[test]
fn the_contents_of_the_site_have_every_page() {
    let docs = project("docs");
    let contents = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let link = Regex::new(r"\]\(([^)]+)\)").unwrap();
    let mut listed: Vec<String> = link.captures_iter(&contents).map(|found| found[1].to_owned()).collect();
    listed.sort();
    let docs = fs::canonicalize(docs).unwrap();
    let pages = documents().into_iter().filter_map(|path| {
        let path = fs::canonicalize(path).unwrap();
        Some(path.strip_prefix(&docs).ok()?.to_str().unwrap().to_owned()).filter(|name| name != "SUMMARY.md")
    });
    let mut pages: Vec<String> = pages.collect();
    pages.sort();
    assert_eq!(listed, pages);
}
