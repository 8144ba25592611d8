//! The pods that a workload made, or why it has none.

use review::kind::controller;
use review::object_name::parse_name;
use serde_json::{Value, json};

use super::gathering::{Events, Found, Gathering, GatheringError};
use super::grouping::{Group, groups};
use crate::kubectl::field::word;
use crate::kubectl::{KubectlError, Query, Scope};
use crate::why::cause::Cause;
use crate::why::kubelet::shortened;
use crate::why::mask::masked;
use crate::why::pod::Pod;
use crate::why::target::{JOBS, PODS, REPLICA_SETS, selector};

/// The most Jobs of a `CronJob` whose pods are looked at, the newest first. It keeps four by default.
const MOST_JOBS: usize = 20;

impl Gathering<'_> {
    /// The pods that a workload made.
    pub(super) fn pods_of(&self, workload: &Value) -> Result<Found, GatheringError> {
        if word(workload, "/kind") == "CronJob" {
            return self.pods_of_cron_job(workload);
        }
        let scope = scope_of(workload);
        let groups = match selector(workload) {
            Some(selector) => {
                let pods = self.selected(PODS, &selector, &scope)?;
                self.grouped(self.owned(workload, pods, &selector, &scope), &scope)
            }
            None => Vec::new(),
        };
        Ok(if groups.is_empty() { self.without_pods(workload) } else { Found::Pods(groups) })
    }

    /// Of these pods, those that the workload made: others may have the same labels.
    fn owned(&self, workload: &Value, mut pods: Vec<Value>, selector: &str, scope: &Scope) -> Vec<Value> {
        let uid = word(workload, "/metadata/uid");
        if pods.is_empty() || word(workload, "/kind") != "Deployment" {
            pods.retain(|pod| controller(pod) == Some(uid));
            return pods;
        }
        // A Deployment makes ReplicaSets, which make the pods.
        match self.known("replicasets", self.selected(REPLICA_SETS, selector, scope)) {
            Some(mut sets) => {
                sets.retain(|set| controller(set) == Some(uid));
                let made = |owner: &str| sets.iter().any(|set| word(set, "/metadata/uid") == owner);
                pods.retain(|pod| controller(pod).is_some_and(made));
            }
            None => pods.retain(|pod| has_set_of(pod, word(workload, "/metadata/name"))),
        }
        pods
    }

    /// The pods of the Jobs that a `CronJob` made.
    fn pods_of_cron_job(&self, cron_job: &Value) -> Result<Found, GatheringError> {
        let scope = scope_of(cron_job);
        let query = Query { resources: JOBS, names: &[], scope: &scope, options: &[] };
        let mut jobs = self.kubectl.objects(&query).map_err(|error| {
            let help = format!("name one of these pods instead: {}", self.get_pods());
            if error.is_forbidden() { GatheringError::Hidden { error, help } } else { error.into() }
        })?;
        let uid = word(cron_job, "/metadata/uid");
        jobs.retain(|job| controller(job) == Some(uid) && parse_name(word(job, "/metadata/name")).is_ok());
        // Times of the API server are in the order of their texts.
        jobs.sort_by(|one, other| {
            let created = |job| word(job, "/metadata/creationTimestamp").to_owned();
            created(other).cmp(&created(one))
        });
        jobs.truncate(MOST_JOBS);
        let Some(newest) = jobs.first() else { return Ok(self.without_pods(cron_job)) };
        let names: Vec<&str> = jobs.iter().map(|job| word(job, "/metadata/name")).collect();
        // batch/v1 `LegacyJobNameLabel`, which every version of Kubernetes sets
        let mut pods = self.selected(PODS, &format!("job-name in ({})", names.join(",")), &scope)?;
        pods.retain(|pod| {
            controller(pod).is_some_and(|owner| jobs.iter().any(|job| word(job, "/metadata/uid") == owner))
        });
        let groups = self.grouped(pods, &scope);
        Ok(if groups.is_empty() { self.without_pods(newest) } else { Found::Pods(groups) })
    }

    /// The pods with the same answer together, of what their status and their events have.
    fn grouped(&self, pods: Vec<Value>, scope: &Scope) -> Vec<Group> {
        // The events of one pod are read with what else is known about it.
        if pods.len() < 2 {
            return groups(pods.into_iter().map(|pod| (pod, Events::Unasked)).collect());
        }
        let mut all = self.events_of_pods(scope);
        let with_events = |pod: Value| {
            let of_pod = all.as_mut().map(|all| all.remove(word(&pod, "/metadata/uid")).unwrap_or_default());
            (pod, of_pod.map_or(Events::Unknown, Events::Read))
        };
        groups(pods.into_iter().map(with_events).collect())
    }

    fn selected(&self, resources: &str, selector: &str, scope: &Scope) -> Result<Vec<Value>, KubectlError> {
        let options = [format!("--selector={selector}")];
        self.kubectl.objects(&Query { resources, names: &[], scope, options: &options })
    }

    fn without_pods(&self, workload: &Value) -> Found {
        let events = self.events(word(workload, "/metadata/uid"), &scope_of(workload));
        let (is_wanted, cause) = no_pods(workload, &events);
        let [kind, namespace, name] =
            ["/kind", "/metadata/namespace", "/metadata/name"].map(|path| word(workload, path).to_owned());
        Found::NoPods { kind, namespace, name, is_wanted, cause }
    }
}

