//! Why a request to a registry failed: one sentence each, with the fix.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::files::input::InputError;

/// Why something with a registry failed. No text holds a secret, or an address that could hold one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The text is not a reference
    #[error(
        "\"{text}\" is not a policy reference such as contoso.azurecr.io/policies/acr-pull-secret:v0.1.0: {problem}"
    )]
    Reference {
        /// As given
        text: String,
        /// What is wrong with it
        problem: String,
    },
    /// A docker config that cannot be used
    #[error("the docker config {}: {problem}", path.display())]
    DockerConfig {
        /// The file
        path: PathBuf,
        /// What is wrong with it
        problem: String,
    },
    /// A file of certificates that cannot be used
    #[error(transparent)]
    Unreadable(#[from] InputError),
    /// A file without certificates
    #[error("{}: this has no certificate in PEM form, which --ca-file needs", .0.display())]
    NoCertificate(PathBuf),
    /// The client could not be set up
    #[error("cannot set up the connection: {0}")]
    Client(String),
    /// The name is not known
    #[error("host {host} was not found; check the spelling and the network")]
    UnknownHost {
        /// Without a port
        host: String,
    },
    /// No connection is made to it
    #[error("cannot connect to {registry}: {reason}")]
    Unreachable {
        /// Host and port
        registry: String,
        /// What the system says
        reason: String,
    },
    /// The certificate is not trusted
    #[error(
        "{registry} has a certificate that is not trusted ({reason}); pass the certificate of its authority with --ca-file ca.pem"
    )]
    Untrusted {
        /// Host and port
        registry: String,
        /// What is wrong with it
        reason: String,
    },
    /// The registry does not support TLS
    #[error("{registry} does not support TLS; to use plain http, pass --insecure {registry}")]
    PlainHttp {
        /// Host and port
        registry: String,
    },
    /// The registry requires TLS
    #[error("{registry} uses https; leave out --insecure {registry}")]
    Https {
        /// Host and port
        registry: String,
    },
    /// The connection ended too early
    #[error("the connection to {registry} was cut: {reason}")]
    Cut {
        /// Host and port
        registry: String,
        /// What the system says
        reason: String,
    },
    /// The registry is overloaded or unavailable
    #[error("{registry} is too busy or unavailable (HTTP {status}); try again later")]
    Busy {
        /// Host and port
        registry: String,
        /// Its answer
        status: u16,
        /// How long it asks the client to wait
        wait: Option<Duration>,
    },
    /// Credentials are needed, and there are none
    #[error("{registry} requires credentials, and {config} has none for it; {}", log_in(registry))]
    NoCredentials {
        /// Host and port
        registry: String,
        /// The docker config
        config: String,
    },
    /// The credentials are wrong
    #[error("{registry} refused the credentials from {config}; {}", log_in(registry))]
    Refused {
        /// Host and port
        registry: String,
        /// Where they come from
        config: String,
    },
    /// The credentials lack permissions
    #[error("{registry} does not allow this {who}{}", rights(.registry, .said.as_deref()))]
    Denied {
        /// Host and port
        registry: String,
        /// `with the credentials from …`, or without
        who: String,
        /// Its answer: 403, or 401 to a token of its token service
        status: u16,
        /// Its error message
        said: Option<String>,
    },
    /// The firewall of the registry
    #[error("{registry} does not accept this network: client with IP '{address}' is not allowed access")]
    Firewall {
        /// Host and port
        registry: String,
        /// The address that it sees
        address: IpAddr,
    },
    /// There is no way to use an identity token
    #[error(
        "{registry} does not exchange the identity token in {config}: only Azure Container Registry does; log in with \
         `docker login {registry}`"
    )]
    NoExchange {
        /// Host and port
        registry: String,
        /// Where the token comes from
        config: String,
    },
    /// No such repository, tag or digest
    #[error("{reference} was not found: the repository, or the tag or digest in it, does not exist{}", list(.reference))]
    NotFound {
        /// The reference
        reference: String,
    },
    /// An answer that is not one of a container registry
    #[error("{registry} does not answer like a container registry: {problem}")]
    Nonsense {
        /// Host and port
        registry: String,
        /// What is wrong with it
        problem: String,
    },
    /// A refusal that has no fix of its own
    #[error("{registry} refused: {said}")]
    Other {
        /// Host and port
        registry: String,
        /// Its error message
        said: String,
    },
    /// The content does not match the manifest
    #[error("{registry} sent unexpected content ({problem}); nothing was written")]
    Digest {
        /// Host and port
        registry: String,
        /// What differs
        problem: String,
    },
    /// The artifact is something else
    #[error("{reference} is not a Kubewarden policy: {problem}")]
    NoPolicy {
        /// The reference
        reference: String,
        /// What it is instead
        problem: String,
    },
}

