//! Large inputs are checked or refused within bounds.

use std::fs;

use super::{POD, run, text, within};

/// By hand with 1 GB, which takes a debug build too long.
#[test]
fn a_large_file_needs_memory_for_only_a_few_copies() {
    const SIZE: usize = 64 << 20;
    let folder = tempfile::tempdir().unwrap();
    let line = format!("# {}\n", "x".repeat(97));
    fs::write(folder.path().join("comments.yaml"), POD.to_owned() + &line.repeat(SIZE / line.len())).unwrap();
    let pod = format!("{POD}data: {}\n", "x".repeat(SIZE));
    fs::write(folder.path().join("word.yaml"), pod).unwrap();
    fs::File::create(folder.path().join("hole.yaml")).unwrap().set_len(SIZE as u64).unwrap();
    for (name, status, told) in [
        ("comments.yaml", 0, "mutated  Pod default/web (comments.yaml:1), gets pull secret acr-secret"),
        ("word.yaml", 2, "the policy needs more memory than the limit of 256Mi (--policy-memory)"),
        ("hole.yaml", 2, "control character U+0000 is not allowed in YAML"),
    ] {
        let output = within(1024, folder.path(), &["check", name], "").output().unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{name}: {said}");
        assert!(said.contains(told), "{name}: {said}");
    }
}

/// The cost of a document of some megabytes.
#[test]
fn a_document_with_a_value_behind_every_comma_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let values = "this document has more than 4.19 million values";
    for (name, content, reason) in [
        ("a.json", format!("[{}0]", "0,".repeat(5 << 20)), values),
        ("b.yaml", format!("- [{}0]", "0,".repeat(5 << 20)), values),
        // A text that begins as JSON gets the error of the JSON reader.
        ("c.yaml", format!("{{{}}}", "a,".repeat(4 << 20)), "expected a key in double quotes"),
        ("f.yaml", format!("- [{}]", "{a: b},".repeat(3 << 20)), values),
    ] {
        fs::write(folder.path().join(name), content).unwrap();
        let output = within(2048, folder.path(), &["check", name], "").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {}", output.status);
        let talk = text(&output.stderr);
        assert!(talk.starts_with(&format!("error: {reason}")), "{name}: {talk}");
        fs::remove_file(folder.path().join(name)).unwrap();
    }
}

/// Many commas in texts, each of which a cluster could take.
#[test]
fn a_long_table_in_a_document_is_only_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let table = "    1,\"a\",{b},[c],d: e,'f'\n".repeat(50_000);
    let tables = format!("  - |\n{table}").repeat(5);
    fs::write(folder.path().join("pod.yaml"), format!("{POD}tables:\n{tables}quoted: \"1,2\"\n")).unwrap();
    let output = run(folder.path(), &["check", "pod.yaml"]);
    let talk = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success() && talk.contains("mutated  Pod default/web"), "{talk}");
}

