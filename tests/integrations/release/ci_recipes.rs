//! What the files for CI systems install: the command of the release, and nothing else into the checkout.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::{published, read, script, serve};
use crate::engines::project;

const TARGET: &str = "x86_64-unknown-linux-gnu";

fn contents(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files
        .map(|file| {
            (file.file_name().into_string().unwrap(), fs::read_to_string(file.path()).unwrap_or_default())
        })
        .collect()
}

/// The part of a text that a pattern names.
fn part(pattern: &str, text: &str) -> String {
    Regex::new(pattern).unwrap().captures(text).unwrap_or_else(|| panic!("{pattern}: {text}"))[1].to_owned()
}

#[test]
#[ignore = "needs curl"]
fn a_recipe_installs_the_command_and_leaves_the_checkout_as_it_is() {
    let server = serve(published());
    let jenkins = fs::read_to_string(project("docs/ci/Jenkinsfile")).unwrap();
    let gitlab = read("docs/ci/gitlab-ci.yml")["pull-secrets"]["before_script"].clone();
    let gitlab: Vec<&str> = gitlab.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let (packages, gitlab) = gitlab.split_first().unwrap();
    assert!(packages.starts_with("apt-get "), "{packages}");
    let azure = read("docs/ci/azure-pipelines.yml");
    for (name, text, on_path) in [
        ("Jenkins", part("(?s)sh '''\n(.*?)'''", &jenkins), None),
        (
            "GitLab",
            gitlab.join("\n") + "\npwd\necho \"last on PATH: ${PATH##*:}\"\n",
            Some("last on PATH: (.*)"),
        ),
        (
            "Azure Pipelines",
            azure["steps"][0]["script"].as_str().unwrap().to_owned(),
            Some(r"##vso\[task.prependpath\](.*)"),
        ),
    ] {
        let checkout = tempfile::tempdir().unwrap();
        for file in ["README.md", "CHANGELOG.md", "LICENSE", "SHA256SUMS"] {
            fs::write(checkout.path().join(file), "of the project").unwrap();
        }
        let before = contents(checkout.path());
        let outside = tempfile::tempdir().unwrap();
        let temporary = outside.path().join("temporary");
        if name != "Jenkins" {
            fs::create_dir(&temporary).unwrap();
        }
        let tools = outside.path().join("tools");
        fs::create_dir(&tools).unwrap();
        let mut bash = script(&text, checkout.path(), &[]);
        bash.env("CURL_HOME", server.path()).env("WORKSPACE_TMP", &temporary).env("TMPDIR", &temporary);
        bash.env("AGENT_TEMPDIRECTORY", &temporary).env("AGENT_TOOLSDIRECTORY", &tools);
        let output = bash.env("CI_PROJECT_DIR", checkout.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {said}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(contents(checkout.path()), before, "{name}");
        let bin = match on_path {
            Some(pattern) => PathBuf::from(part(pattern, &said)),
            None => {
                temporary.join(part(r#"PATH = "\$\{env.WORKSPACE_TMP\}/([^:]*):\$\{env.PATH\}""#, &jenkins))
            }
        };
        let installed = contents(&bin);
        assert_eq!(installed.keys().collect::<Vec<_>>(), ["acr-pull-secret"], "{name}");
        assert!(installed["acr-pull-secret"].contains(&format!("released for {TARGET}")), "{name}");
        if name == "GitLab" {
            // Its script goes on in the same shell.
            assert!(said.contains(&format!("\n{}\n", checkout.path().display())), "{said}");
        }
    }
}

#[test]
fn an_archive_has_what_the_page_says() {
    let published = published();
    let folder = tempfile::tempdir().unwrap();
    let name = format!("acr-pull-secret-{TARGET}");
    let archive = format!("{name}.tar.gz");
    fs::write(folder.path().join(&archive), &published[&archive]).unwrap();
    assert!(script(&format!("tar xzf {archive}"), folder.path(), &[]).status().unwrap().success());
    let files = contents(&folder.path().join(name));
    assert_eq!(files.keys().collect::<Vec<_>>(), ["CHANGELOG.md", "LICENSE", "README.md", "acr-pull-secret"]);
    let page = fs::read_to_string(project("docs/install.md")).unwrap();
    assert!(page.contains("| the command, its licence, README and changelog |"));
}
