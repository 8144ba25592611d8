mod alike;
mod revision;

use serde_json::{Value, json};

use super::Part::{self, Alike, Checked, Deleted, Finished, Made, Unused};

/// What is done with each of the objects.
fn parts(objects: &[Value]) -> Vec<Part> {
    super::parts(objects).into_iter().map(|(part, _)| part).collect()
}

fn spec(image: &str) -> Value {
    json!({"serviceAccountName": "web", "containers": [{"name": "web", "image": image}]})
}

fn object(kind: &str, name: &str, owner: Option<(&str, &str)>) -> Value {
    let api_version = match kind {
        "Pod" | "ServiceAccount" | "ReplicationController" | "PodTemplate" => "v1",
        "Job" | "CronJob" => "batch/v1",
        _ => "apps/v1",
    };
    let owners: Vec<Value> =
        owner.iter().map(|(kind, uid)| json!({"kind": kind, "uid": uid, "controller": true})).collect();
    let metadata = json!({
        "name": name, "namespace": "shop", "uid": name, "ownerReferences": owners,
        "labels": {"app": "web", "pod-template-hash": "1"},
    });
    json!({"apiVersion": api_version, "kind": kind, "metadata": metadata})
}

/// A workload, by the place of its pod template.
fn workload(kind: &str, name: &str, owner: Option<(&str, &str)>) -> Value {
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": spec("a:1")});
    let mut object = object(kind, name, owner);
    match kind {
        "CronJob" => object["spec"] = json!({"jobTemplate": {"spec": {"template": template}}}),
        "PodTemplate" => object["template"] = template,
        _ => object["spec"] = json!({"replicas": 1, "template": template}),
    }
    object
}

fn pod(name: &str, owner: Option<(&str, &str)>) -> Value {
    with(object("Pod", name, owner), "/spec", spec("a:1"))
}

/// The object with another value at a place.
fn with(mut object: Value, place: &str, value: Value) -> Value {
    let (parent, name) = place.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[name.replace("~1", "/")] = value;
    object
}

const WEB: Option<(&str, &str)> = Some(("Deployment", "web"));
const WEB_1: Option<(&str, &str)> = Some(("ReplicaSet", "web-1"));

/// What is done with the object among a `Deployment`, its `ReplicaSet` and a `CronJob`.
fn part(object: Value, account_secrets: &Value) -> Part {
    let account = with(
        super::tests::object("ServiceAccount", "web", None),
        "/imagePullSecrets",
        account_secrets.clone(),
    );
    let all = [
        workload("Deployment", "web", None),
        workload("ReplicaSet", "web-1", WEB),
        workload("CronJob", "cron", None),
        account,
        object,
    ];
    *parts(&all).last().unwrap()
}

