//! What a registry answers to one attempt.

use review::pull::AttemptResult;

use crate::registry::RegistryError;
use crate::registry::image::Manifest;

/// The answer to one credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The manifest
    Pulled(Manifest),
    /// 401: the credential is wrong or revoked, or anonymous pulls are not allowed
    Wrong,
    /// The credential is right and has no permission
    Denied {
        /// 403, or 401 to the token that the credential got. Registries give such a token, and answer 401 (RFC 6750:
        /// `insufficient_scope`) also for a repository that does not exist
        status: u16,
    },
    /// No such repository, tag or digest
    NotFound,
    /// No usable answer
    Unreachable(Trouble),
}

/// Why a registry gives no usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// What is wrong
    pub(crate) reason: String,
    /// What to do
    pub(crate) help: String,
    /// Whether every other request to the registry would fail alike
    pub(crate) is_of_registry: bool,
}

impl Answer {
    pub(crate) fn of(answer: Result<Manifest, RegistryError>) -> Self {
        match answer {
            Ok(manifest) => Self::Pulled(manifest),
            Err(RegistryError::NoCredentials { .. } | RegistryError::Refused { .. }) => Self::Wrong,
            Err(RegistryError::Denied { status, .. }) => Self::Denied { status },
            Err(RegistryError::NotFound { .. }) => Self::NotFound,
            Err(error) => Self::Unreachable(Trouble::of(error)),
        }
    }

    /// The answer to everything, where a registry does not say what it requires: no credential has been sent.
    pub(crate) fn of_registry(error: RegistryError) -> Self {
        Self::Unreachable(Trouble { is_of_registry: true, ..Trouble::of(error) })
    }

    /// Whether the credential fares alike with every tag of the repository.
    pub(crate) fn is_of_credential(&self) -> bool {
        matches!(self, Self::Wrong | Self::Denied { .. })
    }

    /// The answer for programs.
    pub(crate) fn result(&self) -> AttemptResult {
        match self {
            Self::Pulled(_) => AttemptResult::Pulled,
            Self::Wrong => AttemptResult::Unauthorized,
            Self::Denied { .. } => AttemptResult::Denied,
            Self::NotFound => AttemptResult::NotFound,
            Self::Unreachable(_) => AttemptResult::Unreachable,
        }
    }

    /// The answer in words. No text of the registry is in it, except in the reason of a trouble.
    pub(crate) fn shown(&self, is_anonymous: bool) -> String {
        match self {
            Self::Pulled(manifest) => format!("pulled as {}", manifest.digest),
            Self::Wrong if is_anonymous => "401: the registry allows no anonymous pull".to_owned(),
            Self::Wrong => "401: wrong or revoked".to_owned(),
            Self::Denied { status: 401 } => {
                "401: its token has no permission for this repository, or the repository does not exist"
                    .to_owned()
            }
            Self::Denied { status } => format!("{status}: no permission to pull from this repository"),
            Self::NotFound => "404: no such repository, tag or digest".to_owned(),
            Self::Unreachable(trouble) => format!("no answer: {}", trouble.reason),
        }
    }
}

impl Trouble {
    fn of(error: RegistryError) -> Self {
        let (reason, help, is_of_registry) = match error {
            RegistryError::Firewall { registry, address } => (
                format!("the firewall of {registry} refuses the address {address}"),
                "run this where the nodes are, or allow the address in the registry's network rules"
                    .to_owned(),
                true,
            ),
            RegistryError::UnknownHost { host } => (
                format!("the name {host} is not known to DNS"),
                format!(
                    "check the spelling; for a private endpoint pass its address with --resolve {host}:443:ADDRESS"
                ),
                true,
            ),
            RegistryError::Unreachable { registry, reason } => (
                format!("cannot connect to {registry}: {reason}"),
                "check the network, the proxy in HTTPS_PROXY, and --resolve".to_owned(),
                true,
            ),
            RegistryError::Untrusted { registry, reason } => (
                format!("the certificate of {registry} is not trusted: {reason}"),
                "pass the certificate of its authority with --ca-file ca.pem".to_owned(),
                true,
            ),
            RegistryError::PlainHttp { registry } => (
                format!("{registry} does not support TLS"),
                format!("to use plain http with it, pass --insecure {registry}"),
                true,
            ),
            RegistryError::Https { registry } => {
                (format!("{registry} uses https"), format!("leave out --insecure {registry}"), true)
            }
            RegistryError::Cut { registry, reason } => (
                format!("the connection to {registry} was cut: {reason}"),
                "try again, or allow more time with --pull-timeout 30s".to_owned(),
                true,
            ),
            RegistryError::Busy { registry, status, .. } => (
                format!("{registry} is too busy or unavailable: HTTP {status}"),
                "try again later".to_owned(),
                true,
            ),
            RegistryError::Nonsense { registry, problem } => (
                format!("{registry} does not answer like a container registry: {problem}"),
                "check the host in the image reference".to_owned(),
                false,
            ),
            RegistryError::Digest { registry, problem } => (
                format!("{registry} sent content of another digest: {problem}"),
                "ask who runs the registry, because container runtimes refuse this content too".to_owned(),
                false,
            ),
            RegistryError::Other { registry, said } => {
                (format!("{registry} refused: {said}"), "check the image reference".to_owned(), false)
            }
            RegistryError::NoCredentials { registry, .. }
            | RegistryError::Refused { registry, .. }
            | RegistryError::Denied { registry, .. } => (
                format!("{registry} refuses to say how to log in: HTTP 401 or 403 without credentials"),
                "check the network, the proxy in HTTPS_PROXY, and the firewall of the registry".to_owned(),
                true,
            ),
            other => (other.to_string(), "check how the registry is reached".to_owned(), false),
        };
        Self { reason, help, is_of_registry }
    }
}
