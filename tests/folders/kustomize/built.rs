//! What a program builds of a folder is checked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use super::{command, overlay, talk};
use crate::engines::json;

/// Runs the command where `kustomize` is this script, and there is no kubectl.
fn with_kustomize(script: &str, args: &[&str]) -> (Output, tempfile::TempDir) {
    let folder = overlay();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("kustomize"), format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(bin.join("kustomize"), fs::Permissions::from_mode(0o755)).unwrap();
    let output = command(args).current_dir(folder.path()).env("PATH", &bin).output().unwrap();
    (output, folder)
}

/// Writes a pod, in the fourth line.
const BUILD: &str = "printf '# a\\n# b\\n---\\n{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, spec: \
                     {containers: [{name: web, image: contoso.azurecr.io/web}]}}\\n'";

#[test]
fn findings_name_the_kustomization_and_the_object_but_no_line_of_what_is_built() {
    let validate = ["--complete", "--settings-json", r#"{"mode": "validate"}"#];
    let check = |format: &str| {
        let args = [&["check", "-k", "prod", "-o", format], &validate[..]].concat();
        let (output, _) = with_kustomize(BUILD, &args);
        assert_eq!(output.status.code(), Some(1), "{format}: {}", talk(&output));
        assert_eq!(talk(&output), "", "{format}");
        output.stdout
    };
    let text = String::from_utf8(check("text")).unwrap();
    assert!(text.starts_with("rejected Pod shop/web (prod/kustomization.yaml:1)\n"), "{text}");
    assert!(text.contains("--> prod/kustomization.yaml:1\n"), "{text}");
    let finding = &json(&check("json"))["results"][0];
    assert_eq!(finding["source"]["line"], 1);
    assert_eq!(finding["object"]["findings"][0].get("line"), None);
    let place = json(&check("sarif"))["runs"][0]["results"][0]["locations"][0].clone();
    assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], "prod/kustomization.yaml");
    assert_eq!(place["physicalLocation"]["region"], serde_json::json!({"startLine": 1}));
    assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], "Pod shop/web");
    let github = String::from_utf8(check("github")).unwrap();
    assert!(github.starts_with("::error file=prod/kustomization.yaml,line=1,title="), "{github}");
    let junit = String::from_utf8(check("junit")).unwrap();
    assert!(junit.contains("prod/kustomization.yaml:1: missing-pull-secret"), "{junit}");
}

#[test]
fn each_folder_is_built_once_without_a_shell_and_read_with_paths() {
    let args = ["check", "-o", "json", "-k", "prod", "-k", "base", "base/pod.yaml"];
    let (output, folder) = with_kustomize(&format!("echo \"$@\" >>calls; {BUILD}"), &args);
    let report = json(&output.stdout);
    let files = report["results"].as_array().unwrap().iter().map(|result| &result["source"]["file"]);
    let expected = ["base/pod.yaml", "prod/kustomization.yaml", "base/kustomization.yaml"];
    assert_eq!(files.collect::<Vec<_>>(), expected);
    assert_eq!(fs::read_to_string(folder.path().join("calls")).unwrap(), "build -- prod\nbuild -- base\n");
}

#[test]
fn what_is_built_but_cannot_be_read_has_no_line() {
    let (output, _) = with_kustomize("printf 'kind: Pod\\nmetadata: [\\n'", &["check", "-k", "prod"]);
    assert_eq!(output.status.code(), Some(2));
    let said = talk(&output);
    assert!(
        said.starts_with("error: what Kustomize builds from prod/kustomization.yaml cannot be used: "),
        "{said}"
    );
    assert!(!said.contains("-->"), "{said}");
}

#[test]
fn a_note_on_what_is_built_is_a_warning_without_a_line() {
    let (output, _) = with_kustomize(
        "printf 'apiVersion: v1\\nkind: pod\\nmetadata: {name: a}\\n'",
        &["check", "-k", "prod"],
    );
    let said = talk(&output);
    let warning = "warning: what Kustomize builds from prod/kustomization.yaml has a problem: Kubernetes has no kind `pod`\n";
    assert!(said.starts_with(warning) && !said.contains("-->"), "{said}");
}

#[test]
fn an_error_message_of_kustomize_is_shown_with_escapes() {
    let script = "printf 'Error: \\033[2Jnope\\n::error::x\\n' >&2; echo kind: Pod; exit 3";
    let (output, _) = with_kustomize(script, &["check", "-o", "github", "-k", "prod", "base/pod.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let said = talk(&output);
    let line = "error: -k prod: kustomize build failed: Error: \\u{1b}[2Jnope; ::error::x\n";
    assert!(said.starts_with(line), "{said}");
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.lines().all(|line| !line.starts_with("::error::x")), "{report}");
}

/// A program's error messages are read to the end, however long they are.
#[test]
fn a_long_error_message_does_not_block() {
    let script = "i=0; while [ $i -lt 20000 ]; do echo 'warning: deprecated' >&2; i=$((i+1)); done; exit 1";
    let (output, _) = with_kustomize(script, &["check", "-k", "prod"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stderr.len() < 3000, "{}", output.stderr.len());
}

#[test]
fn paths_of_the_config_file_are_ignored_with_it() {
    let (output, folder) = with_kustomize(BUILD, &["check", "-k", "prod"]);
    assert_eq!(output.status.code(), Some(0), "{}", talk(&output));
    fs::write(folder.path().join("config.yaml"), "paths: [base]\nnamespace: other\n").unwrap();
    let args = ["check", "-o", "json", "--config", "config.yaml", "-k", "prod"];
    let bin = folder.path().join("bin");
    let output = command(&args).current_dir(folder.path()).env("PATH", &bin).output().unwrap();
    let report = json(&output.stdout);
    assert_eq!(report["summary"]["objects"], 1, "{report}");
    assert_eq!(report["results"][0]["source"]["file"], "prod/kustomization.yaml");
}
