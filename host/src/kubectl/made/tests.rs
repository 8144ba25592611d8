use serde_json::{Value, json};

use super::Part::{self, Alike, Checked, Finished, Made, Unused};

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
        (vec![ended, pod("a", Some(("Job", "once")))], vec![Finished, Checked]),
        (
            vec![deleted(workload("ReplicaSet", "web-1", None)), pod("a", WEB_1), pod("b", WEB_1)],
            vec![Checked, Checked, Alike],
        ),
        (
            vec![deleted(pod("a", WEB_1)), pod("b", WEB_1), deleted(pod("c", WEB_1)), pod("d", WEB_1)],
            vec![Finished, Checked, Finished, Alike],
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

#[test]
fn of_pods_that_are_alike_one_is_checked() {
    let injected = |name: &str, owner| {
        let proxy = json!([{"name": "proxy", "image": "p:1"}]);
        with(pod(name, owner), "/spec/initContainers", proxy)
    };
    let mut objects = vec![workload("Deployment", "web", None), workload("ReplicaSet", "web-1", WEB)];
    let set = Some(("StatefulSet", "db"));
    let of_set = |name: &str| {
        with(pod(name, set), "/metadata/labels", json!({"statefulset.kubernetes.io/pod-name": name}))
    };
    let of_replicas =
        |name: &str| with(injected(name, WEB_1), "/metadata/labels/pod-template-hash", "1".into());
    let mirror = json!({"kubernetes.io/config.mirror": "x"});
    for (pod, expected) in [
        (of_replicas("a"), Checked),
        (of_replicas("b"), Alike),
        (of_replicas("c"), Alike),
        (with(of_replicas("d"), "/spec/containers/0/image", "b:1".into()), Checked),
        (with(of_replicas("e"), "/spec/imagePullSecrets", json!([{"name": "x"}])), Checked),
        (with(of_replicas("f"), "/metadata/labels/skip", "yes".into()), Checked),
        (with(of_replicas("g"), "/metadata/annotations", mirror), Checked),
        (with(of_replicas("h"), "/metadata/namespace", "ops".into()), Checked),
        (of_set("db-0"), Checked),
        (of_set("db-1"), Alike),
        (pod("alone", None), Checked),
        (pod("alone too", None), Checked),
    ] {
        objects.push(pod);
        assert_eq!(parts(&objects).last(), Some(&expected), "{:?}", objects.last());
    }
}

#[test]
fn of_the_revisions_of_a_workload_that_is_not_listed_the_current_one_is_checked() {
    const ROLLOUT: Option<(&str, &str)> = Some(("Rollout", "web"));
    let revision = |kind: &str, name: &str, replicas: usize, owner| {
        let object = with(workload(kind, name, owner), "/spec/replicas", replicas.into());
        let object = with(object, "/spec/template/spec/containers/0/image", format!("a:{name}").into());
        // The names are in the order of the revisions.
        with(object, "/metadata/creationTimestamp", format!("2027-01-0{name}T12:00:00Z").into())
    };
    let of = |name: &str, replicas| revision("ReplicaSet", name, replicas, ROLLOUT);
    let config = Some(("DeploymentConfig", "web"));
    let of_config = |name: &str, replicas| revision("ReplicationController", name, replicas, config);
    let deleted = |object| with(object, "/metadata/deletionTimestamp", "2027-01-31T12:00:00Z".into());
    let other = |object| with(object, "/metadata/namespace", "ops".into());
    for (what, objects, expected) in [
        ("the newest has pods", vec![of("1", 0), of("2", 0), of("3", 2)], vec![Unused, Unused, Checked]),
        ("an older one has pods, after a rollback", vec![of("1", 2), of("2", 0)], vec![Checked, Unused]),
        (
            "two have pods, during a rollout",
            vec![of("1", 1), of("2", 2), of("3", 0)],
            vec![Checked, Checked, Unused],
        ),
        ("scaled to nothing", vec![of("2", 0), of("3", 0), of("1", 0)], vec![Unused, Checked, Unused]),
        (
            "the newest is being deleted",
            vec![of("1", 0), of("2", 0), deleted(of("3", 2))],
            vec![Unused, Checked, Checked],
        ),
        ("of two namespaces", vec![of("1", 0), other(of("2", 0))], vec![Checked, Checked]),
        ("of OpenShift", vec![of_config("1", 0), of_config("2", 1)], vec![Unused, Checked]),
        (
            "without a controller",
            vec![revision("ReplicaSet", "1", 0, None), revision("ReplicaSet", "2", 1, None)],
            vec![Checked, Checked],
        ),
        (
            "of a Deployment that may not be listed",
            vec![revision("ReplicaSet", "1", 0, WEB), revision("ReplicaSet", "2", 1, WEB)],
            vec![Unused, Checked],
        ),
    ] {
        assert_eq!(parts(&objects), expected, "{what}");
    }
}

#[test]
fn of_workloads_that_are_alike_one_is_checked() {
    const SCALED: Option<(&str, &str)> = Some(("ScaledJob", "queue"));
    let job = |name: &str, owner| {
        let own = json!({
            "app": "web", "controller-uid": name, "job-name": name, "batch.kubernetes.io/controller-uid": name,
            "batch.kubernetes.io/job-name": name,
        });
        with(workload("Job", name, owner), "/spec/template/metadata/labels", own)
    };
    let of = |name: &str| job(name, SCALED);
    let pod_of = |name: &str| {
        let labels = json!({"app": "web", "controller-uid": name, "job-name": name});
        with(pod("a", Some(("Job", name))), "/metadata/labels", labels)
    };
    let done = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    let earlier = Some(("CronJob", "cron"));
    let earlier =
        |name: &str| with(job(name, earlier), "/spec/template/spec/containers/0/image", "a:0".into());
    let mut objects = vec![workload("CronJob", "cron", None)];
    for (object, expected) in [
        (with(of("zero"), "/status", done), Finished),
        (of("one"), Checked),
        (of("two"), Alike),
        (pod_of("two"), Made),
        (with(of("three"), "/spec/template/spec/containers/0/image", "b:1".into()), Checked),
        (with(of("four"), "/spec/template/spec/imagePullSecrets", json!([{"name": "x"}])), Checked),
        (with(of("five"), "/spec/template/metadata/labels/skip", "yes".into()), Checked),
        (with(of("six"), "/metadata/labels/skip", "yes".into()), Checked),
        (with(of("seven"), "/metadata/namespace", "ops".into()), Checked),
        (job("eight", Some(("ScaledJob", "other"))), Checked),
        (job("nine", None), Checked),
        (job("ten", None), Checked),
        (workload("StatefulSet", "eleven", SCALED), Checked),
        (earlier("twelve"), Checked),
        (earlier("thirteen"), Alike),
    ] {
        objects.push(object);
        assert_eq!(parts(&objects).last(), Some(&expected), "{:?}", objects.last());
    }
}

#[test]
fn what_is_left_out_leads_to_the_object_that_is_checked_for_it() {
    let job = |name: &str| workload("Job", name, Some(("ScaledJob", "queue")));
    let other = with(pod("c", WEB_1), "/spec/containers/0/image", "b:1".into());
    let objects = [
        pod("a", WEB_1),
        workload("ReplicaSet", "web-1", WEB),
        workload("Deployment", "web", None),
        job("one"),
        pod("b", Some(("Job", "two"))),
        job("two"),
        other.clone(),
        other,
    ];
    let found = super::parts(&objects);
    assert_eq!(
        found,
        [(Made, 2), (Made, 2), (Checked, 2), (Checked, 3), (Made, 3), (Alike, 3), (Checked, 6), (Alike, 6)]
    );
}
