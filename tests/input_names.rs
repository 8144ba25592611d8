//! Reports name what the user can open: the template of a chart, and the file that a pipe stands for.

use serde_json::json;

use crate::reports::{assert_valid, reports, results, schema, workflow_command};

const VALIDATE: &str = r#"{"mode":"validate"}"#;

/// A pod as helm renders it, whose image stands at 10:23, and one that is from elsewhere.
const RENDERED: &str = "---\n# Source: shop/templates/a b.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: web\n      # from the registry\n      image:          contoso.azurecr.io/web\n---\n# Source: https://contoso.com/templates/b.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: other}\nspec: {containers: [{name: web, image: contoso.azurecr.io/web}]}\n";

#[test]
fn what_helm_rendered_is_named_by_its_template_and_by_no_line_of_it() {
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
