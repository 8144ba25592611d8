//! A pass over the values of texts: one collects what is secret, one finds what dummies show, and one writes them.

mod secret;

use serde_json::{Map, Value};

use self::secret::Written;
use crate::dummy::{decoded, mask};
use crate::secret_values::SecretValues;
use crate::signs::{
    credentials, holds_secret, is_name_of_secret, is_request_for_secret, is_secret, is_telling,
    login_servers, names_credential,
};
use review::yaml;

/// The annotation in which kubectl keeps a whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// How often the data of a Secret may be encoded.
const DEPTH: usize = 3;

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
            Value::Array(items) => self.items(items),
            Value::Object(fields) => self.object(fields),
            _ => {}
        }
    }

    /// Items of a list. An argument such as `--password` is followed by its value, which may begin with `-` and look
    /// like an option.
    fn items(&mut self, items: &mut [Value]) {
        let mut is_credential = false;
        for item in items {
            let names_credential = item.as_str().is_some_and(names_credential);
            if !is_credential || self.task == Task::Collect {
                self.any(item);
            }
            if is_credential {
                self.telling(item);
            }
            is_credential = names_credential;
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

    /// A text that is not part of a Secret, but may have a copy of one, or a login.
    fn plain(&mut self, text: &str) -> String {
        let mut new = text.to_owned();
        for secret in credentials(text) {
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
}
