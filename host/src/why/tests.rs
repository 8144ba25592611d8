//! What an answer of a registry proves about a pod, where the registry has the port of a login server.

use review::explanation::Explanation;
use review::pull::{AttemptResult, ImagePull, PullAttempt, PullResult};
use serde_json::{Value, json};

use super::event::Event;
use super::pod::Pod;
use super::secret::Secret;
use super::{Facts, ImageFacts, cause};
use crate::pull::ReadFailures;

mod names;

const IMAGE: &str = "contoso.azurecr.io/shop/web:v1";

fn attempt(secret: Option<&str>, result: AttemptResult) -> PullAttempt {
    PullAttempt {
        secret: secret.map(str::to_owned),
        key: secret.map(|_| "contoso.azurecr.io".to_owned()),
        result,
        answer: "401".to_owned(),
    }
}

/// These attempts at the registry of the image, which denies it.
fn pull(attempts: Vec<PullAttempt>) -> ImagePull {
    ImagePull {
        pointer: String::new(),
        image: IMAGE.to_owned(),
        result: PullResult::Denied,
        digest: None,
        size: None,
        platforms: Vec::new(),
        message: Some("contoso.azurecr.io denies it".to_owned()),
        help: Some("list a pull secret".to_owned()),
        attempts,
    }
}

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
    let pull = pull(attempts);
    let images = pod.images.iter().cloned().map(|image| ImageFacts {
        image,
        acr: Some("contoso".to_owned()),
        explanation: explanation.clone(),
        of_account: None,
        of_lower_case: None,
        pull: Some(pull.clone()),
    });
    Facts {
        images: images.collect(),
        pod,
        events: Vec::new(),
        are_events_known: true,
        read_failures: ReadFailures::default(),
        clock: None,
        account: Some(json!({})),
        secrets: Vec::new(),
    }
}

#[test]
fn a_denied_anonymous_pull_is_no_answer_to_a_node_with_an_identity() {
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
        assert!(found.message().starts_with(cause), "{state} {secrets}: {found:?}");
        assert_eq!(facts.can_pull(), can_pull, "{state} {secrets}: {found:?}");
    }
}

/// An answer that a firewall, a busy registry or a wrong address gives confirms nothing of what the kubelet reports.
#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn a_registry_that_does_not_answer_confirms_nothing() {
    const REASON: &str = "contoso.azurecr.io is busy: HTTP 429";
    const AGAIN: &str = "from a network that reaches the registry, see what it answers: acr-pull-secret why web -n shop --pull";
    let back_off = |end: &str| {
        let message = format!(
            "Back-off pulling image \"{IMAGE}\": ErrImagePull: rpc error: code = Unknown desc = {end}"
        );
        json!({"waiting": {"reason": "ImagePullBackOff", "message": message}})
    };
    let key =
        |secret: &str| json!({"secret": secret, "key": "contoso.azurecr.io", "status": "ok", "fails": false});
    let usable = json!([{"name": "acr-secret", "state": "usable"}, {"name": "other", "state": "usable"}]);
    let unauthorized =
        "unexpected status from POST request to https://contoso.azurecr.io/oauth2/token: 401 Unauthorized";
    let written = |time: &str| {
        Secret::of(&json!({
            "metadata": {"name": "acr-secret", "creationTimestamp": time}, "type": "kubernetes.io/dockerconfigjson",
        }))
    };
    let event = |reason: &str, message: String, time: &str| json!({"reason": reason, "message": message, "lastTimestamp": time});
    let failed = || {
        event("Failed", format!("Failed to pull image \"{IMAGE}\": {unauthorized}"), "2026-07-31T03:00:00Z")
    };
    let later = || event("BackOff", format!("Back-off pulling image \"{IMAGE}\""), "2026-07-31T04:00:00Z");
    for (end, tries, secret, events, cause) in [
        (unauthorized, vec![key("acr-secret")], None, vec![], "contoso.azurecr.io refuses the credential of"),
        (
            unauthorized,
            vec![key("acr-secret"), key("other")],
            None,
            vec![],
            "contoso.azurecr.io refuses the 2 credentials of secrets acr-secret and other",
        ),
        (
            "insufficient_scope: authorization failed",
            vec![key("acr-secret")],
            None,
            vec![],
            "contoso.azurecr.io refuses repository shop/web",
        ),
        (
            "failed to fetch anonymous token: unexpected status: 401 Unauthorized",
            vec![key("acr-secret")],
            None,
            vec![],
            "not known: the kubelet's last attempt had no credential",
        ),
        (
            "image does not have the proper credentials",
            vec![key("acr-secret")],
            None,
            vec![],
            "node node has contoso.azurecr.io/shop/web:v1, and gives it only to pods",
        ),
        ("odd", vec![key("acr-secret")], None, vec![], "not known, and the kubelet reports"),
        (
            unauthorized,
            vec![key("acr-secret")],
            written("2026-07-31T03:00:00Z"),
            vec![failed(), later()],
            "the pull of contoso.azurecr.io/shop/web:v1 still fails since secret acr-secret was written",
        ),
        (
            unauthorized,
            vec![key("acr-secret")],
            written("2026-07-31T03:10:00Z"),
            vec![failed()],
            "not known: secret acr-secret was written at 2026-07-31T03:10:00Z, which is in the future",
        ),
    ] {
        let mut facts = facts(&back_off(end), &usable, &json!(tries), Vec::new());
        facts.secrets = secret.into_iter().collect();
        facts.events = Event::all(&events);
        let image = &mut facts.images[0];
        image.explanation.outcome = serde_json::from_value(json!({"state": "works", "message": ""})).unwrap();
        image.pull = None;
        let unasked = cause::of(&facts);
        for answers in [vec![AttemptResult::Unreachable], vec![]] {
            let attempts = answers.into_iter().map(|result| attempt(Some("acr-secret"), result)).collect();
            facts.images[0].pull = Some(ImagePull {
                result: PullResult::Unreachable,
                message: Some(REASON.to_owned()),
                ..pull(attempts)
            });
            let found = cause::of(&facts);
            assert!(
                found.message().starts_with(cause) && unasked.message().starts_with(cause),
                "{end}: {found:?}"
            );
            assert!(
                found.message().contains(&format!("no answer from the registry: {REASON}")),
                "{end}: {found:?}"
            );
            assert_eq!(found.help(), AGAIN, "{end}");
            // What follows the quotation is not said by the kubelet.
            assert!(!found.message().contains(&format!("{end}, and")), "{end}: {found:?}");
            assert!(!facts.can_pull(), "{end}");
        }
        // What it refuses is confirmed, also where a later attempt gets no answer.
        let attempts = [AttemptResult::Unauthorized, AttemptResult::Unreachable];
        facts.images[0].pull = Some(ImagePull {
            result: PullResult::Unreachable,
            ..pull(attempts.map(|result| attempt(Some("acr-secret"), result)).to_vec())
        });
        let found = cause::of(&facts);
        assert!(
            !found.message().contains("no answer") && !found.help().contains("--pull"),
            "{end}: {found:?}"
        );
    }
}
