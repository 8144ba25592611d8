use serde_json::{Value, json};

use super::State;
use crate::why::event::Event;
use crate::why::pod::Pod;

fn state_of(status: &Value) -> State {
    let pod = Pod::of(&json!({
        "spec": {"containers": [{"name": "web", "image": "a.azurecr.io/web"}]},
        "status": {"containerStatuses": [status]},
    }));
    pod.images[0].state.clone()
}

#[test]
fn an_image_is_missing_there_or_not_asked_for_yet() {
    let with = |mut status: Value| {
        status["name"] = "web".into();
        state_of(&status)
    };
    let failing = State::Failing { reason: "ImagePullBackOff".to_owned(), message: "m".to_owned() };
    for (status, state) in [
        (json!({"state": {"waiting": {"reason": "ImagePullBackOff", "message": "m"}}}), failing.clone()),
        // It was pulled once, and its node has lost it.
        (
            json!({"state": {"waiting": {"reason": "ImagePullBackOff", "message": "m"}}, "lastState": {"terminated": {}}}),
            failing,
        ),
        (json!({"state": {"waiting": {"reason": "ContainerCreating"}}}), State::NotYet),
        (json!({"state": {"waiting": {"reason": "PodInitializing"}}}), State::NotYet),
        (json!({}), State::NotYet),
        (json!({"state": {"running": {}}}), State::Pulled),
        (json!({"state": {"terminated": {"exitCode": 0}}}), State::Pulled),
        // It ended with its pod, and may never have started.
        (
            json!({"state": {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}}}),
            State::NotYet,
        ),
        (json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}}}), State::Pulled),
        (json!({"state": {"waiting": {"reason": "CreateContainerConfigError"}}}), State::Pulled),
    ] {
        assert_eq!(with(status.clone()), state, "{status}");
    }
}

/// An error belongs to the image that it names, and one that names none to the image of the container.
#[test]
fn an_error_belongs_to_the_image_that_it_names() {
    const MODEL: &str = "a.azurecr.io/model";
    const WEB: &str = "a.azurecr.io/web:v1";
    let back_off =
        |quoted: &str| format!("Back-off pulling image \"{quoted}\": ErrImagePull: 401 Unauthorized");
    for (message, failing) in [
        (back_off(MODEL), MODEL),
        (back_off("a.azurecr.io/model:latest"), MODEL),
        (back_off(WEB), WEB),
        (back_off("a.azurecr.io/model:v1"), WEB),
        (
            format!(
                "rpc error: code = NotFound desc = failed to pull and unpack image \"{MODEL}:latest\": not found"
            ),
            MODEL,
        ),
        (
            format!(
                "rpc error: code = Unknown desc = initializing source docker://{MODEL}:latest: manifest unknown"
            ),
            MODEL,
        ),
        (format!("image pull failed for {MODEL} because the registry is unavailable: x"), MODEL),
        (
            "rpc error: code = Unknown desc = unable to retrieve auth token: invalid username/password"
                .to_owned(),
            WEB,
        ),
        (String::new(), WEB),
    ] {
        for (list, statuses) in [
            ("containers", "containerStatuses"),
            ("initContainers", "initContainerStatuses"),
            ("ephemeralContainers", "ephemeralContainerStatuses"),
        ] {
            for mounts in [
                json!([{"name": "model", "mountPath": "/m"}]),
                json!([{"name": "data", "mountPath": "/d"}]),
                json!(null),
            ] {
                let pod = Pod::of(&json!({
                    "spec": {
                        list: [{"name": "web", "image": WEB, "volumeMounts": mounts}],
                        "volumes": [{"name": "data", "emptyDir": {}}, {"name": "model", "image": {"reference": MODEL}}],
                    },
                    "status": {statuses: [
                        {"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff", "message": message}}},
                    ]},
                }));
                let is_failing = |image: &&super::Image| matches!(image.state, State::Failing { .. });
                let found: Vec<&str> =
                    pod.images.iter().filter(is_failing).map(|it| it.reference.as_str()).collect();
                assert_eq!(found, [failing], "{list} {mounts}: {message}");
            }
        }
    }
}

