//! Without settings: can these pods pull their images?

use serde_json::{Value, json};

use crate::engines::command_alone;

/// The messages, and the exit status.
struct Answer {
    report: Value,
    talk: String,
    status: Option<i32>,
}

impl Answer {
    /// `decision rule…` of each object.
    fn results(&self) -> Vec<String> {
        let results = self.report["results"].as_array().unwrap();
        let rules = |result: &Value| {
            let parts =
                std::iter::once(&result["object"]).chain(result["pods"].as_array().into_iter().flatten());
            let findings = parts.flat_map(|part| part["findings"].as_array().unwrap());
            let mut rules: Vec<String> =
                findings.map(|it| format!(" {}", it["rule"].as_str().unwrap())).collect();
            rules.sort();
            rules.dedup();
            rules.concat()
        };
        results
            .iter()
            .map(|result| result["decision"].as_str().unwrap().to_owned() + &rules(result))
            .collect()
    }
}

fn ask(args: &[&str], input: &str) -> Answer {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    std::fs::write(folder.path().join("input.yaml"), input).unwrap();
    let output = format!("json={}", report.display());
    let call = [&["check", "-o", "text", "-o", &output], args, &["input.yaml"]].concat();
    let output = command_alone(&call).current_dir(folder.path()).output().unwrap();
    let talk = String::from_utf8(output.stderr).unwrap();
    let report = std::fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}: {talk}"));
    Answer { report: serde_json::from_str(&report).unwrap(), talk, status: output.status.code() }
}

fn list(objects: &[String]) -> String {
    format!("{{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{}]}}", objects.join(", "))
}

/// A pod of namespace shop, with these pull secrets.
fn pod(secrets: &[&str]) -> String {
    let names: Vec<Value> = secrets.iter().map(|name| json!({"name": name})).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"imagePullSecrets": names, "containers": [{"name": "web", "image": "contoso.azurecr.io/web:1"}]},
    })
    .to_string()
}

fn deployment(account: &str) -> String {
    let spec = json!({"serviceAccountName": account, "containers": [{"name": "web", "image": "contoso.azurecr.io/web:1"}]});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": spec}},
    })
    .to_string()
}

fn account(secret: &str) -> String {
    let metadata = json!({"name": "web", "namespace": "shop"});
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "imagePullSecrets": [{"name": secret}]})
        .to_string()
}

fn secret(name: &str, registry: &str, password: &str) -> String {
    let config = json!({"auths": {registry: {"username": "robot", "password": password}}}).to_string();
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop"},
        "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": config},
    })
    .to_string()
}

#[test]
fn pods_that_will_wait_in_image_pull_back_off_are_errors() {
    let good = secret("acr-secret", "contoso.azurecr.io", "p");
    for (name, args, objects, results, status) in [
        ("a bare pod", &[][..], vec![pod(&[])], &["rejected missing-pull-secret"][..], 1),
        ("a bare deployment", &[], vec![deployment("web")], &["rejected missing-pull-secret"], 1),
        (
            "a chart that brings its ServiceAccount",
            &[],
            vec![account("acr-secret"), deployment("web")],
            &["accepted", "accepted"],
            0,
        ),
        (
            "and its secret",
            &["--complete"],
            vec![good.clone(), account("acr-secret"), deployment("web")],
            &["accepted", "accepted", "accepted"],
            0,
        ),
        ("a secret that is not given", &[], vec![pod(&["acr-secret"])], &["accepted"], 0),
        ("a secret of another name that is not given", &[], vec![pod(&["regcred"])], &["accepted"], 0),
        (
            "nothing else exists",
            &["--complete"],
            vec![pod(&["acr-secret"])],
            &["rejected secret-not-found"],
            1,
        ),
        (
            "nothing else exists, another name",
            &["--complete"],
            vec![pod(&["regcred"])],
            &["rejected missing-pull-secret"],
            1,
        ),
        (
            "a secret of another name that serves",
            &[],
            vec![secret("regcred", "contoso.azurecr.io", "p"), pod(&["regcred"])],
            &["accepted", "accepted"],
            0,
        ),
        (
            "a secret without a password decides for the pod that relies on it",
            &[],
            vec![secret("acr-secret", "contoso.azurecr.io", ""), pod(&["acr-secret"])],
            &["accepted secret-empty-password", "rejected secret-empty-password"],
            1,
        ),
        (
            "and does not matter to others",
            &[],
            vec![secret("other", "contoso.azurecr.io", "")],
            &["accepted secret-empty-password"],
            0,
        ),
        (
            "a secret for another registry",
            &[],
            vec![secret("acr-secret", "fabrikam.azurecr.io", "p"), pod(&["acr-secret"])],
            &["accepted", "rejected secret-without-credentials"],
            1,
        ),
    ] {
        let answer = ask(args, &list(&objects));
        assert_eq!(
            (answer.results(), answer.status),
            (results.iter().map(|it| (*it).to_owned()).collect(), Some(status)),
            "{name}: {}",
            answer.talk
        );
        let question = "note: checking whether the pods can pull their images";
        assert!(answer.talk.starts_with(question), "{name}: {}", answer.talk);
        let points_at_fix = answer.talk.contains("fix --diff with the same paths\n");
        let can_be_fixed = results.iter().any(|result| result.ends_with("missing-pull-secret"));
        assert_eq!(points_at_fix, can_be_fixed, "{name}: {}", answer.talk);
    }
}

