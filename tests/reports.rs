//! Every report follows its schema, and agrees with the others.

mod pipelines;
mod sarif;

use std::collections::HashSet;
use std::path::Path;
use std::process::Output;

use jsonschema::Validator;
use review::foreign_text::plain;
use serde_json::{Value, json};

use crate::engines::{command, command_alone, project, run};

/// Difficult input for reports: names with special characters of every format, missing names, every decision, broken files.
const HARD: [(&str, &str); 8] = [
    (
        "a b/größe %41, 1:2.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: \"100%, a:b <&>\", namespace: shop}\nspec: {containers: [{name: \"größe\\n::error::x\", image: contoso.azurecr.io/a}, {name: b, image: CONTOSO.azurecr.io/b}]}\n",
    ),
    (
        "control.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: \"a\\x1b[31m\\x07\\ufffe\"}\nspec: {containers: [{name: \"\\x01]]>\", image: \"contoso.azurecr.io/a\\x08b\"}]}\n",
    ),
    (
        "twice.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: twice}\nspec: {containers: [{name: a, image: contoso.azurecr.io/a}, {name: b, image: contoso.azurecr.io/a}]}\n",
    ),
    ("nameless.yaml", "apiVersion: v1\nkind: Pod\n---\njust: text\n---\nkind: Pod\n---\n[]\n"),
    (
        "secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: acr-secret}\ntype: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: '{\"auths\": {\"contoso.azurecr.io\": {\"username\": \"contoso\", \"password\": \"hunter2\"}}}'\n",
    ),
    (
        "deployment.yaml",
        "apiVersion: apps/v1\r\nkind: Deployment\r\nmetadata: {name: web}\r\nspec:\r\n  template:\r\n    spec:\r\n      containers:\r\n        - {name: \"ä😀\", image: contoso.azurecr.io/web}\r\n",
    ),
    ("broken.yaml", "kind: Pod\nmetadata: [\n"),
    ("noted.yaml", "apiVersion: v1\nkind: Service\nkind: Service\n"),
];