#[test]
fn events_have_what_no_container_reports() {
    const WEB: &str = "a.azurecr.io/web:v1";
    let event = |reason: &str, message: &str| json!({"reason": reason, "message": message});
    let failed = |of: &str| event("Failed", &format!("Failed to pull image \"{of}\": 401 Unauthorized"));
    let back_off = event("BackOff", "Back-off pulling image \"a.azurecr.io/model\"");
    let pulled = |of: &str| event("Pulled", &format!("Successfully pulled image \"{of}\" in 2s"));
    let present = event("Pulled", "Container image \"a.azurecr.io/model\" already present on machine");
    let running = json!({"running": {}});
    let creating = json!({"waiting": {"reason": "ContainerCreating"}});
    let refused = json!({"waiting": {"reason": "ErrImagePull", "message": "401 Unauthorized"}});
    for (state, mounts, events, expected) in [
        (&running, false, vec![failed("a.azurecr.io/model")], "failing pulled"),
        (&running, false, vec![failed("a.azurecr.io/model"), back_off], "failing pulled"),
        (&running, false, vec![failed("a.azurecr.io/model"), pulled("a.azurecr.io/model")], "pulled pulled"),
        (&running, false, vec![present], "pulled pulled"),
        (&running, false, vec![], "not-yet pulled"),
        (&running, true, vec![], "pulled pulled"),
        (&creating, false, vec![], "not-yet not-yet"),
        (&creating, false, vec![pulled(WEB)], "not-yet pulled"),
        (&creating, true, vec![failed("a.azurecr.io/model")], "failing not-yet"),
        // The container runtime names no image, and the event does.
        (&refused, true, vec![failed("a.azurecr.io/model")], "failing not-yet"),
        (&refused, true, vec![failed(WEB)], "not-yet failing"),
        (&refused, true, vec![], "not-yet failing"),
    ] {
        let mounts = if mounts { json!([{"name": "model"}]) } else { json!([]) };
        let mut pod = Pod::of(&json!({
            "spec": {
                "containers": [{"name": "web", "image": WEB, "volumeMounts": mounts}],
                "volumes": [{"name": "model", "image": {"reference": "a.azurecr.io/model"}}],
            },
            "status": {"containerStatuses": [{"name": "web", "state": state}]},
        }));
        pod.learn(&Event::all(&events));
        let states: Vec<&str> = pod
            .images
            .iter()
            .map(|image| match image.state {
                State::Failing { .. } => "failing",
                State::NotYet => "not-yet",
                State::Pulled => "pulled",
            })
            .collect();
        assert_eq!(states.join(" "), expected, "{state} {events:?}");
    }
}

#[test]
fn an_image_is_listed_once_with_all_that_use_it() {
    let pod = Pod::of(&json!({
        "metadata": {"name": "web", "namespace": "shop", "ownerReferences": [{"controller": true, "uid": "a"}]},
        "spec": {
            "nodeName": "n1", "imagePullSecrets": [{"name": "a"}, {}, {"name": ""}],
            "initContainers": [
                {"name": "init", "image": "a.azurecr.io/web", "imagePullPolicy": "Always"},
                {"name": "proxy", "image": "p", "restartPolicy": "Always", "imagePullPolicy": "Never"},
            ],
            "containers": [{"name": "web", "image": "a.azurecr.io/web"}, {"name": "other", "image": "b"}, {"name": "none"}],
            "volumes": [{"name": "data", "image": {"reference": "c"}}, {"name": "x", "emptyDir": {}}],
        },
        "status": {
            "phase": "Pending",
            "initContainerStatuses": [{"name": "init", "state": {"terminated": {}}}],
            "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "ErrImagePull"}}}],
        },
    }));
    let images: Vec<_> = pod.images.iter().map(|it| (it.reference.as_str(), it.users.join(", "))).collect();
    assert_eq!(
        images,
        [
            ("c", "volume data".to_owned()),
            ("a.azurecr.io/web", "init container init, container web".to_owned()),
            ("p", "sidecar container proxy".to_owned()),
            ("b", "container other".to_owned())
        ]
    );
    assert!(pod.is_failing() && pod.is_replaced && pod.pull_secrets == ["a"]);
}
