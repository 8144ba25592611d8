//! The results of a KRM function.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use review::diagnostic::{self, Diagnostic, in_one_line};
use review::fix::{Change, Refused};
use review::json_pointer::unescaped;
use review::manifest::Manifest;
use review::outcome::Outcome;
use review::verdict::{Decision, Finding, Severity};
use serde::Serialize;
use serde_json::Value;

use crate::text::plural;

/// What keeps the pull secrets of an account that is not among the items.
const ACCOUNT_HELP: &str = "add the ServiceAccount to the items, with the annotation config.kubernetes.io/local-config: \"true\" \
                            if it is applied from elsewhere";

/// One result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionResult {
    /// What is wrong, and what to do
    pub message: String,
    /// How bad it is
    pub severity: Weight,
    /// The item
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_ref: Option<ResourceRef>,
    /// The field
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Field>,
    /// Where the item was read from, if its annotations say so
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
    /// The rule
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<&'static str, String>,
    /// The same for people, with message and help apart
    #[serde(skip)]
    pub diagnostic: Diagnostic,
    /// Whether it says that an item cannot be changed
    #[serde(skip)]
    pub is_refusal: bool,
}

/// How bad a result is. With an error, the function fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// It was changed
    Info,
    /// It is accepted
    Warning,
    /// It is refused
    Error,
}

/// The item of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRef {
    /// Its API version
    pub api_version: String,
    /// Its kind
    pub kind: String,
    /// Its name
    pub name: String,
    /// Its namespace, where it names one
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}

/// The field of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// `spec.containers[0].image`
    pub path: String,
}

/// The file of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// Its path
    pub path: String,
    /// Number of the item in it, from 0
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
}

impl FunctionResult {
    /// The results for an evaluated item.
    pub fn of_outcome(outcome: &Outcome) -> Vec<Self> {
        let findings = outcome.findings();
        let is_said = findings.iter().any(|finding| finding.severity == Severity::Reject);
        let mut results: Vec<Self> =
            findings.iter().map(|finding| Self::of_finding(outcome, finding)).collect();
        // A policy that gives no answer has no finding.
        if outcome.worst() >= Decision::Rejected && !is_said {
            let mut messages = outcome.verdicts().filter_map(|verdict| verdict.message.clone());
            let message = messages.next().unwrap_or_else(|| "the policy rejects it".to_owned());
            let message = format!("{}: {message}", outcome.title());
            results.push(Self::of(Some(&outcome.manifest), Weight::Error, &message, ""));
        }
        results
    }

    fn of_finding(outcome: &Outcome, finding: &Finding) -> Self {
        let severity = match finding.severity {
            Severity::Reject => Weight::Error,
            Severity::Warn => Weight::Warning,
        };
        let result = Self::of(Some(&outcome.manifest), severity, &finding.message, &finding.help);
        let rule = Some(finding.rule.clone());
        Self {
            field: Field::of(&finding.pointer),
            tags: BTreeMap::from([("rule", finding.rule.clone())]),
            diagnostic: Diagnostic { rule, ..result.diagnostic_of_item() },
            ..result
        }
    }

    /// An item that got names.
    pub fn of_change(item: Option<&Manifest>, change: &Change) -> Self {
        let names = &change.names;
        let message = format!("added {} {}", plural(names.len(), "pull secret"), names.join(", "));
        Self { field: Field::of(&change.list), ..Self::of(item, Weight::Info, &message, "") }
    }

    /// An item that got a first list, which replaces the pull secrets of an account that is not known.
    pub fn of_unknown_account(item: Option<&Manifest>, change: &Change, warning: &str) -> Self {
        let result = Self::of(item, Weight::Warning, warning, ACCOUNT_HELP);
        Self { field: Field::of(&change.list), diagnostic: result.diagnostic_of_item(), ..result }
    }

    /// An item that cannot be changed.
    pub fn of_refusal(item: Option<&Manifest>, refused: &Refused) -> Self {
        Self { is_refusal: true, ..Self::of(item, Weight::Error, &refused.sentence(), "") }
    }

