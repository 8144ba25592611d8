//! Folders: which files are read, which are skipped, and which notes are shown.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::engines::{command, json};

mod kustomize;
#[cfg(unix)]
mod links;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - {name: web, image: contoso.azurecr.io/web:v1}\n";

/// A folder with these files.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    add(folder.path(), files);
    folder
}

fn add(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// The same with a pod in every file.
fn pods(names: &[&str]) -> TempDir {
    tree(&names.iter().map(|name| (*name, POD)).collect::<Vec<_>>())
}

fn run(folder: &Path, args: &[&str]) -> Output {
    command(args).current_dir(folder).output().unwrap()
}

fn talk(output: &Output) -> String {
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!talk.contains("panicked"), "{talk}");
    talk
}

/// The results of `check` with these arguments, and what it said.
fn results(folder: &Path, args: &[&str]) -> (Vec<Value>, String) {
    let output = run(folder, &[&["check", "-o", "json"], args].concat());
    (json(&output.stdout)["results"].as_array().unwrap().clone(), talk(&output))
}

/// The files with a pod that `check` checks, and its messages.
fn judged(folder: &Path, args: &[&str]) -> (Vec<String>, String) {
    let (results, talk) = results(folder, args);
    let is_judged = |result: &&Value| result["decision"] == "mutated";
    let file = |result: &Value| result["source"]["file"].as_str().unwrap().replace('\\', "/");
    (results.iter().filter(is_judged).map(file).collect(), talk)
}

fn notes(talk: &str) -> Vec<&str> {
    talk.lines().filter(|line| line.starts_with("note: ") && !line.contains("fix --diff")).collect()
}

#[test]
fn hidden_and_ignored_files_of_a_repository_are_skipped_by_default() {
    let folder = pods(&[
        ".git/pod.yaml",
        ".github/workflows/pod.yaml",
        ".pod.yaml",
        "build/pod.yaml",
        "deploy/pod.yaml",
        "deploy/pod.generated.yaml",
        "deploy/kept.generated.yaml",
        "deploy/.acr-pull-secret.yaml",
    ]);
    add(folder.path(), &[(".gitignore", "/build/\n*.generated.yaml\n"), ("deploy/.gitignore", "!kept.*\n")]);
    let usual = ["./deploy/kept.generated.yaml", "./deploy/pod.yaml"];
    let hidden = ["./.github/workflows/pod.yaml", "./.pod.yaml"];
    let ignored = ["./build/pod.yaml", "./deploy/pod.generated.yaml"];
    for (args, others) in [
        (&[][..], &[][..]),
        (&["--hidden"], &[&hidden][..]),
        (&["--no-ignore"], &[&ignored]),
        (&["--hidden", "--no-ignore"], &[&hidden, &ignored]),
    ] {
        let mut expected: Vec<&str> = usual.into_iter().chain(others.iter().flat_map(|all| **all)).collect();
        expected.sort_unstable();
        let (files, talk) = judged(folder.path(), &[args, &["."]].concat());
        assert_eq!(files, expected, "{args:?}");
        assert_eq!(notes(&talk), [""; 0], "{args:?}");
    }
    add(folder.path(), &[("config.yaml", "settings: {}\nhidden: true\nnoIgnore: true\n")]);
    let (files, _) = judged(folder.path(), &["--config", "config.yaml", "."]);
    assert_eq!(files.len(), usual.len() + hidden.len() + ignored.len());
}

#[test]
fn a_named_file_is_always_read() {
    let folder = pods(&[".git/a", ".pod.yaml", "build/pod.yaml", "build/deep/pod.yaml", ".hidden/pod.yaml"]);
    add(folder.path(), &[(".gitignore", "build/\n"), ("values.yaml", "image: web\n")]);
    for (named, expected) in [
        (".pod.yaml", &[".pod.yaml"][..]),
        ("build/pod.yaml", &["build/pod.yaml"]),
        ("build/*.yaml", &["build/pod.yaml"]),
        ("build", &["build/deep/pod.yaml", "build/pod.yaml"]),
        ("bui*", &["build/deep/pod.yaml", "build/pod.yaml"]),
        (".hidden", &[".hidden/pod.yaml"]),
    ] {
        assert_eq!(judged(folder.path(), &[named]).0, expected, "{named}");
    }
    let (results, _) = results(folder.path(), &["values.yaml"]);
    assert_eq!(results[0]["object"]["message"], "not a Kubernetes object: no apiVersion or no kind");
}

