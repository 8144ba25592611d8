//! The evaluation of one manifest: its request and the policy's answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::admission::{ApiServer, PodRequest, is_mirror};
use crate::cluster::Cluster;
use crate::declaration::unreadable;
use crate::engine::Engine;
use crate::field::{self, field};
use crate::gaps::{Gap, Noting, account_of};
use crate::host_calls::HostCalls;
use crate::inventory;
use crate::kind::{Judged, Kind, not_judged};
use crate::manifest::{Content, Manifest};
use crate::other_namespace::{self, Owner};
use crate::outcome::{Outcome, Pods, Source, as_written};
use crate::policy_resource::PolicyResource;
use crate::request::Asked;
use crate::similar_secret;
use crate::verdict::{Decision, Finding, Verdict};

/// A policy with its settings and its cluster.
pub struct Evaluation<'a> {
    /// The policy
    pub policy: &'a dyn Engine,
    /// Its settings, as JSON
    pub settings: &'a RawValue,
    /// Its settings for Secrets, where they differ
    pub secret_settings: Option<&'a RawValue>,
    /// Whether an object that is not among the inputs does not exist
    pub is_complete: bool,
    /// Whether outcomes contain what the inventory of pull secrets needs
    pub has_inventory: bool,
    /// The resource that deploys the policy, where there is one: its rules and selectors determine what is evaluated
    pub resource: Option<&'a PolicyResource>,
    /// The kinds that are evaluated if there is none
    pub judged: &'a Judged,
    /// The API server
    pub api_server: ApiServer<'a>,
    /// The policy's lookups
    pub host: Arc<dyn HostCalls>,
}

/// A pod whose images are pulled.
#[derive(Debug, Clone)]
pub struct PodToPull {
    /// With the pull secrets of its `ServiceAccount` and of the policy
    pub pod: Value,
    /// Its namespace
    pub namespace: String,
    /// The part of the outcome that it belongs to
    pub part: Part,
    /// What stands before a pointer into the pod, to make it one into that part
    pub prefix: String,
}

/// A part of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The answer for the object itself
    Object,
    /// That for the pods of this template, by its number from 0
    Pods(usize),
}

/// Why a value that is not a Kubernetes object is skipped.
pub const NOT_AN_OBJECT: &str = "not a Kubernetes object: no apiVersion or no kind";

/// Bytes that most payloads do not exceed.
const USUAL_PAYLOAD: usize = 4 << 10;

#[derive(Serialize)]
struct Payload<'a> {
    request: &'a Asked<'a>,
    settings: &'a RawValue,
}

impl<'a> Evaluation<'a> {
    /// An evaluation of objects that are created.
    pub fn new(
        policy: &'a dyn Engine,
        settings: &'a RawValue,
        judged: &'a Judged,
        namespace: &'a str,
        cluster: &'a Cluster,
        host: Arc<dyn HostCalls>,
    ) -> Self {
        let api_server =
            ApiServer { namespace, operation: "CREATE", old: &[], cluster, are_pods_admitted: false };
        Self {
            policy,
            settings,
            secret_settings: None,
            is_complete: true,
            has_inventory: false,
            resource: None,
            judged,
            api_server,
            host,
        }
    }

    /// Evaluates a manifest.
    pub fn judge(&self, manifest: Manifest) -> Outcome {
        self.outcome(manifest, None)
    }

    /// The outcome of a manifest that is not evaluated, and why.
    pub fn skip(&self, manifest: Manifest, reason: &str) -> Outcome {
        self.outcome(manifest, Some(reason))
    }

