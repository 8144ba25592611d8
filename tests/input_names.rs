//! Reports name what the user can open: the template of a chart, and the file behind a pipe.

use serde_json::{Value, json};

use crate::engines::{command, run};
use crate::reports::{assert_valid, reports, results, schema, workflow_command};

const VALIDATE: &str = r#"{"mode":"validate"}"#;

/// A pod as helm renders it, whose image is at 10:23, and another pod.
const RENDERED: &str = "---\n# Source: shop/templates/a b.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: web\n      # from the registry\n      image:          contoso.azurecr.io/web\n---\n# Source: https://contoso.com/templates/b.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: other}\nspec: {containers: [{name: web, image: contoso.azurecr.io/web}]}\n";

#[test]
fn rendered_objects_are_named_by_their_template_without_a_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rendered.yaml"), RENDERED).unwrap();
    let all = reports(folder.path(), &["--settings-json", VALIDATE, "rendered.yaml"]);

    let text = String::from_utf8_lossy(&all.output.stdout);
    assert!(text.contains("--> rendered.yaml:10:23"), "{text}");
    assert_eq!(text.matches("rendered from").count(), 1, "{text}");
    assert!(text.contains("= note: rendered from shop/templates/a b.yaml"), "{text}");

    let source = |i: usize| &all.json["results"][i]["source"];
    let template = "shop/templates/a b.yaml";
    assert_eq!(*source(0), json!({"file": "rendered.yaml", "document": 1, "line": 3, "template": template}));
    assert_eq!(*source(1), json!({"file": "rendered.yaml", "document": 2, "line": 13}));
    assert_eq!(all.json["results"][0]["object"]["findings"][0]["line"], 10);
    assert_valid(&schema("host/src/report/schema.json"), &all.json);

    assert_valid(&schema("tests/schemas/sarif-2.1.0.json"), &all.sarif);
    let place = |i: usize| &results(&all)[i]["locations"][0]["physicalLocation"];
    assert_eq!(place(0)["artifactLocation"]["uri"], "shop/templates/a%20b.yaml");
    assert_eq!(place(0).get("region"), None);
    assert_eq!(place(1)["artifactLocation"]["uri"], "rendered.yaml");
    assert_eq!(place(1)["region"]["startLine"], 16);

    let told: Vec<_> = all.github.lines().map(workflow_command).collect();
    let names = |i: usize| told[i].1.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    assert_eq!((names(0), told[0].1[0].1.as_str()), (vec!["file", "title"], template));
    assert_eq!(names(1), ["file", "line", "col", "endLine", "endColumn", "title"]);

    let junit = roxmltree::Document::parse(&all.junit).unwrap();
    let suites: Vec<_> = junit.descendants().filter(|node| node.has_tag_name("testsuite")).collect();
    let suites: Vec<_> = suites.iter().filter_map(|suite| suite.attribute("name")).collect();
    assert_eq!(suites, [template, "rendered.yaml"]);
    let failures: Vec<_> = junit.descendants().filter(|node| node.has_tag_name("failure")).collect();
    let failure = |i: usize| failures[i].text().unwrap();
    assert!(failure(0).starts_with("shop/templates/a b.yaml: missing-pull-secret: "), "{}", failure(0));
    assert!(failure(0).ends_with("\n  rendered: rendered.yaml:10:23"), "{}", failure(0));
    assert!(failure(1).starts_with("rendered.yaml:16:"), "{}", failure(1));
}

/// The file that a chart is rendered into may have any name, and any other line.
#[test]
fn fingerprints_of_what_helm_rendered_are_those_of_the_template() {
    let print = |name: &str, text: &str| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        results(&reports(folder.path(), &["--settings-json", VALIDATE, name]))[0]["partialFingerprints"]
            .clone()
    };
    assert_eq!(print("a.yaml", RENDERED), print("b.yaml", &format!("# x\n{RENDERED}")));
    let elsewhere = RENDERED.replace("shop/templates", "shop/charts/db/templates");
    assert_ne!(print("a.yaml", RENDERED), print("a.yaml", &elsewhere));
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - {name: web, image: contoso.azurecr.io/web}\n";

