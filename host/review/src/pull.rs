//! What a registry answers when an image is asked for with the credentials that the kubelet would try. The caller asks; this is
//! the plain result, as reports have it.

use serde::Serialize;

/// The result for one image of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImagePull {
    /// JSON pointer of the reference in the object or pod; empty where there is none
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pointer: String,
    /// The reference, without what could be a password in it
    pub image: String,
    /// Whether it can be pulled
    pub result: PullResult,
    /// Digest of the manifest or index, where the image can be pulled
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Bytes of configuration and layers, compressed, for the platform that was asked for; where that is known
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The platforms of an index, such as `linux/amd64`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
    /// One sentence: why it cannot be pulled, or why that is not known
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What to do about it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What was tried, in the order of the kubelet, up to the first success
    pub attempts: Vec<PullAttempt>,
}

/// Whether an image can be pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PullResult {
    /// It can
    Pulled,
    /// The registry denies it with every credential
    Denied,
    /// The registry has no such repository, tag or digest
    NotFound,
    /// The image is not for this platform
    NoPlatform,
    /// The registry gave no usable answer
    Unreachable,
    /// The credentials are not all known, or nothing was asked
    Unknown,
}

impl PullResult {
    /// Whether the pull fails. No answer is no proof.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Denied | Self::NotFound | Self::NoPlatform)
    }

    /// Whether the pull is known to succeed or to fail.
    pub fn is_proven(self) -> bool {
        self == Self::Pulled || self.is_failure()
    }
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PullAttempt {
    /// The pull secret; absent for an anonymous attempt
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Its key, as it may be shown
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the registry answered
    pub result: AttemptResult,
    /// The same in words, such as `401: wrong or revoked`
    pub answer: String,
}

/// What a registry answers to one credential. OCI distribution: the error codes
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptResult {
    /// The manifest or index
    Pulled,
    /// It refuses the credential, or an anonymous pull
    Unauthorized,
    /// The credential is right and has no permission for the repository, which may not exist
    Denied,
    /// There is no such repository, tag or digest
    NotFound,
    /// No usable answer
    Unreachable,
}

impl AttemptResult {
    /// Whether the registry refuses the credential, or what it may do.
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::Unauthorized | Self::Denied)
    }
}
