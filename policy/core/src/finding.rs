//! A finding: what is wrong, where, and how to fix it.

use serde::Serialize;

use crate::rule::Rule;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The request is refused
    Reject,
    /// The request is accepted with a warning
    Warn,
}

/// One thing that is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that was broken
    pub rule: Rule,
    /// Whether it refuses the request
    pub severity: Severity,
    /// JSON pointer (RFC 6901) into the object
    pub pointer: String,
    /// The image it is about
    pub image: Option<String>,
    /// The name of the pull secret it is about
    pub secret: Option<String>,
    /// One sentence: what is wrong
    pub message: String,
    /// One sentence: what to do about it
    pub help: String,
}

impl Finding {
    /// Message and help in one line, for a cluster's user, who sees only this part of the finding.
    pub fn in_one_line(&self) -> String {
        [self.message.as_str(), &self.help].join("; ")
    }

    /// Rule, image and pull secret: the same for two versions of an object with the same finding, at any position in the
    /// object.
    pub fn subject(&self) -> String {
        let [image, secret] = [&self.image, &self.secret].map(|text| text.as_deref().unwrap_or_default());
        format!("{} {} {image}{secret}", self.rule.id(), image.len())
    }
}
