//! Long and interrupted work: what Ctrl-C leaves behind, and what a watch sees.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use acr_pull_secret::files::atomic_file::UNFINISHED;
use rustix::process::{Pid, Signal, kill_process};

use crate::engines::command;

const BARE_POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - {name: web, image: contoso.azurecr.io/web:v1}\n";
const LIST: &str = "  imagePullSecrets:\n    - name: acr-secret\n";

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_child(child);
    // It may have ended already.
    let _ = kill_process(pid, signal);
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// If `fix` is interrupted at any moment, each file is the old one or the new one, and there are no other files.
#[test]
fn an_interrupt_leaves_only_complete_files() {
    let folder = tempfile::tempdir().unwrap();
    let files: BTreeSet<String> = (0..60).map(|i| format!("{i:02}.yaml")).collect();
    let path = folder.path().display().to_string();
    let mut interrupted = 0;
    for round in 0..40_u64 {
        for file in &files {
            fs::write(folder.path().join(file), BARE_POD).unwrap();
        }
        let mut child =
            command(&["fix", &path]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // The first words come when writing has begun.
        let mut said = BufReader::new(child.stderr.take().unwrap());
        said.read_line(&mut String::new()).unwrap();
        std::thread::sleep(Duration::from_micros(round * 211 % 8000));
        let signal = if round % 2 == 0 { Signal::INT } else { Signal::TERM };
        send(&child, signal);
        let _ = std::io::copy(&mut said, &mut std::io::sink());
        let status = child.wait().unwrap();
        if status.signal() == Some(signal.as_raw()) {
            interrupted += 1;
        } else {
            assert!(status.success(), "{status}");
        }
        assert_eq!(names(folder.path()), files, "round {round}");
        for file in &files {
            let text = fs::read_to_string(folder.path().join(file)).unwrap();
            let is_fixed = text.contains(LIST) && text.replace(LIST, "") == BARE_POD;
            assert!(is_fixed || text == BARE_POD, "{text}");
        }
    }
    assert!(interrupted > 0, "no round was interrupted while it wrote");
}

/// SIGKILL cannot be handled, so every file must be complete at every moment.
#[test]
fn a_kill_at_any_moment_leaves_only_complete_files() {
    const ROUNDS: u32 = 300;
    /// On a slow machine some rounds may be left out.
    const AT_MOST: Duration = Duration::from_secs(20);
    const AT_LEAST: usize = 50;
    const FILES: usize = 30;
    let folder = tempfile::tempdir().unwrap();
    let files: BTreeSet<String> = (0..FILES).map(|i| format!("{i:02}.yaml")).collect();
    let fixed = BARE_POD.replace("  containers:", &format!("{LIST}  containers:"));
    let path = folder.path().display().to_string();
    let text = |file: &String| fs::read_to_string(folder.path().join(file)).unwrap();
    let restore = || {
        for file in files.iter().filter(|file| !folder.path().join(file).exists() || text(file) != BARE_POD) {
            fs::write(folder.path().join(file), BARE_POD).unwrap();
        }
    };
    let fix = || command(&["fix", &path]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // The first run may have to compile the policy.
    restore();
    assert!(fix().wait().unwrap().success());
    restore();
    let started = Instant::now();
    assert!(fix().wait().unwrap().success());
    let whole_run = started.elapsed();
    let (mut killed, mut in_the_middle) = (0, 0);
    let started = Instant::now();
    for round in 0..ROUNDS {
        if started.elapsed() > AT_MOST && killed >= AT_LEAST {
            break;
        }
        restore();
        let mut child = fix();
        // However many rounds there are, they are spread over the whole run.
        std::thread::sleep(whole_run * (round * 618 % 1000) / 1000);
        send(&child, Signal::KILL);
        killed += usize::from(child.wait().unwrap().signal() == Some(Signal::KILL.as_raw()));
        let new = files.iter().map(text).filter(|text| {
            assert!(*text == fixed || text == BARE_POD, "round {round}: {text}");
            *text == fixed
        });
        in_the_middle += usize::from((1..FILES).contains(&new.count()));
    }
    assert!(killed >= AT_LEAST && in_the_middle > 0, "{killed} killed, {in_the_middle} while they wrote");

    // Files that a kill leaves behind are not read as manifests and do no harm.
    fs::write(folder.path().join(format!("{UNFINISHED}x7Yz12")), "apiVersion: v1\nkind: Po").unwrap();
    let unfinished = names(folder.path()).into_iter().filter(|name| !files.contains(name));
    unfinished.for_each(|name| assert!(name.starts_with(UNFINISHED) && !name.ends_with("yaml"), "{name}"));
    restore();
    assert!(fix().wait().unwrap().success());
    assert!(files.iter().all(|file| text(file) == fixed));
    let check = command(&["check", "--fail-on", "mutate", &path]).output().unwrap();
    let report = String::from_utf8(check.stdout).unwrap();
    assert!(
        check.status.success() && report.contains(&format!("{FILES} objects: {FILES} accepted")),
        "{report}"
    );
}

/// The lines of a stream, as they come.
fn lines(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A command that watches, with the lines of its report and its messages.
fn watch(folder: &Path, args: &[&str]) -> (Child, Receiver<String>, Receiver<String>) {
    let mut child =
        command(args).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (report, talk) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
    (child, report, talk)
}

/// Ends a watch as Ctrl-C does.
fn interrupt(child: &mut Child) {
    send(child, Signal::INT);
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::INT.as_raw()));
}

/// Waits for a line with this part, and returns the lines before it.
fn wait_for(lines: &Receiver<String>, part: &str) -> Vec<String> {
    let mut seen = Vec::new();
    while let Ok(line) = lines.recv_timeout(Duration::from_mins(1)) {
        if line.contains(part) {
            return seen;
        }
        seen.push(line);
    }
    panic!("{part:?} is not among {seen:#?}");
}

#[test]
fn a_watch_checks_changed_files_again_and_survives_errors() {
    let folder = tempfile::tempdir().unwrap();
    let (pod, settings) = (folder.path().join("pod.yaml"), folder.path().join("settings.yaml"));
    fs::write(&pod, BARE_POD).unwrap();
    fs::write(&settings, "mode: mutate\n").unwrap();
    let pods = folder.path().join("manifests");
    fs::create_dir_all(pods.join("vendor")).unwrap();
    let (mut child, report, talk) = watch(
        folder.path(),
        &[
            "check",
            "--watch",
            "-o",
            "text",
            "-o",
            "json=report.json",
            "--settings",
            "settings.yaml",
            "--exclude",
            "vendor",
            "pod.yaml",
            "manifests",
        ],
    );
    wait_for(&report, "1 object: 0 accepted, 1 mutated");
    // An editor that replaces the old file with a new one.
    let written = folder.path().join("pod.yaml~");
    fs::write(&written, BARE_POD.replace("name: web}", "name: api}")).unwrap();
    fs::rename(&written, &pod).unwrap();
    wait_for(&talk, "--- changed: pod.yaml");
    wait_for(&report, "mutated  Pod default/api");
    fs::write(&settings, "mode: validate\n").unwrap();
    wait_for(&report, "1 object: 0 accepted, 0 mutated, 1 rejected");
    fs::write(pods.join("vendor/other.yaml"), BARE_POD).unwrap();
    fs::write(pods.join("new.yaml"), BARE_POD).unwrap();
    let before = wait_for(&talk, "--- changed: manifests/new.yaml");
    assert!(before.iter().all(|line| !line.contains("vendor")), "{before:#?}");
    wait_for(&report, "2 objects: 0 accepted, 0 mutated, 2 rejected");
    fs::write(&settings, "mode: wrong\n").unwrap();
    wait_for(&talk, "mode");
    fs::write(&settings, "mode: mutate\n").unwrap();
    wait_for(&report, "2 objects: 0 accepted, 2 mutated");
    fs::remove_file(&pod).unwrap();
    wait_for(&talk, "pod.yaml: no such file or folder");
    interrupt(&mut child);
}

/// Skipped files do not trigger it; files behind links and later files do.
#[test]
fn a_watch_sees_what_is_read_in_folders_and_nothing_else() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let pod = |name: &str| BARE_POD.replace("name: web}", &format!("name: {name}}}"));
    for (file, name) in [("ignored/a.yaml", "ignored"), ("..v1/a.yaml", "first"), ("..v2/a.yaml", "second")] {
        fs::create_dir(at(file).parent().unwrap()).unwrap();
        fs::write(at(file), pod(name)).unwrap();
    }
    fs::write(at(".gitignore"), "ignored\n").unwrap();
    symlink("..v1", at("..data")).unwrap();
    symlink("..data/a.yaml", at("a.yaml")).unwrap();
    // 2^30 paths.
    for i in 0..30 {
        fs::create_dir(at(&format!("maze{i}"))).unwrap();
        symlink(format!("../maze{}", (i + 1) % 30), at(&format!("maze{i}/a"))).unwrap();
        symlink(format!("../maze{}", (i + 1) % 30), at(&format!("maze{i}/b"))).unwrap();
    }
    let (mut child, report, talk) = watch(folder.path(), &["check", "--watch", "."]);
    wait_for(&report, "mutated  Pod default/first");
    wait_for(&report, "1 object: ");
    fs::write(at("ignored/b.yaml"), BARE_POD).unwrap();
    fs::write(at("notes.txt"), "").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    // As the kubelet exchanges a ConfigMap.
    symlink("..v2", at("..data_tmp")).unwrap();
    fs::rename(at("..data_tmp"), at("..data")).unwrap();
    let before = wait_for(&talk, "--- changed: ");
    assert!(before.iter().all(|line| !line.starts_with("---")), "{before:#?}");
    let before = wait_for(&report, "mutated  Pod default/second");
    assert_eq!(before, [""; 0]);
    wait_for(&report, "1 object: ");
    fs::create_dir(at("new")).unwrap();
    fs::write(at("new/b.yaml"), pod("third")).unwrap();
    wait_for(&report, "mutated  Pod default/third");
    fs::write(at("new/b.yaml"), pod("fourth")).unwrap();
    wait_for(&report, "mutated  Pod default/fourth");
    fs::write(at(".gitignore"), "").unwrap();
    wait_for(&report, "4 objects: ");
    interrupt(&mut child);
}

