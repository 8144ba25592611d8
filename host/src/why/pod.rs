//! A pod: its images, and what the kubelet reports about each.

use std::collections::HashMap;

use review::kind::controller;
use serde_json::Value;

/// Reasons of a container that waits for its image. kubelet: pkg/kubelet/images/types.go
const PULL_REASONS: [&str; 7] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// Reasons of a container that is not started yet, whose image is not pulled yet either.
const EARLY_REASONS: [&str; 3] = ["", "ContainerCreating", "PodInitializing"];

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its name
    pub name: String,
    /// Its namespace
    pub namespace: String,
    /// `Pending`, `Running`, …; `Terminating` where it is being deleted
    pub phase: String,
    /// Its node; none where it is not scheduled
    pub node: Option<String>,
    /// Its `ServiceAccount`
    pub service_account: String,
    /// The names of its pull secrets
    pub pull_secrets: Vec<String>,
    /// Whether a controller replaces it when it is deleted
    pub is_replaced: bool,
    /// Its images, each once, in the order in which the kubelet pulls them
    pub images: Vec<Image>,
    /// A container that waits for something else than its image: its name and the reason
    pub other: Option<(String, String)>,
    /// Why the scheduler has found no node, where the status of the pod says so
    pub unscheduled: Option<String>,
}

/// An image of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// As written
    pub reference: String,
    /// What uses it: `container web`
    pub users: Vec<String>,
    /// `Always`, `IfNotPresent`, `Never`
    pub policy: String,
    /// What the kubelet reports
    pub state: State,
}

/// What the kubelet reports about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It does not get the image
    Failing {
        /// `ImagePullBackOff`
        reason: String,
        /// Its message
        message: String,
    },
    /// Nothing yet
    NotYet,
    /// It has the image: the container runs or ran
    Pulled,
}

impl Pod {
    /// Reads a pod as the API server has it.
    pub fn of(object: &Value) -> Self {
        let word = |path: &str| object.pointer(path).and_then(Value::as_str).filter(|word| !word.is_empty());
        let is_going = word("/metadata/deletionTimestamp").is_some();
        let phase = if is_going { "Terminating" } else { word("/status/phase").unwrap_or("Pending") };
        let list = |path: &str| object.pointer(path).and_then(Value::as_array).into_iter().flatten();
        let names = list("/spec/imagePullSecrets").filter_map(|entry| entry.get("name")?.as_str());
        let unscheduled = list("/status/conditions")
            .find(|condition| condition["type"] == "PodScheduled" && condition["status"] == "False");
        Self {
            name: word("/metadata/name").unwrap_or_default().to_owned(),
            namespace: word("/metadata/namespace").unwrap_or("default").to_owned(),
            phase: phase.to_owned(),
            node: word("/spec/nodeName").map(str::to_owned),
            service_account: word("/spec/serviceAccountName").unwrap_or("default").to_owned(),
            // The kubelet skips an entry without a name.
            pull_secrets: names.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            is_replaced: controller(object).is_some(),
            images: images(object),
            other: other(object),
            unscheduled: unscheduled.and_then(|it| it["message"].as_str()).map(str::to_owned),
        }
    }

    /// Whether any image is missing.
    pub fn is_failing(&self) -> bool {
        self.images.iter().any(|image| matches!(image.state, State::Failing { .. }))
    }

    /// Whether it pulls no more images.
    pub fn has_finished(&self) -> bool {
        matches!(self.phase.as_str(), "Succeeded" | "Failed")
    }
}

/// The lists of containers, those of their statuses, and what one of them is called.
const CONTAINERS: [(&str, &str, &str); 3] = [
    ("/spec/initContainers", "/status/initContainerStatuses", "init container"),
    ("/spec/containers", "/status/containerStatuses", "container"),
    ("/spec/ephemeralContainers", "/status/ephemeralContainerStatuses", "ephemeral container"),
];

fn images(pod: &Value) -> Vec<Image> {
    let list = |path: &str| pod.pointer(path).and_then(Value::as_array).into_iter().flatten();
    let mut images: Vec<Image> = Vec::new();
    let mut add = |reference: Option<&Value>, user: String, policy: Option<&Value>, state: State| {
        let Some(reference) = reference.and_then(Value::as_str).filter(|it| !it.is_empty()) else { return };
        if let Some(known) = images.iter_mut().find(|known| known.reference == reference) {
            known.users.push(user);
            // One container may have started on an image that another cannot use.
            if matches!(state, State::Failing { .. }) || known.state == State::NotYet {
                known.state = state;
            }
            return;
        }
        let policy = policy.and_then(Value::as_str).unwrap_or("IfNotPresent").to_owned();
        images.push(Image { reference: reference.to_owned(), users: vec![user], policy, state });
    };
    let mut containers_with_state = Vec::new();
    let mut of_volumes = HashMap::new();
    for (containers, statuses, noun) in CONTAINERS {
        for container in list(containers) {
            let status = list(statuses).find(|status| status["name"] == container["name"]);
            let mut state = status.map_or(State::NotYet, state);
            if let Some(volume) = failing_volume(pod, container, &state) {
                of_volumes.insert(volume, std::mem::replace(&mut state, State::NotYet));
            }
            containers_with_state.push((container, noun, state));
        }
    }
    for volume in list("/spec/volumes") {
        let Some(image) = volume.get("image") else { continue };
        let name = volume["name"].as_str().unwrap_or_default();
        let state = of_volumes.remove(name).unwrap_or(State::NotYet);
        add(image.get("reference"), format!("volume {name}"), image.get("pullPolicy"), state);
    }
    for (container, noun, state) in containers_with_state {
        let name = container["name"].as_str().unwrap_or_default();
        add(container.get("image"), format!("{noun} {name}"), container.get("imagePullPolicy"), state);
    }
    images
}

