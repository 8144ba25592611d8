//! The result for the page's texts, which are checked as `check` checks files.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use wasm_bindgen::prelude::*;

use crate::core_engine::{CoreEngine, METADATA};
use crate::javascript::value;
use crate::lookups::host;
use crate::problem::Problem;
use crate::text::utf16;
use crate::{detail, settings};
use review::cluster::Cluster;
use review::evaluation::Evaluation;
use review::failing_lookups::FailingLookups;
use review::fix::may_add;
use review::host_calls::HostCalls;
use review::kind::Judged;
use review::manifest::{Manifest, manifests};
use review::outcome::{Outcome, locate};
use review::policy_resource::PolicyResource;
use review::settings::Settings;
use review::source_file::SourceFile;
use review::verdict::{Finding, Severity};

/// A finding and its place in the text, in UTF-16 units as JavaScript counts.
#[derive(Serialize)]
struct Mark<'a> {
    object: usize,
    from: usize,
    to: usize,
    severity: Severity,
    rule: &'a str,
    message: &'a str,
    help: &'a str,
}

/// An outcome, what is found in it, and how many warnings that makes.
#[derive(Serialize)]
struct Reported<'a> {
    #[serde(flatten)]
    outcome: &'a Outcome,
    findings: Vec<Finding>,
    warnings: usize,
}

#[derive(Serialize)]
struct Report<'a> {
    problems: &'a [Problem],
    notes: &'a [Problem],
    objects: Vec<Reported<'a>>,
    marks: Vec<Mark<'a>>,
    fixable: usize,
    evaluations: u32,
    milliseconds: f64,
}

/// The page's texts, checked.
#[wasm_bindgen]
pub struct Judgement {
    pub(crate) policy: CoreEngine,
    pub(crate) settings: Value,
    pub(crate) raw_settings: Box<RawValue>,
    pub(crate) resource: Option<PolicyResource>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) host: Arc<dyn HostCalls>,
    pub(crate) namespace: String,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) file: Arc<SourceFile>,
    settings_text: String,
    cluster_text: String,
    denied: bool,
    problems: Vec<Problem>,
    notes: Vec<Problem>,
}

#[wasm_bindgen]
impl Judgement {
    /// Checks the manifests with these settings in this cluster, all in YAML. With `denied`, RBAC forbids the lookups.
    #[wasm_bindgen(constructor)]
    pub fn new(manifests: &str, settings_text: &str, cluster: &str, namespace: &str, denied: bool) -> Self {
        let namespace = if namespace.is_empty() { "default" } else { namespace }.to_owned();
        let (mut problems, mut notes, mut known) = (Vec::new(), Vec::new(), Cluster::default());
        let (file, wanted) = read("manifests", manifests, &mut problems, &mut notes);
        let (_, given) = read("cluster", cluster, &mut problems, &mut notes);
        for manifest in given.iter().chain(&wanted) {
            known.add(manifest.object().clone(), &namespace);
        }
        let known = Arc::new(known);
        let lookups = |grants| host(known.clone(), denied.then_some(FailingLookups::Denied), grants);
        let settings =
            settings::read(settings_text, &namespace, lookups(None), &mut notes).unwrap_or_else(|wrong| {
                problems.extend(wrong);
                Settings::default()
            });
        let Settings { json: raw_settings, resource, .. } = settings;
        let grants = resource.as_ref().map(|resource| resource.context_aware_resources.clone());
        let mut judgement = Self {
            policy: CoreEngine::default(),
            settings: serde_json::from_str(raw_settings.get()).unwrap_or_default(),
            raw_settings,
            host: lookups(grants),
            resource,
            cluster: known,
            namespace,
            outcomes: Vec::new(),
            file,
            settings_text: settings_text.to_owned(),
            cluster_text: cluster.to_owned(),
            denied,
            problems,
            notes,
        };
        if judgement.problems.is_empty() {
            let judged = Judged::of(Some(&METADATA));
            let evaluation = judgement.evaluation(&judged);
            let mut outcomes =
                wanted.into_iter().map(|manifest| evaluation.judge(manifest)).collect::<Vec<_>>();
            locate(&mut outcomes);
            judgement.outcomes = outcomes;
        }
        judgement
    }

