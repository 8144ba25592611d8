//! A report replaces a report of an earlier run among the inputs, and no other file that was read.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::engines::command;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: contoso.azurecr.io/web}]}\n";
const SETTINGS: &str = r#"{"cluster": {"serviceAccounts": true}}"#;
const SUITE: &str = "cases: [{name: a, object: {file: pod.yaml}, expect: {decision: mutated}}]\n";

/// The exit status and the messages of the command.
fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = command(args).current_dir(folder).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// The file that the command writes.
fn written(args: &[&str], file: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pod.yaml"), POD).unwrap();
    fs::write(folder.path().join("suite.yaml"), SUITE).unwrap();
    fs::write(folder.path().join("service.yaml"), "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n")
        .unwrap();
    let (status, said) = run(folder.path(), args);
    assert_eq!(status, Some(0), "{args:?}: {said}");
    fs::read_to_string(folder.path().join(file)).unwrap()
}

struct Ours {
    json: String,
    sarif: String,
    gitlab: String,
    session: String,
    empty_session: String,
    of_test: String,
}

impl Ours {
    fn new() -> Self {
        let check = |format: &str| written(&["check", "pod.yaml", "-o", &format!("{format}=out")], "out");
        Self {
            json: check("json"),
            sarif: check("sarif"),
            gitlab: written(
                &[
                    "check",
                    "--settings-json",
                    "{\"mode\": \"validate\", \"actions\": {\"missing\": \"warn\"}}",
                    "pod.yaml",
                    "-ogitlab=out",
                ],
                "out",
            ),
            session: written(&["check", "pod.yaml", "--settings-json", SETTINGS, "--record", "out"], "out"),
            empty_session: written(&["check", "pod.yaml", "--record", "out"], "out"),
            of_test: written(&["test", "suite.yaml", "-o", "json=out"], "out"),
        }
    }

    /// Texts of this command, with descriptions.
    fn reports(&self) -> Vec<(&'static str, String)> {
        let parsed: Value = serde_json::from_str(&self.json).unwrap();
        let check = |format: &str| written(&["check", "pod.yaml", "-o", &format!("{format}=out")], "out");
        let without_objects = written(&["check", "service.yaml", "--allow-empty", "-o", "json=out"], "out");
        vec![
            ("the JSON report", self.json.clone()),
            ("a JSON report without a verdict", without_objects),
            ("the JSON report on one line", parsed.to_string()),
            ("the SARIF report", self.sarif.clone()),
            ("the GitLab report", self.gitlab.clone()),
            ("the GitLab report without an issue", check("gitlab")),
            ("the JSON report of test", self.of_test.clone()),
        ]
    }

    fn sessions(&self) -> Vec<(&'static str, String)> {
        vec![
            ("a session", self.session.clone()),
            ("a session without lookups", self.empty_session.clone()),
            ("an empty file", String::new()),
            ("an empty file with a line end", "\n".to_owned()),
        ]
    }

    /// What another tool wrote, or changed.
    fn look_alikes(&self) -> Vec<(&'static str, String)> {
        let with = |text: &str, change: &dyn Fn(&mut Value)| {
            let mut value: Value = serde_json::from_str(text).unwrap();
            change(&mut value);
            value.to_string()
        };
        let in_yaml =
            |text: &str| serde_saphyr::to_string(&serde_json::from_str::<Value>(text).unwrap()).unwrap();
        let cut = |text: &str, by: usize| {
            let text = text.trim_end();
            text.get(..text.len() - by).expect("whole characters").to_owned()
        };
        let check = |format: &str| written(&["check", "pod.yaml", "-o", &format!("{format}=out")], "out");
        vec![
            ("a pipeline with runs", "version: 1\nruns: [build, test]\n".to_owned()),
            ("a list of results", "summary: how it went\nresults: [good]\n".to_owned()),
            ("an empty list", "[]\n".to_owned()),
            ("an empty object", "{}\n".to_owned()),
            ("null", "null\n".to_owned()),
            ("a comment", "# what was agreed\n".to_owned()),
            ("a list of requests", "[{request: GET}]\n".to_owned()),
            ("JSON with summary and results", json!({"summary": {}, "results": []}).to_string()),
            (
                "a report without a tool",
                with(&self.json, &|report| drop(report.as_object_mut().unwrap().remove("tool"))),
            ),
            ("a report of another tool", with(&self.json, &|report| report["tool"]["name"] = "other".into())),
            ("a report with more in it", with(&self.json, &|report| report["reviewed"] = "by me".into())),
            ("a report of test without a tool", with(&self.of_test, &|report| report["tool"] = Value::Null)),
            ("SARIF without runs", with(&self.sarif, &|report| report["runs"] = json!([]))),
            (
                "SARIF of another tool",
                with(&self.sarif, &|report| report["runs"][0]["tool"]["driver"]["name"] = "other".into()),
            ),
            (
                "SARIF of a namesake",
                with(&self.sarif, &|report| {
                    report["runs"][0]["tool"]["driver"]["informationUri"] = "https://example.com".into();
                }),
            ),
            (
                "SARIF with another tool's run",
                with(&self.sarif, &|report| {
                    let other = json!({"tool": {"driver": {"name": "other"}}, "results": []});
                    report["runs"].as_array_mut().unwrap().push(other);
                }),
            ),
            (
                "SARIF with more in it",
                with(&self.sarif, &|report| report["properties"] = json!({"by": "me"})),
            ),
            (
                "a GitLab report of another tool",
                with(&self.gitlab, &|report| report[0]["engine_name"] = "other".into()),
            ),
            (
                "a GitLab report with more in it",
                with(&self.gitlab, &|report| report[0]["categories"] = json!([])),
            ),
            (
                "a GitLab report with another tool's issue",
                with(&self.gitlab, &|report| report.as_array_mut().unwrap().push(json!({"check_name": "a"}))),
            ),
            ("the JSON report in YAML", in_yaml(&self.json)),
            ("the SARIF report in YAML", in_yaml(&self.sarif)),
            ("the JSON report with a comment", format!("# kept\n{}", self.json)),
            ("the JSON report, cut in the middle", cut(&self.json, self.json.len() / 2)),
            ("the JSON report without its end", cut(&self.json, 1)),
            ("the SARIF report without its end", cut(&self.sarif, 1)),
            ("the JSON report and a manifest", format!("{}---\n{POD}", self.json)),
            (
                "a list that holds the JSON report",
                format!("{{\"kind\": \"List\", \"items\": [{}]}}", self.json),
            ),
            ("the JUnit report", check("junit")),
            ("the text report", check("text")),
            ("workflow commands", check("github").clone() + "::notice::done\n"),
            ("a session of kwctl", self.session.split_once('\n').unwrap().1.to_owned()),
            ("a session with a comment", format!("{}# kept\n", self.session)),
            ("a session and a manifest", format!("{}---\n{POD}", self.session)),
            ("a session with another list", format!("{}- a\n", self.session)),
            ("a session, cut", cut(&self.session, self.session.len() / 2)),
            (
                "a manifest below the first line of a session",
                format!("{}\n{POD}", self.session.lines().next().unwrap()),
            ),
        ]
    }
}

