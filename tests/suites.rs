//! Suites of users: which files are not suites, what a case may expect, and how `--update` rewrites a suite.

use std::path::Path;
use std::process::Output;

use review::yaml;
use serde_json::{Value, json};

use crate::engines::{project, run};

const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web, image: contoso.azurecr.io/web}]}}";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// The command on a folder with this suite.
fn test(folder: &Path, suite: &str, args: &[&str]) -> Output {
    std::fs::write(folder.join("suite.yaml"), suite).unwrap();
    let folder = folder.display().to_string();
    run(&[&["test"], args, &[folder.as_str()]].concat(), "")
}

#[test]
fn errors_in_a_suite_are_reported_with_their_location() {
    let case = |expect: &str| format!("cases:\n  - name: a\n    object: {POD}\n    expect: {expect}\n");
    for (suite, place, message) in [
        (case("{decison: accepted}"), "4:14", "expect.decison: unknown field"),
        (case("{decision: allowed}"), "4:24", "expect.decision: must be skipped,"),
        (case("{decision: error}"), "4:24", "an error is not an answer"),
        (case("{decision: rejected}"), "4:13", "a rejection must expect rules or a message"),
        (case("{decision: rejected, message: []}"), "4:13", "a rejection must expect rules or a message"),
        (case("{decision: accepted, rules: missing}"), "4:41", "expect.rules: must be a list, not a string"),
        (
            case("{decision: accepted, rules: [], rules: []}"),
            "4:45",
            "key `rules` is already in this mapping",
        ),
        (case("{decision: accepted, message: {a: b}}"), "4:43", "expected a text or a list of texts"),
        (case("{decision: accepted, message: ['']}"), "4:44", "it tests nothing"),
        (case("{decision: accepted, warnings: [x, /.*/]}"), "4:48", "it tests nothing"),
        (case("{decision: accepted, message: /(/}"), "4:43", "this is not a valid expression"),
        (case("{decision: accepted, patch: [{op: put}]}"), "4:47", "must be add, remove, replace"),
        (case("{decision: accepted}").replace("name: a", "nam: a"), "2:5", "nam: unknown field"),
        (
            case("{decision: accepted}").replace("cases", "setting: {}\ncases"),
            "1:1",
            "setting: unknown field",
        ),
        (
            case("{decision: accepted}").replace("    object", "    operation: create\n    object"),
            "3:16",
            "operation: must be CREATE, UPDATE, DELETE or CONNECT",
        ),
        (case("{decision: accepted}").replace(POD, "{file: none.yaml}"), "3:13", "none.yaml"),
        (case("{decision: accepted}").replace(POD, "pod.yaml"), "3:13", "write one, or {file: pod.yaml#2}"),
        (
            case("{decision: accepted}").replace("cases", "cluster: [none/*.yaml]\ncases"),
            "1:11",
            "no such file",
        ),
        (
            case("{decision: accepted}").replace("cases", "cluster: [{kind: Secret}]\ncases"),
            "1:11",
            "no apiVersion",
        ),
        (case("{decision: accepted}").replace("    object", "    objct"), "3:5", "objct: unknown field"),
        ("cases: []\n".to_owned(), "1:8", "the suite has no cases"),
        ("case: []\n".to_owned(), "1:1", "this is not a suite"),
        ("cases: [\n".to_owned(), "1:8", "unclosed bracket"),
        (
            format!(
                "cases:\n  - {{name: a, object: {POD}, expect: {{decision: mutated}}}}\n  - {{name: a, object: {POD}, expect: {{decision: mutated}}}}\n"
            ),
            "3:12",
            "an earlier case has this name",
        ),
        (
            "cases:\n  - name: a\n    expect: {decision: accepted}\n".to_owned(),
            "2:5",
            "the case has no object",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = test(folder.path(), &suite, &[]);
        let talk = text(&output.stderr);
        assert!(talk.contains(&format!("suite.yaml:{place}")) && talk.contains(message), "{suite}\n{talk}");
        assert_eq!(output.status.code(), Some(2), "{suite}\n{talk}");
        assert!(output.stdout.is_empty(), "{suite}");
    }
}

#[test]
fn all_problems_of_all_suites_are_reported_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("other.yaml"), "cases: [{name: a, object: {}, expct: 1}]\n").unwrap();
    std::fs::write(folder.path().join("unused.yaml"), "kind: Pod\n").unwrap();
    let output = test(folder.path(), "cases: [{name: a, expect: {decision: rejected}}, {nme: b}]\n", &[]);
    let talk = text(&output.stderr);
    for told in
        ["other.yaml:1:31", "unused.yaml:1:1", "suite.yaml:1:27", "suite.yaml:1:51", "the case has no object"]
    {
        assert!(talk.contains(told), "{told}: {talk}");
    }
}

