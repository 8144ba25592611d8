//! A given policy resource: its fields are kept, and missing fields are added.

use serde_json::{Map, Value, json};

use super::{Deployment, Resource, without};
use crate::cluster::NAMESPACE_NAME;

/// Metadata that the API server sets, regardless of the request.
const OF_SERVER: [&str; 6] =
    ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/// The copy of an object that `kubectl apply` keeps in it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Something that was requested, but that the given resource cannot have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What is left out, and why
    pub message: String,
    /// What to do about it
    pub help: String,
}

impl Deployment<'_> {
    /// What cannot be kept or done.
    pub fn notes(&self) -> Vec<Note> {
        let Some(given) = self.given.filter(|given| is_namespaced(given)) else { return Vec::new() };
        let mut notes = Vec::new();
        let namespace = given.pointer("/metadata/namespace").and_then(Value::as_str);
        let one = namespace.map_or_else(|| "one namespace".to_owned(), |name| format!("namespace {name}"));
        if !self.context_aware_resources().is_empty() {
            notes.push(Note {
                message:
                    "an AdmissionPolicy may not look up objects, so the policy cannot do what its settings under \
                     `cluster` require"
                        .to_owned(),
                help: "write a ClusterAdmissionPolicy, or leave out `cluster`".to_owned(),
            });
        }
        if !self.excluded.is_empty() {
            notes.push(Note {
                message: format!(
                    "--exclude-namespace changes nothing, because an AdmissionPolicy applies only to {one}"
                ),
                help: "leave it out, or write a ClusterAdmissionPolicy".to_owned(),
            });
        }
        notes
    }

    /// Whether the policies may look up what their settings ask for.
    pub(super) fn may_look_up(&self) -> bool {
        !self.given.is_some_and(is_namespaced)
    }

    /// The given resource with its missing fields. Values from the caller take precedence.
    pub(super) fn completed(&self, given: &Value) -> Resource {
        let role = self.role();
        let mut object = given.clone();
        if let Some(fields) = object.as_object_mut() {
            fields.remove("status");
        }
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            forget_server(metadata);
            if self.name.is_some() {
                metadata.insert("name".to_owned(), self.name_of(role).into());
            }
        }
        if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
            self.complete(spec, self.spec(role), is_namespaced(given));
        }
        Resource { comments: Vec::new(), field_comments: Vec::new(), object }
    }

    fn complete(&self, spec: &mut Map<String, Value>, wanted: Map<String, Value>, is_namespaced: bool) {
        for (name, value) in wanted {
            let is_named = match name.as_str() {
                "module" => self.is_module_named,
                "mode" | "policyServer" => true,
                "contextAwareResources" | "namespaceSelector" if is_namespaced => continue,
                _ => false,
            };
            let given = spec.entry(name.clone()).or_insert(Value::Null);
            match (name.as_str(), &mut *given) {
                ("contextAwareResources", Value::Array(known)) => {
                    let more: Vec<Value> = value.as_array().into_iter().flatten().cloned().collect();
                    let more = more.into_iter().filter(|wanted| !known.contains(wanted)).collect::<Vec<_>>();
                    known.extend(more);
                }
                ("namespaceSelector", Value::Object(selector)) => self.exclude(selector),
                (_, Value::Null) => *given = value,
                _ if is_named => *given = value,
                _ => {}
            }
        }
    }

    /// Makes a selector exclude the namespaces that the caller excludes.
    fn exclude(&self, selector: &mut Map<String, Value>) {
        if self.excluded.is_empty() {
            return;
        }
        let expressions = selector.entry("matchExpressions").or_insert(Value::Null);
        if expressions.is_null() {
            *expressions = json!([]);
        }
        let Some(expressions) = expressions.as_array_mut() else { return };
        let is_such = |expression: &&mut Value| {
            expression["key"] == NAMESPACE_NAME
                && expression["operator"] == "NotIn"
                && expression["values"].is_array()
        };
        let names = self.excluded.iter().map(String::as_str);
        match expressions.iter_mut().find(is_such).and_then(|known| known["values"].as_array_mut()) {
            Some(values) => {
                for name in names {
                    if !values.iter().any(|known| known == name) {
                        values.push(name.into());
                    }
                }
            }
            None => expressions.push(without(names)),
        }
    }
}

fn is_namespaced(given: &Value) -> bool {
    given["kind"] == "AdmissionPolicy"
}

/// Removes what an object has only in a cluster.
fn forget_server(metadata: &mut Map<String, Value>) {
    metadata.retain(|name, _| !OF_SERVER.contains(&name.as_str()));
    let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) else { return };
    annotations.remove(LAST_APPLIED);
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
}
