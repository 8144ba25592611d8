//! `check --live`: what kubectl shows of a cluster is checked, with recorded answers, and with the real kubectl.

mod api;
mod ends;
mod existing;
mod waiting;

use serde_json::{Value, json};

use crate::kubectl::{Stub, secret};
use crate::reports::{assert_valid, schema};

const CHECKED: &str = "pods,podtemplates,replicationcontrollers,deployments.apps,replicasets.apps,statefulsets.apps,\
                       daemonsets.apps,jobs.batch,cronjobs.batch,serviceaccounts";

const METADATA: &str = r#"{{range .items}}{{.metadata.namespace | urlquery}} {{.metadata.name | urlquery}} {{.type | urlquery}} {{with .metadata.annotations}}{{with index . "acr-pull-secret/expires"}}{{. | urlquery}}{{end}}{{end}}{{range .metadata.ownerReferences}}{{if .controller}} controlled{{end}}{{end}}{{"\n"}}{{end}}"#;

const PASSWORD: &str = "FormersPassw0rd+six";

const SECRET_OF_LIVE: &str = "contoso.azurecr.io";

fn get(what: &str, scope: &str) -> String {
    format!("get {what} --output=json{scope}")
}

fn get_metadata(scope: &str) -> String {
    format!("get secrets --output=go-template={METADATA}{scope}")
}

fn get_secrets(kind: &str, scope: &str) -> String {
    format!("get secrets --field-selector=type=kubernetes.io/{kind} --output=json{scope}")
}

fn template(pull_secrets: &[&str]) -> Value {
    let pull_secrets: Vec<Value> = pull_secrets.iter().map(|name| json!({"name": name})).collect();
    json!({
        "serviceAccountName": "web", "imagePullSecrets": pull_secrets,
        "containers": [{"name": "web", "image": "contoso.azurecr.io/shop/web:v1"}],
    })
}

fn object(kind: &str, name: &str, owner: Option<(&str, &str)>, spec: &Value) -> Value {
    let api_version = |kind: &str| match kind {
        "Pod" | "ServiceAccount" => "v1",
        "Job" => "batch/v1",
        "TaskRun" => "tekton.dev/v1",
        _ => "apps/v1",
    };
    let reference = |(kind, uid): &(&str, &str)| json!({"apiVersion": api_version(kind), "kind": kind, "name": uid, "uid": uid, "controller": true});
    let owners: Vec<Value> = owner.iter().map(reference).collect();
    json!({
        "apiVersion": api_version(kind), "kind": kind, "spec": spec,
        "metadata": {"name": name, "namespace": "shop", "uid": name, "ownerReferences": owners},
    })
}

/// A Deployment with its pods, a pod alone, and one that has finished.
pub(crate) fn objects() -> Vec<Value> {
    let workload = |pull_secrets: &[&str]| json!({"template": {"spec": template(pull_secrets)}});
    let mut done = object("Pod", "done", None, &template(&["gone"]));
    done["status"] = json!({"phase": "Succeeded"});
    vec![
        object("Pod", "web-1-a", Some(("ReplicaSet", "web-1")), &template(&["acr-secret"])),
        object("Pod", "bare", None, &template(&["gone"])),
        done,
        object("Deployment", "web", None, &workload(&["acr-secret"])),
        object("ReplicaSet", "web-1", Some(("Deployment", "web")), &workload(&["acr-secret"])),
        object("ServiceAccount", "web", None, &Value::Null),
    ]
}

fn expired() -> Value {
    let expires = json!({"acr-pull-secret/expires": "2020-01-31T00:00:00Z"});
    secret("acr-secret", SECRET_OF_LIVE, ("reader", PASSWORD), &expires)
}

fn cluster(scope: &str, metadata: &str) -> Stub {
    Stub::new().objects(&get(CHECKED, scope), &objects()).prints(&get_metadata(scope), metadata)
}

const OF_EXPIRED: &str = "shop acr-secret kubernetes.io%2Fdockerconfigjson 2020-01-31T00%3A00%3A00Z\n";