impl RegistryError {
    /// Whether trying again may help.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Cut { .. } | Self::Busy { .. })
    }

    /// How long the registry asks the client to wait.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Busy { wait, .. } => *wait,
            _ => None,
        }
    }
}

/// How to get credentials for a registry.
pub(crate) fn log_in(registry: &str) -> String {
    match acr_name(registry) {
        Some(name) => format!("log in with `az acr login -n {name}` or `docker login {registry}`"),
        None => format!("log in with `docker login {registry}`"),
    }
}

/// The name of a registry for `az`: `contoso` for `contoso.azurecr.io` and for `contoso-h4sh.azurecr.io`.
pub(crate) fn acr_name(registry: &str) -> Option<&str> {
    let registry = registry.split(':').next()?;
    let clouds = [".azurecr.io", ".azurecr.cn", ".azurecr.us", ".azurecr.de"];
    clouds.iter().find_map(|cloud| registry.strip_suffix(cloud))?.split(['.', '-']).next()
}

fn list(reference: &str) -> String {
    let Some((registry, repository)) = reference.split_once('/') else { return String::new() };
    let is_by_digest = repository.contains('@');
    let repository = repository.split(['@', ':']).next().unwrap_or_default();
    let command = list_command(registry, repository, is_by_digest);
    command.map_or_else(String::new, |command| format!("; `{command}` lists them"))
}

/// The command that lists what a repository in ACR has: its tags, or its digests where an image is asked for by digest. `None`
/// for other registries.
pub(crate) fn list_command(registry: &str, repository: &str, is_by_digest: bool) -> Option<String> {
    let name = acr_name(registry)?;
    Some(if is_by_digest {
        format!("az acr manifest list-metadata -r {name} -n {repository}")
    } else {
        format!("az acr repository show-tags -n {name} --repository {repository}")
    })
}

/// What to do where a registry does not have an image.
pub(crate) fn see_what_is_there(registry: &str, repository: &str, is_by_digest: bool) -> String {
    let what = if is_by_digest { "digests" } else { "tags" };
    list_command(registry, repository, is_by_digest).map_or_else(
        || "push the image, or correct the reference".to_owned(),
        |command| format!("see the {what}: {command}"),
    )
}

/// Why it is not allowed, or else which role is required.
fn rights(registry: &str, said: Option<&str>) -> String {
    match (said, acr_name(registry)) {
        (Some(said), _) => format!(": {said}"),
        (None, Some(_)) => "; pulling takes the role AcrPull, pushing AcrPush".to_owned(),
        (None, None) => String::new(),
    }
}

/// A text from outside for a message: one line, not too long, nothing that moves a cursor.
pub(crate) fn printable(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::log_in;

    #[test]
    fn missing_credentials_are_reported_with_the_command_to_type() {
        for (registry, command) in [
            ("contoso.azurecr.io", "`az acr login -n contoso` or `docker login contoso.azurecr.io`"),
            ("contoso-h4sh.azurecr.us", "`az acr login -n contoso`"),
            ("ghcr.io", "with `docker login ghcr.io`"),
        ] {
            assert!(log_in(registry).contains(command), "{}", log_in(registry));
        }
    }
}
