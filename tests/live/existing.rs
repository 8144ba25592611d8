//! Pods that exist, and kinds that a user may not list.

use serde_json::{Value, json};

use super::{CHECKED, OF_EXPIRED, expired, get, get_metadata, get_secrets, object, objects, template};
use crate::kubectl::Stub;

/// plugin/pkg/admission/serviceaccount: the pull secrets of a `ServiceAccount` are copied when a pod is created.
#[test]
fn a_pod_does_not_get_the_pull_secret_that_its_service_account_lists_now() {
    let mut account = object("ServiceAccount", "web", None, &Value::Null);
    account["imagePullSecrets"] = json!([{"name": "acr-secret"}]);
    let workload = json!({"template": {"spec": template(&[])}});
    let all = [
        object("Deployment", "web", None, &workload),
        object("ReplicaSet", "web-1", Some(("Deployment", "web")), &workload),
        object("Pod", "old", Some(("ReplicaSet", "web-1")), &template(&[])),
        object("Pod", "new", Some(("ReplicaSet", "web-1")), &template(&["acr-secret"])),
        account,
    ];
    let stub = Stub::new()
        .objects(&get(CHECKED, ""), &all)
        .prints(&get_metadata(""), "shop acr-secret kubernetes.io%2Fdockerconfigjson \n");
    let (out, talk, status) = stub.run(&["check", "--live"]);
    assert_eq!(status, Some(1), "{out}{talk}");
    assert!(out.contains("accepted Deployment shop/web"), "{out}");
    assert!(out.contains("rejected Pod shop/old (pod/old in namespace shop)"), "{out}");
    assert!(!out.contains("shop/new"), "{out}");
    assert!(talk.contains("note: a pod keeps the pull secrets that it was created with"), "{talk}");
}

/// The built-in role view has no `PodTemplates`.
#[test]
fn kinds_that_may_not_be_listed_are_left_out_with_a_warning() {
    let kinds = |forbidden: &[&str], scope: &str| {
        let all = objects();
        let stub = Stub::new().forbids(&get(CHECKED, scope), "podtemplates");
        let stub = CHECKED.split(',').fold(stub, |stub, kind| {
            let of_kind = |object: &&Value| {
                let own = object["kind"].as_str().unwrap().to_ascii_lowercase();
                kind.split('.').next().unwrap() == format!("{own}s")
            };
            let found: Vec<Value> = all.iter().filter(of_kind).cloned().collect();
            let call = get(kind, scope);
            if forbidden.contains(&kind) { stub.forbids(&call, kind) } else { stub.objects(&call, &found) }
        });
        let mut args = vec!["check", "--live"];
        args.extend(Some(scope.trim_start()).filter(|option| !option.is_empty()));
        stub.prints(&get_metadata(scope), "").run(&args)
    };
    let (out, talk, status) = kinds(&["podtemplates", "cronjobs.batch"], "");
    assert_eq!(status, Some(1), "{talk}");
    assert!(out.contains("rejected Pod shop/bare") && out.contains("rejected Deployment shop/web"), "{out}");
    assert!(
        talk.contains("warning: not checked, because you may not list them: podtemplates, cronjobs.batch\n"),
        "{talk}"
    );
    for needed in ["pods", "serviceaccounts"] {
        for (scope, place) in [
            ("", "the namespace of kubectl's context, or name another with -n NAMESPACE"),
            (" --namespace=shop", "namespace shop"),
            (" --all-namespaces", "all namespaces, or name one with -n NAMESPACE"),
        ] {
            let (out, talk, status) = kinds(&[needed], scope);
            assert_eq!((out.as_str(), status), ("", Some(2)), "{talk}");
            assert!(talk.contains(&format!("error: kubectl get {needed} failed")), "{talk}");
            let help = format!(" = help: ask for the right to list {needed} in {place}\n");
            assert!(talk.contains(&help), "{talk}");
        }
    }
}

/// A pod that no workload creates again is lost when it is deleted. The kubelet creates a mirror pod again as it was.
#[test]
fn notes_say_what_changes_each_rejected_pod() {
    const DELETE: &str = "a pod keeps the pull secrets that it was created with, so delete these rejected pods of workloads \
                          after a fix: ";
    const ON_NODES: &str = "only the kubelet's manifests on the nodes change these rejected static pods: ";
    const GONE: &str = "no built-in workload creates these rejected pods again: ";
    const REPLACE: &str = "to replace a pod, change the manifest of the pod or of its controller, and run kubectl \
                           replace --force -f FILE";
    let settings = r#"{"mode": "validate", "actions": {"unusable": "reject"}}"#;
    let workload = json!({"template": {"spec": template(&["gone"])}});
    let pod = |name: &str, owner| object("Pod", name, owner, &template(&["gone"]));
    let mirror = |name: &str, owner| {
        let mut pod = pod(name, owner);
        pod["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
        pod
    };
    let of_web = |name: &str| pod(name, Some(("ReplicaSet", "web-1")));
    let fine = object("Pod", "fine", None, &template(&["acr-secret"]));
    for (what, others, notes) in [
        ("a Secret", vec![], vec![]),
        ("a Deployment", vec![object("Deployment", "db", None, &workload)], vec![]),
        ("a pod", vec![pod("bare", None)], vec![(GONE, "shop/bare"), (REPLACE, "")]),
        ("a pod of a ReplicaSet", vec![of_web("web-1-a")], vec![(DELETE, "shop/web-1-a")]),
        ("a pod of a Job", vec![pod("once-a", Some(("Job", "once")))], vec![(DELETE, "shop/once-a")]),
        (
            "a pod of a controller that may not",
            vec![pod("run", Some(("TaskRun", "run")))],
            vec![(GONE, "shop/run"), (REPLACE, "")],
        ),
        ("a static pod", vec![mirror("etcd", Some(("Node", "node1")))], vec![(ON_NODES, "shop/etcd")]),
        ("a static pod without its node", vec![mirror("etcd", None)], vec![(ON_NODES, "shop/etcd")]),
        (
            "a pod of a workload that claims to be static",
            vec![mirror("web-1-a", Some(("ReplicaSet", "web-1")))],
            vec![(DELETE, "shop/web-1-a")],
        ),
        (
            "all",
            vec![of_web("web-1-a"), pod("bare", None), mirror("etcd", None), pod("other", None)],
            vec![
                (DELETE, "shop/web-1-a"),
                (ON_NODES, "shop/etcd"),
                (GONE, "shop/bare, shop/other"),
                (REPLACE, ""),
            ],
        ),
    ] {
        let all: Vec<Value> = std::iter::once(fine.clone()).chain(others).collect();
        let stub = Stub::new()
            .objects(&get(CHECKED, ""), &all)
            .prints(&get_metadata(""), OF_EXPIRED)
            .objects(&get_secrets("dockerconfigjson", ""), &[expired()])
            .objects(&get_secrets("dockercfg", ""), &[]);
        let args = ["check", "--live", "--secrets", "--settings-json", settings];
        let (out, talk, status) = stub.run(&args);
        assert_eq!(status, Some(1), "{what}: {out}{talk}");
        assert!(out.contains("rejected Secret shop/acr-secret"), "{what}: {out}");
        let notes: Vec<String> = notes.iter().map(|(text, names)| format!("note: {text}{names}")).collect();
        assert_eq!(talk.lines().collect::<Vec<_>>(), notes, "{what}: {out}");
        let (_, quiet, _) = stub.run(&[&args[..], &["-q"]].concat());
        assert_eq!(quiet, "", "{what}");
    }
}
