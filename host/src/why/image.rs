//! The images of a pod, and what the kubelet reports about each: an error belongs to the image that it names.

use review::user_info::without_user_info;
use serde_json::Value;

use super::event::Event;
use super::kubelet::names;

/// Reasons of a container that waits for its image. kubelet: pkg/kubelet/images/types.go
pub(super) const PULL_REASONS: [&str; 7] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// Reasons of a container that is not started yet, whose image is not pulled yet either.
pub(super) const EARLY_REASONS: [&str; 3] = ["", "ContainerCreating", "PodInitializing"];

/// The reason of a container that ended with its pod, and may never have started. kubelet: `ContainerReasonStatusUnknown`
const STATUS_UNKNOWN: &str = "ContainerStatusUnknown";

/// The lists of containers, those of their statuses, and what one of them is.
pub(super) const CONTAINERS: [(&str, &str, ContainerKind); 3] = [
    ("/spec/initContainers", "/status/initContainerStatuses", ContainerKind::Init),
    ("/spec/containers", "/status/containerStatuses", ContainerKind::Main),
    ("/spec/ephemeralContainers", "/status/ephemeralContainerStatuses", ContainerKind::Ephemeral),
];

/// What a container of a pod is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContainerKind {
    Init,
    /// core/v1 `ContainerRestartPolicy`: an init container that goes on running
    Sidecar,
    Main,
    Ephemeral,
}

impl ContainerKind {
    fn noun(self) -> &'static str {
        match self {
            Self::Init => "init container",
            Self::Sidecar => "sidecar container",
            Self::Main => "container",
            Self::Ephemeral => "ephemeral container",
        }
    }
}

/// An image of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// As written
    pub reference: String,
    /// What uses it: `container web`
    pub users: Vec<String>,
    /// Whether no user of it may pull it: `imagePullPolicy: Never`
    pub is_never_pulled: bool,
    /// What pulls it again on the same node, because of `imagePullPolicy: Always`: `the next start of container web`
    pub next_pull: Option<String>,
    /// What the kubelet reports
    pub state: State,
}

/// What should have been filled in before an image came to the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// `{{ .Values.image }}`
    Helm,
    /// `$(REGISTRY)` or `${REGISTRY}`, which Kubernetes does not substitute in an image
    Variable,
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

impl Image {
    /// The reference, without a user name and a password, and without the query of a URL, which no valid reference has.
    pub fn shown(&self) -> String {
        let shown = without_user_info(&self.reference);
        match shown.split_once('?') {
            Some((name, _)) => format!("{name}?…"),
            None => shown.into_owned(),
        }
    }

    /// What is in the reference that should have been filled in.
    pub fn placeholder(&self) -> Option<Placeholder> {
        let has = |begin: &str| self.reference.contains(begin);
        match () {
            () if has("{{") => Some(Placeholder::Helm),
            () if has("$(") || has("${") => Some(Placeholder::Variable),
            () => None,
        }
    }

    /// Takes what is reported about another use of the image: one container may have started on an image that another does not get.
    fn learn(&mut self, state: State) {
        if matches!(state, State::Failing { .. }) || self.state == State::NotYet {
            self.state = state;
        }
    }
}

/// The images, each once, in the order in which the kubelet pulls them: those of volumes come first.
pub(super) fn images(pod: &Value) -> Vec<Image> {
    let list = |path: &str| pod.pointer(path).and_then(Value::as_array).into_iter().flatten();
    let mut images: Vec<Image> = Vec::new();
    let mut volumes = Vec::new();
    for volume in list("/spec/volumes") {
        let Some(image) = volume.get("image") else { continue };
        let name = volume["name"].as_str().unwrap_or_default();
        if let Some(reference) =
            add(&mut images, &image["reference"], &image["pullPolicy"], || format!("volume {name}"))
        {
            if image["pullPolicy"] == "Always" {
                learn_next(&mut images, reference, || format!("the next mount of volume {name}"));
            }
            volumes.push((name, reference));
        }
    }
    for (containers, statuses, kind) in CONTAINERS {
        for container in list(containers) {
            let is_sidecar = kind == ContainerKind::Init && container["restartPolicy"] == "Always";
            let kind = if is_sidecar { ContainerKind::Sidecar } else { kind };
            let noun = kind.noun();
            let name = container["name"].as_str().unwrap_or_default();
            let user = || format!("{noun} {name}");
            let Some(own) = add(&mut images, &container["image"], &container["imagePullPolicy"], user) else {
                continue;
            };
            let status = list(statuses).find(|status| status["name"] == container["name"]);
            if container["imagePullPolicy"] == "Always" && starts_again(pod, container, kind, status) {
                learn_next(&mut images, own, || format!("the next start of {noun} {name}"));
            }
            let state = status.map_or(State::NotYet, state);
            match &state {
                State::Failing { message, .. } => {
                    let named = named(&images, own, volumes.iter().map(|(_, image)| *image), message);
                    learn(&mut images, named, state);
                }
                State::Pulled => {
                    // The kubelet starts a container when it has the images of the volumes that it mounts.
                    let mounts = container["volumeMounts"].as_array();
                    let is_mounted =
                        |name: &str| mounts.is_some_and(|all| all.iter().any(|it| it["name"] == name));
                    for (_, image) in volumes.iter().filter(|(name, _)| is_mounted(name)) {
                        learn(&mut images, *image, State::Pulled);
                    }
                    learn(&mut images, own, state);
                }
                State::NotYet => {}
            }
        }
    }
    images
}

