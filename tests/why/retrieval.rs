//! Pull secrets that the kubelet could not retrieve, and those that this login may not read.

use serde_json::{Value, json};

use super::consistency::assert_consistent;
use super::{
    ACCOUNT, EVENTS, IMAGE, POD, account, ago, anonymous, answers, back_off, event, expired, pod, row,
    secrets, unauthorized, valid,
};
use crate::kubectl::Stub;

/// What kubectl says about a secret.
enum Said {
    Is(Value),
    Absent,
    Forbidden,
}

use Said::{Absent, Forbidden, Is};

/// The pod in trouble whose secrets are these, in this order.
fn answer(events: &[Value], found: &[(&str, Said)]) -> (Value, Option<i32>) {
    let listed: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    let mut names = listed.clone();
    names.sort_unstable();
    let all = secrets(&names.join(" "));
    let stub = Stub::new()
        .objects(POD, &[pod(IMAGE, &listed, &back_off())])
        .objects(EVENTS, events)
        .objects(ACCOUNT, &[account(&[])]);
    let of_all = |stub: Stub| {
        let is = |(_, said): &(&str, Said)| if let Is(secret) = said { Some(secret.clone()) } else { None };
        stub.objects(&all, &found.iter().filter_map(is).collect::<Vec<_>>())
    };
    let stub = if found.iter().any(|(_, said)| matches!(said, Forbidden)) {
        found.iter().filter(|_| found.len() > 1).fold(stub.forbids(&all, "secrets"), |stub, (name, said)| {
            match said {
                Is(secret) => stub.objects(&secrets(name), std::slice::from_ref(secret)),
                Absent => stub.objects(&secrets(name), &[]),
                Forbidden => stub.forbids(&secrets(name), "secrets"),
            }
        })
    } else {
        of_all(stub)
    };
    let (answers, status) = answers(&stub, &["web-5d8f7c9b6-x2k4p", "-n", "shop"]);
    (answers[0].clone(), status)
}

fn unretrieved(names: &str, time: &str) -> Value {
    let message = format!(
        "Unable to retrieve some image pull secrets ({names}); attempting to pull the image may not succeed."
    );
    let mut event = event("FailedToRetrieveImagePullSecret", &message);
    event["lastTimestamp"] = time.into();
    event
}

fn created(mut secret: Value, time: &str) -> Value {
    secret["metadata"]["creationTimestamp"] = time.into();
    secret
}