    /// What `check` would report, with the places of the findings.
    #[wasm_bindgen(unchecked_return_type = "Report")]
    pub fn report(&self) -> JsValue {
        let findings = self.outcomes.iter().enumerate().flat_map(|(i, outcome)| {
            let all = outcome.findings().into_iter();
            all.filter_map(move |finding| {
                let span = finding.place.as_ref()?.span.clone();
                Some((i, span, finding))
            })
        });
        let findings: Vec<_> = findings.collect();
        let units = utf16(&self.file.text, findings.iter().flat_map(|(_, span, _)| [span.start, span.end]));
        let unit = |byte| units.get(&byte).copied().unwrap_or_default();
        let marks = findings.iter().map(|(object, span, finding)| Mark {
            object: *object,
            from: unit(span.start),
            to: unit(span.end),
            severity: finding.severity,
            rule: &finding.rule,
            message: &finding.message,
            help: &finding.help,
        });
        let objects = self.outcomes.iter().map(|outcome| Reported {
            outcome,
            findings: outcome.findings(),
            warnings: outcome.warnings(),
        });
        let (evaluations, milliseconds) = self.policy.spent();
        value(&Report {
            problems: &self.problems,
            notes: &self.notes,
            objects: objects.collect(),
            marks: marks.collect(),
            fixable: self.outcomes.iter().filter(|outcome| may_add(outcome)).count(),
            evaluations,
            milliseconds,
        })
    }

    /// What is changed in the object of this index, and why its images need what they need.
    #[wasm_bindgen(unchecked_return_type = "Detail | null")]
    pub fn detail(&self, object: usize) -> JsValue {
        value(&self.outcomes.get(object).map(|outcome| detail::of(self, outcome)))
    }
}

impl Judgement {
    pub(crate) fn evaluation<'a>(&'a self, judged: &'a Judged) -> Evaluation<'a> {
        let host = self.host.clone();
        let evaluation =
            Evaluation::new(&self.policy, &self.raw_settings, judged, &self.namespace, &self.cluster, host);
        Evaluation { resource: self.resource.as_ref(), ..evaluation }
    }

    /// The policy resource that has the settings.
    pub(crate) fn given(&self) -> Option<&Value> {
        self.resource.as_ref().map(|resource| &resource.object)
    }

    /// The manifests, the settings and the cluster, as they were typed.
    pub(crate) fn texts(&self) -> [&str; 3] {
        [&self.file.text, &self.settings_text, &self.cluster_text]
    }

    /// Whether something prevents a check.
    pub(crate) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// The Secrets and ServiceAccounts among the inputs, and what declares Secrets.
    pub(crate) fn looked_up(&self) -> Vec<Value> {
        let (_, given) = read("cluster", &self.cluster_text, &mut Vec::new(), &mut Vec::new());
        let own = self.outcomes.iter().map(|outcome| &outcome.manifest);
        let objects = given.iter().chain(own).map(|manifest| manifest.object().clone());
        let is_looked_up = |object: &Value| {
            Cluster::keeps(object) && object.get("kind").and_then(Value::as_str) != Some("Namespace")
        };
        objects.filter(is_looked_up).collect()
    }

    /// Whether RBAC forbids the lookups.
    pub(crate) fn is_denied(&self) -> bool {
        self.denied
    }
}

fn read(
    tab: &'static str,
    text: &str,
    problems: &mut Vec<Problem>,
    notes: &mut Vec<Problem>,
) -> (Arc<SourceFile>, Vec<Manifest>) {
    let file = Arc::new(SourceFile { name: tab.to_owned(), text: text.to_owned() });
    let (manifests, odd, error) = manifests(&file);
    problems.extend(error.map(|error| Problem::syntax(tab, &error)));
    notes.extend(odd.into_iter().map(|note| Problem::note(tab, note)));
    (file, manifests)
}