#[test]
fn objects_that_are_not_among_the_inputs_are_listed_once_at_the_end() {
    let objects =
        [pod(&["acr-secret"]), pod(&["acr-secret"]).replace("\"web\"", "\"b\""), pod(&[]), deployment("web")];
    let answer = ask(&[], &list(&objects));
    let note = "note: not among the inputs: Secret shop/acr-secret (2 pods), ServiceAccount shop/default (1 pod), \
                ServiceAccount shop/web (1 workload); pass these too, or add --complete if the inputs are complete";
    assert_eq!(answer.talk.lines().filter(|line| *line == note).count(), 1, "{}", answer.talk);
    assert_eq!(answer.report["results"][0]["unknown"], json!(["Secret shop/acr-secret"]));
    let quiet = ask(&["-q"], &list(&objects));
    assert_eq!(quiet.talk, "");
    let complete = ask(&["--complete"], &list(&objects));
    assert!(!complete.talk.contains("not among the inputs"), "{}", complete.talk);
    // Settings that look up secrets have the same gaps.
    let settings =
        r#"{"mode": "validate", "cluster": {"secrets": "exists"}, "actions": {"unusable": "reject"}}"#;
    let answer = ask(&["--settings-json", settings], &objects[0]);
    assert_eq!(answer.results(), ["accepted"]);
    assert!(
        answer.talk.contains("note: not among the inputs: Secret shop/acr-secret (1 pod)"),
        "{}",
        answer.talk
    );
}

/// The first line says whether it is the policy's answer.
#[test]
fn settings_and_policy_resources_give_the_decision_of_the_cluster() {
    let answer = ask(&["--settings-json", "{}"], &pod(&[]));
    assert_eq!((answer.results(), answer.status), (vec!["mutated".to_owned()], Some(0)));
    let folder = tempfile::tempdir().unwrap();
    let resource = folder.path().join("policy.yaml");
    std::fs::write(
        &resource,
        "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {name: acr}\nspec:\n  module: \
         x\n  mutating: true\n  rules: [{apiGroups: [\"\"], apiVersions: [v1], resources: [pods], operations: [CREATE]}]\n",
    )
    .unwrap();
    let answer = ask(&["--settings", resource.to_str().unwrap()], &pod(&[]));
    assert_eq!((answer.results(), answer.status), (vec!["mutated".to_owned()], Some(0)), "{}", answer.talk);
    let first = format!(
        "note: checking what a cluster with ClusterAdmissionPolicy acr does ({})\n",
        resource.display()
    );
    assert!(answer.talk.starts_with(&first), "{}", answer.talk);
}

/// `fix` without settings writes only where `check` without settings rejects.
#[test]
fn objects_without_an_error_are_not_fixed() {
    for (objects, is_fixed) in [
        (vec![pod(&[])], true),
        (vec![deployment("web")], true),
        (vec![account("acr-secret"), deployment("web")], false),
        (vec![pod(&["regcred"])], false),
        (vec![secret("regcred", "contoso.azurecr.io", "p"), pod(&["regcred"])], false),
        (vec![secret("regcred", "fabrikam.azurecr.io", "p"), pod(&["regcred"])], true),
        // The error is about another image.
        (vec![pod(&["regcred"]).replace("]}}", ",{\"name\":\"b\",\"image\":\"Bad Image\"}]}}")], false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("input.yaml");
        let input = list(&objects);
        std::fs::write(&file, &input).unwrap();
        let output = command_alone(&["fix", "input.yaml"]).current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{input}: {output:?}");
        let fixed = std::fs::read_to_string(&file).unwrap();
        assert_eq!(fixed != input, is_fixed, "{input}: {fixed}");
        if is_fixed {
            let check = command_alone(&["check", "input.yaml"]).current_dir(folder.path()).output().unwrap();
            assert_eq!(check.status.code(), Some(0), "{check:?}");
        }
    }
}

/// A secret that is known to fail does not help, so `fix` does not add it.
#[test]
fn a_secret_that_is_known_to_fail_is_not_added() {
    for (bad, reason) in [
        (secret("acr-secret", "contoso.azurecr.io", ""), "has no password"),
        (
            secret("acr-secret", "fabrikam.azurecr.io", "p"),
            "no pull secret in namespace \"shop\" has a key that matches it",
        ),
        (
            secret("acr-secret", "contoso.azurecr.io", "p")
                .replace("kubernetes.io/dockerconfigjson", "Opaque"),
            "the kubelet ignores",
        ),
        (
            secret("acr-secret", "contoso.azurecr.io", "p").replace("\"shop\"", "\"other\""),
            "does not exist in namespace",
        ),
    ] {
        for wanting in [pod(&[]), deployment("web")] {
            let folder = tempfile::tempdir().unwrap();
            let input = list(&[bad.clone(), wanting]);
            std::fs::write(folder.path().join("input.yaml"), &input).unwrap();
            let output = command_alone(&["fix", "input.yaml"]).current_dir(folder.path()).output().unwrap();
            let talk = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{input}: {talk}");
            assert!(talk.contains(reason), "{reason}: {talk}");
            assert_eq!(std::fs::read_to_string(folder.path().join("input.yaml")).unwrap(), input, "{talk}");
        }
    }
}
