//! What a pod pulls: its images, with which pull secrets, for which platform.

use serde_json::Value;

use crate::registry::Platform;

/// The lists of containers in a pod spec.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// What the entries of the lists with images are, as the policy's messages call them.
const ENTRIES: [(&str, &str); 4] = [
    ("initContainers", "init container"),
    ("containers", "container"),
    ("ephemeralContainers", "ephemeral container"),
    ("volumes", "volume"),
];

/// What uses the image at a pointer in the pod: `container "web"`.
pub(super) fn user(pod: &Value, pointer: &str) -> Option<String> {
    let (list, rest) = pointer.strip_prefix("/spec/")?.split_once('/')?;
    let (_, noun) = ENTRIES.into_iter().find(|(name, _)| *name == list)?;
    let (index, _) = rest.split_once('/')?;
    let name = pod.pointer(&format!("/spec/{list}/{index}/name")).and_then(Value::as_str);
    Some(format!("{noun} {:?}", name.unwrap_or_default()))
}

/// The images that the kubelet pulls, each with its pointer in the pod. With `imagePullPolicy: Never` it pulls none.
pub(super) fn images(pod: &Value) -> Vec<(String, &str)> {
    let list = |name: &'static str| {
        let entries = pod.pointer(&format!("/spec/{name}")).and_then(Value::as_array);
        entries.into_iter().flatten().enumerate().map(move |(i, entry)| (format!("/spec/{name}/{i}"), entry))
    };
    let containers = CONTAINERS.into_iter().flat_map(list);
    let containers = containers
        .map(|(at, container)| (at + "/image", container.get("image"), container.get("imagePullPolicy")));
    let volumes = list("volumes").filter_map(|(at, volume)| {
        let image = volume.get("image")?;
        Some((at + "/image/reference", image.get("reference"), image.get("pullPolicy")))
    });
    let pulled = containers
        .chain(volumes)
        .filter(|(_, _, policy)| policy.and_then(Value::as_str).is_none_or(|policy| policy != "Never"));
    pulled
        .filter_map(|(at, image, _)| Some((at, image?.as_str().filter(|image| !image.is_empty())?)))
        .collect()
}

/// The names of its pull secrets. The kubelet skips an entry without one.
pub(super) fn pull_secrets(pod: &Value) -> Vec<String> {
    let entries = pod.pointer("/spec/imagePullSecrets").and_then(Value::as_array).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.get("name")?.as_str());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The name of its `ServiceAccount`.
pub(super) fn service_account(pod: &Value) -> &str {
    let spec = pod.get("spec").and_then(Value::as_object);
    spec.map_or("default", review::admission::service_account)
}

/// The platform of the nodes that its node selector allows, or else `default`.
pub fn platform(pod: &Value, default: &Platform) -> Platform {
    let selected = |label: &str| {
        let value = pod.get("spec")?.get("nodeSelector")?.get(label)?.as_str()?;
        Some(value.to_owned())
    };
    let os =
        selected("kubernetes.io/os").or_else(|| Some(pod.pointer("/spec/os/name")?.as_str()?.to_owned()));
    let architecture = selected("kubernetes.io/arch");
    let is_default = os.as_ref().is_none_or(|os| *os == default.os)
        && architecture.as_ref().is_none_or(|architecture| *architecture == default.architecture);
    if is_default {
        return default.clone();
    }
    Platform {
        os: os.unwrap_or_else(|| default.os.clone()),
        architecture: architecture.unwrap_or_else(|| default.architecture.clone()),
        variant: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{images, platform, pull_secrets, user};
    use crate::registry::Platform;

    #[test]
    fn what_the_kubelet_pulls_is_found() {
        let pod = json!({"spec": {
            "containers": [{"image": "a"}, {"image": "b", "imagePullPolicy": "Never"}, {"image": ""}, {}],
            "initContainers": [{"image": "c", "imagePullPolicy": "IfNotPresent"}],
            "volumes": [{"image": {"reference": "d"}}, {"image": {"reference": "e", "pullPolicy": "Never"}}, {"emptyDir": {}}],
            "imagePullSecrets": [{"name": "one"}, {}, {"name": ""}, null, {"name": "two"}],
        }});
        let found: Vec<_> = images(&pod).into_iter().map(|(at, image)| format!("{at} {image}")).collect();
        assert_eq!(
            found,
            [
                "/spec/initContainers/0/image c",
                "/spec/containers/0/image a",
                "/spec/volumes/0/image/reference d"
            ]
        );
        assert_eq!(pull_secrets(&pod), ["one", "two"]);
    }

    #[test]
    fn an_image_has_a_user() {
        let pod = json!({"spec": {
            "containers": [{"name": "a"}, {"name": "b \"c\""}, {}],
            "initContainers": [{"name": "i"}],
            "ephemeralContainers": [{"name": "e"}],
            "volumes": [{"name": "v", "image": {"reference": "d"}}],
        }});
        for (pointer, expected) in [
            ("/spec/containers/0/image", Some(r#"container "a""#)),
            ("/spec/containers/1/image", Some(r#"container "b \"c\"""#)),
            ("/spec/containers/2/image", Some(r#"container """#)),
            ("/spec/initContainers/0/image", Some(r#"init container "i""#)),
            ("/spec/ephemeralContainers/0/image", Some(r#"ephemeral container "e""#)),
            ("/spec/volumes/0/image/reference", Some(r#"volume "v""#)),
            ("/spec/other/0/image", None),
            ("", None),
        ] {
            assert_eq!(user(&pod, pointer).as_deref(), expected, "{pointer}");
        }
    }

    #[test]
    fn a_pod_for_other_nodes_is_for_another_platform() {
        let arm = || "linux/arm64/v8".parse::<Platform>().unwrap();
        for (spec, expected) in [
            (json!({}), "linux/arm64/v8"),
            (json!({"nodeSelector": {"kubernetes.io/arch": "arm64"}}), "linux/arm64/v8"),
            (json!({"nodeSelector": {"kubernetes.io/arch": "amd64"}}), "linux/amd64"),
            (
                json!({"nodeSelector": {"kubernetes.io/os": "windows", "kubernetes.io/arch": "amd64"}}),
                "windows/amd64",
            ),
            (json!({"os": {"name": "windows"}}), "windows/arm64"),
        ] {
            assert_eq!(platform(&json!({"spec": spec}), &arm()).to_string(), expected);
        }
    }
}
