//! What `why` finds: why a workload has no pods, what the registry answers, and what may not be read.

use serde_json::{Value, json};

use super::{
    ACCOUNT, EVENTS, IMAGE, PASSWORD, POD, WORKLOADS, account, anonymous, back_off, cluster, event, pod, row,
    secrets, unauthorized, valid, waiting, why, workload,
};
use crate::asking::registry::{READER, REVOKED, Registry};
use crate::engines::project;
use crate::kubectl::{Stub, secret};

/// The page shows the whole answer.
#[test]
fn the_answer_of_the_documents_is_that_of_the_command() {
    let expired = secret(
        "acr-secret",
        "contoso.azurecr.io",
        ("reader", PASSWORD),
        &json!({"acr-pull-secret/expires": "2020-07-31T00:00:00Z"}),
    );
    let stub =
        cluster(&pod(IMAGE, &["acr-secret"], &back_off()), &[unauthorized()], &account(&[]), &[expired]);
    let (out, status) = why(&stub, &[]);
    assert_eq!(status, Some(1));
    let page = std::fs::read_to_string(project("docs/why.md")).unwrap();
    // The number of days since then depends on the day.
    let days = regex::Regex::new("[0-9]+ days ago").unwrap();
    let (out, page) = (days.replace_all(&out, "N days ago"), days.replace_all(&page, "N days ago"));
    assert!(page.contains(&*out), "{out}");
}

#[test]
fn a_workload_without_pods_has_the_reason() {
    let get = "get replicasets.apps web --output=json --namespace=shop --ignore-not-found";
    let list = "get pods --selector=app=web --output=json --namespace=shop";
    let events = "get events --field-selector=involvedObject.uid=44 --output=json --namespace=shop";
    let refused = event(
        "FailedCreate",
        "Error creating: admission webhook denied the request: image bob:hunter2@contoso.azurecr.io/web:v1",
    );
    for (replicas, events_found, cause, expected) in [
        (2, vec![refused.clone()], "its pods are rejected: Error creating: admission webhook denied", 1),
        (0, vec![refused], "spec.replicas is 0", 0),
        (0, vec![], "spec.replicas is 0", 0),
        (2, vec![], "none of its pods exists", 1),
    ] {
        let stub = Stub::new()
            .objects(get, &[workload("ReplicaSet", replicas)])
            .objects(list, &[])
            .objects(events, &events_found);
        let (out, talk, status) = stub.run(&["why", "rs/web", "-n", "shop"]);
        assert_eq!(status, Some(expected), "{out}{talk}");
        assert!(!out.contains("hunter2"), "{out}");
        assert!(
            out.starts_with("ReplicaSet shop/web (no pods)\n") && row(&out, "cause").starts_with(cause),
            "{out}"
        );
    }
}