#[test]
fn objects_may_be_in_files_next_to_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    let two = format!("{POD}\n---\n{}\n", POD.replace("contoso.azurecr.io/", ""));
    std::fs::write(folder.path().join("pods.yaml"), two).unwrap();
    let suite = "cases:
  - {name: first, object: {file: pods.yaml#1}, expect: {decision: mutated}}
  - {name: second, file: pods.yaml#2, expect: {decision: accepted}}
  - {name: both, operation: UPDATE, oldObject: {file: pods.yaml#2}, object: {file: pods.yaml#1}, expect: {decision: rejected, rules: [pull-secrets-immutable]}}
";
    let output = test(folder.path(), suite, &[]);
    assert_eq!(text(&output.stdout), "3 passed, 0 failed, in 1 suite\n", "{}", text(&output.stderr));
    let output = test(folder.path(), &suite.replace("pods.yaml#2, expect", "pods.yaml, expect"), &[]);
    assert!(text(&output.stderr).contains("pods.yaml holds 2 objects"), "{}", text(&output.stderr));
}

#[test]
fn an_empty_list_expects_that_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let pod = POD.replace("contoso", "CONTOSO");
    let suite = |expect: &str| {
        format!("cases: [{{name: a, object: {pod}, expect: {{decision: accepted, {expect}}}}}]\n")
    };
    for (expect, status) in
        [("warnings: []", 1), ("message: []", 1), ("rules: []", 1), ("patch: [], secrets: []", 0)]
    {
        assert_eq!(test(folder.path(), &suite(expect), &[]).status.code(), Some(status), "{expect}");
    }
}

#[test]
fn a_run_without_cases_is_not_a_success() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["test", &folder.path().display().to_string()], "");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let output = run(&["test", "--run", "x", &folder.path().display().to_string()], "");
    assert!(text(&output.stderr).contains("there is no suite here"), "{}", text(&output.stderr));
    let output = run(&["test", "--run", "no case has this name", "tests/cases"], "");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("no name matches"), "{}", text(&output.stderr));
    assert_eq!(run(&["test", "no/such/folder"], "").status.code(), Some(2));
    assert_eq!(run(&["test", "--run", "(", "tests/cases"], "").status.code(), Some(2));
}

#[test]
fn settings_that_the_policy_refuses_break_only_their_cases() {
    let folder = tempfile::tempdir().unwrap();
    let suite = format!(
        "cases:\n  - {{name: a, object: {POD}, expect: {{decision: mutated}}}}\n  - {{name: b, settings: {{mode: fix}}, object: {POD}, expect: {{decision: mutated}}}}\n"
    );
    let output = test(folder.path(), &suite, &[]);
    assert!(text(&output.stderr).contains("suite.yaml:3:"), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).ends_with("1 passed, 0 failed, 1 not run, in 1 suite\n"),
        "{}",
        text(&output.stdout)
    );
    assert_eq!(output.status.code(), Some(2));
}

/// The text with expectations that no policy meets, and how many lines were changed.
fn damaged(suite: &str) -> (String, usize) {
    let mut inside = None;
    let mut changed = 0;
    let lines = suite.split_inclusive('\n').map(|line| {
        let indent = line.len() - line.trim_start().len();
        if inside.is_some_and(|outer| indent <= outer && !line.trim().is_empty()) {
            inside = None;
        }
        if line.trim_start().starts_with("expect:") {
            inside = Some(indent);
        }
        if inside.is_none() || line.trim_start().starts_with('#') {
            return line.to_owned();
        }
        let decision = if line.contains("decision: accepted") { "mutated" } else { "accepted" };
        let mut damaged = line.to_owned();
        for was in ["accepted", "mutated", "rejected", "skipped"] {
            let (was, is) = (format!("decision: {was}"), format!("decision: {decision}"));
            if line.contains(&was) {
                damaged = damaged.replace(&was, &is);
            }
        }
        for list in ["rules", "secrets", "message", "warnings"] {
            damaged = damaged.replace(&format!("{list}: []"), &format!("{list}: [no-such-thing]"));
            let (was, is) = (format!("{list}: ["), format!("{list}: [nothing-like-it, "));
            if !damaged.contains(&format!("{list}: [no-such")) {
                damaged = damaged.replace(&was, &is);
            }
        }
        changed += usize::from(damaged != line);
        damaged
    });
    let text = lines.collect();
    (text, changed)
}

fn values(text: &str) -> Vec<Value> {
    yaml::documents(text).0.into_iter().map(|document| document.value).collect()
}

