//! Which pods of a workload `why` explains: one of each kind of trouble, with the names of others like it.

use serde_json::{Value, json};

use super::{ACCOUNT, IMAGE, WORKLOADS, account, anonymous, back_off, event, pod, row, waiting, workload};
use crate::kubectl::Stub;

const DEPLOYMENT: &str = "get deployments.apps web --output=json --namespace=shop --ignore-not-found";
const LIST: &str = "get pods --selector=app=web --output=json --namespace=shop";
const EVENTS: &str = "get events --field-selector=involvedObject.kind=Pod --output=json --namespace=shop";

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
        .objects(DEPLOYMENT, &[workload("Deployment", 1)]);
    let (out, _, status) = stub.run(&["why", "deployment/web", "-n", "shop"]);
    assert_eq!(status, Some(0), "{out}");
    assert!(
        row(&out, "cause").starts_with(&format!("none: the node has {IMAGE}, and a pod on another")),
        "{out}"
    );
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
        .forbids(EVENTS, "events")
        .objects(ACCOUNT, &[account(&[])]);
    let (out, talk, _) = stub.run(&["why", "deployment/web", "-n", "shop"]);
    assert_eq!(row(&out, "same for"), "web-b", "{out}{talk}");
    assert_eq!(talk.matches("warning: the events are not known: ").count(), 1, "{talk}");
}