/// Whether a pod names a `ReplicaSet` of this Deployment as its controller. apps: `getNewReplicaSet` names it so
fn has_set_of(pod: &Value, deployment: &str) -> bool {
    let owners = pod.pointer("/metadata/ownerReferences").and_then(Value::as_array).into_iter().flatten();
    let mut controllers = owners.filter(|owner| owner["controller"] == true && owner["kind"] == "ReplicaSet");
    let name = format!("{deployment}-{}", word(pod, "/metadata/labels/pod-template-hash"));
    controllers.any(|owner| owner["name"] == name.as_str())
}

fn scope_of(object: &Value) -> Scope {
    Scope::Namespace(word(object, "/metadata/namespace").to_owned())
}

/// Whether a workload without pods should have some, and why it has none.
fn no_pods(workload: &Value, events: &Events) -> (bool, Cause) {
    let is = |path: &str, value: Value| workload.pointer(path) == Some(&value);
    let condition = |kind: &str| {
        let conditions =
            workload.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
        let mut of_kind = conditions.filter(|it| it["type"] == kind && it["status"] != "False");
        of_kind.next_back().map(|it| it["message"].as_str().unwrap_or_default())
    };
    let asks_for_none = [
        ("/spec/replicas", json!(0), "spec.replicas is 0"),
        ("/spec/parallelism", json!(0), "spec.parallelism is 0"),
        ("/spec/suspend", json!(true), "spec.suspend is true"),
    ];
    if let Some((_, _, reason)) = asks_for_none.into_iter().find(|(path, value, _)| is(path, value.clone())) {
        return (false, Cause::new(reason, ""));
    }
    // The number is also 0 before the controller has looked.
    let generation = workload.pointer("/metadata/generation");
    let is_observed = generation.is_some() && generation == workload.pointer("/status/observedGeneration");
    if is_observed && is("/status/desiredNumberScheduled", json!(0)) {
        let message = "no node is selected (status.desiredNumberScheduled is 0)";
        return (false, Cause::new(message, ""));
    }
    if condition("Complete").is_some() {
        return (false, Cause::new("the Job is complete, and its pods are gone", ""));
    }
    let mask = |reason: &str| {
        let images = images(workload);
        shortened(&images.iter().fold(reason.to_owned(), |reason, image| masked(&reason, image)))
    };
    let help = described(workload);
    if let Some(reason) = condition("Failed") {
        return (
            true,
            Cause::new(format!("the Job has failed, and its pods are gone: {}", mask(reason)), help),
        );
    }
    let created = events.known().iter().rev().find(|event| event.reason == "FailedCreate");
    let is_cron_job = word(workload, "/kind") == "CronJob";
    if let Some(reason) = created.map(|event| event.message.as_str()).or_else(|| condition("ReplicaFailure"))
    {
        let what = if is_cron_job { "Jobs" } else { "pods" };
        return (true, Cause::new(format!("its {what} are rejected: {}", mask(reason)), help));
    }
    if is_cron_job {
        (false, no_jobs(workload))
    } else if is("/spec/paused", json!(true)) {
        (false, Cause::new("spec.paused is true", ""))
    } else {
        let why = match events {
            Events::Unknown => "its events could not be read",
            Events::Unasked | Events::Read(_) => "no event says why",
        };
        (true, Cause::new(format!("none of its pods exists, and {why}"), help))
    }
}

/// A `CronJob` without Jobs, which is not suspended.
fn no_jobs(cron_job: &Value) -> Cause {
    let (name, namespace) = (word(cron_job, "/metadata/name"), word(cron_job, "/metadata/namespace"));
    let last = word(cron_job, "/status/lastScheduleTime");
    let message = if last.is_empty() {
        format!("it has made no Job yet (spec.schedule is {})", shortened(word(cron_job, "/spec/schedule")))
    } else {
        format!("its last Job, of {}, is gone", shortened(last))
    };
    let is_word = [name, namespace].iter().all(|word| parse_name(word).is_ok());
    let help = format!("kubectl create job {name}-now --from=cronjob/{name} -n {namespace}");
    Cause::new(message, if is_word { help } else { "create a Job from it".to_owned() })
}

/// The images of the pods that a workload makes, as written.
fn images(workload: &Value) -> Vec<String> {
    let templates = ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec"];
    let specs = templates.iter().filter_map(|path| workload.pointer(path));
    specs.flat_map(|spec| Pod::of(&json!({"spec": spec})).images).map(|image| image.reference).collect()
}

/// The command that shows the events of a workload.
fn described(workload: &Value) -> String {
    let (kind, name) = (word(workload, "/kind").to_ascii_lowercase(), word(workload, "/metadata/name"));
    let namespace = word(workload, "/metadata/namespace");
    if [kind.as_str(), name, namespace].iter().all(|word| parse_name(word).is_ok()) {
        format!("kubectl describe {kind} {name} -n {namespace}")
    } else {
        "read the events of the workload".to_owned()
    }
}