/// A link to a large folder next to the matches of a pattern costs nothing, but matches behind links are watched.
#[test]
fn a_watch_over_a_pattern_follows_links_only_as_the_pattern_does() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let pod = |name: &str| BARE_POD.replace("name: web}", &format!("name: {name}}}"));
    for name in ["deploy", "outside", "single"] {
        fs::create_dir(at(name)).unwrap();
    }
    fs::write(at("single/pod.yaml"), pod("first")).unwrap();
    fs::write(at("outside/other.yaml"), pod("other")).unwrap();
    symlink("../outside", at("deploy/outside")).unwrap();
    symlink("../single/pod.yaml", at("deploy/pod.yaml")).unwrap();
    let (mut child, report, talk) = watch(folder.path(), &["check", "--watch", "deploy/*.yaml"]);
    wait_for(&report, "mutated  Pod default/first");
    wait_for(&report, "1 object: ");
    fs::write(at("outside/other.yaml"), pod("more")).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    fs::write(at("single/pod.yaml"), pod("second")).unwrap();
    let before = wait_for(&talk, "--- changed: ");
    assert!(before.iter().all(|line| !line.starts_with("---")), "{before:#?}");
    let before = wait_for(&report, "mutated  Pod default/second");
    assert_eq!(before, [""; 0]);
    wait_for(&report, "1 object: ");
    fs::write(at("deploy/new.yaml"), pod("third")).unwrap();
    wait_for(&report, "mutated  Pod default/third");
    interrupt(&mut child);
}

