//! The page copies what `policy manifest` writes, and suites that decide alike.

use serde_json::{Value, json};

use super::{POD, share};
use review::yaml;

/// The values in a copied text.
fn values(text: &str) -> Vec<Value> {
    let (documents, error) = yaml::documents(text);
    assert_eq!(error, None, "{text}");
    documents.into_iter().map(|document| document.value).collect()
}

#[test]
fn settings_are_copied_as_the_policies_that_a_cluster_needs() {
    let policies = |settings: &str| values(&share(POD, settings, "").unwrap().policy);
    let names = |settings: &str| -> Vec<String> {
        let policies = policies(settings).into_iter();
        policies.map(|policy| policy["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("{}"), ["acr-pull-secret-mutate", "acr-pull-secret-validate"]);
    assert_eq!(names("mode: validate"), ["acr-pull-secret-validate"]);

    let given = json!({
        "apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy", "metadata": {"name": "own"},
        "spec": {
            "module": "registry://contoso.azurecr.io/policies/acr-pull-secret:v0.1.0", "mode": "monitor",
            "failurePolicy": "Fail", "mutating": false, "message": "ask the platform team",
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
            "namespaceSelector": {"matchExpressions": [{"key": "stage", "operator": "In", "values": ["prod"]}]},
            "settings": {"mode": "validate"},
        },
    });
    assert_eq!(policies(&given.to_string()), [given]);
}

#[test]
fn a_suite_has_what_declares_a_secret() {
    let external = "
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: acr-secret, namespace: shop}
spec: {target: {template: {type: kubernetes.io/dockerconfigjson}}}
";
    let suite = share(POD, "{mode: validate, cluster: {secrets: exists}}", external).unwrap().suite;
    let suite = &values(&suite)[0];
    assert_eq!(suite["cluster"], json!(values(external)));
    assert_eq!(suite["cases"][0]["expect"], json!({"decision": "accepted", "rules": []}));
}
