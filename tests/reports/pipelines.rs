//! The reports for Azure Pipelines, GitLab and the pages of pipelines.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use review::foreign_text::plain;
use serde_json::Value;

use super::{FORMATS, assert_valid, hard_reports, reports, results, schema};
use crate::engines::{CHECKOUTS, command, run};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: a, image: contoso.azurecr.io/a}, {name: b, image: contoso.azurecr.io/a}, {name: c, image: contoso.azurecr.io/c}]}\n";

const VALIDATE: [&str; 2] = ["--settings-json", r#"{"mode":"validate"}"#];

/// A command in a line, read as the agent does: microsoft/azure-pipelines-agent,
/// `src/Microsoft.VisualStudio.Services.Agent/Command.cs`.
fn logging_command(line: &str) -> (String, HashMap<String, String>, String) {
    let unescaped = |text: &str| {
        let text = text.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n");
        text.replace("%5D", "]").replace("%AZP25", "%")
    };
    let (before, command) = line.split_once("##vso[").unwrap_or_else(|| panic!("{line}"));
    assert!(before.is_empty(), "{line}");
    let (head, data) = command.split_once(']').unwrap();
    let (event, properties) = head.split_once(' ').unwrap_or((head, ""));
    let properties = properties.split(';').filter(|property| !property.is_empty()).map(|property| {
        let (name, value) = property.split_once('=').unwrap_or_else(|| panic!("{line}"));
        (name.to_owned(), unescaped(value))
    });
    (event.to_owned(), properties.collect(), unescaped(data))
}

#[test]
fn logging_commands_read_back_as_the_findings() {
    let all = hard_reports();
    let issues: Vec<_> = all.azure.lines().map(logging_command).collect();
    let count = |level: &str| {
        issues
            .iter()
            .filter(|(_, properties, _)| properties.contains_key("code") && properties["type"] == level)
            .count()
    };
    let results = results(&all);
    let levels = |level: &str| results.iter().filter(|result| result["level"] == level).count();
    assert_eq!((count("error"), count("warning")), (levels("error"), levels("warning")));
    let objects = all.json["results"].as_array().unwrap();
    let parts = objects.iter().flat_map(|object| {
        let parts = object["pods"].as_array().into_iter().flatten();
        std::iter::once(&object["object"]).chain(parts).map(move |part| (object, part))
    });
    let findings = parts.flat_map(|(object, part)| {
        part["findings"].as_array().unwrap().iter().map(move |finding| (object, finding))
    });
    for (object, finding) in findings {
        let text = |field: &str| finding[field].as_str().unwrap();
        let help = if text("help").is_empty() { String::new() } else { format!("; {}", text("help")) };
        let name = |field: &str| object[field].as_str().unwrap_or_default();
        let slash = if name("namespace").is_empty() { "" } else { "/" };
        let title = format!("{} {}{slash}{}", name("kind"), name("namespace"), name("name"));
        let message = plain(&format!("{title}: {}{help}", text("message"))).into_owned();
        let found = issues.iter().any(|(event, properties, data)| {
            let has = |name: &str, value: &str| properties.get(name).is_some_and(|known| known == value);
            event == "task.logissue"
                && has("code", text("rule"))
                && has("linenumber", &finding["line"].to_string())
                && has("columnnumber", &finding["column"].to_string())
                && *data == message
        });
        assert!(found, "{finding}: {}", all.azure);
    }
    let files: HashSet<&str> =
        issues.iter().filter_map(|(_, properties, _)| Some(properties.get("sourcepath")?.as_str())).collect();
    assert!(files.contains("a b/größe %41, 1:2.yaml") && files.contains("broken.yaml"), "{files:?}");
}

#[test]
fn the_gitlab_report_follows_its_schema_and_has_every_finding_once() {
    let schema = schema("tests/schemas/gitlab-code-quality.json");
    let all = hard_reports();
    assert_valid(&schema, &all.gitlab);
    let issues = all.gitlab.as_array().unwrap();
    let fingerprints: HashSet<&str> =
        issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(fingerprints.len(), issues.len());
    let of_findings = issues.iter().filter(|issue| {
        let name = issue["check_name"].as_str().unwrap();
        !["unreadable", "doubtful-text"].contains(&name)
    });
    assert_eq!(of_findings.count(), results(&all).len());
    assert!(issues.iter().any(|issue| issue["check_name"] == "unreadable"), "{issues:#?}");

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("service.yaml"), "apiVersion: v1\nkind: Service\n").unwrap();
    let empty = reports(folder.path(), &["--allow-empty", "service.yaml"]).gitlab;
    assert_eq!(empty, Value::Array(Vec::new()));
}