#[test]
fn a_watch_over_what_is_built_sees_the_files_that_it_is_built_of() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["bin", "prod", "base"] {
        fs::create_dir(at(name)).unwrap();
    }
    fs::write(at("prod/kustomization.yaml"), "resources: [../base]\n").unwrap();
    fs::write(at("base/kustomization.yaml"), "resources: [pod.yaml]\n").unwrap();
    fs::write(at("base/pod.yaml"), BARE_POD).unwrap();
    let script = "#!/bin/sh\nwhile IFS= read -r line; do printf '%s\\n' \"$line\"; done <base/pod.yaml\n";
    fs::write(at("bin/kustomize"), script).unwrap();
    fs::set_permissions(at("bin/kustomize"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut child = command(&["check", "--watch", "-k", "prod"])
        .current_dir(folder.path())
        .env("PATH", at("bin"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let report = lines(child.stdout.take().unwrap());
    wait_for(&report, "mutated  Pod default/web (prod/kustomization.yaml:1)");
    fs::write(at("base/pod.yaml"), BARE_POD.replace("name: web}", "name: api}")).unwrap();
    wait_for(&report, "mutated  Pod default/api (prod/kustomization.yaml:1)");
    interrupt(&mut child);
}

#[test]
fn a_watch_over_suites_runs_them_again_when_a_file_that_they_use_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (pod, suite) = (folder.path().join("pod.yaml"), folder.path().join("suites/suite.yaml"));
    let text = "cases: [{name: a, object: {file: ../pod.yaml}, expect: {decision: mutated}}]\n";
    fs::create_dir(folder.path().join("suites")).unwrap();
    fs::write(&pod, BARE_POD).unwrap();
    fs::write(&suite, text).unwrap();
    let (mut child, report, talk) = watch(folder.path(), &["test", "--watch", "suites"]);
    wait_for(&report, "1 passed, 0 failed");
    fs::write(&pod, BARE_POD.replace("contoso.azurecr.io/", "")).unwrap();
    wait_for(&talk, "--- changed: pod.yaml");
    wait_for(&report, "0 passed, 1 failed");
    fs::write(&suite, text.replace("object", "objct")).unwrap();
    wait_for(&talk, "objct: unknown field");
    fs::write(&suite, text.replace("mutated", "accepted")).unwrap();
    wait_for(&report, "1 passed, 0 failed");
    interrupt(&mut child);
}

#[test]
fn standard_input_cannot_be_watched() {
    let output = command(&["check", "--watch", "-"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard input cannot be watched"));
}

/// An error of the call remains: no change of a file fixes it.
#[test]
fn invalid_usage_is_not_watched() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pod.yaml"), BARE_POD).unwrap();
    fs::write(
        folder.path().join("suite.yaml"),
        "cases: [{name: a, object: {file: pod.yaml}, expect: {decision: mutated}}]\n",
    )
    .unwrap();
    for args in [
        &["check", "--watch", "-o", "json=pod.yaml", "pod.yaml"][..],
        &["check", "--watch", "--settings", "none.yaml", "pod.yaml"],
        &["check", "--watch", "--policy", "pod.yaml", "pod.yaml"],
        &["test", "--watch", "-o", "json=pod.yaml", "suite.yaml"],
        &["test", "--watch", "--policy", "pod.yaml", "suite.yaml"],
    ] {
        let output = command(args).current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn a_watch_ends_when_its_output_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pod.yaml"), BARE_POD).unwrap();
    let mut child = command(&["check", "--watch", "pod.yaml"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut report = BufReader::new(child.stdout.take().unwrap());
    report.read_line(&mut String::new()).unwrap();
    drop(report);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
