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

/// A pod that no workload creates again is lost when it is deleted.
#[test]
fn only_rejected_pods_that_a_workload_creates_again_are_to_be_deleted() {
    const DELETE: &str = "note: a pod keeps the pull secrets that it was created with; after a fix, delete the rejected pods of \
                          workloads, which create them again\n";
    let replace = |names: &str| {
        format!(
            "note: no built-in workload creates these rejected pods again: {names}; to replace one, change the manifest of \
             the pod or of its controller, and run kubectl replace --force -f FILE\n"
        )
    };
    let settings = r#"{"mode": "validate", "actions": {"unusable": "reject"}}"#;
    let workload = json!({"template": {"spec": template(&["gone"])}});
    let pod = |name: &str, owner| object("Pod", name, owner, &template(&["gone"]));
    let fine = object("Pod", "fine", None, &template(&["acr-secret"]));
    for (what, others, is_deleted, replaced) in [
        ("a Secret", vec![], false, None),
        ("a Deployment", vec![object("Deployment", "db", None, &workload)], false, None),
        ("a pod", vec![pod("bare", None)], false, Some("shop/bare")),
        ("a pod of a ReplicaSet", vec![pod("web-1-a", Some(("ReplicaSet", "web-1")))], true, None),
        ("a pod of a Job", vec![pod("once-a", Some(("Job", "once")))], true, None),
        (
            "a pod of a controller that may not",
            vec![pod("run", Some(("TaskRun", "run")))],
            false,
            Some("shop/run"),
        ),
        (
            "both",
            vec![pod("web-1-a", Some(("ReplicaSet", "web-1"))), pod("bare", None), pod("other", None)],
            true,
            Some("shop/bare, shop/other"),
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
        assert_eq!(talk.contains(DELETE), is_deleted, "{what}: {out}{talk}");
        assert_eq!(talk.contains("delete"), is_deleted, "{what}: {out}{talk}");
        assert_eq!(talk.contains("again: "), replaced.is_some(), "{what}: {talk}");
        assert!(replaced.is_none_or(|names| talk.contains(&replace(names))), "{what}: {talk}");
        let (_, quiet, _) = stub.run(&[&args[..], &["-q"]].concat());
        assert_eq!(quiet, "", "{what}");
    }
}

#[test]
fn what_is_checked_with_its_workload_is_counted() {
    let workload = json!({"template": {"spec": template(&["gone"])}});
    let pod = |name: &str, image: &str| {
        let mut pod = object("Pod", name, Some(("StatefulSet", "db")), &template(&["gone"]));
        pod["spec"]["containers"][0]["image"] = image.into();
        pod
    };
    let image = "contoso.azurecr.io/shop/web:v1";
    for (pods, expected) in [
        (vec![], None),
        (vec![pod("a", image)], Some("1 object is checked with the workload that made it")),
        (
            vec![pod("a", image), pod("b", image)],
            Some("2 objects are checked with the workloads that made them"),
        ),
    ] {
        let all: Vec<Value> =
            std::iter::once(object("StatefulSet", "db", None, &workload)).chain(pods).collect();
        let stub = Stub::new().objects(&get(CHECKED, ""), &all).prints(&get_metadata(""), "");
        let (_, talk, _) = stub.run(&["check", "--live"]);
        let note =
            talk.lines().filter_map(|line| line.strip_prefix("note: ")).find(|line| line.contains(" made "));
        assert_eq!(note, expected, "{talk}");
    }
}

#[test]
fn what_has_finished_and_what_is_being_deleted_are_counted_apart() {
    let pod = |name: &str| object("Pod", name, None, &template(&["gone"]));
    let done = |name: &str| {
        let mut pod = pod(name);
        pod["status"] = json!({"phase": "Succeeded"});
        pod
    };
    let deleted = |name: &str| {
        let mut pod = pod(name);
        pod["metadata"]["deletionTimestamp"] = "2027-01-31T12:00:00Z".into();
        pod
    };
    for (objects, expected) in [
        (vec![], vec![]),
        (vec![done("a")], vec!["note: 1 object skipped, because it has finished"]),
        (vec![deleted("a")], vec!["note: 1 object skipped, because it is being deleted"]),
        (
            vec![done("a"), deleted("b"), done("c"), deleted("d")],
            vec![
                "note: 2 objects skipped, because they have finished",
                "note: 2 objects skipped, because they are being deleted",
            ],
        ),
    ] {
        let stub = Stub::new().objects(&get(CHECKED, ""), &objects).prints(&get_metadata(""), "");
        let (_, talk, _) = stub.run(&["check", "--live"]);
        let notes: Vec<&str> = talk.lines().filter(|line| line.contains("skipped, because")).collect();
        assert_eq!(notes, expected, "{talk}");
    }
}
