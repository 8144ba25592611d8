//! What `why` answers to a login that may not read everything, and where a call of kubectl fails.

use serde_json::json;

use super::{
    ACCOUNT, EVENTS, IMAGE, POD, WORKLOADS, account, anonymous, answers, back_off, pod, row, secrets,
    unauthorized, valid, workload,
};
use crate::kubectl::Stub;

const LOG_IN: &str = "log in to the cluster again, and try kubectl get pods";

const CRON_JOBS: &str = "cronjobs.batch \"web\"";

/// kubectl prints the workload, and fails because of the kind that it may not read.
#[test]
fn a_workload_is_found_though_another_kind_may_not_be_read() {
    let get = format!("get {WORKLOADS} web --output=json --namespace=shop --ignore-not-found");
    let without = |found: &[serde_json::Value]| {
        Stub::new()
            .objects("get pods web --output=json --namespace=shop --ignore-not-found", &[])
            .objects("get pods --selector=app=web --output=json --namespace=shop", &[])
            .objects("get events --field-selector=involvedObject.uid=44 --output=json --namespace=shop", &[])
            .forbids_in_part(&get, found, CRON_JOBS)
    };
    let (out, talk, status) = without(&[workload("ReplicaSet", 2)]).run(&["why", "web", "-n", "shop"]);
    assert_eq!((talk.as_str(), status), ("", Some(1)), "{out}");
    assert!(out.starts_with("ReplicaSet shop/web (no pods)\n"), "{out}");
    let every: Vec<String> = WORKLOADS.split(',').map(|kind| format!("{kind} \"web\"")).collect();
    let every = every.join(" is forbidden\nError from server (Forbidden): ");
    for what in [CRON_JOBS, "deployments.apps \"web\"", &every] {
        let stub = Stub::new()
            .objects("get pods web --output=json --namespace=shop --ignore-not-found", &[])
            .forbids_in_part(&get, &[], what);
        let (out, talk, status) = stub.run(&["why", "web", "-n", "shop"]);
        assert_eq!((out.as_str(), status), ("", Some(2)), "{talk}");
        assert!(talk.contains(" is forbidden"), "{talk}");
        // No kind that could be named would be found.
        assert!(talk.contains("= help: name one of its pods: kubectl get pods -n shop\n"), "{talk}");
    }
    let cron_job = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "web", "namespace": "shop", "uid": "44"},
    });
    let stub = Stub::new()
        .objects("get cronjobs.batch web --output=json --namespace=shop --ignore-not-found", &[cron_job])
        .forbids("get jobs.batch --output=json --namespace=shop", "jobs.batch");
    let (_, talk, status) = stub.run(&["why", "cronjob/web", "-n", "shop"]);
    assert_eq!(status, Some(2), "{talk}");
    assert!(talk.contains("= help: name one of these pods instead: kubectl get pods -n shop"), "{talk}");
}

