//! The rules of a webhook: which requests the API server sends to the policy.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::kind::Kind;

/// Operations on resources.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    api_groups: Vec<String>,
    api_versions: Vec<String>,
    resources: Vec<String>,
    operations: Vec<Operation>,
    #[serde(default, deserialize_with = "crate::field_error::or_default")]
    scope: Scope,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Operation {
    Create,
    Update,
    Delete,
    Connect,
    #[serde(rename = "*")]
    Any,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum Scope {
    #[default]
    #[serde(rename = "*")]
    Any,
    Cluster,
    Namespaced,
}

/// Whether another version of a resource is the same resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum MatchPolicy {
    /// Exactly what the rules name
    Exact,
    /// The API server converts to a version that the rules name
    #[default]
    Equivalent,
}

/// The parts of a request that rules match. Its `Display` is the usual notation: `pods/ephemeralcontainers UPDATE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes<'a> {
    /// Empty for the core group
    pub group: &'a str,
    /// `v1`
    pub version: &'a str,
    /// `pods`
    pub resource: Cow<'a, str>,
    /// `ephemeralcontainers`, mostly empty
    pub sub_resource: &'a str,
    /// `CREATE`
    pub operation: &'a str,
    /// Empty for an object without a namespace
    pub namespace: &'a str,
}

impl<'a> Attributes<'a> {
    /// Those of an admission request. If it does not name a resource, the resource is derived from the kind.
    pub fn of(request: &'a Value) -> Self {
        let word = |pointer| request.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let resource = match word("/resource/resource") {
            "" => Kind { kind: word("/kind/kind").to_owned(), ..Kind::default() }.resource().into(),
            resource => resource.into(),
        };
        Self {
            group: word("/kind/group"),
            version: word("/kind/version"),
            resource,
            sub_resource: word("/subResource"),
            operation: word("/operation"),
            namespace: word("/namespace"),
        }
    }

    /// Whether the object is a Namespace, whose requests carry its own name as their namespace.
    pub fn is_namespace(&self) -> bool {
        self.group.is_empty() && self.resource == "namespaces"
    }
}

impl fmt::Display for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if !self.sub_resource.is_empty() {
            write!(f, "/{}", self.sub_resource)?;
        }
        write!(f, " {}", self.operation)
    }
}

impl Rule {
    /// Whether the rule names the request. apiserver: pkg/admission/plugin/webhook/predicates/rules/rules.go
    pub fn names(&self, request: &Attributes<'_>, policy: MatchPolicy) -> bool {
        has(&self.api_groups, request.group)
            && (policy == MatchPolicy::Equivalent || has(&self.api_versions, request.version))
            && self.resources.iter().any(|resource| names_resource(resource, request))
            && self.operations.iter().any(|operation| operation.is(request.operation))
            && self.scope.is(request)
    }
}

fn has(words: &[String], word: &str) -> bool {
    words.iter().any(|known| known == "*" || known == word)
}

/// `*` has no subresources, while `pods/*` has pods too.
fn names_resource(resource: &str, request: &Attributes<'_>) -> bool {
    let (resource, sub_resource) = resource.split_once('/').unwrap_or((resource, ""));
    (resource == "*" || *resource == request.resource)
        && (sub_resource == "*" || sub_resource == request.sub_resource)
}

impl Operation {
    fn is(self, operation: &str) -> bool {
        match self {
            Self::Create => operation == "CREATE",
            Self::Update => operation == "UPDATE",
            Self::Delete => operation == "DELETE",
            Self::Connect => operation == "CONNECT",
            Self::Any => true,
        }
    }
}

impl Scope {
    fn is(self, request: &Attributes<'_>) -> bool {
        let is_namespaced = !request.namespace.is_empty() && !request.is_namespace();
        match self {
            Self::Any => true,
            Self::Namespaced => is_namespaced,
            Self::Cluster => !is_namespaced,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::json;

    use super::{Attributes, MatchPolicy, Rule};

    const PODS: Attributes<'static> = Attributes {
        group: "",
        version: "v1",
        resource: Cow::Borrowed("pods"),
        sub_resource: "",
        operation: "CREATE",
        namespace: "shop",
    };

    fn rule(field: &str, words: &[&str]) -> Rule {
        let mut rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]});
        rule[field] = json!(words);
        serde_json::from_value(rule).unwrap()
    }

    #[test]
    fn resources_are_named_with_and_without_their_subresources() {
        let ephemeral = Attributes { sub_resource: "ephemeralcontainers", ..PODS };
        for (resource, is_pods, is_ephemeral) in [
            ("pods", true, false),
            ("*", true, false),
            ("pods/*", true, true),
            ("*/*", true, true),
            ("pods/ephemeralcontainers", false, true),
            ("*/ephemeralcontainers", false, true),
            ("deployments", false, false),
            ("pod", false, false),
        ] {
            let rule = rule("resources", &[resource]);
            assert_eq!(rule.names(&PODS, MatchPolicy::Exact), is_pods, "{resource}");
            assert_eq!(rule.names(&ephemeral, MatchPolicy::Exact), is_ephemeral, "{resource}");
        }
    }

    #[test]
    fn groups_and_operations_are_named_by_word_or_star() {
        for (field, words, names) in [
            ("apiGroups", &["*"][..], true),
            ("apiGroups", &["apps", ""], true),
            ("apiGroups", &["apps"], false),
            ("apiGroups", &[], false),
            ("operations", &["*"], true),
            ("operations", &["UPDATE", "CREATE"], true),
            ("operations", &["UPDATE", "DELETE", "CONNECT"], false),
        ] {
            assert_eq!(rule(field, words).names(&PODS, MatchPolicy::Exact), names, "{field} {words:?}");
        }
    }

    #[test]
    fn another_version_is_the_same_resource_unless_the_match_is_exact() {
        let other = rule("apiVersions", &["v2"]);
        assert!(other.names(&PODS, MatchPolicy::Equivalent));
        assert!(!other.names(&PODS, MatchPolicy::Exact));
        assert!(rule("apiVersions", &["*"]).names(&PODS, MatchPolicy::Exact));
    }

    #[test]
    fn namespaces_are_cluster_scoped_though_their_requests_carry_a_namespace() {
        let scoped = |scope: &str| {
            let rule = json!({"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": ["*"], "scope": scope});
            serde_json::from_value::<Rule>(rule).unwrap()
        };
        let namespace = Attributes { resource: "namespaces".into(), ..PODS };
        let node = Attributes { resource: "nodes".into(), namespace: "", ..PODS };
        for (scope, is_pods, is_others) in
            [("*", true, true), ("Namespaced", true, false), ("Cluster", false, true)]
        {
            assert_eq!(scoped(scope).names(&PODS, MatchPolicy::Exact), is_pods, "{scope}");
            for other in [&namespace, &node] {
                assert_eq!(scoped(scope).names(other, MatchPolicy::Exact), is_others, "{scope} {other}");
            }
        }
    }
}