#[test]
fn only_what_the_template_of_a_listed_workload_says_is_left_out() {
    let named = |name: &str| json!([{"name": name}]);
    let running = || pod("a", WEB_1);
    let none = json!([]);
    for (what, object, account_secrets, expected) in [
        ("a pod of the workload", running(), none.clone(), Made),
        (
            "of a ReplicaSet that is not listed",
            pod("a", Some(("ReplicaSet", "web-2"))),
            none.clone(),
            Checked,
        ),
        ("of a kind that makes no pods", pod("a", Some(("ServiceAccount", "web"))), none.clone(), Checked),
        ("of another kind", pod("a", Some(("StatefulSet", "web"))), none.clone(), Checked),
        ("of an operator", pod("a", Some(("Operator", "some"))), none.clone(), Checked),
        ("alone", pod("a", None), none.clone(), Checked),
        ("its own owner", pod("a", Some(("Pod", "a"))), none.clone(), Checked),
        ("of another namespace", with(running(), "/metadata/namespace", "ops".into()), none.clone(), Checked),
        (
            "an owner that does not control it",
            with(running(), "/metadata/ownerReferences/0/controller", false.into()),
            none.clone(),
            Checked,
        ),
        ("another image", with(running(), "/spec/containers/0/image", "b:1".into()), none.clone(), Checked),
        (
            "another ServiceAccount",
            with(running(), "/spec/serviceAccountName", "other".into()),
            none.clone(),
            Checked,
        ),
        (
            "pull secrets of its own",
            with(running(), "/spec/imagePullSecrets", named("x")),
            none.clone(),
            Checked,
        ),
        (
            "the pull secrets of the ServiceAccount",
            with(running(), "/spec/imagePullSecrets", named("x")),
            named("x"),
            Made,
        ),
        ("made before the ServiceAccount got them", running(), named("x"), Checked),
        (
            "an injected container",
            with(running(), "/spec/initContainers", json!([{"name": "proxy", "image": "p:1"}])),
            none.clone(),
            Checked,
        ),
        (
            "a container for debugging",
            with(running(), "/spec/ephemeralContainers", json!([{"name": "debug", "image": "d:1"}])),
            none.clone(),
            Checked,
        ),
        (
            "a volume with an image",
            with(running(), "/spec/volumes", json!([{"name": "v", "image": {"reference": "v:1"}}])),
            none.clone(),
            Checked,
        ),
        (
            "a volume without an image",
            with(running(), "/spec/volumes", json!([{"name": "v", "projected": {}}])),
            none.clone(),
            Made,
        ),
        (
            "without the labels of the template",
            with(running(), "/metadata/labels", json!({})),
            none.clone(),
            Checked,
        ),
        (
            "a pod that claims to be static",
            with(running(), "/metadata/annotations", json!({"kubernetes.io/config.mirror": "x"})),
            none.clone(),
            Checked,
        ),
        ("finished", with(pod("a", None), "/status", json!({"phase": "Succeeded"})), none.clone(), Finished),
    ] {
        assert_eq!(part(object, &account_secrets), expected, "{what}");
    }
}

#[test]
fn workloads_are_checked_unless_they_make_no_pods_or_another_says_the_same() {
    for (what, object, expected) in [
        (
            "an old revision with pods",
            with(
                workload("ReplicaSet", "web-0", WEB),
                "/spec/template/spec/containers/0/image",
                "a:0".into(),
            ),
            Checked,
        ),
        (
            "an old revision without pods",
            with(workload("ReplicaSet", "web-0", WEB), "/spec/replicas", 0.into()),
            Unused,
        ),
        (
            "a ReplicaSet of no Deployment",
            with(workload("ReplicaSet", "alone", None), "/spec/replicas", 0.into()),
            Checked,
        ),
        (
            "a Deployment of no pods",
            with(workload("Deployment", "later", None), "/spec/replicas", 0.into()),
            Checked,
        ),
        ("a Job of a CronJob", workload("Job", "cron-1", Some(("CronJob", "cron"))), Made),
        (
            "a Job of an earlier CronJob",
            with(
                workload("Job", "cron-1", Some(("CronJob", "cron"))),
                "/spec/template/spec/containers/0/image",
                "a:0".into(),
            ),
            Checked,
        ),
        (
            "a Job that has ended",
            with(
                workload("Job", "once", None),
                "/status",
                json!({"conditions": [{"type": "Complete", "status": "True"}]}),
            ),
            Finished,
        ),
        (
            "a Job that may end",
            with(
                workload("Job", "once", None),
                "/status",
                json!({"conditions": [{"type": "Complete", "status": "False"}]}),
            ),
            Checked,
        ),
        (
            "a suspended CronJob",
            with(workload("CronJob", "nightly", None), "/spec/suspend", true.into()),
            Checked,
        ),
        ("a suspended Job", with(workload("Job", "once", None), "/spec/suspend", true.into()), Checked),
        ("a ReplicationController", workload("ReplicationController", "old", None), Checked),
        ("a PodTemplate", workload("PodTemplate", "template", None), Checked),
        ("a StatefulSet", workload("StatefulSet", "db", None), Checked),
        ("a DaemonSet", workload("DaemonSet", "agent", None), Checked),
    ] {
        assert_eq!(part(object, &json!([])), expected, "{what}");
    }
}

