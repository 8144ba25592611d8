//! A policy's metadata: what Kubewarden reads about it from its module.

use std::collections::BTreeMap;

use semver::Version;
use serde_json::{Map, Value};

use crate::program;
use crate::sandbox::wasm_section::{self, SectionError};

/// Where a policy's source is. kubewarden/kubewarden-controller: crates/policy-evaluator/src/constants.rs
pub const SOURCE: &str = "io.kubewarden.policy.source";
/// The name of a policy.
pub const TITLE: &str = "io.kubewarden.policy.title";
/// Its usage instructions: the whole README.
pub const USAGE: &str = "io.kubewarden.policy.usage";
/// Its version, without a `v`.
pub const VERSION: &str = "io.kubewarden.policy.version";
/// The repository that it is published in.
pub const OCI_URL: &str = "io.kubewarden.policy.ociUrl";

/// How a module is run that speaks waPC, which is also the default without `executionMode`.
pub const WAPC: &str = "kubewarden-wapc";

const EXECUTION_MODES: [&str; 4] = [WAPC, "opa", "gatekeeper", "wasi"];
const POLICY_TYPES: [&str; 2] = ["kubernetes", "raw"];
const OPERATIONS: [&str; 5] = ["CREATE", "UPDATE", "DELETE", "CONNECT", "*"];
const FIELDS: [&str; 11] = [
    "annotations",
    "backgroundAudit",
    "contextAware",
    "contextAwareResources",
    "executionMode",
    "hostCapabilities",
    "minimumKubewardenVersion",
    "mutating",
    "policyType",
    "protocolVersion",
    "rules",
];

/// Why a module has no metadata that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// The bytes are not a WebAssembly module
    #[error("this is not a WebAssembly module: {0}")]
    NotWasm(SectionError),
    /// There is none
    #[error(
        "this policy has no metadata, which clusters require; add it with \
         `{} policy annotate FILE --metadata metadata.yml --output annotated.wasm`",
        program::name()
    )]
    Missing,
    /// The section contains something else
    #[error("the metadata in this policy is not JSON: {0}")]
    NotJson(String),
    /// Kubewarden would refuse it
    #[error("Kubewarden would refuse this policy's metadata: {0}")]
    Invalid(String),
}

/// The metadata of a module, as Kubewarden reads it: the first section counts.
///
/// # Errors
/// - the bytes are not a module, or there is no metadata, or it is not JSON
pub fn of_module(wasm: &[u8]) -> Result<Value, MetadataError> {
    let sections =
        wasm_section::custom_sections(wasm, wasm_section::METADATA).map_err(MetadataError::NotWasm)?;
    let json = sections.first().ok_or(MetadataError::Missing)?;
    serde_json::from_slice(json).map_err(|error| MetadataError::NotJson(error.to_string()))
}

/// The metadata of a module that a cluster would run.
///
/// # Errors
/// - those of [`of_module`], or a field that Kubewarden rejects
pub fn of_policy(wasm: &[u8]) -> Result<Value, MetadataError> {
    let metadata = of_module(wasm)?;
    let mut problems = problems(&metadata);
    // policy-server: src/evaluation/precompiled_policy.rs
    if execution_mode(&metadata) == WAPC && metadata.get("protocolVersion").is_none_or(Value::is_null) {
        problems.push("protocolVersion: is missing; annotate the policy again".to_owned());
    }
    if problems.is_empty() { Ok(metadata) } else { Err(MetadataError::Invalid(problems.join("; "))) }
}

/// A text among the annotations; empty where there is none.
pub fn annotation<'a>(metadata: &'a Value, name: &str) -> &'a str {
    let annotations = metadata.get("annotations");
    annotations.and_then(|all| all.get(name)).and_then(Value::as_str).unwrap_or_default()
}

/// Where the maintainers publish the policy: `REPOSITORY:vVERSION`.
pub fn published_module(metadata: &Value) -> String {
    format!("{}:v{}", annotation(metadata, OCI_URL), annotation(metadata, VERSION))
}

/// How the module is run.
pub fn execution_mode(metadata: &Value) -> &str {
    metadata.get("executionMode").and_then(Value::as_str).unwrap_or(WAPC)
}

/// `acr-pull-secret 0.1.0`, as far as the metadata says it.
pub fn name_and_version(metadata: &Value) -> String {
    let title = Some(annotation(metadata, TITLE)).filter(|title| !title.is_empty()).unwrap_or("(no title)");
    format!("{title} {}", annotation(metadata, VERSION)).trim_end().to_owned()
}

/// Fields that Kubewarden does not know, and therefore ignores.
pub fn unknown_fields(metadata: &Value) -> Vec<&str> {
    let fields = metadata.as_object().into_iter().flat_map(Map::keys);
    fields.map(String::as_str).filter(|name| !FIELDS.contains(name)).collect()
}

