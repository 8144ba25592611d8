//! What release.yml publishes, and the action that installs it.
//!
//! The archives are made by the workflow's own steps, and are served by a server that curl takes for github.com.

mod ci_recipes;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use super::{filled_in, read, script, step};
use crate::engines::project;
use server::serve;

const TAG: &str = "v0.1.0";

/// The files of a release, by their names.
type Published = BTreeMap<String, Vec<u8>>;

/// A step of a job of the release, by the beginning of its name.
fn workflow_step(job: &str, name: &str) -> (Value, Value) {
    let workflow = read(".github/workflows/release.yml");
    let job = workflow["jobs"][job].clone();
    let is_meant = |step: &&Value| step["name"].as_str().is_some_and(|found| found.starts_with(name));
    let step = job["steps"].as_array().unwrap().iter().find(is_meant);
    let step = step.unwrap_or_else(|| panic!("{name}")).clone();
    (job, step)
}

/// Runs a step of a job of the release, for a row of its matrix.
fn run_workflow_step(job: &str, name: &str, row: &Value, folder: &Path, first: &[PathBuf]) {
    let (job, step) = workflow_step(job, name);
    let value = |expression: &str| match expression.strip_prefix("matrix.").map(|name| &row[name]) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) => String::new(),
        _ => panic!("{expression}"),
    };
    let folder = folder.join(step["working-directory"].as_str().unwrap_or_default());
    let mut bash = script(step["run"].as_str().unwrap(), &folder, first);
    bash.env("GITHUB_REF_NAME", TAG).env("GITHUB_OUTPUT", folder.join("output"));
    let variables = job["env"].as_object().into_iter().flatten();
    for (name, text) in variables.filter(|(_, text)| !text.as_str().unwrap().contains("${{ needs.")) {
        bash.env(name, filled_in(text.as_str().unwrap(), value));
    }
    let output = bash.output().expect("bash runs");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The rows of the matrix that the binaries are built by, as the gate gives them to GitHub.
fn rows() -> Vec<Value> {
    let (gate, step) = workflow_step("gate", "the archives of the command");
    assert_eq!(gate["outputs"]["assets"], "${{ steps.assets.outputs.list }}");
    assert_eq!(step["id"], "assets");
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output");
    let status =
        script(step["run"].as_str().unwrap(), &project(""), &[]).env("GITHUB_OUTPUT", &output).status();
    assert!(status.unwrap().success());
    let output = fs::read_to_string(output).unwrap();
    let line = output.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "an output of a step is one line: {output}");
    let (binaries, _) = workflow_step("binaries", "pack");
    assert_eq!(binaries["strategy"]["matrix"]["include"], "${{ fromJSON(needs.gate.outputs.assets) }}");
    serde_json::from_str(line.strip_prefix("list=").unwrap()).unwrap()
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| panic!("{field} of {row}"))
}

fn write_script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Commands of runners that not every machine has: `7z`, which packs with tar here, and `cargo`, which builds nothing and
/// leaves a command that says so.
fn runner_commands() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let seven_zip =
        "#!/usr/bin/env bash\ncase $1 in\n    a) tar cf \"$2\" \"$3\" ;;\n    x) tar xf \"$3\" ;;\nesac\n";
    write_script(&folder.path().join("7z"), seven_zip);
    let cargo = format!(
        "#!/usr/bin/env bash\nset -eu\necho \"cargo $1 in $PWD\"\n[[ $* == \"install --locked --path host --root $6\" ]]\n\
         mkdir -p \"$6/bin\"\ncat >\"$6/bin/acr-pull-secret\" <<'END'\n{}END\nchmod +x \"$6/bin/acr-pull-secret\"\n",
        command_that_says("built from source")
    );
    write_script(&folder.path().join("cargo"), &cargo);
    folder
}

/// The command, which first says where it comes from.
fn command_that_says(origin: &str) -> String {
    format!("#!/bin/sh\necho '{origin}' >&2\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_acr-pull-secret"))
}

