//! Reports and sessions go to files, and never over an input.

use serde_json::Value;

use crate::command::{ARTICLE, BARE_POD, text};
use crate::engines::{command, command_alone, project, run};

#[test]
fn reports_go_to_files_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let output = run(&["check", "-o", "text", "-o", &format!("json={}", file.display()), ARTICLE], "");
    assert!(text(&output.stdout).contains("1 object: 1 accepted"), "{}", text(&output.stdout));
    let report: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(report["summary"]["accepted"], 1);
}

#[test]
fn a_session_is_written_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (target, link) = (folder.path().join("session.yml"), folder.path().join("link.yml"));
    std::fs::write(&target, "old").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let output = run(&["check", "--record", &link.display().to_string(), "-"], BARE_POD);
    assert_eq!(output.status.code(), Some(0));
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(
        std::fs::read_to_string(target).unwrap(),
        "# Recorded by acr-pull-secret check --record\n[]\n"
    );
}

/// A repository may bring such a link.
#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link_out_of_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (home, repository) = (folder.path().join("home"), folder.path().join("repository"));
    std::fs::create_dir(&home).unwrap();
    std::fs::create_dir(&repository).unwrap();
    std::fs::write(home.join(".profile"), "mine").unwrap();
    for (link, target) in [("taken", "../home/.profile"), ("new", "../home/.zprofile")] {
        std::os::unix::fs::symlink(target, repository.join(link)).unwrap();
        for args in [
            &["check", "-o", &format!("markdown={link}"), "."][..],
            &["check", "--record", link, "."],
            &["test", "-o", &format!("junit={link}"), "."],
            &["policy", "export", link],
            &["policy", "pull", "localhost:1/x:v1", "--output", link],
        ] {
            let output = command_alone(args).current_dir(&repository).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{args:?}");
            let said = text(&output.stderr);
            let refusal = format!(
                "error: {link} is a link out of its folder\n |\n = help: remove it, or name the file that it leads to\n"
            );
            assert!(said.contains(&refusal), "{args:?}: {said}");
        }
    }
    assert_eq!(std::fs::read_to_string(home.join(".profile")).unwrap(), "mine");
    assert!(!home.join(".zprofile").exists());
}

#[test]
fn an_input_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("pod.yaml", BARE_POD);
    write("broken.yaml", "kind: Pod\nmetadata: [\n");
    write("settings.yaml", "mode: validate\n");
    write("values.yaml", "replicas: 3\n");
    write("notes.yaml", "# what was agreed\n");
    write("config.yaml", "quiet: true\n");
    write(".acr-pull-secret.yaml", "quiet: true\n");
    std::fs::write(folder.path().join("latin1.yaml"), b"a: \xff\n").unwrap();
    for (target, args) in [
        ("pod.yaml", &["--record", "pod.yaml"][..]),
        ("values.yaml", &["-o", "json=values.yaml", "values.yaml"]),
        ("values.yaml", &["--record", "values.yaml", "."]),
        ("notes.yaml", &["-o", "json=notes.yaml", "notes.yaml"]),
        ("latin1.yaml", &["-o", "json=latin1.yaml", "latin1.yaml"]),
        ("latin1.yaml", &["-o", "json=latin1.yaml", "--cluster", "latin1.yaml"]),
        ("latin1.yaml", &["--record", "latin1.yaml", "--operation", "UPDATE", "--old", "."]),
        ("broken.yaml", &["-o", "json=broken.yaml", "--cluster", "broken.yaml"]),
        ("config.yaml", &["-o", "json=config.yaml", "--config", "config.yaml"]),
        (".acr-pull-secret.yaml", &["-o", "json=.acr-pull-secret.yaml"]),
        (".acr-pull-secret.yaml", &["--record", ".acr-pull-secret.yaml", "--no-config"]),
        ("pod.yaml", &["-o", "json=./pod.yaml"]),
        ("broken.yaml", &["-o", "json=broken.yaml", "broken.yaml"]),
        ("settings.yaml", &["-o", "json=settings.yaml", "--settings", "settings.yaml"]),
        (
            "settings.yaml",
            &["-o", "json=settings.yaml", "--cluster", "settings.yaml", "--settings", "settings.yaml#1"],
        ),
    ] {
        let before = std::fs::read(folder.path().join(target)).unwrap();
        let output =
            command_alone(&["check", "pod.yaml"]).args(args).current_dir(folder.path()).output().unwrap();
        let talk = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(talk.contains(" = help: name another file\n") && talk.contains(target), "{args:?}: {talk}");
        assert_eq!(std::fs::read(folder.path().join(target)).unwrap(), before, "{args:?}");
    }
    let output = command(&["test", "-o", "json=.acr-pull-secret.yaml"])
        .arg(project("tests/cases"))
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}

