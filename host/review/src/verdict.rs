//! A verdict: what the policy's response means for the object.

use json_patch::Patch;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diagnostic::in_one_line;
use crate::field_error::{self, FieldError};
use crate::pull::ImagePull;
use crate::yaml::Place;

/// `kubewarden_policy_sdk::response::ValidationResponse`
#[derive(Debug, Deserialize)]
struct Response {
    accepted: bool,
    message: Option<String>,
    mutated_object: Option<Value>,
    audit_annotations: Option<std::collections::BTreeMap<String, String>>,
    warnings: Option<Vec<String>>,
}

/// The decision on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Not checked
    Skipped,
    /// Accepted unchanged
    Accepted,
    /// Accepted with changes
    Mutated,
    /// Refused
    Rejected,
    /// The policy gave no answer
    Error,
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The object is still accepted
    Warn,
    /// The object is refused
    Reject,
}

/// One problem, as the policy reports it, and its location in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable id
    pub rule: String,
    /// Severity
    pub severity: Severity,
    /// JSON pointer into the object
    pub pointer: String,
    /// The pointer with names for the items of lists; empty where they are not set
    #[serde(skip)]
    pub named_pointer: String,
    /// Line in the file, from 1
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column in the file, from 1, in characters
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Where the value is in the file
    #[serde(skip)]
    pub place: Option<Place>,
    /// The image it is about
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The pull secret it is about
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// One sentence: what is wrong
    pub message: String,
    /// One sentence: what to do about it; empty where the policy gives none
    #[serde(default)]
    pub help: String,
}

impl Finding {
    /// Whether a policy other than this project's reports it.
    pub fn is_foreign(&self) -> bool {
        self.rule.starts_with(FOREIGN)
    }

    /// Message and help in one line, for output with a single line.
    pub fn in_one_line(&self) -> String {
        in_one_line(&self.message, &self.help)
    }
}

/// The policy's answer for one object.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// The decision for the object
    pub decision: Decision,
    /// What changes, as RFC 6902
    pub patch: Patch,
    /// What is wrong
    pub findings: Vec<Finding>,
    /// Why it is refused, why there is no answer, or what monitor mode held back
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The warnings of the API server
    pub warnings: Vec<String>,
    /// What the registries answer, where they were asked
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImagePull>,
    /// Whether the message only says what the findings say
    #[serde(skip)]
    pub findings_say_message: bool,
}

impl Verdict {
    /// A verdict without an answer. A long message is cut.
    pub fn without_answer(decision: Decision, message: String) -> Self {
        Self {
            decision,
            patch: Patch::default(),
            findings: Vec::new(),
            message: Some(excerpt(message)),
            warnings: Vec::new(),
            images: Vec::new(),
            findings_say_message: false,
        }
    }

    /// The same where another policy than this project's has answered: its rules are distinguished from ours, and a finding cannot
    /// weigh more than the decision.
    #[must_use]
    pub fn of_foreign_policy(mut self) -> Self {
        for finding in &mut self.findings {
            let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            let id: String = finding.rule.chars().filter(|c| is_id(*c)).take(LONGEST_RULE).collect();
            finding.rule = [FOREIGN, &id].concat();
            if self.decision != Decision::Rejected {
                finding.severity = Severity::Warn;
            }
        }
        self.findings_say_message &= self.decision == Decision::Rejected;
        self
    }

    /// Reads a response to a request for `object`.
    ///
    /// # Errors
    /// - the response is not a `ValidationResponse`
    pub fn of(response: &[u8], object: &Value) -> Result<Self, AnswerError> {
        let response: Response = serde_json::from_slice(response).map_err(|_| AnswerError::of(response))?;
        let mutated = response.mutated_object.filter(|mutated| response.accepted && !mutated.is_null());
        let patch = mutated.map(|mutated| json_patch::diff(object, &mutated)).unwrap_or_default();
        let decision = match (response.accepted, patch.is_empty()) {
            (false, _) => Decision::Rejected,
            (true, false) => Decision::Mutated,
            (true, true) => Decision::Accepted,
        };
        // Only our own policy has this annotation. For any other policy, only the message is known.
        let findings: Option<Vec<Finding>> = response.audit_annotations.and_then(|annotations| {
            annotations.get("findings").and_then(|findings| serde_json::from_str(findings).ok())
        });
        let findings = findings.unwrap_or_default();
        Ok(Self {
            decision,
            patch,
            findings_say_message: findings.iter().any(|finding| finding.severity == Severity::Reject),
            findings,
            message: response.message.filter(|_| !response.accepted),
            warnings: response.warnings.unwrap_or_default(),
            images: Vec::new(),
        })
    }
}

/// Why an answer of a policy is none. What it contains is not repeated: a policy may have looked up a Secret.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// Another text
    #[error("it is not JSON")]
    Syntax,
    /// Another object
    #[error(transparent)]
    Field(FieldError),
}

impl AnswerError {
    fn of(response: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice(response) else { return Self::Syntax };
        field_error::read::<Response>(value).map_or_else(Self::Field, |_| Self::Syntax)
    }
}

/// The prefix of rules of other policies.
const FOREIGN: &str = "policy/";

/// The most characters of such a rule.
const LONGEST_RULE: usize = 64;

fn excerpt(text: String) -> String {
    const MOST: usize = 1 << 10;
    match text.get(..text.floor_char_boundary(MOST)) {
        Some(begin) if begin.len() < text.len() => format!("{begin}... ({} bytes)", text.len()),
        _ => text,
    }
}
