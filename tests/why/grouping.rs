//! Which pods of a workload `why` explains: one of each kind of trouble, with the names of others like it.

use serde_json::{Value, json};

use super::{ACCOUNT, IMAGE, WORKLOADS, account, anonymous, back_off, event, pod, row, waiting, workload};
use crate::kubectl::Stub;

const DEPLOYMENT: &str = "get deployments.apps web --output=json --namespace=shop --ignore-not-found";
const LIST: &str = "get pods --selector=app=web --output=json --namespace=shop";
const EVENTS: &str = "get events --field-selector=involvedObject.kind=Pod --output=json --namespace=shop";

const SETS: &str = "get replicasets.apps --selector=app=web --output=json --namespace=shop";

/// A `ReplicaSet` with this uid, which the workload with that uid made.
fn set(uid: &str, owner: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": "web-5d8f7c9b6", "namespace": "shop", "uid": uid,
            "ownerReferences": [{"controller": true, "kind": "Deployment", "name": "web", "uid": owner}],
        },
    })
}

/// A pod that the workload with this uid made.
fn owned(mut pod: Value, kind: &str, name: &str, uid: &str) -> Value {
    pod["metadata"]["ownerReferences"] =
        json!([{"controller": true, "kind": kind, "name": name, "uid": uid}]);
    pod
}

/// A pod of this name and age, with its name as uid.
fn named(mut pod: Value, name: &str, minute: usize) -> Value {
    pod["metadata"]["name"] = name.into();
    pod["metadata"]["uid"] = name.into();
    pod["metadata"]["creationTimestamp"] = format!("2026-07-31T02:{minute:02}:00Z").into();
    pod
}

/// An event of the pod with this uid.
fn of_pod(event: &Value, uid: &str) -> Value {
    let mut event = event.clone();
    event["involvedObject"] = json!({"kind": "Pod", "uid": uid});
    event
}

/// The pods that are explained, each with those of the same answer.
fn grouped(pods: &[Value], events: &[Value]) -> Vec<[String; 2]> {
    let stub = Stub::new()
        .objects(DEPLOYMENT, &[workload("Deployment", pods.len())])
        .objects(LIST, pods)
        .objects(SETS, &[set("33", "44")])
        .objects(EVENTS, events)
        .objects(ACCOUNT, &[account(&[])])
        .objects(&ACCOUNT.replace(" web ", " default "), &[]);
    let (answers, _) = super::answers(&stub, &["deployment/web", "-n", "shop"]);
    let names = |answer: &Value| {
        let alike = answer["alike"].as_array().into_iter().flatten();
        let alike: Vec<&str> = alike.map(|name| name.as_str().unwrap()).collect();
        [answer["name"].as_str().unwrap().to_owned(), alike.join(", ")]
    };
    answers.as_array().unwrap().iter().map(names).collect()
}

#[test]
fn of_a_workload_the_pods_in_trouble_are_explained_once() {
    let failing = |name: &str, minute| named(pod(IMAGE, &[], &back_off()), name, minute);
    let running = named(pod(IMAGE, &[], &json!({"running": {}})), "web-old", 1);
    let pods = [running.clone(), failing("web-a", 10), failing("web-b", 11), failing("web-c", 12)];
    for (target, calls) in [
        (
            "web",
            vec![
                ("get pods web --output=json --namespace=shop --ignore-not-found".to_owned(), vec![]),
                (
                    format!("get {WORKLOADS} web --output=json --namespace=shop --ignore-not-found"),
                    vec![workload("Deployment", 4)],
                ),
                (SETS.to_owned(), vec![set("33", "44"), set("55", "99")]),
            ],
        ),
        (
            "sts/web",
            vec![(
                "get statefulsets.apps web --output=json --namespace=shop --ignore-not-found".to_owned(),
                vec![workload("StatefulSet", 4)],
            )],
        ),
    ] {
        let pods = pods
            .clone()
            .map(|pod| if target == "web" { pod } else { owned(pod, "StatefulSet", "web", "44") });
        let of_pods =
            pods.each_ref().map(|pod| of_pod(&anonymous(), pod["metadata"]["uid"].as_str().unwrap()));
        let stub =
            Stub::new().objects(LIST, &pods).objects(EVENTS, &of_pods).objects(ACCOUNT, &[account(&[])]);
        let stub = calls.iter().fold(stub, |stub, (args, objects)| stub.objects(args, objects));
        let (out, talk, status) = stub.run(&["why", target, "-n", "shop"]);
        assert_eq!(status, Some(1), "{out}{talk}");
        assert!(out.starts_with("Pod shop/web-c "), "{out}");
        assert_eq!(row(&out, "same for"), "web-b, web-a");
        assert!(!out.contains("web-old"), "{out}");
    }
    let stub = Stub::new()
        .objects(LIST, &[running])
        .objects("get events --field-selector=involvedObject.uid=web-old --output=json --namespace=shop", &[])
        .objects(ACCOUNT, &[account(&[])])
        .objects(DEPLOYMENT, &[workload("Deployment", 1)])
        .objects(SETS, &[set("33", "44")]);
    let (out, _, status) = stub.run(&["why", "deployment/web", "-n", "shop"]);
    assert_eq!(status, Some(0), "{out}");
    assert!(
        row(&out, "cause").starts_with(&format!("none: the node has {IMAGE}, and a pod on another")),
        "{out}"
    );
}