    fn outcome(&self, manifest: Manifest, left_out: Option<&str>) -> Outcome {
        let source = Source {
            file: manifest.file.name.clone(),
            document: manifest.document.index,
            line: manifest.line,
            template: manifest.document.source.clone().filter(|path| is_template(path)),
        };
        let object = manifest.object();
        let kind = Kind::of(object);
        let word = |path: &[&str]| field::word(object, path).unwrap_or_default().to_owned();
        let mut namespace = word(&["metadata", "namespace"]);
        if let (Content::Request(request), true) = (&manifest.content, namespace.is_empty()) {
            request.get("namespace").and_then(Value::as_str).unwrap_or_default().clone_into(&mut namespace);
        }
        let is_named = !namespace.is_empty();
        let name = field::word(object, &["metadata", "name"])
            .map_or_else(|| word(&["metadata", "generateName"]), str::to_owned);
        let noting =
            (!self.is_complete && left_out.is_none()).then(|| Arc::new(Noting::new(self.host.clone())));
        let host = noting
            .as_ref()
            .map_or_else(|| self.host.clone(), |noting| -> Arc<dyn HostCalls> { noting.clone() });
        let mut unknown = BTreeSet::new();
        let reason = kind.as_ref().and_then(|kind| not_judged_of(&manifest, kind));
        let (mut verdict, mut pods) = match (left_out.or(reason.as_deref()), &kind) {
            (Some(reason), _) => (skipped(reason), Vec::new()),
            (None, None) => (skipped(NOT_AN_OBJECT), Vec::new()),
            (None, Some(kind)) if self.resource.is_none() && !self.judged.includes(kind, object) => {
                (skipped("the policy does not apply to this kind"), Vec::new())
            }
            (None, Some(kind)) => {
                if namespace.is_empty() && !kind.is_cluster_scoped() {
                    self.api_server.namespace.clone_into(&mut namespace);
                }
                self.judge_object(kind, &manifest, &host, &mut unknown)
            }
        };
        if self.policy.is_own() {
            let owner = Owner { namespace: &namespace, is_named, is_mirror: is_mirror(object) };
            help_with_names(&mut verdict.findings, owner, self.api_server.cluster);
            for Pods { verdict, spec_pointer } in &mut pods {
                let template = spec_pointer.strip_suffix("/spec").and_then(|pointer| object.pointer(pointer));
                let owner = Owner { is_mirror: template.is_some_and(is_mirror), ..owner };
                help_with_names(&mut verdict.findings, owner, self.api_server.cluster);
            }
        }
        for finding in &mut verdict.findings {
            finding.pointer = as_written(object, std::mem::take(&mut finding.pointer));
        }
        let inventory = kind.as_ref().filter(|_| self.has_inventory && left_out.is_none());
        let inventory = inventory.map(|kind| {
            inventory::Part::of(kind, object, &namespace, &self.api_server, self.policy, &self.host)
        });
        unknown.extend(noting.iter().flat_map(|noting| noting.unknown()));
        let suggestions = kind
            .as_ref()
            .map(|kind| similar_secret::for_unknown(&unknown, kind, object, self.api_server.cluster));
        let suggestions = suggestions.unwrap_or_default();
        let (api_version, kind) = (word(&["apiVersion"]), word(&["kind"]));
        Outcome {
            source,
            api_version,
            kind,
            namespace,
            name,
            verdict,
            pods,
            unknown,
            suggestions,
            inventory,
            manifest,
        }
    }

