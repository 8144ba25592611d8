//! The docker config within a pull secret: made from logins, or read and added to.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::Login;
use super::docker_config::host;

/// A docker config. What it does not know, and what it does not change, keeps its text.
#[derive(Default)]
pub(super) struct Auths {
    auths: BTreeMap<String, Box<RawValue>>,
    /// Fields beside `auths`
    others: BTreeMap<String, Box<RawValue>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    username: &'a str,
    password: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    auth: String,
}

impl Auths {
    /// Reads a docker config; `None` if it is not one.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut others: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).ok()?;
        let auths: Option<BTreeMap<_, _>> = match others.remove("auths") {
            Some(auths) => serde_json::from_str(auths.get()).ok()?,
            None => None,
        };
        Some(Self { auths: auths.unwrap_or_default(), others })
    }

    /// Adds a login. Returns the keys that it replaces: those that docker takes for the same server.
    ///
    /// # Errors
    /// - never, because texts can be written as JSON
    pub(super) fn put(&mut self, login: &Login) -> serde_json::Result<Vec<String>> {
        let Login { server, username, password, email } = login;
        let auth = BASE64_STANDARD.encode(format!("{username}:{password}"));
        let email = email.as_deref().filter(|email| !email.is_empty());
        let same = self.auths.keys().filter(|key| host(key) == host(server));
        let replaced: Vec<String> = same.cloned().collect();
        for key in &replaced {
            self.auths.remove(key);
        }
        self.auths.insert(server.clone(), to_raw_value(&Entry { username, password, email, auth })?);
        Ok(replaced)
    }

    /// How many logins there are.
    pub(super) fn count(&self) -> usize {
        self.auths.len()
    }

    /// As kubectl writes it: `pkg/cmd/create/create_secret_docker.go` `handleDockerCfgJSONContent`.
    ///
    /// # Errors
    /// - never, because texts can be written as JSON
    pub(super) fn json(&self) -> serde_json::Result<String> {
        let auths = to_raw_value(&self.auths)?;
        let fields: BTreeMap<&str, &RawValue> = self
            .others
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_ref()))
            .chain([("auths", auths.as_ref())])
            .collect();
        let mut json = serde_json::to_string(&fields)?;
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
