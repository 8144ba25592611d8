//! Credentials for a registry, from the docker config and the helpers that it names.

use std::env;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use review::diagnostic::in_one_line;
use serde_json::{Value, json};

use super::error::{RegistryError, log_in};
use crate::files::input;
use crate::text::reason_of;

/// A credential for a registry. Its `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Credential {
    /// None
    Anonymous,
    /// A user name and a password
    Password {
        /// The user
        user: String,
        /// The secret
        password: String,
    },
    /// A token that is exchanged for another one: what `az acr login` leaves
    Identity(String),
}

impl Credential {
    /// The secret part of the credential; empty if there is none.
    pub(crate) fn secret(&self) -> &str {
        match self {
            Self::Anonymous => "",
            Self::Password { password, .. } => password,
            Self::Identity(token) => token,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Password { .. } => "Password(…)",
            Self::Identity(_) => "Identity(…)",
        })
    }
}

/// The docker config: `config.json` in `$DOCKER_CONFIG`, or else in `~/.docker`.
pub(crate) fn config_file() -> Option<PathBuf> {
    let folder = env::var_os("DOCKER_CONFIG").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let folder = folder.or_else(|| env::home_dir().map(|home| home.join(".docker")));
    folder.map(|folder| folder.join("config.json"))
}

/// Why a docker config or a helper gives no credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unusable {
    /// What is wrong
    pub(crate) what: String,
    /// What to type; may be empty
    pub(crate) help: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_one_line(&self.what, &self.help))
    }
}

/// The credential for `registry`, by the host and port that images name.
///
/// # Errors
/// - a config or a helper that cannot be used, or an entry without its secret. No credential at all is not an error
pub(crate) fn find(registry: &str) -> Result<Credential, RegistryError> {
    let Some(path) = config_file() else { return Ok(Credential::Anonymous) };
    let refuse = |problem: String| RegistryError::DockerConfig { path: path.clone(), problem };
    let mut config = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(input::MOST_OF_SMALL).read_to_end(&mut config));
    match read {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Credential::Anonymous),
        Err(error) => return Err(refuse(format!("cannot be read: {}", reason_of(&error)))),
    }
    in_config(&config, registry).map_err(|unusable| refuse(unusable.to_string()))
}

/// The credential for `registry` that the program `docker-credential-HELPER` keeps.
///
/// # Errors
/// - a helper that cannot be used. No credential at all is not an error
pub(crate) fn from_helper(helper: &str, registry: &str) -> Result<Credential, Unusable> {
    // The library runs a helper only for a config that names it.
    in_config(json!({ "credsStore": helper }).to_string().as_bytes(), registry)
}

fn in_config(config: &[u8], registry: &str) -> Result<Credential, Unusable> {
    match get_credential_from_reader(config, registry) {
        Ok(DockerCredential::IdentityToken(token)) if !token.is_empty() => Ok(Credential::Identity(token)),
        Ok(DockerCredential::IdentityToken(_)) => Ok(Credential::Anonymous),
        Ok(DockerCredential::UsernamePassword(_, password)) if password.is_empty() => Err(Unusable {
            what: format!("its entry for {registry} has no password"),
            help: log_in(registry),
        }),
        Ok(DockerCredential::UsernamePassword(user, password)) => Ok(Credential::Password { user, password }),
        Err(CredentialRetrievalError::HelperCommunicationError) => Err(not_run(config, registry)),
        Err(error) => absent_or(registry, error),
    }
}

/// The program that the config names, which is missing or cannot be started.
fn not_run(config: &[u8], registry: &str) -> Unusable {
    let config: Value = serde_json::from_slice(config).unwrap_or_default();
    let of_registry = config.get("credHelpers").and_then(|helpers| helpers.get(registry));
    let name = of_registry.or(config.get("credsStore")).and_then(Value::as_str).unwrap_or_default();
    // The name goes into a command to type.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
        return Unusable {
            what: "it names a credential helper that cannot be run".to_owned(),
            help: "see `credHelpers` and `credsStore` in it".to_owned(),
        };
    }
    Unusable {
        what: format!("the credential helper docker-credential-{name} that it names cannot be run"),
        help: format!(
            "install it, or add its folder to PATH: `command -v docker-credential-{name}` prints where it is found"
        ),
    }
}

/// The output of helpers may contain secrets, so it is not repeated.
fn absent_or(registry: &str, error: CredentialRetrievalError) -> Result<Credential, Unusable> {
    let (what, help) = match error {
        CredentialRetrievalError::NoCredentialConfigured | CredentialRetrievalError::ConfigNotFound => {
            return Ok(Credential::Anonymous);
        }
        // docker/docker-credential-helpers: credentials/error.go `errCredentialsNotFoundMessage`
        CredentialRetrievalError::HelperFailure { stdout, stderr, .. }
            if [&stdout, &stderr].iter().any(|said| said.contains("credentials not found")) =>
        {
            return Ok(Credential::Anonymous);
        }
        CredentialRetrievalError::HelperFailure { helper, .. } => (
            format!("the credential helper {helper} failed"),
            format!("see why with `echo {registry} | {helper} get >/dev/null`"),
        ),
        CredentialRetrievalError::HelperCommunicationError => {
            ("it names a credential helper that cannot be run".to_owned(), String::new())
        }
        CredentialRetrievalError::MalformedHelperResponse => (
            "the credential helper that it names gave an answer that is not a credential".to_owned(),
            String::new(),
        ),
        CredentialRetrievalError::CredentialDecodingError => (
            format!("its entry for {registry} has an `auth` that is not USER:PASSWORD in base64"),
            log_in(registry),
        ),
        CredentialRetrievalError::CredentialMismatchError => (
            format!("its entry for {registry} has an `auth` that differs from its `username` and `password`"),
            log_in(registry),
        ),
        CredentialRetrievalError::ConfigReadError => {
            ("it is not the JSON of a docker config".to_owned(), String::new())
        }
    };
    Err(Unusable { what, help })
}

#[cfg(test)]
mod tests {
    use super::in_config;

    #[test]
    fn a_helper_that_is_missing_is_named_where_its_name_can_be_typed() {
        for (config, said) in [
            (r#"{"credsStore": "none-such"}"#, "docker-credential-none-such that it names cannot be run"),
            (
                r#"{"credsStore": "x", "credHelpers": {"contoso.azurecr.io": "none-such"}}"#,
                "`command -v docker-credential-none-such`",
            ),
            (r#"{"credsStore": "none such; reboot"}"#, "see `credHelpers` and `credsStore` in it"),
            (r#"{"credsStore": "none\u001b[2J"}"#, "see `credHelpers` and `credsStore` in it"),
        ] {
            let problem =
                in_config(config.as_bytes(), "contoso.azurecr.io").expect_err("no helper").to_string();
            assert!(problem.contains(said) && !problem.contains('…'), "{config}: {problem}");
            assert!(!problem.contains("reboot") && !problem.contains('\u{1b}'), "{config}: {problem}");
        }
    }
}