#[test]
fn fingerprints_survive_moved_lines_and_other_ways_to_name_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pod.yaml");
    let fingerprints = |text: &str, path: &str| -> Vec<(String, u64)> {
        fs::write(&file, text).unwrap();
        let report = reports(folder.path(), &[&VALIDATE[..], &[path]].concat()).gitlab;
        let of = |issue: &Value| {
            let line = issue["location"]["lines"]["begin"].as_u64().unwrap();
            (issue["fingerprint"].as_str().unwrap().to_owned(), line)
        };
        report.as_array().unwrap().iter().map(of).collect()
    };
    let before = fingerprints(POD, "pod.yaml");
    let after = fingerprints(&format!("# a comment\n\n{POD}"), "./pod.yaml");
    assert_eq!(before.len(), 3);
    for ((one, line), (other, moved)) in before.iter().zip(&after) {
        assert_eq!((one, line + 2), (other, *moved));
    }
    let absolute = file.canonicalize().unwrap();
    assert_eq!(fingerprints(POD, absolute.to_str().unwrap()), before);
    // Without the last image, those of the others stay.
    let shorter = POD.replace(", {name: c, image: contoso.azurecr.io/c}", "");
    let left: Vec<_> = fingerprints(&shorter, "pod.yaml");
    assert_eq!(left, before[..2]);
    // A release changes the tags, and not what is wrong.
    let released = POD.replace("contoso.azurecr.io/c", "contoso.azurecr.io/c:v2");
    assert_eq!(fingerprints(&released, "pod.yaml"), before);
    // A container that is put before the others has a finding of its own.
    let longer = POD.replace("[{name: a,", "[{name: new, image: contoso.azurecr.io/a}, {name: a,");
    let all = fingerprints(&longer, "pod.yaml");
    assert_eq!(all[1..], before);
    assert!(!before.contains(&all[0]), "{all:?}");
    // Of two doubtful keys, the one that is left keeps its fingerprint.
    let both = "metadata: {labels: {a: x, a: y, b: x, b: y}}\n";
    let both = fingerprints(&format!("apiVersion: v1\nkind: Pod\n{both}"), "pod.yaml");
    let left = fingerprints("apiVersion: v1\nkind: Pod\nmetadata: {labels: {b: x, b: y}}\n", "pod.yaml");
    assert_eq!((both.len(), left.as_slice()), (2, &both[1..]));
}

/// A page shows a message alone, and standard input is no file that it could link to.
#[test]
fn messages_name_their_objects_and_no_file_that_is_not_there() {
    let check = |format: &str| {
        let args = [&["check", "-q", "-o", format], &VALIDATE[..], &["-"]].concat();
        String::from_utf8(run(&args, POD).stdout).unwrap()
    };
    for format in ["azure", "github"] {
        let report = check(format);
        assert_eq!(report.matches("Pod shop/web: container \"").count(), 3, "{report}");
        assert!(!report.contains("stdin") && !report.contains("line"), "{report}");
    }
    let report = check("gitlab");
    assert_eq!(report.matches(r#""description":"Pod shop/web: container "#).count(), 3, "{report}");
}

/// A job may run the command in a folder below the checkout, and in each of several.
#[test]
fn paths_and_fingerprints_start_in_the_checkout() {
    CHECKOUTS.into_iter().for_each(assert_paths_start_where_named);
    // Programs other than Jenkins have a variable of this name.
    let checkout = tempfile::tempdir().unwrap();
    let folder = checkout.path().join("a");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("pod.yaml"), POD).unwrap();
    let mut command = command(&[&["check", "-q", "-o", "github"], &VALIDATE[..], &["pod.yaml"]].concat());
    let output = command.env("WORKSPACE", checkout.path()).current_dir(&folder).output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.starts_with("::error file=pod.yaml,"), "{report}");
}

