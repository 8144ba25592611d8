//! Static pods, which a file on a node describes: they have no `ServiceAccount`, and the credential of the node counts.

use serde_json::{Value, json};

use super::{IMAGE, POD, anonymous, answers, back_off, event, failed, pod, unauthorized, waiting, why};
use crate::kubectl::Stub;

/// The events are about the static pod, whose uid is another than that of the pod that mirrors it.
const EVENTS: &str = "get events --field-selector=involvedObject.uid=abc123 --output=json --namespace=shop";

fn mirror(image: &str, state: &Value) -> Value {
    let mut pod = pod(image, &[], state);
    pod["metadata"]["annotations"] =
        json!({"kubernetes.io/config.mirror": "abc123", "kubernetes.io/config.source": "file"});
    pod["metadata"]["ownerReferences"] =
        json!([{"controller": true, "kind": "Node", "name": "aks-pool-1", "uid": "33"}]);
    pod["spec"].as_object_mut().unwrap().remove("serviceAccountName");
    pod
}

fn stub(pod: &Value, events: &[Value]) -> Stub {
    Stub::new().objects(POD, std::slice::from_ref(pod)).objects(EVENTS, events)
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn the_credential_of_the_node_counts() {
    let running = || json!({"running": {"startedAt": "2026-07-31T03:00:00Z"}});
    let is_static = "the pod is a static pod, which uses no pull secrets, and";
    let give = "give the kubelet of node aks-pool-1 a credential for contoso.azurecr.io";
    let denied = failed(
        "pull access denied, repository does not exist or may require authorization: insufficient_scope: authorization failed",
    );
    let mut never = mirror(
        IMAGE,
        &waiting("ErrImageNeverPull", "Container image is not present with pull policy of Never"),
    );
    never["spec"]["containers"][0]["imagePullPolicy"] = "Never".into();
    let mut listing = mirror(IMAGE, &back_off());
    listing["spec"]["imagePullSecrets"] = json!([{"name": "acr-secret"}]);
    let present = event("Pulled", &format!("Container image \"{IMAGE}\" already present on machine"));
    for (name, pod, events, cause, help, can_pull) in [
        (
            "no credential",
            mirror(IMAGE, &back_off()),
            vec![anonymous()],
            format!("{is_static} the kubelet of node aks-pool-1 has no valid credential for contoso"),
            give,
            false,
        ),
        (
            "refused",
            mirror(IMAGE, &back_off()),
            vec![unauthorized()],
            format!(
                "{is_static} contoso.azurecr.io refuses the credential of the kubelet of node aks-pool-1"
            ),
            give,
            false,
        ),
        (
            "denied",
            mirror(IMAGE, &back_off()),
            vec![denied],
            format!("{is_static} contoso.azurecr.io has no repository shop/web, or refuses it"),
            give,
            false,
        ),
        (
            "401",
            mirror(IMAGE, &back_off()),
            vec![failed("unexpected status: 401 Unauthorized")],
            format!("{is_static} the kubelet of node aks-pool-1 has no valid"),
            give,
            false,
        ),
        (
            "a list, which is not used",
            listing,
            vec![anonymous()],
            format!("{is_static} the kubelet of node aks-pool-1 has no valid"),
            give,
            false,
        ),
        (
            "private image of Docker Hub",
            mirror(
                "docker.io/shop/web:v1",
                &waiting(
                    "ErrImagePull",
                    "pull access denied, repository does not exist or may require authorization: insufficient_scope",
                ),
            ),
            vec![],
            format!("{is_static} docker.io has no repository shop/web, or refuses it"),
            "give the kubelet of node aks-pool-1 a credential for docker.io",
            false,
        ),
        (
            "no image",
            mirror(IMAGE, &back_off()),
            vec![failed(&format!("{IMAGE}: not found"))],
            "contoso.azurecr.io has no image".to_owned(),
            "show-tags",
            false,
        ),
        (
            "never",
            never,
            vec![],
            "the pod has imagePullPolicy Never".to_owned(),
            "set imagePullPolicy: IfNotPresent in its manifest on node aks-pool-1",
            false,
        ),
        (
            "invalid",
            mirror("Contoso:v1", &waiting("InvalidImageName", "x")),
            vec![],
            "Contoso:v1 is not a valid image reference".to_owned(),
            "correct the image in its manifest on node aks-pool-1",
            false,
        ),
        (
            "runs",
            mirror(IMAGE, &running()),
            vec![present],
            "none: the node has contoso.azurecr.io/shop/web:v1".to_owned(),
            "",
            true,
        ),
    ] {
        let (answers, status) = answers(&stub(&pod, &events), &["web-5d8f7c9b6-x2k4p", "-n", "shop"]);
        let answer = &answers[0];
        assert!(answer["cause"].as_str().unwrap().starts_with(&cause), "{name}: {answer:#}");
        let said = answer["help"].as_str().unwrap_or_default();
        assert!(said.contains(help) && said.is_empty() == help.is_empty(), "{name}: {answer:#}");
        for useless in ["kubectl delete pod", "serviceaccount", "acr-pull-secret secret", "pod template"] {
            assert!(!said.contains(useless), "{name}: {answer:#}");
        }
        assert_eq!(
            (&answer["canPull"], status),
            (&json!(can_pull), Some(i32::from(!can_pull))),
            "{name}: {answer:#}"
        );
        assert_eq!(answer.get("serviceAccount"), None, "{name}: {answer:#}");
    }
}

#[test]
fn the_first_line_names_the_node() {
    let (out, status) = why(&stub(&mirror(IMAGE, &back_off()), &[anonymous()]), &[]);
    assert_eq!(status, Some(1));
    assert!(
        out.starts_with("Pod shop/web-5d8f7c9b6-x2k4p (Pending, static pod of node aks-pool-1)\n"),
        "{out}"
    );
}

/// What is not the uid of a pod does not get into the selector.
#[test]
fn an_annotation_that_is_no_uid_is_not_asked_for() {
    let mut pod = mirror(IMAGE, &back_off());
    pod["metadata"]["annotations"]["kubernetes.io/config.mirror"] = "x,reason=y".into();
    let stub = Stub::new().objects(POD, &[pod]).objects(super::EVENTS, &[anonymous()]);
    let (out, _) = why(&stub, &[]);
    assert!(out.contains("the kubelet of node aks-pool-1 has no valid credential"), "{out}");
}
