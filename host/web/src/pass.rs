//! A pass over the values of texts: one collects what is secret, one finds what dummies show, and one writes them.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use policy_core::docker_config::{ConfigError, decode_auth};
use policy_core::key_defect::shown;
use serde_json::{Map, Value, json};

use crate::config_text::{Role, rewrite};
use crate::dummy::{self, decoded, is_dummy, mask};
use crate::secret_values::SecretValues;
use crate::signs::{
    assigned, holds_secret, is_docker_config, is_name_of_secret, is_request_for_secret, is_secret,
    is_telling, login_servers, logins,
};
use crate::spelling::{base64, is_base64};
use review::yaml;

/// The annotation in which kubectl keeps a whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Annotations of a Secret that are no copies of its values.
const HARMLESS_ANNOTATIONS: [&str; 2] = ["acr-pull-secret/", "kubernetes.io/"];

/// How often the data of a Secret may be encoded.
const DEPTH: usize = 3;

/// How a value of a Secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Plain,
    Base64,
}

/// What is known on the way through the values.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    /// What must not be shown
    pub(crate) values: SecretValues,
    /// How many values were replaced
    pub(crate) removed: usize,
    /// What this pass is for
    pub(crate) task: Task,
}

/// What a pass is for. Each needs what the one before has found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Collect what is secret
    #[default]
    Collect,
    /// Note what dummies show: hosts, users, and the ends of tokens
    Publish,
    /// Replace what is secret by dummies
    Write,
}

impl Pass {
    pub(crate) fn document(&mut self, value: &mut Value) {
        match value {
            // No manifest. Whatever it is, it may be a credential that was pasted alone.
            Value::String(_) | Value::Number(_) => self.secret("", value, Written::Plain),
            _ => self.any(value),
        }
    }

