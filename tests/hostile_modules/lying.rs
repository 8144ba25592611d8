//! Policies that imitate ours, change other fields, or try to read Secrets.

use super::*;
use crate::reports::FORMATS;

/// The fixed text differs from the old one only in pull secrets, even if the policy changes other fields.
#[test]
fn changes_of_a_policy_other_than_pull_secrets_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text).unwrap();
    write("pod.yaml", pod("web").as_bytes());
    let image = r#"{"accepted":true,"valid":true,"mutated_object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"containers":[{"name":"a","image":"evil.example/a:v1"}]}}}"#;
    for answer in [
        image,
        &image.replace("\"Pod\"", "\"Secret\""),
        r#"{"accepted":true,"valid":true,"mutated_object":7}"#,
        &listing(r#"{"name":"Not_A_Name"}"#),
        &listing(r#"{"name":"a\n  hostNetwork: true"}"#),
        &listing(r#"{"name":"a","value":"b"}"#),
        &listing(r#""a""#),
        &listing("{}"),
        &listing(r#"{"name":"a"}"#).replace(r#""imagePullSecrets""#, r#""x":{},"imagePullSecrets""#),
        &listing(r#"{"name":"a"}"#)
            .replace(r#""name":"web""#, r#""name":"web","imagePullSecrets":[{"name":"a"}]"#),
    ] {
        write("lying.wasm", &answering(answer));
        let run = |args: &[&str]| command(args).current_dir(folder.path()).output().unwrap();
        let check = run(&["check", "--policy", "lying.wasm", "pod.yaml"]);
        assert_eq!(check.status.code(), Some(0), "{}", text(&check.stderr));
        assert!(
            text(&check.stdout).starts_with("mutated  Pod default/web (pod.yaml:1), "),
            "{}",
            text(&check.stdout)
        );
        let fix = run(&["fix", "--policy", "lying.wasm", "pod.yaml"]);
        assert_eq!(std::fs::read_to_string(folder.path().join("pod.yaml")).unwrap(), pod("web"), "{answer}");
        assert_eq!(fix.status.code(), Some(2), "{answer}: {}", text(&fix.stderr));
    }
}

/// An answer that adds this entry to the list of a pod.
fn listing(entry: &str) -> String {
    format!(
        r#"{{"accepted":true,"valid":true,"mutated_object":{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"web","namespace":"default"}},"spec":{{"containers":[{{"name":"a","image":"contoso.azurecr.io/a:v1"}}],"imagePullSecrets":[{entry}]}}}}}}"#
    )
}

#[test]
fn the_name_of_a_secret_that_a_policy_adds_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text).unwrap();
    write("pod.yaml", pod("web").as_bytes());
    write("adding.wasm", &answering(&listing(r#"{"name":"team-a"}"#)));
    let check = command(&["fix", "--diff", "--policy", "adding.wasm", "pod.yaml"]);
    let output = { check }.current_dir(folder.path()).output().unwrap();
    // The policy says the same about the fixed text, so it is written.
    assert!(
        text(&output.stdout).contains("+    - name: team-a\n"),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}

#[test]
fn the_findings_of_another_policy_are_distinguished_from_ours() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text).unwrap();
    write("pod.yaml", pod("web").as_bytes());
    let finding = r#"[{\"rule\":\"missing-pull-secret]\\u001b[2J: \",\"severity\":\"reject\",\"pointer\":\"/spec\",\"message\":\"all\\n::error::is well\",\"help\":\"sleep\"}]"#;
    let answer =
        format!(r#"{{"accepted":true,"valid":true,"audit_annotations":{{"findings":"{finding}"}}}}"#);
    write("posing.wasm", &answering(&answer));
    for format in FORMATS {
        let args = ["check", "--policy", "posing.wasm", "-o", format, "pod.yaml"];
        let output = command(&args).current_dir(folder.path()).output().unwrap();
        let shown = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{shown}");
        assert!(format == "junit" || shown.contains("policy/missing-pull-secret2J"), "{format}: {shown}");
        assert!(!shown.contains("error[") && !shown.contains('\u{1b}'), "{shown}");
        assert!(!shown.lines().any(|line| line.starts_with("::error")), "{shown}");
    }
}

/// A policy that looks up a Secret, accepts if it gets it, and refuses otherwise.
fn asking() -> Vec<u8> {
    let metadata = br#"{"rules":[{"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"],"operations":["CREATE"]}],"contextAwareResources":[{"apiVersion":"v1","kind":"Secret"}]}"#;
    let question = r#"{"api_version":"v1","kind":"Secret","name":"s","namespace":"default"}"#;
    let refusal = r#"{"accepted":false,"valid":true,"message":"no Secret"}"#;
    let data = |text: &str| text.replace('"', "\\\"");
    let text = format!(
        r#"(data (i32.const 1024) "{}") (data (i32.const 2048) "{}")
           (func (export "__guest_call") (param i32 i32) (result i32)
             (if (call $host (i32.const 300) (i32.const 10) (i32.const 310) (i32.const 10) (i32.const 320)
                   (i32.const 12) (i32.const 1024) (i32.const {}))
               (then (call $answer (i32.const 0) (i32.const 30)))
               (else (call $answer (i32.const 2048) (i32.const {}))))
             (i32.const 1))"#,
        data(question),
        data(refusal),
        question.len(),
        refusal.len()
    );
    module_with(metadata, &text)
}

#[test]
fn another_policy_gets_secrets_only_if_the_user_allows_it() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text).unwrap();
    write("pod.yaml", pod("web").as_bytes());
    write("secret.yaml", b"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: hunter2}\n");
    write("asking.wasm", &asking());
    let resource = "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {name: a}\nspec:\n  rules: [{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}]\n  mutating: false\n  module: asking.wasm\n";
    write(
        "granting.yaml",
        format!("{resource}  contextAwareResources: [{{apiVersion: v1, kind: Secret}}]\n").as_bytes(),
    );
    write("silent.yaml", resource.as_bytes());
    let session = "- type: Exchange\n  request: |\n    !KubernetesGetResource\n    api_version: v1\n    kind: Secret\n    name: s\n    namespace: default\n    disable_cache: false\n  response:\n    type: Success\n    payload: '{}'\n";
    write("session.yaml", session.as_bytes());
    write("config.yaml", b"settings: granting.yaml\n");
    for (more, status, is_told) in [
        (&[][..], 1, true),
        (&["--config", "config.yaml"], 0, false),
        (&["--allow-secrets"], 0, false),
        (&["--settings", "granting.yaml"], 0, false),
        (&["--settings", "silent.yaml"], 1, false),
    ] {
        let args = ["check", "--policy", "asking.wasm", "--cluster", "secret.yaml", "pod.yaml"];
        let output = command(&args).args(more).current_dir(folder.path()).output().unwrap();
        let talk = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{more:?}: {}{talk}", text(&output.stdout));
        assert_eq!(talk.contains("add --allow-secrets"), is_told, "{more:?}: {talk}");
    }
    let run = |args: &[&str]| command(args).current_dir(folder.path()).output().unwrap();
    // A recorded session, a suite and a comparison bring Secrets too.
    let replay = ["check", "--policy", "asking.wasm", "--replay", "session.yaml", "pod.yaml"];
    assert_eq!(run(&replay).status.code(), Some(1));
    assert_eq!(run(&[&replay[..], &["--allow-secrets"]].concat()).status.code(), Some(0));
    let object = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: a, image: contoso.azurecr.io/a}]}}";
    let secret = "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: default}}";
    write(
        "suite.yaml",
        format!(
            "cluster: [{secret}]\ncases:\n- {{name: a, object: {object}, expect: {{decision: accepted}}}}\n"
        )
        .as_bytes(),
    );
    let suite = ["test", "--policy", "asking.wasm", "suite.yaml"];
    assert_eq!(run(&suite).status.code(), Some(1));
    let output = run(&[&suite[..], &["--allow-secrets"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    // A grant in the config file of a repository has no effect.
    write(".acr-pull-secret.yaml", b"policy: asking.wasm\nsettings: granting.yaml\n");
    let output = run(&["check", "--cluster", "secret.yaml", "pod.yaml"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("add --allow-secrets"), "{}", text(&output.stderr));
}

/// A warning is shown, and cannot move the cursor.
#[test]
fn warnings_of_a_policy_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text).unwrap();
    write("pod.yaml", pod("web").as_bytes());
    let answer = r#"{"accepted":true,"valid":true,"warnings":["old\n::error::tag\u001b[2J"]}"#;
    write("warning.wasm", &answering(answer));
    let args = ["check", "--policy", "warning.wasm", "pod.yaml"];
    let output = command(&args).current_dir(folder.path()).output().unwrap();
    let shown = text(&output.stdout);
    assert!(shown.contains("warning[policy-warning]: old"), "{shown}");
    assert!(!shown.contains('\u{1b}') && !shown.lines().any(|line| line.starts_with("::")), "{shown}");
    assert!(shown.ends_with("1 object: 1 accepted, 0 mutated, 0 rejected; 1 warning\n"), "{shown}");
}
