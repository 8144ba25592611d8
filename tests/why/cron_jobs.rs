//! `why` for each `CronJob`, and for workloads that have no pods on purpose.

use serde_json::{Value, json};

use super::{ACCOUNT, EVENTS, IMAGE, account, anonymous, answers, back_off, event, pod};
use crate::kubectl::Stub;

const GET: &str = "get cronjobs.batch report --output=json --namespace=shop --ignore-not-found";
const JOBS: &str = "get jobs.batch --output=json --namespace=shop";
const PODS: &str = "get pods --selector=job-name in (report-2,report-1) --output=json --namespace=shop";

fn cron_job(spec: &Value, status: &Value) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "report", "namespace": "shop", "uid": "50"},
        "spec": spec, "status": status,
    })
}

fn job(number: usize, owner: &str, status: &Value) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": format!("report-{number}"), "namespace": "shop", "uid": format!("5{number}"),
            "creationTimestamp": format!("2026-07-31T0{number}:00:00Z"),
            "ownerReferences": [{"controller": true, "kind": "CronJob", "uid": owner}],
        },
        "spec": {}, "status": status,
    })
}

#[test]
fn the_pods_of_the_jobs_of_a_cron_job_are_explained() {
    let mut of_job = pod(IMAGE, &[], &back_off());
    of_job["metadata"]["ownerReferences"] = json!([{"controller": true, "kind": "Job", "uid": "52"}]);
    let mut stranger = of_job.clone();
    stranger["metadata"]["name"] = "stranger".into();
    stranger["metadata"]["ownerReferences"] = json!([{"controller": true, "kind": "Job", "uid": "99"}]);
    let jobs = [job(1, "50", &json!({})), job(2, "50", &json!({})), job(3, "other", &json!({}))];
    for target in ["cj/report", "cronjob/report", "cronjobs.batch/report"] {
        let stub = Stub::new()
            .objects(GET, &[cron_job(&json!({"schedule": "0 3 * * *", "suspend": true}), &json!({}))])
            .objects(JOBS, &jobs)
            .objects(PODS, &[of_job.clone(), stranger.clone()])
            .objects(EVENTS, &[anonymous()])
            .objects(ACCOUNT, &[account(&[])]);
        let (answers, status) = answers(&stub, &[target, "-n", "shop"]);
        assert_eq!((answers.as_array().unwrap().len(), status), (1, Some(1)), "{answers:#}");
        assert_eq!(answers[0]["name"], "web-5d8f7c9b6-x2k4p");
        assert!(answers[0]["cause"].as_str().unwrap().starts_with("neither the pod nor ServiceAccount web"));
    }
}

#[test]
fn a_cron_job_without_pods_has_the_reason() {
    let refused = event("FailedCreate", "Error creating job: admission webhook denied the request");
    let schedule = || json!({"schedule": "0 3 * * *"});
    let complete = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    let failed = json!({"conditions": [{"type": "Failed", "status": "True", "message": "Job has reached the backoff limit"}]});
    for (object, jobs, events, kind, cause, can_pull, help) in [
        (
            cron_job(&json!({"schedule": "0 3 * * *", "suspend": true}), &json!({})),
            vec![],
            vec![],
            "CronJob",
            "spec.suspend is true",
            true,
            "",
        ),
        (
            cron_job(&schedule(), &json!({})),
            vec![],
            vec![],
            "CronJob",
            "it has made no Job yet (spec.schedule is 0 3 * * *)",
            true,
            "kubectl create job report-now --from=cronjob/report -n shop",
        ),
        (
            cron_job(&schedule(), &json!({"lastScheduleTime": "2026-07-31T03:00:00Z"})),
            vec![],
            vec![],
            "CronJob",
            "its last Job, of 2026-07-31T03:00:00Z, is gone",
            true,
            "kubectl create job",
        ),
        (
            cron_job(&schedule(), &json!({})),
            vec![],
            vec![refused.clone()],
            "CronJob",
            "its Jobs are rejected: Error creating job",
            false,
            "kubectl describe cronjob report",
        ),
        (
            cron_job(&schedule(), &json!({})),
            vec![job(2, "50", &complete)],
            vec![],
            "Job",
            "the Job is complete, and its pods are gone",
            true,
            "",
        ),
        (
            cron_job(&schedule(), &json!({})),
            vec![job(2, "50", &failed)],
            vec![],
            "Job",
            "the Job has failed, and its pods are gone: Job has reached",
            false,
            "kubectl describe job report-2",
        ),
        (
            cron_job(&schedule(), &json!({})),
            vec![job(2, "50", &json!({}))],
            vec![refused],
            "Job",
            "its pods are rejected: Error creating job",
            false,
            "kubectl describe job report-2",
        ),
    ] {
        let of = if jobs.is_empty() { "50" } else { "52" };
        let stub = Stub::new()
            .objects(GET, &[object])
            .objects(JOBS, &jobs)
            .objects(&PODS.replace("report-2,report-1", "report-2"), &[])
            .objects(&EVENTS.replace("11-22", of), &events);
        let (answers, status) = answers(&stub, &["cj/report", "-n", "shop"]);
        let answer = &answers[0];
        assert_eq!((&answer["kind"], &answer["canPull"]), (&kind.into(), &can_pull.into()), "{answer:#}");
        assert_eq!(status, Some(i32::from(!can_pull)), "{answer:#}");
        assert!(answer["cause"].as_str().unwrap().starts_with(cause), "{answer:#}");
        assert!(answer["help"].as_str().unwrap_or_default().starts_with(help), "{answer:#}");
    }
}

