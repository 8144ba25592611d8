//! Comments on the fields of a policy resource: what a value does in a cluster.

use serde_json::Value;

use super::is_pod;

/// A comment on a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldComment {
    /// JSON pointer of the field in its resource
    pub pointer: String,
    /// One line
    pub text: String,
}

/// The comments on the fields that a policy has.
pub(super) fn of_policy(policy: &Value) -> Vec<FieldComment> {
    let field = |pointer: &str| policy.pointer(pointer).unwrap_or(&Value::Null);
    let word = |pointer: &str| field(pointer).as_str();
    let mutates = field("/spec/mutating") == true;
    let has_pods_only = has_pods_only(field("/spec/rules"));
    let mut comments = Vec::new();
    let mut add = |pointer: &str, text: &str| {
        if policy.pointer(pointer).is_some() {
            comments.push(FieldComment { pointer: pointer.to_owned(), text: text.to_owned() });
        }
    };
    add("/spec/backgroundAudit", "false: the audit scanner accepts objects that this policy would change.");
    add("/spec/contextAwareResources", "What the policy may look up. The RBAC below allows it.");
    let failure = if word("/spec/failurePolicy") == Some("Ignore") {
        "Ignore: if the policy gives no answer, the API server goes on without it."
    } else {
        "Fail: if the policy gives no answer, the API server rejects the object."
    };
    add("/spec/failurePolicy", failure);
    let mode = if word("/spec/mode") == Some("monitor") {
        "monitor: the decisions are logged, and have no effect."
    } else {
        "protect: the decisions have effect."
    };
    add("/spec/mode", mode);
    add(
        "/spec/namespaceSelector",
        "Leaves out namespaces that have to start without the policy. Add those of your network and storage plugins.",
    );
    add(
        "/spec/rules",
        match (mutates, has_pods_only) {
            (true, true) => {
                "Which objects the policy gets: new pods, because the list of a pod cannot change later."
            }
            (false, true) => {
                "Which objects the policy gets: pods, because a template needs no list if its pods get one."
            }
            (_, false) => "Which objects the policy gets, and for which operations.",
        },
    );
    let (pointer, mode) = match word("/spec/settings/mode") {
        Some("validate") => {
            ("/spec/settings/mode", "validate: the policy checks objects and changes nothing.")
        }
        Some(_) => ("/spec/settings/mode", "mutate: the policy adds missing pull secrets."),
        None => ("/spec/settings", "Without a mode, the policy adds missing pull secrets."),
    };
    add(pointer, mode);
    add(
        "/spec/settings/pullSecrets",
        "Which pull secret an image needs. The first entry that matches counts.",
    );
    comments
}

fn has_pods_only(rules: &Value) -> bool {
    let mut rules = rules.as_array().into_iter().flatten();
    let names = |rule: &Value| {
        let names = rule["resources"].as_array().into_iter().flatten();
        names.cloned().collect::<Vec<_>>()
    };
    rules.all(|rule| names(rule).iter().all(|name| name.as_str().is_some_and(is_pod)))
}
