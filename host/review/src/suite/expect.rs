//! What a case expects, and the policy's answer.

use std::collections::HashMap;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Problem;
use crate::verdict::{Decision, Verdict};

/// What a case expects. An empty list means that there is none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Expect {
    /// The decision for the object
    pub decision: Decision,
    /// The rules of all findings, in any order; if absent, any rules are allowed
    #[serde(default)]
    pub rules: Option<Vec<String>>,
    /// Texts, or expressions between slashes, that the message has; for an accepted object, that the warnings have
    #[serde(default)]
    pub message: Option<OneOrMany>,
    /// Texts or expressions that the warnings have
    #[serde(default)]
    pub warnings: Option<OneOrMany>,
    /// The names in the object's list of pull secrets afterwards
    #[serde(default)]
    pub secrets: Option<Vec<String>>,
    /// The changes
    #[serde(default)]
    pub patch: Option<json_patch::Patch>,
}

/// A list, which may be written as a single word.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub enum OneOrMany {
    /// One
    One(String),
    /// Several
    Many(Vec<String>),
}

/// An expectation and the actual value. The two are equal if the expectation is met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The key in `expect`
    pub what: &'static str,
    /// The expectation; null if there is none, but a rejection needs a reason
    pub expected: Value,
    /// The actual value
    pub actual: Value,
}

impl Comparison {
    /// Whether the expectation is met.
    pub fn holds(&self) -> bool {
        self.expected == self.actual
    }
}

impl OneOrMany {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(word) => std::slice::from_ref(word),
            Self::Many(words) => words,
        }
    }

    /// Compares with the actual lines. The texts that still hold are kept; if none holds, all lines replace them.
    fn compare(&self, what: &'static str, lines: &[&str]) -> Comparison {
        let said = lines.join("\n");
        let holds = |text: &&String| is_in(text, &said);
        let texts = self.as_slice();
        let holding: Vec<&str> = texts.iter().filter(holds).map(String::as_str).collect();
        let is_met = if texts.is_empty() { said.is_empty() } else { holding.len() == texts.len() };
        let actual = match (is_met, holding.as_slice()) {
            (true, _) => json!(self),
            (false, []) => match (self, lines) {
                (Self::One(_), [line]) => json!(line),
                _ => json!(lines),
            },
            (false, holding) => json!(holding),
        };
        Comparison { what, expected: json!(self), actual }
    }
}

impl Expect {
    /// Expectations that too many verdicts meet, or none, with pointers below `expect`.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let texts =
            |field: &Option<OneOrMany>| field.as_ref().map_or(Vec::new(), |texts| texts.as_slice().to_vec());
        let says_why = self.rules.as_ref().is_some_and(|rules| !rules.is_empty());
        if self.decision == Decision::Rejected && !says_why && texts(&self.message).is_empty() {
            let message = "a rejection must expect rules or a message, else any rejection will do";
            problems.push(Problem::new("", message, ""));
        }
        if self.decision == Decision::Error {
            let help = "expect accepted, mutated, rejected or skipped";
            problems.push(Problem::new("/decision", "an error is not an answer", help));
        }
        for (name, field) in [("message", &self.message), ("warnings", &self.warnings)] {
            let is_list = matches!(field, Some(OneOrMany::Many(_)));
            for (i, text) in texts(field).iter().enumerate() {
                let at = if is_list { format!("/{name}/{i}") } else { format!("/{name}") };
                problems.extend(problem_of(text).map(|message| Problem::new(at, message, "")));
            }
        }
        problems
    }

    /// Compares everything that is expected with the verdict on `object`.
    pub fn compare(&self, verdict: &Verdict, object: &Value) -> Vec<Comparison> {
        let mut all = Vec::new();
        let mut compare =
            |what, expected: Value, actual: Value| all.push(Comparison { what, expected, actual });
        compare("decision", json!(self.decision), json!(verdict.decision));
        let rules = rules_of(verdict);
        if let Some(expected) = &self.rules {
            compare("rules", json!(expected), json!(in_order_of(expected, &rules)));
        }
        if let Some(patch) = &self.patch {
            let actual = if is_same(patch, &verdict.patch, object) { patch } else { &verdict.patch };
            compare("patch", json!(patch), json!(actual));
        }
        if let Some(secrets) = &self.secrets {
            compare("secrets", json!(secrets), json!(secrets_after(verdict, object)));
        }
        let warnings: Vec<&str> = verdict.warnings.iter().map(String::as_str).collect();
        let said = verdict.message.as_ref().map_or(warnings.clone(), |message| message.lines().collect());
        all.extend(self.message.iter().map(|texts| texts.compare("message", &said)));
        all.extend(self.warnings.iter().map(|texts| texts.compare("warnings", &warnings)));
        if verdict.decision == Decision::Rejected && self.rules.is_none() && self.message.is_none() {
            // With the decision alone, any rejection would do.
            let (what, actual) =
                if rules.is_empty() { ("message", json!(said)) } else { ("rules", json!(rules)) };
            all.push(Comparison { what, expected: Value::Null, actual });
        }
        all
    }
}