fn write_hard_inputs(folder: &Path) {
    for (name, text) in HARD {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::write(folder.join("binary.yaml"), b"kind: Pod\na: \0\n").unwrap();
}

/// The formats of `check`.
pub(crate) const FORMATS: [&str; 8] =
    ["text", "json", "junit", "sarif", "github", "azure", "gitlab", "markdown"];

pub(crate) struct Reports {
    pub(crate) json: Value,
    pub(crate) sarif: Value,
    pub(crate) junit: String,
    pub(crate) github: String,
    pub(crate) azure: String,
    pub(crate) gitlab: Value,
    pub(crate) markdown: String,
    pub(crate) output: Output,
}

/// All reports of one call, which runs in `folder`.
pub(crate) fn reports(folder: &Path, args: &[&str]) -> Reports {
    let out = tempfile::tempdir().unwrap();
    let defaults: &[&str] = if args.contains(&"--settings-json") { &[] } else { &["--settings-json", "{}"] };
    let mut command = command_alone(&[&["check", "-o", "text"], defaults].concat());
    for format in &FORMATS[1..] {
        command.arg("-o").arg(format!("{format}={}", out.path().join(format).display()));
    }
    let output = command.args(args).current_dir(folder).output().unwrap();
    let read = |format| {
        std::fs::read_to_string(out.path().join(format))
            .unwrap_or_else(|e| panic!("{format}: {e}: {}", String::from_utf8_lossy(&output.stderr)))
    };
    let parse = |format| serde_json::from_str(&read(format)).unwrap();
    Reports {
        json: parse("json"),
        sarif: parse("sarif"),
        junit: read("junit"),
        github: read("github"),
        azure: read("azure"),
        gitlab: parse("gitlab"),
        markdown: read("markdown"),
        output,
    }
}

fn hard_reports() -> Reports {
    let folder = tempfile::tempdir().unwrap();
    write_hard_inputs(folder.path());
    reports(folder.path(), &["--settings-json", r#"{"mode":"validate"}"#, "."])
}

pub(crate) fn schema(path: &str) -> Validator {
    // The published schema of SARIF has a bracket too many, which a strict reader refuses.
    let schema = std::fs::read_to_string(project(path)).unwrap().replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}?$");
    jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap()
}

pub(crate) fn assert_valid(schema: &Validator, instance: &Value) {
    let errors: Vec<String> =
        schema.iter_errors(instance).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// The results in SARIF, which are not empty in every test here.
pub(crate) fn results(reports: &Reports) -> &Vec<Value> {
    let results = reports.sarif["runs"][0]["results"].as_array().unwrap();
    assert!(!results.is_empty(), "{}", String::from_utf8_lossy(&reports.output.stderr));
    results
}

#[test]
fn json_and_sarif_match_their_schemas() {
    let ours = schema("host/src/report/schema.json");
    let sarif = schema("tests/schemas/sarif-2.1.0.json");
    let all = hard_reports();
    assert_eq!(all.output.status.code(), Some(2));
    assert_valid(&ours, &all.json);
    assert_valid(&sarif, &all.sarif);
    for settings in
        ["{}", r#"{"mode":"validate","cluster":{"serviceAccounts":true,"secrets":"credentials"}}"#]
    {
        let all = reports(&project(""), &["--settings-json", settings, "tests/manifests"]);
        assert_valid(&ours, &all.json);
        assert_valid(&sarif, &all.sarif);
    }
}

#[test]
fn the_schema_of_our_json_refuses_other_json() {
    let ours = schema("host/src/report/schema.json");
    let good = hard_reports().json;
    assert_valid(&ours, &good);
    for (pointer, wrong) in [
        ("/tool", json!("acr-pull-secret")),
        ("/tool/name", json!("other")),
        ("/summary/objects", json!(-1)),
        ("/results/0/decision", json!("maybe")),
        ("/results/0/object/findings/0/line", json!(0)),
        ("/results/0/object/findings/0", json!({"rule": "x"})),
        ("/results/0/source", json!({"file": "a", "document": 1, "line": 1, "path": "b"})),
        ("/problems/0", json!({"severity": "note", "message": "a"})),
        ("/problems", json!([])),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}: {good}")) = wrong;
        assert!(!ours.is_valid(&bad), "{pointer}");
    }
}

/// The program that reads the report learns why the exit status is 2.
#[test]
fn json_has_the_problems_of_files() {
    let problems = hard_reports().json["problems"].as_array().unwrap().clone();
    let of = |told: &str| problems.iter().find(|problem| problem.to_string().contains(told)).unwrap();
    let broken = of("broken.yaml");
    assert_eq!(
        (&broken["file"], &broken["severity"]),
        (&json!("./broken.yaml"), &json!("error")),
        "{broken}"
    );
    assert!(broken["line"].is_u64() && broken["column"].is_u64(), "{broken}");
    assert_eq!(of("binary.yaml")["severity"], "error");
    assert!(of("is already in this mapping")["line"].is_u64());
}

#[test]
fn junit_is_xml_with_a_suite_for_each_file_and_a_case_for_each_object() {
    let all = hard_reports();
    let document = roxmltree::Document::parse(&all.junit).unwrap_or_else(|e| panic!("{e}: {}", all.junit));
    let root = document.root_element();
    let count = |name: &str| root.descendants().filter(|node| node.has_tag_name(name)).count();
    let number = |name: &str| root.attribute(name).unwrap().parse::<u64>().unwrap();
    let summary = &all.json["summary"];
    // Two files cannot be read.
    assert_eq!(number("tests"), summary["objects"].as_u64().unwrap() + 2);
    assert_eq!(Some(number("failures")), summary["rejected"].as_u64());
    assert_eq!(number("errors"), summary["errors"].as_u64().unwrap() + 2);
    assert_eq!((count("failure") as u64, count("error") as u64), (number("failures"), number("errors")));
    assert_eq!(Some(count("skipped") as u64), summary["skipped"].as_u64());
    for suite in root.children().filter(roxmltree::Node::is_element) {
        assert!(suite.has_tag_name("testsuite") && suite.attribute("name").is_some());
        let cases = suite.children().filter(|node| node.has_tag_name("testcase"));
        assert_eq!(suite.attribute("tests"), Some(cases.count().to_string().as_str()));
    }
    let failure = root.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    assert_eq!(failure.attribute("type"), Some("missing-pull-secret"));
    assert!(failure.text().unwrap().contains("missing-pull-secret: "));
    assert!(!all.junit.contains("time"), "the same input gives the same report");
}

/// Reads a line as the runner does: actions/runner `src/Runner.Common/ActionCommand.cs`.
pub(crate) fn workflow_command(line: &str) -> (String, Vec<(String, String)>, String) {
    let unescape = |text: &str| {
        text.replace("%0D", "\r")
            .replace("%0A", "\n")
            .replace("%3A", ":")
            .replace("%2C", ",")
            .replace("%25", "%")
    };
    let (head, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (name, properties) = head.split_once(' ').unwrap();
    let properties = properties.split(',').map(|property| {
        let (name, value) = property.split_once('=').unwrap_or_else(|| panic!("{line}"));
        (name.to_owned(), unescape(value))
    });
    (name.to_owned(), properties.collect(), unescape(message))
}

#[test]
fn workflow_commands_read_back_as_the_findings() {
    let all = hard_reports();
    let told: Vec<_> = all.github.lines().map(workflow_command).collect();
    for result in results(&all) {
        let level = result["level"].as_str().unwrap();
        let text = result["message"]["text"].as_str().unwrap();
        let message = match result["properties"]["help"].as_str() {
            Some(help) => {
                let mut sentence = help.to_owned();
                sentence.get_mut(..1).unwrap().make_ascii_uppercase();
                let message =
                    text.strip_suffix(&format!(". {sentence}.")).unwrap_or_else(|| panic!("{text}"));
                format!("{message}\nhelp: {help}")
            }
            None => text.to_owned(),
        };
        let object = &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
        let message = format!("{}: {message}", object.as_str().unwrap());
        let message = plain(&message.replace('\n', "%0A")).replace("%0A", "\n");
        let found = told.iter().any(|(name, properties, text)| {
            name == level
                && *text == message
                && properties.iter().any(|(_, value)| result["ruleId"] == **value)
        });
        assert!(found, "{result}");
    }
    let files: HashSet<&str> = told
        .iter()
        .flat_map(|(_, properties, _)| properties)
        .filter(|(name, _)| name == "file")
        .map(|(_, value)| value.as_str())
        .collect();
    assert!(files.contains("a b/größe %41, 1:2.yaml") && files.contains("broken.yaml"), "{files:?}");
}

#[test]
fn no_report_holds_a_password() {
    let all = hard_reports();
    let text = [&all.output.stdout[..], &all.output.stderr[..]].concat();
    let text = String::from_utf8(text).unwrap() + &all.junit + &all.github;
    let text = text + &all.json.to_string() + &all.sarif.to_string() + &all.gitlab.to_string();
    let text = text + &all.azure + &all.markdown;
    assert!(text.contains("secret-admin-user") && !text.contains("hunter2"), "{text}");
}

/// Manifests with a problem next to a password.
const INDISCREET: [&str; 14] = [
    "kind: Secret\nstringData:\n  password: !hunter2\n",
    "kind: Secret\nstringData:\n  password: !hunter2 {}\n",
    "kind: Secret\nstringData:\n  password: !!hunter2 x\n",
    "kind: Secret\nstringData:\n  password: *hunter2\n",
    "kind: Secret\nstringData:\n  password: %hunter2\n",
    "kind: Secret\nstringData:\n  password: @hunter2\n",
    "kind: Secret\nstringData:\n  key: |\n    x\n---\n  hunter2: [\n",
    "kind: secret\nstringData:\n  x: hunter2: y\n",
    "kind: \"S\\u0065cret\"\ndata:\n  x: [hunter2\n",
    "data:\n  x: hunter2\n  x: hunter2\n",
    "https://u:hunter2@host: 1\nhttps://u:hunter2@host: 2\n",
    "auths: {contoso.azurecr.io: {auth: hunter2, auth: hunter2}}\n",
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, env: [{name: AZURE_CLIENT_SECRET, value: hunter2}], image: contoso.azurecr.io/Web}]}\n",
    "{\"kind\": \"Pod\", \"spec\": {\"containers\": [{\"image\": \"a b\", \"clientSecret\": \"hunter2\"}]}}",
];

#[test]
fn a_possible_password_is_never_shown_in_a_broken_file() {
    for manifest in INDISCREET {
        for args in [
            &["check", "-"][..],
            &["check", "-o", "github", "-"],
            &["check", "-o", "sarif", "-"],
            &["check", "-o", "json", "-"],
            &["check", "-o", "junit", "-"],
            &["check", "-o", "azure", "-"],
            &["check", "-o", "gitlab", "-"],
            &["check", "-o", "markdown", "-"],
            &["fix", "--diff", "-"],
            &["explain", "contoso.azurecr.io/web", "--cluster", "-"],
        ] {
            let output = run(args, manifest);
            let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(!text.is_empty() && !text.contains("hunter2"), "{args:?} of {manifest}:\n{text}");
        }
    }
}

#[test]
fn no_report_moves_the_cursor_of_a_terminal() {
    let pod = "kind: Pod\napiVersion: v1\nmetadata: {name: \"a\\e[2Jb\\0\"}\nspec: {containers: [{name: \"c\\e[31m\", image: contoso.azurecr.io/Web}]}\n";
    for format in FORMATS {
        let output = run(&["check", "-o", format, "-"], pod);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let raw = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(raw, None, "{format}: {text}");
        assert!(text.contains("[31m"), "{format} does not tell of the container: {text}");
    }
}

#[test]
fn a_policy_that_does_not_list_rules_is_still_reported() {
    let wat = format!(
        r#"(module
            (import "wapc" "__guest_request" (func $request (param i32 i32)))
            (import "wapc" "__guest_response" (func $response (param i32 i32)))
            (memory (export "memory") 1)
            (data (i32.const 1024) "{}")
            (data (i32.const 2048) "{{\"valid\":true}}")
            (func (export "__guest_call") (param i32 i32) (result i32)
                (if (i32.eq (local.get 0) (i32.const 17))
                    (then (call $response (i32.const 2048) (i32.const 14)) (return (i32.const 1))))
                (call $response (i32.const 1024) (i32.const 53))
                (i32.const 1)))"#,
        r#"{\"accepted\":false,\"message\":\"not on my watch, sorry\"}"#
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("policy.wasm"), wat::parse_str(wat).unwrap()).unwrap();
    // A policy without metadata is asked about every kind with a pod template.
    let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: a}\nspec: {template: {spec: {containers: []}}}\n";
    std::fs::write(folder.path().join("rollout.yaml"), rollout).unwrap();
    let all = reports(folder.path(), &["--policy", "policy.wasm", "rollout.yaml"]);
    let talk = String::from_utf8_lossy(&all.output.stderr);
    assert_valid(&schema("tests/schemas/sarif-2.1.0.json"), &all.sarif);
    let first = results(&all).first().unwrap_or_else(|| panic!("{talk}"));
    assert_eq!(first["message"]["text"], "not on my watch, sorry");
    assert_eq!(all.sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"], "policy-rejection");
    assert!(
        all.github.contains("title=policy-rejection::Rollout default/a: not on my watch, sorry"),
        "{}",
        all.github
    );
}