const ATTEMPT: &str = "2026-07-31T03:04:05Z";

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn a_secret_that_the_kubelet_could_not_retrieve_has_its_cause() {
    let missed = |names: &str| unretrieved(names, ATTEMPT);
    let old = || valid("acr-secret");
    for (name, events, found, cause, states, help, status) in [
        (
            "forbidden",
            vec![missed("acr-secret"), anonymous()],
            vec![("acr-secret", Forbidden)],
            "the kubelet could not retrieve secret acr-secret, which the pod lists",
            &["unknown"][..],
            "| kubectl create -f -",
            1,
        ),
        (
            "forbidden, and the kubelet has it",
            vec![anonymous()],
            vec![("acr-secret", Forbidden)],
            "not known, because secret acr-secret cannot be read",
            &["unknown"],
            "run this with a login that may read secret acr-secret",
            1,
        ),
        (
            "absent",
            vec![missed("acr-secret"), anonymous()],
            vec![("acr-secret", Absent)],
            "secret acr-secret, which the pod lists, does not exist in namespace shop",
            &["absent"],
            "| kubectl create -f -",
            1,
        ),
        (
            "created since",
            vec![missed("acr-secret"), anonymous()],
            vec![("acr-secret", Is(created(old(), &ago(1))))],
            "secret acr-secret was created at ",
            &["usable"],
            "kubectl delete pod",
            0,
        ),
        (
            "created since, and no other event",
            vec![missed("acr-secret")],
            vec![("acr-secret", Is(created(old(), &ago(1))))],
            "secret acr-secret was created at ",
            &["usable"],
            "kubectl delete pod",
            0,
        ),
        (
            "existed then",
            vec![missed("acr-secret"), anonymous()],
            vec![("acr-secret", Is(old()))],
            "the kubelet could not retrieve secret acr-secret at 2026-07-31T03:04:05Z, although it was created at 2026-07-01T00:00:00Z",
            &["usable"],
            "kubectl delete pod",
            1,
        ),
        (
            "retrieved since",
            vec![unretrieved("acr-secret", "2026-07-31T02:51:00Z"), unauthorized()],
            vec![("acr-secret", Is(old()))],
            "contoso.azurecr.io refuses the credential of secret acr-secret",
            &["usable"],
            "--pull",
            1,
        ),
        (
            "another one is named",
            vec![missed("other"), unauthorized()],
            vec![("other", Forbidden), ("acr-secret", Is(old()))],
            "contoso.azurecr.io refuses the credential of secret acr-secret",
            &["unknown", "usable"],
            "--pull",
            1,
        ),
        (
            "the other has expired",
            vec![missed("other"), unauthorized()],
            vec![("acr-secret", Is(expired())), ("other", Forbidden)],
            "key contoso.azurecr.io of secret acr-secret: its credential expired",
            &["failing", "unknown"],
            "acr-pull-secret secret --merge",
            1,
        ),
        (
            "the second of two that are forbidden",
            vec![missed("acr-secret"), anonymous()],
            vec![("other", Forbidden), ("acr-secret", Forbidden)],
            "the kubelet could not retrieve secret acr-secret, which the pod lists",
            &["unknown", "unknown"],
            "--name acr-secret",
            1,
        ),
        (
            "a credential of the other was sent",
            vec![missed("acr-secret"), unauthorized()],
            vec![("other", Forbidden), ("acr-secret", Forbidden)],
            "not known, because secret other cannot be read",
            &["unknown", "unknown"],
            "run this with a login that may read secret other",
            1,
        ),
        (
            "absent beside a forbidden one",
            vec![anonymous()],
            vec![("other", Forbidden), ("acr-secret", Absent)],
            "secret acr-secret, which the pod lists, does not exist in namespace shop",
            &["unknown", "absent"],
            "--name acr-secret",
            1,
        ),
        (
            "absent beside a forbidden one, whose credential was sent",
            vec![unauthorized()],
            vec![("other", Forbidden), ("acr-secret", Absent)],
            "not known, because secret other cannot be read",
            &["unknown", "absent"],
            "run this with a login that may read secret other",
            1,
        ),
        (
            "created beside one that is refused",
            vec![unauthorized()],
            vec![("acr-secret", Is(old())), ("other", Is(created(valid("other"), &ago(1))))],
            "fixed since the kubelet's last attempt: contoso.azurecr.io/shop/web:v1 can be pulled now with key \
             contoso.azurecr.io of secret other",
            &["usable", "usable"],
            "kubectl delete pod",
            0,
        ),
    ] {
        let (answer, ended) = self::answer(&events, &found);
        let said = answer["cause"].as_str().unwrap();
        assert!(said.starts_with(cause), "{name}: {answer:#}");
        let late =
            format!(", after the kubelet could not retrieve it at {ATTEMPT}, so {IMAGE} can be pulled now");
        assert_eq!(said.ends_with(&late), name.starts_with("created since"), "{name}: {answer:#}");
        assert_eq!((ended, &answer["canPull"]), (Some(status), &json!(status == 0)), "{name}: {answer:#}");
        assert!(answer["help"].as_str().unwrap().contains(help), "{name}: {answer:#}");
        let image = &answer["images"][0];
        let secrets = image["secrets"].as_array().unwrap();
        assert!(secrets.iter().map(|secret| &secret["state"]).eq(states), "{name}: {answer:#}");
        for secret in secrets {
            assert_consistent(secret, image, said, name);
        }
    }
}

/// Nothing is sent, because a key of the secret may match.
#[test]
fn with_pull_a_secret_that_may_not_be_read_is_named() {
    let stub = Stub::new()
        .objects(POD, &[pod(IMAGE, &["acr-secret"], &back_off())])
        .objects(EVENTS, &[anonymous()])
        .objects(ACCOUNT, &[account(&[])])
        .forbids(&secrets("acr-secret"), "secrets");
    let (out, talk, status) = stub.run(&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop", "--pull"]);
    assert_eq!(status, Some(1), "{out}{talk}");
    assert_eq!(row(&out, "registry"), "secret acr-secret may not be read by this login", "{out}");
    assert!(row(&out, "cause").starts_with("not known, because secret acr-secret cannot be read"), "{out}");
}
