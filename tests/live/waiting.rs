//! Pods whose images the kubelet cannot pull.

use std::os::unix::process::CommandExt as _;

use serde_json::{Value, json};

use super::{CHECKED, OF_EXPIRED, get, get_metadata, object, objects, template};
use crate::kubectl::Stub;

/// The pod with the state of its container.
fn waiting(mut pod: Value, reason: &str) -> Value {
    let message = "failed to authorize: 401 Unauthorized";
    let state = json!({"waiting": {"reason": reason, "message": message}});
    pod["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "web", "state": state}]});
    pod
}

const WARNING: &str = "warning: the kubelet cannot pull";

const HELP: &str = " = help: to see why, run ";

/// The warning among the messages of a check of these objects, and its help.
fn warning(objects: &[Value], called: &str, access: &[&str]) -> Option<(String, String)> {
    let scope = access
        .iter()
        .filter(|option| **option != "-q")
        .map(|option| format!(" {option}"))
        .collect::<Vec<_>>()
        .concat();
    let metadata = OF_EXPIRED.replace("2020", "2999");
    let stub = Stub::new().objects(&get(CHECKED, &scope), objects).prints(&get_metadata(&scope), &metadata);
    std::fs::write(stub.path().join("a b.yaml"), "").unwrap();
    let output = stub.command(&[&["check", "--live"], access].concat()).arg0(called).output().unwrap();
    let talk = String::from_utf8(output.stderr).unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{talk}");
    let line = |start: &str| talk.lines().find(|line| line.starts_with(start)).map(str::to_owned);
    assert_eq!(line(WARNING).is_some(), line(HELP).is_some(), "{talk}");
    line(WARNING).zip(line(HELP))
}

#[test]
fn a_pod_that_is_accepted_and_waits_gets_the_command_that_says_why() {
    let mut all = objects();
    let accepted = all.iter().position(|object| object["metadata"]["name"] == "web-1-a").unwrap();
    for (reason, is_named) in [
        ("ErrImagePull", true),
        ("ImagePullBackOff", true),
        ("InvalidImageName", true),
        ("ContainerCreating", false),
        ("CrashLoopBackOff", false),
    ] {
        all[accepted] = waiting(all[accepted].clone(), reason);
        assert_eq!(warning(&all, "acr-pull-secret", &[]).is_some(), is_named, "{reason}");
    }
    all[accepted] = waiting(all[accepted].clone(), "ImagePullBackOff");
    assert!(warning(&all, "acr-pull-secret", &["-q"]).is_some(), "a pull that fails is a problem");
    for (called, access, shown) in [
        ("acr-pull-secret", &[][..], "acr-pull-secret why web-1-a -n shop"),
        ("kubectl-acr_pull_secret", &[], "kubectl acr-pull-secret why web-1-a -n shop"),
        (
            "kubectl-acr_pull_secret",
            &["--context=prod", "--kubeconfig=a b.yaml"],
            "kubectl acr-pull-secret why web-1-a -n shop --context=prod --kubeconfig='a b.yaml'",
        ),
    ] {
        let expected = format!("{WARNING} an image of 1 pod that is accepted: shop/web-1-a");
        assert_eq!(warning(&all, called, access), Some((expected, format!("{HELP}{shown}"))), "{called}");
    }
}

/// It could not be pasted.
#[test]
fn a_command_that_is_shown_with_escapes_is_left_out() {
    let all = [waiting(object("Pod", "a", None, &template(&["acr-secret"])), "ErrImagePull")];
    let scope = " --context=pr\u{202e}od";
    let stub = Stub::new()
        .objects(&get(CHECKED, scope), &all)
        .prints(&get_metadata(scope), &OF_EXPIRED.replace("2020", "2999"));
    let (_, talk, _) = stub.run(&["check", "--live", scope.trim_start()]);
    assert!(talk.contains(WARNING) && !talk.contains(HELP), "{talk}");
}

#[test]
fn of_many_pods_that_wait_a_few_are_named() {
    let pod = |name: &str| waiting(object("Pod", name, None, &template(&["acr-secret"])), "ErrImagePull");
    let all = ["a", "b", "c", "d", "e"].map(pod);
    let expected =
        format!("{WARNING} an image of 5 pods that are accepted: shop/a, shop/b, shop/c and 2 more");
    let help = format!("{HELP}acr-pull-secret why a -n shop");
    assert_eq!(warning(&all, "acr-pull-secret", &[]), Some((expected, help)));
}

/// The finding says why.
#[test]
fn a_pod_that_is_rejected_or_over_is_not_named() {
    let of =
        |name: &str, secret: &str| waiting(object("Pod", name, None, &template(&[secret])), "ErrImagePull");
    let mut deleted = of("deleted", "acr-secret");
    deleted["metadata"]["deletionTimestamp"] = "2027-01-31T12:00:00Z".into();
    let mut failed = of("failed", "acr-secret");
    failed["status"]["phase"] = "Failed".into();
    let workload = json!({"template": {"spec": template(&["gone"])}});
    let made = object("Pod", "made", Some(("StatefulSet", "db")), &template(&["gone"]));
    let all = [
        of("rejected", "gone"),
        deleted,
        failed,
        object("StatefulSet", "db", None, &workload),
        waiting(made, "ErrImagePull"),
        object("Pod", "fine", None, &template(&["acr-secret"])),
    ];
    assert_eq!(warning(&all, "acr-pull-secret", &[]), None);
}
