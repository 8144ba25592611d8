//! The outcome for one manifest, and the locations of its findings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::gaps::Gap;
use crate::inventory::Part;
use crate::manifest::Manifest;
use crate::verdict::{Decision, Finding, Severity, Verdict};

/// The location of an object.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    /// The file as the user gave it
    pub file: String,
    /// Number of the document in the file, from 1
    pub document: usize,
    /// Line of the object, from 1; 0 where it is in no file
    #[serde(skip_serializing_if = "is_none")]
    pub line: usize,
    /// The chart's template, where `helm template` names it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none(line: &usize) -> bool {
    *line == 0
}

/// The outcome for one manifest.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its location
    pub source: Source,
    /// Version of the object, empty where it has none
    pub api_version: String,
    /// Kind of the object, empty where it has none
    pub kind: String,
    /// Its namespace
    pub namespace: String,
    /// Its name, or what it is generated from
    pub name: String,
    /// The answer for the object itself
    pub verdict: Verdict,
    /// The answers for the pods of its templates, one for each template
    pub pods: Vec<Pods>,
    /// Objects that the answers depend on and that are not among the inputs
    pub unknown: BTreeSet<Gap>,
    /// For unknown Secrets, as in `unknown`, which similar ones are among the inputs: `did you mean acr-secret?`
    pub suggestions: BTreeMap<Gap, String>,
    /// What it contributes to the inventory of pull secrets, where one is wanted
    pub inventory: Option<Part>,
    /// The manifest itself
    pub manifest: Manifest,
}

/// The outcome for the pods of a template.
#[derive(Debug, Clone, Serialize)]
pub struct Pods {
    /// The answer for one of them
    #[serde(flatten)]
    pub verdict: Verdict,
    /// JSON pointer of the template's pod spec
    #[serde(skip)]
    pub spec_pointer: String,
}

impl Pods {
    /// The pointer into the object for a pointer into its pod.
    fn pointer_in_template(&self, pointer: &str) -> String {
        format!("{}{pointer}", self.spec_pointer.strip_suffix("/spec").unwrap_or_default())
    }
}

/// The outcome as reports have it, with the worst decision before its parts.
impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Shown<'a> {
            source: &'a Source,
            api_version: &'a str,
            kind: &'a str,
            #[serde(skip_serializing_if = "str::is_empty")]
            namespace: &'a str,
            name: &'a str,
            decision: Decision,
            object: &'a Verdict,
            #[serde(skip_serializing_if = "<[Pods]>::is_empty")]
            pods: &'a [Pods],
            #[serde(skip_serializing_if = "BTreeSet::is_empty")]
            unknown: &'a BTreeSet<Gap>,
        }
        let Self { source, api_version, kind, namespace, name, verdict, pods, unknown, .. } = self;
        let decision = self.worst();
        let object = verdict;
        Shown { source, api_version, kind, namespace, name, decision, object, pods, unknown }
            .serialize(serializer)
    }
}

impl Outcome {
    /// `Deployment shop/web`
    pub fn title(&self) -> String {
        let Self { kind, namespace, name, .. } = self;
        let slash = if namespace.is_empty() { "" } else { "/" };
        format!("{kind} {namespace}{slash}{name}")
    }

    /// Whether the other object is in the same document.
    pub fn is_beside(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.manifest.document, &other.manifest.document)
    }

    /// All findings, with pointers into the object as it is written. A finding that a template and its pods have in common
    /// appears once, as in the template, with the higher severity.
    pub fn findings(&self) -> Vec<Finding> {
        let own = self.verdict.findings.iter();
        let mut findings: Vec<Finding> =
            own.map(|it| Finding { pointer: self.as_written(&it.pointer), ..it.clone() }).collect();
        let at = |finding: &Finding| (finding.line, finding.column);
        let of_pods =
            self.pods.iter().flat_map(|pods| pods.verdict.findings.iter().map(move |it| (pods, it)));
        for (pods, finding) in of_pods {
            let pointer = pods.pointer_in_template(&finding.pointer);
            let same = findings.iter_mut().find(|known| {
                (&known.rule, &known.secret, &known.image) == (&finding.rule, &finding.secret, &finding.image)
                    && (known.pointer == pointer || (known.line.is_some() && at(known) == at(finding)))
            });
            match same {
                Some(known) => known.severity = known.severity.max(finding.severity),
                None => findings.push(Finding { pointer, ..finding.clone() }),
            }
        }
        findings
    }

    /// The pointer into the object as it is written, for a pointer into what the API server stores: `stringData` as `data`.
    fn as_written(&self, pointer: &str) -> String {
        let written = pointer.replacen("/data/", "/stringData/", 1);
        let is_written = pointer.starts_with("/data/") && self.manifest.object().pointer(&written).is_some();
        if is_written { written } else { pointer.to_owned() }
    }

    /// How many warnings there are for the object and its pods.
    pub fn warnings(&self) -> usize {
        let findings = self.findings();
        if findings.is_empty() {
            // A policy that returns only warnings.
            return self.verdicts().map(|verdict| verdict.warnings.len()).sum();
        }
        findings.iter().filter(|finding| finding.severity == Severity::Warn).count()
    }

    /// The decision for the object, or for its pods if that is worse.
    pub fn worst(&self) -> Decision {
        self.verdicts().map(|verdict| verdict.decision).max().unwrap_or(self.verdict.decision)
    }

    /// The answers for the object and for its pods.
    pub fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        std::iter::once(&self.verdict).chain(self.pods.iter().map(|pods| &pods.verdict))
    }
}

/// Locates the findings in their files, those of a template's pod in the template.
pub fn locate(outcomes: &mut [Outcome]) {
    for group in outcomes.chunk_by_mut(Outcome::is_beside) {
        let pointers: Vec<String> = group.iter().flat_map(pointers).collect();
        let Some(Manifest { file, document, .. }) = group.first().map(|outcome| &outcome.manifest) else {
            continue;
        };
        if pointers.is_empty() {
            continue;
        }
        let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
        let mut places = document.nearest(&file.text, &pointers).into_iter();
        let verdicts = group.iter_mut().flat_map(|Outcome { verdict, pods, .. }| {
            std::iter::once(verdict).chain(pods.iter_mut().map(|pods| &mut pods.verdict))
        });
        for finding in verdicts.flat_map(|verdict| &mut verdict.findings) {
            let place = places.next().flatten();
            finding.line = place.as_ref().map(|place| place.line);
            finding.column = place.as_ref().map(|place| place.column);
            finding.place = place;
        }
    }
}

/// JSON pointers into the document of all findings, those of the object first.
fn pointers(outcome: &Outcome) -> Vec<String> {
    let prefix = &outcome.manifest.prefix;
    let own = outcome.verdict.findings.iter();
    let own = own.map(|finding| format!("{prefix}{}", outcome.as_written(&finding.pointer)));
    let pods = outcome.pods.iter().flat_map(|pods| {
        let findings = pods.verdict.findings.iter();
        findings.map(move |finding| format!("{prefix}{}", pods.pointer_in_template(&finding.pointer)))
    });
    own.chain(pods).collect()
}
