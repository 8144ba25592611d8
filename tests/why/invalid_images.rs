//! Images that are not valid references, in each state of a pod: the cause is the image, and a password in it is not shown.

use serde_json::{Value, json};

use super::{ACCOUNT, EVENTS, POD, account, answers, event, pod, waiting};
use crate::kubectl::Stub;

/// The pods that have this image, with the kubelet's message where there is one.
fn pods(image: &str, message: &str) -> Vec<(&'static str, Value)> {
    let mut unscheduled = pod(image, &[], &json!({}));
    unscheduled["spec"].as_object_mut().unwrap().remove("nodeName");
    let mut other = pod(image, &[], &waiting("ContainerCreating", ""));
    other["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "other", "image": "contoso.azurecr.io/other"}));
    let mut over = pod(image, &[], &json!({}));
    over["status"]["phase"] = "Failed".into();
    over["status"]["reason"] = message.into();
    vec![
        ("no node", unscheduled),
        ("no report", pod(image, &[], &json!({}))),
        ("another container", other),
        ("finished", over),
        ("invalid", pod(image, &[], &waiting("InvalidImageName", message))),
        ("inspected", pod(image, &[], &waiting("ImageInspectError", message))),
    ]
}

/// The first answer, with these events too.
fn answer(pod: Value, events: &[Value]) -> Value {
    let stub = Stub::new().objects(POD, &[pod]).objects(EVENTS, events).objects(ACCOUNT, &[account(&[])]);
    let (answers, status) = answers(&stub, &["web-5d8f7c9b6-x2k4p", "-n", "shop"]);
    assert_eq!(status, Some(1), "{answers:#}");
    answers[0].clone()
}

#[test]
fn an_invalid_image_is_the_cause_in_each_state_of_a_pod() {
    for image in ["contoso.azurecr.io/Web:v1", "contoso.azurecr.io/web:", "contoso.azurecr.io/web@sha256:0"] {
        for (name, pod) in pods(image, "couldn't parse image name") {
            let answer = answer(pod, &[]);
            let cause = answer["cause"].as_str().unwrap();
            assert!(cause.contains(&format!("{image} is not a valid image reference")), "{name}: {answer:#}");
            assert_eq!(answer["help"], "correct the image in the pod template", "{name}");
        }
    }
}

/// What should have been filled in, and a space that is not seen.
#[test]
fn the_cause_says_what_is_wrong_with_an_image() {
    let variable = "write its value into the image in the pod template";
    let chart = "render the chart before it is applied: helm template CHART";
    for (image, cause, help) in [
        ("$(REG)/web:v1", "$(REG)/web:v1 contains a variable that was not substituted", variable),
        (
            "contoso.azurecr.io/web:${TAG}",
            "contoso.azurecr.io/web:${TAG} contains a variable that was not substituted",
            variable,
        ),
        ("{{ .Values.image }}", "{{ .Values.image }} contains a Helm template that was not rendered", chart),
        (
            "contoso.azurecr.io/web:v1 ",
            "\"contoso.azurecr.io/web:v1 \" is not a valid image reference: ",
            "correct the image in the pod template",
        ),
    ] {
        let answer = answer(pod(image, &[], &waiting("InvalidImageName", "couldn't parse image name")), &[]);
        assert!(answer["cause"].as_str().unwrap().starts_with(cause), "{answer:#}");
        assert_eq!(answer["help"], help);
    }
}

/// A URL was written in the place of an image.
#[test]
fn the_query_of_a_url_is_in_no_answer() {
    for image in [
        "contoso.azurecr.io/web:v1?password=hunter2",
        "contoso.azurecr.io/Web?sig=hunter2",
        "https://contoso.azurecr.io/web?hunter2",
    ] {
        let message =
            format!("Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\"");
        let events =
            [event("Failed", &format!("Failed to pull image \"{image}\": parse \"{image}\": invalid"))];
        for (name, pod) in pods(image, &message) {
            let answer = answer(pod, &events).to_string();
            assert!(!answer.contains("hunter2"), "{name}: {answer}");
        }
    }
}

#[test]
fn a_password_in_an_image_is_in_no_answer() {
    for (password, go) in [
        ("hunter2-geheim", "hunter2-geheim"),
        ("hunter2\u{7} geheim", "hunter2\\a geheim"),
        ("hunter2\u{b}\u{c}\u{8} geheim", "hunter2\\v\\f\\b geheim"),
        ("hunter2\u{1b} geheim", "hunter2\\x1b geheim"),
        ("hunter2\u{feff} geheim", "hunter2\\ufeff geheim"),
        ("hunter2\u{e0001} geheim", "hunter2\\U000e0001 geheim"),
        ("hunter2\"\\ geheim", "hunter2\\\"\\\\ geheim"),
    ] {
        let image = format!("robot:{password}@contoso.azurecr.io/web");
        let go = format!("robot:{go}@contoso.azurecr.io/web");
        let message = format!(
            "Failed to apply default image tag \"{go}\": couldn't parse image name \"{go}\": invalid port \":{password}\" after host"
        );
        let events = [
            event("FailedMount", &format!("image volume {image}: {go}")),
            event("FailedScheduling", &format!("no node for {go}")),
            event("Failed", &format!("Failed to pull image \"{go}\": parse \"{go}\": invalid")),
            event("BackOff", &format!("Back-off pulling image \"{go}\": ErrImagePull: {image}")),
        ];
        for (name, mut pod) in pods(&image, &message) {
            pod["spec"]["volumes"] =
                json!([{"name": "model", "image": {"reference": "contoso.azurecr.io/model:v1"}}]);
            for events in [&events[..], &events[..1], &[]] {
                let answer = answer(pod.clone(), events).to_string();
                for part in ["hunter2", "geheim"] {
                    assert!(!answer.contains(part), "{name}: {part}: {answer}");
                }
            }
        }
    }
}
