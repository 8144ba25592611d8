//! The rules of a policy and their help, as the policy itself lists them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::host_calls::HostCalls;

/// A rule: what a finding of this id means.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Rule {
    /// Stable id
    pub id: String,
    /// The name below `actions` that sets its severity, or `rejection` or `warning`
    #[serde(default)]
    pub category: String,
    /// Its default action: `allow`, `warn` or `reject`
    #[serde(default)]
    pub action: String,
    /// What is wrong, in one sentence
    #[serde(default)]
    pub summary: String,
    /// Why it breaks
    #[serde(default)]
    pub reason: String,
    /// What to do
    #[serde(default)]
    pub fix: String,
}

/// Asks a policy for its rules. The list is empty if the policy does not answer, as policies of other authors do not.
pub fn rules(policy: &dyn Engine, host: Arc<dyn HostCalls>) -> Vec<Rule> {
    let answer = policy.call("findings", b"", host).unwrap_or_default();
    serde_json::from_slice(&answer).unwrap_or_default()
}