    fn of(item: Option<&Manifest>, severity: Weight, message: &str, help: &str) -> Self {
        let weight = match severity {
            Weight::Error => diagnostic::Weight::Error,
            Weight::Warning | Weight::Info => diagnostic::Weight::Warning,
        };
        Self {
            message: in_one_line(message, help),
            severity,
            resource_ref: item.map(|item| ResourceRef::of(item.object())),
            field: None,
            file: item.and_then(|item| File::of(item.object())),
            tags: BTreeMap::new(),
            diagnostic: Diagnostic { weight, ..Diagnostic::error(message) }.with_help(help),
            is_refusal: false,
        }
    }

    /// The diagnostic for a message that does not name its object: `Deployment shop/web: message`.
    fn diagnostic_of_item(&self) -> Diagnostic {
        let diagnostic = self.diagnostic.clone();
        let Some(ResourceRef { kind, name, namespace, .. }) = &self.resource_ref else { return diagnostic };
        let slash = if namespace.is_empty() { "" } else { "/" };
        Diagnostic {
            message: format!("{kind} {namespace}{slash}{name}: {}", diagnostic.message),
            ..diagnostic
        }
    }
}

impl ResourceRef {
    fn of(object: &Value) -> Self {
        let word =
            |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            api_version: word("/apiVersion"),
            kind: word("/kind"),
            name: word("/metadata/name"),
            namespace: word("/metadata/namespace"),
        }
    }
}

impl Field {
    fn of(pointer: &str) -> Option<Self> {
        Some(field_path(pointer)).filter(|path| !path.is_empty()).map(|path| Self { path })
    }
}

impl File {
    fn of(object: &Value) -> Option<Self> {
        let annotations = object.pointer("/metadata/annotations")?;
        let word = |name: &str| {
            let prefixes = ["internal.config.kubernetes.io/", "config.kubernetes.io/"];
            let mut found = prefixes.iter().filter_map(|prefix| annotations.get([*prefix, name].concat()));
            found.find_map(Value::as_str)
        };
        let index = word("index").and_then(|index| index.parse().ok());
        Some(Self { path: word("path")?.to_owned(), index })
    }
}

/// `spec.containers[0].image` for `/spec/containers/0/image`. Names with other characters are in brackets.
fn field_path(pointer: &str) -> String {
    let mut path = String::new();
    for token in pointer.split('/').skip(1).map(unescaped) {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        // Writing to a String cannot fail.
        let _ = if token.bytes().all(|byte| byte.is_ascii_digit()) || !token.chars().all(is_plain) {
            write!(path, "[{token}]")
        } else {
            write!(path, "{}{token}", if path.is_empty() { "" } else { "." })
        };
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{File, field_path};
    use serde_json::json;

    #[test]
    fn a_path_has_dots_and_brackets() {
        for (pointer, path) in [
            ("", ""),
            ("/spec", "spec"),
            ("/spec/template/spec/initContainers/10/image", "spec.template.spec.initContainers[10].image"),
            (
                "/metadata/annotations/acr-pull-secret~1expires",
                "metadata.annotations[acr-pull-secret/expires]",
            ),
            ("/data/.dockerconfigjson", "data[.dockerconfigjson]"),
        ] {
            assert_eq!(field_path(pointer), path, "{pointer}");
        }
    }

    #[test]
    fn the_file_of_an_item_is_what_its_annotations_say() {
        let file = |annotations| File::of(&json!({"metadata": {"annotations": annotations}}));
        let found = |path: &str, index| Some(File { path: path.to_owned(), index });
        assert_eq!(file(json!({})), None);
        assert_eq!(file(json!({"config.kubernetes.io/index": "1"})), None);
        assert_eq!(file(json!({"config.kubernetes.io/path": "a.yaml"})), found("a.yaml", None));
        let both = json!({"internal.config.kubernetes.io/path": "b.yaml", "internal.config.kubernetes.io/index": "2",
            "config.kubernetes.io/path": "a.yaml"});
        assert_eq!(file(both), found("b.yaml", Some(2)));
    }
}
