//! The manifests in policy/cluster are valid for Kubewarden and the policy, and grant no more than they need.

mod decisions;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use review::yaml;
use serde_json::{Value, json};

use crate::engines::{self, POLICY, our_host, project};
use crate::tables::NoHost;

/// The documents of a YAML file.
pub(crate) fn documents(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (documents, error) = yaml::documents(&text);
    assert_eq!(error, None, "{}", path.display());
    documents.into_iter().map(|document| document.value).collect()
}

/// Every manifest, with the name of its file.
fn manifests() -> Vec<(String, Vec<Value>)> {
    let files = fs::read_dir(project("policy/cluster")).unwrap().map(|entry| entry.unwrap().path());
    let mut manifests: Vec<_> = files
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), documents(&path)))
        .collect();
    manifests.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(manifests.len() > 5, "{manifests:?}");
    manifests
}

fn manifest(file: &str) -> Vec<Value> {
    documents(&project("policy/cluster").join(file))
}

/// One use of the policy: a cluster-wide policy, or a member of a group.
struct Use {
    file: String,
    /// The spec of the policy or of the whole group.
    spec: Value,
    /// What names module, settings and `contextAwareResources`.
    member: Value,
}

fn uses() -> Vec<Use> {
    let mut uses = Vec::new();
    for (file, documents) in manifests() {
        for document in documents {
            let spec = document["spec"].clone();
            let members: Vec<Value> = match document["kind"].as_str().unwrap() {
                "ClusterAdmissionPolicy" => vec![spec.clone()],
                "ClusterAdmissionPolicyGroup" => {
                    spec["policies"].as_object().unwrap().values().cloned().collect()
                }
                _ => continue,
            };
            uses.extend(members.into_iter().map(|member| Use {
                file: file.clone(),
                spec: spec.clone(),
                member,
            }));
        }
    }
    uses
}

fn strings(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// Rules taken apart: one line for each group, version, resource and operation.
fn calls(rules: &Value) -> BTreeSet<String> {
    let mut calls = BTreeSet::new();
    for rule in rules.as_array().unwrap() {
        for group in strings(&rule["apiGroups"]) {
            for version in strings(&rule["apiVersions"]) {
                for resource in strings(&rule["resources"]) {
                    for operation in strings(&rule["operations"]) {
                        calls.insert(format!("{operation} {group}/{version}/{resource}"));
                    }
                }
            }
        }
    }
    calls
}

fn metadata() -> &'static Value {
    POLICY.metadata().unwrap()
}

/// A CRD's schema, in which an unknown field is an error, as for `kubectl apply`.
fn strict(schema: &mut Value) {
    if let Some(fields) = schema.as_object_mut() {
        let open = fields.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
        if fields.contains_key("properties") && !fields.contains_key("additionalProperties") && !open {
            fields.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        for (name, child) in fields {
            match child {
                Value::Object(children) if name == "properties" => children.values_mut().for_each(strict),
                child => strict(child),
            }
        }
    }
}

#[test]
#[ignore = "needs Kubewarden's resource definitions next to the checkout"]
fn cluster_manifests_match_the_published_schemas() {
    let files = fs::read_dir(project("../shared/crds")).expect("Kubewarden's resource definitions");
    let definitions: Vec<Value> = files.flat_map(|entry| documents(&entry.unwrap().path())).collect();
    let mut checked = 0;
    for (file, documents) in manifests() {
        for document in documents {
            let Some((group, version)) = document["apiVersion"].as_str().unwrap().split_once('/') else {
                continue;
            };
            if group != "policies.kubewarden.io" {
                continue;
            }
            let definition =
                definitions.iter().find(|d| d["spec"]["names"]["kind"] == document["kind"]).unwrap();
            let versions = definition["spec"]["versions"].as_array().unwrap();
            let version = versions.iter().find(|v| v["name"] == version && v["served"] == true).unwrap();
            let mut schema = version["schema"]["openAPIV3Schema"].clone();
            strict(&mut schema);
            let validator = jsonschema::validator_for(&schema).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&document)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert_eq!(errors, [""; 0], "{file}");
            checked += 1;
        }
    }
    assert!(checked > 8, "only {checked} manifests were checked");
}

