//! The help of a pull secret that is not found says where it exists, and how to copy it.

use std::sync::Arc;

use review::cluster::Cluster;
use review::evaluation::Evaluation;
use review::kind::Judged;
use review::log::NoLog;
use review::lookups::Lookups;
use review::manifest::manifests;
use review::source_file::SourceFile;
use serde_json::{Value, json, value::RawValue};

use crate::{Core, METADATA};

const DOCKER: &str = "kubernetes.io/dockerconfigjson";

fn secret(namespace: &str, name: &str, kind: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "type": kind})
}

/// The help texts for an object with these Secrets: those for itself and those for its pods.
fn helps(object: &Value, secrets: &[Value]) -> [Vec<String>; 2] {
    let mut cluster = Cluster::default();
    for secret in secrets {
        cluster.add(secret.clone(), "default");
    }
    let cluster = Arc::new(cluster);
    let settings = json!({"mode": "validate", "cluster": {"secrets": "credentials"}}).to_string();
    let (settings, judged) = (RawValue::from_string(settings).unwrap(), Judged::of(Some(&METADATA)));
    let host = Arc::new(Lookups::new(cluster.clone(), Some(&METADATA), Arc::new(NoLog)));
    let evaluation = Evaluation::new(&Core, &settings, &judged, "default", &cluster, host);
    let file = Arc::new(SourceFile { name: "a.json".to_owned(), text: object.to_string() });
    let outcome = evaluation.judge(manifests(&file).0.remove(0));
    let of_pods = outcome.pods.iter().flat_map(|pods| &pods.verdict.findings);
    let helps = |finding: &review::verdict::Finding| {
        assert_eq!(finding.rule, "secret-not-found");
        finding.help.clone()
    };
    [outcome.verdict.findings.iter().map(helps).collect(), of_pods.map(helps).collect()]
}

fn pod(namespace: &str, secret: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "containers": [{"name": "web", "image": "contoso.azurecr.io/web:v1"}], "imagePullSecrets": [{"name": secret}],
        },
    })
}

#[test]
fn other_namespaces_that_have_the_secret_are_named_with_the_command_that_copies_it() {
    let create = "create it with kubectl create secret docker-registry acr-secret -n dev";
    let copy = |from: &str| {
        format!(
            "copy it with kubectl get secret acr-secret -n {from} -o go-template='{{{{index .data \".dockerconfigjson\" | \
             base64decode}}}}' | kubectl create secret docker-registry acr-secret -n dev \
             --from-file=.dockerconfigjson=/dev/stdin"
        )
    };
    let docker = |namespace: &str| secret(namespace, "acr-secret", DOCKER);
    for (secrets, help) in [
        (vec![], create.to_owned()),
        (vec![docker("default")], format!("namespace \"default\" has one: {}", copy("default"))),
        (vec![docker("b"), docker("a")], format!("namespaces \"a\" and \"b\" have one: {}", copy("a"))),
        (
            ["e", "d", "c", "b", "a"].map(docker).to_vec(),
            format!("namespaces \"a\", \"b\", \"c\" and 2 more have one: {}", copy("a")),
        ),
        (
            vec![secret("a", "acr-secret", "Opaque"), docker("b")],
            format!("namespace \"b\" has one: {}", copy("b")),
        ),
        (vec![secret("a", "other", DOCKER)], create.to_owned()),
        (vec![secret("a", "acr-secret", "Opaque")], create.to_owned()),
        (vec![secret("a;reboot", "acr-secret", DOCKER)], create.to_owned()),
        (vec![secret("-a", "acr-secret", DOCKER)], create.to_owned()),
        (
            vec![secret("a", "acr-secret", "kubernetes.io/dockercfg")],
            "namespace \"a\" has one: copy it with kubectl get secret acr-secret -n a -o go-template='{{index .data \
             \".dockercfg\" | base64decode}}' | kubectl create secret generic --type=kubernetes.io/dockercfg acr-secret -n dev \
             --from-file=.dockercfg=/dev/stdin"
                .to_owned(),
        ),
        (
            vec![json!({
                "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
                "metadata": {"name": "acr-secret", "namespace": "a"},
                "spec": {"target": {"template": {"type": DOCKER}}},
            })],
            format!("namespace \"a\" has one: {}", copy("a")),
        ),
    ] {
        assert_eq!(helps(&pod("dev", "acr-secret"), &secrets), [vec![help], vec![]], "{secrets:?}");
    }
    let [odd, _] = helps(&pod("dev;reboot", "acr-secret"), &[docker("default")]);
    assert_eq!(odd, ["create it with kubectl create secret docker-registry acr-secret"]);
}

#[test]
fn pods_of_a_template_get_the_same_help() {
    let pod = pod("dev", "acr-secret");
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": pod["metadata"],
        "spec": {"template": {"spec": pod["spec"]}},
    });
    let helps = helps(&deployment, &[secret("default", "acr-secret", DOCKER)]);
    for helps in helps {
        assert_eq!(helps.len(), 1);
        assert!(helps[0].starts_with("namespace \"default\" has one"), "{helps:?}");
    }
}