/// Everything for which Kubewarden would refuse the metadata, each with the path of its field.
/// kubewarden/kubewarden-controller: crates/policy-evaluator/src/policy_metadata.rs
pub fn problems(metadata: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let Some(fields) = metadata.as_object() else {
        return vec!["the metadata must be an object with rules, mutating and annotations".to_owned()];
    };
    let field = |name: &str| fields.get(name).filter(|value| !value.is_null());
    if !field("mutating").is_some_and(Value::is_boolean) {
        problems.push("mutating: must be true or false".to_owned());
    }
    for (name, known) in [("executionMode", &EXECUTION_MODES[..]), ("policyType", &POLICY_TYPES)] {
        if field(name).is_some_and(|value| !value.as_str().is_some_and(|word| known.contains(&word))) {
            problems.push(format!("{name}: must be one of {}", known.join(", ")));
        }
    }
    if field("backgroundAudit").is_some_and(|value| !value.is_boolean()) {
        problems.push("backgroundAudit: must be true or false".to_owned());
    }
    if field("minimumKubewardenVersion").is_some_and(|value| !is_version(value)) {
        problems.push("minimumKubewardenVersion: must be a version such as 1.35.0".to_owned());
    }
    match field("rules").map(Value::as_array) {
        None => {}
        Some(None) => problems.push("rules: must be a list".to_owned()),
        Some(Some(rules)) => {
            for (i, rule) in rules.iter().enumerate() {
                rule_problems(rule, &format!("rules[{i}]"), &mut problems);
            }
        }
    }
    resource_problems(field("contextAwareResources"), &mut problems);
    if let Some(capabilities) = field("hostCapabilities")
        && words(capabilities).is_none()
    {
        problems.push("hostCapabilities: must be a list of texts such as kubernetes/get_resource".to_owned());
    }
    annotation_problems(field("annotations"), &mut problems);
    problems
}

/// What a registry shows with the policy: the annotations of one line each, and the source under the name that
/// registries know. kubewarden/kubewarden-controller: crates/kwctl/src/push.rs
pub fn registry_annotations(metadata: &Value) -> BTreeMap<String, String> {
    let annotations = metadata.get("annotations").and_then(Value::as_object).into_iter().flatten();
    let mut shown: BTreeMap<String, String> = annotations
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.trim().to_owned())))
        .filter(|(_, value)| value.lines().count() <= 1)
        .collect();
    if let Some(source) = shown.get(SOURCE).cloned() {
        shown.insert("org.opencontainers.image.source".to_owned(), source);
    }
    shown
}

fn annotation_problems(annotations: Option<&Value>, problems: &mut Vec<String>) {
    let Some(annotations) = annotations else { return };
    let Some(annotations) = annotations.as_object() else {
        problems.push("annotations: must be an object of texts".to_owned());
        return;
    };
    for (name, value) in annotations {
        if !value.is_string() {
            problems.push(format!("annotations[{name}]: must be a text; put it in quotes"));
        } else if name == VERSION && !is_version(value) {
            problems.push(format!("annotations[{name}]: must be a version without a v, such as 0.1.0"));
        }
    }
}

fn resource_problems(resources: Option<&Value>, problems: &mut Vec<String>) {
    let Some(resources) = resources else { return };
    let Some(resources) = resources.as_array() else {
        problems.push("contextAwareResources: must be a list".to_owned());
        return;
    };
    for (i, resource) in resources.iter().enumerate() {
        for name in ["apiVersion", "kind"] {
            if resource.get(name).and_then(Value::as_str).is_none_or(str::is_empty) {
                problems.push(format!("contextAwareResources[{i}].{name}: must be a text"));
            }
        }
    }
}

/// As the API server validates the rules of a webhook.
/// kubernetes/kubernetes: pkg/apis/admissionregistration/validation/validation.go `validateRuleWithOperations`
fn rule_problems(rule: &Value, path: &str, problems: &mut Vec<String>) {
    for name in ["apiGroups", "apiVersions", "resources", "operations"] {
        let path = format!("{path}.{name}");
        let Some(words) = rule.get(name).and_then(words).filter(|words| !words.is_empty()) else {
            problems.push(format!("{path}: must be a list of at least one text"));
            continue;
        };
        // The core group is the empty text.
        if name != "apiGroups" && words.contains(&"") {
            problems.push(format!("{path}: must not hold an empty text"));
        }
        if name == "resources" {
            if let Some(problem) = overlap(&words) {
                problems.push(format!("{path}: {problem}"));
            }
        } else if words.len() > 1 && words.contains(&"*") {
            problems.push(format!("{path}: * means all, so it must be the only item"));
        }
        if name == "operations" {
            for unknown in words.iter().filter(|word| !OPERATIONS.contains(word)) {
                problems.push(format!("{path}: \"{unknown}\" must be one of {}", OPERATIONS.join(", ")));
            }
        }
    }
}