/// Whether the user may not read it, the API server is busy, or the login has ended meanwhile.
#[test]
fn the_answer_says_what_could_not_be_read() {
    let secret = &secrets("acr-secret");
    for failure in [
        "Error from server (Forbidden): it is forbidden",
        "Error from server (Timeout): the server was unable to return a response in the time allotted",
        "Error from server (InternalError): an error on the server",
        "error: You must be logged in to the server (Unauthorized)",
    ] {
        for (call, what, cause) in [
            (EVENTS, "events", "not known: the kubelet gives no reason, and its events could not be read"),
            (secret, "secrets", "not known, because secret acr-secret cannot be read"),
            (ACCOUNT, "serviceaccounts", "contoso.azurecr.io refuses the credential of secret acr-secret"),
        ] {
            let stub = Stub::new()
                .fails(call, failure)
                .objects(POD, &[pod(IMAGE, &["acr-secret"], &back_off())])
                .objects(EVENTS, &[unauthorized()])
                .objects(ACCOUNT, &[account(&[])])
                .objects(secret, &[valid("acr-secret")]);
            let (out, talk, status) = stub.run(&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop"]);
            assert_eq!(status, Some(1), "{out}{talk}");
            assert!(row(&out, "cause").starts_with(cause), "{failure}: {out}");
            if call == secret {
                let (reason, help) = if failure.contains("Forbidden") {
                    ("this login may not read it", "run this with a login that may read secret acr-secret")
                } else if failure.contains("Unauthorized") {
                    ("kubectl could not read it", LOG_IN)
                } else {
                    ("kubectl could not read it", "run this again when kubectl can read secret acr-secret")
                };
                assert_eq!(row(&out, "secrets"), format!("acr-secret: unknown, {reason}"), "{out}");
                assert_eq!(row(&out, "fix"), help, "{out}");
            }
            let reason = failure.strip_prefix("error: ").unwrap_or(failure);
            let warning = format!("warning: the {what} are not known: kubectl get {what} failed: {reason}\n");
            assert_eq!(talk, warning);
        }
    }
}

/// What to do about an object that could not be read depends on why that one could not.
#[test]
fn each_object_that_could_not_be_read_has_its_own_reason() {
    const FORBIDDEN: &str = "Error from server (Forbidden): it is forbidden";
    const BUSY: &str =
        "Error from server (Timeout): the server was unable to return a response in the time allotted";
    const ENDED: &str = "error: You must be logged in to the server (Unauthorized)";
    let [not_allowed, failed] = ["this login may not read it", "kubectl could not read it"];
    for (of_a, of_b, reasons, help) in [
        (FORBIDDEN, FORBIDDEN, [not_allowed, not_allowed], "run this with a login that may read secret a"),
        (FORBIDDEN, BUSY, [not_allowed, failed], "run this with a login that may read secret a"),
        (BUSY, FORBIDDEN, [failed, not_allowed], "run this again when kubectl can read secret a"),
        (ENDED, ENDED, [failed, failed], LOG_IN),
        (BUSY, BUSY, [failed, failed], "run this again when kubectl can read secret a"),
    ] {
        let stub = Stub::new()
            .objects(POD, &[pod(IMAGE, &["a", "b"], &back_off())])
            .objects(EVENTS, &[unauthorized()])
            .objects(ACCOUNT, &[account(&[])])
            .fails(&secrets("a b"), FORBIDDEN)
            .fails(&secrets("a"), of_a)
            .fails(&secrets("b"), of_b);
        let (answers, _) = answers(&stub, &["web-5d8f7c9b6-x2k4p", "-n", "shop"]);
        let said = &answers[0]["images"][0]["secrets"];
        assert_eq!([&said[0]["reason"], &said[1]["reason"]], reasons, "{answers:#}");
        assert_eq!(answers[0]["help"], help, "{answers:#}");
    }
    for (failure, help) in [
        (FORBIDDEN, "run this with a login that may read the ServiceAccount"),
        (BUSY, "run this again when kubectl can read the ServiceAccount"),
        (ENDED, LOG_IN),
    ] {
        let stub = Stub::new()
            .objects(POD, &[pod(IMAGE, &[], &back_off())])
            .objects(EVENTS, &[anonymous()])
            .fails(ACCOUNT, failure);
        let (answers, _) = answers(&stub, &["web-5d8f7c9b6-x2k4p", "-n", "shop"]);
        let cause = answers[0]["cause"].as_str().unwrap();
        assert!(cause.ends_with("ServiceAccount web, which may list one, cannot be read"), "{answers:#}");
        assert_eq!(answers[0]["help"], help, "{answers:#}");
    }
}

#[test]
fn the_answer_about_a_workload_says_that_its_events_could_not_be_read() {
    let get = "get deployments.apps web --output=json --namespace=shop --ignore-not-found";
    let of_pods = "get events --field-selector=involvedObject.kind=Pod --output=json --namespace=shop";
    let of_workload = "get events --field-selector=involvedObject.uid=44 --output=json --namespace=shop";
    let failure =
        "Error from server (Timeout): the server was unable to return a response in the time allotted";
    let stub = |pods: &[serde_json::Value]| {
        Stub::new()
            .objects(get, &[workload("Deployment", 2)])
            .objects("get pods --selector=app=web --output=json --namespace=shop", pods)
            .fails("get replicasets.apps --selector=app=web --output=json --namespace=shop", failure)
            .fails(of_pods, failure)
            .fails(of_workload, failure)
            .objects(ACCOUNT, &[account(&[])])
            .objects(&secrets("acr-secret"), &[valid("acr-secret")])
    };
    let made = |name: &str, uid: &str| {
        let mut pod = pod(IMAGE, &["acr-secret"], &back_off());
        pod["metadata"]["name"] = name.into();
        pod["metadata"]["uid"] = uid.into();
        pod["metadata"]["labels"]["pod-template-hash"] = "5d8f7c9b6".into();
        pod["metadata"]["ownerReferences"][0]["name"] = "web-5d8f7c9b6".into();
        pod
    };
    let (out, talk, _) =
        stub(&[made("web-1", "1"), made("web-2", "2")]).run(&["why", "deploy/web", "-n", "shop"]);
    let cause = "not known: the kubelet gives no reason, and its events could not be read";
    assert!(row(&out, "cause").starts_with(cause), "{out}{talk}");
    // Once, although there are several pods.
    assert_eq!(talk.matches("warning: the events are not known: ").count(), 1, "{talk}");
    let (out, talk, _) = stub(&[]).run(&["why", "deploy/web", "-n", "shop"]);
    assert!(
        row(&out, "cause").starts_with("none of its pods exists, and its events could not be read"),
        "{out}{talk}"
    );
    assert!(talk.contains("warning: the events are not known: "), "{talk}");
}
