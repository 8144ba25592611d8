//! What an answer of a registry proves about a pod, where the registry has the port of a login server.

use review::explanation::Explanation;
use review::pull::{AttemptResult, ImagePull, PullAttempt, PullResult};
use serde_json::{Value, json};

use super::pod::Pod;
use super::{Facts, ImageFacts, cause};

mod names;

const IMAGE: &str = "contoso.azurecr.io/shop/web:v1";

/// A pod whose only image has this state, these secrets and these keys, with the attempts at its registry.
fn facts(state: &Value, secrets: &Value, tries: &Value, attempts: Vec<PullAttempt>) -> Facts {
    let pod = Pod::of(&json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "nodeName": "node", "serviceAccountName": "web", "imagePullSecrets": [],
            "containers": [{"name": "web", "image": IMAGE, "imagePullPolicy": "IfNotPresent"}],
        },
        "status": {"phase": "Pending", "containerStatuses": [{"name": "web", "state": state}]},
    }));
    let explanation: Explanation = serde_json::from_value(json!({
        "image": IMAGE, "reference": {"domain": "contoso.azurecr.io", "path": "shop/web", "tag": "v1"}, "needs": {"secret": "acr-secret"},
        "secrets": secrets, "tries": tries, "outcome": {"state": "fails", "message": "will fail"},
    }))
    .unwrap();
    let pull = ImagePull {
        pointer: String::new(),
        image: IMAGE.to_owned(),
        result: PullResult::Denied,
        digest: None,
        size: None,
        platforms: Vec::new(),
        message: Some("contoso.azurecr.io denies it".to_owned()),
        help: Some("list a pull secret".to_owned()),
        attempts,
    };
    let images = pod.images.iter().cloned().map(|image| ImageFacts {
        image,
        acr: Some("contoso".to_owned()),
        explanation: explanation.clone(),
        of_account: None,
        pull: Some(pull.clone()),
    });
    Facts {
        images: images.collect(),
        pod,
        events: Vec::new(),
        are_events_known: true,
        clock: None,
        account: Some(json!({})),
        is_account_known: true,
        secrets: Vec::new(),
    }
}

#[test]
fn a_denied_anonymous_pull_is_no_answer_to_a_node_with_an_identity() {
    let attempt = |secret: Option<&str>, result| PullAttempt {
        secret: secret.map(str::to_owned),
        key: secret.map(|_| "contoso.azurecr.io".to_owned()),
        result,
        answer: "401".to_owned(),
    };
    let anonymous = || vec![attempt(None, AttemptResult::Unauthorized)];
    let refused = || vec![attempt(Some("acr-secret"), AttemptResult::Unauthorized)];
    let failing = json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}});
    let (running, waiting) = (json!({"running": {}}), json!({"waiting": {"reason": "ContainerCreating"}}));
    let absent = json!([{"name": "acr-secret", "state": "absent"}]);
    let usable = json!([{"name": "acr-secret", "state": "usable"}]);
    let key = json!([{"secret": "acr-secret", "key": "contoso.azurecr.io", "status": "ok", "fails": false}]);
    let none = json!([]);
    for (state, secrets, tries, attempts, cause, can_pull) in [
        (
            &failing,
            &none,
            &none,
            anonymous(),
            "neither the pod nor ServiceAccount web lists a pull secret",
            false,
        ),
        (
            &failing,
            &absent,
            &none,
            anonymous(),
            "secret acr-secret, which the pod lists, does not exist",
            false,
        ),
        (
            &running,
            &none,
            &none,
            anonymous(),
            "none: the node has contoso.azurecr.io/shop/web:v1, and a pod on another node gets it only if",
            true,
        ),
        (&waiting, &none, &none, anonymous(), "none so far: the kubelet reports nothing about contoso", true),
        (&failing, &usable, &key, refused(), "contoso.azurecr.io denies it", false),
        (
            &running,
            &usable,
            &key,
            refused(),
            "contoso.azurecr.io denies it, so container web gets its image on another node only if the identity",
            false,
        ),
        (&waiting, &usable, &key, refused(), "contoso.azurecr.io denies it", false),
    ] {
        let facts = facts(state, secrets, tries, attempts);
        let found = cause::of(&facts);
        assert!(found.message.starts_with(cause), "{state} {secrets}: {found:?}");
        assert_eq!(facts.can_pull(), can_pull, "{state} {secrets}: {found:?}");
    }
}
