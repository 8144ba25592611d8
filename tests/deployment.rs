//! The output of `policy manifest`: the manifests of policy/cluster, and those for a given policy resource.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cluster_manifests::documents;
use crate::engines::{project, run};
use crate::policy::{fine, manifest};

/// The output of `policy manifest` for this policy resource, and its messages.
fn completed(given: &Value, args: &[&str]) -> (Vec<Value>, String) {
    let args = [&["policy", "manifest", "--settings", "-", "-o", "json"], args].concat();
    let output = run(&args, &given.to_string());
    let talk = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{talk}");
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    (list["items"].as_array().unwrap().clone(), talk)
}

/// A policy resource in which an admin has changed everything.
fn given() -> Value {
    json!({
        "apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": "images-of-contoso", "labels": {"team": "platform"}, "annotations": {"owner": "ada"}},
        "spec": {
            "module": "registry://contoso.azurecr.io/policies/acr-pull-secret:v0.1.0",
            "mutating": false, "mode": "monitor", "failurePolicy": "Fail", "policyServer": "own",
            "message": "ask the platform team", "backgroundAudit": false, "timeoutSeconds": 5, "matchPolicy": "Exact",
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
            "namespaceSelector": {"matchExpressions": [{"key": "stage", "operator": "In", "values": ["prod"]}]},
            "objectSelector": {"matchLabels": {"judged": "yes"}},
            "matchConditions": [{"name": "a", "expression": "true"}],
            "settings": {"mode": "validate"},
        },
    })
}

/// Policies that are completed, for the test against the published schema.
pub(crate) fn given_policies() -> Vec<Value> {
    let lookups = {
        let mut given = given();
        given["spec"]["settings"] = json!({"mode": "validate", "cluster": {"secrets": "exists"}});
        given["metadata"]["uid"] = json!("1");
        given
    };
    let args = ["--exclude-namespace", "calico-system"];
    [given(), lookups].iter().map(|given| completed(given, &args).0.remove(0)).collect()
}

#[test]
fn the_resources_are_those_of_policy_cluster() {
    let contoso = json!([{"registries": ["contoso.azurecr.io"], "secret": "acr-secret"}]);
    let lookups = |secrets: &str| json!({"mode": "validate", "pullSecrets": contoso, "cluster": {"serviceAccounts": true, "secrets": secrets}});
    let validate = json!({"mode": "validate", "pullSecrets": contoso});
    for (file, settings, args) in [
        ("mutate-and-validate.yaml", json!({"pullSecrets": contoso}), &[][..]),
        ("validate.yaml", validate.clone(), &[]),
        ("rollout-1-monitor.yaml", validate, &["--mode", "monitor"]),
        ("validate-exists.yaml", lookups("exists"), &[]),
        ("validate-credentials.yaml", lookups("credentials"), &[]),
    ] {
        let shown =
            |resources: &[Value]| -> BTreeSet<String> { resources.iter().map(Value::to_string).collect() };
        let mut written = documents(&project("policy/cluster").join(file));
        for policy in written.iter_mut().filter(|resource| resource["kind"] == "ClusterAdmissionPolicy") {
            let names = policy["spec"]["settings"]["pullSecrets"].clone();
            assert_eq!(names, contoso, "{file}");
        }
        assert_eq!(shown(&manifest(&settings, args)), shown(&written), "{file}");
    }
}