/// Everything that the release has, made by the steps of the workflow from commands that say for which target they are.
fn published() -> Published {
    let runner = runner_commands();
    let first = [runner.path().to_owned()];
    let all = tempfile::tempdir().unwrap();
    let dist = all.path().join("dist");
    fs::create_dir(&dist).unwrap();
    for row in rows() {
        let checkout = tempfile::tempdir().unwrap();
        for name in ["README.md", "CHANGELOG.md", "LICENSE"] {
            fs::copy(project(name), checkout.path().join(name)).unwrap();
        }
        let target = text(&row, "target");
        let exe = row["exe"].as_str().unwrap_or_default();
        let built = checkout.path().join(format!("target/{target}/dist/acr-pull-secret{exe}"));
        write_script(&built, &command_that_says(&format!("released for {target}")));
        run_workflow_step("binaries", "pack", &row, checkout.path(), &first);
        for packed in fs::read_dir(checkout.path().join("packed")).unwrap() {
            let packed = packed.unwrap();
            fs::copy(packed.path(), dist.join(packed.file_name())).unwrap();
        }
    }
    let workflow = fs::read_to_string(project(".github/workflows/release.yml")).unwrap();
    for name in ["policy.wasm", "policy.cdx.json", "acr-pull-secret.cdx.json"] {
        assert!(workflow.contains(name), "{name}");
        fs::write(dist.join(name), name).unwrap();
    }
    run_workflow_step("publish", "take the command that was built", &Value::Null, all.path(), &[]);
    assert!(all.path().join("acr-pull-secret").is_file(), "the command that pushes the policy");
    run_workflow_step("publish", "checksums", &Value::Null, all.path(), &[]);
    symlink(project(".ci").canonicalize().unwrap(), all.path().join(".ci")).unwrap();
    run_workflow_step("release", "files for package managers", &Value::Null, all.path(), &[]);
    let files = fs::read_dir(&dist).unwrap().map(|file| file.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
}

/// A job with the action in it.
struct Job {
    folder: TempDir,
    runner: TempDir,
    action_ref: &'static str,
    version: &'static str,
    system: (String, String),
    /// Folder of curl's config
    curl: PathBuf,
}

impl Job {
    /// On a runner such as `Linux-X64`.
    fn on(system: &str, curl: &Path) -> Self {
        let (os, architecture) = system.split_once('-').unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            runner: runner_commands(),
            action_ref: TAG,
            version: "",
            system: (os.to_owned(), architecture.to_owned()),
            curl: curl.to_owned(),
        }
    }

    /// The first step.
    fn install(&self) -> (Option<i32>, String) {
        let inputs = [("version", self.version)];
        let first = [self.runner.path().to_owned()];
        let mut install = step(0, self.action_ref, &inputs, self.folder.path(), &first);
        install.env("RUNNER_TEMP", self.folder.path().join("temp")).env("RUNNER_OS", &self.system.0);
        install.env("RUNNER_ARCH", &self.system.1).env("GITHUB_PATH", self.folder.path().join("path"));
        let Output { status, stdout, stderr } = install.env("CURL_HOME", &self.curl).output().unwrap();
        (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
    }

    /// The folders that the steps behind the first one find commands in.
    fn path(&self) -> Vec<PathBuf> {
        let path = fs::read_to_string(self.folder.path().join("path")).unwrap_or_default();
        path.lines().map(PathBuf::from).collect()
    }

    /// The second step, on a pod that lacks its secret.
    fn check(&self) -> (Option<i32>, String) {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: contoso.azurecr.io/web}]}\n";
        fs::write(self.folder.path().join("pod.yaml"), pod).unwrap();
        let inputs = [("fail-on", "mutate"), ("paths", "pod.yaml"), ("sarif", "out.sarif")];
        let mut check = step(1, self.action_ref, &inputs, self.folder.path(), &self.path());
        let output = check.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR")).output().unwrap();
        assert!(self.folder.path().join("out.sarif").is_file());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn every_asset_is_named_after_its_target_and_every_system_has_one() {
    let rows = rows();
    for row in &rows {
        let extension = if text(row, "target").contains("windows") { "zip" } else { "tar.gz" };
        assert_eq!(text(row, "asset"), format!("acr-pull-secret-{}.{extension}", text(row, "target")));
        assert_eq!(row["exe"] == ".exe", extension == "zip", "{row}");
        text(row, "runner");
    }
    let systems: Vec<&str> = rows.iter().filter_map(|row| row["system"].as_str()).collect();
    let distinct: BTreeSet<&str> = systems.iter().copied().collect();
    assert_eq!(distinct.len(), systems.len(), "{systems:?}");
    assert_eq!(
        distinct,
        BTreeSet::from(["Linux-ARM64", "Linux-X64", "Windows-X64", "macOS-ARM64", "macOS-X64"])
    );
}

