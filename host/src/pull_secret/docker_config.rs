//! One login from the config of docker, podman or nerdctl. Errors never show a value of it.

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use serde_json::Value;

use super::Login;
use crate::text::shell_word;
use review::user_info::without_user_info;

/// Why a docker config has no login for a pull secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DockerConfigError {
    /// Not JSON
    #[error("{line}:{column}: this is not JSON, so it is not a docker config")]
    Syntax {
        /// From 1
        line: usize,
        /// From 1
        column: usize,
    },
    /// A field has the wrong type
    #[error("{field} must be {wanted}")]
    Type {
        /// The field
        field: &'static str,
        /// What it has to be
        wanted: &'static str,
    },
    /// No registry at all
    #[error("it names no registry")]
    Empty,
    /// No registry, because a helper keeps the logins
    #[error("it names no registry, because {0} keeps the logins")]
    Stored(String),
    /// Several registries, and none was selected
    #[error("it names several registries")]
    Several(Vec<String>),
    /// The selected registry is missing
    #[error("it has no registry {}", without_user_info(.server))]
    NoServer {
        /// The selected one
        server: String,
        /// The registries that it has
        known: Vec<String>,
    },
    /// The password is elsewhere
    #[error("the password for {server} is not in this file: docker-credential-{helper} keeps it")]
    Helper {
        /// The registry
        server: String,
        /// The registry as the helper knows it
        key: String,
        /// Whether it was selected
        is_selected: bool,
        /// The name of the credential helper
        helper: String,
    },
    /// The selected registry is missing, and a helper keeps logins
    #[error(
        "it does not list {}, and docker-credential-{helper} keeps the logins that are not in it",
        without_user_info(.server)
    )]
    NotListed {
        /// The selected registry
        server: String,
        /// The name of the credential helper
        helper: String,
        /// The registries that it has
        known: Vec<String>,
    },
    /// The helper does not have it either
    #[error("docker-credential-{helper} has no credential for {server}")]
    NotKept {
        /// The registry
        server: String,
        /// The name of the credential helper
        helper: String,
    },
    /// The helper failed
    #[error("{what}")]
    HelperFailed {
        /// What is wrong
        what: String,
        /// What to type; may be empty
        help: String,
    },
    /// What `az acr login` leaves
    #[error("the entry {0} has an identity token, as az acr login stores it, which the kubelet cannot use")]
    IdentityToken(String),
    /// An entry without a password
    #[error("the entry {0} has no password")]
    NoPassword(String),
    /// `auth` is not what it should be
    #[error("the auth of the entry {0} is not base64(username:password)")]
    Auth(String),
}

impl DockerConfigError {
    /// What to type; empty where the message says it.
    pub fn help(&self) -> String {
        match self {
            Self::Syntax { .. } | Self::Type { .. } => String::new(),
            Self::HelperFailed { help, .. } => help.clone(),
            Self::Empty => "log in first: docker login SERVER".to_owned(),
            Self::Stored(_) => "name the registry with --server, and add --use-helpers".to_owned(),
            Self::Several(names) => format!("pick one with --server: {}", words(names)),
            Self::NoServer { server, known } if known.is_empty() => log_in(server),
            Self::NoServer { server, known } => {
                format!("pick one with --server ({}), or {}", words(known), log_in(server))
            }
            Self::NotListed { server, known, .. } if known.is_empty() => {
                format!("add --use-helpers to run it, or {}", log_in(server))
            }
            Self::NotListed { server, known, .. } => format!(
                "add --use-helpers to run it, pick one with --server ({}), or {}",
                words(known),
                log_in(server)
            ),
            // The config may be another's, and what it names is typed into a shell.
            Self::Helper { server, key, is_selected, helper } => format!(
                "add {}--use-helpers to run it, or type `echo {} | {} get` and pass user and password with --username \
                 and --password-stdin",
                if *is_selected {
                    String::new()
                } else {
                    format!("--server {} ", shell_word(&without_user_info(server)))
                },
                shell_word(key),
                shell_word(&format!("docker-credential-{helper}"))
            ),
            Self::NotKept { server, .. } | Self::Auth(server) => log_in(server),
            Self::IdentityToken(_) => {
                "pass a service principal or a repository-scoped token with --username and --password-stdin"
                    .to_owned()
            }
            Self::NoPassword(server) => format!(
                "{}, or pass --server, --username and --password-stdin in place of --from-docker-config",
                log_in(server)
            ),
        }
    }
}

/// Names of registries, each as it is typed behind `--server`.
fn words(names: &[String]) -> String {
    names.iter().map(|name| shell_word(name)).collect::<Vec<_>>().join(", ")
}

/// What adds a login.
fn log_in(server: &str) -> String {
    format!("log in first: docker login {}", shell_word(&without_user_info(server)))
}

