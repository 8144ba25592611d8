//! What the page copies out: the policy for a cluster, and a suite for the command `test`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::core_engine::METADATA;
use crate::judgement::Judgement;
use crate::text::{yaml, yaml_documents};
use review::deployment::Deployment;
use review::kind::{Judged, Kind};
use review::manifest::Content;
use review::outcome::Outcome;
use review::verdict::Decision;

/// The policies among the resources that `policy manifest` makes of these settings, or of the resource that has them.
pub(crate) fn admission_policies(settings: &Value, given: Option<&Value>) -> String {
    let annotation = |name: &str| METADATA.pointer(&format!("/annotations/{name}")).and_then(Value::as_str);
    let repository = annotation("io.kubewarden.policy.ociUrl").unwrap_or_default();
    let module = format!("registry://{repository}:v{}", env!("CARGO_PKG_VERSION"));
    let deployment = Deployment { given, ..Deployment::new(&module, &METADATA, settings) };
    let policies: Vec<Value> = deployment.policies().into_iter().map(|policy| policy.object).collect();
    yaml_documents(policies.iter())
}

/// A suite for the command `test` that expects what was decided.
pub(crate) fn suite(judgement: &Judgement) -> String {
    let cluster = judgement.looked_up();
    let mut names = BTreeSet::new();
    let cases: Vec<Value> =
        judgement.outcomes.iter().filter_map(|outcome| case(judgement, outcome, &mut names)).collect();
    let mut suite = json!({"settings": judgement.settings, "cases": cases});
    if let Some(fields) = suite.as_object_mut().filter(|_| !cluster.is_empty()) {
        fields.insert("cluster".to_owned(), cluster.into());
    }
    yaml(&suite)
}

fn case(judgement: &Judgement, outcome: &Outcome, names: &mut BTreeSet<String>) -> Option<Value> {
    if matches!(outcome.verdict.decision, Decision::Skipped | Decision::Error) {
        return None;
    }
    let kind = Kind::of(outcome.manifest.object())?;
    let judged = Judged::default();
    let request = match &outcome.manifest.content {
        Content::Object(object) => judgement.evaluation(&judged).api_server.request(&kind, object).to_value(),
        Content::Request(request) => request.clone(),
    };
    let rules: Vec<&str> = outcome.verdict.findings.iter().map(|finding| finding.rule.as_str()).collect();
    let decision = json!(outcome.verdict.decision);
    let mut expect = Map::from_iter([("decision".to_owned(), decision), ("rules".to_owned(), json!(rules))]);
    if outcome.verdict.decision == Decision::Mutated {
        expect.insert("patch".to_owned(), json!(outcome.verdict.patch));
    }
    let title = format!(
        "{} {}/{} is {}",
        outcome.kind,
        outcome.namespace,
        outcome.name,
        word(outcome.verdict.decision)
    );
    let name = (1..).map(|n| if n == 1 { title.clone() } else { format!("{title} ({n})") });
    let name = name.take(names.len() + 1).find(|name| names.insert(name.clone()))?;
    let mut case = Map::from_iter([("name".to_owned(), json!(name)), ("expect".to_owned(), expect.into())]);
    let of_request = ["object", "operation", "oldObject", "subResource", "userInfo", "namespace"];
    for field in of_request {
        if let Some(value) = request.get(field).filter(|value| !value.is_null()) {
            case.insert(field.to_owned(), value.clone());
        }
    }
    if judgement.is_denied() {
        case.insert("lookups".to_owned(), "denied".into());
    }
    Some(case.into())
}

pub(crate) fn word(decision: Decision) -> String {
    json!(decision).as_str().unwrap_or_default().to_owned()
}
