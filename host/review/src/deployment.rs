//! The manifests that deploy the policy: `ClusterAdmissionPolicy` resources, and the RBAC that their lookups need.
//!
//! The manifests contain only what the settings require. The policy has checked the settings before. Names are those of
//! `policy/cluster`.

mod comment;
mod given;
mod grant;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

pub use self::comment::FieldComment;
pub use self::given::Note;

/// The default prefix of the names of the resources.
pub const NAME: &str = "acr-pull-secret";

/// What to deploy.
#[derive(Debug, Clone, Copy)]
pub struct Deployment<'a> {
    /// The prefix of the names of the resources; none for that of the given resource, or [`NAME`]
    pub name: Option<&'a str>,
    /// Where the policy is: `registry://…`
    pub module: &'a str,
    /// Whether the module overrides that of the given resource
    pub is_module_named: bool,
    /// `protect` or `monitor`; none for that of the given resource, or Kubewarden's own
    pub mode: Option<&'a str>,
    /// Where Kubewarden runs
    pub namespace: &'a str,
    /// More namespaces that the policies skip
    pub excluded: &'a [String],
    /// The `PolicyServer` that runs the policy; none for that of the given resource, or the default one
    pub policy_server: Option<&'a str>,
    /// The ServiceAccount of that server
    pub service_account: &'a str,
    /// The policy's metadata
    pub metadata: &'a Value,
    /// Its settings
    pub settings: &'a Value,
    /// The policy resource that has the settings, where one has
    pub given: Option<&'a Value>,
    /// The secret that images need where the settings name none
    pub default_secret: &'a str,
}

/// A resource, and comments on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// One line each
    pub comments: Vec<String>,
    /// Comments on its fields
    pub field_comments: Vec<FieldComment>,
    /// As Kubernetes accepts it
    pub object: Value,
}

/// The role of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Mutate,
    Validate,
}

/// The suffix of the names of the policies.
const MUTATE: &str = "-mutate";
const VALIDATE: &str = "-validate";

impl<'a> Deployment<'a> {
    /// The policy of a module with these settings, beside Kubewarden as its charts install it.
    pub fn new(module: &'a str, metadata: &'a Value, settings: &'a Value) -> Self {
        Self {
            name: None,
            module,
            is_module_named: false,
            mode: None,
            namespace: "kubewarden",
            excluded: &[],
            policy_server: None,
            service_account: "policy-server",
            metadata,
            settings,
            given: None,
            default_secret: "",
        }
    }
}

