//! The help of a pull secret that is not found says in which namespace it is, and what to type.

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

/// A Secret with a key for the image's registry, whatever its type.
fn secret(namespace: &str, name: &str, kind: &str) -> Value {
    secret_for("contoso.azurecr.io", namespace, name, kind)
}

fn secret_for(registry: &str, namespace: &str, name: &str, kind: &str) -> Value {
    let auths = json!({registry: {"username": "reader", "password": "x"}});
    let data =
        json!({".dockerconfigjson": json!({"auths": auths}).to_string(), ".dockercfg": auths.to_string()});
    let metadata = json!({"name": name, "namespace": namespace});
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "stringData": data})
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
        assert!(["secret-not-found", "missing-pull-secret"].contains(&finding.rule.as_str()));
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
    let create = "create it with acr-pull-secret secret --server contoso.azurecr.io --username NAME --password-stdin -n dev";
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
        (vec![docker("default")], format!("namespace \"default\" has Secret acr-secret: {}", copy("default"))),
        (vec![docker("b"), docker("a")], format!("namespaces \"a\" and \"b\" have Secret acr-secret: {}", copy("a"))),
        (
            ["e", "d", "c", "b", "a"].map(docker).to_vec(),
            format!("namespaces \"a\", \"b\", \"c\" and 2 more have Secret acr-secret: {}", copy("a")),
        ),
        (
            vec![secret("a", "acr-secret", "Opaque"), docker("b")],
            format!("namespace \"b\" has Secret acr-secret: {}", copy("b")),
        ),
        (vec![secret("a", "other", DOCKER)], create.to_owned()),
        (vec![secret_for("fabrikam.azurecr.io", "a", "acr-secret", DOCKER)], create.to_owned()),
        (vec![secret("a", "acr-secret", "Opaque")], create.to_owned()),
        (vec![secret("a;reboot", "acr-secret", DOCKER)], create.to_owned()),
        (vec![secret("-a", "acr-secret", DOCKER)], create.to_owned()),
        (
            vec![secret("a", "acr-secret", "kubernetes.io/dockercfg")],
            "namespace \"a\" has Secret acr-secret: copy it with kubectl get secret acr-secret -n a -o go-template='{{index .data \
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
            format!("namespace \"a\" has Secret acr-secret: {}", copy("a")),
        ),
    ] {
        assert_eq!(helps(&pod("dev", "acr-secret"), &secrets), [vec![help], vec![]], "{secrets:?}");
    }
    let [odd, _] = helps(&pod("dev;reboot", "acr-secret"), &[docker("default")]);
    assert_eq!(odd, [create.replace(" -n dev", "")]);
}

#[test]
fn secrets_of_the_namespace_with_a_similar_name_and_the_same_registry_are_suggested() {
    let create = "create it with acr-pull-secret secret --server contoso.azurecr.io --username NAME --password-stdin -n dev";
    let docker = |namespace: &str, name: &str| secret(namespace, name, DOCKER);
    for (secrets, suggestion) in [
        (vec![docker("dev", "acr-secrets")], "did you mean acr-secrets? Otherwise "),
        (
            ["acr-secrets", "arc-secret", "acr-secret2", "acr-secret3", "app"]
                .map(|name| docker("dev", name))
                .to_vec(),
            "did you mean arc-secret, acr-secret2, acr-secret3? Otherwise ",
        ),
        // More names of the same length come before the nearest one.
        (
            (0..150)
                .map(|i| format!("aaa-secre{i:03}"))
                .chain(["acr-secret5".to_owned()])
                .map(|name| docker("dev", &name))
                .collect(),
            "did you mean acr-secret5? Otherwise ",
        ),
        (vec![docker("a", "acr-secrets")], ""),
        (vec![docker("dev", "team")], ""),
        (vec![secret("dev", "acr-secrets", "Opaque")], ""),
        (vec![secret_for("fabrikam.azurecr.io", "dev", "acr-secrets", DOCKER)], ""),
        (vec![docker("dev", "acr-secret$(reboot)")], ""),
    ] {
        assert_eq!(
            helps(&pod("dev", "acr-secret"), &secrets),
            [vec![format!("{suggestion}{create}")], vec![]]
        );
    }
    let mut without_list = pod("dev", "acr-secret");
    without_list["spec"].as_object_mut().unwrap().remove("imagePullSecrets");
    let [helps, _] = helps(&without_list, &[docker("dev", "acr-secrets")]);
    assert_eq!(
        helps,
        ["did you mean acr-secrets? Otherwise add imagePullSecrets: [{name: acr-secret}] to the pod spec"]
    );
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
        assert!(helps[0].starts_with("namespace \"default\" has Secret"), "{helps:?}");
    }
}

#[test]
fn an_object_without_a_namespace_gets_the_option_that_sets_it() {
    let docker = |namespace: &str| secret(namespace, "acr-secret", DOCKER);
    let without = |mut object: Value| {
        object["metadata"].as_object_mut().unwrap().remove("namespace");
        object
    };
    for (pod, secret, help) in [
        (
            without(pod("", "acr-secret")),
            docker("shop"),
            "namespace \"shop\" has Secret acr-secret: add -n shop, or set metadata.namespace to shop in this object",
        ),
        (
            pod("shop", "acr-secret"),
            without(docker("")),
            "namespace \"default\" has Secret acr-secret: add -n shop, or set metadata.namespace to shop in the Secret",
        ),
    ] {
        assert_eq!(helps(&pod, &[secret]), [vec![help.to_owned()], vec![]]);
    }
}

/// What `fix` would refuse afterwards, `check` says first.
#[test]
fn a_secret_of_another_namespace_is_named_where_the_list_lacks_it() {
    let mut pod = pod("dev", "acr-secret");
    pod["spec"].as_object_mut().unwrap().remove("imagePullSecrets");
    let [helps, _] = helps(&pod, &[secret("a", "acr-secret", DOCKER)]);
    let [help] = helps.as_slice() else { panic!("{helps:?}") };
    assert!(
        help.starts_with("namespace \"a\" has Secret acr-secret: copy it with kubectl get secret"),
        "{help}"
    );
    assert!(help.ends_with(", and add imagePullSecrets: [{name: acr-secret}] to the pod spec"), "{help}");
}