#[test]
fn colour_is_for_terminals_and_on_request() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: CONTOSO.azurecr.io/a}]}\n";
    // Whether the report and the messages are coloured.
    let coloured = |variables: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pod.yaml"), pod).unwrap();
        std::fs::write(folder.path().join("broken.yaml"), "kind: Pod\nmetadata: [\n").unwrap();
        let args = ["check", "-o", "text", "-o", "text=report.txt", "pod.yaml", "broken.yaml"];
        let mut command = command(&args);
        command.env_remove("CLICOLOR_FORCE").envs(variables.iter().map(|name| (name, "1")));
        let output = command.current_dir(folder.path()).output().unwrap();
        let file = std::fs::read_to_string(folder.path().join("report.txt")).unwrap();
        assert!(file.contains("warning[registry-host-case]") && !file.contains('\u{1b}'), "never in a file");
        assert!(!output.stdout.is_empty() && !output.stderr.is_empty(), "{variables:?}");
        (output.stdout.contains(&0x1b), output.stderr.contains(&0x1b))
    };
    assert_eq!(coloured(&[]), (false, false));
    assert_eq!(coloured(&["CLICOLOR_FORCE"]), (true, true));
    assert_eq!(coloured(&["NO_COLOR"]), (false, false));
    assert_eq!(coloured(&["CLICOLOR_FORCE", "NO_COLOR"]), (false, false), "NO_COLOR wins");
}