/// Picks the login for `server`, or the only one.
///
/// # Errors
/// - no docker config, no such registry in it, or no password for it
pub fn pick(text: &str, server: Option<&str>) -> Result<Login, DockerConfigError> {
    let config: Value = serde_json::from_str(text)
        .map_err(|error| DockerConfigError::Syntax { line: error.line(), column: error.column() })?;
    let fields =
        config.as_object().ok_or(DockerConfigError::Type { field: "the file", wanted: "an object" })?;
    let object = |field| match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(DockerConfigError::Type { field, wanted: "an object" }),
    };
    let (auths, helpers) = (object("auths")?, object("credHelpers")?);
    let store = fields.get("credsStore").and_then(Value::as_str);

    let keys = auths.into_iter().chain(helpers).flat_map(serde_json::Map::keys);
    let mut known: Vec<&String> = keys.filter(|key| is_plain(key)).collect();
    known.sort();
    known.dedup();
    let names = || known.iter().copied().cloned().collect();
    let key = match (server, known.as_slice()) {
        (Some(server), known) => known.iter().find(|key| host(key) == host(server)),
        (None, []) => {
            let store = store.filter(|store| is_plain(store));
            return Err(
                store.map_or(DockerConfigError::Empty, |store| DockerConfigError::Stored(store.to_owned()))
            );
        }
        (None, [only]) => Some(only),
        (None, _) => return Err(DockerConfigError::Several(names())),
    };
    let name = server.or(key.map(|key| key.as_str())).unwrap_or_default().to_owned();
    let helper = key.and_then(|key| helpers?.get(*key)?.as_str()).or(store).filter(|helper| is_plain(helper));
    let kept = |helper: &str| {
        let key = key.map_or_else(|| name.clone(), |key| (*key).clone());
        let is_selected = server.is_some();
        DockerConfigError::Helper { server: name.clone(), key, is_selected, helper: helper.to_owned() }
    };
    let Some(entry) = key.and_then(|key| auths?.get(*key)) else {
        return Err(match helper {
            Some(helper) if key.is_some() => kept(helper),
            Some(helper) => DockerConfigError::NotListed {
                server: name.clone(),
                helper: helper.to_owned(),
                known: names(),
            },
            None => DockerConfigError::NoServer { server: name.clone(), known: names() },
        });
    };
    let word = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    if !word("identitytoken").is_empty() {
        return Err(DockerConfigError::IdentityToken(name));
    }
    let (username, password) = match word("auth") {
        auth if auth.is_empty() => (word("username"), word("password")),
        auth => decode(&auth).ok_or_else(|| DockerConfigError::Auth(name.clone()))?,
    };
    if password.is_empty() {
        return Err(match helper {
            Some(helper) => kept(helper),
            None => DockerConfigError::NoPassword(name.clone()),
        });
    }
    let email = Some(word("email")).filter(|email| !email.is_empty());
    Ok(Login { server: name, username, password, email })
}

/// A key without scheme and API version, as docker compares them.
pub(crate) fn host(key: &str) -> &str {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let key = key.trim_end_matches('/');
    key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2")).unwrap_or(key)
}

/// Whether a key is only a registry, so that it may be shown: a URL can contain a password.
fn is_plain(key: &str) -> bool {
    !key.is_empty() && !key.contains(['@', '?', '#']) && !key.chars().any(char::is_control)
}

fn decode(auth: &str) -> Option<(String, String)> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&alphabet::STANDARD, config).decode(auth.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some((username.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::pick;

    #[test]
    fn what_a_config_names_is_one_word_of_a_shell_in_a_help() {
        for (config, server, words) in [
            (r#"{"auths": {"a.io/$(id)": {}}, "credsStore": "desktop"}"#, None, "'a.io/$(id)'"),
            (r#"{"auths": {"a.io": {}}, "credsStore": "x;id"}"#, None, "'docker-credential-x;id'"),
            (r#"{"auths": {"a.io/$(id)": {}, "b.io": {}}}"#, None, "'a.io/$(id)', b.io"),
            (r#"{"auths": {"a.io/$(id)": {}}}"#, Some("b.io"), "'a.io/$(id)'"),
            (r#"{"auths": {"a.io/$(id)": {}}}"#, None, "docker login 'a.io/$(id)'"),
            (r#"{"auths": {"a.io/$(id)": {}}, "credsStore": "x"}"#, Some("b.io"), "'a.io/$(id)'"),
            (r#"{"credHelpers": {"a.io": "x y"}}"#, Some("a.io"), "echo a.io | 'docker-credential-x y' get"),
        ] {
            let help = pick(config, server).unwrap_err().help();
            assert!(help.contains(words), "{config}: {help}");
            assert_eq!(help.matches("$(").count(), help.matches("'a.io/$(").count(), "{help}");
        }
    }
}
