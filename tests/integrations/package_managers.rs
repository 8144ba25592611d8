//! What package managers read: the files that the release writes for Krew, Homebrew and Scoop, and what cargo-binstall reads
//! in the manifest of the package.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use acr_pull_secret::commands::Cli;
use clap::Parser as _;
use regex::Regex;
use review::yaml;
use serde_json::{Value, json};

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

/// What a script of the release prints, given these sums.
fn written(script: &str, sums: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("SHA256SUMS");
    std::fs::write(&file, sums).unwrap();
    Command::new(project(script)).arg("v1.2.3").arg(file).output().expect("bash runs")
}

/// What it prints for a whole release.
fn written_for_a_release(script: &str) -> String {
    let sums: Vec<String> = archives().iter().map(|(asset, sum)| format!("{sum}  {asset}\n")).collect();
    let output = written(script, &format!("{}{:064x}  policy.wasm\n", sums.concat(), 99));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// krew: pkg/index/types.go, pkg/index/indexscanner and validation/validate.go
#[test]
fn the_manifest_for_krew_has_the_fields_that_krew_requires() {
    let text = written_for_a_release(".ci/krew");
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

/// The lines of a text, without those that are empty and without the spaces around them.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// docs.brew.sh/Formula-Cookbook, and the rules of `brew audit` for a description.
#[test]
fn the_formula_has_an_archive_for_each_system_of_homebrew() {
    let text = written_for_a_release(".ci/homebrew");
    let lines = lines(&text);
    // Homebrew looks for the class that the name of the file gives.
    assert_eq!(lines[0], "class AcrPullSecret < Formula");
    let word = |field: &str| {
        let value = lines.iter().find_map(|line| line.strip_prefix(field)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {field}: {text}")).trim_matches('"')
    };
    assert_eq!((word("version"), word("license")), ("1.2.3", "Apache-2.0"));
    let short = word("desc");
    assert!(short.len() <= 80 && !short.ends_with('.') && !short.starts_with("A "), "{short}");
    let archives = archives();
    for (system, os, processor) in [
        ("aarch64-apple-darwin", "on_macos do", "on_arm do"),
        ("x86_64-apple-darwin", "on_macos do", "on_intel do"),
        ("aarch64-unknown-linux-gnu", "on_linux do", "on_arm do"),
        ("x86_64-unknown-linux-gnu", "on_linux do", "on_intel do"),
    ] {
        let (asset, sum) = archives.iter().find(|(asset, _)| asset.contains(system)).unwrap();
        let mut rest = lines.iter().skip_while(|line| **line != os).skip_while(|line| **line != processor);
        assert!(rest.next().is_some(), "{os} {processor}");
        let url = format!(
            "url \"https://github.com/acr-pull-secret/acr-pull-secret/releases/download/v1.2.3/{asset}\""
        );
        assert_eq!(
            rest.take(3).collect::<Vec<_>>(),
            [&url.as_str(), &format!("sha256 \"{sum}\"").as_str(), &"end"]
        );
    }
    let opened = lines.iter().filter(|line| line.ends_with(" do") || line.starts_with("def ")).count() + 1;
    assert_eq!(lines.iter().filter(|line| **line == "end").count(), opened, "{text}");
}

/// What the formula calls to install completions and manual.
#[test]
fn the_command_has_the_calls_of_the_formula() {
    let text = written_for_a_release(".ci/homebrew");
    for (line, calls) in [
        (
            r#"generate_completions_from_executable(bin/"acr-pull-secret", "completions")"#,
            &["completions bash", "completions zsh", "completions fish"][..],
        ),
        (r#"system bin/"acr-pull-secret", "man", "--dir", man1"#, &["man --dir man1"]),
    ] {
        assert!(lines(&text).contains(&line), "{text}");
        for call in calls {
            let words = ["acr-pull-secret"].into_iter().chain(call.split(' '));
            Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{call}: {error}"));
        }
    }
}

/// ScoopInstaller/Scoop: schema.json
#[test]
fn the_manifest_for_scoop_has_the_archive_for_windows() {
    let manifest: Value = serde_json::from_str(&written_for_a_release(".ci/scoop")).unwrap();
    for required in ["version", "homepage", "license", "description"] {
        assert!(manifest[required].is_string(), "{required}: {manifest}");
    }
    assert_eq!(manifest["version"], "1.2.3");
    let archives = archives();
    let (asset, sum) = archives.iter().find(|(asset, _)| asset.contains("windows")).unwrap();
    let releases = "https://github.com/acr-pull-secret/acr-pull-secret/releases/download";
    assert_eq!(
        manifest["architecture"],
        json!({"64bit": {
            "url": format!("{releases}/v1.2.3/{asset}"),
            "hash": sum,
            "extract_dir": asset.strip_suffix(".zip").unwrap(),
        }})
    );
    assert_eq!(
        manifest["autoupdate"]["architecture"]["64bit"]["url"],
        format!("{releases}/v$version/{asset}")
    );
    assert_eq!(
        manifest["bin"],
        json!(["acr-pull-secret.exe", ["acr-pull-secret.exe", "kubectl-acr_pull_secret"]])
    );
}

#[test]
fn no_file_is_written_for_a_release_without_one_of_the_archives() {
    let scripts: [(&str, &[&str]); 3] = [
        (".ci/krew", &["linux-gnu", "darwin", "windows"]),
        (".ci/homebrew", &["linux-gnu", "darwin"]),
        (".ci/scoop", &["windows"]),
    ];
    for (script, systems) in scripts {
        let needed = |asset: &str| systems.iter().any(|system| asset.contains(system));
        for (missing, _) in archives().into_iter().filter(|(asset, _)| needed(asset)) {
            let others = archives().into_iter().filter(|(asset, _)| *asset != missing);
            let sums: Vec<String> = others.map(|(asset, sum)| format!("{sum}  {asset}\n")).collect();
            let output = written(script, &sums.concat());
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{script} without {missing}");
            assert!(said.contains(&format!("has no sum of {missing}")), "{script}: {said}");
        }
    }
}

/// cargo-bins/cargo-binstall: SUPPORT.md
#[test]
fn cargo_binstall_finds_every_archive_and_the_command_in_it() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(project("host/Cargo.toml"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "acr-pull-secret").unwrap();
    let binstall = &package["metadata"]["binstall"];
    let assets = read(".github/release-assets.json");
    for asset in assets.as_array().unwrap() {
        let (name, target) = (asset["asset"].as_str().unwrap(), asset["target"].as_str().unwrap());
        let exe = asset["exe"].as_str().unwrap_or_default();
        let format = binstall["overrides"][target]["pkg-fmt"].as_str();
        let suffix = match format.or(binstall["pkg-fmt"].as_str()).unwrap() {
            "tgz" => ".tar.gz",
            "zip" => ".zip",
            other => panic!("{other}"),
        };
        let filled_in = |field: &str| {
            let values = [
                ("{ repo }", package["repository"].as_str().unwrap()),
                ("{ version }", package["version"].as_str().unwrap()),
                ("{ name }", "acr-pull-secret"),
                ("{ bin }", "acr-pull-secret"),
                ("{ target }", target),
                ("{ archive-suffix }", suffix),
                ("{ binary-ext }", exe),
            ];
            let template = binstall[field].as_str().unwrap().to_owned();
            values.iter().fold(template, |text, (name, value)| text.replace(name, value))
        };
        let releases = "https://github.com/acr-pull-secret/acr-pull-secret/releases/download";
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(filled_in("pkg-url"), format!("{releases}/v{version}/{name}"));
        // As release.yml packs it.
        let folder = name.strip_suffix(suffix).unwrap();
        assert_eq!(filled_in("bin-dir"), format!("{folder}/acr-pull-secret{exe}"));
    }
}
