//! Maps failures of a registry to errors that name the fix: below HTTP, by status, by message.

use std::error::Error as StdError;
use std::io;
use std::net::IpAddr;

use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine as _};
use oci_client::errors::{DigestError, OciDistributionError, OciEnvelope, OciErrorCode};

use super::error::{RegistryError, printable};

/// Describes an error below HTTP. Addresses are left out, because a signed one is a secret.
pub(crate) fn of_http(registry: &str, error: &reqwest::Error) -> RegistryError {
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
        if current.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            return RegistryError::Nonsense {
                registry,
                problem: format!("its answer is not HTTP ({reason})"),
            };
        }
        // The operating system's error has no kind of its own, so its text is compared.
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
        return RegistryError::Nonsense { registry, problem: "it redirects in a loop".to_owned() };
    }
    if error.is_connect() {
        return RegistryError::Unreachable { registry, reason };
    }
    RegistryError::Cut { registry, reason }
}

/// Unwraps I/O errors, which do not list the wrapped error among their sources.
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

/// The registry, the reference and the credentials: what an error has to name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Host and port
    pub(crate) registry: &'a str,
    /// The reference
    pub(crate) reference: &'a str,
    /// Where credentials come from
    pub(crate) config: &'a str,
    /// The secret part of the credentials, which is removed from answers
    pub(crate) secret: &'a str,
    /// Whether the credentials were accepted: later refusals are due to missing permissions
    pub(crate) admitted: bool,
    /// Whether errors contain what the registry says. It may repeat the credentials of earlier attempts, and tokens
    pub(crate) is_quoted: bool,
}

impl Asked<'_> {
    /// An answer of this status, whose body is `text`.
    pub(crate) fn of_status(self, status: u16, text: &str) -> RegistryError {
        let registry = self.registry.to_owned();
        let config = self.config.to_owned();
        match status {
            401 if self.secret.is_empty() => RegistryError::NoCredentials { registry, config },
            401 if !self.admitted => RegistryError::Refused { registry, config },
            403 if let Some(address) = refused_address(text) => RegistryError::Firewall { registry, address },
            401 | 403 => self.denied(status, self.said(text)),
            404 => RegistryError::NotFound { reference: self.reference.to_owned() },
            408 | 429 | 500..=599 => RegistryError::Busy { registry, status, wait: None },
            // Go's net/http reports it only in the body.
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

    /// An error of the client library.
    pub(crate) fn of_client(self, error: &OciDistributionError) -> RegistryError {
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
            | OciDistributionError::JsonError(_) => nonsense("its manifest is not valid"),
            OciDistributionError::UnsupportedMediaTypeError(_)
            | OciDistributionError::UnsupportedSchemaVersionError(_) => RegistryError::NoPolicy {
                reference: self.reference.to_owned(),
                problem: "its manifest is of a type that cannot hold a policy".to_owned(),
            },
            OciDistributionError::SpecViolationError(problem) => nonsense(&printable(problem)),
            OciDistributionError::RegistryNoLocationError => nonsense("it does not say where to upload to"),
            _ => nonsense("its answer cannot be used"),
        }
    }

    /// A download that was interrupted.
    pub(crate) fn of_stream(self, error: &io::Error) -> RegistryError {
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
        let message = || envelope.errors.first().and_then(|error| self.shown(&error.message));
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
            Some(OciErrorCode::Denied) => self.denied(403, message()),
            _ => RegistryError::Other {
                registry,
                said: message().unwrap_or_else(|| "it gives no reason".to_owned()),
            },
        }
    }

    fn denied(self, status: u16, said: Option<String>) -> RegistryError {
        let who = if self.secret.is_empty() {
            "without credentials".to_owned()
        } else {
            format!("with the credentials from {}", self.config)
        };
        RegistryError::Denied { registry: self.registry.to_owned(), who, status, said }
    }

    /// The registry's error message, if there is one.
    fn said(self, body: &str) -> Option<String> {
        let envelope: OciEnvelope = serde_json::from_str(body).ok()?;
        self.shown(&envelope.errors.first()?.message)
    }

    /// A message of the registry, where it may be shown.
    fn shown(self, message: &str) -> Option<String> {
        let message = Some(printable(message)).filter(|_| self.is_quoted);
        message.filter(|message| !message.is_empty() && !repeats(message, self.secret))
    }
}