/// As PowerShell 5 writes it.
fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A path of the wrong file is one that a shell completes.
#[test]
fn a_file_of_the_user_that_is_no_input_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("pod.yaml", BARE_POD);
    write("web.yaml", BARE_POD);
    write("web.json", r#"{"apiVersion": "v1", "kind": "Pod"}"#);
    write("mark.yaml", &format!("\u{feff}{BARE_POD}"));
    write("mark.json", "\u{feff}{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}");
    std::fs::write(folder.path().join("utf16.yaml"), utf16(BARE_POD)).unwrap();
    write("template.yaml", "{{ if .a }}\napiVersion: v1\nkind: Pod\n{{ end }}\n");
    write("metadata.yml", include_str!("../policy/metadata.yml"));
    write(
        "suite.yaml",
        &format!("cases:\n- name: a\n  object: {}\n  expect: {{decision: accepted}}\n", "{}"),
    );
    let wasm = "exists and is not a WebAssembly module";
    let manifest = "exists and is a Kubernetes manifest";
    for (target, reason, args) in [
        ("web.yaml", wasm, &["policy", "export", "web.yaml"][..]),
        ("web.yaml", wasm, &["policy", "pull", "localhost:1/x:v1", "--output", "web.yaml"]),
        (
            "web.yaml",
            wasm,
            &["policy", "annotate", "policy.wasm", "-m", "metadata.yml", "--output", "web.yaml"],
        ),
        ("web.yaml", manifest, &["check", "-o", "json=web.yaml", "pod.yaml"]),
        ("web.json", manifest, &["check", "-o", "sarif=web.json", "pod.yaml"]),
        ("mark.yaml", manifest, &["check", "-o", "json=mark.yaml", "pod.yaml"]),
        ("mark.json", manifest, &["check", "-o", "json=mark.json", "pod.yaml"]),
        ("utf16.yaml", manifest, &["check", "-o", "json=utf16.yaml", "pod.yaml"]),
        ("template.yaml", manifest, &["check", "-o", "json=template.yaml", "pod.yaml"]),
        ("web.yaml", manifest, &["check", "--record", "web.yaml", "pod.yaml"]),
        ("web.yaml", manifest, &["test", "-o", "junit=web.yaml", "suite.yaml"]),
    ] {
        let before = std::fs::read(folder.path().join(target)).unwrap();
        let export = command(&["policy", "export", "policy.wasm"]).current_dir(folder.path()).output();
        assert!(export.unwrap().status.success(), "none and a module are replaced");
        let output = command_alone(args).current_dir(folder.path()).output().unwrap();
        let talk = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {talk}");
        assert!(talk.contains(&format!("{target} {reason}")), "{args:?}: {talk}");
        assert!(talk.contains("help: name another file"), "{args:?}: {talk}");
        assert_eq!(std::fs::read(folder.path().join(target)).unwrap(), before, "{args:?}");
    }
}

/// The file from which standard input is redirected has a name too.
#[cfg(target_os = "linux")]
#[test]
fn the_file_behind_standard_input_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.yaml");
    for content in [BARE_POD, ""] {
        std::fs::write(&path, content).unwrap();
        std::fs::write(folder.path().join("pod.yaml"), BARE_POD).unwrap();
        for args in [
            &["-", "-o", "json=in.yaml"][..],
            &["-", "-o", "json=./in.yaml"],
            &["-", "-o", "json=/dev/stdin"],
            &["-", "--record", "in.yaml"],
            &["pod.yaml", "--settings", "-", "-o", "json=in.yaml"],
            &["pod.yaml", "--cluster", "-", "--record", "in.yaml"],
        ] {
            let output = command_alone(&["check"])
                .args(args)
                .current_dir(folder.path())
                .stdin(std::fs::File::open(&path).unwrap())
                .output()
                .unwrap();
            let talk = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{args:?}: {talk}");
            assert!(talk.contains(" is one of the inputs, and would be overwritten"), "{args:?}: {talk}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content, "{args:?}");
        }
    }
}

/// A session that cannot be written is an error before any part of the report is written.
#[test]
fn a_session_that_cannot_be_written_is_reported_at_once() {
    for json in [&["-o", "json"][..], &[]] {
        let output = run(&[&["check", "--record", "no/such/folder.yaml", "-"], json].concat(), BARE_POD);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        let talk = text(&output.stderr);
        assert!(talk.starts_with("error: no/such/folder.yaml: cannot be written"), "{talk}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_session_that_cannot_be_written_completely_leaves_complete_reports() {
    let output = run(&["check", "-o", "json", "--record", "/dev/full", "-"], BARE_POD);
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["mutated"], 1);
    let talk = text(&output.stderr);
    assert!(talk.contains("error: /dev/full: cannot be written: no space left on device"), "{talk}");
}

#[test]
fn a_report_of_an_earlier_run_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pod.yaml"), BARE_POD).unwrap();
    std::fs::write(folder.path().join("results.json"), "").unwrap();
    let args = ["check", "--no-config", ".", "-o", "json=report.json", "-o", "sarif=results.json"];
    for _ in 0..3 {
        let output =
            command(&args).args(["--record", "session.yaml"]).current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
}
