//! The pull secret that `kubectl create secret docker-registry` makes, byte for byte.

pub mod docker_config;

use std::collections::BTreeMap;
use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::PrettyFormatter;

/// A login to a registry.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The key that the kubelet compares with images: the login server
    pub server: String,
    /// User name
    pub username: String,
    /// Password or token
    pub password: String,
    /// E-mail address, which registries ignore and kubectl accepts
    pub email: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("server", &self.server).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Auths<'a> {
    auths: BTreeMap<&'a str, Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    username: &'a str,
    password: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    auth: String,
}

impl Login {
    /// The docker config of this login alone.
    /// kubectl: `pkg/cmd/create/create_secret_docker.go` `handleDockerCfgJSONContent`
    fn docker_config(&self) -> serde_json::Result<String> {
        let Self { server, username, password, email } = self;
        let auth = BASE64_STANDARD.encode(format!("{username}:{password}"));
        let email = email.as_deref().filter(|email| !email.is_empty());
        let auths = BTreeMap::from([(server.as_str(), Entry { username, password, email, auth })]);
        let mut json = serde_json::to_string(&Auths { auths })?;
        // Go escapes characters that are special in HTML and JavaScript; in JSON they occur only in strings.
        for (plain, escaped) in [
            ('<', "\\u003c"),
            ('>', "\\u003e"),
            ('&', "\\u0026"),
            ('\u{2028}', "\\u2028"),
            ('\u{2029}', "\\u2029"),
        ] {
            json = json.replace(plain, escaped);
        }
        Ok(json)
    }
}

/// The manifest of a pull secret, its fields in the order of the API's JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PullSecret<'a> {
    kind: &'static str,
    api_version: &'static str,
    metadata: Metadata<'a>,
    data: BTreeMap<&'static str, String>,
    #[serde(rename = "type")]
    type_: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    /// Always null; kubectl writes it
    creation_timestamp: (),
}

impl fmt::Debug for PullSecret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PullSecret").field("name", &self.metadata.name).finish_non_exhaustive()
    }
}

impl<'a> PullSecret<'a> {
    /// A secret that holds this login.
    ///
    /// # Errors
    /// - never, because texts can be written as JSON
    pub fn new(name: &'a str, namespace: Option<&'a str>, login: &Login) -> serde_json::Result<Self> {
        let config = BASE64_STANDARD.encode(login.docker_config()?);
        Ok(Self {
            kind: "Secret",
            api_version: "v1",
            metadata: Metadata { name, namespace, creation_timestamp: () },
            data: BTreeMap::from([(".dockerconfigjson", config)]),
            type_: "kubernetes.io/dockerconfigjson",
        })
    }

    /// As an object.
    ///
    /// # Errors
    /// - never, because it can be written as JSON
    pub fn object(&self) -> serde_json::Result<Value> {
        serde_json::to_value(self)
    }

    /// As `kubectl -o json` writes it.
    ///
    /// # Errors
    /// - never, because it can be written as JSON
    pub fn json(&self) -> serde_json::Result<String> {
        let mut json = Vec::new();
        let mut writer =
            serde_json::Serializer::with_formatter(&mut json, PrettyFormatter::with_indent(b"    "));
        self.serialize(&mut writer)?;
        json.push(b'\n');
        Ok(String::from_utf8_lossy(&json).into_owned())
    }

    /// As `kubectl -o yaml` writes it: the fields sorted.
    ///
    /// # Errors
    /// - never, because it can be written as YAML
    pub fn yaml(&self) -> Result<String, ManifestError> {
        // kubectl never folds.
        let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
        Ok(serde_saphyr::to_string_with_options(&self.object()?, options)?)
    }
}

/// Why a manifest cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not as JSON
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Not as YAML
    #[error(transparent)]
    Yaml(#[from] serde_saphyr::ser::Error),
}
