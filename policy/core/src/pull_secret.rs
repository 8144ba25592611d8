//! A Secret as the kubelet sees it when it pulls.

use std::collections::BTreeMap;

use crate::base64::{Padding, decode};
use crate::docker_config::{ConfigError, Credential, Form, decode_config};
use crate::json::Value;

/// `type` and `data` key of the two kinds of pull secret. core/v1: `SecretTypeDockerConfigJson`, `SecretTypeDockercfg`
const KINDS: [(&str, &str, Form); 2] = [
    ("kubernetes.io/dockerconfigjson", ".dockerconfigjson", Form::ConfigJson),
    ("kubernetes.io/dockercfg", ".dockercfg", Form::Cfg),
];

/// How the kubelet reads a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullSecret {
    /// Nothing: type and data key are not those of a pull secret
    Ignored,
    /// An error that fails every pull of the pod
    Malformed {
        /// The field of `data` that is read
        data_key: &'static str,
        /// What is wrong with it
        error: Malformed,
    },
    /// Credentials
    Usable {
        /// The field of `data` that is read
        data_key: &'static str,
        /// The credentials by their keys
        credentials: BTreeMap<String, Credential>,
    },
}

/// Why a secret cannot be decoded; does not contain parts of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// The data is not base64, which an API server would not store
    Data,
    /// The docker config
    Config(ConfigError),
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Data => f.write_str("its data is not base64"),
            Self::Config(error) => error.fmt(f),
        }
    }
}

impl PullSecret {
    /// kubelet: pkg/credentialprovider/secrets/secrets.go `MakeDockerKeyring`
    pub fn of(secret: &Value<'_>) -> Self {
        let kind = secret.string_at(&["type"]);
        let Some((_, data_key, form)) = KINDS.into_iter().find(|(known, _, _)| *known == kind) else {
            return Self::Ignored;
        };
        let data = secret.string_at(&["data", data_key]);
        let Ok(config) = decode(data.as_bytes(), Padding::Needed) else {
            return Self::Malformed { data_key, error: Malformed::Data };
        };
        if config.is_empty() {
            return Self::Ignored;
        }
        match decode_config(&config, form) {
            Ok(credentials) => Self::Usable { data_key, credentials },
            Err(error) => Self::Malformed { data_key, error: Malformed::Config(error) },
        }
    }

    /// Whether the type alone is one that the kubelet reads.
    pub(crate) fn has_readable_type(secret: &Value<'_>) -> bool {
        KINDS.iter().any(|(kind, _, _)| *kind == secret.string_at(&["type"]))
    }

    /// Why the kubelet ignores it.
    pub(crate) fn why_ignored(secret: &Value<'_>) -> String {
        let kind = secret.string_at(&["type"]);
        match KINDS.into_iter().find(|(known, _, _)| *known == kind) {
            Some((_, key, _)) if secret.get("data").and_then(|data| data.get(key)).is_some() => {
                ["its ", key, " is empty"].concat()
            }
            Some((_, key, _)) => ["it has no ", key].concat(),
            None => ["its type is \"", kind, "\", not kubernetes.io/dockerconfigjson"].concat(),
        }
    }

    /// A data key that holds a docker config, which another type would need.
    pub(crate) fn misplaced_key(secret: &Value<'_>) -> Option<(&'static str, &'static str)> {
        let data = secret.get("data")?;
        KINDS.into_iter().find(|(_, key, _)| data.get(key).is_some()).map(|(kind, key, _)| (kind, key))
    }
}
