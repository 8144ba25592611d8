//! The pull secret that `kubectl create secret docker-registry` makes, byte for byte, and the end of its credential.
//!
//! ```text
//! az, docker config, standard input ─▶ Credential ─▶ Login ─▶ PullSecret, Merged ─▶ manifest
//! ```

mod auths;
pub mod az_commands;
pub mod azure;
pub mod credential;
pub mod credential_list;
pub mod docker_config;
mod example;
pub mod manifest;
pub mod merge;
pub mod password;
pub mod time;
pub mod token;

use std::collections::BTreeMap;
use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Serialize;

use self::auths::Auths;
use self::time::Time;

/// The annotation that says when the first credential of a secret ends (RFC 3339).
pub const EXPIRES: &str = "acr-pull-secret/expires";

const TYPE: &str = "kubernetes.io/dockerconfigjson";
const CONFIG_KEY: &str = ".dockerconfigjson";

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
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'static str, String>,
}

impl fmt::Debug for PullSecret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PullSecret").field("name", &self.metadata.name).finish_non_exhaustive()
    }
}

impl<'a> PullSecret<'a> {
    /// A secret that holds these logins, of which the first ends at a time.
    ///
    /// # Errors
    /// - never, because texts can be written as JSON
    pub fn new(
        name: &'a str,
        namespace: Option<&'a str>,
        logins: &[Login],
        expires: Option<Time>,
    ) -> serde_json::Result<Self> {
        let mut auths = Auths::default();
        for login in logins {
            auths.put(login)?;
        }
        let annotations = expires.into_iter().map(|time| (EXPIRES, time.to_string())).collect();
        Ok(Self {
            kind: "Secret",
            api_version: "v1",
            metadata: Metadata { name, namespace, creation_timestamp: (), annotations },
            data: BTreeMap::from([(CONFIG_KEY, BASE64_STANDARD.encode(auths.json()?))]),
            type_: TYPE,
        })
    }
}