impl Deployment<'_> {
    /// The resources, the policies first.
    pub fn resources(&self) -> Vec<Resource> {
        let mut resources = self.policies();
        if self.may_look_up() {
            resources.extend(self.grants());
        }
        resources
    }

    /// The policies: the given one, or one that adds what is missing and another that validates the result.
    pub fn policies(&self) -> Vec<Resource> {
        match self.given {
            Some(given) => vec![self.completed(given)],
            None if self.mutates() => vec![self.policy(Role::Mutate), self.policy(Role::Validate)],
            None => vec![self.policy(Role::Validate)],
        }
    }

    /// The policy for a role.
    fn policy(&self, role: Role) -> Resource {
        let object = json!({
            "apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy",
            "metadata": {"name": self.name_of(role)}, "spec": self.spec(role),
        });
        let comment = match role {
            _ if self.monitors() => "Reports what it would do. It changes and rejects nothing.",
            Role::Mutate => {
                "Adds missing pull secrets. Fails open: where it gives no answer, the policy below decides alone."
            }
            Role::Validate => {
                "Rejects what lacks its pull secret. Fails closed: without a policy-server, nothing that its rules name is \
                 created."
            }
        };
        let field_comments = comment::of_policy(&object);
        Resource { comments: vec![comment.to_owned()], field_comments, object }
    }

    /// The spec of the policy for a role, with nothing in it that is not needed.
    fn spec(&self, role: Role) -> Map<String, Value> {
        let mutates = role == Role::Mutate;
        // When the policy cannot be reached, a policy that rejects must block requests; a policy that mutates or only monitors
        // must not.
        let failure_policy = if mutates || self.monitors() { "Ignore" } else { "Fail" };
        let lookups = self.context_aware_resources();
        let fields = [
            ("module", Some(self.module.into())),
            ("mutating", Some(mutates.into())),
            ("failurePolicy", Some(failure_policy.into())),
            ("rules", Some(self.rules(role).into())),
            ("namespaceSelector", Some(json!({"matchExpressions": [without(self.spared_namespaces())]}))),
            ("settings", Some(self.settings_of(role))),
            ("contextAwareResources", (!lookups.is_empty()).then(|| lookups.into())),
            // The audit scanner accepts objects that would be fixed.
            ("backgroundAudit", mutates.then(|| false.into())),
            ("mode", self.mode.map(Value::from)),
            ("policyServer", self.policy_server.map(Value::from)),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    fn name_of(&self, role: Role) -> String {
        let suffix = match role {
            Role::Mutate => MUTATE,
            Role::Validate => VALIDATE,
        };
        format!("{}{suffix}", self.base_name())
    }

    /// The settings of the policy for a role: the second one validates what the first one has fixed.
    fn settings_of(&self, role: Role) -> Value {
        let mut settings = self.settings.clone();
        if let (Role::Validate, true, Some(fields)) = (role, self.mutates(), settings.as_object_mut()) {
            fields.insert("mode".to_owned(), "validate".into());
            fields.remove("targets");
        }
        settings
    }

    fn rules(&self, role: Role) -> Vec<Value> {
        let rules = self.metadata.get("rules").and_then(Value::as_array).into_iter().flatten();
        let core = |resource: &str, operations: &[&str]| json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": [resource], "operations": operations});
        if role == Role::Validate {
            // A template needs no list where its pods get one.
            let pods_only = self.mutates() && !self.targets("PodTemplate");
            if pods_only {
                return rules.filter_map(|rule| with_resources(rule, is_pod)).collect();
            }
            return rules.cloned().collect();
        }
        let mut wanted = Vec::new();
        if self.targets("Pod") {
            // A pod's list cannot change later.
            wanted.push(core("pods", &["CREATE"]));
        }
        if self.targets("PodTemplate") {
            wanted.extend(rules.filter_map(|rule| with_resources(rule, |name| !is_pod(name))));
        }
        if self.targets("ServiceAccount") {
            wanted.push(core("serviceaccounts", &["CREATE", "UPDATE"]));
        }
        wanted
    }

    /// Namespaces where an error would prevent the cluster or Kubewarden from starting, and others that are skipped.
    fn spared_namespaces(&self) -> BTreeSet<&str> {
        let system = ["kube-system", "kubewarden", self.namespace];
        system.into_iter().chain(self.excluded.iter().map(String::as_str)).collect()
    }

    fn context_aware_resources(&self) -> Vec<Value> {
        let wanted =
            [("Secret", self.looks_up_secrets()), ("ServiceAccount", self.looks_up_service_accounts())];
        let wanted = wanted.into_iter().filter(|(_, wanted)| *wanted);
        wanted.map(|(kind, _)| json!({"apiVersion": "v1", "kind": kind})).collect()
    }

    /// The prefix of the names of the resources.
    fn base_name(&self) -> &str {
        let given = || self.given?.pointer("/metadata/name")?.as_str().filter(|name| !name.is_empty());
        let Some(name) = self.name.or_else(given) else { return NAME };
        let stripped = name.strip_suffix(MUTATE).or_else(|| name.strip_suffix(VALIDATE));
        stripped.filter(|stripped| !stripped.is_empty()).unwrap_or(name)
    }

    fn role(&self) -> Role {
        if self.mutates() { Role::Mutate } else { Role::Validate }
    }

    fn monitors(&self) -> bool {
        let given = || self.given?.pointer("/spec/mode")?.as_str();
        self.mode.or_else(given) == Some("monitor")
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

/// The requirement that excludes these namespaces.
fn without<'a>(namespaces: impl IntoIterator<Item = &'a str>) -> Value {
    let namespaces: BTreeSet<&str> = namespaces.into_iter().collect();
    json!({"key": crate::cluster::NAMESPACE_NAME, "operator": "NotIn", "values": namespaces})
}

fn is_pod(resource: &str) -> bool {
    resource == "pods" || resource.starts_with("pods/")
}

/// A rule with only these of its resources; `None` where nothing is left.
fn with_resources(rule: &Value, is_wanted: fn(&str) -> bool) -> Option<Value> {
    let mut rule = rule.clone();
    let resources = rule.get_mut("resources")?.as_array_mut()?;
    resources.retain(|name| name.as_str().is_some_and(is_wanted));
    (!resources.is_empty()).then_some(rule)
}