#[test]
fn cluster_manifests_name_this_version_of_the_policy() {
    let module = format!(
        "registry://{}:v{}",
        metadata()["annotations"]["io.kubewarden.policy.ociUrl"].as_str().unwrap(),
        env!("CARGO_PKG_VERSION")
    );
    for Use { file, member, .. } in uses() {
        assert_eq!(member["module"], module, "{file}");
    }
}

#[test]
fn cluster_manifests_skip_the_system_namespaces() {
    for Use { file, spec, .. } in uses() {
        let selector = &spec["namespaceSelector"];
        // Kubewarden drops them for cluster-wide policies.
        assert_eq!(selector["matchLabels"], Value::Null, "{file}");
        assert_eq!(
            selector["matchExpressions"],
            json!([{
                "key": "kubernetes.io/metadata.name",
                "operator": "NotIn",
                "values": ["kube-system", "kubewarden"]
            }]),
            "{file}"
        );
    }
}

#[test]
fn cluster_manifests_have_settings_that_the_policy_accepts() {
    for Use { file, spec, member } in uses() {
        let settings = &member["settings"];
        let answer = our_host("validate_settings", settings.to_string().as_bytes(), Arc::new(NoHost));
        assert_eq!(engines::json(&answer)["valid"], true, "{file}: {settings}");
        // A policy that would change what it is not allowed to change refuses it; a group never allows it.
        let mutates = settings["mode"] != "validate";
        assert_eq!(spec["mutating"].as_bool().unwrap_or(false), mutates, "{file}");
        assert!(!mutates || spec["failurePolicy"] == "Ignore", "{file}: a mutating webhook fails open");
    }
}

#[test]
fn cluster_manifests_ask_for_requests_that_the_metadata_knows() {
    let known = calls(&metadata()["rules"]);
    for Use { file, spec, member } in uses() {
        let asked = calls(&spec["rules"]);
        if file == "secrets.yaml" {
            assert_eq!(
                asked,
                ["CREATE /v1/secrets", "UPDATE /v1/secrets"].map(String::from).into(),
                "{file}"
            );
        } else if member["settings"]["mode"] != "validate" || file == "expiry.yaml" {
            assert_eq!(asked, ["CREATE /v1/pods".to_owned()].into(), "{file}");
        } else if file == "mutate-and-validate.yaml" {
            let pods = known.iter().filter(|call| call.contains("/pods")).cloned().collect();
            assert_eq!(asked, pods, "{file}");
        } else {
            assert_eq!(asked, known, "{file}");
        }
    }
}

/// The audit scanner finds no such resource, and then skips the whole policy.
/// kubewarden/kubewarden-controller: internal/audit-scanner/policies/client.go
#[test]
fn no_rule_for_the_audit_scanner_names_a_subresource() {
    let all = uses().into_iter().map(|policy| (policy.file, policy.spec["rules"].clone()));
    for (file, rules) in all.chain([("metadata.yml".to_owned(), metadata()["rules"].clone())]) {
        for call in calls(&rules).iter().filter(|call| call.starts_with("CREATE ")) {
            assert_eq!(call.matches('/').count(), 2, "{file}: {call}");
        }
    }
}

