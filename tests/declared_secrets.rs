//! Repositories without plain Secrets: with objects from which controllers create Secrets, and with encrypted Secrets.

use serde_json::Value;

use crate::engines::{command, json};

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  imagePullSecrets: [{name: acr-secret}]
  containers: [{name: web, image: contoso.azurecr.io/web:v1}]
";

/// All lookups are made, and unknown secrets are accepted.
const SETTINGS: &str = r#"{"mode":"validate","cluster":{"serviceAccounts":true,"secrets":"credentials"},"actions":{"unusable":"reject","unknown":"allow"}}"#;

/// The results of `check` in a folder with a pod and this file.
fn results(file: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("pod.yaml", POD), ("secret.yaml", &format!("---\n{file}"))] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let args = ["check", "-o", "json", "--complete", "--settings-json", SETTINGS, "."];
    let output = command(&args).current_dir(folder.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{file}");
    json(&output.stdout)["results"].as_array().unwrap().clone()
}

fn rules(result: &Value) -> Vec<&str> {
    let findings = result["object"]["findings"].as_array().into_iter().flatten();
    findings.map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[test]
fn a_pod_finds_the_secret_that_its_repository_declares() {
    let sealed = "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: acr-secret, namespace: shop}, \
                  spec: {template: {type: kubernetes.io/dockerconfigjson}}}";
    let external = "{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: pull, namespace: shop}, \
                    spec: {target: {name: acr-secret, template: {type: kubernetes.io/dockerconfigjson}}}}";
    let class = "{apiVersion: secrets-store.csi.x-k8s.io/v1, kind: SecretProviderClass, metadata: {name: vault, \
                 namespace: shop}, spec: {secretObjects: [{secretName: acr-secret, type: kubernetes.io/dockerconfigjson}]}}";
    let binding = "{apiVersion: acrpull.microsoft.com/v1beta2, kind: AcrPullBinding, metadata: {name: acr-secret, \
                   namespace: shop}}";
    let listed = format!("apiVersion: v1\nkind: List\nitems:\n- {external}\n");
    let untyped = external.replace(", template: {type: kubernetes.io/dockerconfigjson}", "");
    for (file, wanted) in [
        (sealed, &[][..]),
        (external, &[]),
        (class, &[]),
        (&listed, &[]),
        (&untyped, &["secret-wrong-type"]),
        (binding, &["secret-not-found"]),
        (&external.replace("shop", "dev"), &["secret-not-found"]),
    ] {
        let results = results(file);
        assert_eq!(results[0]["name"], "web", "{file}");
        assert_eq!(rules(&results[0]), wanted, "{file}");
        assert_eq!(results[1]["decision"], "skipped", "{file}");
    }
}

/// The API server stores `stringData` as `data`, where the policy finds what is wrong.
#[test]
fn a_finding_in_a_secret_has_the_pointer_of_the_field_that_is_written() {
    for (values, value) in [
        ("data", "eyJhdXRocyI6eyJjb250b3NvLmF6dXJlY3IuaW8iOnsiYXV0aCI6ImRUbz0ifX19"),
        ("stringData", r#"'{"auths":{"contoso.azurecr.io":{"auth":"dTo="}}}'"#),
    ] {
        let results = results(&format!(
            "
apiVersion: v1
kind: Secret
metadata: {{name: acr-secret, namespace: shop}}
type: kubernetes.io/dockerconfigjson
{values}: {{.dockerconfigjson: {value}}}
"
        ));
        let finding = &results[1]["object"]["findings"][0];
        assert_eq!(finding["pointer"], format!("/{values}/.dockerconfigjson"), "{results:?}");
    }
}

#[test]
fn an_encrypted_secret_is_skipped_with_the_reason_and_found_by_the_pod() {
    for values in ["data", "stringData"] {
        let results = results(&format!(
            "
apiVersion: v1
kind: Secret
metadata: {{name: acr-secret, namespace: shop}}
type: kubernetes.io/dockerconfigjson
{values}:
    .dockerconfigjson: ENC[AES256_GCM,data:c2VjcmV0,iv:aXY=,tag:dGFn,type:str]
sops:
    age: [{{recipient: age1, enc: a}}]
    lastmodified: '2026-08-21T00:00:00Z'
    mac: ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]
"
        ));
        assert_eq!(rules(&results[0]), [""; 0], "{values}");
        let secret = &results[1];
        assert_eq!((&secret["decision"], &secret["kind"]), (&"skipped".into(), &"Secret".into()), "{values}");
        assert_eq!(secret["object"]["message"], "encrypted by SOPS", "{values}");
    }
}

#[test]
fn a_secret_with_placeholders_in_its_data_is_skipped_with_the_reason_and_found_by_the_pod() {
    for values in ["data", "stringData"] {
        let results = results(&format!(
            "
apiVersion: v1
kind: Secret
metadata: {{name: acr-secret, namespace: shop}}
type: kubernetes.io/dockerconfigjson
{values}: {{.dockerconfigjson: \"${{DOCKER_CONFIG}}\"}}
"
        ));
        assert_eq!(rules(&results[0]), [""; 0], "{values}");
        let secret = &results[1];
        assert_eq!((&secret["decision"], &secret["kind"]), (&"skipped".into(), &"Secret".into()), "{values}");
        assert_eq!(secret["object"]["message"], "data with a placeholder", "{values}");
    }
}
