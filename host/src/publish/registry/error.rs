//! Why a registry did not do what was asked: one sentence each, with the fix.

use std::path::PathBuf;
use std::time::Duration;

/// Why something with a registry failed. No text holds a secret, or an address that could hold one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The text is no reference
    #[error(
        "\"{text}\" is no reference of a policy such as contoso.azurecr.io/policies/acr-pull-secret:v0.1.0: {problem}"
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
    #[error("--ca-file {}: {problem}", path.display())]
    CaFile {
        /// The file
        path: PathBuf,
        /// What is wrong with it
        problem: String,
    },
    /// The client could not be set up
    #[error("cannot set up the connection: {0}")]
    Client(String),
    /// The name is not known
    #[error("there is no host called {host}; is it spelled right, and is there a network?")]
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
        "{registry} has a certificate that is not trusted ({reason}); give its authority with --ca-file ca.pem"
    )]
    Untrusted {
        /// Host and port
        registry: String,
        /// What is wrong with it
        reason: String,
    },
    /// TLS meets none
    #[error("{registry} does not speak TLS; give --insecure if plain http is what you want")]
    PlainHttp {
        /// Host and port
        registry: String,
    },
    /// Plain http meets TLS
    #[error("{registry} speaks https; leave out --insecure")]
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
    /// The registry asks for patience
    #[error("{registry} is too busy or out of order (HTTP {status}); try again later")]
    Busy {
        /// Host and port
        registry: String,
        /// Its answer
        status: u16,
        /// How long it wants not to be asked
        wait: Option<Duration>,
    },
    /// Credentials are needed, and there are none
    #[error("{registry} wants credentials and {config} has none for it; {}", log_in(registry))]
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
    /// The credentials do not suffice
    #[error("{registry} does not allow this {who}{}", rights(.registry, .said.as_deref()))]
    Denied {
        /// Host and port
        registry: String,
        /// `with the credentials from …`, or without
        who: String,
        /// Its own words
        said: Option<String>,
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
    #[error("{reference} does not exist: there is no such repository, or no such tag or digest in it{}", list(.reference))]
    NotFound {
        /// What was asked for
        reference: String,
    },
    /// Something that a registry does not say
    #[error("{registry} does not answer as a container registry does: {problem}")]
    Nonsense {
        /// Host and port
        registry: String,
        /// What it said or did not say
        problem: String,
    },
    /// A refusal that has no fix of its own
    #[error("{registry} refused: {said}")]
    Other {
        /// Host and port
        registry: String,
        /// Its own words
        said: String,
    },
    /// The bytes are not those that were promised
    #[error("{registry} sent bytes other than those it promised ({problem}); nothing was written")]
    Digest {
        /// Host and port
        registry: String,
        /// What differs
        problem: String,
    },
    /// The artifact is something else
    #[error("{reference} is no Kubewarden policy: {problem}")]
    NoPolicy {
        /// What was asked for
        reference: String,
        /// What it is instead
        problem: String,
    },
}

impl RegistryError {
    /// Whether trying again may help.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Cut { .. } | Self::Busy { .. })
    }

    /// How long the registry wants not to be asked.
    pub(super) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Busy { wait, .. } => *wait,
            _ => None,
        }
    }
}

/// How to get credentials for a registry.
pub(super) fn log_in(registry: &str) -> String {
    match acr_name(registry) {
        Some(name) => format!("log in with `az acr login -n {name}` or `docker login {registry}`"),
        None => format!("log in with `docker login {registry}`"),
    }
}

/// What `az` calls a registry: `contoso` for `contoso.azurecr.io` and for `contoso-h4sh.azurecr.io`.
fn acr_name(registry: &str) -> Option<&str> {
    let clouds = [".azurecr.io", ".azurecr.cn", ".azurecr.us"];
    clouds.iter().find_map(|cloud| registry.strip_suffix(cloud))?.split(['.', '-']).next()
}

fn list(reference: &str) -> String {
    let Some((registry, repository)) = reference.split_once('/') else { return String::new() };
    let repository = repository.split(['@', ':']).next().unwrap_or_default();
    acr_name(registry).map_or_else(String::new, |name| {
        format!("; `az acr repository show-tags -n {name} --repository {repository}` lists them")
    })
}

/// Why it is not allowed, or else who may.
fn rights(registry: &str, said: Option<&str>) -> String {
    match (said, acr_name(registry)) {
        (Some(said), _) => format!(": {said}"),
        (None, Some(_)) => "; pulling takes the role AcrPull, pushing AcrPush".to_owned(),
        (None, None) => String::new(),
    }
}

/// A text from outside for a message: one line, not too long, nothing that moves a cursor.
pub(super) fn printable(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::log_in;

    #[test]
    fn whoever_lacks_credentials_is_told_what_to_type() {
        for (registry, command) in [
            ("contoso.azurecr.io", "`az acr login -n contoso` or `docker login contoso.azurecr.io`"),
            ("contoso-h4sh.azurecr.us", "`az acr login -n contoso`"),
            ("ghcr.io", "with `docker login ghcr.io`"),
        ] {
            assert!(log_in(registry).contains(command), "{}", log_in(registry));
        }
    }
}
