//! One manifest judged: its request, the policy's answer, and the places of the findings.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::admission::{ApiServer, PodRequest};
use crate::cluster::Cluster;
use crate::kind::{Judged, Kind, template_path};
use crate::manifest::{Content, Manifest};
use crate::policy::{HostCalls, Policy};
use crate::verdict::{Decision, Finding, Severity, Verdict};

/// Where an object stands.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    /// The file as the user gave it
    pub file: String,
    /// Number of the document in the file, from 1
    pub document: usize,
    /// Line of the object, from 1
    pub line: usize,
    /// The chart's template, where `helm template` names it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

/// What became of one manifest.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Where it stands
    pub source: Source,
    /// Version of the object, empty where it has none
    pub api_version: String,
    /// Kind of the object, empty where it has none
    pub kind: String,
    /// Its namespace
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name, or what it is generated from
    pub name: String,
    /// The answer
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The answer for the pod that its template makes
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<Verdict>,
    /// The manifest itself
    #[serde(skip)]
    pub manifest: Manifest,
}

impl Outcome {
    /// All findings. What a template and its pods have in common is there once, as the template says it, with the
    /// greater weight.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = self.verdict.findings.clone();
        for finding in self.pods.iter().flat_map(|pods| &pods.findings) {
            let same = findings.iter_mut().find(|known| {
                let about =
                    |finding: &Finding| (finding.rule.clone(), finding.secret.clone(), finding.image.clone());
                let at = |finding: &Finding| (finding.line, finding.column);
                about(known) == about(finding)
                    && (at(known) == at(finding) || known.message == finding.message)
            });
            match same {
                Some(known) => known.severity = known.severity.max(finding.severity),
                None => findings.push(finding.clone()),
            }
        }
        findings
    }

    /// How many warnings there are for the object and its pods.
    pub fn warnings(&self) -> usize {
        let findings = self.findings();
        if findings.is_empty() {
            // A policy that says warnings only.
            return self.verdict.warnings.len() + self.pods.as_ref().map_or(0, |pods| pods.warnings.len());
        }
        findings.iter().filter(|finding| finding.severity == Severity::Warn).count()
    }

    /// What becomes of the object, or of its pods where that is worse.
    pub fn worst(&self) -> Decision {
        self.pods.as_ref().map_or(self.verdict.decision, |pods| pods.decision.max(self.verdict.decision))
    }
}

/// A policy with its settings, and the cluster that it is asked for.
pub struct Evaluation<'a> {
    /// The policy
    pub policy: &'a Policy,
    /// Its settings, as JSON
    pub settings: &'a RawValue,
    /// The kinds that are judged
    pub judged: &'a Judged,
    /// The API server
    pub api_server: ApiServer<'a>,
    /// The policy's lookups
    pub host: Arc<dyn HostCalls>,
}

#[derive(Serialize)]
struct Payload<'a> {
    request: &'a Value,
    settings: &'a RawValue,
}

impl<'a> Evaluation<'a> {
    /// An evaluation of objects that are created.
    pub fn new(
        policy: &'a Policy,
        settings: &'a RawValue,
        judged: &'a Judged,
        namespace: &'a str,
        cluster: &'a Cluster,
        host: Arc<dyn HostCalls>,
    ) -> Self {
        let api_server = ApiServer { namespace, operation: "CREATE", old: &[], cluster };
        Self { policy, settings, judged, api_server, host }
    }

    /// Judges a manifest.
    pub fn judge(&self, manifest: Manifest) -> Outcome {
        let source = Source {
            file: manifest.file.name.clone(),
            document: manifest.document.index,
            line: manifest.line,
            template: manifest.document.source.clone(),
        };
        let object = manifest.object();
        let kind = Kind::of(object);
        let word =
            |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut namespace = word("/metadata/namespace");
        if let (Content::Request(request), true) = (&manifest.content, namespace.is_empty()) {
            request.get("namespace").and_then(Value::as_str).unwrap_or_default().clone_into(&mut namespace);
        }
        let name = Some(word("/metadata/name")).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| word("/metadata/generateName"));
        let (mut verdict, mut pods) = match &kind {
            None => (skipped("no Kubernetes object: it has no apiVersion or no kind"), None),
            Some(kind) if !self.judged.includes(kind, object) => {
                (skipped("the policy has nothing to say about this kind"), None)
            }
            Some(kind) => {
                if namespace.is_empty() {
                    self.api_server.namespace.clone_into(&mut namespace);
                }
                self.judge_object(kind, &manifest)
            }
        };
        place(&manifest, &mut verdict, None);
        if let Some((pods, spec_pointer)) = &mut pods {
            place(&manifest, pods, Some(spec_pointer));
        }
        Outcome {
            source,
            api_version: word("/apiVersion"),
            kind: word("/kind"),
            namespace,
            name,
            verdict,
            pods: pods.map(|(pods, _)| pods),
            manifest,
        }
    }

    fn judge_object(&self, kind: &Kind, manifest: &Manifest) -> (Verdict, Option<(Verdict, String)>) {
        let object = manifest.object();
        let request = match &manifest.content {
            Content::Object(object) => &self.api_server.request(kind, object),
            Content::Request(request) => request,
        };
        let verdict = self.ask(request);
        let makes_pods = request.get("object").is_some()
            && template_path(kind, object).is_some()
            && !has_controller(object)
            && request.get("subResource").is_none();
        let pods = makes_pods.then(|| self.api_server.pod_request(kind, object)).flatten();
        let pods = pods.map(|PodRequest { request, spec_pointer }| (self.ask(&request), spec_pointer));
        (verdict, pods)
    }

    /// Sends one request to the policy.
    pub fn ask(&self, request: &Value) -> Verdict {
        let payload = match serde_json::to_vec(&Payload { request, settings: self.settings }) {
            Ok(payload) => payload,
            Err(error) => return Verdict::without_answer(Decision::Error, error.to_string()),
        };
        let object = request.get("object").unwrap_or(&Value::Null);
        match self.policy.call("validate", &payload, self.host.clone()) {
            Ok(response) => Verdict::of(&response, object).unwrap_or_else(|error| {
                let message = format!("the policy's answer is no ValidationResponse: {error}");
                Verdict::without_answer(Decision::Error, message)
            }),
            Err(error) => Verdict::without_answer(Decision::Error, error.to_string()),
        }
    }
}

fn skipped(reason: &str) -> Verdict {
    Verdict::without_answer(Decision::Skipped, reason.to_owned())
}

/// What a controller owns is judged with its owner, which makes the same pods.
fn has_controller(object: &Value) -> bool {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| owner.get("controller") == Some(&Value::Bool(true)))
}

/// Finds the findings in the file. Those of a template's pod stand where the template's spec stands.
fn place(manifest: &Manifest, verdict: &mut Verdict, pod_spec: Option<&str>) {
    if verdict.findings.is_empty() {
        return;
    }
    let pointers: Vec<String> = verdict
        .findings
        .iter()
        .map(|finding| match (pod_spec, finding.pointer.strip_prefix("/spec")) {
            (Some(template), Some(rest)) => format!("{template}{rest}"),
            _ => finding.pointer.clone(),
        })
        .collect();
    let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
    for (finding, place) in verdict.findings.iter_mut().zip(manifest.places(&pointers)) {
        finding.line = place.as_ref().map(|place| place.line);
        finding.column = place.as_ref().map(|place| place.column);
        finding.span = place.map(|place| place.span);
    }
}