/// Adds a user of an image, and returns the place of the image.
fn add(
    images: &mut Vec<Image>,
    reference: &Value,
    policy: &Value,
    user: impl FnOnce() -> String,
) -> Option<usize> {
    let reference = reference.as_str().filter(|it| !it.is_empty())?;
    let is_never_pulled = policy == "Never";
    if let Some(at) = images.iter().position(|known| known.reference == reference) {
        let known = images.get_mut(at)?;
        known.users.push(user());
        known.is_never_pulled &= is_never_pulled;
        return Some(at);
    }
    images.push(Image {
        reference: reference.to_owned(),
        users: vec![user()],
        is_never_pulled,
        next_pull: None,
        state: State::NotYet,
    });
    Some(images.len() - 1)
}

/// Whether a container may start once more in this pod. core/v1 `RestartPolicy`: an init container that has done its work and an
/// ephemeral container do not.
fn starts_again(pod: &Value, container: &Value, kind: ContainerKind, status: Option<&Value>) -> bool {
    let own = container["restartPolicy"].as_str();
    let policy = own.or_else(|| pod.pointer("/spec/restartPolicy")?.as_str()).unwrap_or("Always");
    let has_worked =
        status.and_then(|status| status.pointer("/state/terminated/exitCode")).is_some_and(|code| code == 0);
    match kind {
        ContainerKind::Ephemeral => false,
        ContainerKind::Init => policy != "Never" && !has_worked,
        ContainerKind::Main | ContainerKind::Sidecar => {
            policy == "Always" || (policy == "OnFailure" && !has_worked)
        }
    }
}

fn learn_next(images: &mut [Image], at: usize, next: impl FnOnce() -> String) {
    if let Some(image) = images.get_mut(at) {
        image.next_pull.get_or_insert_with(next);
    }
}

fn learn(images: &mut [Image], at: usize, state: State) {
    if let Some(image) = images.get_mut(at) {
        image.learn(state);
    }
}

/// The image that an error of a container is about: its own, unless the error names the image of a volume. kubelet:
/// `toKubeContainerImageVolumes` gives the failed pull of a volume's image to each container that mounts the volume; before
/// Kubernetes 1.33, to each container.
fn named(images: &[Image], own: usize, volumes: impl Iterator<Item = usize>, message: &str) -> usize {
    let mut all = std::iter::once(own).chain(volumes);
    let does_name = |at: &usize| images.get(*at).is_some_and(|image| names(message, &image.reference));
    all.find(does_name).unwrap_or(own)
}

/// Adds what events say. Only they have the image of a volume that no container mounts, and a pull in a container that has not
/// started yet.
pub(super) fn learn_events(images: &mut [Image], events: &[Event]) {
    let last = |image: &Image| events.iter().rev().find(|event| event.is_about_image(&image.reference));
    // The messages of some container runtimes do not name the image, and those of the events do.
    for at in 0..images.len() {
        let Some(image) = images.get(at) else { continue };
        let State::Failing { message, .. } = &image.state else { continue };
        if message.is_empty() || last(image).is_some() || names(message, &image.reference) {
            continue;
        }
        let is_same = |other: &Image| {
            let failed = events.iter().find(|event| event.is_failed_pull_of(&other.reference));
            failed.is_some_and(|event| event.message.ends_with(message.as_str()))
        };
        let Some(other) = images.iter().position(is_same) else { continue };
        if let Some(image) = images.get_mut(at) {
            let state = std::mem::replace(&mut image.state, State::NotYet);
            learn(images, other, state);
        }
    }
    for image in images.iter_mut().filter(|image| image.state == State::NotYet) {
        let Some(event) = last(image) else { continue };
        image.state = if event.is_about_pull_of(&image.reference) {
            State::Pulled
        } else if event.is_failed_pull_of(&image.reference) {
            State::Failing { reason: "ErrImagePull".to_owned(), message: String::new() }
        } else {
            State::Failing { reason: "ImagePullBackOff".to_owned(), message: event.message.clone() }
        };
    }
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
        .filter_map(|path| status.pointer(path))
        .any(|state| !state.is_null() && state["reason"] != STATUS_UNKNOWN);
    let is_later = !EARLY_REASONS.contains(&reason);
    if has_run || is_later || !word("/imageID").is_empty() { State::Pulled } else { State::NotYet }
}

#[cfg(test)]
mod tests;