#[test]
fn a_pod_is_created_again_by_the_built_in_workloads_that_make_pods() {
    let owner = |api_version: &str, kind: &str, controls: bool| {
        let owner =
            json!({"apiVersion": api_version, "kind": kind, "name": "a", "uid": "a", "controller": controls});
        json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "b", "uid": "b"}, owner])
    };
    for (owners, expected) in [
        (owner("v1", "ReplicationController", true), true),
        (owner("apps/v1", "ReplicaSet", true), true),
        (owner("apps/v1", "StatefulSet", true), true),
        (owner("apps/v1", "DaemonSet", true), true),
        (owner("batch/v1", "Job", true), true),
        (owner("apps/v1", "ReplicaSet", false), false),
        (owner("batch.volcano.sh/v1alpha1", "Job", true), false),
        (owner("tekton.dev/v1", "TaskRun", true), false),
        // A static pod: deleting its mirror changes nothing.
        (owner("v1", "Node", true), false),
        (json!([]), false),
        (Value::Null, false),
    ] {
        let pod = with(pod("a", None), "/metadata/ownerReferences", owners.clone());
        assert_eq!(super::is_created_again(&pod), expected, "{owners}");
    }
}

#[test]
fn a_maker_that_is_not_checked_leaves_nothing_out() {
    let old =
        with(workload("ReplicaSet", "web-0", WEB), "/spec/template/spec/containers/0/image", "a:0".into());
    let old = with(old, "/spec/replicas", 0.into());
    let rest = with(pod("a", Some(("ReplicaSet", "web-0"))), "/spec/containers/0/image", "a:0".into());
    let ended = with(
        workload("Job", "once", None),
        "/status",
        json!({"conditions": [{"type": "Failed", "status": "True"}]}),
    );
    let deleted = |object| with(object, "/metadata/deletionTimestamp", "2027-01-31T12:00:00Z".into());
    let ring = |name: &str, owner: &str| workload("ReplicaSet", name, Some(("ReplicaSet", owner)));
    for (objects, expected) in [
        (vec![workload("Deployment", "web", None), old.clone(), rest], vec![Checked, Unused, Checked]),
        (vec![ended.clone(), pod("a", Some(("Job", "once")))], vec![Finished, Checked]),
        (vec![deleted(ended)], vec![Deleted]),
        (vec![deleted(with(pod("a", None), "/status", json!({"phase": "Failed"})))], vec![Deleted]),
        (
            vec![deleted(workload("ReplicaSet", "web-1", None)), pod("a", WEB_1), pod("b", WEB_1)],
            vec![Deleted, Checked, Alike],
        ),
        (
            vec![
                deleted(workload("Deployment", "web", None)),
                workload("ReplicaSet", "web-1", WEB),
                pod("a", WEB_1),
            ],
            vec![Deleted, Checked, Made],
        ),
        (
            vec![
                workload("Deployment", "web", None),
                deleted(workload("ReplicaSet", "web-1", WEB)),
                pod("a", WEB_1),
            ],
            vec![Checked, Deleted, Made],
        ),
        (
            vec![
                deleted(workload("CronJob", "cron", None)),
                workload("Job", "cron-1", Some(("CronJob", "cron"))),
            ],
            vec![Deleted, Checked],
        ),
        (
            vec![with(workload("Deployment", "web", None), "/metadata/deletionTimestamp", Value::Null)],
            vec![Checked],
        ),
        (vec![deleted(object("ServiceAccount", "web", None))], vec![Checked]),
        (
            vec![deleted(pod("a", WEB_1)), pod("b", WEB_1), deleted(pod("c", WEB_1)), pod("d", WEB_1)],
            vec![Deleted, Checked, Deleted, Alike],
        ),
        (vec![pod("a", WEB_1), workload("ReplicaSet", "web-1", WEB)], vec![Made, Checked]),
        (
            vec![ring("one", "two"), ring("two", "one"), pod("a", Some(("ReplicaSet", "one")))],
            vec![Checked, Checked, Checked],
        ),
        (
            vec![
                with(ring("self", "self"), "/spec/replicas", 0.into()),
                pod("a", Some(("ReplicaSet", "self"))),
            ],
            vec![Checked, Checked],
        ),
    ] {
        assert_eq!(parts(&objects), expected, "{objects:?}");
    }
}