/// However it is named, it is checked once, by its first name.
#[test]
fn a_file_that_several_paths_name_is_read_once() {
    let folder = pods(&["a/pod.yaml", "a/b/pod.yaml"]);
    add(folder.path(), &[("a/values.yaml", "image: web\n")]);
    let absolute = folder.path().join("a/pod.yaml").display().to_string();
    let both = &["a/b/pod.yaml", "a/pod.yaml"] as &[&str];
    for (named, expected) in [
        (
            &["a/pod.yaml", "./a/pod.yaml", "a/b/../pod.yaml", &absolute] as &[&str],
            &["a/pod.yaml"] as &[&str],
        ),
        (&["a", "a/pod.yaml", "a/b", "a/"], both),
        (&["a/pod.yaml", "a"], &["a/pod.yaml", "a/b/pod.yaml"]),
        (&["a*", "a/*.yaml"], both),
        (&["**"], &["./a/b/pod.yaml", "./a/pod.yaml"]),
    ] {
        assert_eq!(judged(folder.path(), named).0, expected, "{named:?}");
    }
    // What is not a manifest is an error where it is named, though a folder was named before.
    let (results, _) = results(folder.path(), &["a", "a/values.yaml"]);
    let last = results.last().unwrap();
    assert_eq!(last["object"]["message"], "not a Kubernetes object: no apiVersion or no kind");
    let output = run(folder.path(), &["fix", "--diff", "a/pod.yaml", "a", "./a/pod.yaml"]);
    let diff = String::from_utf8(output.stdout).unwrap();
    assert_eq!(diff.matches("--- ").count(), 2, "{diff}");
}

/// An archive of a repository, or a copy of it in an image, has no `.git`.
#[test]
fn gitignore_counts_from_the_repository_or_else_from_the_named_folder() {
    let folder = pods(&["project/deploy/pod.yaml", "project/deploy/old/pod.yaml"]);
    add(folder.path(), &[("project/.gitignore", "old\n"), (".gitignore", "*\n")]);
    let deploy = &folder.path().join("project/deploy");
    assert_eq!(judged(&folder.path().join("project"), &["."]).0, ["./deploy/pod.yaml"]);
    assert_eq!(judged(deploy, &["."]).0, ["./old/pod.yaml", "./pod.yaml"]);
    fs::create_dir(folder.path().join("project/.git")).unwrap();
    assert_eq!(judged(deploy, &["."]).0, ["./pod.yaml"]);
}

/// A pipe or a device instead of a file that controls the search does not stop it.
#[cfg(unix)]
#[test]
fn a_gitignore_that_is_a_pipe_does_not_block() {
    let folder = pods(&["pod.yaml", "chart/pod.yaml", "chart/templates/pod.yaml"]);
    for name in [".gitignore", "chart/.gitignore", "chart/Chart.yaml", "chart/kustomization.yaml"] {
        let made = std::process::Command::new("mkfifo").arg(folder.path().join(name)).status();
        assert!(made.unwrap().success());
    }
    let expected = ["./chart/pod.yaml", "./chart/templates/pod.yaml", "./pod.yaml"];
    assert_eq!(judged(folder.path(), &["."]).0, expected);
    fs::remove_file(folder.path().join(".gitignore")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join(".gitignore")).unwrap();
    assert_eq!(judged(folder.path(), &["."]).0, expected);
}