#[test]
fn files_of_a_release_that_documents_name_are_published() {
    let published = published();
    let mut named = BTreeSet::from(["SHA256SUMS".to_owned(), "policy.wasm".to_owned()]);
    for document in [
        "README.md",
        "SECURITY.md",
        "docs/install.md",
        "docs/kubewarden.md",
        "docs/ci/gitlab-ci.yml",
        "artifacthub-pkg.yml",
        ".ci/release-notes",
    ] {
        let document = fs::read_to_string(project(document)).unwrap();
        let links = document.split("/releases/download/").skip(1);
        named.extend(links.map(|link| {
            let path = link.split(|c: char| c.is_whitespace() || ")>\"'".contains(c)).next().unwrap();
            path.split_once('/').unwrap().1.to_owned()
        }));
    }
    for name in named {
        assert!(published.contains_key(&name), "{name} is not among {:?}", published.keys());
    }
    let sums = String::from_utf8(published["SHA256SUMS"].clone()).unwrap();
    let summed: BTreeSet<&str> = sums.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    // The sums, and what is written from them.
    let without = ["SHA256SUMS", "acr-pull-secret.yaml", "acr-pull-secret.rb", "acr-pull-secret.json"]
        .map(str::to_owned);
    assert!(without.iter().all(|name| published.contains_key(name)));
    let rest: BTreeSet<&str> =
        published.keys().filter(|name| !without.contains(name)).map(String::as_str).collect();
    assert_eq!(summed, rest);
    assert_eq!(rest.len(), rows().len() + 3);
}