#[test]
fn names_have_the_prefix_of_the_user() {
    let settings = json!({"cluster": {"serviceAccounts": true}});
    let names = |args: &[&str]| -> Vec<String> {
        let resources = manifest(&settings, args);
        resources.iter().map(|resource| resource["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let begin_with =
        |name: &str| ["mutate", "validate", "lookups", "lookups"].map(|end| format!("{name}-{end}")).to_vec();
    assert_eq!(names(&[]), begin_with("acr-pull-secret"));
    assert_eq!(names(&["--name", "guard"]), begin_with("guard"));
    assert_eq!(names(&["--name", "guard-validate"]), begin_with("guard"));
}

#[test]
fn the_second_policy_of_a_pair_validates_with_the_same_settings() {
    let settings = json!({
        "targets": ["Pod", "ServiceAccount"], "actions": {"unlisted": "reject"}, "registrySuffixes": ["example.org"],
        "cluster": {"secrets": "exists"},
    });
    let [mutate, validate] = [0, 1].map(|i| manifest(&settings, &[])[i]["spec"].clone());
    assert_eq!(mutate["settings"], settings);
    let mut expected = settings;
    expected.as_object_mut().unwrap().remove("targets");
    expected["mode"] = json!("validate");
    assert_eq!(validate["settings"], expected);
    assert_eq!(validate["contextAwareResources"], mutate["contextAwareResources"]);
    assert_eq!((&mutate["failurePolicy"], &validate["failurePolicy"]), (&json!("Ignore"), &json!("Fail")));
}

#[test]
fn fields_of_a_given_policy_resource_are_kept() {
    let (resources, talk) = completed(&given(), &[]);
    assert_eq!((resources, talk.as_str()), (vec![given()], ""));

    // Missing fields are added.
    let mut sparse = given();
    let spec = sparse["spec"].as_object_mut().unwrap();
    spec.retain(|name, _| matches!(name.as_str(), "module" | "mutating" | "rules" | "mode" | "settings"));
    let (resources, _) = completed(&sparse, &[]);
    sparse["spec"]["failurePolicy"] = json!("Ignore");
    sparse["spec"]["namespaceSelector"] = json!({"matchExpressions": [{
        "key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", "kubewarden"],
    }]});
    assert_eq!(resources, [sparse]);
}

#[test]
fn a_given_policy_resource_gets_the_lookups_that_its_settings_need() {
    let mut asking = given();
    asking["metadata"]["name"] = json!("acr-pull-secret-validate");
    asking["spec"]["settings"] = json!({"mode": "validate", "cluster": {"serviceAccounts": true}});
    let service_accounts = json!({"apiVersion": "v1", "kind": "ServiceAccount"});
    let config_maps = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    for (granted, expected) in [
        (Value::Null, json!([service_accounts])),
        (json!([config_maps]), json!([config_maps, service_accounts])),
        (json!([service_accounts]), json!([service_accounts])),
    ] {
        asking["spec"]["contextAwareResources"] = granted;
        let (resources, talk) = completed(&asking, &[]);
        assert_eq!(talk, "");
        let mut policy = asking.clone();
        policy["spec"]["contextAwareResources"] = expected;
        assert_eq!(resources[0], policy);
        let roles = resources[1..].iter().map(|resource| &resource["metadata"]["name"]);
        assert_eq!(roles.collect::<Vec<_>>(), ["acr-pull-secret-lookups"; 2]);
    }
}

#[test]
fn options_take_precedence_over_the_given_policy_resource() {
    let args = [
        "--name",
        "guard",
        "--module",
        "fabrikam.azurecr.io/acr-pull-secret:v0.2.0",
        "--mode",
        "protect",
        "--policy-server",
        "other",
    ];
    let (resources, _) = completed(&given(), &args);
    let mut expected = given();
    expected["metadata"]["name"] = json!("guard-validate");
    expected["spec"]["module"] = json!("registry://fabrikam.azurecr.io/acr-pull-secret:v0.2.0");
    expected["spec"]["mode"] = json!("protect");
    expected["spec"]["policyServer"] = json!("other");
    assert_eq!(resources, [expected]);
}

#[test]
fn fields_that_only_a_cluster_sets_are_removed_from_a_policy_resource() {
    let mut applied = given();
    applied["status"] = json!({"policyStatus": "active"});
    for field in ["uid", "resourceVersion", "creationTimestamp"] {
        applied["metadata"][field] = json!("1");
    }
    applied["metadata"]["generation"] = json!(2);
    applied["metadata"]["managedFields"] = json!([{}]);
    applied["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = json!("{}");
    assert_eq!(completed(&applied, &[]).0, [given()]);
}

#[test]
fn excluded_namespaces_are_left_out_by_name() {
    let expression = |namespaces: &[&str]| json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": namespaces});
    let args =
        ["--exclude-namespace", "calico-system", "--exclude-namespace", "csi", "--exclude-namespace", "csi"];
    for policy in manifest(&json!({}), &args) {
        let expected = json!([expression(&["calico-system", "csi", "kube-system", "kubewarden"])]);
        assert_eq!(policy["spec"]["namespaceSelector"]["matchExpressions"], expected);
    }
    let prod = json!({"key": "stage", "operator": "In", "values": ["prod"]});
    for (selector, expected) in [
        (json!(null), json!([expression(&["calico-system", "csi", "kube-system", "kubewarden"])])),
        (json!({}), json!([expression(&["calico-system", "csi"])])),
        (json!({"matchExpressions": [prod]}), json!([prod, expression(&["calico-system", "csi"])])),
        (
            json!({"matchExpressions": [expression(&["csi", "kube-system"])]}),
            json!([expression(&["csi", "kube-system", "calico-system"])]),
        ),
    ] {
        let mut given = given();
        given["spec"]["namespaceSelector"] = selector.clone();
        let (resources, talk) = completed(&given, &args);
        assert_eq!(resources[0]["spec"]["namespaceSelector"]["matchExpressions"], expected, "{selector}");
        assert_eq!(talk, "");
    }
    let refused = run(&["policy", "manifest", "--exclude-namespace", "Csi"], "");
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn what_a_policy_resource_cannot_have_is_reported() {
    let mut labelled = given();
    labelled["spec"]["namespaceSelector"]["matchLabels"] = json!({"a": "b"});
    let (resources, talk) = completed(&labelled, &[]);
    assert_eq!(resources, [labelled]);
    assert!(talk.contains("Kubewarden drops the matchLabels"), "{talk}");

    let mut namespaced = given();
    namespaced["kind"] = json!("AdmissionPolicy");
    namespaced["metadata"]["namespace"] = json!("shop");
    namespaced["spec"].as_object_mut().unwrap().remove("namespaceSelector");
    namespaced["spec"]["settings"] = json!({"mode": "validate", "cluster": {"secrets": "exists"}});
    let (resources, talk) = completed(&namespaced, &["--exclude-namespace", "csi"]);
    assert_eq!(resources, [namespaced], "it is kept, without RBAC for what it may not look up");
    for told in [
        "warning: an AdmissionPolicy may not look up objects",
        "warning: --exclude-namespace changes nothing, because an AdmissionPolicy applies only to namespace shop",
    ] {
        assert!(talk.contains(told), "{talk}");
    }
}

#[test]
fn printed_manifests_as_input_are_printed_unchanged() {
    let settings = json!({"cluster": {"serviceAccounts": true, "secrets": "credentials"}}).to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policies.yaml");
    std::fs::write(&file, fine(&["manifest", "--settings-json", &settings])).unwrap();
    let printed = documents(&file);
    for (i, number) in [(0, 1), (1, 2)] {
        let again = fine(&["manifest", "-o", "json", "--settings", &format!("{}#{number}", file.display())]);
        let again: Value = serde_json::from_str(&again).unwrap();
        let expected = [&printed[i..=i], &printed[2..]].concat();
        assert_eq!(again["items"], json!(expected), "document {number}");
    }
}