#[test]
fn an_update_restores_what_the_projects_own_suites_expect() {
    let folder = tempfile::tempdir().unwrap();
    let mut originals = Vec::new();
    let mut changed = 0;
    for entry in std::fs::read_dir(project("tests/cases")).unwrap() {
        let path = entry.unwrap().path();
        let original = std::fs::read_to_string(&path).unwrap();
        let (text, lines) = damaged(&original);
        changed += lines;
        let copy = folder.path().join(path.file_name().unwrap());
        std::fs::write(&copy, text).unwrap();
        originals.push((copy, original));
    }
    assert!(changed > 300, "{changed}");
    let folder = folder.path().display().to_string();
    assert_eq!(run(&["test", &folder], "").status.code(), Some(1));
    let output = run(&["test", "--update", &folder], "");
    let report = text(&output.stdout);
    assert!(!report.contains("FAILED"), "{report}{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
    for (copy, original) in originals {
        let updated = std::fs::read_to_string(&copy).unwrap();
        assert_eq!(values(&updated), values(&original), "{}", copy.display());
        let comments = |text: &str| {
            text.lines().filter(|line| line.contains('#')).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(comments(&updated), comments(&original), "{}", copy.display());
    }
    let output = run(&["test", "-q", &folder], "");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), String::new()));
}

#[test]
fn a_json_suite_stays_json() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("suite.json");
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "web", "image": "contoso.azurecr.io/web"}]},
    });
    let case = json!({"name": "a", "settings": {"mode": "validate"}, "object": pod, "expect": {"decision": "accepted"}});
    std::fs::write(&path, serde_json::to_string_pretty(&json!({"cases": [case]})).unwrap()).unwrap();
    let output = run(&["test", "--update", &path.display().to_string()], "");
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let updated: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).expect("JSON");
    assert_eq!(
        updated["cases"][0]["expect"],
        json!({"decision": "rejected", "rules": ["missing-pull-secret"]})
    );
}

#[test]
fn expectations_that_cases_share_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let suite = format!(
        "cases:\n  - {{name: a, object: {POD}, expect: &same {{decision: accepted}}}}\n  - {{name: b, object: {POD}, expect: *same}}\n"
    );
    let output = test(folder.path(), &suite, &["--update"]);
    let report = text(&output.stdout);
    assert_eq!(report.matches("= not updated: what it expects is shared by an alias").count(), 2, "{report}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(folder.path().join("suite.yaml")).unwrap(), suite);
}

#[test]
fn an_update_fills_keys_that_are_null() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("suite.yaml");
    let suite = |block: &str, flow: &str| {
        format!(
            "settings: {{mode: validate}}\ncases:\n  - name: a\n    object: {POD}\n    expect:\n      decision: accepted\n      \
             {block}\n      message: null\n  - name: b\n    object: {POD}\n    expect: {{decision: accepted, {flow}, message: ~}}\n"
        )
    };
    for (block, flow) in [("rules: # none yet", "rules: null"), ("rules: ~ # none yet", "rules")] {
        let output = test(folder.path(), &suite(block, flow), &["--update"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
        let wanted = suite("rules: [missing-pull-secret] # none yet", "rules: [missing-pull-secret]");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), wanted.replace("accepted", "rejected"));
    }
    let output = run(&["test", &path.display().to_string()], "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn an_update_removes_no_item_with_a_comment() {
    let folder = tempfile::tempdir().unwrap();
    for items in [
        "        - missing-pull-secret\n        - unlisted-registry # since the second ACR\n",
        "        - # since the second ACR\n          unlisted-registry\n        - missing-pull-secret\n",
    ] {
        let suite = format!(
            "settings: {{mode: validate}}\ncases:\n  - name: a\n    object: {POD}\n    expect:\n      decision: rejected\n      rules:\n{items}"
        );
        let output = test(folder.path(), &suite, &["--update"]);
        let report = text(&output.stdout);
        assert!(report.contains("not updated: a comment within"), "{report}");
        assert_eq!(std::fs::read_to_string(folder.path().join("suite.yaml")).unwrap(), suite);
    }
}

#[cfg(unix)]
#[test]
fn an_update_does_not_change_a_read_only_suite() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let suite = |decision: &str| {
        format!("cases:\n  - name: a\n    object: {POD}\n    expect: {{decision: {decision}}}\n")
    };
    let (locked, other) = (folder.path().join("locked.yaml"), folder.path().join("other.yaml"));
    std::fs::write(&locked, suite("accepted")).unwrap();
    std::fs::write(&other, suite("accepted")).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o444)).unwrap();
    let output = run(&["test", "--update", &folder.path().display().to_string()], "");
    let talk = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(talk.contains("locked.yaml: cannot be written and is unchanged: it is read-only"), "{talk}");
    assert_eq!(std::fs::read_to_string(locked).unwrap(), suite("accepted"));
    assert_eq!(std::fs::read_to_string(other).unwrap(), suite("mutated"));
}

#[test]
fn a_report_that_cannot_be_written_is_not_a_success() {
    let args = ["test", "-o", "json=/no/such/folder/report.json", "-o", "text", "tests/cases/peers.yaml"];
    let output = run(&args, "");
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("the json report cannot be written"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("passed"), "the other report is complete");
}