/// The volume because of whose image a container waits. kubelet: `toKubeContainerImageVolumes` gives the failed pull of a volume's
/// image to each container that mounts the volume.
fn failing_volume<'a>(pod: &'a Value, container: &Value, state: &State) -> Option<&'a str> {
    let State::Failing { message, .. } = state else { return None };
    let mounts = container.get("volumeMounts")?.as_array()?;
    let mut volumes = pod.pointer("/spec/volumes")?.as_array()?.iter();
    volumes.find_map(|volume| {
        let name = volume.get("name")?.as_str()?;
        let reference = volume.pointer("/image/reference")?.as_str()?;
        // The kubelet writes the default tag.
        let is_quoted = ["", ":latest"].iter().any(|tag| message.contains(&format!("\"{reference}{tag}\"")));
        let is_own = container["image"] == reference;
        (is_quoted && !is_own && mounts.iter().any(|mount| mount["name"] == name)).then_some(name)
    })
}

/// core/v1 `ContainerStatus`
fn state(status: &Value) -> State {
    let word = |path: &str| status.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let reason = word("/state/waiting/reason");
    if PULL_REASONS.contains(&reason) {
        return State::Failing {
            reason: reason.to_owned(),
            message: word("/state/waiting/message").to_owned(),
        };
    }
    let has_run = ["/state/running", "/state/terminated", "/lastState/running", "/lastState/terminated"]
        .iter()
        .any(|path| status.pointer(path).is_some_and(|state| !state.is_null()));
    let is_later = !EARLY_REASONS.contains(&reason);
    if has_run || is_later || !word("/imageID").is_empty() { State::Pulled } else { State::NotYet }
}

fn other(pod: &Value) -> Option<(String, String)> {
    let list = |path: &str| pod.pointer(path).and_then(Value::as_array).into_iter().flatten();
    let statuses = CONTAINERS.iter().flat_map(|(_, statuses, _)| list(statuses));
    let waits = statuses.filter_map(|status| {
        let reason = status.pointer("/state/waiting/reason")?.as_str()?;
        let is_other = !PULL_REASONS.contains(&reason) && !EARLY_REASONS.contains(&reason);
        is_other.then(|| (status["name"].as_str().unwrap_or_default().to_owned(), reason.to_owned()))
    });
    waits.into_iter().next()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Pod, State};

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
            (json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}}}), State::Pulled),
            (json!({"state": {"waiting": {"reason": "CreateContainerConfigError"}}}), State::Pulled),
        ] {
            assert_eq!(with(status.clone()), state, "{status}");
        }
    }

    #[test]
    fn a_container_waits_for_the_image_of_its_volume() {
        let failing =
            |quoted: &str| format!("Back-off pulling image \"{quoted}\": ErrImagePull: 401 Unauthorized");
        for (mounted, quoted, of_volume) in [
            ("model", "a.azurecr.io/model", true),
            ("model", "a.azurecr.io/model:latest", true),
            ("model", "a.azurecr.io/web:v1", false),
            ("model", "a.azurecr.io/model:v1", false),
            ("other", "a.azurecr.io/model", false),
        ] {
            let message = failing(quoted);
            let pod = Pod::of(&json!({
                "spec": {
                    "containers": [
                        {"name": "web", "image": "a.azurecr.io/web:v1", "volumeMounts": [{"name": mounted, "mountPath": "/m"}]},
                    ],
                    "volumes": [
                        {"name": "other", "emptyDir": {}}, {"name": "model", "image": {"reference": "a.azurecr.io/model"}},
                    ],
                },
                "status": {"containerStatuses": [
                    {"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff", "message": message}}},
                ]},
            }));
            let state = State::Failing { reason: "ImagePullBackOff".to_owned(), message };
            let expected = if of_volume { [state, State::NotYet] } else { [State::NotYet, state] };
            assert_eq!(
                pod.images.iter().map(|it| it.state.clone()).collect::<Vec<_>>(),
                expected,
                "{mounted} {quoted}"
            );
        }
    }

    #[test]
    fn an_image_is_listed_once_with_all_that_use_it() {
        let pod = Pod::of(&json!({
            "metadata": {"name": "web", "namespace": "shop", "ownerReferences": [{"controller": true, "uid": "a"}]},
            "spec": {
                "nodeName": "n1", "imagePullSecrets": [{"name": "a"}, {}, {"name": ""}],
                "initContainers": [{"name": "init", "image": "a.azurecr.io/web", "imagePullPolicy": "Always"}],
                "containers": [{"name": "web", "image": "a.azurecr.io/web"}, {"name": "other", "image": "b"}, {"name": "none"}],
                "volumes": [{"name": "data", "image": {"reference": "c"}}, {"name": "x", "emptyDir": {}}],
            },
            "status": {
                "phase": "Pending",
                "initContainerStatuses": [{"name": "init", "state": {"terminated": {}}}],
                "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "ErrImagePull"}}}],
            },
        }));
        let images: Vec<_> =
            pod.images.iter().map(|it| (it.reference.as_str(), it.users.join(", "))).collect();
        assert_eq!(
            images,
            [
                ("c", "volume data".to_owned()),
                ("a.azurecr.io/web", "init container init, container web".to_owned()),
                ("b", "container other".to_owned())
            ]
        );
        assert!(pod.is_failing() && pod.is_replaced && pod.pull_secrets == ["a"]);
    }
}
