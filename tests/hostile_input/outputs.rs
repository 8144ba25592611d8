//! Output: no part of a file can be a command to a terminal or CI system, and only values that are checked are shown.

use std::fs;
use std::path::Path;
use std::process::Output;

use review::foreign_text::is_active;
use serde_json::json;

use crate::engines::command;
use crate::reports::FORMATS;

/// Texts that a terminal or CI system would interpret.
const HOSTILE: [&str; 11] = [
    "a\n::error::pwned",
    "::set-output name=x::pwned",
    "##[group]pwned",
    "###[group]pwned",
    "a ###vso[task.setvariable variable=x]pwned",
    "a ##vso[task.setvariable variable=x]pwned",
    "\u{1b}[2J\u{1b}]0;pwned\u{7}",
    "\u{9b}31mpwned",
    "\u{202e}pwned\u{2066}",
    "a\r\u{85}\u{2028}b",
    "a\u{7f}\u{200f}",
];

fn on(folder: &Path, args: &[&str]) -> Output {
    command(args).current_dir(folder).output().unwrap()
}

/// No character and no line of a stream is interpreted. Only the annotations for GitHub and the issues for Azure are commands.
fn assert_plain(stream: &[u8], format: &str, what: &str) {
    let text = std::str::from_utf8(stream).unwrap_or_else(|error| panic!("{what}: {error}"));
    for line in text.split('\n') {
        let line = line.trim_end_matches('\r');
        let own = ["::error ", "::warning "].iter().any(|command| line.starts_with(command));
        let rest = match format {
            "github" if own => line.trim_start_matches(':'),
            "azure" => line.strip_prefix("##vso[task.logissue type=").unwrap_or(line),
            _ => line,
        };
        // Another way to find them than the one that escapes them.
        let is_obeyed = ["##[", "##vso["].iter().any(|command| rest.contains(command));
        assert!(!is_obeyed && !rest.trim_start().starts_with("::"), "{what}, {format}: {line:?}");
        assert!(!rest.contains(|c| is_active(c) && c != '\t'), "{what}, {format}: {line:?}");
    }
}

#[test]
fn nothing_in_a_manifest_is_interpreted_in_any_format() {
    for hostile in HOSTILE {
        let pod = |name: &str, namespace: &str, container: &str, image: &str, secret: &str, kind: &str| {
            json!({
                "apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace},
                "spec": {
                    "serviceAccountName": secret, "imagePullSecrets": [{"name": secret}],
                    "containers": [{"name": container, "image": image}],
                },
            })
        };
        let image = format!("contoso.azurecr.io/{hostile}");
        let objects = [
            pod(hostile, "shop", "web", "contoso.azurecr.io/web", "acr-secret", "Pod"),
            pod("web", hostile, hostile, "contoso.azurecr.io/web", "other", "Pod"),
            pod("web", "shop", hostile, &image, hostile, "Pod"),
            pod("web", "shop", "web", hostile, "x", hostile),
            json!({"apiVersion": hostile, "kind": hostile, "metadata": {"name": hostile}}),
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": hostile, "namespace": "shop"}, "type": hostile, "data": {}}),
        ];
        let text: Vec<String> = objects.iter().map(ToString::to_string).collect();
        let folder = tempfile::tempdir().unwrap();
        // A file name has no slash and no NUL.
        let name = format!("{}.yaml", hostile.replace('/', "_"));
        fs::write(folder.path().join(&name), text.join("\n---\n")).unwrap();
        fs::write(folder.path().join(format!("fixable{name}")), super::POD).unwrap();
        fs::write(folder.path().join("broken.yaml"), format!("kind: Pod\n{}: [\n", json!(hostile))).unwrap();
        fs::create_dir(folder.path().join(hostile.replace('/', "_"))).unwrap();
        fs::write(folder.path().join(hostile.replace('/', "_")).join("Chart.yaml"), "name: a\n").unwrap();
        let settings =
            json!({"mode": "validate", "cluster": {"serviceAccounts": true, "secrets": "credentials"}})
                .to_string();
        for format in FORMATS {
            for path in [".", &format!("./{name}")] {
                let output = on(
                    folder.path(),
                    &["check", "--complete", "--settings-json", &settings, "-o", format, path],
                );
                assert!([1, 2].contains(&output.status.code().unwrap()), "{hostile:?}: {output:?}");
                assert_plain(&output.stdout, format, hostile);
                assert_plain(&output.stderr, "", hostile);
            }
        }
        for args in [
            &["fix", "--diff", &format!("fixable{name}")][..],
            &["fix", "--diff", "."],
            &["fix", "--check", "."],
            &["explain", hostile, &image],
            &["explain", "-o", "json", hostile],
            &["test", "."],
            &["check", "--settings", &name, "."],
            &["check", "--cluster", &name, "--policy", &name, "."],
            &["policy", "inspect", &name],
        ] {
            let output = on(folder.path(), args);
            assert_plain(&output.stdout, "", hostile);
            assert_plain(&output.stderr, "", hostile);
        }
        let suite = json!({"cases": [{"name": hostile, "object": objects[0], "expect": {"decision": "accepted", "message": hostile}}]});
        fs::write(folder.path().join("suite.yaml"), suite.to_string()).unwrap();
        for format in ["text", "json", "junit"] {
            let output = on(folder.path(), &["test", "-o", format, "suite.yaml"]);
            assert_plain(&output.stdout, format, hostile);
            assert_plain(&output.stderr, "", hostile);
        }
    }
}

