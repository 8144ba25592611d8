//! An explanation: what the policy says about one image, which entry of its settings applies, and which credentials the kubelet
//! tries.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::engine::{Engine, EngineError};
use crate::host_calls::HostCalls;

/// The request of the policy's operation `explain`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question<'a> {
    /// The image, as written in a container
    pub image: &'a str,
    /// The namespace of the pod
    pub namespace: &'a str,
    /// Settings of the policy
    pub settings: &'a RawValue,
    /// Names of the pod's pull secrets; `None` where they are not known
    pub pull_secrets: Option<&'a [String]>,
    /// The pod's `ServiceAccount`; empty for the default one
    pub service_account: &'a str,
    /// Whether the answer contains the credentials of the Secrets: for `--pull`, which asks registries with them
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub credentials: bool,
}

/// The policy's answer for one image.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The image in the request
    pub image: String,
    /// Why it is not an image reference
    #[serde(default)]
    pub error: Option<String>,
    /// Its parts
    #[serde(default)]
    pub reference: Option<Reference>,
    /// Its registry, as the policy classifies it
    #[serde(default)]
    pub registry: Option<Registry>,
    /// The entries of `pullSecrets`, in their order
    #[serde(default)]
    pub entries: Vec<Entry>,
    /// What the image needs; `None` where the policy does not apply
    #[serde(default)]
    pub needs: Option<Need>,
    /// The `ServiceAccount` whose identity replaces a pull secret
    #[serde(default)]
    pub identity: Option<String>,
    /// The pull secrets that were looked up
    #[serde(default)]
    pub secrets: Vec<SecretState>,
    /// The credentials that the kubelet tries, in its order
    #[serde(default)]
    pub tries: Vec<TriedKey>,
    /// The keys that it does not try
    #[serde(default)]
    pub not_tried: Vec<SkippedKey>,
    /// The outcome of the pull
    #[serde(default)]
    pub outcome: Option<Outcome>,
}

/// The outcome of a pull.
#[derive(Debug, Clone, Deserialize)]
pub struct Outcome {
    /// Whether it succeeds
    pub state: OutcomeState,
    /// One sentence
    pub message: String,
    /// What to pass, where it is not known
    #[serde(default)]
    pub help: Option<String>,
}

/// Whether a pull succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeState {
    /// It does, as far as the credentials show it
    Works,
    /// It does not
    Fails,
    /// Not known
    Unknown,
}

/// The parts of an image reference.
#[derive(Debug, Clone, Deserialize)]
pub struct Reference {
    /// Host and port
    pub domain: String,
    /// Repository
    pub path: String,
    /// Tag
    pub tag: Option<String>,
    /// Digest with its algorithm
    pub digest: Option<String>,
}

/// A registry, as the policy classifies it.
#[derive(Debug, Clone, Deserialize)]
pub struct Registry {
    /// The host without its port, in lower case
    pub host: String,
    /// `login-server`, `mistaken`, `other`
    pub kind: String,
    /// Why
    pub reason: String,
    /// What to write instead
    #[serde(default)]
    pub help: Option<String>,
}

/// An entry of `pullSecrets`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its place in the list, from 0
    pub index: usize,
    /// Its registry keys
    pub registries: Vec<String>,
    /// Its namespaces; empty for all
    pub namespaces: Vec<String>,
    /// Its `ServiceAccounts`; empty for all
    #[serde(default)]
    pub service_accounts: Vec<String>,
    /// Its secret; `None` if it does not need one
    pub secret: Option<String>,
    /// Why it applies or not
    pub reason: String,
}

/// What an image needs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// The pull secret of this name
    Secret(String),
    /// No pull secret
    Nothing,
    /// No entry covers it
    Unlisted,
}

/// Whether the kubelet gets credentials from a pull secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Usability {
    /// It does
    Usable,
    /// There is no such Secret
    Absent,
    /// It does not read this type of Secret
    Ignored,
    /// It cannot read the content, which fails every pull of the pod
    Malformed,
    /// The Secret could not be looked up
    Unknown,
}

/// How the kubelet reads a pull secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecretState {
    /// Its name
    pub name: String,
    /// Whether it gets credentials from it
    pub state: Usability,
    /// Why it is not usable
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A credential that the kubelet tries. Its `Debug` shows neither user name nor password.
#[derive(Clone, Deserialize)]
pub struct TriedKey {
    /// The secret that holds it
    pub secret: String,
    /// The key that matches
    pub key: String,
    /// Whether it is known to fail
    #[serde(default)]
    pub fails: bool,
    /// `ok`, or what is wrong with it
    #[serde(default)]
    pub status: Option<String>,
    /// User name, where credentials were asked for
    #[serde(default)]
    pub username: String,
    /// Password, where credentials were asked for
    #[serde(default)]
    pub password: String,
}

impl fmt::Debug for TriedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secret, key, status, .. } = self;
        f.debug_struct("TriedKey")
            .field("secret", secret)
            .field("key", key)
            .field("status", status)
            .finish_non_exhaustive()
    }
}

/// A key that the kubelet does not try.
#[derive(Debug, Clone, Deserialize)]
pub struct SkippedKey {
    /// The secret that holds it
    pub secret: String,
    /// The key
    pub key: String,
    /// Why
    pub reason: String,
}

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// Another policy
    #[error("this policy does not support explain: leave out --policy to use the built-in one")]
    UnknownOperation,
    /// It failed
    #[error(transparent)]
    Policy(EngineError),
    /// It did not accept the question
    #[error("the policy did not accept the question: {0}")]
    Refused(String),
    /// It answered something else
    #[error("the policy's answer is not an explanation: {0}")]
    Answer(#[from] serde_json::Error),
}

/// Asks the policy; returns the raw answer and the parsed one.
///
/// # Errors
/// - the policy does not explain, or fails
pub fn ask(
    policy: &dyn Engine,
    question: &Question<'_>,
    host: Arc<dyn HostCalls>,
) -> Result<(Value, Explanation), ExplainError> {
    let answer =
        policy.call("explain", &serde_json::to_vec(question)?, host).map_err(|error| match error {
            EngineError::UnknownOperation(_) => ExplainError::UnknownOperation,
            error @ EngineError::Failed(_) => ExplainError::Policy(error),
        })?;
    let answer: Value = serde_json::from_slice(&answer)?;
    if let (None, Some(reason)) = (answer.get("image"), answer.get("error").and_then(Value::as_str)) {
        return Err(ExplainError::Refused(reason.to_owned()));
    }
    let explanation = Explanation::deserialize(&answer)?;
    Ok((answer, explanation))
}