#[test]
fn what_is_not_there_is_an_error() {
    let stub = Stub::new().objects(POD, &[]).objects(
        &format!("get {WORKLOADS} web-5d8f7c9b6-x2k4p --output=json --namespace=shop --ignore-not-found"),
        &[],
    );
    let (out, talk, status) = stub.run(&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop"]);
    assert_eq!((out.as_str(), status), ("", Some(2)));
    assert!(
        talk.contains("error: there is no pod or workload web-5d8f7c9b6-x2k4p in namespace shop"),
        "{talk}"
    );
    let help = format!(
        "look in every namespace: kubectl get pods,{WORKLOADS} -A --field-selector=metadata.name=web-5d8f7c9b6-x2k4p"
    );
    assert!(talk.contains(&help), "{talk}");
    let (_, talk, status) = Stub::new().run(&["why", "service/web"]);
    assert_eq!(status, Some(2));
    assert!(talk.contains("error: service/web is a Service, which makes no pods"), "{talk}");
}

/// A command at the end of a help can be pasted: it names the cluster and the namespace that were asked about.
#[test]
fn each_error_about_a_name_has_one_command() {
    let end = "--output=json --namespace=shop --ignore-not-found --context=prod";
    let several = [workload("Deployment", 1), workload("StatefulSet", 1)];
    let stub = Stub::new()
        .objects(&format!("get pods web {end}"), &[])
        .objects(&format!("get {WORKLOADS} web {end}"), &several)
        .objects(&format!("get jobs.batch gone {end}"), &[]);
    for (target, error, help) in [
        (
            "web",
            "web names workloads of several kinds: Deployment, StatefulSet",
            "name the kind too: acr-pull-secret why --context=prod deployment/web -n shop",
        ),
        (
            "job/gone",
            "there is no job gone in namespace shop",
            "look in every namespace: kubectl --context=prod get jobs.batch -A --field-selector=metadata.name=gone",
        ),
        ("Web", "the name in \"Web\" is not valid", "see the names: kubectl --context=prod get pods -n shop"),
        (
            "sts/",
            "the name is missing after sts/",
            "write sts/NAME with one of these names: kubectl --context=prod get sts -n shop",
        ),
        (
            "svc/web",
            "svc/web is a Service",
            "name the workload whose pods it selects, such as one of these: kubectl --context=prod get deployments -n shop",
        ),
    ] {
        let (out, talk, status) = stub.run(&["why", target, "-n", "shop", "--context", "prod"]);
        assert_eq!((out.as_str(), status), ("", Some(2)), "{talk}");
        assert!(talk.contains(error), "{target}: {talk}");
        let said = talk
            .lines()
            .find_map(|line| line.trim().strip_prefix("= help: "))
            .unwrap_or_else(|| panic!("{talk}"));
        assert_eq!(said, help, "{target}: {talk}");
    }
}

/// With the credentials of the Secrets, in the order of the kubelet.
#[test]
fn the_registry_says_what_the_secret_does_not_show() {
    let registry = Registry::start();
    let image = format!("{}/shop/web:v1", registry.name());
    let no_digest = format!("sha256:{}", "0".repeat(64));
    let options = registry.options();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    for (image, login, cause, fix, status) in [
        (
            image.clone(),
            REVOKED,
            format!(
                "{} denies the pull with key {} of secret acr-secret (401: wrong or revoked)",
                registry.name(),
                registry.name()
            ),
            "acr-pull-secret secret --merge acr-secret.yaml --server contoso.azurecr.io:",
            1,
        ),
        (
            image.clone(),
            READER,
            format!("fixed since the kubelet's last attempt: {image} can be pulled now"),
            "kubectl delete pod",
            0,
        ),
        (
            image.replace("v1", "gone"),
            READER,
            format!("{} has no image shop/web:gone", registry.name()),
            "see the tags: az acr repository show-tags",
            1,
        ),
        (
            image.replace(":v1", &format!("@{no_digest}")),
            READER,
            format!("{} has no image shop/web@{no_digest}", registry.name()),
            "see the digests: az acr manifest list-metadata",
            1,
        ),
    ] {
        let message = format!("Back-off pulling image \"{image}\"");
        let pod = pod(&image, &["acr-secret"], &waiting("ImagePullBackOff", &message));
        let secret = secret("acr-secret", &registry.name(), login, &Value::Null);
        let stub = cluster(&pod, &[], &account(&[]), &[secret]);
        let call = [&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop", "--pull"], &options[..]].concat();
        let (out, talk, ended) = asked(&stub, &call);
        assert!(row(&out, "cause").starts_with(&cause), "{out}{talk}");
        assert!(row(&out, "fix").contains(fix), "{out}");
        assert!(
            row(&out, "registry").starts_with("1. key ") && !out.contains(login.1) && !talk.contains(login.1),
            "{out}"
        );
        assert_eq!(ended, Some(status), "{out}");
    }
}

/// Asks registries without a proxy.
fn asked(stub: &Stub, call: &[&str]) -> (String, String, Option<i32>) {
    let mut command = stub.command(call);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// A node that has an identity may get what the registry denies an anonymous pull.
#[test]
fn a_denied_anonymous_pull_does_not_hide_why_the_pod_has_no_credential() {
    let registry = Registry::start();
    let image = format!("{}/shop/web:v1", registry.name());
    let options = registry.options();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let message = format!("Back-off pulling image \"{image}\": ErrImagePull: 401 Unauthorized");
    let failing = || waiting("ImagePullBackOff", &message);
    let absent = "secret acr-secret, which the pod lists, does not exist in namespace shop".to_owned();
    let identity =
        "gets it only if that node has an identity, because the pod has no pull secret for contoso";
    for (secrets, state, cause, status) in [
        (
            &[][..],
            failing(),
            "neither the pod nor ServiceAccount web lists a pull secret for contoso".to_owned(),
            1,
        ),
        (&["acr-secret"], failing(), absent, 1),
        (
            &[],
            json!({"running": {}}),
            format!("none: the node has {image}, and a pod on another node {identity}"),
            0,
        ),
        (
            &[],
            waiting("ContainerCreating", ""),
            format!("none so far: the kubelet reports nothing about {image}, and without"),
            0,
        ),
    ] {
        let stub = cluster(&pod(&image, secrets, &state), &[], &account(&[]), &[]);
        let call = [&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop", "--pull"], &options[..]].concat();
        let (out, talk, ended) = asked(&stub, &call);
        assert_eq!(ended, Some(status), "{out}{talk}");
        assert!(row(&out, "cause").starts_with(&cause), "{out}");
        assert!(row(&out, "registry").contains("401: the registry allows no anonymous pull"), "{out}");
    }
}

#[test]
fn programs_get_the_same_answer() {
    let stub = cluster(
        &pod(IMAGE, &["acr-secret"], &back_off()),
        &[unauthorized()],
        &account(&[]),
        &[valid("acr-secret")],
    );
    let (out, status) = why(&stub, &["-o", "json"]);
    assert_eq!(status, Some(1));
    let answers: Value = serde_json::from_str(&out).unwrap();
    let answer = &answers[0];
    assert_eq!(
        (&answer["kind"], &answer["namespace"], &answer["phase"], &answer["canPull"]),
        (&"Pod".into(), &"shop".into(), &"Pending".into(), &false.into())
    );
    let image = &answer["images"][0];
    assert_eq!(
        (&image["image"], &image["state"], &image["canPull"]),
        (&IMAGE.into(), &"failing".into(), &false.into())
    );
    assert_eq!(
        image["tries"],
        json!([{"secret": "acr-secret", "key": "contoso.azurecr.io", "status": "ok", "fails": false}])
    );
    assert!(
        answer["cause"].as_str().unwrap().contains("refuses the credential of secret acr-secret"),
        "{out}"
    );
    assert!(answer["help"].as_str().unwrap().contains("--pull"), "{out}");
}

#[test]
fn what_may_not_be_read_is_not_known() {
    let pod = pod(IMAGE, &["acr-secret"], &back_off());
    let stub = Stub::new()
        .objects(POD, &[pod])
        .forbids(EVENTS, "events")
        .forbids(ACCOUNT, "serviceaccounts")
        .forbids(&secrets("acr-secret"), "secrets");
    let (out, talk, status) = stub.run(&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop"]);
    assert_eq!(status, Some(1), "{out}{talk}");
    for what in ["events", "serviceaccounts", "secrets"] {
        assert!(talk.contains(&format!("warning: the {what} are not known: ")), "{talk}");
    }
    assert!(!out.contains("does not exist") && row(&out, "cause").starts_with("not known"), "{out}");
}

/// The kubelet has a reason, and only an event has it.
#[test]
fn events_that_may_not_be_read_are_why_there_is_no_cause() {
    for (message, cause) in [
        (
            format!("Back-off pulling image \"{IMAGE}\""),
            "not known: the kubelet gives no reason, and its events could not be read",
        ),
        // Newer kubelets say why in the status too.
        (
            format!("Back-off pulling image \"{IMAGE}\": ErrImagePull: {IMAGE}: not found"),
            "contoso.azurecr.io has no image contoso.azurecr.io/shop/web:v1",
        ),
    ] {
        let stub = Stub::new()
            .objects(POD, &[pod(IMAGE, &["acr-secret"], &waiting("ImagePullBackOff", &message))])
            .forbids(EVENTS, "events")
            .objects(ACCOUNT, &[account(&[])])
            .objects(&secrets("acr-secret"), &[valid("acr-secret")]);
        let (out, talk, status) = stub.run(&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop"]);
        assert_eq!(status, Some(1), "{out}{talk}");
        assert!(row(&out, "cause").starts_with(cause), "{out}");
        assert_eq!(talk.matches("warning: ").count(), 1, "{talk}");
    }
}

#[test]
fn a_service_account_that_may_not_be_read_is_not_patched() {
    let stub = Stub::new()
        .objects(POD, &[pod(IMAGE, &[], &back_off())])
        .objects(EVENTS, &[anonymous()])
        .forbids(ACCOUNT, "serviceaccounts");
    let (out, talk, status) = stub.run(&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop"]);
    assert_eq!(status, Some(1), "{out}{talk}");
    assert!(row(&out, "cause").ends_with("ServiceAccount web, which may list one, cannot be read"), "{out}");
    assert!(!out.contains("patch"), "{out}");
}

/// The stub answers no call with an option that is not the command's own.
#[test]
fn names_that_kubernetes_does_not_accept_are_in_no_command() {
    for name in ["--cache-dir=/evil", "a;b", "$(id)", "a b", "A", ""] {
        let mut pod = pod(IMAGE, &[], &back_off());
        pod["spec"]["serviceAccountName"] = name.into();
        let mut other = pod.clone();
        other["metadata"]["name"] = format!("x{name};").into();
        other["status"]["containerStatuses"][0]["state"] = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        for pod in [pod, other] {
            let stub = Stub::new().objects(POD, &[pod]).objects(EVENTS, &[anonymous()]);
            let stub = stub.objects(&ACCOUNT.replace(" web ", " default "), &[]);
            let (out, talk, status) = stub.run(&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop"]);
            assert!(status.is_some_and(|status| status < 2), "{out}{talk}");
            let fix = row(&out, "fix");
            assert!(name.is_empty() || name == "A" || !fix.contains(name), "{out}");
            assert!(!fix.contains(';'), "{out}");
        }
    }
}

/// A pod may list any text as the name of a pull secret, and messages come from registries.
#[test]
fn nothing_of_a_pod_is_an_option_of_kubectl_or_moves_a_cursor() {
    let image = "contoso.azurecr.io/web\u{1b}[2J";
    let message = "\u{1b}[31mred\r\n##[error]x ::error::y \u{202e} ".to_owned() + &"long ".repeat(900);
    let mut pod = pod(image, &["--kubeconfig=/evil"], &waiting("ErrImagePull", &message));
    pod["spec"]["nodeName"] = "n\u{7}".into();
    let stub = Stub::new().objects(POD, &[pod]).objects(EVENTS, &[]).objects(ACCOUNT, &[account(&[])]);
    for format in ["text", "json"] {
        let (out, talk, status) = stub.run(&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop", "-o", format]);
        assert_eq!(status, Some(1), "{out}{talk}");
        let is_active = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!out.contains(is_active) && !out.contains("##["), "{out:?}");
        assert!(out.lines().all(|line| line.chars().count() < 400), "{out}");
        assert!(!out.contains(PASSWORD), "{out}");
    }
}

#[test]
fn a_password_in_an_image_is_not_shown() {
    let image = format!("reader:{PASSWORD}@contoso.azurecr.io/shop/web:v1");
    let message = format!(
        "Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": invalid"
    );
    let pod = pod(&image, &[], &waiting("InvalidImageName", &message));
    let stub = Stub::new().objects(POD, &[pod]).objects(EVENTS, &[]).objects(ACCOUNT, &[account(&[])]);
    for format in ["text", "json"] {
        let (out, status) = why(&stub, &["-o", format]);
        assert_eq!(status, Some(1));
        assert!(out.contains("***@contoso.azurecr.io") && !out.contains("Passw0rd"), "{out}");
    }
}
