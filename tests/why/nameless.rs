//! Entries of `imagePullSecrets` without a name: the kubelet skips them, and the API server adds none of the `ServiceAccount`.

use serde_json::{Value, json};

use super::fixes::{fix, fix_and_then};
use super::{ACCOUNT, EVENTS, IMAGE, POD, account, anonymous, answers, back_off, expired, pod, valid};
use crate::kubectl::{Stub, secret};

fn with_list(list: &Value) -> Value {
    let mut pod = pod(IMAGE, &[], &back_off());
    pod["spec"]["imagePullSecrets"] = list.clone();
    pod
}

/// To delete the pod would not help: its template has the entry.
#[test]
fn the_entry_is_removed_from_the_template() {
    let remove =
        "remove the entry without a name from imagePullSecrets in the pod template, and create the pod again";
    let both = "remove the entry without a name from imagePullSecrets in the pod template and in ServiceAccount web, and create the pod again";
    let keeps = "the pod's imagePullSecrets has only an entry without a name, which keeps the pod from getting secret acr-secret of ServiceAccount web";
    let other = secret("acr-secret", "quay.io", ("reader", "x"), &Value::Null);
    let mut malformed = valid("acr-secret");
    malformed["data"] = json!({".dockerconfigjson": "e30gfQ=="});
    let mut made = expired();
    made["metadata"]["ownerReferences"] = json!([{"kind": "ExternalSecret", "name": "acr", "uid": "7"}]);
    let listed = account(&["acr-secret"]);
    let mut nameless_too = account(&["acr-secret"]);
    nameless_too["imagePullSecrets"].as_array_mut().unwrap().push(json!({}));
    let mut nameless = account(&[]);
    nameless["imagePullSecrets"] = json!([{"name": ""}]);
    for (name, account, found, cause, [help, then]) in [
        ("usable", &listed, vec![valid("acr-secret")], keeps, [remove, ""]),
        ("usable, and an entry there too", &nameless_too, vec![valid("acr-secret")], keeps, [both, ""]),
        (
            "none",
            &account(&[]),
            vec![],
            "neither the pod nor ServiceAccount web lists a pull secret",
            ["kubectl ", remove],
        ),
        (
            "none but such an entry",
            &nameless,
            vec![],
            "neither the pod nor ServiceAccount web lists a pull secret",
            ["kubectl ", both],
        ),
        (
            "absent",
            &listed,
            vec![],
            "the pod has no pull secret, and ServiceAccount web lists secret acr-secret, which does not exist",
            ["kubectl ", remove],
        ),
        (
            "expired",
            &listed,
            vec![expired()],
            "the pod has no pull secret, and ServiceAccount web lists key",
            ["kubectl ", remove],
        ),
        (
            "malformed",
            &listed,
            vec![malformed],
            "the pod has no pull secret, and ServiceAccount web lists secret",
            ["kubectl ", remove],
        ),
        (
            "of another registry",
            &listed,
            vec![other],
            "the pod has no pull secret, and ServiceAccount web lists no",
            ["kubectl ", remove],
        ),
        (
            "expired, of a controller",
            &listed,
            vec![made],
            "the pod has no pull secret, and ServiceAccount web lists key",
            [
                &format!(
                    "change the credential for contoso.azurecr.io in the source of secret acr-secret, whose controller would undo another \
                     change, and {remove}"
                ),
                "",
            ],
        ),
    ] {
        for list in [json!([{}]), json!([{"name": ""}]), json!([{"name": ""}, {}])] {
            let mut bare = with_list(&list);
            bare["metadata"].as_object_mut().unwrap().remove("ownerReferences");
            for pod in [with_list(&list), bare] {
                let [message, first, last] = fix_and_then(&pod, &[anonymous()], account, &found, &[]);
                assert!(message.starts_with(cause), "{name}: {message}");
                assert!(
                    if then.is_empty() { first == help } else { first.contains(help) },
                    "{name}: {first}"
                );
                assert_eq!(last, then, "{name}");
                assert!(!first.contains("kubectl delete"), "{name}: {first}");
            }
        }
    }
}

/// A name beside it counts.
#[test]
fn an_entry_without_a_name_beside_another_is_skipped() {
    let pod = with_list(&json!([{}, {"name": "acr-secret"}]));
    let (message, help) = fix(&pod, &[anonymous()], &account(&["other"]), &[expired()], &[]);
    assert!(
        message.starts_with("key contoso.azurecr.io of secret acr-secret: its credential expired"),
        "{message}"
    );
    assert!(!help.contains("entry"), "{help}");
}

/// What the `ServiceAccount` lists makes no difference.
#[test]
fn a_service_account_that_may_not_be_read_does_not_hide_the_entry() {
    let stub = Stub::new()
        .objects(POD, &[with_list(&json!([{}]))])
        .objects(EVENTS, &[anonymous()])
        .forbids(ACCOUNT, "serviceaccounts");
    let (answers, _) = answers(&stub, &["web-5d8f7c9b6-x2k4p", "-n", "shop"]);
    let cause = answers[0]["cause"].as_str().unwrap();
    assert!(cause.starts_with("the pod's imagePullSecrets has only an entry without a name"), "{answers:#}");
    let help = answers[0]["help"].as_str().unwrap();
    assert!(help.starts_with("write the name of a pull secret into the entry in the pod template"), "{help}");
}