    fn judge_object(
        &self,
        kind: &Kind,
        manifest: &Manifest,
        host: &Arc<dyn HostCalls>,
        unknown: &mut BTreeSet<Gap>,
    ) -> (Verdict, Vec<Pods>) {
        let (request, pods) = self.requests(kind, manifest);
        let mut judge = |request: &Asked<'_>, is_pod: bool| {
            let verdict = self.verdict(request, host.clone());
            if let Some(pod) = request.object().filter(|_| is_pod && !self.is_complete) {
                let namespace = request.namespace().unwrap_or(self.api_server.namespace);
                unknown.extend(account_of(pod, namespace, &verdict, self.api_server.cluster));
            }
            verdict
        };
        let verdict = match self.leaves_out(&request) {
            Some(reason) => skipped(&reason),
            None => judge(&request, kind.is_core("Pod")),
        };
        let pods = pods
            .into_iter()
            .map(|(request, spec_pointer)| Pods { verdict: judge(&request, true), spec_pointer });
        let pods = pods.collect();
        (verdict, pods)
    }

    /// The request for an object, and those for the pods that it creates if they are sent to the policy, each with the
    /// pointer of its spec.
    fn requests<'m>(
        &'m self,
        kind: &'m Kind,
        manifest: &'m Manifest,
    ) -> (Asked<'m>, Vec<(Asked<'m>, String)>) {
        let object = manifest.object();
        let request = match &manifest.content {
            Content::Object(object) => Asked::Made(self.api_server.request(kind, object)),
            Content::Request(request) => Asked::Given(request),
        };
        let namespace = request.namespace().unwrap_or(self.api_server.namespace);
        let pods = if makes_pods(&request) {
            self.api_server.pod_requests(kind, object, namespace)
        } else {
            Vec::new()
        };
        let pods = pods
            .into_iter()
            .filter(|pod| is_new(&request, &pod.spec_pointer))
            .map(|PodRequest { request, spec_pointer }| (Asked::Made(request), spec_pointer))
            .filter(|(request, _)| self.leaves_out(request).is_none())
            .collect();
        (request, pods)
    }

    /// The pods of an outcome that are created and pull images, as the API server and the policy leave them. None for an object
    /// that is not evaluated or not created.
    pub fn pods_to_pull(&self, outcome: &Outcome) -> Vec<PodToPull> {
        let manifest = &outcome.manifest;
        let Some(kind) = Kind::of(manifest.object()) else { return Vec::new() };
        if matches!(outcome.verdict.decision, Decision::Skipped | Decision::Error) && outcome.pods.is_empty()
        {
            return Vec::new();
        }
        let (request, made) = self.requests(&kind, manifest);
        if !request.is_create() {
            return Vec::new();
        }
        let namespace = request.namespace().unwrap_or(self.api_server.namespace).to_owned();
        let pod = |object: &Value, verdict: &Verdict, part, pointer: &str| {
            let mut object = object.clone();
            // A patch that does not apply is of a policy that lies; the pod then stays as it was sent.
            let _ = json_patch::patch(&mut object, &verdict.patch);
            PodToPull { pod: object, namespace: namespace.clone(), part, prefix: pointer.to_owned() }
        };
        if kind.is_core("Pod") {
            let object = request.object().into_iter();
            return object.map(|object| pod(object, &outcome.verdict, Part::Object, "")).collect();
        }
        if !made.is_empty() {
            let both = made.iter().zip(&outcome.pods).enumerate();
            return both
                .filter_map(|(i, ((request, _), pods))| {
                    Some(pod(request.object()?, &pods.verdict, Part::Pods(i), ""))
                })
                .collect();
        }
        // The policy sees the templates alone.
        let Some(object) = request.object() else { return Vec::new() };
        let changed = pod(object, &outcome.verdict, Part::Object, "").pod;
        let pods = self.api_server.pod_requests(&kind, &changed, &namespace).into_iter();
        pods.filter_map(|PodRequest { request, spec_pointer }| {
            let prefix = spec_pointer.strip_suffix("/spec")?.to_owned();
            let pod = request.object?.into_owned();
            Some(PodToPull { pod, namespace: namespace.clone(), part: Part::Object, prefix })
        })
        .collect()
    }

    /// The payloads that are sent to the policy for a manifest; none if it is not sent.
    pub fn payloads(&self, manifest: &Manifest) -> Vec<Vec<u8>> {
        let object = manifest.object();
        let kind = Kind::of(object)
            .filter(|kind| not_judged_of(manifest, kind).is_none())
            .filter(|kind| self.resource.is_some() || self.judged.includes(kind, object));
        let Some(kind) = kind else { return Vec::new() };
        let (request, pods) = self.requests(&kind, manifest);
        let seen = Some(request).filter(|request| self.leaves_out(request).is_none());
        let requests = seen.into_iter().chain(pods.into_iter().map(|(request, _)| request));
        requests.filter_map(|request| self.payload(&request).ok()).collect()
    }

    /// Why a request is not sent to the policy.
    fn leaves_out(&self, request: &Asked<'_>) -> Option<String> {
        let resource = self.resource?;
        resource.leaves_out(&request.to_value(), self.api_server.cluster)
    }

    /// Sends one request to the policy.
    pub fn ask(&self, request: &Value) -> Verdict {
        let request = Asked::Given(request);
        let mut verdict = self.verdict(&request, self.host.clone());
        if self.policy.is_own() {
            let owner = Owner {
                namespace: request.namespace().unwrap_or_default(),
                is_named: true,
                is_mirror: request.object().is_some_and(is_mirror),
            };
            help_with_names(&mut verdict.findings, owner, self.api_server.cluster);
        }
        verdict
    }

    fn verdict(&self, request: &Asked<'_>, host: Arc<dyn HostCalls>) -> Verdict {
        let verdict = self.answer(request, host);
        match self.resource {
            Some(resource) => resource.enforcement.apply(verdict),
            None => verdict,
        }
    }

    fn payload(&self, request: &Asked<'_>) -> serde_json::Result<Vec<u8>> {
        let mut payload = Vec::with_capacity(USUAL_PAYLOAD);
        let settings = self.secret_settings.filter(|_| request.is_of_secret()).unwrap_or(self.settings);
        serde_json::to_writer(&mut payload, &Payload { request, settings })?;
        Ok(payload)
    }

    fn answer(&self, request: &Asked<'_>, host: Arc<dyn HostCalls>) -> Verdict {
        let payload = match self.payload(request) {
            Ok(payload) => payload,
            Err(error) => return Verdict::without_answer(Decision::Error, error.to_string()),
        };
        let object = request.object().unwrap_or(&Value::Null);
        match self.policy.call("validate", &payload, host) {
            Ok(response) => match Verdict::of(&response, object) {
                Ok(verdict) if self.policy.is_own() => verdict,
                Ok(verdict) => verdict.of_foreign_policy(),
                Err(error) => {
                    let message = format!("the policy's answer is not a ValidationResponse: {error}");
                    Verdict::without_answer(Decision::Error, message)
                }
            },
            Err(error) => Verdict::without_answer(Decision::Error, error.to_string()),
        }
    }
}