/// Every value except those of findings is `hunter2`, in each style of writing.
/// A shell substitutes names of files for `*`.
#[test]
fn invalid_arguments_are_shown_with_escapes() {
    for text in HOSTILE {
        let option = format!("--{text}");
        for args in [
            &["check", option.as_str()][..],
            &["check", "-n", text, "."],
            &["check", "-o", text, "."],
            &["check", "--jobs", text, "."],
            &["completions", text],
            &[text],
        ] {
            let output = command(args).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{args:?}");
            assert_plain(&output.stderr, "text", &format!("{args:?}"));
        }
    }
}

#[test]
fn the_lines_beside_a_finding_show_no_other_value() {
    let block = "\
# hunter2
apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations:
    note: hunter2
spec:
  containers:
  - args: [hunter2]
    env:
    - name: A
      value: hunter2
    image: contoso.azurecr.io/web # hunter2
    command: [hunter2,
      hunter2]
";
    let flow = "{apiVersion: v1, kind: Pod, metadata: {name: web, annotations: {a: hunter2}}, spec: {containers: [{args: [hunter2], image: contoso.azurecr.io/web, env: [{name: A, value: hunter2}]}]}}\n";
    let json = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","annotations":{"a":"hunter2"}},"spec":{"containers":[{"args":["hunter2"],"image":"contoso.azurecr.io/web","env":[{"name":"A","value":"hunter2"}]}]}}"#;
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(json).unwrap()).unwrap();
    let on_two_lines =
        block.replace("contoso.azurecr.io/web # hunter2", "robot:hunter2\n      @contoso.azurecr.io/web");
    let with_comment =
        block.replace("contoso.azurecr.io/web # hunter2", "| # hunter2\n      contoso.azurecr.io/WEB");
    let data = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  name: hunter2\n---\nspec:\n  containers:\n  - name: a\n    image: contoso.azurecr.io/a\nmetadata:\n  name: a\nkind: Pod\napiVersion: v1\n";
    let with_user = block.replace("contoso.azurecr.io/web", "robot:hunter2@contoso.azurecr.io/web");
    let unfinished = block.replace("hunter2]\n", "hunter2\n");
    let tabbed =
        block.replace("      hunter2]", "\thunter2]\n \t\n").replace("spec:", "spec: \thunter2:\nspec:");
    for text in
        [block, flow, json, &pretty, &with_user, &unfinished, &tabbed, &on_two_lines, &with_comment, data]
    {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pod.yaml"), text).unwrap();
        for settings in [r#"{"mode":"validate"}"#, "{}"] {
            for format in FORMATS {
                let output =
                    on(folder.path(), &["check", "--settings-json", settings, "-o", format, "pod.yaml"]);
                let all = [output.stdout, output.stderr].concat();
                assert!(
                    !String::from_utf8_lossy(&all).contains("hunter2"),
                    "{}",
                    String::from_utf8_lossy(&all)
                );
            }
        }
        if text.lines().count() > 1 {
            let output = on(folder.path(), &["fix", "--diff", "pod.yaml"]);
            let all = [output.stdout, output.stderr].concat();
            assert!(!String::from_utf8_lossy(&all).contains("hunter2"), "{}", String::from_utf8_lossy(&all));
        }
    }
}

/// Each file is a link to another one, as a repository may have it.
#[test]
fn an_error_about_a_file_shows_nothing_of_it() {
    let netrc = "machine contoso.azurecr.io login robot password hunter2\n";
    let env = "PASSWORD: hunter2\nhunter2_is_the_key: hunter2\n";
    let shadow = "root:$6$hunter2:19000:0:99999:7:::\n";
    let docker = r#"{"auths": {"contoso.azurecr.io": {"auth": "hunter2"}}}"#;
    let list = "- hunter2\n- hunter2\n";
    let near = "mode: hunter2\nsettings: hunter2\nfailOn: hunter2\njobs: hunter2\ncases: hunter2\nspec: hunter2\nkind: hunter2 hunter2\n";
    let resource = "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {name: a}\nspec:\n  mode: hunter2\n  rules: hunter2\n";
    let suite = "cases:\n- name: a\n  object: hunter2\n  expect: {decision: hunter2, message: [/(hunter2/]}\n  hunter2-x: 1\n";
    for text in [netrc, env, shadow, docker, list, near, resource, suite] {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("foreign.yaml", text);
        write("pod.yaml", super::POD);
        for args in [
            &["check", "--config", "foreign.yaml", "pod.yaml"][..],
            &["check", "--settings", "foreign.yaml", "pod.yaml"],
            &["fix", "--check", "--settings", "foreign.yaml", "pod.yaml"],
            &["explain", "--settings", "foreign.yaml", "contoso.azurecr.io/web"],
            &["policy", "manifest", "--settings", "foreign.yaml"],
            &["check", "--replay", "foreign.yaml", "pod.yaml"],
            &["check", "--policy", "foreign.yaml", "pod.yaml"],
            &["check", "foreign.yaml"],
            &["test", "foreign.yaml"],
            &["secret", "--from-docker-config", "foreign.yaml", "--server", "fabrikam.azurecr.io"],
        ] {
            let output = on(folder.path(), args);
            let all = [output.stdout, output.stderr].concat();
            let all = String::from_utf8_lossy(&all);
            assert!(!all.contains("hunter2"), "{args:?}: {all}");
            assert_ne!(output.status.code(), Some(0), "{args:?}, {text}: {all}");
        }
        write(".acr-pull-secret.yaml", text);
        let output = on(folder.path(), &["check", "pod.yaml"]);
        let all = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!all.contains("hunter2"), "{all}");
    }
}
