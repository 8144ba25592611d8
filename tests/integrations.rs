//! What other tools read of the project: pre-commit's hooks, GitHub's action, the files for package managers.

#[cfg(target_os = "linux")]
mod package_managers;
#[cfg(target_os = "linux")]
mod recipes;
#[cfg(target_os = "linux")]
mod release;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use acr_pull_secret::commands::Cli;
use clap::Parser as _;
use review::yaml;
use serde_json::Value;

use crate::engines::project;

fn read(path: &str) -> Value {
    let text = std::fs::read_to_string(project(path)).unwrap();
    let (mut documents, error) = yaml::documents(&text);
    assert!(error.is_none() && documents.len() == 1, "{path}: {error:?}");
    documents.remove(0).value
}

#[test]
fn every_hook_is_a_call_of_the_command() {
    let hooks = read(".pre-commit-hooks.yaml");
    let hooks = hooks.as_array().unwrap();
    let ids: Vec<&str> = hooks.iter().map(|hook| hook["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["acr-pull-secret-check", "acr-pull-secret-fix"]);
    for hook in hooks {
        let entry = hook["entry"].as_str().unwrap().split(' ').chain(["pod.yaml", "deploy.yaml"]);
        Cli::try_parse_from(entry).unwrap_or_else(|error| panic!("{hook}: {error}"));
    }
}

/// An input inside the text of a script can change the script.
#[test]
fn no_script_of_the_action_has_an_input_in_its_text() {
    let action = read("action.yml");
    for step in action["runs"]["steps"].as_array().unwrap() {
        let script = step["run"].as_str().unwrap();
        assert!(!script.contains("${{"), "{script}");
        let file = script.trim_matches('"').strip_prefix("$GITHUB_ACTION_PATH/").unwrap();
        assert!(project(file).is_file(), "{file}");
    }
}

/// A script as GitHub runs it, with these folders first on the PATH.
fn script(text: &str, folder: &Path, first: &[PathBuf]) -> Command {
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(first.iter().cloned().chain(std::env::split_paths(&path))).unwrap();
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", text])
        .current_dir(folder)
        .env("PATH", path);
    bash
}

/// A text of a workflow or an action, with the values of its expressions in their place.
fn filled_in(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, (expression, after))) =
        rest.split_once("${{").and_then(|(before, behind)| Some((before, behind.split_once("}}")?)))
    {
        filled.extend([before, &value(expression.trim())]);
        rest = after;
    }
    filled + rest
}

/// A step of the action, used at `action_ref`, a tag or another reference, with inputs or their defaults, as GitHub runs it.
fn step(
    number: usize,
    action_ref: &str,
    inputs: &[(&str, &str)],
    folder: &Path,
    first: &[PathBuf],
) -> Command {
    let action = read("action.yml");
    let step = &action["runs"]["steps"][number];
    let mut bash = script(step["run"].as_str().unwrap(), folder, first);
    bash.env("GITHUB_ACTION_PATH", project("").canonicalize().unwrap());
    let value = |expression: &str| match expression.split_once('.').unwrap() {
        ("github", "action_ref") => action_ref.to_owned(),
        ("inputs", input) => {
            let given = inputs.iter().find(|(name, _)| *name == input).map(|(_, value)| *value);
            given.unwrap_or_else(|| action["inputs"][input]["default"].as_str().unwrap()).to_owned()
        }
        _ => panic!("{expression}"),
    };
    for (name, text) in step["env"].as_object().unwrap() {
        bash.env(name, filled_in(text.as_str().unwrap(), value));
    }
    bash
}

/// Runs the action's check, with a file for the summary of the job.
fn action(folder: &Path, inputs: &[(&str, &str)]) -> Output {
    let bin = Path::new(env!("CARGO_BIN_EXE_acr-pull-secret")).parent().unwrap().to_owned();
    let mut step = step(1, "v0.1.0", inputs, folder, &[bin]);
    step.env("GITHUB_STEP_SUMMARY", folder.join("summary")).output().expect("bash runs")
}

#[test]
#[cfg(unix)]
fn the_action_checks_annotates_and_writes_sarif() {
    let folder = tempfile::tempdir().unwrap();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: contoso.azurecr.io/web}]}\n";
    std::fs::create_dir(folder.path().join("a b; touch injected")).unwrap();
    std::fs::write(folder.path().join("a b; touch injected/pod.yaml"), pod).unwrap();
    std::fs::write(folder.path().join("settings.yaml"), "mode: validate\n").unwrap();

    let output = action(
        folder.path(),
        &[("settings", "settings.yaml"), ("sarif", "out.sarif"), ("paths", "a b; touch injected\n")],
    );
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("::error file=a b; touch injected/pod.yaml,line=4"), "{said}");
    let sarif: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("out.sarif")).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "missing-pull-secret");
    let summary = std::fs::read_to_string(folder.path().join("summary")).unwrap();
    assert!(summary.starts_with("## acr-pull-secret\n\n1 object: 0 accepted"), "{summary}");
    assert!(!folder.path().join("injected").exists());

    // Without settings, a pod that cannot pull its image fails the step.
    assert_eq!(action(folder.path(), &[]).status.code(), Some(1));
    let defaults = ("args", "--settings-json\n{}\n");
    assert_eq!(action(folder.path(), &[defaults]).status.code(), Some(0));
    let output = action(folder.path(), &[defaults, ("fail-on", "mutate")]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("title=policy-mutation::Pod default/web: the policy adds pull secret acr-secret"),
        "{said}"
    );
    let output =
        action(folder.path(), &[("args", "--namespace\nshop; $(touch injected)\n"), ("fail-on", "reject\n")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!folder.path().join("injected").exists());
}