/// A server that shows only a report must not show success.
#[test]
fn every_report_says_that_nothing_was_checked() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("service.yaml"),
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
    )
    .unwrap();
    for (args, said) in [(["service.yaml"], "nothing was checked"), (["-"], "standard input is empty")] {
        let all = reports(folder.path(), &args);
        assert_eq!(all.output.status.code(), Some(3), "{said}");
        assert!(String::from_utf8_lossy(&all.output.stderr).contains(&format!("error: {said}")), "{said}");
        assert!(all.json["problems"][0]["message"] == said && all.json["problems"][0]["severity"] == "error");
        let run = &all.sarif["runs"][0];
        let notification = &run["invocations"][0]["toolExecutionNotifications"][0];
        assert_eq!(notification["level"], "error", "{run}");
        assert!(notification["message"]["text"].as_str().unwrap().to_lowercase().contains(said), "{run}");
        assert!(
            all.junit.contains(&format!("<error message=\"{said}\" type=\"nothing-checked\"")),
            "{}",
            all.junit
        );
        assert!(all.github.contains(&format!("::error title=acr-pull-secret::{said}")), "{}", all.github);
        assert!(all.azure.contains(&format!("##vso[task.logissue type=error;]{said}")), "{}", all.azure);
        let issue = &all.gitlab[0];
        assert!(issue["check_name"] == "nothing-checked" && issue["severity"] == "major", "{issue}");
        assert!(issue["description"].as_str().unwrap().starts_with(said), "{issue}");
        assert!(all.markdown.contains(&format!("| error |  | {said} | ")), "{}", all.markdown);
        assert!(!all.markdown.contains("cannot be read"), "{}", all.markdown);
        let allowed = reports(folder.path(), &[&args[..], &["--allow-empty"]].concat());
        assert_eq!(allowed.output.status.code(), Some(0), "{said}");
        assert!(allowed.json.get("problems").is_none() && !allowed.azure.contains("error"), "{said}");
    }
}
