//! The way through a Secret and through a docker config.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use policy_core::docker_config::{ConfigError, decode_auth};
use policy_core::key_defect::shown;
use serde_json::{Map, Value, json};

use super::{DEPTH, Pass, Task};
use crate::config_text::{Role, rewrite};
use crate::dummy::{self, decoded, is_dummy, mask};
use crate::signs::is_docker_config;
use review::spelling::{base64, is_base64};
use review::yaml;

/// Annotations of a Secret that are no copies of its values.
const HARMLESS_ANNOTATIONS: [&str; 2] = ["acr-pull-secret/", "kubernetes.io/"];

/// How a value of a Secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Plain,
    Base64,
}

impl Pass {
    /// A Secret: everything except its name and kind.
    pub(super) fn secret_object(&mut self, fields: &mut Map<String, Value>) {
        for (name, value) in fields {
            match name.as_str() {
                "apiVersion" | "kind" | "type" | "immutable" => self.any(value),
                "metadata" => self.metadata(value),
                "data" => self.secret("", value, Written::Base64),
                _ => self.secret("", value, Written::Plain),
            }
        }
    }

    fn metadata(&mut self, value: &mut Value) {
        const FIELDS: [&str; 14] = [
            "creationTimestamp",
            "deletionGracePeriodSeconds",
            "deletionTimestamp",
            "finalizers",
            "generateName",
            "generation",
            "labels",
            "managedFields",
            "name",
            "namespace",
            "ownerReferences",
            "resourceVersion",
            "selfLink",
            "uid",
        ];
        let Value::Object(fields) = value else { return self.secret("", value, Written::Plain) };
        for (name, value) in fields {
            match value {
                Value::Object(annotations) if name == "annotations" => self.annotations(annotations),
                _ if FIELDS.contains(&name.as_str()) => self.any(value),
                _ => self.secret("", value, Written::Plain),
            }
        }
    }

    fn annotations(&mut self, annotations: &mut Map<String, Value>) {
        self.names(annotations);
        self.last_applied(annotations);
        for (name, value) in annotations {
            if HARMLESS_ANNOTATIONS.iter().any(|start| name.starts_with(start)) {
                self.any(value);
            } else {
                self.secret("", value, Written::Plain);
            }
        }
    }

    /// A value of a Secret, or several below each other; `name` is that of a single one.
    pub(super) fn secret(&mut self, name: &str, value: &mut Value, written: Written) {
        let is_config = matches!(name, ".dockerconfigjson" | ".dockercfg" | "auths");
        match value {
            Value::String(text) if is_dummy(text) => {}
            Value::String(text) => {
                let text = text.clone();
                let new = if is_config || is_docker_config(&text) {
                    self.config(&text, DEPTH)
                } else {
                    self.opaque(&text, written)
                };
                self.replace(value, new);
            }
            Value::Number(number) => {
                self.add(number.to_string().as_bytes());
                self.replace(value, 0);
            }
            Value::Object(_) if is_config => {
                let config = json!({ name: value }).to_string();
                let new = serde_json::from_str::<Value>(&self.config(&config, 0)).unwrap_or_default();
                let new = new.get(name).cloned().unwrap_or_default();
                self.replace(value, new);
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.secret(name, item, written)),
            Value::Object(fields) => {
                self.names(fields);
                fields.iter_mut().for_each(|(name, value)| self.secret(name, value, written));
            }
            Value::Bool(_) | Value::Null => {}
        }
    }

    /// A value of which only its length matters.
    fn opaque(&mut self, text: &str, written: Written) -> String {
        let bytes = decoded(text);
        if written == Written::Plain || bytes.is_none() {
            self.add(text.as_bytes());
            self.leaves(text);
        }
        // Base64 as others than Kubernetes read it: of URLs, without its end, with spaces.
        let is_loose = text.bytes().all(|byte| is_base64(byte) || byte == b'=' || byte.is_ascii_whitespace());
        if let Some(bytes) = bytes.or_else(|| is_loose.then(|| base64(text.as_bytes()))) {
            self.add(&bytes);
            let plain = String::from_utf8_lossy(&bytes);
            self.leaves(&plain);
            self.add(&decoded(&plain).unwrap_or_default());
        }
        match written {
            Written::Plain => mask(text),
            Written::Base64 => dummy::data(text),
        }
    }

    /// Adds the texts in a value that is JSON or YAML.
    fn leaves(&mut self, text: &str) {
        if self.task != Task::Collect || !text.contains([':', '[']) {
            return;
        }
        let (documents, _) = yaml::documents(text);
        let mut values: Vec<&Value> = documents.iter().map(|document| &document.value).collect();
        while let Some(value) = values.pop() {
            match value {
                Value::Object(fields) => values.extend(fields.values()),
                Value::Array(items) => values.extend(items),
                // Shorter ones are words of any configuration.
                Value::String(leaf) if leaf != text && leaf.len() >= 8 => self.values.add(leaf.as_bytes()),
                _ => {}
            }
        }
    }

    /// A docker config, be it in base64.
    fn config(&mut self, text: &str, depth: usize) -> String {
        let is_json = serde_json::from_str::<Value>(text).is_ok();
        if let Some(bytes) = decoded(text).filter(|_| depth > 0 && !is_json) {
            let plain = String::from_utf8_lossy(&bytes);
            let is_meant = plain.starts_with('{') || serde_json::from_str::<Value>(&plain).is_ok();
            if !is_meant && !is_dummy(&plain) && !is_docker_config(&plain) {
                // A word that could be base64.
                self.add(text.as_bytes());
            }
            let config = self.config(&plain, depth - 1);
            return BASE64_STANDARD.encode(config);
        }
        let new = rewrite(text, &mut |role, text, registry| match role {
            Role::Registry => self.registry(text),
            Role::User => self.without_values(text.to_owned()),
            Role::Password => self.password(text, registry),
            Role::Auth => self.auth(text, registry),
            Role::Other => {
                self.add(text.as_bytes());
                self.password(text, registry)
            }
        });
        self.publish(&new);
        new
    }

    fn registry(&mut self, key: &str) -> String {
        let safe = shown(key);
        self.hosts(safe);
        if safe != key {
            let hidden = key.replacen(safe, "\n", 1);
            let parts = hidden.split(|c: char| c.is_whitespace() || ":/@?#".contains(c));
            parts
                .filter(|part| !matches!(*part, "http" | "https"))
                .for_each(|part| self.add(part.as_bytes()));
        }
        self.without_values(dummy::registry(key))
    }

    fn password(&mut self, text: &str, registry: &str) -> String {
        self.add(text.trim().as_bytes());
        let dummy = dummy::password(text, registry);
        if let [_, claims, _] = dummy.split('.').collect::<Vec<_>>().as_slice() {
            // The end and the audience of a token stay.
            self.publish(&dummy);
            self.publish(&String::from_utf8_lossy(&base64(claims.as_bytes())));
        }
        dummy
    }

    fn auth(&mut self, text: &str, registry: &str) -> String {
        match decode_auth(text) {
            Ok(credential) => {
                self.password(&credential.password, registry);
            }
            Err(ConfigError::NoColon) => self.add(&base64(text.as_bytes())),
            Err(_) => self.add(text.as_bytes()),
        }
        let dummy = dummy::auth(text, registry, |user| self.without_values(user.to_owned()));
        self.publish(&String::from_utf8_lossy(&base64(dummy.as_bytes())));
        dummy
    }
}