/// The words of `there`, the expected ones first and in that order.
fn in_order_of(wanted: &[String], there: &[String]) -> Vec<String> {
    let mut free: HashMap<&str, usize> = HashMap::new();
    for word in there {
        *free.entry(word).or_default() += 1;
    }
    let mut taken: HashMap<&str, usize> = HashMap::new();
    let mut words = Vec::with_capacity(there.len());
    for word in wanted {
        if take_one(&mut free, word) {
            *taken.entry(word).or_default() += 1;
            words.push(word.clone());
        }
    }
    words.extend(there.iter().filter(|word| !take_one(&mut taken, word)).cloned());
    words
}

/// Removes a word from the counted ones; false if none is left.
fn take_one(counts: &mut HashMap<&str, usize>, word: &str) -> bool {
    match counts.get_mut(word).filter(|count| **count > 0) {
        Some(count) => {
            *count -= 1;
            true
        }
        None => false,
    }
}

/// Whether two patches have as many operations and the same effect: `/-` is equal to the index that it refers to.
fn is_same(expected: &json_patch::Patch, actual: &json_patch::Patch, object: &Value) -> bool {
    let (mut one, mut other) = (object.clone(), object.clone());
    expected.len() == actual.len()
        && json_patch::patch(&mut one, expected).is_ok()
        && json_patch::patch(&mut other, actual).is_ok()
        && one == other
}

/// The rules of all findings, sorted.
pub fn rules_of(verdict: &Verdict) -> Vec<String> {
    let mut rules: Vec<String> = verdict.findings.iter().map(|finding| finding.rule.clone()).collect();
    rules.sort_unstable();
    rules
}

/// The names in the object's list of pull secrets once the patch is applied.
pub fn secrets_after(verdict: &Verdict, object: &Value) -> Vec<String> {
    const LISTS: [&str; 6] = [
        "/imagePullSecrets",
        "/spec/imagePullSecrets",
        "/template/spec/imagePullSecrets",
        "/spec/template/spec/imagePullSecrets",
        "/spec/jobTemplate/spec/template/spec/imagePullSecrets",
        "/spec/jobTargetRef/template/spec/imagePullSecrets",
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

/// Why a text or expression cannot be expected.
fn problem_of(text: &str) -> Option<String> {
    let is_met_by_all = match expression(text) {
        Some(Ok(expression)) => is_met_by_all(&expression),
        Some(Err(error)) => {
            // The last line states the problem, those before it show the position.
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default();
            return Some(format!("this is not a valid expression: {}", reason.trim_start_matches("error: ")));
        }
        None => text.is_empty() || text == "/",
    };
    is_met_by_all.then(|| "every text has this, so it tests nothing".to_owned())
}

/// Whether an expression matches an empty string at any position, and so matches every text.
fn is_met_by_all(expression: &Regex) -> bool {
    let between = Regex::new(&format!("x(?:{expression})y"));
    between.is_ok_and(|between| between.is_match("xy"))
}

fn is_in(text: &str, said: &str) -> bool {
    match expression(text) {
        Some(expression) => expression.is_ok_and(|expression| expression.is_match(said)),
        None => said.contains(text),
    }
}
