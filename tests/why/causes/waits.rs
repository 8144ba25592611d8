//! What a pod waits for now, beside what its images need.

use serde_json::{Value, json};

use super::super::{
    ACCOUNT, EVENTS, IMAGE, POD, account, answers, back_off, event, expired, pod, secrets, unauthorized,
    waiting,
};
use super::{Case, check, running};
use crate::kubectl::{Stub, secret};

const OTHER: &str = "contoso.azurecr.io/shop/other:v1";

fn at(time: &str, mut event: Value) -> Value {
    event["lastTimestamp"] = format!("2026-07-31T{time}Z").into();
    event
}

fn of_another_registry() -> Value {
    secret("acr-secret", "fabrikam.azurecr.io", ("reader", super::PASSWORD), &Value::Null)
}

fn creating() -> Value {
    pod(IMAGE, &["acr-secret"], &waiting("ContainerCreating", ""))
}

/// A pod with this other container, whose own one waits for it.
fn beside(list: &str, statuses: &str, more: &Value, state: &Value) -> Value {
    let mut pod = pod(IMAGE, &["acr-secret"], &waiting("PodInitializing", ""));
    let mut other = json!({"name": "other", "image": OTHER});
    other.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    for (path, entry) in
        [("/spec", (list, other)), ("/status", (statuses, json!({"name": "other", "state": state})))]
    {
        let lists = pod.pointer_mut(path).unwrap();
        if lists.get(entry.0).is_none() {
            lists[entry.0] = json!([]);
        }
        lists[entry.0].as_array_mut().unwrap().push(entry.1);
    }
    pod
}

/// Events last an hour, so one of a volume that was mounted since is still there.
#[test]
fn what_is_over_is_not_what_the_pod_waits_for() {
    const PULLING: &str =
        "the kubelet has been pulling contoso.azurecr.io/shop/web:v1 since 2026-07-31T08:20:00Z";
    const INIT: &str = "init container other still runs";
    const FAILS: &str = ", and the pull for container web fails unless the identity of its node may pull: key contoso.azurecr.io of secret";
    let pulling = at("08:20:00", event("Pulling", &format!("Pulling image \"{IMAGE}\"")));
    let started = at("08:20:00", event("Started", "Started container other"));
    let init = || beside("initContainers", "initContainerStatuses", &json!({}), &running());
    let sidecar =
        || beside("initContainers", "initContainerStatuses", &json!({"restartPolicy": "Always"}), &running());
    let second = || beside("containers", "containerStatuses", &json!({}), &running());
    for reason in ["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"] {
        let waits = format!("the pod waits for something else ({reason}): not found");
        let failed = |time: &str| at(time, event(reason, "not found"));
        for (name, pod, events, now, help) in [
            (
                "pulls since",
                creating(),
                vec![failed("08:00:00"), pulling.clone()],
                PULLING,
                "kubectl describe",
            ),
            (
                "pulls in the same second",
                creating(),
                vec![failed("08:20:00"), pulling.clone()],
                PULLING,
                "kubectl describe",
            ),
            (
                "fails again",
                creating(),
                vec![pulling.clone(), failed("08:30:00")],
                &waits,
                "kubectl describe",
            ),
            ("init container runs", init(), vec![failed("08:00:00"), started.clone()], INIT, "kubectl logs"),
            ("init container runs, no event", init(), vec![failed("08:00:00")], INIT, "kubectl logs"),
            (
                "sidecar runs",
                sidecar(),
                vec![failed("08:00:00")],
                "the kubelet reports nothing about contoso.azurecr.io/shop/web:v1",
                "",
            ),
            (
                "container runs",
                second(),
                vec![failed("08:00:00"), pulling.clone()],
                PULLING,
                "kubectl describe",
            ),
        ] {
            let case = Case::new("", pod.clone(), "none so far: ", true, help).events(&events);
            let found = case.answer()["cause"].as_str().unwrap().to_owned();
            assert!(found.strip_prefix("none so far: ").unwrap().starts_with(now), "{name}: {found}");
            check(vec![case]);
            let case = Case::new("", pod, "", false, "secret --merge").events(&events).secrets(&[expired()]);
            let found = case.answer()["cause"].as_str().unwrap().to_owned();
            let expected = match now {
                now if [PULLING, INIT, &waits].contains(&now) => format!("{now}{FAILS}"),
                _ => "key contoso.azurecr.io of secret".to_owned(),
            };
            assert!(found.starts_with(&expected), "{name}: {found}");
            check(vec![case]);
        }
    }
}

