//! What the page gives to others: its inputs and copies without the values of Secrets, and which results differ then.

use serde::Serialize;
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use crate::copies;
use crate::javascript::value;
use crate::judgement::Judgement;
use crate::redaction::{Redacted, redact};
use review::outcome::Outcome;

const TABS: [&str; 3] = ["manifests", "settings", "cluster"];

/// The inputs of the page that hold no value of a Secret, and the copies of them.
#[derive(Debug, Serialize)]
pub(crate) struct Shared {
    pub(crate) manifests: String,
    pub(crate) settings: String,
    pub(crate) cluster: String,
    pub(crate) namespace: String,
    denied: bool,
    removed: usize,
    /// Results that differ from those with the values, a sentence each
    pub(crate) differences: Vec<String>,
    /// The settings in one line of JSON
    #[serde(rename = "settingsJson")]
    settings_json: String,
    /// The policies with the settings, as `policy manifest` writes them
    pub(crate) policy: String,
    /// A suite for the command `test`
    pub(crate) suite: String,
}

/// Why nothing can be given to others.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    tab: &'static str,
    error: String,
}

#[wasm_bindgen]
impl Judgement {
    /// The inputs that were checked and their copies, without the values of Secrets.
    #[wasm_bindgen(unchecked_return_type = "Shared | SharedFailure")]
    pub fn shared(&self) -> JsValue {
        match self.share() {
            Ok(shared) => value(&shared),
            Err(failure) => value(&failure),
        }
    }
}

impl Judgement {
    pub(crate) fn share(&self) -> Result<Shared, Failure> {
        let Redacted { texts, mut removed, values } = redact(&self.texts()).map_err(|refused| Failure {
            tab: TABS.get(refused.text).copied().unwrap_or_default(),
            error: refused.reason,
        })?;
        let [manifests, settings, cluster] = <[String; 3]>::try_from(texts).unwrap_or_default();
        let namespace = values.mask_in(&self.namespace).inspect(|_| removed += 1);
        let namespace = namespace.unwrap_or_else(|| self.namespace.clone());
        let shown = Self::new(&manifests, &settings, &cluster, &namespace, self.is_denied());
        // A suite has settings alone, not the policy resource around them.
        let settings_json = shown.settings.to_string();
        let suite =
            copies::suite(&Self::new(&manifests, &settings_json, &cluster, &namespace, self.is_denied()));
        Ok(Shared {
            differences: self.differences(&shown),
            settings_json,
            policy: copies::admission_policies(&shown.settings, shown.given()),
            suite,
            manifests,
            settings,
            cluster,
            namespace,
            denied: self.is_denied(),
            removed,
        })
    }

    /// How the results for as many objects differ.
    fn differences(&self, other: &Self) -> Vec<String> {
        let lacks = |judgement: &Self| judgement.has_problems() || judgement.outcomes.is_empty();
        if lacks(self) || lacks(other) || self.outcomes.len() != other.outcomes.len() {
            let (ours, others) = (self.outcomes.len(), other.outcomes.len());
            return if ours == others && self.has_problems() == other.has_problems() {
                Vec::new()
            } else {
                vec![format!("{others} objects are checked instead of {ours}")]
            };
        }
        let pairs = self.outcomes.iter().zip(&other.outcomes);
        pairs.filter_map(|(ours, others)| difference(ours, others)).collect()
    }
}

/// How the result for an object differs.
fn difference(ours: &Outcome, others: &Outcome) -> Option<String> {
    let name = format!("{} {}/{}", others.kind, others.namespace, others.name);
    let (was, is) = (copies::word(ours.verdict.decision), copies::word(others.verdict.decision));
    if was != is {
        return Some(format!("{name} is {is} instead of {was}"));
    }
    let (was, is) = (rules(ours), rules(others));
    let list = |rules: &[String]| if rules.is_empty() { "none".to_owned() } else { rules.join(", ") };
    if was != is {
        return Some(format!("the findings of {name} are {} instead of {}", list(&is), list(&was)));
    }
    (said(ours) != said(others)).then(|| format!("what is found or changed in {name} differs"))
}

fn rules(outcome: &Outcome) -> Vec<String> {
    let mut rules: Vec<String> = outcome.findings().into_iter().map(|finding| finding.rule).collect();
    rules.sort();
    rules
}

/// What an outcome says, without its places and texts.
fn said(outcome: &Outcome) -> Value {
    let findings: Vec<Value> = outcome
        .findings()
        .iter()
        .map(|finding| json!([finding.rule, finding.severity, finding.image, finding.secret]))
        .collect();
    let pods: Vec<Value> =
        outcome.pods.iter().map(|pods| json!([pods.verdict.decision, pods.verdict.patch])).collect();
    json!([findings, outcome.verdict.patch, pods])
}