fn said(args: &[&str], input: &str) -> (String, String, Option<i32>) {
    let output = run(args, input);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

#[test]
fn reports_use_the_given_name_of_standard_input() {
    let check = |format: &str, input: &str| {
        let args =
            ["check", "-o", format, "--stdin-name", "deploy/web.yaml", "--settings-json", VALIDATE, "-"];
        let (report, talk, _) = said(&args, input);
        assert!(!report.contains("stdin") && !talk.contains("stdin"), "{report}{talk}");
        report
    };
    assert!(check("text", POD).contains("--> deploy/web.yaml:6:26\n"));
    assert!(check("github", POD).starts_with("::error file=deploy/web.yaml,line=6,col=26,"));
    assert!(check("junit", POD).contains("deploy/web.yaml:6:26: missing-pull-secret"));
    let json: Value = serde_json::from_str(&check("json", POD)).unwrap();
    assert_eq!(json["results"][0]["source"]["file"], "deploy/web.yaml");
    let sarif: Value = serde_json::from_str(&check("sarif", POD)).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "deploy/web.yaml");
    assert_eq!(place["region"]["startLine"], 6);

    let broken = said(&["check", "--stdin-name", "deploy/web.yaml", "-"], "a: [\n");
    assert!(broken.1.contains("--> deploy/web.yaml:"), "{}", broken.1);
    assert_eq!(broken.2, Some(2));
}

#[test]
fn a_rendered_chart_has_the_name_of_the_pipe_beside_that_of_the_template() {
    let args = ["--stdin-name", "rendered.yaml", "--settings-json", VALIDATE, "-"];
    let check = |format: &str| said(&[&["check", "-o", format], &args[..]].concat(), RENDERED).0;
    let text = check("text");
    assert!(text.contains("--> rendered.yaml:10:23\n") && text.contains("shop/templates/a b.yaml"), "{text}");
    let json: Value = serde_json::from_str(&check("json")).unwrap();
    assert_eq!(json["results"][0]["source"]["file"], "rendered.yaml");
    assert_eq!(json["results"][0]["source"]["template"], "shop/templates/a b.yaml");
    assert!(check("github").starts_with("::error file=shop/templates/a b.yaml,title="));
}

#[test]
fn fix_uses_the_given_name_of_standard_input() {
    let (diff, talk, status) = said(&["fix", "--diff", "--stdin-name", "deploy/web.yaml", "-"], POD);
    assert!(diff.starts_with("--- a/deploy/web.yaml\n+++ b/deploy/web.yaml\n"), "{diff}");
    assert!(talk.contains("would fix Pod default/web (deploy/web.yaml:1)"), "{talk}");
    assert_eq!(status, Some(0));
    let (fixed, talk, status) = said(&["fix", "--stdin-name", "deploy/web.yaml", "-"], POD);
    assert!(fixed.contains("acr-secret") && talk.contains("(deploy/web.yaml:1)"), "{fixed}{talk}");
    assert_eq!(status, Some(0));
}

#[test]
fn a_name_for_standard_input_that_is_not_read_is_invalid_usage() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("web.yaml"), POD).unwrap();
    for name in ["check", "fix"] {
        let output =
            command(&[name, "--stdin-name", "a.yaml", "web.yaml"]).current_dir(&folder).output().unwrap();
        let talk = String::from_utf8(output.stderr).unwrap();
        assert!(talk.contains("--stdin-name is given, but no PATH is standard input"), "{talk}");
        assert!(talk.contains("help: pass - as a PATH"), "{talk}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        assert_eq!(said(&[name, "--stdin-name", "", "-"], POD).2, Some(2));
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("web.yaml")).unwrap(), POD);
}

#[test]
fn a_report_does_not_replace_the_file_behind_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("web.yaml"), POD).unwrap();
    let mut check = command(&["check", "--stdin-name", "web.yaml", "-o", "json=web.yaml", "-"]);
    let output = check.current_dir(&folder).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(folder.path().join("web.yaml")).unwrap(), POD);
}

#[test]
fn names_are_shown_with_escapes() {
    let name = "a\u{1b}[2J\u{202e}::error::b\n.yaml";
    for args in
        [&["check"][..], &["check", "-o", "github"], &["check", "-o", "junit"], &["fix"], &["fix", "--diff"]]
    {
        let args = [args, &["--stdin-name", name, "--settings-json", VALIDATE, "-"]].concat();
        let (data, talk, _) = said(&args, POD);
        for line in data.lines().chain(talk.lines()) {
            assert!(!line.contains(['\u{1b}', '\u{202e}']) && !line.starts_with("::error::b"), "{line}");
        }
    }
}
