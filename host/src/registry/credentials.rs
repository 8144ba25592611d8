//! Credentials for a registry, from the docker config and the helpers that it names.

use std::env;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use serde_json::json;

use super::error::RegistryError;
use crate::files::input;

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

/// The credential for `registry`, by the host and port that images name.
///
/// # Errors
/// - a config or a helper that cannot be used, or an entry without its secret. No credential at all is not an error
pub(crate) fn find(registry: &str) -> Result<Credential, RegistryError> {
    let Some(path) = config_file() else { return Ok(Credential::Anonymous) };
    let refuse = |problem: String| RegistryError::DockerConfig { path: path.clone(), problem };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Credential::Anonymous),
        Err(error) => return Err(refuse(error.to_string())),
    };
    read(file.take(input::MOST_OF_SMALL), registry).map_err(refuse)
}

/// The credential for `registry` that the program `docker-credential-HELPER` keeps.
///
/// # Errors
/// - a helper that cannot be used. No credential at all is not an error
pub(crate) fn from_helper(helper: &str, registry: &str) -> Result<Credential, String> {
    // The library runs a helper only for a config that names it.
    read(json!({ "credsStore": helper }).to_string().as_bytes(), registry)
}

fn read(config: impl Read, registry: &str) -> Result<Credential, String> {
    match get_credential_from_reader(config, registry) {
        Ok(DockerCredential::IdentityToken(token)) if !token.is_empty() => Ok(Credential::Identity(token)),
        Ok(DockerCredential::IdentityToken(_)) => Ok(Credential::Anonymous),
        Ok(DockerCredential::UsernamePassword(_, password)) if password.is_empty() => {
            Err(format!("its entry for {registry} has no password; {}", super::error::log_in(registry)))
        }
        Ok(DockerCredential::UsernamePassword(user, password)) => Ok(Credential::Password { user, password }),
        Err(error) => absent_or(registry, error),
    }
}

/// The output of helpers may contain secrets, so it is not repeated.
fn absent_or(registry: &str, error: CredentialRetrievalError) -> Result<Credential, String> {
    Err(match error {
        CredentialRetrievalError::NoCredentialConfigured | CredentialRetrievalError::ConfigNotFound => {
            return Ok(Credential::Anonymous);
        }
        // docker/docker-credential-helpers: credentials/error.go `errCredentialsNotFoundMessage`
        CredentialRetrievalError::HelperFailure { stdout, stderr, .. }
            if [&stdout, &stderr].iter().any(|said| said.contains("credentials not found")) =>
        {
            return Ok(Credential::Anonymous);
        }
        CredentialRetrievalError::HelperFailure { helper, .. } => format!(
            "the credential helper {helper} failed; see why with `echo {registry} | {helper} get >/dev/null`"
        ),
        CredentialRetrievalError::HelperCommunicationError => {
            "it names a credential helper that cannot be run; is docker-credential-… on the PATH?".to_owned()
        }
        CredentialRetrievalError::MalformedHelperResponse => {
            "the credential helper that it names gave an answer that is not a credential".to_owned()
        }
        CredentialRetrievalError::CredentialDecodingError => format!(
            "its entry for {registry} has an `auth` that is not USER:PASSWORD in base64; {}",
            super::error::log_in(registry)
        ),
        CredentialRetrievalError::CredentialMismatchError => format!(
            "its entry for {registry} has an `auth` that differs from its `username` and `password`; {}",
            super::error::log_in(registry)
        ),
        CredentialRetrievalError::ConfigReadError => "it is not the JSON of a docker config".to_owned(),
    })
}