#[test]
fn a_workload_that_asks_for_no_pods_is_no_failure() {
    for (kind, resource, spec, status, cause) in [
        ("Deployment", "deployments.apps", json!({"replicas": 0}), json!({}), "spec.replicas is 0"),
        ("Job", "jobs.batch", json!({"parallelism": 0}), json!({}), "spec.parallelism is 0"),
        (
            "Deployment",
            "deployments.apps",
            json!({"replicas": 2, "paused": true}),
            json!({}),
            "spec.paused is true",
        ),
        ("Job", "jobs.batch", json!({"suspend": true}), json!({}), "spec.suspend is true"),
        (
            "DaemonSet",
            "daemonsets.apps",
            json!({}),
            json!({"desiredNumberScheduled": 0, "observedGeneration": 3}),
            "no node is selected",
        ),
    ] {
        let (answers, status) = answer(kind, resource, &spec, &status, &[]);
        assert_eq!((status, &answers[0]["canPull"]), (Some(0), &true.into()), "{answers:#}");
        assert!(answers[0]["cause"].as_str().unwrap().starts_with(cause), "{answers:#}");
    }
}

#[test]
fn a_workload_whose_pods_are_rejected_is_a_failure_though_it_is_paused() {
    let webhook = "admission webhook \"policy\" denied the request";
    let quota = "pods \"web-1\" is forbidden: exceeded quota: pods";
    let replica_failure = |message: &str| json!({"conditions": [{"type": "ReplicaFailure", "status": "True", "message": message}]});
    let paused = json!({"replicas": 3, "paused": true});
    let rejected = "its pods are rejected: ";
    let created = event("FailedCreate", webhook);
    let unseen = |status: Value| {
        ("DaemonSet", "daemonsets.apps", json!({}), status, vec![], "none of its pods exists")
    };
    for (kind, resource, spec, status, events, cause) in [
        ("Deployment", "deployments.apps", paused.clone(), replica_failure(webhook), vec![], rejected),
        ("Deployment", "deployments.apps", paused.clone(), replica_failure(quota), vec![], rejected),
        ("Deployment", "deployments.apps", paused, json!({}), vec![created.clone()], rejected),
        (
            "DaemonSet",
            "daemonsets.apps",
            json!({}),
            json!({"desiredNumberScheduled": 0}),
            vec![created],
            rejected,
        ),
        // Its controller has not looked at it.
        unseen(json!({})),
        unseen(json!({"desiredNumberScheduled": 0})),
        unseen(json!({"desiredNumberScheduled": 0, "observedGeneration": 2})),
        unseen(json!({"desiredNumberScheduled": 2, "observedGeneration": 3})),
    ] {
        let (answers, ended) = answer(kind, resource, &spec, &status, &events);
        assert_eq!((ended, &answers[0]["canPull"]), (Some(1), &false.into()), "{status} {answers:#}");
        assert!(answers[0]["cause"].as_str().unwrap().starts_with(cause), "{status} {answers:#}");
    }
}

