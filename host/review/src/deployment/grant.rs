//! The RBAC for lookups: one role for the whole cluster, and one for each namespace that has secrets of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Deployment, Resource};

/// The secrets that the settings name: in every namespace, and in single ones.
#[derive(Debug, Default)]
struct Names<'a> {
    everywhere: BTreeSet<&'a str>,
    in_namespace: BTreeMap<&'a str, BTreeSet<&'a str>>,
    patterns: bool,
}

impl Deployment<'_> {
    /// The roles, each with its binding to policy-server.
    pub(super) fn grants(&self) -> Vec<Resource> {
        const OTHERS: &str = "Other secrets that pods list get a lookup-failed finding; add their names here to have them checked.";
        let names = if self.looks_up_secrets() { self.secret_names() } else { Names::default() };
        let (mut rules, mut comments) = (Vec::new(), Vec::new());
        if self.looks_up_service_accounts() {
            rules.push(json!({"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get"]}));
            comments.push(
                "Lookups of ServiceAccounts (cluster.serviceAccounts): their names are not known beforehand."
                    .to_owned(),
            );
        }
        if !names.everywhere.is_empty() {
            let why = if names.patterns { "RBAC has no patterns" } else { "pullSecrets does not name any" };
            rules.push(get_secrets(&names.everywhere));
            comments.push(format!(
                "Lookups of pull secrets (cluster.secrets): in every namespace, because {why}."
            ));
            comments.push(OTHERS.to_owned());
        }
        let mut grants = Vec::new();
        if !rules.is_empty() {
            grants.extend(self.grant(None, &rules, comments));
        }
        for (namespace, names) in &names.in_namespace {
            let comment = format!("Lookups of pull secrets (cluster.secrets) in namespace {namespace}.");
            let comments = vec![comment, OTHERS.to_owned()];
            grants.extend(self.grant(Some(namespace), &[get_secrets(names)], comments));
        }
        grants
    }

    fn secret_names(&self) -> Names<'_> {
        let mut names = Names::default();
        let entries = self.list("/pullSecrets");
        if entries.is_empty() {
            names.everywhere.insert(self.default_secret);
        }
        for entry in entries {
            let Some(secret) = entry.get("secret").and_then(Value::as_str) else { continue };
            let namespaces = entry.get("namespaces").and_then(Value::as_array).into_iter().flatten();
            let namespaces: Vec<&str> = namespaces.filter_map(Value::as_str).collect();
            let patterns = namespaces.iter().any(|namespace| namespace.contains('*'));
            names.patterns |= patterns;
            if namespaces.is_empty() || patterns {
                names.everywhere.insert(secret);
            } else {
                for namespace in namespaces {
                    names.in_namespace.entry(namespace).or_default().insert(secret);
                }
            }
        }
        let Names { everywhere, in_namespace, .. } = &mut names;
        for names in in_namespace.values_mut() {
            names.retain(|name| !everywhere.contains(name));
        }
        in_namespace.retain(|_, names| !names.is_empty());
        names
    }

    /// A role and its binding to policy-server, in one namespace or in all.
    fn grant(&self, namespace: Option<&str>, rules: &[Value], comments: Vec<String>) -> [Resource; 2] {
        const GROUP: &str = "rbac.authorization.k8s.io";
        let name = format!("{}-lookups", self.base_name());
        let mut metadata = Map::from_iter([("name".to_owned(), name.as_str().into())]);
        if let Some(namespace) = namespace {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
        let kind = if namespace.is_some() { "Role" } else { "ClusterRole" };
        let api_version = format!("{GROUP}/v1");
        let granted = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "rules": rules});
        let binding = json!({
            "apiVersion": api_version, "kind": format!("{kind}Binding"), "metadata": metadata,
            "roleRef": {"apiGroup": GROUP, "kind": kind, "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": self.service_account, "namespace": self.namespace}],
        });
        [(comments, granted), (Vec::new(), binding)].map(|(comments, object)| Resource {
            comments,
            field_comments: Vec::new(),
            object,
        })
    }
}

fn get_secrets(names: &BTreeSet<&str>) -> Value {
    json!({"apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"]})
}
