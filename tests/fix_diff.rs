//! What `fix --diff` shows, and what it does not show.

use crate::engines::{command, project, run};
use crate::fix::{copies, text};

#[test]
fn a_diff_has_colours_on_request() {
    let folder = copies(&[project("tests/fix/absent-items-indented.in.yaml")]);
    let diff = |variables: &[&str]| {
        let mut command = command(&["fix", "--diff", "."]);
        command.env_remove("CLICOLOR_FORCE").envs(variables.iter().map(|name| (name, "1")));
        text(&command.current_dir(folder.path()).output().unwrap().stdout)
    };
    let (plain, coloured) = (diff(&[]), diff(&["CLICOLOR_FORCE"]));
    assert!(plain.contains("\n+") && !plain.contains('\u{1b}'), "{plain}");
    assert!(coloured.contains("\u{1b}[32m+"), "{coloured}");
}

/// A neighbour of the change may be a Secret, and a diff has context.
#[test]
fn a_diff_shows_no_secret() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: hunter2\n";
    let pod = "--- {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: contoso.azurecr.io/a}]}}\n";
    let output = run(&["fix", "--diff", "-"], &[secret, pod].concat());
    let diff = text(&output.stdout);
    assert!(diff.contains("+--- {apiVersion: v1, kind: Pod") && !diff.contains("hunter2"), "{diff}");

    let on_one_line =
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"a":"hunter2"}} "#;
    let pod = pod.replace("--- ", "").replace("{apiVersion", r#"{"apiVersion""#);
    let pod = pod.replace(": v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: contoso.azurecr.io/a}]}}",
        r#":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"contoso.azurecr.io/a"}]}}"#);
    let output = run(&["fix", "--diff", "-"], &format!("{on_one_line}{pod}"));
    assert_eq!(text(&output.stdout), "");
    assert!(text(&output.stderr).contains("no diff is shown"), "{}", text(&output.stderr));
}

/// A comment between two items of a list may belong to either.
#[test]
fn a_diff_of_a_list_shows_no_secret_and_all_that_is_changed() {
    let pod = |name: &str| {
        format!(
            "- apiVersion: v1\n  kind: Pod\n  metadata: {{name: {name}}}\n  spec: {{containers: [{{name: c, image: contoso.azurecr.io/a}}]}}\n"
        )
    };
    let secret = "# password: hunter2\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: s}\n  stringData:\n    password: hunter2\n    # hunter2\n";
    for items in [[&pod("a"), secret, &pod("b")].concat(), [secret, &pod("a"), &pod("b"), secret].concat()] {
        let input = format!("apiVersion: v1\nkind: List\nitems:\n{items}");
        let output = run(&["fix", "--diff", "-"], &input);
        let diff = text(&output.stdout);
        assert_eq!(
            diff.matches("\n+  spec: {imagePullSecrets: ").count(),
            2,
            "{diff}{}",
            text(&output.stderr)
        );
        assert!(!diff.contains("hunter2"), "{diff}");
    }
    let elsewhere = format!(
        "apiVersion: v1\nkind: List\nx-secret: &s\n  apiVersion: v1\n  kind: Secret\n  stringData: {{a: hunter2}}\nitems:\n{}- *s\n",
        pod("a")
    );
    let output = run(&["fix", "--diff", "-"], &elsewhere);
    assert_eq!(text(&output.stdout), "");
    assert!(text(&output.stderr).contains("no diff is shown"), "{}", text(&output.stderr));
}

/// A long file is read in parts, and a Secret keeps its lines in the whole.
#[test]
fn a_diff_of_a_long_file_shows_no_secret() {
    let filler = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{a: {}}}\n---\n",
        "x".repeat(9_000)
    );
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: hunter2\n";
    let pod = "--- {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: contoso.azurecr.io/a}]}}\n";
    let output = run(
        &["fix", "--diff", "-"],
        &[&filler.repeat(100), secret, pod, "---\n", &filler.repeat(100), secret, pod].concat(),
    );
    let diff = text(&output.stdout);
    assert_eq!(diff.matches("+--- {apiVersion: v1, kind: Pod").count(), 2, "{diff}");
    assert!(!diff.contains("hunter2"), "{diff}");
}
