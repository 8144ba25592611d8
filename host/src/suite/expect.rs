//! What a case expects, and how the policy's answer differs from it.

use anyhow::{Context as _, Result, bail};
use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::verdict::{Decision, Verdict};

/// What a case expects.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Expect {
    /// What becomes of the object
    pub decision: Decision,
    /// The rules of all findings, in any order; left out: whatever they are
    #[serde(default)]
    pub rules: Option<Vec<String>>,
    /// Texts, or expressions between slashes, that the message has; for an accepted object, that the warnings have
    #[serde(default)]
    pub message: OneOrMany,
    /// Texts or expressions that the warnings have
    #[serde(default)]
    pub warnings: OneOrMany,
    /// The names in the object's list of pull secrets afterwards
    #[serde(default)]
    pub secrets: Option<Vec<String>>,
    /// The changes
    #[serde(default)]
    pub patch: Option<json_patch::Patch>,
}

/// A list, for which a single word may stand.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// Nothing
    #[default]
    None,
    /// One
    One(String),
    /// Several
    Many(Vec<String>),
}

impl OneOrMany {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::None => &[],
            Self::One(word) => std::slice::from_ref(word),
            Self::Many(words) => words,
        }
    }
}

impl Expect {
    /// Refuses expectations that would be met by too much.
    ///
    /// # Errors
    /// - a rejection that says neither rule nor message, an expression that is none
    pub(super) fn check(&self) -> Result<()> {
        let says_why = self.rules.as_ref().is_some_and(|rules| !rules.is_empty());
        if self.decision == Decision::Rejected && !says_why && self.message.as_slice().is_empty() {
            bail!("a rejection must expect rules or a message, else any rejection will do");
        }
        for text in self.message.as_slice().iter().chain(self.warnings.as_slice()) {
            if matches!(text.as_str(), "" | "/" | "//") {
                bail!("an empty text is in every message, so it expects nothing");
            }
            expression(text).transpose().with_context(|| format!("{text} is no expression"))?;
        }
        Ok(())
    }

    /// How the verdict on `object` differs: empty where it does not.
    pub fn differences(&self, verdict: &Verdict, object: &Value) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut compare = |what, expected: Value, actual: Value| {
            if expected != actual {
                differences.push(Difference { what, expected, actual });
            }
        };
        compare("decision", json!(self.decision), json!(verdict.decision));
        if let Some(rules) = &self.rules {
            compare("rules", json!(sorted(rules.clone())), json!(rules_of(verdict)));
        }
        if let Some(patch) = self.patch.as_ref().filter(|patch| !is_same(patch, &verdict.patch, object)) {
            compare("patch", json!(patch), json!(verdict.patch));
        }
        if let Some(secrets) = &self.secrets {
            compare("secrets", json!(secrets), json!(secrets_after(verdict, object)));
        }
        let said = match &verdict.message {
            Some(message) => message.clone(),
            None => verdict.warnings.join("\n"),
        };
        for text in self.message.as_slice().iter().filter(|text| !is_in(text, &said)) {
            compare("message", json!(text), json!(said));
        }
        let warned = verdict.warnings.join("\n");
        for text in self.warnings.as_slice().iter().filter(|text| !is_in(text, &warned)) {
            compare("warnings", json!(text), json!(warned));
        }
        differences
    }
}

/// Whether two patches have as many operations and the same effect: `/-` is as good as the index that it stands for.
fn is_same(expected: &json_patch::Patch, actual: &json_patch::Patch, object: &Value) -> bool {
    let (mut one, mut other) = (object.clone(), object.clone());
    expected.len() == actual.len()
        && json_patch::patch(&mut one, expected).is_ok()
        && json_patch::patch(&mut other, actual).is_ok()
        && one == other
}

/// One expectation that was not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The expectation's name
    pub what: &'static str,
    /// What was expected
    pub expected: Value,
    /// What was there
    pub actual: Value,
}

/// The rules of all findings, sorted.
pub fn rules_of(verdict: &Verdict) -> Vec<String> {
    sorted(verdict.findings.iter().map(|finding| finding.rule.clone()).collect())
}

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort_unstable();
    words
}

/// The names in the object's list of pull secrets once the patch is applied.
pub fn secrets_after(verdict: &Verdict, object: &Value) -> Vec<String> {
    const LISTS: [&str; 5] = [
        "/imagePullSecrets",
        "/spec/imagePullSecrets",
        "/template/spec/imagePullSecrets",
        "/spec/template/spec/imagePullSecrets",
        "/spec/jobTemplate/spec/template/spec/imagePullSecrets",
    ];
    let mut after = object.clone();
    if json_patch::patch(&mut after, &verdict.patch).is_err() {
        return Vec::new();
    }
    let list = LISTS.iter().filter_map(|pointer| after.pointer(pointer)).find_map(Value::as_array);
    let name = |entry: &Value| entry.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    list.into_iter().flatten().map(name).collect()
}

fn expression(text: &str) -> Option<Result<Regex, regex::Error>> {
    let expression = text.strip_prefix('/')?.strip_suffix('/')?;
    Some(Regex::new(expression))
}

fn is_in(text: &str, said: &str) -> bool {
    match expression(text) {
        Some(expression) => expression.is_ok_and(|expression| expression.is_match(said)),
        None => said.contains(text),
    }
}
