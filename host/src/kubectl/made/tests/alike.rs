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