/// The result for a file among the inputs when a report should be written there.
fn overwrite(args: &[&str], file: &str, text: &str) -> (Option<i32>, String, bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::write(folder.path().join("pod.yaml"), POD).unwrap();
    fs::create_dir(folder.path().join("cluster")).unwrap();
    fs::write(folder.path().join("suite.yaml"), SUITE.replace("cases", "cluster: [cluster/*.yaml]\ncases"))
        .unwrap();
    fs::write(folder.path().join("cluster/pod.yaml"), POD).unwrap();
    fs::write(&path, text).unwrap();
    let (status, said) = run(folder.path(), args);
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 3 + usize::from(!file.contains('/')), "nothing else is written");
    (status, said, fs::read_to_string(&path).unwrap() != text)
}

const FORMATS: [&str; 8] = [
    "-ojson=out.yaml",
    "-osarif=out.yaml",
    "-ojunit=out.yaml",
    "-otext=out.yaml",
    "-ogithub=out.yaml",
    "-oazure=out.yaml",
    "-ogitlab=out.yaml",
    "-omarkdown=out.yaml",
];

#[test]
fn check_replaces_its_own_reports_and_refuses_other_inputs() {
    let ours = Ours::new();
    for format in FORMATS.iter().chain(&["--record=out.yaml"]) {
        for (name, text) in ours.reports().into_iter().chain(ours.sessions()) {
            // The old report is replaced in any case.
            let text = format!("{text} ");
            let (status, said, is_replaced) =
                overwrite(&["check", "--allow-empty", ".", format], "out.yaml", &text);
            assert!(status == Some(0) && is_replaced, "{name}, {format}: {status:?} {said}");
        }
    }
    let mut overwritten = Vec::new();
    for (i, (name, text)) in ours.look_alikes().into_iter().enumerate() {
        // What is refused does not depend on what would be written.
        let format = FORMATS[i % FORMATS.len()];
        for args in
            [&["check", ".", format][..], &["check", "pod.yaml", "--cluster", ".", "--record=out.yaml"]]
        {
            let (status, said, is_replaced) = overwrite(args, "out.yaml", &text);
            let refusal = "error: out.yaml is one of the inputs, and would be overwritten\n |\n = help: name another file\n";
            if is_replaced || status != Some(2) || said != refusal {
                overwritten.push((name, status, said));
            }
        }
    }
    assert!(overwritten.is_empty(), "{overwritten:#?}");
}

#[test]
fn check_overwrites_what_it_did_not_read() {
    for file in ["out.yaml", "out.txt"] {
        let format = format!("-ojson={file}");
        for args in [&["check", "pod.yaml", &format][..], &["check", ".", "--exclude", "out.*", &format]] {
            let (status, said, is_replaced) = overwrite(args, file, "version: 1\nruns: []\n");
            assert!(status == Some(0) && is_replaced, "{args:?}: {said}");
        }
    }
}

#[test]
fn test_replaces_its_own_reports_and_refuses_other_inputs() {
    let ours = Ours::new();
    for (name, text) in ours.reports() {
        for format in ["json", "junit", "text"] {
            for file in ["out.yaml", "cluster/out.yaml"] {
                let output = format!("-o{format}={file}");
                let args = ["test", ".", output.as_str()];
                let (status, said, is_replaced) = overwrite(&args, file, &format!("{text} "));
                assert!(status == Some(0) && is_replaced, "{name}, {args:?}: {said}");
            }
        }
    }
    let mut overwritten = Vec::new();
    for (name, text) in ours.look_alikes() {
        for file in ["out.yaml", "cluster/out.yaml"] {
            let output = format!("-ojson={file}");
            let (status, said, is_replaced) = overwrite(&["test", ".", &output], file, &text);
            if is_replaced || status != Some(2) || !said.contains(file) {
                overwritten.push((name, file, status, said));
            }
        }
    }
    assert!(overwritten.is_empty(), "{overwritten:#?}");
}