#[test]
fn files_that_are_not_manifests_are_skipped() {
    let folder = pods(&["pod.yaml"]);
    add(
        folder.path(),
        &[
            ("docker-compose.yaml", "services: {web: {image: contoso.azurecr.io/web}}\n"),
            ("package.json", "{\"name\": \"web\"}\n"),
            ("tsconfig.json", "{\n  // a comment\n  \"a\": [,]\n}\n"),
            ("stack.yaml", "Value: !Ref [A, !Sub {b}]\n"),
            ("empty.yaml", "# nothing\n"),
        ],
    );
    let (results, said) = results(folder.path(), &["."]);
    assert_eq!(results.len(), 1, "{results:#?}");
    let note = "note: 1 file skipped, because it is not valid YAML or JSON and has neither kind nor apiVersion: ./tsconfig.json";
    assert_eq!(notes(&said), [note]);
    assert_eq!(talk(&run(folder.path(), &["check", "-q", "."])), "");
    let fix = run(folder.path(), &["fix", "--check", "."]);
    assert!(talk(&fix).ends_with("1 file to fix, 0 unchanged\n"), "{}", talk(&fix));
    // What could be a manifest is an error.
    add(folder.path(), &[("broken.yaml", "kind: Pod\nmetadata: [\n")]);
    let output = run(folder.path(), &["check", "."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(talk(&output).contains("--> ./broken.yaml:"), "{}", talk(&output));
    let output = run(folder.path(), &["check", "tsconfig.json"]);
    assert_eq!(output.status.code(), Some(2));
}

/// The warning comes once: for a folder and for a named file, with other objects and alone.
#[test]
fn an_object_in_a_folder_that_has_containers_but_no_type_is_reported() {
    let lacking = |field: &str| {
        let lines = POD.lines().filter(|line| !line.starts_with(field));
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    for field in ["apiVersion", "kind"] {
        for text in [lacking(field), format!("{}---\n{POD}", lacking(field))] {
            let folder =
                tree(&[("deploy/web.yaml", &text), ("deploy/pod.yaml", POD), ("deploy/a.yaml", "a: b\n")]);
            let warning = format!(
                "warning: this object has containers, but no `{field}`, so it is not checked\n --> deploy/web.yaml:1:1\n"
            );
            for args in
                [&["check", "deploy"][..], &["check", "deploy/web.yaml"], &["fix", "--check", "deploy"]]
            {
                let said = talk(&run(folder.path(), args));
                assert_eq!(said.matches(&warning).count(), 1, "{args:?}: {said}");
                assert_eq!(said.matches("has containers").count(), 1, "{args:?}: {said}");
            }
            let (all, _) = results(folder.path(), &["deploy"]);
            let skipped = all.iter().filter(|result| result["decision"] == "skipped");
            let skipped: Vec<_> = skipped.map(|result| &result["object"]["message"]).collect();
            assert_eq!(skipped, ["not a Kubernetes object: no apiVersion or no kind"]);
        }
    }
}

#[test]
fn for_a_folder_without_manifests_a_note_says_what_was_skipped() {
    let folder = pods(&[".hidden/pod.yaml"]);
    let output = run(folder.path(), &["check", "."]);
    assert_eq!(output.status.code(), Some(3));
    assert!(talk(&output).contains("note: no YAML or JSON file was found in .; "), "{}", talk(&output));
    add(folder.path(), &[("values.yaml", "a: b\n")]);
    let output = run(folder.path(), &["check", "."]);
    assert_eq!(output.status.code(), Some(3));
    let note = "note: 1 file skipped, because it has no object with an apiVersion and a kind";
    assert_eq!(notes(&talk(&output)), [note]);
}

/// Charts with templates that cannot be read, one of them in another one.
fn charts() -> TempDir {
    const TEMPLATE: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n";
    const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";
    let library = &format!("{CHART}type: library\n");
    let folder = tree(&[
        ("pod.yaml", POD),
        ("charts/web shop/Chart.yaml", CHART),
        ("charts/web shop/values.yaml", "image: contoso.azurecr.io/web\n"),
        ("charts/web shop/crds/pod.yaml", POD),
        ("charts/web shop/templates/pod.yaml", TEMPLATE),
        ("charts/web shop/templates/tests/pod.yaml", TEMPLATE),
        ("charts/web shop/charts/db/Chart.yaml", CHART),
        ("charts/web shop/charts/db/templates/pod.yaml", TEMPLATE),
        ("charts/common/Chart.yaml", library),
        ("charts/common/templates/pod.yaml", TEMPLATE),
        ("templates/pod.yaml", POD),
    ]);
    fs::create_dir(folder.path().join(".git")).unwrap();
    folder
}

#[test]
fn templates_of_charts_are_skipped_with_one_note_for_each_chart() {
    let folder = charts();
    let (files, said) = judged(folder.path(), &["."]);
    assert_eq!(files, ["./charts/web shop/crds/pod.yaml", "./pod.yaml", "./templates/pod.yaml"]);
    let [library, chart] = notes(&said)[..] else { panic!("{said}") };
    assert_eq!(
        chart,
        "note: the templates of ./charts/web shop are not read; to check what they render, run helm template './charts/web \
         shop' | acr-pull-secret check -"
    );
    assert!(library.contains("./charts/common are not read: this is a library chart"), "{library}");
    let output = run(&folder.path().join("charts/web shop"), &["check", "."]);
    assert_eq!(output.status.code(), Some(0));
    assert!(talk(&output).contains("helm template . | acr-pull-secret check -"), "{}", talk(&output));
    let fix = run(folder.path(), &["fix", "--check", "."]);
    assert_eq!((fix.status.code(), notes(&talk(&fix)).len()), (Some(1), 2));
}

#[test]
fn a_template_or_its_folder_that_is_named_is_read() {
    let folder = charts();
    for named in
        ["charts/web shop/templates/pod.yaml", "charts/web shop/templates", "charts/*/templates/*.yaml"]
    {
        let output = run(folder.path(), &["check", named]);
        assert_eq!(output.status.code(), Some(2), "{named}");
        assert!(talk(&output).contains("templates/pod.yaml:4:"), "{named}: {}", talk(&output));
    }
}

#[test]
fn templates_that_are_excluded_get_no_note() {
    let folder = charts();
    let (_, said) = judged(folder.path(), &["--exclude", "charts", "."]);
    assert_eq!(notes(&said), [""; 0]);
    let (_, said) = judged(folder.path(), &["--exclude", "templates", "."]);
    assert_eq!(notes(&said), [""; 0]);
}