/// The rules of the findings, each with the object that has it.
fn rules(report: &Value) -> Vec<(String, String)> {
    let results = report["results"].as_array().unwrap().iter();
    let mut rules: Vec<_> = results
        .flat_map(|result| {
            let pods = result["pods"].as_array().into_iter().flatten();
            let parts = std::iter::once(&result["object"]).chain(pods);
            let findings = parts.flat_map(|part| part["findings"].as_array().into_iter().flatten());
            let file = result["source"]["file"].as_str().unwrap();
            findings.map(move |finding| (file.to_owned(), finding["rule"].as_str().unwrap().to_owned()))
        })
        .collect();
    rules.sort();
    rules.dedup();
    rules
}

#[test]
fn pods_and_workloads_are_checked_with_the_metadata_of_the_secrets() {
    let stub = cluster(" --namespace=shop", "shop acr-secret Opaque \n");
    let (out, talk, status) = stub.run(&["check", "--live", "-n", "shop", "-o", "json"]);
    assert_eq!(status, Some(1), "{out}{talk}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_valid(&schema("host/src/report/schema.json"), &report);
    let of = |place: &str, rule: &str| (format!("{place} in namespace shop"), rule.to_owned());
    assert_eq!(
        rules(&report),
        [of("deployment/web", "secret-wrong-type"), of("pod/bare", "missing-pull-secret")]
    );
    assert!(report["results"][0]["source"].get("line").is_none(), "{out}");

    let (out, talk, _) = stub.run(&["check", "--live", "-n", "shop"]);
    assert!(out.contains("rejected Pod shop/bare (pod/bare in namespace shop)\n"), "{out}");
    assert!(out.contains("--> pod/bare in namespace shop"), "{out}");
    assert!(!out.contains(":0"), "{out}");
    for note in [
        "note: 2 objects are checked with the workloads that made them\n",
        "note: 1 object skipped, because it has finished\n",
        "note: only the names, types and announced ends of Secrets are checked; to check what is in them, add --secrets\n",
    ] {
        assert!(talk.contains(note), "{note}: {talk}");
    }
    for format in ["sarif", "github", "junit"] {
        let (out, talk, status) = stub.run(&["check", "--live", "-n", "shop", "-o", format]);
        assert_eq!(status, Some(1), "{talk}");
        assert!(
            out.contains("missing-pull-secret")
                && !out.contains("line=0")
                && !out.contains("\"startLine\": 0"),
            "{out}"
        );
    }
}

/// The annotation that says when a Secret ends is metadata.
#[test]
fn settings_that_read_no_content_find_the_end_of_a_secret() {
    let stub = cluster("", OF_EXPIRED);
    let settings =
        r#"{"mode": "validate", "cluster": {"secrets": "exists"}, "actions": {"unusable": "reject"}}"#;
    let (out, talk, status) = stub.run(&["check", "--live", "--settings-json", settings]);
    assert_eq!(status, Some(1), "{out}{talk}");
    assert!(
        out.contains("error[secret-expired]") && out.contains("--> deployment/web in namespace shop"),
        "{out}"
    );
}

#[test]
fn the_content_of_pull_secrets_is_read_where_it_is_asked_for() {
    let scope = " --all-namespaces";
    let stub = cluster(scope, OF_EXPIRED)
        .objects(
            &get_secrets("dockerconfigjson", scope),
            &[secret("acr-secret", "fabrikam.azurecr.io", ("reader", PASSWORD), &Value::Null)],
        )
        .objects(&get_secrets("dockercfg", scope), &[]);
    let (out, talk, status) = stub.run(&["check", "--live", "-A", "--secrets", "-o", "json"]);
    assert_eq!(status, Some(1), "{talk}");
    let found = rules(&serde_json::from_str(&out).unwrap());
    let of_deployment =
        ("deployment/web in namespace shop".to_owned(), "secret-without-credentials".to_owned());
    assert!(found.contains(&of_deployment), "{found:?}");
    assert!(
        !out.contains(PASSWORD) && !talk.contains(PASSWORD) && !talk.contains("--secrets"),
        "{out}{talk}"
    );
}

#[test]
fn the_cluster_is_the_one_that_is_named() {
    let scope = " --context=prod --kubeconfig=other.yaml";
    let stub = Stub::new()
        .objects(&format!("get {CHECKED} --output=json{scope}"), &[])
        .prints(&format!("get secrets --output=go-template={METADATA}{scope}"), "");
    std::fs::write(stub.path().join("other.yaml"), "").unwrap();
    let (_, talk, status) = stub.run(&["check", "--live", "--context", "prod", "--kubeconfig", "other.yaml"]);
    assert_eq!(status, Some(3), "{talk}");
    assert!(talk.contains("nothing was checked"), "{talk}");
}

#[test]
fn without_the_right_to_list_secrets_none_is_reported_as_missing() {
    let stub = Stub::new().objects(&get(CHECKED, ""), &objects()).forbids(&get_metadata(""), "secrets");
    let (out, talk, status) = stub.run(&["check", "--live"]);
    assert!(!out.contains("secret-not-found") && !out.contains("secret-expired"), "{out}");
    assert!(
        talk.contains(
            "warning: the Secrets are not known: kubectl get secrets failed: Error from server (Forbidden)"
        ),
        "{talk}"
    );
    assert_eq!(status, Some(0), "{out}{talk}");
    let (_, talk, _) = stub.run(&["check", "--live", "-q"]);
    assert!(
        talk.starts_with("warning: the Secrets are not known: "),
        "what is not checked is a problem: {talk}"
    );
}

#[test]
fn a_call_of_kubectl_that_fails_is_an_error_with_its_reason() {
    let output = crate::engines::command_alone(&["check", "--live"]).env("PATH", "").output().unwrap();
    let (talk, status) = (String::from_utf8(output.stderr).unwrap(), output.status.code());
    assert_eq!(status, Some(2));
    assert!(talk.contains("error: kubectl was not found on the PATH"), "{talk}");
    let refused = "\\033[31mThe connection to the server\\n##[error] localhost:8080 was refused";
    let stub = Stub::new().fails(&get(CHECKED, ""), refused);
    let (out, talk, status) = stub.run(&["check", "--live"]);
    assert_eq!((out.as_str(), status), ("", Some(2)));
    assert!(
        talk.contains("kubectl get pods and 9 other kinds failed") && talk.contains("was refused"),
        "{talk}"
    );
    assert!(!talk.contains('\u{1b}') && !talk.contains("\n##[") && !talk.contains(" ##["), "{talk}");
    let (_, talk, status) = Stub::new().prints(&get(CHECKED, ""), "no JSON").run(&["check", "--live"]);
    assert_eq!(status, Some(2));
    assert!(talk.contains("is not what was asked for"), "{talk}");
}

#[test]
fn live_takes_nothing_that_stands_for_another_input() {
    let (_, talk, status) = Stub::new().run(&["check", "--live", "deploy/"]);
    assert_eq!(status, Some(2));
    assert_eq!(
        talk,
        "error: --live checks a cluster and takes no paths\n |\n = help: leave out the paths, or leave out --live to check files\n"
    );
    for more in [
        &["-k", "prod"][..],
        &["--cluster", "a.yaml"],
        &["--complete"],
        &["--watch"],
        &["--stdin-name", "a"],
        &["--operation", "update"],
        &["-A", "-n", "shop"],
    ] {
        let (_, talk, status) = Stub::new().run(&[&["check", "--live"], more].concat());
        assert_eq!(status, Some(2), "{more:?}: {talk}");
        assert!(talk.contains("cannot be used with"), "{more:?}: {talk}");
    }
    for alone in [&["-A"][..], &["--secrets"], &["--context", "a"], &["--kubeconfig", "a"]] {
        let (_, talk, status) = Stub::new().run(&[&["check", "deploy/"], alone].concat());
        assert_eq!(status, Some(2), "{alone:?}: {talk}");
        assert!(talk.contains("--live"), "{alone:?}: {talk}");
    }
}

/// A reference to an owner is what the author of a pod writes.
#[test]
fn a_pod_that_only_claims_to_be_of_a_workload_is_checked() {
    let owner = Some(("ReplicaSet", "web-1"));
    let mut all = objects();
    all.extend(["a", "b", "c"].map(|name| object("Pod", name, owner, &template(&["gone"]))));
    let stub = Stub::new()
        .objects(&get(CHECKED, ""), &all)
        .prints(&get_metadata(""), "shop acr-secret kubernetes.io%2Fdockerconfigjson \n");
    let (out, talk, status) = stub.run(&["check", "--live"]);
    assert_eq!(status, Some(1), "{out}{talk}");
    assert!(out.contains("rejected Pod shop/a ") && !out.contains("Pod shop/b "), "{out}");
    let note =
        "note: 2 objects skipped, because one with the same controller, images and pull secrets is checked\n";
    assert!(talk.contains(note), "{talk}");
}

/// An Argo Rollout keeps `ReplicaSets` without pods, and a KEDA `ScaledJob` makes Jobs from one template.
#[test]
fn of_workloads_of_other_kinds_each_template_is_reported_once() {
    let rollout = Some(("Rollout", "web"));
    let replicas = |name: &str, replicas: usize| {
        object(
            "ReplicaSet",
            name,
            rollout,
            &json!({"replicas": replicas, "template": {"spec": template(&["gone"])}}),
        )
    };
    let job = |name: &str| {
        let spec = json!({"template": {"spec": template(&["gone"])}});
        let mut job = object("Job", name, Some(("ScaledJob", "queue")), &spec);
        job["apiVersion"] = "batch/v1".into();
        job
    };
    let all = [
        [replicas("web-1", 0), replicas("web-2", 0), replicas("web-3", 2)],
        [job("queue-1"), job("queue-2"), job("queue-3")],
    ];
    let stub = Stub::new().objects(&get(CHECKED, ""), &all.concat()).prints(&get_metadata(""), "");
    let (out, talk, status) = stub.run(&["check", "--live"]);
    assert_eq!(status, Some(1), "{out}{talk}");
    let rejected: Vec<&str> = out.lines().filter_map(|line| line.strip_prefix("rejected ")).collect();
    assert!(
        matches!(&rejected[..], [first, second]
            if first.starts_with("ReplicaSet shop/web-3 ") && second.starts_with("Job shop/queue-1 ")),
        "{out}"
    );
    for note in [
        "note: 2 objects skipped, because one with the same controller, images and pull secrets is checked\n",
        "note: 2 old revisions without pods skipped\n",
    ] {
        assert!(talk.contains(note), "{note}: {talk}");
    }
}

/// It came with the repository.
#[test]
fn a_config_file_chooses_neither_a_cluster_nor_what_is_read_of_it() {
    let stub = cluster("", OF_EXPIRED);
    let config = stub.path().join(".acr-pull-secret.yaml");
    for key in
        ["live: true", "context: evil", "kubeconfig: evil.yaml", "secrets: true", "allNamespaces: true"]
    {
        std::fs::write(&config, format!("{key}\n")).unwrap();
        let (_, talk, status) = stub.run(&["check", "--live"]);
        assert_eq!(status, Some(2), "{key}: {talk}");
        assert!(talk.contains("unknown field"), "{key}: {talk}");
    }
    std::fs::write(
        &config,
        "paths: [deploy]\ncluster: [cluster]\nnamespace: other\ncomplete: false\nfailOn: warn\n",
    )
    .unwrap();
    let (out, talk, status) = stub.run(&["check", "--live"]);
    assert_eq!(status, Some(1), "{talk}");
    assert!(
        out.contains("rejected Pod shop/bare") && talk.contains("gives failOn; to ignore it"),
        "{out}{talk}"
    );
}