/// A container that crashes starts again with the image that its node has, unless its policy is `Always`.
#[test]
fn a_container_that_crashes_says_which_pull_fails() {
    const CRASHES: &str = "container web waits for another reason: CrashLoopBackOff, and ";
    let crashing = |policy: &str, other: Option<&str>| {
        let mut pod = pod(IMAGE, &["acr-secret"], &waiting("CrashLoopBackOff", ""));
        pod["spec"]["containers"][0]["imagePullPolicy"] = policy.into();
        if let Some(policy) = other {
            let other = json!({"name": "proxy", "image": IMAGE, "imagePullPolicy": policy});
            pod["spec"]["containers"].as_array_mut().unwrap().push(other);
        }
        pod
    };
    let other = "container web gets its image on another node only if the identity of that node may pull";
    let fails = |next: &str| {
        format!("the next start of container {next} fails unless the identity of its node may pull")
    };
    for (policy, second, clause) in [
        ("IfNotPresent", None, other.to_owned()),
        ("IfNotPresent", Some("IfNotPresent"), other.to_owned()),
        ("Always", None, fails("web")),
        ("Always", Some("IfNotPresent"), fails("web")),
        ("IfNotPresent", Some("Always"), fails("proxy")),
    ] {
        for (secrets, reason, help) in [
            (
                vec![expired()],
                "key contoso.azurecr.io of secret acr-secret: its credential expired",
                "secret --merge",
            ),
            (vec![], "secret acr-secret, which the pod lists, does not exist", "--name acr-secret -n shop"),
        ] {
            let expected = format!("{CRASHES}{clause}: {reason}");
            let case = Case::new("", crashing(policy, second), "", false, help).secrets(&secrets);
            let found = case.answer()["cause"].as_str().unwrap().to_owned();
            assert!(found.starts_with(&expected), "{found}");
            check(vec![case]);
        }
    }
    check(vec![Case::new(
        "fine",
        crashing("Always", None),
        "the node has every image, and container web waits",
        true,
        "kubectl logs",
    )]);
}

/// Its node may have an identity, so nothing says that a pull would fail.
#[test]
fn a_pod_without_a_credential_says_what_its_node_needs() {
    const NEEDS: &str =
        ", and without a pull secret for contoso.azurecr.io, its node needs an identity that may pull";
    let mut unscheduled = creating();
    unscheduled["spec"].as_object_mut().unwrap().remove("nodeName");
    unscheduled["status"] = json!({"phase": "Pending"});
    let no_node = event("FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu.");
    let mount = event("FailedMount", "not found");
    let pulling = event("Pulling", &format!("Pulling image \"{IMAGE}\""));
    let node = "the pod has no node, so nothing was pulled";
    for (pod, events, cause) in [
        (unscheduled.clone(), vec![no_node], format!("{node}: 0/3 nodes are available: 3 Insufficient cpu")),
        (unscheduled, vec![], node.to_owned()),
        (
            creating(),
            vec![mount],
            "none so far: the pod waits for something else (FailedMount): not found".to_owned(),
        ),
        (
            creating(),
            vec![pulling],
            format!("none so far: the kubelet has been pulling {IMAGE} since 2026-07-31T03:04:05Z"),
        ),
        (creating(), vec![], format!("none so far: the kubelet reports nothing about {IMAGE}")),
    ] {
        let of = |pod: &Value, found: &[Value]| {
            let case = Case::new("", pod.clone(), "", true, "").events(&events).secrets(found);
            let answer = case.answer();
            assert_eq!(answer["canPull"], true, "{answer}");
            answer["cause"].as_str().unwrap().to_owned()
        };
        assert_eq!(of(&pod, &[of_another_registry()]), format!("{cause}{NEEDS}"));
        assert_eq!(of(&pod, &[super::valid("acr-secret")]).trim_end_matches('.'), cause);
        let mut never = pod;
        never["spec"]["containers"][0]["imagePullPolicy"] = "Never".into();
        assert!(!of(&never, &[of_another_registry()]).contains(NEEDS));
    }
}

