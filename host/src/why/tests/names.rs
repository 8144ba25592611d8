//! A cause keeps the names of what it is about, however long they are.

use review::explanation::Explanation;
use review::pull::{ImagePull, PullResult};
use serde_json::{Value, json};

use super::super::event::Event;
use super::super::pod::Pod;
use super::super::{Facts, ImageFacts, cause};
use crate::pull::{ReadFailure, ReadFailures};

/// The secret, the `ServiceAccount` and the image.
type Names = [String; 3];

/// Names of 63 characters, which a label may have.
fn long() -> Names {
    let of = |begin: &str| format!("{begin}{}", "x".repeat(63 - begin.len()));
    [of("production-registry-"), of("payment-service-"), of("contoso.azurecr.io/shop/")]
}

fn short() -> Names {
    ["prod-key", "pay-sa", "contoso.azurecr.io/shop/p"].map(str::to_owned)
}

/// What the policy says about the secret: what kind of secret it is, with its key if it has one for the image.
fn explanation([secret, _, image]: &Names, state: &str, status: Option<&str>) -> Explanation {
    let path = image.split_once('/').map(|(_, path)| path);
    let key = |status: &str| {
        json!({
            "secret": secret, "key": format!("{}/v1/", "contoso.azurecr.io:443"), "status": status, "fails": status != "ok",
        })
    };
    let fails = status != Some("ok");
    serde_json::from_value(json!({
        "image": image, "reference": {"domain": "contoso.azurecr.io", "path": path, "tag": "v1"}, "needs": {"secret": secret},
        "secrets": [{"name": secret, "state": state, "reason": "its type is Opaque, and not kubernetes.io/dockerconfigjson"}],
        "tries": status.map(key).into_iter().collect::<Vec<_>>(),
        "outcome": {"state": if fails { "fails" } else { "works" }, "message": ""},
    }))
    .unwrap()
}

/// A situation: the container's state, its policy, the pod's phase, what is known of the secret, and who lists it.
struct Situation<'a> {
    state: &'a Value,
    policy: &'a str,
    phase: &'a str,
    secret: (&'a str, Option<&'a str>),
    is_of_account: bool,
    is_account_known: bool,
    is_asked: bool,
}

impl Situation<'_> {
    fn cause(&self, names: &Names) -> String {
        let [secret, account, image] = names;
        let mut pod = json!({
            "metadata": {"name": "pay", "namespace": "shop"},
            "spec": {
                "nodeName": "aks-nodepool1-12345678-vmss000001", "serviceAccountName": account, "imagePullSecrets": [{"name": secret}],
                "containers": [{"name": "payment-service", "image": image, "imagePullPolicy": self.policy}],
            },
            "status": {
                "phase": self.phase, "reason": "Evicted",
                "containerStatuses": [{"name": "payment-service", "state": self.state}],
            },
        });
        if self.is_of_account {
            pod["spec"]["imagePullSecrets"] = json!([]);
        }
        if self.phase == "Unscheduled" {
            pod["spec"]["nodeName"] = Value::Null;
        }
        let pod = Pod::of(&pod);
        let own = explanation(names, self.secret.0, self.secret.1);
        let (explanation, of_account) = if self.is_of_account {
            let none = Explanation { secrets: Vec::new(), tries: Vec::new(), ..own.clone() };
            (none, self.is_account_known.then_some(own))
        } else {
            (own, None)
        };
        let denied = if self.is_of_account {
            "contoso.azurecr.io allows no anonymous pull".to_owned()
        } else {
            format!(
                "contoso.azurecr.io denies the pull with what was tried, but secret {secret} may not be read by this login"
            )
        };
        let pull = self.is_asked.then(|| ImagePull {
            pointer: String::new(),
            image: image.clone(),
            result: PullResult::Denied,
            digest: None,
            size: None,
            platforms: Vec::new(),
            message: Some(denied),
            help: None,
            attempts: Vec::new(),
        });
        let image = pod.images[0].clone();
        let images = vec![ImageFacts {
            image,
            acr: Some("contoso".to_owned()),
            explanation,
            of_account,
            of_lower_case: None,
            pull,
        }];
        let account = self.is_account_known.then(|| json!({}));
        let events: Vec<Event> = Vec::new();
        let facts = Facts {
            pod,
            events,
            are_events_known: true,
            read_failures: ReadFailures {
                secrets: Vec::new(),
                account: (!self.is_account_known).then_some(ReadFailure::Forbidden),
            },
            clock: None,
            account,
            secrets: Vec::new(),
            images,
        };
        cause::of(&facts).message().to_owned()
    }
}

#[test]
fn long_names_are_in_each_cause_that_has_the_short_ones() {
    let expired = "its credential expired on 2020-01-31 at 00:00 UTC, 2404 days ago, according to annotation acr-pull-secret/expires";
    let back_off = |end: &str| {
        let message =
            format!("Back-off pulling image \"x\": ErrImagePull: rpc error: code = Unknown desc = {end}");
        json!({"waiting": {"reason": "ImagePullBackOff", "message": message}})
    };
    let odd = "an odd answer ".repeat(30);
    let said = [
        "unexpected status from POST request to https://contoso.azurecr.io/oauth2/token: 401 Unauthorized",
        "failed to fetch anonymous token: unexpected status: 401 Unauthorized",
        "insufficient_scope: authorization failed",
        "manifest unknown",
        "403 Forbidden",
        "no match for platform in manifest: not found",
        "no space left on device",
        "dial tcp 10.0.0.4:443: i/o timeout",
        odd.as_str(),
    ];
    let others = [json!({"running": {}}), json!({"waiting": {"reason": "ContainerCreating"}})];
    let never = json!({"waiting": {"reason": "ErrImageNeverPull", "message": "x"}});
    let states: Vec<Value> = said.into_iter().map(back_off).chain(others).chain([never]).collect();
    let secrets = [
        ("usable", Some("ok")),
        ("usable", Some(expired)),
        ("absent", None),
        ("ignored", None),
        ("malformed", None),
        ("unknown", None),
        ("usable", None),
    ];
    let (mut causes, mut has_names) = (0, [0; 3]);
    for state in &states {
        for secret in secrets {
            for phase in ["Running", "Failed", "Unscheduled"] {
                for flags in 0..16_u8 {
                    let [is_always, is_of_account, is_account_known, is_asked] =
                        [1, 2, 4, 8].map(|flag| flags & flag != 0);
                    let policy = if is_always { "Always" } else { "IfNotPresent" };
                    let situation =
                        Situation { state, policy, phase, secret, is_of_account, is_account_known, is_asked };
                    let (brief, full) = (situation.cause(&short()), situation.cause(&long()));
                    assert!(full.chars().count() <= 255, "{full}");
                    for (at, (short, long)) in short().iter().zip(&long()).enumerate() {
                        assert_eq!(brief.contains(short), full.contains(long), "{brief}\n{full}");
                        has_names[at] += usize::from(brief.contains(short));
                    }
                    causes += 1;
                }
            }
        }
    }
    // Each name is in many of them.
    assert!(has_names.iter().all(|count| count * 20 > causes), "{has_names:?} of {causes}");
}
