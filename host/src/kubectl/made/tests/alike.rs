//! Of objects that say the same, one is checked.

use serde_json::json;

use super::*;

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
            vec![Unused, Checked, Deleted],
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

/// After a rollback an old object is the current one.
#[test]
fn the_number_of_a_revision_says_which_is_the_current_one_or_else_its_time() {
    const ROLLOUT: &str = "rollout.argoproj.io/revision";
    const DEPLOYMENT: &str = "deployment.kubernetes.io/revision";
    const CONFIG: &str = "openshift.io/deployment-config.latest-version";
    let revision = |owner, (annotation, number): (&str, &str), day: &str| {
        let object = with(workload("ReplicaSet", "web", Some((owner, "web"))), "/spec/replicas", 0.into());
        let object = with(object, "/metadata/annotations", json!({annotation: number}));
        if day.is_empty() {
            return object;
        }
        with(object, "/metadata/creationTimestamp", format!("2027-01-0{day}T12:00:00Z").into())
    };
    for (what, owner, revisions, expected) in [
        ("a rollback", "Rollout", vec![((ROLLOUT, "10"), "1"), ((ROLLOUT, "9"), "2")], vec![Checked, Unused]),
        (
            "a rollback",
            "Deployment",
            vec![((DEPLOYMENT, "3"), "1"), ((DEPLOYMENT, "2"), "2")],
            vec![Checked, Unused],
        ),
        (
            "a rollback",
            "DeploymentConfig",
            vec![((CONFIG, "10"), "1"), ((CONFIG, "9"), "1")],
            vec![Checked, Unused],
        ),
        (
            "taken over from a Deployment",
            "Rollout",
            vec![((DEPLOYMENT, "7"), "1"), ((ROLLOUT, "2"), "2")],
            vec![Unused, Checked],
        ),
        (
            "one without a number",
            "Rollout",
            vec![((ROLLOUT, "2"), "1"), (("a", "b"), "2")],
            vec![Unused, Checked],
        ),
        (
            "a number that is none",
            "Rollout",
            vec![((ROLLOUT, "2"), "1"), ((ROLLOUT, "x"), "2")],
            vec![Unused, Checked],
        ),
        (
            "two of one number",
            "Rollout",
            vec![((ROLLOUT, "2"), "1"), ((ROLLOUT, "2"), "2")],
            vec![Checked, Checked],
        ),
        ("two of one time", "Rollout", vec![(("a", "b"), "1"), (("a", "b"), "1")], vec![Checked, Checked]),
        ("one without both", "Rollout", vec![(("a", "b"), "1"), (("a", "b"), "")], vec![Checked, Checked]),
        (
            "numbers without times",
            "Rollout",
            vec![((ROLLOUT, "1"), ""), ((ROLLOUT, "2"), "")],
            vec![Unused, Checked],
        ),
    ] {
        let objects: Vec<Value> =
            revisions.into_iter().map(|(number, day)| revision(owner, number, day)).collect();
        // Two without a time or a number are not alike.
        let objects: Vec<Value> = objects
            .into_iter()
            .enumerate()
            .map(|(i, object)| {
                with(object, "/spec/template/spec/containers/0/image", format!("a:{i}").into())
            })
            .collect();
        assert_eq!(parts(&objects), expected, "{what} of a {owner}");
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
    let found = super::super::parts(&objects);
    assert_eq!(
        found,
        [(Made, 2), (Made, 2), (Checked, 2), (Checked, 3), (Made, 3), (Alike, 3), (Checked, 6), (Alike, 6)]
    );
}
