//! The outcome for one manifest, and the locations of its findings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::gaps::Gap;
use crate::inventory::Part;
use crate::json_pointer::unescaped;
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

/// The pointer into the object for a pointer into a pod of the template with this pod spec.
fn in_template(spec_pointer: &str, pointer: &str) -> String {
    format!("{}{pointer}", spec_pointer.strip_suffix("/spec").unwrap_or_default())
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
        if name.is_empty() {
            let place =
                if namespace.is_empty() { String::new() } else { format!(" in namespace {namespace}") };
            return format!("{kind} without a name{place}");
        }
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
        let mut findings = self.verdict.findings.clone();
        let at = |finding: &Finding| (finding.line, finding.column);
        let of_pods =
            self.pods.iter().flat_map(|pods| pods.verdict.findings.iter().map(move |it| (pods, it)));
        for (pods, finding) in of_pods {
            let pointer = in_template(&pods.spec_pointer, &finding.pointer);
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

    /// Sets the names on the paths of all findings. It needs the object.
    pub fn name_paths(&mut self) {
        let object = self.manifest.object();
        for finding in &mut self.verdict.findings {
            finding.named_pointer = path_of_names(object, &finding.pointer);
        }
        for Pods { verdict, spec_pointer } in &mut self.pods {
            for finding in &mut verdict.findings {
                finding.named_pointer = path_of_names(object, &in_template(spec_pointer, &finding.pointer));
            }
        }
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

/// The pointer into the object as it is written, for a pointer into what the API server stores: `stringData` as `data`.
pub(crate) fn as_written(object: &Value, pointer: String) -> String {
    let written = pointer.strip_prefix("/data/").map(|key| format!("/stringData/{key}"));
    written.filter(|written| object.pointer(written).is_some()).unwrap_or(pointer)
}

/// A JSON pointer with names for the items of lists, which they keep when another item is put before them.
fn path_of_names(object: &Value, pointer: &str) -> String {
    let mut at = Some(object);
    let mut path = String::new();
    for token in pointer.split('/').skip(1) {
        let is_item = at.is_some_and(Value::is_array);
        let next = at.and_then(|value| match value {
            Value::Array(items) => items.get(token.parse::<usize>().ok()?),
            other => other.get(unescaped(token)),
        });
        let name = next.and_then(|item| item.get("name")).and_then(Value::as_str);
        path.push('/');
        path.push_str(name.filter(|_| is_item).unwrap_or(token));
        at = next;
    }
    path
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
    let own = outcome.verdict.findings.iter().map(|finding| format!("{prefix}{}", finding.pointer));
    let pods = outcome.pods.iter().flat_map(|pods| {
        let findings = pods.verdict.findings.iter();
        findings.map(move |finding| format!("{prefix}{}", in_template(&pods.spec_pointer, &finding.pointer)))
    });
    own.chain(pods).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::path_of_names;

    #[test]
    fn items_of_lists_are_known_by_their_names() {
        let object = json!({"spec": {
            "containers": [{"name": "a"}, {"image": "b"}, {"name": "a/b"}],
            "a/b": [{"name": "c"}],
            "volumes": {"0": {"name": "no list"}},
        }});
        for (pointer, expected) in [
            ("", ""),
            ("/spec/containers/0/image", "/spec/containers/a/image"),
            ("/spec/containers/1/image", "/spec/containers/1/image"),
            ("/spec/containers/2", "/spec/containers/a/b"),
            ("/spec/containers/7/image", "/spec/containers/7/image"),
            ("/spec/a~1b/0/image", "/spec/a~1b/c/image"),
            ("/spec/volumes/0/image", "/spec/volumes/0/image"),
        ] {
            assert_eq!(path_of_names(&object, pointer), expected, "{pointer}");
        }
    }
}
