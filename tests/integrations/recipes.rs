//! The files for CI systems in docs/ci: their calls of the command, run with the examples.

use std::fs;
use std::path::Path;
use std::process::Output;

use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;

use super::{action, read, script};
use crate::engines::project;

/// A checkout whose folder `deploy` has the examples.
fn checkout() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("deploy")).unwrap();
    for example in fs::read_dir(project("docs/examples")).unwrap() {
        let example = example.unwrap();
        fs::copy(example.path(), folder.path().join("deploy").join(example.file_name())).unwrap();
    }
    folder
}

/// Runs the text of a step as the CI system does, and expects the exit status for a pod that cannot pull its image.
fn run(text: &str, folder: &Path) -> String {
    assert!(text.starts_with("acr-pull-secret check "), "{text}");
    let bin = Path::new(env!("CARGO_BIN_EXE_acr-pull-secret")).parent().unwrap().to_owned();
    let mut script = script(text, folder, &[bin]);
    let Output { status, stdout, stderr } = script.env("AGENT_TEMPDIRECTORY", folder).output().unwrap();
    let said = String::from_utf8(stdout).unwrap();
    assert_eq!(status.code(), Some(1), "{text}: {said}{}", String::from_utf8_lossy(&stderr));
    said
}

fn is_written(folder: &Path, name: &str, part: &str) {
    let text = fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(text.contains(part), "{name}: {text}");
}

#[test]
fn azure_pipelines_shows_issues_a_summary_and_test_results() {
    let recipe = read("docs/ci/azure-pipelines.yml");
    let steps = recipe["steps"].as_array().unwrap();
    let folder = checkout();
    let said = run(steps[1]["script"].as_str().unwrap(), folder.path());
    let issue = "##vso[task.logissue type=error;sourcepath=deploy/web.yaml;linenumber=16;columnnumber=18;code=missing-pull-secret;]";
    assert!(said.starts_with(issue), "{said}");
    let summary = format!("##vso[task.uploadsummary]{}", folder.path().join("acr-pull-secret.md").display());
    assert_eq!(said.lines().last(), Some(summary.as_str()));
    is_written(folder.path(), "acr-pull-secret.md", "`deploy/web.yaml:16`");
    let results = steps[2]["inputs"]["testResultsFiles"].as_str().unwrap();
    is_written(folder.path(), results.strip_prefix("$(Agent.TempDirectory)/").unwrap(), "<failure");
}

#[test]
fn gitlab_gets_code_quality_and_test_results() {
    let job = &read("docs/ci/gitlab-ci.yml")["pull-secrets"];
    let folder = checkout();
    run(job["script"][0].as_str().unwrap(), folder.path());
    let reports = &job["artifacts"]["reports"];
    is_written(folder.path(), reports["junit"].as_str().unwrap(), "<failure");
    let report = fs::read(folder.path().join(reports["codequality"].as_str().unwrap())).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report[0]["location"]["path"], "deploy/web.yaml");
    assert_eq!(job["artifacts"]["when"], "always", "a failed job has the reports");
}

#[test]
fn github_gets_annotations_and_sarif() {
    let steps = &read("docs/ci/github-actions.yml")["jobs"]["check"]["steps"];
    let folder = checkout();
    let inputs = steps[1]["with"].as_object().unwrap().iter();
    let inputs: Vec<(&str, &str)> =
        inputs.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
    let output = action(folder.path(), &inputs);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("::error file=deploy/web.yaml,line=16,"), "{said}");
    is_written(folder.path(), steps[2]["with"]["sarif_file"].as_str().unwrap(), "missing-pull-secret");
}

#[test]
fn jenkins_gets_test_results_and_issues() {
    let recipe = fs::read_to_string(project("docs/ci/Jenkinsfile")).unwrap();
    let call = Regex::new(r"sh '(acr-pull-secret [^']*)'").unwrap();
    let folder = checkout();
    run(&call.captures(&recipe).expect("a call")[1], folder.path());
    let reads =
        |pattern: &str| Regex::new(pattern).unwrap().captures(&recipe).expect("a report")[1].to_owned();
    is_written(folder.path(), &reads(r"junit '([^']*)'"), "<failure");
    is_written(folder.path(), &reads(r"pattern: '([^']*)'"), "missing-pull-secret");
}

/// A page links all of them, and they install what the page says.
#[test]
fn the_page_names_every_recipe() {
    let page = fs::read_to_string(project("docs/ci.md")).unwrap();
    let mut recipes = 0;
    for recipe in fs::read_dir(project("docs/ci")).unwrap() {
        let recipe = recipe.unwrap().file_name().into_string().unwrap();
        assert!(page.contains(&format!("(ci/{recipe})")), "{recipe}");
        recipes += 1;
    }
    assert_eq!(recipes, 4);
}
