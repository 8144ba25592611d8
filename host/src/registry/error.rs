//! Why a registry did not do what was asked: one sentence each, with the mend.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use oci_client::errors::{DigestError, OciDistributionError, OciEnvelope, OciErrorCode};

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
    /// Nobody answers there
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
    /// A refusal that has no mend of its own
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

/// Tells what went wrong beneath HTTP. Addresses are left out: a signed one is a secret.
pub(super) fn of_http(registry: &str, error: &reqwest::Error) -> RegistryError {
    // Layers come from another host where the registry redirects.
    let host = error.url().and_then(|url| Some((url.host_str()?, url.port())));
    let registry = match host {
        Some((host, Some(port))) => format!("{host}:{port}"),
        Some((host, None)) => host.to_owned(),
        None => registry.to_owned(),
    };
    let mut cause = error.source();
    let mut reason = String::new();
    while let Some(current) = cause {
        reason = current.to_string();
        let innermost = innermost(current);
        if let Some(tls) = innermost.downcast_ref::<rustls::Error>() {
            return of_tls(registry, tls);
        }
        if let Some(system) = innermost.downcast_ref::<io::Error>()
            && error.is_connect()
            && matches!(system.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof)
        {
            return RegistryError::Cut { registry, reason };
        }
        // hyper: src/error.rs, `Parse`
        if reason.starts_with("invalid HTTP ") || reason == "message head is too large" {
            return RegistryError::Nonsense { registry, problem: format!("its answer is no HTTP ({reason})") };
        }
        if reason.contains("failed to lookup address") || reason.starts_with("dns error") {
            let host = registry.rsplit_once(':').map_or(registry.as_str(), |(host, _)| host);
            return RegistryError::UnknownHost { host: host.to_owned() };
        }
        cause = current.source();
    }
    if error.is_builder() {
        return RegistryError::Client(reason);
    }
    if error.is_timeout() {
        "no answer in time".clone_into(&mut reason);
    }
    if error.is_redirect() {
        return RegistryError::Nonsense { registry, problem: "it redirects in a circle".to_owned() };
    }
    if error.is_connect() {
        return RegistryError::Unreachable { registry, reason };
    }
    RegistryError::Cut { registry, reason }
}

/// What is wrapped into I/O errors, once or several times: they do not name it among their sources.
fn innermost<'a>(mut error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    while let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        error = inner;
    }
    error
}

fn of_tls(registry: String, error: &rustls::Error) -> RegistryError {
    match error {
        rustls::Error::InvalidCertificate(reason) => {
            RegistryError::Untrusted { registry, reason: reason.to_string() }
        }
        rustls::Error::InvalidMessage(_) => RegistryError::PlainHttp { registry },
        other => RegistryError::Unreachable { registry, reason: other.to_string() },
    }
}

/// Who was asked for what, and as whom: what an error has to name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Host and port
    pub(super) registry: &'a str,
    /// What was asked for
    pub(super) reference: &'a str,
    /// Where credentials come from
    pub(super) config: &'a str,
    /// The secret part of the credentials, which no answer gets to repeat
    pub(super) secret: &'a str,
    /// Whether the credentials were taken: what is refused from then on is for want of rights
    pub(super) admitted: bool,
}