/// Adds to the help of findings where the inputs have the secret, or which similar one they have.
fn help_with_names(findings: &mut [Finding], owner: Owner<'_>, cluster: &Cluster) {
    other_namespace::help(findings, owner, cluster);
    similar_secret::help(findings, owner.namespace, cluster);
}

/// Whether this is a path in a chart as helm writes it, such as `shop/templates/web.yaml`. People write `# Source:` above
/// manifests too, with other paths.
fn is_template(path: &str) -> bool {
    let is_relative = !path.starts_with(['/', '.']) && !path.contains("//") && !path.contains([':', '\\']);
    let mut folders = path.split('/').skip(1);
    is_relative && folders.any(|folder| matches!(folder, "templates" | "crds")) && folders.next().is_some()
}

/// Why a manifest is not evaluated. A request is evaluated, because it was sent already.
fn not_judged_of(manifest: &Manifest, kind: &Kind) -> Option<String> {
    if let Some(reason) = unreadable(kind, manifest.object()) {
        return Some(reason.to_owned());
    }
    match &manifest.content {
        Content::Object(object) => not_judged(kind, object),
        Content::Request(_) => None,
    }
}

fn skipped(reason: &str) -> Verdict {
    Verdict::without_answer(Decision::Skipped, reason.to_owned())
}

/// Whether the request changes the pods of the object's pod spec at the pointer.
fn is_new(request: &Asked<'_>, spec_pointer: &str) -> bool {
    let old = request.old_object().filter(|_| request.is_update());
    let spec = request.object().and_then(|object| object.pointer(spec_pointer));
    old.is_none_or(|old| old.pointer(spec_pointer) != spec)
}

/// Whether the request creates pods from the object's templates: the object is not being deleted.
fn makes_pods(request: &Asked<'_>) -> bool {
    let Some(object) = request.object().filter(|object| !object.is_null()) else { return false };
    let is_going = field(object, &["metadata", "deletionTimestamp"]).is_some_and(|time| !time.is_null());
    !is_going && !request.has_sub_resource()
}
