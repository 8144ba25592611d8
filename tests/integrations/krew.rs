//! The manifest of the kubectl plugin for Krew, as the release writes it.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use regex::Regex;
use review::yaml;

use super::read;
use crate::engines::project;

/// The archives that are installed, as the action does, and their sums.
fn archives() -> Vec<(String, String)> {
    let assets = read(".github/release-assets.json");
    let assets = assets.as_array().unwrap().iter().filter(|asset| asset.get("system").is_some());
    assets
        .zip(1..)
        .map(|(asset, i)| (asset["asset"].as_str().unwrap().to_owned(), format!("{i:064x}")))
        .collect()
}

fn written(sums: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("SHA256SUMS");
    std::fs::write(&file, sums).unwrap();
    Command::new(project(".ci/krew")).arg("v1.2.3").arg(file).output().expect("bash runs")
}

/// krew: pkg/index/types.go, pkg/index/indexscanner and validation/validate.go
#[test]
fn the_manifest_for_krew_has_the_fields_that_krew_requires() {
    let sums: Vec<String> = archives().iter().map(|(asset, sum)| format!("{sum}  {asset}\n")).collect();
    let output = written(&format!("{}{:064x}  policy.wasm\n", sums.concat(), 99));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let (mut documents, error) = yaml::documents(&text);
    assert!(error.is_none() && documents.len() == 1, "{text}");
    let plugin = documents.remove(0).value;
    assert_eq!(plugin["apiVersion"], "krew.googlecontainertools.github.com/v1alpha2");
    assert_eq!(plugin["kind"], "Plugin");
    // Krew links it as kubectl-acr_pull_secret, which is the name that the command knows.
    assert_eq!(plugin["metadata"]["name"], "acr-pull-secret");
    let spec = &plugin["spec"];
    assert_eq!(spec["version"], "v1.2.3");
    let short = spec["shortDescription"].as_str().unwrap();
    assert!(!short.is_empty() && short.len() <= 50 && !short.ends_with('.'), "{short}");
    assert!(spec["homepage"].as_str().unwrap().starts_with("https://") && spec["description"].is_string());
    let sum = Regex::new("^[0-9a-f]{64}$").unwrap();
    let mut systems = BTreeSet::new();
    for (platform, (asset, expected)) in spec["platforms"].as_array().unwrap().iter().zip(archives()) {
        let word = |field: &str| platform[field].as_str().unwrap_or_else(|| panic!("{field}: {platform}"));
        let labels = platform["selector"]["matchLabels"].as_object().unwrap();
        let [os, arch] = ["os", "arch"].map(|label| labels[label].as_str().unwrap());
        assert!(
            ["linux", "darwin", "windows"].contains(&os) && ["amd64", "arm64"].contains(&arch),
            "{labels:?}"
        );
        assert!(systems.insert((os.to_owned(), arch.to_owned())), "{os} {arch} twice");
        assert!(word("uri").ends_with(&format!("/releases/download/v1.2.3/{asset}")), "{platform}");
        assert!(sum.is_match(word("sha256")) && word("sha256") == expected, "{platform}");
        // What is unpacked into the folder of the plugin has the command.
        let files = platform["files"].as_array().unwrap();
        let folder = asset.trim_end_matches(".zip").trim_end_matches(".tar.gz");
        let from = format!("{folder}/{}", word("bin"));
        assert!(
            files.iter().any(|file| file["from"].as_str() == Some(&from) && file["to"] == "."),
            "{platform}"
        );
        assert!(files.iter().any(|file| file["from"] == format!("{folder}/LICENSE")), "{platform}");
        assert_eq!(word("bin") == "acr-pull-secret.exe", os == "windows");
    }
    assert_eq!(systems.len(), archives().len());
}

#[test]
fn a_release_without_one_of_the_archives_has_no_manifest_for_krew() {
    let sums: Vec<String> =
        archives().iter().skip(1).map(|(asset, sum)| format!("{sum}  {asset}\n")).collect();
    let output = written(&sums.concat());
    assert!(!output.status.success());
    let missing = &archives()[0].0;
    assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("has no sum of {missing}")));
}