/// Labels select them too, and the workload did not make them.
#[test]
fn pods_of_another_owner_are_not_explained() {
    let failing = |name: &str, minute| named(pod(IMAGE, &[], &back_off()), name, minute);
    let of = |kind: &str, name: &str, uid: &str, pod| owned(pod, kind, name, uid);
    let mut alone = failing("alone", 20);
    alone["metadata"].as_object_mut().unwrap().remove("ownerReferences");
    let strangers = [
        alone,
        of("ReplicaSet", "canary-7d", "55", failing("canary", 21)),
        of("StatefulSet", "web", "66", failing("other", 22)),
    ];
    let hashed = |mut pod: Value| {
        pod["metadata"]["labels"]["pod-template-hash"] = "5d8f7c9b6".into();
        pod
    };
    let of_set = hashed(of("ReplicaSet", "web-5d8f7c9b6", "33", failing("web-a", 10)));
    let events = "get events --field-selector=involvedObject.uid=UID --output=json --namespace=shop";
    for (kind, resource, own) in [
        ("Deployment", "deployments.apps", of_set.clone()),
        ("StatefulSet", "statefulsets.apps", of("StatefulSet", "web", "44", failing("web-a", 10))),
        ("DaemonSet", "daemonsets.apps", of("DaemonSet", "web", "44", failing("web-a", 10))),
        ("ReplicaSet", "replicasets.apps", of("ReplicaSet", "web", "44", failing("web-a", 10))),
        ("Job", "jobs.batch", of("Job", "web", "44", failing("web-a", 10))),
    ] {
        let get = format!("get {resource} web --output=json --namespace=shop --ignore-not-found");
        let target = format!("{}/web", kind.to_lowercase());
        let stub = |pods: &[Value]| {
            Stub::new()
                .objects(&get, &[workload(kind, 1)])
                .objects(LIST, pods)
                .objects(SETS, &[set("33", "44"), set("55", "99")])
                .objects(&events.replace("UID", "44"), &[])
                .objects(&events.replace("UID", "web-a"), &[anonymous()])
                .objects(ACCOUNT, &[account(&[])])
        };
        let all = [&strangers[..], &[own]].concat();
        let (found, status) = super::answers(&stub(&all), &[&target, "-n", "shop"]);
        assert_eq!((found.as_array().unwrap().len(), status), (1, Some(1)), "{kind}: {found:#}");
        assert_eq!(
            (&found[0]["name"], &found[0]["alike"]),
            (&json!("web-a"), &Value::Null),
            "{kind}: {found:#}"
        );
        let (found, _) = super::answers(&stub(&strangers), &[&target, "-n", "shop"]);
        assert_eq!(found[0]["cause"], "none of its pods exists, and no event says why", "{kind}: {found:#}");
    }
    // Without the ReplicaSets, their names say which Deployment made them.
    let stub = Stub::new()
        .objects(DEPLOYMENT, &[workload("Deployment", 1)])
        .objects(LIST, &[&strangers[..], &[of_set]].concat())
        .forbids(SETS, "replicasets")
        .objects(&events.replace("UID", "web-a"), &[anonymous()])
        .objects(ACCOUNT, &[account(&[])]);
    let (out, talk, status) = stub.run(&["why", "deploy/web", "-n", "shop"]);
    assert_eq!(status, Some(1), "{out}{talk}");
    assert!(out.starts_with("Pod shop/web-a ") && !out.contains("same for"), "{out}");
    assert!(talk.contains("warning: the replicasets are not known: "), "{talk}");
}