    /// Masks what still holds a value, such as a dummy that has the user name of a docker config, where another Secret has it
    /// too.
    pub(crate) fn rest(&mut self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                self.names(fields);
                fields.values_mut().for_each(|value| self.rest(value));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.rest(item)),
            Value::String(text) if self.values.are_in(text) => {
                let masked = mask(text);
                self.replace(value, masked);
            }
            _ => {}
        }
    }

    fn any(&mut self, value: &mut Value) {
        match value {
            Value::String(text) if holds_secret(text) => {
                let text = std::mem::take(text);
                let new = self.manifest(&text);
                *value = text.into();
                self.replace(value, new);
            }
            Value::String(text) => {
                let new = self.plain(&text.clone());
                self.replace(value, new);
            }
            Value::Number(number) if self.task == Task::Write && self.values.are_in(&number.to_string()) => {
                self.replace(value, 0);
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.any(item)),
            Value::Object(fields) => self.object(fields),
            _ => {}
        }
    }

    /// Puts a value in the place of another one, when this is the second pass.
    fn replace(&mut self, value: &mut Value, new: impl Into<Value>) {
        let new = new.into();
        if self.task == Task::Write && *value != new {
            *value = new;
            self.removed += 1;
        }
    }

    fn add(&mut self, value: &[u8]) {
        if self.task == Task::Collect {
            self.values.add(value);
        }
    }

    /// Notes a text that may be shown, whatever Secret holds it.
    fn publish(&mut self, text: &str) {
        if self.task == Task::Publish {
            self.values.publish_encoded(text);
        }
    }

    /// A text without the values that are in it.
    fn without_values(&self, text: String) -> String {
        if self.task == Task::Collect { text } else { self.values.mask_in(&text).unwrap_or(text) }
    }

    /// Notes that login servers are no secret.
    fn hosts(&mut self, text: &str) {
        if self.task == Task::Collect {
            login_servers(text).for_each(|host| self.values.publish_encoded(host));
        }
    }

    /// A text that is no part of a Secret, but may have a copy of one, or a login.
    fn plain(&mut self, text: &str) -> String {
        let mut new = text.to_owned();
        for secret in assigned(text).into_iter().chain(logins(text)) {
            self.add(secret.as_bytes());
            secret.split(':').for_each(|part| self.add(part.as_bytes()));
            new = new.replacen(secret, &mask(secret), 1);
        }
        self.hosts(text);
        if self.task == Task::Write { self.without_values(new) } else { new }
    }

    /// A manifest within a text, as a `ConfigMap` may carry it.
    fn manifest(&mut self, text: &str) -> String {
        if self.task == Task::Collect {
            self.collect(text, DEPTH);
        }
        mask(text)
    }

    /// Collects the values in the manifests of a text, be they in quotes or in base64.
    fn collect(&mut self, text: &str, depth: usize) {
        let (mut documents, _) = yaml::documents(text);
        if documents.iter().any(|document| document.value.is_object()) {
            for document in &mut documents {
                self.document(&mut document.value);
            }
            return;
        }
        let quoted =
            documents.into_iter().next().and_then(|document| document.value.as_str().map(str::to_owned));
        let encoded = || Some(String::from_utf8_lossy(&decoded(text)?).into_owned());
        match quoted.filter(|within| within != text).or_else(encoded) {
            Some(within) if depth > 0 => self.collect(&within, depth - 1),
            _ => self.add(text.as_bytes()),
        }
    }

    fn object(&mut self, fields: &mut Map<String, Value>) {
        self.names(fields);
        if is_secret(fields) {
            return self.secret_object(fields);
        }
        let kind = fields.get("kind").and_then(Value::as_str);
        let secrets: &[&str] = if kind.is_some_and(|kind| kind.eq_ignore_ascii_case("SecretList")) {
            // The API leaves the kind out of the items.
            &["items"]
        } else if is_request_for_secret(fields) {
            &["object", "oldObject"]
        } else {
            &[]
        };
        self.last_applied(fields);
        let is_variable = fields.get("name").and_then(Value::as_str).is_some_and(is_telling);
        for (name, value) in fields {
            match name.as_str() {
                name if secrets.contains(&name) => self.secret_objects(value),
                ".dockerconfigjson" | ".dockercfg" | "auths" => self.secret(name, value, Written::Plain),
                "secretGenerator" => self.secret("", value, Written::Plain),
                "value" if is_variable => self.secret("", value, Written::Plain),
                name if is_telling(name) && !is_name_of_secret(name) => self.telling(value),
                _ => self.any(value),
            }
        }
    }

    /// The value of a field whose name is that of a credential. Below it there are credentials, or fields of any kind.
    fn telling(&mut self, value: &mut Value) {
        match value {
            Value::String(_) => self.secret("", value, Written::Plain),
            Value::Array(items) => items.iter_mut().for_each(|item| self.telling(item)),
            _ => self.any(value),
        }
    }

    /// Replaces names of fields that hold a value.
    fn names(&mut self, fields: &mut Map<String, Value>) {
        if self.task != Task::Write || !fields.keys().any(|name| self.values.are_in(name)) {
            return;
        }
        for (name, value) in std::mem::take(fields) {
            match self.values.mask_in(&name) {
                Some(new) => {
                    self.removed += 1;
                    fields.insert(new, value);
                }
                None => {
                    fields.insert(name, value);
                }
            }
        }
    }

    fn last_applied(&mut self, fields: &mut Map<String, Value>) {
        let Some(applied) = fields.get(LAST_APPLIED) else { return };
        if self.task == Task::Write {
            fields.remove(LAST_APPLIED);
            self.removed += 1;
        } else if let Some(text) = applied.as_str() {
            self.manifest(text);
        }
    }

    /// One Secret or several.
    fn secret_objects(&mut self, value: &mut Value) {
        match value {
            Value::Object(fields)
                if ["data", "stringData", "metadata"].iter().any(|name| fields.contains_key(*name)) =>
            {
                self.secret_object(fields);
            }
            Value::Object(fields) => fields.values_mut().for_each(|value| self.secret_objects(value)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.secret_objects(item)),
            _ => self.secret("", value, Written::Plain),
        }
    }

    /// A Secret: all that is no part of its name and kind.
    fn secret_object(&mut self, fields: &mut Map<String, Value>) {
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
    fn secret(&mut self, name: &str, value: &mut Value, written: Written) {
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
            let config = self.config(&String::from_utf8_lossy(&bytes), depth - 1);
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
