//! What a user of the command sees.

use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::engines::{command, command_alone, run};

pub(crate) const ARTICLE: &str = "tests/manifests/my-awesome-app-pod.yaml";

pub(crate) const BARE_POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: my-awesome-app-pod, namespace: awesomeapps}
spec:
  containers:
    - name: main-app-container
      image: myregistry.azurecr.io/my-awesome-app:v1
";

pub(crate) const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, image: contoso.azurecr.io/web:v1}]}}}
";

pub(crate) fn report(args: &[&str], input: &str) -> (Value, Option<i32>) {
    let output = run(&[&["check", "-o", "json"], args].concat(), input);
    let report = serde_json::from_slice(&output.stdout);
    (report.unwrap_or_else(|e| panic!("{e}: {}", text(&output.stderr))), output.status.code())
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn targets_that_would_hide_secrets_are_refused_with_the_fix() {
    let output = run(&["check", "--settings-json", r#"{"targets":["PodTemplate"]}"#, "-"], DEPLOYMENT);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cluster.serviceAccounts"), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_syntax_error_has_a_location_and_the_rest_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), "kind: Pod\nmetadata: [\n").unwrap();
    std::fs::write(folder.path().join("b.yaml"), BARE_POD).unwrap();
    std::fs::write(folder.path().join("c.yaml"), b"kind: Pod\na: \0\n").unwrap();
    let output = run(&["check", "-o", "json", &folder.path().display().to_string()], "");
    let talk = text(&output.stderr);
    assert!(talk.contains("a.yaml:2:11\n"), "{talk}");
    assert!(talk.contains("c.yaml:2:4\n"), "{talk}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["mutated"], 1);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn for_raw_chart_templates_the_help_says_to_render_them() {
    let output = run(&["check", "-"], "kind: Pod\nspec:\n  image: {{ .Values.image }}\n");
    assert!(text(&output.stderr).contains("helm template"), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn nothing_to_check_is_not_a_success() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n";
    assert_eq!(run(&["check", "-"], "").status.code(), Some(3));
    assert_eq!(run(&["check", "-"], service).status.code(), Some(3));
    assert_eq!(run(&["check", "--allow-empty", "-"], service).status.code(), Some(0));
    let said = text(&run(&["check", "-"], &[service, service].join("---\n")).stderr);
    assert!(said.contains("note: 2 objects skipped: "), "{said}");
}

#[test]
fn invalid_usage_exits_with_two() {
    for args in [
        &["check"][..],
        &["check", "no/such/file.yaml"],
        &["check", "no/such/*.yaml"],
        &["check", "-o", "xml", ARTICLE],
        &["check", "-o", "json", "-o", "text", ARTICLE],
        &["check", "--settings", "no-such-file", ARTICLE],
        &["check", "--settings-json", "{", ARTICLE],
        &["check", "--settings-json", "[]", ARTICLE],
        &["check", "--settings-json", r#"{"mode":"fix"}"#, ARTICLE],
        &["check", "--policy", ARTICLE, ARTICLE],
    ] {
        let output = run(args, "");
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stderr));
        assert!(!output.stderr.is_empty(), "{args:?}");
    }
}

/// `false | acr-pull-secret check --settings -` must not use settings that no user wrote.
#[test]
fn empty_settings_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let comment = folder.path().join("settings.yaml");
    std::fs::write(&comment, "# mode: validate\n").unwrap();
    let comment = comment.display().to_string();
    for (args, input) in [
        (["--settings", "-"], ""),
        (["--settings", "-"], "---\n"),
        (["--settings", "-"], r#"{"apiVersion": "v1", "kind": "List", "items": []}"#),
        (["--settings-json", ""], ""),
        (["--settings", &comment], ""),
        #[cfg(unix)]
        (["--settings", "/dev/null"], ""),
    ] {
        let output = run(&["check", args[0], args[1], ARTICLE], input);
        let talk = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {talk}");
        assert!(talk.contains(": no settings found\n"), "{args:?}: {talk}");
        assert!(talk.contains("= help: write {} for the defaults"), "{args:?}: {talk}");
    }
    assert_eq!(run(&["check", "--settings-json", "{}", ARTICLE], "").status.code(), Some(0));
}

#[test]
fn fail_on_sets_what_counts_as_failure() {
    let status = |args: &[&str], input: &str| run(&[&["check"], args, &["-"]].concat(), input).status.code();
    let shouting = BARE_POD.replace("myregistry", "MYREGISTRY");
    assert_eq!(status(&[], &shouting), Some(0));
    assert_eq!(status(&["--fail-on", "warn"], &shouting), Some(1));
    assert_eq!(status(&["--fail-on", "warn"], BARE_POD), Some(0));
    assert_eq!(status(&["--fail-on", "mutate"], BARE_POD), Some(1));
}

#[test]
fn lists_patterns_and_folders_are_read() {
    let (list, _) = report(&["tests/manifests/list.json"], "");
    assert!(list["summary"]["objects"].as_u64().unwrap() > 1);
    let lines: Vec<_> =
        list["results"].as_array().unwrap().iter().map(|r| r["source"]["line"].as_u64().unwrap()).collect();
    assert!(lines.windows(2).all(|pair| pair[0] < pair[1]), "{lines:?}");
    let (glob, _) = report(&["tests/manifests/*.json"], "");
    let (folder, _) = report(&["tests/manifests"], "");
    assert!(glob["summary"]["objects"].as_u64() < folder["summary"]["objects"].as_u64());
}

#[test]
fn results_are_in_the_order_of_the_input_with_any_number_of_jobs() {
    let pods: Vec<String> =
        (0..200).map(|i| BARE_POD.replace("my-awesome-app-pod", &format!("pod-{i}"))).collect();
    let pods = pods.join("---");
    let (one, _) = report(&["-j", "1", "-"], &pods);
    let (many, _) = report(&["-j", "8", "-"], &pods);
    assert_eq!(one, many);
    assert_eq!(one["results"][199]["name"], "pod-199");
}

#[test]
fn quiet_prints_nothing_without_problems() {
    let fine = run(&["check", "-q", ARTICLE], "");
    assert_eq!((fine.status.code(), text(&fine.stdout)), (Some(0), String::new()), "{}", text(&fine.stderr));
    let warned = run(&["check", "-q", "-"], &BARE_POD.replace("myregistry", "MYREGISTRY"));
    assert!(text(&warned.stdout).contains("warning[registry-host-case]"));
}

#[test]
fn a_reader_that_stops_early_is_not_an_error() {
    for args in [
        &["check", "-q", "-o", "text", "--fail-on", "reject", "tests/manifests"][..],
        &["check", "-o", "json", "tests/manifests"],
        &["check", "-o", "junit", "tests/manifests"],
        &["check", "-o", "sarif", "tests/manifests"],
        &["check", "-o", "github", "tests/manifests"],
        &["check", "-o", "azure", "tests/manifests"],
        &["check", "-o", "gitlab", "tests/manifests"],
        &["check", "-o", "markdown", "tests/manifests"],
        &["test", "tests/cases"],
        &["test", "-o", "json", "tests/cases"],
        &["test", "-o", "junit", "tests/cases"],
    ] {
        let mut child = command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        assert_eq!((status.code(), text(&stderr)), (Some(0), String::new()), "{args:?}");
    }
}

#[test]
fn names_cannot_move_the_cursor_or_set_a_colour() {
    let pod = BARE_POD.replace("name: my-awesome-app-pod", r#"name: "a\e[31mred""#);
    let output = run(&["check", "-"], &pod);
    let shown = text(&output.stdout);
    assert!(shown.contains("[31mred") && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn the_line_of_a_secret_is_never_shown() {
    let config =
        json!({"auths": {"contoso.azurecr.io": {"username": "contoso", "password": "hunter2hunter2"}}})
            .to_string();
    let in_block = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ntype: kubernetes.io/dockerconfigjson\nstringData:\n  \
         .dockerconfigjson: '{config}'\n"
    );
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": config},
    });
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "CONTOSO.azurecr.io/a"}]},
    });
    let on_one_line = json!({"apiVersion": "v1", "kind": "List", "items": [secret, pod]}).to_string();
    for input in [in_block, secret.to_string(), on_one_line] {
        let output = run(&["check", "-"], &input);
        let shown = text(&output.stdout) + &text(&output.stderr);
        assert!(shown.contains("secret-admin-user") && shown.contains("<stdin>:"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    let output = run(&["check", "-"], "kind: Secret\nstringData: {a: !!int hunter2hunter2}\n");
    let shown = text(&output.stdout) + &text(&output.stderr);
    assert!(shown.contains("<stdin>:2:") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn old_line_ends_are_supported() {
    let pod = BARE_POD.trim().replace('\n', "\r");
    let output =
        run(&["check", "--settings-json", r#"{"mode":"validate"}"#, "-"], &format!("# a comment\n{pod}\n"));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
}

#[test]
fn a_rejection_counts_even_if_the_output_is_not_read() {
    let mut child = command(&["check", "--settings-json", r#"{"mode":"validate"}"#, "tests/manifests"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(1));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once_and_never_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let pipe = pipe.display().to_string();
    for args in [
        &["check", &pipe][..],
        &["check", "--settings", &pipe, ARTICLE],
        &["fix", &pipe],
        &["fix", "/dev/stdin"],
        &["test", "--update", &pipe],
    ] {
        let output = run(args, BARE_POD);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stderr));
        let talk = text(&output.stderr);
        assert!(talk.contains("use - for standard input") || talk.contains("pass its file"), "{talk}");
    }
    // As `check <(helm template ...)` has it.
    assert_eq!(run(&["check", "/dev/stdin"], BARE_POD).status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_config_file_that_cannot_be_read_is_an_error() {
    use std::os::unix::fs::symlink;
    let here = |name: &str, make: &dyn Fn(&std::path::Path)| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pod.yaml"), BARE_POD).unwrap();
        make(&folder.path().join(".acr-pull-secret.yaml"));
        let output = command(&["check", "pod.yaml"]).current_dir(folder.path()).output().unwrap();
        let talk = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {talk}");
        assert!(talk.starts_with("error: .acr-pull-secret.yaml: cannot be read: "), "{name}: {talk}");
    };
    here("a link to nothing", &|path| symlink("nothing", path).unwrap());
    here("a link to itself", &|path| symlink(path, path).unwrap());
    here("a folder", &|path| std::fs::create_dir(path).unwrap());
    let output = run(&["check", "--config", "-", ARTICLE], "quiet: true\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("name a file"), "{}", text(&output.stderr));
}

#[test]
fn small_mistakes_in_a_call_are_reported_with_the_fix() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pod.yaml"), BARE_POD).unwrap();
    let resource =
        "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {name: a}\n";
    std::fs::write(folder.path().join("policy.yaml"), resource).unwrap();
    std::fs::write(folder.path().join("pointer.yaml"), "settings: '#/x'\n").unwrap();
    for (args, input, told) in [
        (&["-n", "", "pod.yaml"][..], "", "a namespace has at most 63 characters"),
        (&["-n", "Shop_1", "pod.yaml"], "", "a namespace has at most 63 characters"),
        (&["--old", "pod.yaml", "pod.yaml"], "", "add --operation update"),
        (&["--exclude", "", "."], "", "this matches everything"),
        (&["--exclude", "/", "."], "", "this matches everything"),
        (&["--record", "-", "pod.yaml"], "", "name a file"),
        (
            &["--settings-json", "{} {}", "pod.yaml"],
            "",
            "error: the value of --settings-json is not JSON: trailing characters",
        ),
        (&["--settings", "-", "pod.yaml"], "{}\n---\n{}\n", "--settings=-#2"),
        (&["--settings", "policy.yaml", "pod.yaml"], "", "error: spec is missing\n --> policy.yaml:1:1\n"),
        (&["--settings", "#2", "pod.yaml"], "", "error: #2: cannot be read: "),
        (&["--config", "pointer.yaml", "pod.yaml"], "", "error: #/x: cannot be read: "),
    ] {
        let mut child = command_alone(&["check"])
            .args(args)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let talk = text(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{args:?}: {talk}");
        assert!(talk.contains(told), "{args:?}: {talk}");
    }
    assert!(!folder.path().join("-").exists());
}

/// The system's errors have numbers, and sentences of their own for what the command calls a file or folder.
#[test]
fn what_the_system_refuses_is_reported_in_the_same_words() {
    let image = "contoso.azurecr.io/web";
    for args in [
        &["check", "no-such.yaml"][..],
        &["check", "--settings", "no-such.yaml", ARTICLE],
        &["check", "--config", "no-such.yaml", ARTICLE],
        &["check", "--policy", "no-such.wasm", ARTICLE],
        &["check", "--replay", "no-such.yaml", ARTICLE],
        &["check", "--record", "no-such/session.yaml", ARTICLE],
        &["check", "-o", "json=no-such/report.json", ARTICLE],
        &["check", "-k", "no-such"],
        &["fix", "no-such.yaml"],
        &["test", "no-such.yaml"],
        &["explain", "--cluster", "no-such.yaml", image],
        &["secret", "--from-docker-config", "no-such.json"],
        &["policy", "inspect", "no-such.wasm"],
        &["policy", "export", "no-such/policy.wasm"],
        &["man", "--dir", "/dev/null/man"],
        &["playground", "--export", "/dev/null/site"],
    ] {
        let output = run(args, "");
        let talk = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {talk}");
        assert!(talk.contains("error: ") && !talk.contains("os error"), "{args:?}: {talk}");
        assert!(!talk.contains("No such file"), "{args:?}: {talk}");
    }
}

#[test]
fn a_hyphen_is_standard_input_or_output() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pod.yaml"), BARE_POD).unwrap();
    std::fs::write(folder.path().join("config.yaml"), "settings: {}\noutput: [json=-]\n").unwrap();
    let in_folder = |args: &[&str]| command(args).current_dir(folder.path()).output().unwrap();
    let wanted = in_folder(&["check", "-o", "json", "pod.yaml"]).stdout;
    assert_eq!(in_folder(&["check", "-o", "json=-", "pod.yaml"]).stdout, wanted);
    assert_eq!(in_folder(&["check", "--config", "config.yaml", "pod.yaml"]).stdout, wanted);
    assert!(!folder.path().join("-").exists());
    let output = run(&["check", "--replay", "-", ARTICLE], "[]\n");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_name_is_not_utf_8_is_fixed_in_its_folder() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"pod-\xff.yaml");
    std::fs::write(folder.path().join(name), BARE_POD).unwrap();
    let output = command(&["check"]).arg(name).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let talk = text(&output.stderr);
    assert!(talk.starts_with("error: pod-\u{fffd}.yaml: this is not UTF-8 text"), "{talk}");
    let output = command(&["fix", "."]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(std::fs::read_to_string(folder.path().join(name)).unwrap().contains("acr-secret"));
}

/// Standard input is empty where the command before the pipe fails.
#[test]
fn what_a_command_cannot_use_is_reported_with_the_fix() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pod.yaml"), BARE_POD).unwrap();
    std::fs::write(folder.path().join("two.yaml"), format!("{BARE_POD}\n---\n{BARE_POD}")).unwrap();
    std::fs::write(folder.path().join("mixed.yaml"), format!("{BARE_POD}\n---\nmode: validate\n")).unwrap();
    std::fs::write(folder.path().join("p.wasm"), "text").unwrap();
    std::fs::write(folder.path().join("a.txt"), "hello\n").unwrap();
    let empty = "standard input is empty";
    let push = "type acr-pull-secret policy push p.wasm contoso.azurecr.io/";
    for (args, status, message, help) in [
        (&["check", "--cluster", "-", "pod.yaml"][..], 3, empty, "leave out --cluster -"),
        (&["check", "--operation", "update", "--old", "-", "pod.yaml"], 3, empty, "leave out --old -"),
        (&["fix", "--diff", "--cluster", "-", "pod.yaml"], 3, empty, "leave out --cluster -"),
        (&["explain", "--cluster", "-", "a.azurecr.io/b:1"], 3, empty, "leave out --cluster -"),
        (&["bench", "--cluster", "-", "pod.yaml"], 3, empty, "leave out --cluster -"),
        (&["bench", "-"], 3, empty, "leave out -"),
        (&["bench", "a.txt"], 3, "the inputs have no Kubernetes objects", "name files"),
        (&["bench", "nope"], 2, "nope: no such file or folder", ""),
        (&["krm"], 2, "standard input is empty, but krm needs a ResourceList", "/docs/kustomize.md"),
        (
            &["check", "--settings", "two.yaml", "."],
            2,
            "no document of two.yaml is settings",
            "leave out --settings",
        ),
        (
            &["check", "--settings", "mixed.yaml", "."],
            2,
            "found 2 documents",
            "name one: --settings mixed.yaml#2\n",
        ),
        (
            &["check", "--settings", "two.yaml#9", "."],
            2,
            "there is no document 9",
            "the file has 2 documents",
        ),
        (
            &["policy", "manifest", "--module", "p.wasm"],
            2,
            "p.wasm is a file",
            "acr-pull-secret policy push p.wasm ",
        ),
        (&["policy", "push", "p.wasm"], 2, "policy push needs a reference in a registry", push),
        (&["policy", "push", "contoso.azurecr.io/x:v1", "p.wasm"], 2, "must come before the reference", push),
        (&["policy", "inspect", "pod.yaml"], 2, "pod.yaml: this is not a WebAssembly module", "name a file"),
        (&["check", "-o", "json=none/a.json", "pod.yaml"], 2, "cannot be written", "mkdir -p none"),
        (&["check", "pdo.yaml"], 2, "no such file or folder (did you mean pod.yaml?)", ""),
    ] {
        let output = command_alone(args).current_dir(folder.path()).stdin(Stdio::null()).output().unwrap();
        let talk = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{args:?}: {talk}");
        assert!(talk.contains(message) && talk.contains(help), "{args:?}: {talk}");
    }
    let allowed = run(&["check", "--allow-empty", "--cluster", "-", ARTICLE], "");
    assert_eq!(allowed.status.code(), Some(0));
}
