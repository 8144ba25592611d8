//! What a repository contains instead of pull secrets: objects from which controllers create Secrets, and encrypted Secrets.

use std::sync::Arc;

use review::cluster::Cluster;
use review::evaluation::Evaluation;
use review::host_calls::HostCalls;
use review::kind::{Judged, Kind};
use review::log::NoLog;
use review::lookups::Lookups;
use review::manifest::manifests;
use review::source_file::SourceFile;
use review::verdict::Decision;
use serde_json::{Value, json, value::RawValue};

use crate::{Core, METADATA};

const DOCKER: &str = "kubernetes.io/dockerconfigjson";

/// The cluster with these objects, in YAML, in namespace `shop`.
fn cluster(objects: &str) -> Arc<Cluster> {
    let mut cluster = Cluster::default();
    for manifest in read(objects) {
        cluster.add(manifest.into(), "shop");
    }
    Arc::new(cluster)
}

fn read(text: &str) -> Vec<review::manifest::Manifest> {
    let file = Arc::new(SourceFile { name: "a.yaml".to_owned(), text: text.to_owned() });
    let (manifests, _, error) = manifests(&file);
    assert_eq!(error, None, "{text}");
    manifests
}

/// The result of the policy's lookup of an object in namespace `shop`.
fn ask(cluster: &Arc<Cluster>, kind: &str, name: &str, fields: &[&str]) -> Result<Value, String> {
    let lookups = Lookups::new(cluster.clone(), Some(&METADATA), Arc::new(NoLog));
    let asked =
        json!({"api_version": "v1", "kind": kind, "name": name, "namespace": "shop", "field_masks": fields});
    let answer = lookups.call("kubewarden", "kubernetes", "get_resource", asked.to_string().as_bytes())?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

/// The known parts of a Secret.
#[derive(Debug, PartialEq)]
enum Known {
    /// There is none
    Nothing,
    /// It exists; neither type nor data are known
    Name,
    /// It has this type, and its data are not known
    Type(&'static str),
    /// All of it
    All,
}

/// An answer names the unknown object, in the words by which the policy recognises it.
fn assert_known(objects: &str, name: &str, known: &Known) {
    let cluster = cluster(objects);
    let ask = |fields: &[&str]| ask(&cluster, "Secret", name, fields);
    let unknown = Err(format!("the content of Secret shop/{name} is not among the inputs"));
    let answers = [ask(&["type"]), ask(&["data", "type"])];
    let metadata = ask(&["metadata"]);
    match known {
        Known::Nothing => {
            for answer in answers.into_iter().chain([metadata]) {
                let refusal = answer.unwrap_err();
                assert!(refusal.contains("Cannot find v1/Secret named"), "{objects}: {refusal}");
            }
        }
        Known::Name => assert_eq!(answers, [unknown.clone(), unknown], "{objects}"),
        Known::Type(kind) if *kind == DOCKER || *kind == "kubernetes.io/dockercfg" => {
            let [of_type, of_data] = answers;
            assert_eq!((of_type.unwrap()["type"].as_str(), of_data), (Some(*kind), unknown), "{objects}");
        }
        Known::Type(kind) => {
            for answer in answers.map(Result::unwrap) {
                assert_eq!((answer["type"].as_str(), answer.get("data")), (Some(*kind), None), "{objects}");
            }
        }
        Known::All => assert!(answers[1].as_ref().unwrap().get("data").is_some(), "{objects}"),
    }
    if *known != Known::Nothing {
        let metadata = ask(&["metadata"]).unwrap()["metadata"].clone();
        assert_eq!((&metadata["name"], &metadata["namespace"]), (&json!(name), &json!("shop")), "{objects}");
    }
}

#[test]
fn a_secret_that_a_controller_creates_exists_with_the_declared_type() {
    use Known::{Name, Nothing, Type};

    let external = |spec: &str| {
        format!(
            "{{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {{name: s}}, spec: {spec}}}"
        )
    };
    let sealed = |spec: &str| {
        format!(
            "{{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {{name: s}}, spec: {spec}}}"
        )
    };
    let class = |objects: &str| {
        format!(
            "{{apiVersion: secrets-store.csi.x-k8s.io/v1, kind: SecretProviderClass, metadata: {{name: c}}, spec: \
             {{provider: azure, secretObjects: {objects}}}}}"
        )
    };
    for (objects, known) in [
        (external("{target: {template: {type: kubernetes.io/dockerconfigjson}}}"), Type(DOCKER)),
        (
            external("{target: {name: s, template: {type: kubernetes.io/dockercfg}}}"),
            Type("kubernetes.io/dockercfg"),
        ),
        (external("{target: {name: '', template: {type: kubernetes.io/dockerconfigjson}}}"), Type(DOCKER)),
        (external("{target: {name: other, template: {type: kubernetes.io/dockerconfigjson}}}"), Nothing),
        (external("{target: {template: {data: {a: b}}}}"), Type("Opaque")),
        (external("{target: {template: {type: ''}}}"), Type("Opaque")),
        (external("{target: {template: {type: '${TYPE}'}}}"), Name),
        (external("{target: {template: {type: 1}}}"), Type("Opaque")),
        (external("{}"), Type("Opaque")),
        (external("null"), Type("Opaque")),
        (
            external("{target: {creationPolicy: Owner, template: {type: kubernetes.io/tls}}}"),
            Type("kubernetes.io/tls"),
        ),
        (external("{target: {creationPolicy: Merge, template: {type: kubernetes.io/tls}}}"), Name),
        (external("{target: {creationPolicy: None}}"), Nothing),
        (external("{}").replace("external-secrets.io", "example.org"), Nothing),
        (external("{}").replace("name: s", "namespace: shop"), Nothing),
        (external("{}").replace("name: s", "name: s, namespace: dev"), Nothing),
        (sealed("{encryptedData: {a: b}, template: {type: kubernetes.io/dockerconfigjson}}"), Type(DOCKER)),
        (sealed("{template: {metadata: {name: t}, type: kubernetes.io/dockerconfigjson}}"), Type(DOCKER)),
        (sealed("{encryptedData: {a: b}}"), Type("Opaque")),
        (sealed("{data: AgBy3i4OJSWK}"), Name),
        (sealed("{}").replace("bitnami.com", "example.org"), Nothing),
        (class("[{secretName: s, type: kubernetes.io/dockerconfigjson, data: []}]"), Type(DOCKER)),
        (
            class("[{secretName: t, type: a}, {secretName: s, type: kubernetes.io/dockerconfigjson}]"),
            Type(DOCKER),
        ),
        (class("[{secretName: s}]"), Type("Opaque")),
        (class("[{}, 1, null]"), Nothing),
        (class("{}"), Nothing),
    ] {
        assert_known(&objects, "s", &known);
    }
}

#[test]
fn a_secret_that_sops_encrypts_exists_and_its_values_are_not_known() {
    use Known::{All, Name, Type};

    let secret = |fields: &str| format!("{{apiVersion: v1, kind: Secret, metadata: {{name: s}}, {fields}}}");
    let encrypted = "'ENC[AES256_GCM,data:c2VjcmV0,iv:aXY=,tag:dGFn,type:str]'";
    for (fields, known) in [
        ("type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: ENC}, sops: {}", Type(DOCKER)),
        (
            "type: kubernetes.io/dockerconfigjson, stringData: {.dockerconfigjson: ENC}, sops: {mac: a}",
            Type(DOCKER),
        ),
        (
            "type: kubernetes.io/dockercfg, data: {a: YQ==, .dockercfg: ENC}, sops: {}",
            Type("kubernetes.io/dockercfg"),
        ),
        ("data: {.dockerconfigjson: ENC}, sops: {}", Type("Opaque")),
        ("type: ENC, data: {.dockerconfigjson: ENC}, sops: {}", Name),
        // SOPS writes its key and its values, or neither.
        ("type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: ENC}", All),
        ("type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: e30=}, sops: {}", All),
        ("type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: ENC}, sops: null", All),
    ] {
        assert_known(&secret(&fields.replace("ENC", encrypted)), "s", &known);
    }
}

#[test]
fn a_secret_with_placeholders_in_its_data_exists_and_its_values_are_not_known() {
    use Known::{All, Name, Type};

    let secret = |fields: &str| format!("{{apiVersion: v1, kind: Secret, metadata: {{name: s}}, {fields}}}");
    for (fields, known) in [
        ("type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: '${CONFIG}'}", Type(DOCKER)),
        ("type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: '$(config)'}", Type(DOCKER)),
        ("type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: '#{config}#'}", Type(DOCKER)),
        ("type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: '<base64>'}", Type(DOCKER)),
        ("type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: '{{ .config }}'}", Type(DOCKER)),
        (
            "type: kubernetes.io/dockerconfigjson, stringData: {.dockerconfigjson: '{{ .config }}'}",
            Type(DOCKER),
        ),
        (
            "type: kubernetes.io/dockerconfigjson, stringData: {.dockerconfigjson: '{\"auths\": {{ .auths }}}'}",
            Type(DOCKER),
        ),
        (
            "type: kubernetes.io/dockercfg, stringData: {.dockercfg: '${CONFIG}'}",
            Type("kubernetes.io/dockercfg"),
        ),
        ("type: '${TYPE}', data: {.dockerconfigjson: '${CONFIG}'}", Name),
        // The text is a docker config with any password, so all but the password is known.
        (
            "type: kubernetes.io/dockerconfigjson, stringData: {.dockerconfigjson: \
             '{\"auths\": {\"contoso.azurecr.io\": {\"password\": \"${PW}\"}}}'}",
            All,
        ),
        ("type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: 'no base64!'}", All),
        ("type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: '{\"auths\": {}}'}", All),
        ("type: kubernetes.io/dockerconfigjson, stringData: {.dockerconfigjson: '{\"auths\": {{'}", All),
        ("type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: e30=, a: '${A}'}", All),
        // The kubelet ignores it, regardless of its content.
        ("type: Opaque, data: {.dockerconfigjson: '${CONFIG}'}", All),
    ] {
        assert_known(&secret(fields), "s", &known);
    }
}

/// The pod, or its cluster, gets a name that is not known yet.
#[test]
fn a_secret_with_a_placeholder_in_its_name_is_not_known() {
    let asked = |namespace: &str, name: &str| {
        let lookups = Lookups::new(Arc::default(), Some(&METADATA), Arc::new(NoLog));
        let asked = json!({"api_version": "v1", "kind": "Secret", "name": name, "namespace": namespace, "field_masks": []});
        lookups.call("kubewarden", "kubernetes", "get_resource", asked.to_string().as_bytes()).unwrap_err()
    };
    for (namespace, name) in
        [("${NS}", "s"), ("$(ns)", "s"), ("{{ .Release.Namespace }}", "s"), ("shop", "<NAME>")]
    {
        assert_eq!(asked(namespace, name), format!("Secret {namespace}/{name} is not among the inputs"));
    }
    assert!(asked("shop", "s").contains("Cannot find v1/Secret named 's'"), "{}", asked("shop", "s"));
}

#[test]
fn an_existing_secret_takes_precedence_over_a_declared_one() {
    let plain = "{apiVersion: v1, kind: Secret, metadata: {name: s}, type: kubernetes.io/dockerconfigjson, \
                 data: {.dockerconfigjson: e30=}}";
    for declared in [
        "{apiVersion: external-secrets.io/v1beta1, kind: ExternalSecret, metadata: {name: s}}",
        "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: s}}",
        "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {a: 'ENC[AES256_GCM,data:a]'}, sops: {}}",
    ] {
        assert_known(&format!("{plain}\n---\n{declared}"), "s", &Known::All);
        assert_known(&format!("{declared}\n---\n{plain}"), "s", &Known::All);
    }
}

#[test]
fn a_template_gives_its_annotations_to_the_secret() {
    let cluster = cluster(
        "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: s, annotations: {b: '2'}}, spec: {template: \
         {metadata: {annotations: {a: '1'}}, type: kubernetes.io/dockerconfigjson}}}",
    );
    let answer = ask(&cluster, "Secret", "s", &["type"]).unwrap();
    assert_eq!(answer["metadata"]["annotations"], json!({"a": "1"}));
}

/// The binding's controller makes the secret and adds it to the ServiceAccount.
#[test]
fn an_acr_pull_binding_adds_its_secret_to_its_service_account() {
    let binding = |group: &str, spec: &str| {
        format!(
            "{{apiVersion: {group}/v1beta2, kind: AcrPullBinding, metadata: {{name: web}}, spec: {spec}}}"
        )
    };
    let account = |name: &str, list: &str| {
        format!(
            "{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: {name}}}, imagePullSecrets: {list}}}"
        )
    };
    let of_builder = binding("acrpull.microsoft.com", "{serviceAccountName: builder}");
    for (objects, name, list) in [
        (of_builder.clone(), "builder", json!([{"name": "acr-pull-web"}])),
        (binding("msi-acrpull.microsoft.com", "{}"), "default", json!([{"name": "acr-pull-web"}])),
        (
            format!("{}\n---\n{of_builder}", account("builder", "[{name: a}]")),
            "builder",
            json!([{"name": "a"}, {"name": "acr-pull-web"}]),
        ),
        (
            format!("{of_builder}\n---\n{}", account("builder", "[{name: a}]")),
            "builder",
            json!([{"name": "a"}, {"name": "acr-pull-web"}]),
        ),
        (
            format!("{of_builder}\n---\n{}", account("builder", "null")),
            "builder",
            json!([{"name": "acr-pull-web"}]),
        ),
        (
            format!("{of_builder}\n---\n{}", account("builder", "[{name: web-msi-acrpull-secret}]")),
            "builder",
            json!([{"name": "web-msi-acrpull-secret"}]),
        ),
        (format!("{of_builder}\n---\n{}", account("other", "[{name: a}]")), "other", json!([{"name": "a"}])),
    ] {
        let cluster = cluster(&objects);
        let answer = ask(&cluster, "ServiceAccount", name, &["imagePullSecrets"]).unwrap();
        assert_eq!(answer["imagePullSecrets"], list, "{objects}");
        assert_known(&objects, "acr-pull-web", &Known::Type(DOCKER));
        assert_known(&objects, "web-msi-acrpull-secret", &Known::Type(DOCKER));
    }
    let foreign = cluster(&binding("example.org", "{serviceAccountName: builder}"));
    assert!(ask(&foreign, "ServiceAccount", "builder", &[]).is_err());
}

/// The pods of a template get the list that the binding's controller completes.
#[test]
fn pods_are_created_with_the_secret_of_an_acr_pull_binding() {
    let objects = "
apiVersion: acrpull.microsoft.com/v1beta2
kind: AcrPullBinding
metadata: {name: web, namespace: shop}
spec: {serviceAccountName: web}
";
    let deployment: Value = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": {"serviceAccountName": "web", "containers": [{"name": "web", "image": "a"}]}}},
    });
    let cluster = cluster(objects);
    let api_server = review::admission::ApiServer {
        namespace: "default",
        operation: "CREATE",
        old: &[],
        cluster: &cluster,
        are_pods_admitted: false,
    };
    let kind = Kind::of(&deployment).unwrap();
    let pod = api_server.pod_requests(&kind, &deployment, "shop").remove(0).request.to_value();
    assert_eq!(pod["object"]["spec"]["imagePullSecrets"], json!([{"name": "acr-pull-web"}]));
}

#[test]
fn an_encrypted_secret_is_not_checked() {
    let secret = |fields: &str| {
        format!("{{apiVersion: v1, kind: Secret, type: {DOCKER}, metadata: {{name: s}}, {fields}}}")
    };
    let settings = RawValue::from_string("{}".to_owned()).unwrap();
    let (judged, cluster) = (Judged::of(Some(&METADATA)), Arc::new(Cluster::default()));
    let host = Arc::new(Lookups::new(cluster.clone(), Some(&METADATA), Arc::new(NoLog)));
    let evaluation = Evaluation::new(&Core, &settings, &judged, "shop", &cluster, host);
    let judge = |text: &str| evaluation.judge(read(text).remove(0)).verdict;

    for values in ["data", "stringData"] {
        let values = format!("{values}: {{.dockerconfigjson: 'ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]'}}");
        let verdict = judge(&secret(&format!("{values}, sops: {{mac: a}}")));
        assert_eq!(
            (verdict.decision, verdict.message.as_deref()),
            (Decision::Skipped, Some("encrypted by SOPS"))
        );
        let rules: Vec<_> =
            judge(&secret(&values)).findings.into_iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["secret-malformed"], "a secret that cannot be decrypted is malformed");
    }
}