#[test]
fn pods_with_other_complaints_are_explained_apart() {
    let of = |name: &str, minute, end: &str| {
        let message = format!("Back-off pulling image \"{IMAGE}\"{end}");
        named(pod(IMAGE, &[], &waiting("ImagePullBackOff", &message)), name, minute)
    };
    let pods = [
        of("web-a", 10, ": ErrImagePull: 403 Forbidden"),
        of("web-b", 11, ": ErrImagePull: 401 Unauthorized"),
        of("web-c", 12, ""),
        of("web-d", 13, ": ErrImagePull: status code 403"),
    ];
    assert_eq!(grouped(&pods, &[]), [["web-d", "web-c, web-a"], ["web-b", ""]]);
    // Older kubelets say why only in an event.
    let events = [of_pod(&anonymous(), "web-c")];
    assert_eq!(grouped(&pods, &events), [["web-d", "web-a"], ["web-c", ""], ["web-b", ""]]);
}

/// The port of a connection, an address, a uid and the name of the pod are in messages of which nothing else is known.
#[test]
fn pods_whose_messages_differ_only_in_what_each_has_of_its_own_are_explained_once() {
    let of = |number: usize| {
        let name = format!("web-{number}");
        let message = format!(
            "Back-off pulling image \"{IMAGE}\": ErrImagePull: pod {name}_shop(11ab22cd-0000-4000-8000-{number:012}): {} \
             read tcp 10.0.0.{number}:{}->20.1.2.3:443: use of closed network connection",
            "the request was not answered as it should be and goes on ".repeat(2),
            53_211 * number % 60_000,
        );
        named(pod(IMAGE, &[], &waiting("ImagePullBackOff", &message)), &name, number)
    };
    let pods: Vec<Value> = (1..60).map(of).collect();
    let found = grouped(&pods, &[]);
    assert_eq!((found.len(), found[0][0].as_str()), (1, "web-59"), "{found:?}");
    assert_eq!(found[0][1].split(", ").count(), 58);
}

/// In each of these pairs, the pods differ in what the first line or the cause says.
#[test]
fn pods_in_other_states_are_explained_apart() {
    let running = || pod(IMAGE, &[], &json!({"running": {}}));
    let with = |mut pod: Value, pointer: &str, value: Value| {
        let (object, name) = pointer.rsplit_once('/').unwrap();
        pod.pointer_mut(object).unwrap()[name] = value;
        pod
    };
    let crash = || pod(IMAGE, &[], &json!({"waiting": {"reason": "CrashLoopBackOff"}}));
    let over = || with(running(), "/status/phase", "Failed".into());
    let failing = || pod(IMAGE, &[], &back_off());
    for (name, one, other) in [
        ("deleted", running(), with(running(), "/metadata/deletionTimestamp", "2026-07-31T03:00:00Z".into())),
        ("crash", with(running(), "/status/phase", "Pending".into()), crash()),
        ("phase", running(), over()),
        ("evicted", over(), with(over(), "/status/reason", "Evicted".into())),
        ("account", failing(), with(failing(), "/spec/serviceAccountName", "default".into())),
        ("secrets", failing(), with(failing(), "/spec/imagePullSecrets", json!([{"name": "--"}]))),
    ] {
        let pods = [named(one.clone(), "web-a", 10), named(other, "web-b", 11)];
        assert_eq!(grouped(&pods, &[]), [["web-b", ""], ["web-a", ""]], "{name}");
        let pods = [named(one.clone(), "web-a", 10), named(one, "web-b", 11)];
        assert_eq!(grouped(&pods, &[]), [["web-b", "web-a"]], "{name}");
    }
}

#[test]
fn a_pod_whose_image_fails_only_in_events_is_explained_beside_another() {
    let model = "contoso.azurecr.io/shop/model:v1";
    let mut with_model = pod(IMAGE, &[], &json!({"running": {}}));
    with_model["spec"]["volumes"] = json!([{"name": "model", "image": {"reference": model}}]);
    let pods = [named(with_model, "web-a", 10), named(pod(IMAGE, &[], &back_off()), "web-b", 11)];
    let failed = event("Failed", &format!("Failed to pull image \"{model}\": manifest unknown"));
    let events = [of_pod(&failed, "web-a"), of_pod(&anonymous(), "web-b")];
    assert_eq!(grouped(&pods, &events), [["web-b", ""], ["web-a", ""]]);
}

#[test]
fn events_that_may_not_be_read_are_named_once() {
    let pods = ["web-a", "web-b"].map(|name| named(pod(IMAGE, &[], &back_off()), name, 10));
    let stub = Stub::new()
        .objects(DEPLOYMENT, &[workload("Deployment", 2)])
        .objects(LIST, &pods)
        .objects(SETS, &[set("33", "44")])
        .forbids(EVENTS, "events")
        .objects(ACCOUNT, &[account(&[])]);
    let (out, talk, _) = stub.run(&["why", "deployment/web", "-n", "shop"]);
    assert_eq!(row(&out, "same for"), "web-b", "{out}{talk}");
    assert_eq!(talk.matches("warning: the events are not known: ").count(), 1, "{talk}");
}