/// How many characters of a secret count as a part of it.
const PART: usize = 4;

/// Whether a message has a part of a secret, as it is or in base64, as a header carries it.
fn repeats(message: &str, secret: &str) -> bool {
    let has = |form: &[u8]| {
        let part = PART.min(form.len());
        part > 0
            && form.windows(part).any(|part| message.as_bytes().windows(part.len()).any(|text| text == part))
    };
    // The text before the secret shifts its bits; the characters at both ends hold bits of its neighbours as well.
    let encoded = |before: usize| {
        let text = BASE64_STANDARD_NO_PAD.encode([&vec![0; before][..], secret.as_bytes()].concat());
        let own = (before * 8).div_ceil(6)..(before + secret.len()) * 8 / 6;
        text.as_bytes().get(own).unwrap_or_default().to_vec()
    };
    has(secret.as_bytes()) || (0..3).map(encoded).any(|form| has(&form))
}

/// The address in `client with IP '10.0.0.1' is not allowed access`, which is what ACR answers behind its firewall.
pub(crate) fn refused_address(body: &str) -> Option<IpAddr> {
    let (_, rest) = body.split_once("client with IP '")?;
    let (address, rest) = rest.split_once('\'')?;
    rest.starts_with(" is not allowed").then(|| address.parse().ok())?
}

/// Describes an unexpected body.
pub(crate) fn looks_like(body: &str) -> &'static str {
    match body.trim_start().chars().next() {
        Some('<') => ", and a web page",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine as _};

    use super::Asked;
    use crate::registry::error::printable;

    const ASKED: Asked<'_> = Asked {
        registry: "contoso.azurecr.io",
        reference: "contoso.azurecr.io/policies/x:v1",
        config: "config.json",
        secret: "hunter2",
        admitted: false,
        is_quoted: true,
    };

    #[test]
    fn a_registry_cannot_make_us_repeat_a_secret_or_move_the_cursor() {
        let said = |message: &str| {
            let body = serde_json::json!({"errors": [{"code": "DENIED", "message": message}]}).to_string();
            ASKED.of_status(403, &body).to_string()
        };
        // Any four characters of it, and of what `Basic` makes of it behind user names of each length.
        for part in ["hunter2", "hunt", "unte", "ter2"] {
            assert!(!said(&format!("no {part} here")).contains(part), "{part}");
        }
        for user in ["", "u", "us", "use", "user"] {
            let encoded = BASE64_STANDARD.encode(format!("{user}:hunter2"));
            assert!(!said(&format!("Basic {encoded}")).contains(&encoded), "{user}");
        }
        for harmless in ["no hun er2 here", "repository hu/nt is unknown"] {
            assert!(said(harmless).contains(harmless), "{harmless}");
        }
        let body =
            r#"{"errors":[{"code":"DENIED","message":"client with IP '10.0.0.1' is not allowed access"}]}"#;
        assert!(ASKED.of_status(403, body).to_string().ends_with("'10.0.0.1' is not allowed access"));
        assert_eq!(printable("a\u{1b}[2Jb\r\nc"), "a [2Jb  c");
    }

    #[test]
    fn what_is_missing_can_be_listed() {
        for (reference, command) in [
            ("policies/x:v1", "`az acr repository show-tags -n contoso --repository policies/x`"),
            ("policies/x@sha256:00", "`az acr manifest list-metadata -r contoso -n policies/x`"),
            ("policies/x:v1@sha256:00", "`az acr manifest list-metadata -r contoso -n policies/x`"),
        ] {
            let reference = format!("contoso.azurecr.io/{reference}");
            let error = Asked { reference: &reference, ..ASKED }.of_status(404, "").to_string();
            assert!(error.contains(command), "{error}");
        }
    }
}
