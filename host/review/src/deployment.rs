//! What runs the policy in a cluster: a `ClusterAdmissionPolicy`, and the RBAC that its lookups need.
//!
//! The settings say what is needed, and nothing more is asked for. They are read as the policy took them: it has
//! checked them before.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// What to deploy.
#[derive(Debug, Clone, Copy)]
pub struct Deployment<'a> {
    /// What the resources are called
    pub name: &'a str,
    /// Where the policy is: `registry://…`
    pub module: &'a str,
    /// `protect` or `monitor`
    pub mode: &'a str,
    /// Where Kubewarden runs
    pub namespace: &'a str,
    /// The `PolicyServer` that runs the policy; none for the default one
    pub policy_server: Option<&'a str>,
    /// The ServiceAccount of that server
    pub service_account: &'a str,
    /// The policy's metadata
    pub metadata: &'a Value,
    /// Its settings
    pub settings: &'a Value,
    /// The secret that images need where the settings name none
    pub default_secret: &'a str,
}

/// A resource, and what is to be said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// One line each
    pub comments: Vec<String>,
    /// As Kubernetes takes it
    pub object: Value,
}

/// The secrets that the settings name: in every namespace, and in single ones.
#[derive(Debug, Default)]
struct Names<'a> {
    everywhere: BTreeSet<&'a str>,
    in_namespace: BTreeMap<&'a str, BTreeSet<&'a str>>,
    patterns: bool,
}

impl Deployment<'_> {
    /// The resources, the policy first.
    pub fn resources(&self) -> Vec<Resource> {
        let mut resources = vec![self.policy()];
        if self.looks_up_service_accounts() {
            let rule = json!({"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get"]});
            let comment =
                "Lookups of ServiceAccounts (cluster.serviceAccounts): their names are not known beforehand.";
            resources.extend(self.grant("service-accounts", None, &rule, vec![comment.to_owned()]));
        }
        if self.looks_up_secrets() {
            resources.extend(self.secret_grants());
        }
        resources
    }

    /// The policy itself.
    pub fn policy(&self) -> Resource {
        let mutates = self.mutates();
        let mut spec = json!({
            "module": self.module,
            "mode": self.mode,
            "mutating": mutates,
            // When the policy cannot be reached, one that rejects must block requests; one that mutates or only monitors
            // must not.
            "failurePolicy": if mutates || self.mode == "monitor" { "Ignore" } else { "Fail" },
            "rules": self.rules(),
            "namespaceSelector": {"matchExpressions": [{
                "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": self.spared_namespaces(),
            }]},
            "settings": self.settings,
        });
        let lookups = self.context_aware_resources();
        if let Some(fields) = spec.as_object_mut() {
            if !lookups.is_empty() {
                fields.insert("contextAwareResources".to_owned(), lookups.into());
            }
            if mutates {
                // The audit scanner counts what would be fixed as fine.
                fields.insert("backgroundAudit".to_owned(), false.into());
            }
            if let Some(server) = self.policy_server {
                fields.insert("policyServer".to_owned(), server.into());
            }
        }
        let object = json!({
            "apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy",
            "metadata": {"name": self.name}, "spec": spec,
        });
        Resource { comments: Vec::new(), object }
    }

    /// Where a mistake would keep the cluster or Kubewarden from starting.
    fn spared_namespaces(&self) -> BTreeSet<&str> {
        BTreeSet::from(["kube-system", "kubewarden", self.namespace])
    }

    fn rules(&self) -> Vec<Value> {
        let rules = self.metadata.get("rules").and_then(Value::as_array).into_iter().flatten();
        let core = |resource: &str, operations: &[&str]| json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": [resource], "operations": operations});
        if !self.mutates() {
            return rules.cloned().collect();
        }
        let mut wanted = Vec::new();
        if self.targets("Pod") {
            // A pod's list cannot change later.
            wanted.push(core("pods", &["CREATE"]));
        }
        if self.targets("PodTemplate") {
            wanted.extend(rules.filter_map(without_pods));
        }
        if self.targets("ServiceAccount") {
            wanted.push(core("serviceaccounts", &["CREATE", "UPDATE"]));
        }
        wanted
    }

    fn context_aware_resources(&self) -> Vec<Value> {
        let wanted =
            [("Secret", self.looks_up_secrets()), ("ServiceAccount", self.looks_up_service_accounts())];
        let wanted = wanted.into_iter().filter(|(_, wanted)| *wanted);
        wanted.map(|(kind, _)| json!({"apiVersion": "v1", "kind": kind})).collect()
    }

    fn secret_grants(&self) -> Vec<Resource> {
        let names = self.secret_names();
        let rule = |names: &BTreeSet<&str>| json!({"apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"]});
        let other = "Other secrets that pods list get a lookup-failed finding; add their names here to have them checked.";
        let mut grants = Vec::new();
        if !names.everywhere.is_empty() {
            let why = if names.patterns {
                "Lookups of pull secrets (cluster.secrets): in every namespace, because RBAC knows no patterns."
            } else {
                "Lookups of pull secrets (cluster.secrets): in every namespace, because pullSecrets names none."
            };
            let comments = vec![why.to_owned(), other.to_owned()];
            grants.extend(self.grant("pull-secrets", None, &rule(&names.everywhere), comments));
        }
        for (namespace, names) in &names.in_namespace {
            let comments = vec![
                format!("Lookups of pull secrets (cluster.secrets) in namespace {namespace}."),
                other.to_owned(),
            ];
            grants.extend(self.grant("pull-secrets", Some(namespace), &rule(names), comments));
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
    fn grant(
        &self,
        what: &str,
        namespace: Option<&str>,
        rule: &Value,
        comments: Vec<String>,
    ) -> [Resource; 2] {
        const GROUP: &str = "rbac.authorization.k8s.io";
        let name = format!("{}-{what}", self.name);
        let mut metadata = Map::from_iter([("name".to_owned(), name.as_str().into())]);
        if let Some(namespace) = namespace {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
        let kind = if namespace.is_some() { "Role" } else { "ClusterRole" };
        let api_version = format!("{GROUP}/v1");
        let rules = [rule];
        let granted = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "rules": rules});
        let binding = json!({
            "apiVersion": api_version, "kind": format!("{kind}Binding"), "metadata": metadata,
            "roleRef": {"apiGroup": GROUP, "kind": kind, "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": self.service_account, "namespace": self.namespace}],
        });
        [Resource { comments, object: granted }, Resource { comments: Vec::new(), object: binding }]
    }

    fn mutates(&self) -> bool {
        self.word("/mode") != "validate"
    }

    fn looks_up_service_accounts(&self) -> bool {
        self.settings.pointer("/cluster/serviceAccounts").and_then(Value::as_bool) == Some(true)
    }

    fn looks_up_secrets(&self) -> bool {
        !matches!(self.word("/cluster/secrets"), "" | "none")
    }

    fn targets(&self, target: &str) -> bool {
        let targets = self.list("/targets");
        if targets.is_empty() { target == "Pod" } else { targets.iter().any(|known| known == target) }
    }

    fn word(&self, pointer: &str) -> &str {
        self.settings.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn list(&self, pointer: &str) -> &[Value] {
        self.settings.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}

/// A rule without pods and their subresources; `None` where nothing is left.
fn without_pods(rule: &Value) -> Option<Value> {
    let mut rule = rule.clone();
    let resources = rule.get_mut("resources")?.as_array_mut()?;
    let is_pod = |name: &str| name == "pods" || name.starts_with("pods/");
    resources.retain(|name| !name.as_str().is_some_and(is_pod));
    (!resources.is_empty()).then_some(rule)
}