/// The answer about a workload without pods, which has been changed twice.
fn answer(
    kind: &str,
    resource: &str,
    spec: &Value,
    status: &Value,
    events: &[Value],
) -> (Value, Option<i32>) {
    let metadata = json!({"name": "web", "namespace": "shop", "uid": "44", "generation": 3});
    let object =
        json!({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec, "status": status});
    let get = format!("get {resource} web --output=json --namespace=shop --ignore-not-found");
    let stub = Stub::new().objects(&get, &[object]).objects(&EVENTS.replace("11-22", "44"), events);
    answers(&stub, &[&format!("{}/web", kind.to_lowercase()), "-n", "shop"])
}

#[test]
fn answers_found_before_kubectl_fails_are_written() {
    let get = |name: &str| format!("get pods {name} --output=json --namespace=shop --ignore-not-found");
    let stub = Stub::new()
        .objects(&get("web-5d8f7c9b6-x2k4p"), &[pod(IMAGE, &[], &back_off())])
        .objects(&get("gone"), &[])
        .fails(&get("other"), "Unable to connect to the server: EOF")
        .objects(EVENTS, &[anonymous()])
        .objects(ACCOUNT, &[account(&[])]);
    let names = ["why", "pod/gone", "pod/web-5d8f7c9b6-x2k4p", "pod/other", "pod/never", "-n", "shop"];
    let (out, talk, status) = stub.run(&names);
    assert_eq!(status, Some(2), "{out}{talk}");
    assert!(out.starts_with("Pod shop/web-5d8f7c9b6-x2k4p"), "{out}");
    for error in ["there is no pod gone", "kubectl get pods failed: Unable to connect to the server: EOF"] {
        assert!(talk.contains(&format!("error: {error}")), "{talk}");
    }
    let (out, _, status) = stub.run(&[&names[..], &["-o", "json"]].concat());
    let answers: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((answers.as_array().unwrap().len(), status), (1, Some(2)), "{answers:#}");
}

/// kubectl is not run: its error would name the cluster.
#[test]
fn a_kubeconfig_that_does_not_exist_is_the_error() {
    for call in [&["why", "web"][..], &["check", "--live"]] {
        let (_, talk, status) = Stub::new().run(&[call, &["--kubeconfig", "nope"]].concat());
        assert_eq!(status, Some(2), "{talk}");
        assert!(talk.contains("error: nope: no such file"), "{talk}");
        assert!(talk.contains("name a file that exists with --kubeconfig FILE"), "{talk}");
    }
}

#[test]
fn several_names_are_explained_and_what_is_missing_is_an_error() {
    let name = "web-5d8f7c9b6-x2k4p";
    let get = |name: &str| format!("get pods {name} --output=json --namespace=shop --ignore-not-found");
    let stub = Stub::new()
        .objects(&get(name), &[pod(IMAGE, &[], &back_off())])
        .objects(&get("gone"), &[])
        .objects(EVENTS, &[anonymous()])
        .objects(ACCOUNT, &[account(&[])]);
    let (out, talk, status) = stub.run(&["why", "pod/gone", "po/web-5d8f7c9b6-x2k4p", "-n", "shop"]);
    assert_eq!(status, Some(2), "{out}{talk}");
    assert!(out.starts_with("Pod shop/web-5d8f7c9b6-x2k4p"), "{out}");
    assert!(talk.contains("error: there is no pod gone in namespace shop"), "{talk}");
    let (out, status) = answers(&stub, &[name, &format!("pods/{name}"), "-n", "shop"].map(|it| it));
    assert_eq!((out.as_array().unwrap().len(), status), (1, Some(1)), "{out:#}");
}

#[test]
fn a_file_and_two_words_get_a_help() {
    for file in ["web.yaml", "./k8s/web.yml", "deploy/web.json"] {
        let (_, talk, status) = Stub::new().run(&["why", file]);
        assert_eq!(status, Some(2), "{talk}");
        assert!(talk.contains(&format!("error: {file} is a file, ")), "{talk}");
        assert!(talk.contains(&format!("run acr-pull-secret check {file}")), "{talk}");
    }
    let workloads =
        "deployments.apps,statefulsets.apps,daemonsets.apps,jobs.batch,cronjobs.batch,replicasets.apps";
    let end = "deployment --output=json --namespace=shop --ignore-not-found";
    let stub =
        Stub::new().objects(&format!("get pods {end}"), &[]).objects(&format!("get {workloads} {end}"), &[]);
    let (_, talk, status) = stub.run(&["why", "deployment", "-n", "shop"]);
    assert_eq!(status, Some(2), "{talk}");
    assert!(talk.contains("write the kind and the name as one word: deployment/NAME"), "{talk}");
}