#[test]
fn cluster_manifests_may_look_up_what_their_settings_need_and_no_more() {
    let offered = metadata()["contextAwareResources"].as_array().unwrap();
    for Use { file, member, .. } in uses() {
        let settings = &member["settings"];
        let mut kinds = BTreeSet::new();
        if settings["cluster"]["serviceAccounts"] == true {
            kinds.insert("ServiceAccount");
        }
        if ["exists", "credentials"].iter().any(|depth| settings["cluster"]["secrets"] == *depth) {
            kinds.insert("Secret");
        }
        let granted = member["contextAwareResources"].as_array().cloned().unwrap_or_default();
        assert!(granted.iter().all(|resource| offered.contains(resource)), "{file}");
        let granted: BTreeSet<_> =
            granted.iter().map(|resource| resource["kind"].as_str().unwrap()).collect();
        assert_eq!(granted, kinds, "{file}");

        let documents = manifest(&file);
        let of_kind = |kind: &str| documents.iter().find(|document| document["kind"] == kind);
        let (Some(role), Some(binding)) = (of_kind("ClusterRole"), of_kind("ClusterRoleBinding")) else {
            assert_eq!(kinds, BTreeSet::new(), "{file} grants nothing");
            continue;
        };
        let names: BTreeSet<_> = settings["pullSecrets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["secret"].as_str().unwrap())
            .collect();
        let mut rules = Vec::new();
        if kinds.contains("ServiceAccount") {
            rules.push(json!({"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get"]}));
        }
        if kinds.contains("Secret") {
            rules.push(json!({
                "apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"]
            }));
        }
        assert_eq!(role["rules"], Value::Array(rules), "{file}");
        assert_eq!(binding["roleRef"]["name"], role["metadata"]["name"], "{file}");
        assert_eq!(
            binding["subjects"],
            json!([{"kind": "ServiceAccount", "name": "policy-server", "namespace": "kubewarden"}]),
            "{file}"
        );
    }
}

/// The spec of the only policy of a file, without the fields that a stage of a rollout may change.
fn without_stage(file: &str) -> Value {
    let mut spec = uses().into_iter().find(|policy| policy.file == file).unwrap().spec;
    let fields = spec.as_object_mut().unwrap();
    fields.remove("mode");
    fields.remove("failurePolicy");
    fields["settings"].as_object_mut().unwrap().remove("actions");
    spec
}

#[test]
fn cluster_manifests_of_a_rollout_differ_in_their_strictness_alone() {
    for stage in ["rollout-1-monitor.yaml", "rollout-3-warn.yaml"] {
        assert_eq!(without_stage(stage), without_stage("validate.yaml"), "{stage}");
        assert_eq!(manifest(stage)[0]["metadata"], manifest("validate.yaml")[0]["metadata"], "{stage}");
    }
}

#[test]
fn the_last_stage_replaces_both_policies_of_the_stages_before() {
    let policies = |files: &[&str]| -> BTreeSet<String> {
        let documents = files.iter().flat_map(|file| manifest(file));
        let policies = documents.filter(|document| document["kind"] == "ClusterAdmissionPolicy");
        policies.map(|policy| policy["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let names = ["acr-pull-secret-mutate", "acr-pull-secret-validate"].map(String::from).into();
    assert_eq!(policies(&["rollout-1-monitor.yaml", "mutate.yaml", "rollout-3-warn.yaml"]), names);
    assert_eq!(policies(&["mutate-and-validate.yaml"]), names);
}

#[test]
fn the_policy_server_is_recent_enough_and_has_its_service_account() {
    let documents = manifest("policy-server.yaml");
    let [account, server] = &*documents else { panic!("{documents:?}") };
    assert_eq!(server["spec"]["serviceAccountName"], account["metadata"]["name"]);
    let number = |version: &str| -> Vec<u32> {
        version.trim_start_matches('v').split('.').map(|part| part.parse().unwrap()).collect()
    };
    let (_, tag) = server["spec"]["image"].as_str().unwrap().rsplit_once(':').unwrap();
    assert!(number(tag) >= number(metadata()["minimumKubewardenVersion"].as_str().unwrap()), "{tag}");
    assert!(server["spec"]["minAvailable"].as_u64() < server["spec"]["replicas"].as_u64());
}