impl Asked<'_> {
    /// An answer of this status, whose body is `text`.
    pub(super) fn of_status(self, status: u16, text: &str) -> RegistryError {
        let registry = self.registry.to_owned();
        let config = self.config.to_owned();
        match status {
            401 if self.secret.is_empty() => RegistryError::NoCredentials { registry, config },
            401 if !self.admitted => RegistryError::Refused { registry, config },
            401 | 403 => self.denied(self.said(text)),
            404 => RegistryError::NotFound { reference: self.reference.to_owned() },
            408 | 429 | 500..=599 => RegistryError::Busy { registry, status, wait: None },
            400 if text.contains("HTTP request to an HTTPS server") => RegistryError::Https { registry },
            _ => match self.said(text) {
                Some(said) => RegistryError::Other { registry, said },
                None => RegistryError::Nonsense {
                    registry,
                    problem: format!("HTTP {status}{}", looks_like(text)),
                },
            },
        }
    }

    /// Whatever the client library met.
    pub(super) fn of_client(self, error: &OciDistributionError) -> RegistryError {
        let registry = self.registry.to_owned();
        let nonsense = |problem: &str| RegistryError::Nonsense {
            registry: registry.clone(),
            problem: problem.to_owned(),
        };
        match error {
            OciDistributionError::RequestError(error) => of_http(self.registry, error),
            OciDistributionError::IoError(error) => self.of_stream(error),
            OciDistributionError::ServerError { code, message, .. } => self.of_status(*code, message),
            OciDistributionError::UnauthorizedError { .. } => self.of_status(401, ""),
            OciDistributionError::RegistryError { envelope, .. } => self.of_envelope(envelope),
            OciDistributionError::DigestError(error) => {
                RegistryError::Digest { registry, problem: printable(&error.to_string()) }
            }
            OciDistributionError::ManifestParsingError(_)
            | OciDistributionError::VersionedParsingError(_)
            | OciDistributionError::ManifestEncodingError(_)
            | OciDistributionError::JsonError(_) => nonsense("what should be a manifest is none"),
            OciDistributionError::UnsupportedMediaTypeError(_)
            | OciDistributionError::UnsupportedSchemaVersionError(_) => RegistryError::NoPolicy {
                reference: self.reference.to_owned(),
                problem: "its manifest is of a kind that holds no policy".to_owned(),
            },
            OciDistributionError::SpecViolationError(problem) => nonsense(&printable(problem)),
            OciDistributionError::RegistryNoLocationError => nonsense("it does not say where to upload to"),
            _ => nonsense("its answer cannot be used"),
        }
    }

    /// A download that broke off.
    pub(super) fn of_stream(self, error: &io::Error) -> RegistryError {
        let registry = self.registry.to_owned();
        if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>()) {
            of_http(self.registry, error)
        } else if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<DigestError>()) {
            RegistryError::Digest { registry, problem: printable(&error.to_string()) }
        } else {
            RegistryError::Cut { registry, reason: error.to_string() }
        }
    }

    fn of_envelope(self, envelope: &OciEnvelope) -> RegistryError {
        let code = envelope.errors.first().map(|error| &error.code);
        let message = || envelope.errors.first().and_then(|error| self.hide(&error.message));
        let registry = self.registry.to_owned();
        match code {
            Some(
                OciErrorCode::ManifestUnknown
                | OciErrorCode::NameUnknown
                | OciErrorCode::NotFound
                | OciErrorCode::BlobUnknown,
            ) => RegistryError::NotFound { reference: self.reference.to_owned() },
            Some(OciErrorCode::Toomanyrequests) => RegistryError::Busy { registry, status: 429, wait: None },
            Some(OciErrorCode::Unauthorized) => self.of_status(401, ""),
            Some(OciErrorCode::Denied) => self.denied(message()),
            _ => RegistryError::Other {
                registry,
                said: message().unwrap_or_else(|| "it does not say why".to_owned()),
            },
        }
    }

    fn denied(self, said: Option<String>) -> RegistryError {
        let who = if self.secret.is_empty() {
            "without credentials".to_owned()
        } else {
            format!("with the credentials from {}", self.config)
        };
        RegistryError::Denied { registry: self.registry.to_owned(), who, said }
    }

    /// The registry's own words, where it has any.
    fn said(self, body: &str) -> Option<String> {
        let envelope: OciEnvelope = serde_json::from_str(body).ok()?;
        self.hide(&envelope.errors.first()?.message)
    }

    fn hide(self, message: &str) -> Option<String> {
        let repeats = !self.secret.is_empty() && message.contains(self.secret);
        Some(printable(message)).filter(|message| !message.is_empty() && !repeats)
    }
}

/// What a body is that should have been something else.
pub(super) fn looks_like(body: &str) -> &'static str {
    match body.trim_start().chars().next() {
        Some('<') => ", and a web page",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, log_in, printable};

    const ASKED: Asked<'_> = Asked {
        registry: "contoso.azurecr.io",
        reference: "contoso.azurecr.io/policies/x:v1",
        config: "config.json",
        secret: "hunter2",
        admitted: false,
    };

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

    #[test]
    fn a_registry_cannot_make_us_repeat_a_secret_or_move_the_cursor() {
        let body = r#"{"errors":[{"code":"DENIED","message":"no hunter2 here"}]}"#;
        assert!(!ASKED.of_status(403, body).to_string().contains("hunter2"));
        let body =
            r#"{"errors":[{"code":"DENIED","message":"client with IP '10.0.0.1' is not allowed access"}]}"#;
        assert!(ASKED.of_status(403, body).to_string().ends_with("'10.0.0.1' is not allowed access"));
        assert_eq!(printable("a\u{1b}[2Jb\r\nc"), "a [2Jb  c");
    }

    #[test]
    fn what_is_missing_can_be_listed() {
        let error = ASKED.of_status(404, "").to_string();
        assert!(
            error.contains("`az acr repository show-tags -n contoso --repository policies/x`"),
            "{error}"
        );
    }
}