#[test]
fn inputs_above_the_limit_are_refused() {
    const TOO_MUCH: u64 = (256 << 20) + 1;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("zoo.yaml"), POD).unwrap();
    let hole = |name: &str| {
        fs::File::create(folder.path().join(name)).unwrap().set_len(TOO_MUCH).unwrap();
    };
    hole("a.yaml");
    hole("b.wasm");
    fs::write(folder.path().join("z.wasm"), "").unwrap();
    let document = "a.yaml:1: the document that starts here is larger than the limit of 256 MiB\n |\n = help: split the list";
    let stream = "<stdin>: this stream is longer than the limit of 256 MiB\n |\n = help: write it to a file";
    for (args, redirect, told, is_one_of_many) in [
        (&["check", "."][..], "", document, true),
        (&["fix", "."], "", document, true),
        (&["check", "-"], "</dev/zero", stream, false),
        (&["check", "-", "zoo.yaml"], "</dev/zero", stream, true),
        (&["fix", "-"], "</dev/zero", stream, false),
        (&["check", "--cluster", "a.yaml", "zoo.yaml"], "", document, false),
        (
            &["check", "--cluster", "/dev/zero", "zoo.yaml"],
            "",
            "/dev/zero: this stream is longer than",
            false,
        ),
        (
            &["check", "--settings", "a.yaml", "zoo.yaml"],
            "",
            "a.yaml: this is larger than the limit of 256 MiB",
            false,
        ),
        (&["check", "--settings", "-", "zoo.yaml"], "</dev/zero", "<stdin>: this is larger than", false),
        (&["check", "--replay", "/dev/zero", "zoo.yaml"], "", "/dev/zero: this is larger than", false),
        (&["check", "--config", "a.yaml", "zoo.yaml"], "", "a.yaml: this is larger than", false),
        (&["check", "--policy", "b.wasm", "zoo.yaml"], "", "b.wasm: this is larger than", false),
        (&["check", "--policy", "/dev/zero", "zoo.yaml"], "", "/dev/zero: this is larger than", false),
        (&["policy", "inspect", "b.wasm"], "", "b.wasm: this is larger than", false),
        (
            &["policy", "annotate", "z.wasm", "-m", "/dev/zero", "--output", "y.wasm"],
            "",
            "/dev/zero: this is larger than",
            false,
        ),
        (
            &["secret", "--server", "contoso.azurecr.io", "--username", "u", "--password-stdin"],
            "</dev/zero",
            "standard input is too long for a password",
            false,
        ),
        (&["test", "a.yaml"], "", "a.yaml: this is larger than", false),
    ] {
        let output = within(800, folder.path(), args, redirect).output().unwrap();
        let talk = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {talk}");
        assert!(
            talk.contains(&format!("error: {told}")) || talk.contains(&format!("error: ./{told}")),
            "{args:?}: {talk}"
        );
        assert_eq!(
            is_one_of_many,
            talk.contains("zoo") || text(&output.stdout).contains("zoo"),
            "{args:?}: {talk}"
        );
    }
}

/// By hand with 100,000, which takes a debug build too long.
#[test]
fn many_files_are_checked_and_fixed() {
    const FILES: usize = 3000;
    let folder = tempfile::tempdir().unwrap();
    (0..FILES).for_each(|i| fs::write(folder.path().join(format!("{i}.yaml")), POD).unwrap());
    let output = run(folder.path(), &["check", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains(&format!("{FILES} objects: 0 accepted, {FILES} mutated")));
}

/// Pods with a misspelt pull secret each, and Secrets with similar names.
fn similar_names(count: usize) -> String {
    let auths = r#"{"auths":{"contoso.azurecr.io":{"username":"a","password":"b"}}}"#;
    let pair = |i| {
        format!(
            "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s-{i}-registry-credentials}}\n\
             type: kubernetes.io/dockerconfigjson\nstringData: {{.dockerconfigjson: '{auths}'}}\n\
             ---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p-{i}}}\n\
             spec: {{imagePullSecrets: [{{name: t-{i}-registry-credentials}}], \
             containers: [{{name: a, image: contoso.azurecr.io/a}}]}}\n"
        )
    };
    (0..count).map(pair).collect()
}

/// Each of these took minutes when a search was repeated for each object. A minute of processor time is far more
/// than any takes now.
#[test]
fn messages_about_many_objects_take_linear_time() {
    let folder = tempfile::tempdir().unwrap();
    let list =
        "apiVersion: v1\nkind: List\nitems:\n".to_owned() + &"- {apiVersion: v1, kind: pod}\n".repeat(20_000);
    for (name, content) in [
        ("misspelled.yaml", list),
        ("carriage-returns.yaml", "a\r...\r".repeat(400_000)),
        ("byte-order-marks.json", "\u{feff}".repeat(100_000) + &"{}".repeat(100_000)),
        ("directives.yaml", "%A b\n---\n...\n".repeat(100_000)),
        ("tabs.yaml", format!("a: [\n{}]\n", "\tb,\n".repeat(100_000))),
        ("tabs-in-a-line.yaml", format!("a{}: 1\n", "\t".repeat(1 << 20))),
        ("similar-names.yaml", similar_names(3_000)),
    ] {
        fs::write(folder.path().join(name), content).unwrap();
        let mut command = std::process::Command::new("sh");
        let program = within(2048, folder.path(), &["check", name], "");
        command.args(["-c", "ulimit -t 60 && exec \"$@\"", "sh"]).arg(program.get_program());
        command.args(program.get_args()).current_dir(folder.path());
        command.envs(program.get_envs().filter_map(|(key, value)| Some((key, value?))));
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        let said = text(&output.stderr);
        assert!(output.status.code().is_some(), "{name}: {}", output.status);
        assert!(said.lines().count() < 2_000, "{name}: {} lines", said.lines().count());
    }
}