/// `variable` names the checkout.
fn assert_paths_start_where_named(variable: &str) {
    let checkout = tempfile::tempdir().unwrap();
    for folder in ["a", "b"] {
        fs::create_dir_all(checkout.path().join(folder).join("deploy")).unwrap();
        fs::write(checkout.path().join(folder).join("deploy/pod.yaml"), POD).unwrap();
    }
    fs::write(checkout.path().join("pod.yaml"), POD).unwrap();
    let report = |format: &str, folder: &str, paths: &[&str]| {
        let mut command = command(&[&["check", "-q", "-o", format], &VALIDATE[..], paths].concat());
        // With the one that only Jenkins sets.
        command.env(variable, checkout.path()).env("JENKINS_URL", "https://ci.example.com/");
        let output = command.current_dir(checkout.path().join(folder)).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let mut fingerprints = HashSet::new();
    for folder in ["a", "b"] {
        let issues: Value = serde_json::from_str(&report("gitlab", folder, &["deploy"])).unwrap();
        for issue in issues.as_array().unwrap() {
            assert_eq!(issue["location"]["path"], format!("{folder}/deploy/pod.yaml"));
            assert!(fingerprints.insert(issue["fingerprint"].as_str().unwrap().to_owned()), "{issue}");
        }
    }
    let azure = report("azure", "a", &["../pod.yaml", "deploy"]);
    let paths: Vec<String> =
        azure.lines().map(|line| logging_command(line).1["sourcepath"].clone()).collect();
    assert_eq!(
        paths,
        ["pod.yaml", "pod.yaml", "pod.yaml"].into_iter().chain(["a/deploy/pod.yaml"; 3]).collect::<Vec<_>>()
    );
    let github = report("github", "b", &["deploy"]);
    assert!(github.lines().all(|line| line.contains("file=b/deploy/pod.yaml,")), "{github}");
    let sarif: Value = serde_json::from_str(&report("sarif", "b", &["deploy"])).unwrap();
    let uri = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(uri["uri"], "b/deploy/pod.yaml");
}

#[test]
fn the_markdown_is_a_table_with_a_row_for_each_finding() {
    let all = hard_reports();
    let lines: Vec<&str> = all.markdown.lines().collect();
    let [title, "", summary, "", head, rule, rows @ ..] = lines.as_slice() else {
        panic!("{}", all.markdown)
    };
    assert_eq!(*title, "## acr-pull-secret");
    let text = String::from_utf8_lossy(&all.output.stdout).into_owned();
    assert_eq!(Some(*summary), text.lines().last(), "the same summary as in the text");
    assert!(head.starts_with("| | object |") && rule.chars().all(|c| "|-".contains(c)), "{head} {rule}");
    let cells: HashSet<usize> =
        [head, rule].into_iter().chain(rows).map(|row| row.matches('|').count()).collect();
    assert_eq!(cells, HashSet::from([6]), "{}", all.markdown);
    // Files that cannot be read have rows too.
    let problems = all.json["problems"].as_array().unwrap().len();
    assert_eq!(rows.len(), results(&all).len() + problems);
    assert!(rows.iter().any(|row| row.contains("`broken.yaml:2`")), "{rows:#?}");

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pod.yaml"), POD).unwrap();
    let fine = reports(folder.path(), &["--settings-json", "{}", "pod.yaml"]).markdown;
    assert_eq!(fine, "## acr-pull-secret\n\n1 object: 0 accepted, 1 mutated, 0 rejected; 0 warnings\n");
}

/// A page has room for less.
#[test]
fn a_long_markdown_is_cut_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let pods: Vec<String> = (0..1500).map(|i| POD.replace("name: web", &format!("name: web-{i}"))).collect();
    fs::write(folder.path().join("pods.yaml"), pods.join("---\n")).unwrap();
    let report = reports(folder.path(), &[&VALIDATE[..], &["pods.yaml"]].concat()).markdown;
    let rows = report.lines().filter(|line| line.starts_with("| error |")).count();
    let last = report.lines().last().unwrap();
    assert!(report.len() < 600 << 10, "{}", report.len());
    assert_eq!(last, format!("{} findings more, which the other reports show.", 4500 - rows));
    assert!(report.contains("1500 objects: 0 accepted, 0 mutated, 1500 rejected"));
}

/// What standard output is, and whether there is a file `summary.md`.
fn uploaded(folder: &Path, outputs: &[&str]) -> (String, bool) {
    fs::write(folder.join("pod.yaml"), POD).unwrap();
    let outputs = outputs.iter().flat_map(|output| ["-o", output]);
    let args: Vec<&str> = ["check", "pod.yaml"].into_iter().chain(VALIDATE).chain(outputs).collect();
    let output = command(&args).current_dir(folder).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), folder.join("summary.md").is_file())
}

#[test]
fn a_summary_is_uploaded_where_the_agent_reads_the_issues() {
    let new = || tempfile::tempdir().unwrap();
    for outputs in [["azure", "markdown=summary.md"], ["markdown=summary.md", "azure"]] {
        let folder = new();
        let (shown, is_written) = uploaded(folder.path(), &outputs);
        let path = folder.path().canonicalize().unwrap().join("summary.md");
        let last = format!("##vso[task.uploadsummary]{}", path.display());
        assert_eq!((shown.lines().last(), shown.lines().count()), (Some(last.as_str()), 4), "{shown}");
        assert!(is_written);
    }
    for outputs in [
        &["azure"][..],
        &["azure=issues.txt", "markdown=summary.md"],
        &["github", "markdown=summary.md"],
        &["azure", "markdown=no/such/folder/summary.md"],
    ] {
        let (shown, _) = uploaded(new().path(), outputs);
        assert!(!shown.contains("uploadsummary"), "{outputs:?}: {shown}");
    }
}

#[test]
fn every_format_is_named_in_the_documents() {
    let page = fs::read_to_string(crate::engines::project("docs/ci.md")).unwrap();
    for format in FORMATS {
        assert!(page.contains(&format!("| `{format}` |")), "{format}");
    }
}