#[test]
fn a_pod_that_is_over_does_not_say_that_an_unknown_pull_would_fail() {
    let mut failed = pod(IMAGE, &["acr-secret"], &back_off());
    failed["status"]["phase"] = "Failed".into();
    let mut deleted = pod(IMAGE, &["acr-secret"], &back_off());
    deleted["metadata"]["deletionTimestamp"] = "2026-07-31T03:05:00Z".into();
    let anonymous = super::anonymous();
    for (name, pod, events, cause) in [
        (
            "no reason",
            failed.clone(),
            vec![],
            "the pod has finished (Failed) and pulls no more images, and whether a new pod would fail is not known: the kubelet gives no reason, and its events have expired",
        ),
        (
            "no credential sent",
            deleted,
            vec![anonymous],
            "the pod is being deleted and pulls no more images, and whether a new pod would fail is not known: the kubelet's last attempt",
        ),
        (
            "refused",
            failed,
            vec![unauthorized()],
            "the pod has finished (Failed) and pulls no more images, and a new pod would fail: contoso.azurecr.io refuses",
        ),
    ] {
        check(vec![Case::new(name, pod, cause, false, "--pull").events(&events)]);
    }
}

/// The message of a cause that is known may begin like one that is not.
#[test]
fn a_pod_that_is_over_would_fail_whatever_its_image_is_called() {
    let mut failed = pod("not known", &[], &waiting("InvalidImageName", ""));
    failed["status"]["phase"] = "Failed".into();
    check(vec![Case::new(
        "invalid",
        failed,
        "the pod has finished (Failed) and pulls no more images, and a new pod would fail: not known is not a valid image reference",
        false,
        "correct the image",
    )]);
}

/// A new pod gets the secrets that its `ServiceAccount` lists then.
#[test]
fn a_pod_that_is_over_says_what_a_new_pod_gets_from_its_service_account() {
    let mut failed = pod(IMAGE, &[], &back_off());
    failed["status"]["phase"] = "Failed".into();
    let mut deleted = pod(IMAGE, &[], &back_off());
    deleted["metadata"]["deletionTimestamp"] = "2026-07-31T03:05:00Z".into();
    for pod in [failed, deleted] {
        let stub = || {
            Stub::new()
                .objects(POD, std::slice::from_ref(&pod))
                .objects(EVENTS, &[super::anonymous()])
                .objects(&secrets("acr-secret"), &[super::valid("acr-secret")])
        };
        let unread = stub().forbids(ACCOUNT, "serviceaccounts");
        for (stub, outlook, help) in [
            (
                stub().objects(ACCOUNT, &[account(&["acr-secret"])]),
                "and a new pod gets secret acr-secret of ServiceAccount web",
                None,
            ),
            (
                unread,
                "and whether a new pod would fail is not known: the pod has no pull secret for contoso.azurecr.io, and \
                 ServiceAccount web, which may list one, cannot be read",
                Some("run this with a login that may read the ServiceAccount"),
            ),
            (
                stub().objects(ACCOUNT, &[account(&[])]),
                "and a new pod would fail: neither the pod nor ServiceAccount web lists a pull secret for contoso.azurecr.io",
                Some("&& kubectl patch serviceaccount web -n shop"),
            ),
        ] {
            let (answers, _) = answers(&stub, &["web-5d8f7c9b6-x2k4p", "-n", "shop"]);
            let cause = answers[0]["cause"].as_str().unwrap();
            assert!(cause.ends_with(outlook), "{answers:#}");
            let found = answers[0]["help"].as_str();
            assert_eq!(found.is_some(), help.is_some(), "{answers:#}");
            assert!(help.is_none_or(|help| found.unwrap().contains(help)), "{answers:#}");
        }
    }
}

#[test]
fn the_credentials_that_are_refused_are_counted() {
    for (count, named) in [
        (2, "the 2 credentials of secrets s0 and s1"),
        (3, "the 3 credentials of secrets s0, s1 and s2"),
        (4, "the 4 credentials of secrets s0, s1, s2 and 1 more"),
        (10, "the 10 credentials of secrets s0, s1, s2 and 7 more"),
    ] {
        let names: Vec<String> = (0..count).map(|number| format!("s{number}")).collect();
        let found: Vec<Value> = names.iter().map(|name| super::valid(name)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let case = Case::new(
            "",
            pod(IMAGE, &names, &back_off()),
            "contoso.azurecr.io refuses the ",
            false,
            "--pull",
        );
        let case = case.events(&[unauthorized()]).secrets(&found);
        assert!(case.answer()["cause"].as_str().unwrap().contains(&format!("{named}, which")), "{named}");
        check(vec![case]);
    }
}