#[test]
#[ignore = "needs curl"]
fn the_action_installs_and_runs_what_the_release_has_for_the_system() {
    let server = serve(published());
    let mut seen = 0;
    for row in rows().iter().filter(|row| row["system"].is_string()) {
        let job = Job::on(text(row, "system"), server.path());
        let (status, said) = job.install();
        let origin = format!("released for {}", text(row, "target"));
        assert_eq!(status, Some(0), "{row}: {said}");
        assert!(said.contains(&origin) && !said.contains("building"), "{row}: {said}");
        let [bin] = &job.path()[..] else { panic!("{row}: {:?}", job.path()) };
        let command = bin.join(format!("acr-pull-secret{}", row["exe"].as_str().unwrap_or_default()));
        assert!(command.is_file(), "{row}: {said}");
        // Only Windows finds `acr-pull-secret.exe` by `acr-pull-secret`.
        fs::rename(command, bin.join("acr-pull-secret")).unwrap();
        let (status, said) = job.check();
        assert_eq!((status, said.lines().next()), (Some(1), Some(origin.as_str())), "{row}: {said}");
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
#[ignore = "needs curl"]
fn the_action_refuses_an_archive_that_differs_from_the_published_one() {
    let asset = "acr-pull-secret-x86_64-unknown-linux-gnu.tar.gz";
    let published = published();
    let altered = |alter: &dyn Fn(&mut Published)| {
        let mut published = published.clone();
        alter(&mut published);
        published
    };
    let other = published["acr-pull-secret-x86_64-unknown-linux-musl.tar.gz"].clone();
    for (name, release, sentence) in [
        (
            "another archive",
            altered(&|published| drop(published.insert(asset.to_owned(), other.clone()))),
            "does not have the checksum that release v0.1.0 publishes",
        ),
        (
            "an archive that is cut",
            altered(&|published| published.get_mut(asset).unwrap().truncate(100)),
            "does not have the checksum that release v0.1.0 publishes",
        ),
        (
            "no checksum",
            altered(&|published| {
                let sums = String::from_utf8(published["SHA256SUMS"].clone()).unwrap();
                let others =
                    sums.lines().filter(|line| !line.ends_with(asset)).map(|line| format!("{line}\n"));
                published.insert("SHA256SUMS".to_owned(), others.collect::<String>().into_bytes());
            }),
            "SHA256SUMS of release v0.1.0 does not list",
        ),
    ] {
        let server = serve(release);
        let job = Job::on("Linux-X64", server.path());
        let (status, said) = job.install();
        assert_eq!(status, Some(1), "{name}: {said}");
        let error = said.lines().find_map(|line| line.strip_prefix("::error::"));
        assert!(
            error.is_some_and(|error| error.contains(sentence) && error.contains(asset)),
            "{name}: {said}"
        );
        assert!(job.path().is_empty() && !said.contains("cargo"), "{name}: {said}");
        assert!(!said.contains("released for"), "{name}: it was run\n{said}");
    }
}

/// Where the action is used at a release, its source is that of the release.
#[test]
#[ignore = "needs curl"]
fn the_action_builds_its_source_where_its_release_has_no_command_that_runs() {
    let asset = "acr-pull-secret-x86_64-unknown-linux-gnu.tar.gz";
    let mut without = published();
    without.remove(asset);
    for (release, reason) in [
        (without, format!("{asset} of release v0.1.0 cannot be downloaded")),
        (Published::new(), format!("{asset} of release v0.1.0 cannot be downloaded")),
        (unstartable(asset), "the command of release v0.1.0 does not start on this system".to_owned()),
    ] {
        let server = serve(release);
        let job = Job::on("Linux-X64", server.path());
        let (status, said) = job.install();
        assert_eq!(status, Some(0), "{said}");
        assert!(
            said.contains(&format!("building acr-pull-secret from source, which takes minutes: {reason}\n")),
            "{said}"
        );
        let (status, said) = job.check();
        assert_eq!((status, said.lines().next()), (Some(1), Some("built from source")), "{said}");
    }
}

/// A release whose command does not start, as where it needs another libc.
fn unstartable(asset: &str) -> Published {
    let folder = tempfile::tempdir().unwrap();
    let inner = asset.strip_suffix(".tar.gz").unwrap();
    write_script(&folder.path().join(inner).join("acr-pull-secret"), "#!/nowhere/ld.so\n");
    let pack = format!("tar czf {asset} {inner} && sha256sum {asset} > SHA256SUMS");
    assert!(script(&pack, folder.path(), &[]).status().unwrap().success());
    [asset, "SHA256SUMS"].map(|name| (name.to_owned(), fs::read(folder.path().join(name)).unwrap())).into()
}

#[test]
fn the_action_builds_its_source_where_no_release_fits() {
    for (action_ref, system, reason) in [
        ("main", "Linux-X64", "main is not a release such as v0.1.0"),
        ("v0", "Linux-X64", "v0 is not a release such as v0.1.0"),
        (
            "08c6903cd8c0fde910a37f88322edcfb5dd907a8",
            "Linux-X64",
            "08c6903cd8c0fde910a37f88322edcfb5dd907a8 is not a release",
        ),
        ("", "Linux-X64", "a local action is not a release such as v0.1.0"),
        (TAG, "Linux-ARM", "no release has a command for Linux-ARM"),
        (TAG, "Windows-ARM64", "no release has a command for Windows-ARM64"),
    ] {
        let job = Job { action_ref, ..Job::on(system, Path::new("")) };
        let (status, said) = job.install();
        assert_eq!(status, Some(0), "{action_ref}: {said}");
        assert!(said.contains(reason), "{action_ref}: {said}");
        let source = project("").canonicalize().unwrap();
        assert!(said.contains(&format!("cargo install in {}\n", source.display())), "{action_ref}: {said}");
        let (status, said) = job.check();
        assert_eq!((status, said.lines().next()), (Some(1), Some("built from source")), "{said}");
    }
}

/// The action's own source would be built, which is not the requested version.
#[test]
fn a_version_that_is_not_available_fails_the_step() {
    for (version, system, sentence) in [
        ("0.1.0", "Linux-X64", "::error::0.1.0 is not a release such as v0.1.0\n"),
        ("v0.1.0/../../x", "Linux-X64", "::error::v0.1.0/../../x is not a release such as v0.1.0\n"),
        ("v0.0.9", "Linux-ARM", "::error::no release has a command for Linux-ARM\n"),
    ] {
        let job = Job { version, ..Job::on(system, Path::new("")) };
        let (status, said) = job.install();
        assert_eq!(status, Some(1), "{version}: {said}");
        assert!(said.contains(sentence) && !said.contains("cargo"), "{version}: {said}");
        assert!(job.path().is_empty(), "{version}");
    }
}

#[test]
#[ignore = "needs curl"]
fn only_the_requested_version_is_installed() {
    let server = serve(published());
    let job = Job { version: TAG, action_ref: "main", ..Job::on("Linux-X64", server.path()) };
    let (status, said) = job.install();
    assert!(status == Some(0) && said.contains("released for x86_64-unknown-linux-gnu"), "{said}");
    let job = Job { version: "v0.0.9", ..Job::on("Linux-X64", server.path()) };
    let (status, said) = job.install();
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("::error::acr-pull-secret-x86_64-unknown-linux-gnu.tar.gz of release v0.0.9 cannot be downloaded\n"), "{said}");
    assert!(job.path().is_empty() && !said.contains("cargo"), "{said}");
}
