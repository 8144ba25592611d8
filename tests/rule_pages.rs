//! Each rule has a page in `docs/rules`, written from what the policy says about it and from a recorded terminal session.
//!
//! `UPDATE=1 cargo test rule_pages` writes the pages, for review.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use walkdir::WalkDir;

use crate::engines::{json, our_host, project};
use crate::tables::NoHost;
use acr_pull_secret::pull;

const FOLDER: &str = "docs/rules";

/// A recorded call of `check`.
struct Session {
    args: String,
    stdout: String,
}

/// The recorded calls of `check`. Those in `rules` and `field` are first, because each of them shows one case.
fn sessions() -> Vec<Session> {
    let topics = ["rules", "field", "check"].map(|topic| project("tests/terminal").join(topic));
    let entries = topics.iter().flat_map(|topic| WalkDir::new(topic).max_depth(1).sort_by_file_name());
    let paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().into_path()).collect();
    let recorded = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    recorded.filter_map(|path| session(&fs::read_to_string(path).unwrap())).collect()
}

fn session(toml: &str) -> Option<Session> {
    let args = toml.lines().find_map(|line| line.strip_prefix("args = ["))?.strip_suffix(']')?;
    let args = args.split(", ").map(|arg| arg.trim_matches(['"', '\'']));
    // As a shell needs it.
    let args: Vec<String> =
        args.map(|arg| if arg.contains('{') { format!("'{arg}'") } else { arg.to_owned() }).collect();
    let stdout = ["\"\"\"", "'''"].iter().find_map(|quotes| {
        let (_, stdout) = toml.split_once(&format!("stdout = {quotes}\n"))?;
        let (stdout, _) = stdout.split_once(quotes)?;
        Some(if *quotes == "'''" { stdout.to_owned() } else { stdout.replace("\\\\", "\\") })
    })?;
    Some(Session { args: args.join(" "), stdout })
}

/// The first finding of this rule in the sessions: the call, the object, and what is printed about the finding.
fn example(rule: &str, sessions: &[Session]) -> Option<String> {
    let finding = [format!("error[{rule}]: "), format!("warning[{rule}]: ")];
    sessions.iter().find_map(|session| {
        let lines: Vec<&str> = session.stdout.lines().collect();
        let at = lines.iter().position(|line| finding.iter().any(|finding| line.starts_with(finding)))?;
        let is_object =
            |line: &&str| ["accepted ", "mutated ", "rejected "].iter().any(|it| line.starts_with(it));
        let object = lines[..at].iter().rfind(|line| is_object(line))?;
        let finding = lines[at..].iter().take_while(|line| !line.is_empty());
        let shown: Vec<&str> = [object].into_iter().chain(finding).copied().collect();
        // How long ago a token expired depends on the day.
        let shown = shown.join("\n").replace(", [..] days ago", "");
        assert!(!shown.contains("[..]"), "{shown}");
        Some(format!("```text\n$ acr-pull-secret {}\n{shown}\n```\n", session.args))
    })
}

/// The rules of the policy, and those that the command adds with `--pull`.
fn all_rules() -> Vec<Value> {
    let rules = json(&our_host("findings", b"", Arc::new(NoHost)));
    let added = pull::rules::rules().into_iter().map(|rule| serde_json::to_value(rule).unwrap());
    rules.as_array().unwrap().iter().cloned().chain(added).collect()
}

/// Whether only the command reports it.
fn is_added(id: &str) -> bool {
    pull::rules::rules().iter().any(|rule| rule.id == id)
}

fn page(rule: &Value, sessions: &[Session]) -> String {
    let field = |name: &str| rule[name].as_str().unwrap();
    let (id, category, summary, reason, fix) =
        (field("id"), field("category"), field("summary"), field("reason"), field("fix"));
    let action = match field("action") {
        "warn" => "a warning",
        "reject" => "a rejection",
        other => panic!("{id}: {other}"),
    };
    let weight = match category {
        _ if is_added(id) => format!(
            "Always {action}, and only with [`--pull`](../pulling.md). The policy never asks registries."
        ),
        "warning" | "rejection" => format!("Always {action}. No setting changes this."),
        _ => format!(
            "By default {action}. The setting [`actions.{category}`](../settings.md#actions) changes this to `allow`, `warn` or \
             `reject`."
        ),
    };
    let weight = match category {
        "unusable" => {
            weight + " `check` without settings makes it an error for a pod that cannot pull otherwise."
        }
        _ => weight,
    };
    let example =
        example(id, sessions).map(|example| format!("\n## Example\n\n{example}")).unwrap_or_default();
    let author = if is_added(id) { "command" } else { "policy" };
    format!(
        "<!-- Written by `UPDATE=1 cargo test rule_pages` from the {author}. Do not edit. -->\n\
         # {id}\n\n{summary}\n\n\
         **Why it breaks.** {reason}\n\n\
         **How to fix it.** {fix}\n\n\
         **What the {author} does.** {weight}\n{example}\n\
         [All rules](README.md)\n"
    )
}

#[test]
fn the_page_of_each_rule_says_what_the_policy_says() {
    let rules = all_rules();
    let sessions = sessions();
    let folder = project(FOLDER);
    let mut names = BTreeSet::from(["README.md".to_owned()]);
    for rule in &rules {
        let name = format!("{}.md", rule["id"].as_str().unwrap());
        let page = page(rule, &sessions);
        let path = folder.join(&name);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &page).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(written, page, "UPDATE=1 cargo test rule_pages writes {FOLDER}/{name}");
        names.insert(name);
    }
    let there = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(there.collect::<BTreeSet<_>>(), names, "a page for each rule, and the list of all");
}

#[test]
fn the_list_of_rules_has_those_of_the_policy_in_its_order_and_then_those_of_the_command() {
    let rules = all_rules();
    let ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let list = fs::read_to_string(project(FOLDER).join("README.md")).unwrap();
    let listed = list
        .lines()
        .filter_map(|line| Some(line.strip_prefix('|')?.split_once("| [`")?.1.split_once('`')?.0));
    assert_eq!(listed.collect::<Vec<_>>(), ids);
}