/// Why the resources of a rule may not be combined.
fn overlap(resources: &[&str]) -> Option<String> {
    if resources.len() > 1 && resources.contains(&"*/*") {
        return Some("*/* means all, so it must be the only item".to_owned());
    }
    let parts = |resource: &'_ str| -> (String, String) {
        let (name, sub) = resource.split_once('/').unwrap_or((resource, ""));
        (name.to_owned(), sub.to_owned())
    };
    for wide in resources.iter().filter(|resource| resource.contains('*')) {
        let (wide_name, wide_sub) = parts(wide);
        for narrow in resources.iter().filter(|resource| *resource != wide) {
            let (name, sub) = parts(narrow);
            let same_name = wide_name == "*" || wide_name == name;
            let same_sub = wide_sub == sub || (wide_sub == "*" && !sub.is_empty());
            if same_name && same_sub {
                return Some(format!("{wide} already means {narrow}; leave one of them out"));
            }
        }
    }
    None
}

fn words(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

fn is_version(value: &Value) -> bool {
    value.as_str().is_some_and(|text| Version::parse(text).is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{problems, registry_annotations};

    fn with(field: &str, value: Value) -> Value {
        let mut metadata = json!({"mutating": true});
        metadata[field] = value;
        metadata
    }

    fn rule(name: &str, words: Value) -> Value {
        let mut rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]});
        rule[name] = words;
        with("rules", json!([rule]))
    }

    #[test]
    fn the_metadata_of_the_built_in_policy_is_accepted() {
        assert_eq!(super::of_policy(crate::sandbox::EMBEDDED).map(|_| ()), Ok(()));
    }

    #[test]
    fn each_field_that_kubewarden_refuses_is_named() {
        for (metadata, field) in [
            (json!({}), "mutating:"),
            (json!([]), "the metadata must be an object"),
            (with("executionMode", json!("wapc")), "executionMode:"),
            (with("policyType", json!(1)), "policyType:"),
            (with("minimumKubewardenVersion", json!("1.35")), "minimumKubewardenVersion:"),
            (
                with("annotations", json!({"io.kubewarden.policy.version": "v0.1.0"})),
                "io.kubewarden.policy.version",
            ),
            (with("annotations", json!({"x": 1.0})), "annotations[x]: must be a text; put it in quotes"),
            (
                with("contextAwareResources", json!([{"kind": "Secret"}])),
                "contextAwareResources[0].apiVersion:",
            ),
            (with("hostCapabilities", json!("kubernetes/*")), "hostCapabilities:"),
            (rule("apiVersions", json!([])), "rules[0].apiVersions:"),
            (rule("resources", json!([""])), "rules[0].resources:"),
            (rule("operations", json!(["create"])), "rules[0].operations: \"create\""),
            (rule("operations", json!(["*", "CREATE"])), "rules[0].operations: *"),
            (rule("resources", json!(["*", "pods"])), "rules[0].resources: * already means pods"),
            (rule("resources", json!(["pods/*", "pods/log"])), "pods/* already means pods/log"),
            (
                rule("resources", json!(["*/scale", "deployments/scale"])),
                "*/scale already means deployments/scale",
            ),
            (rule("resources", json!(["*/*", "pods"])), "rules[0].resources: */*"),
        ] {
            let found = problems(&metadata);
            assert!(found.len() == 1 && found[0].contains(field), "{metadata}: {found:?}");
        }
    }

    #[test]
    fn wildcards_that_do_not_overlap_may_be_combined() {
        for words in [json!(["*", "pods/log"]), json!(["pods", "pods/*"]), json!(["*/scale", "pods/log"])] {
            assert_eq!(problems(&rule("resources", words.clone())), Vec::<String>::new(), "{words}");
        }
        assert!(problems(&rule("apiGroups", json!(["", "apps"]))).is_empty());
    }

    #[test]
    fn registries_show_single_lines_and_the_source() {
        let metadata = json!({"annotations": {
            "io.kubewarden.policy.usage": "# Title\n\ntext\n",
            "io.kubewarden.policy.description": "  one line \n",
            "io.kubewarden.policy.source": "https://example.com/policy",
        }});
        let shown = serde_json::to_value(registry_annotations(&metadata)).unwrap();
        assert_eq!(
            shown,
            json!({
                "io.kubewarden.policy.description": "one line",
                "io.kubewarden.policy.source": "https://example.com/policy",
                "org.opencontainers.image.source": "https://example.com/policy",
            })
        );
    }
}
