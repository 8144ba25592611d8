//! Lookups: what is asked, every text in which policy-server refuses one, sessions of kwctl, and the time.

use std::cell::Cell;
use std::sync::{Arc, Mutex};

use acr_pull_secret::cluster::store_secret;
use acr_pull_secret::policy::HostCalls;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use policy_core::host_cluster::HostCluster;
use serde_json::{Value, json};

use crate::engines::{independent_host, json, native, our_host, project, run};

const SETTINGS: &str = r#"{"mode":"validate","cluster":{"secrets":"credentials"},"actions":{"unusable":"reject","unknown":"reject"}}"#;

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers: [{name: web, image: contoso.azurecr.io/web:v1}]
  imagePullSecrets: [{name: acr-secret}]
";

/// A host that gives one answer to everything.
struct Answer(Result<String, String>);

impl HostCalls for Answer {
    fn call(&self, _: &str, _: &str, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        self.0.clone().map(String::into_bytes)
    }
}

/// A host that has nothing, and notes what it is asked.
#[derive(Default)]
struct Asked(Mutex<Vec<Value>>);

impl HostCalls for Asked {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        assert_eq!((binding, namespace, operation), ("kubewarden", "kubernetes", "get_resource"));
        let asked = json(payload);
        let absent = format!("Cannot find v1/{} named '{}'", asked["kind"], asked["name"]);
        self.0.lock().unwrap().push(asked);
        Err(absent)
    }
}

/// The rows by which the core is tested.
#[test]
fn the_wasm_asks_what_the_core_asks() {
    let rows = std::fs::read(project("policy/core/tests/tables/lookups.json")).unwrap();
    for row in json(&rows).as_array().unwrap() {
        let payload = json!({"request": row["request"], "settings": row["settings"]}).to_string();
        for engine in [our_host, independent_host] {
            let host = Arc::new(Asked::default());
            engine("validate", payload.as_bytes(), host.clone());
            assert_eq!(*host.0.lock().unwrap(), *row["asked"].as_array().unwrap(), "{}", row["name"]);
        }
    }
}

/// policy-evaluator: `evaluation_context.rs`, `callback_handler/kubernetes/client.rs`, `runtimes/callback.rs`
#[test]
fn every_refusal_of_policy_server_is_told_apart() {
    let refusals = [
        (
            "Policy has not been granted access to the 'kubernetes/get_resource' host capability. The violation has been reported.",
            "lookup-failed",
            "grant the policy the host capability kubernetes/get_resource",
        ),
        (
            "Policy has not been granted access to Kubernetes v1/Secret resources. The violation has been reported.",
            "lookup-failed",
            "add {apiVersion: v1, kind: Secret} to the policy's contextAwareResources",
        ),
        (
            "Callback evaluation failure: ApiError: secrets \"acr-secret\" is forbidden: User \"system:serviceaccount:kubewarden:policy-server\" cannot get resource \"secrets\" in API group \"\" in the namespace \"shop\"",
            "lookup-failed",
            "RBAC must let the policy server's ServiceAccount get secrets in namespace \"shop\"",
        ),
        (
            "Callback evaluation failure: Cannot find v1/Secret named 'acr-secret' inside of namespace 'Some(\"shop\")'\n\nStack backtrace:\n   0: anyhow",
            "secret-not-found",
            "create it with kubectl create secret docker-registry acr-secret",
        ),
        (
            "Callback evaluation failure: Cannot find resource v1/Secret",
            "lookup-failed",
            "the cluster gave no answer",
        ),
        (
            "Callback evaluation failure: kube::Client was not initialized properly",
            "lookup-failed",
            "the cluster gave no answer",
        ),
        (
            "Error sending request over callback channel: no available capacity",
            "lookup-failed",
            "the cluster gave no answer",
        ),
        (
            "Cannot process Wasm guest request: callback channel not provided",
            "lookup-failed",
            "the cluster gave no answer",
        ),
        ("", "lookup-failed", "the cluster gave no answer"),
    ];
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "containers": [{"name": "web", "image": "contoso.azurecr.io/web:v1"}],
            "imagePullSecrets": [{"name": "acr-secret"}],
        },
    });
    let settings: Value = serde_json::from_str(SETTINGS).unwrap();
    let payload =
        json!({"request": {"operation": "CREATE", "object": pod}, "settings": settings}).to_string();
    let answers = refusals.map(|(text, rule, mend)| (Err(text.to_owned()), rule, mend)).into_iter().chain([
        (Ok("no JSON".to_owned()), "lookup-failed", "the cluster gave no answer"),
        (Ok("\u{feff}{}".to_owned()), "lookup-failed", "the cluster gave no answer"),
    ]);
    for (answer, rule, mend) in answers {
        let core = json(&native(payload.as_bytes(), &Answer(answer.clone())));
        assert_eq!(core, json(&our_host("validate", payload.as_bytes(), Arc::new(Answer(answer.clone())))));
        assert_eq!(
            core,
            json(&independent_host("validate", payload.as_bytes(), Arc::new(Answer(answer.clone()))))
        );
        let findings: Value =
            serde_json::from_str(core["audit_annotations"]["findings"].as_str().unwrap()).unwrap();
        assert_eq!(findings.as_array().unwrap().len(), 1, "{findings}");
        assert_eq!(findings[0]["rule"], rule, "{answer:?}");
        assert!(findings[0]["message"].as_str().unwrap().contains(mend), "{findings}");
        assert_eq!(core["accepted"], json!(false));
    }
}

const NOW: u64 = 1_800_000_000;

/// The rules that the core alone reports for a pod at that time, given the answers to its lookups of secrets.
fn rules(pod: &Value, secrets: &str, get: impl Fn(&str) -> Result<Value, String>) -> Vec<String> {
    let cluster = HostCluster {
        get_resource: |request: &[u8]| {
            get(json(request)["name"].as_str().unwrap()).map(|found| found.to_string().into_bytes())
        },
        now: || Some(NOW),
    };
    let request = json!({"operation": "CREATE", "namespace": "shop", "object": pod});
    let settings = json!({"mode": "validate", "cluster": {"secrets": secrets}, "pullSecrets": [
        {"registries": ["contoso.azurecr.io"], "secret": "acr-secret"},
        {"registries": ["fabrikam.azurecr.io"], "secret": "fabrikam"},
    ]});
    let payload = json!({"request": request, "settings": settings}).to_string();
    let answer = json(&policy_core::wire::validate(payload.as_bytes(), &cluster));
    let findings =
        answer["audit_annotations"]["findings"].as_str().map_or(Value::Null, |text| json(text.as_bytes()));
    let mut rules: Vec<String> = findings
        .as_array()
        .into_iter()
        .flatten()
        .map(|finding| finding["rule"].as_str().unwrap().to_owned())
        .collect();
    rules.sort();
    rules
}

fn pod(images: &[&str], secrets: &[&str]) -> Value {
    let containers: Vec<Value> = images.iter().map(|image| json!({"name": "c", "image": image})).collect();
    let secrets: Vec<Value> = secrets.iter().map(|name| json!({"name": name})).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": containers, "imagePullSecrets": secrets},
    })
}

#[test]
fn the_core_alone_knows_that_a_secret_it_could_not_see_may_serve_an_image() {
    let get = |name: &str| match name {
        "acr-secret" => Err(format!("Cannot find v1/Secret named '{name}'")),
        _ => Err("kube::Client was not initialized properly".to_owned()),
    };
    let one = pod(&["contoso.azurecr.io/web"], &["acr-secret", "other"]);
    assert_eq!(rules(&one, "credentials", get), ["lookup-failed"]);
    // By its existence alone no other secret serves it.
    let two = pod(&["contoso.azurecr.io/web", "fabrikam.azurecr.io/web"], &["acr-secret", "fabrikam"]);
    assert_eq!(rules(&two, "exists", get), ["lookup-failed", "secret-not-found"]);
}

#[test]
fn the_core_alone_warns_of_a_token_for_its_last_thirty_days() {
    const MONTH: u64 = 30 * 24 * 60 * 60;
    let rules = |expires: u64| {
        let claims = json!({"exp": expires, "aud": "contoso.azurecr.io"}).to_string();
        let token = format!("eyJhbGciOiJSUzI1NiJ9.{}.c2lnbmF0dXJl", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let mut stored = json(secret(&token).as_bytes());
        store_secret(&mut stored);
        rules(&pod(&["contoso.azurecr.io/web"], &["acr-secret"]), "credentials", |_| Ok(stored.clone()))
    };
    assert_eq!(rules(NOW), ["secret-expired"]);
    assert_eq!(rules(NOW + 1), ["secret-short-lived"]);
    assert_eq!(rules(NOW + MONTH), ["secret-short-lived"]);
    assert!(rules(NOW + MONTH + 1).is_empty());
}

#[test]
fn the_core_alone_asks_nothing_when_a_template_stays_as_it_was() {
    let deployment = |replicas: u64, template: Value| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"replicas": replicas, "template": {"spec": template}},
        })
    };
    let template = |image: &str, account: &str, secrets: Value| {
        let containers = [json!({"name": "c", "image": image})];
        json!({"containers": containers, "serviceAccountName": account, "imagePullSecrets": secrets})
    };
    let lookups = |old: &Value, new: &Value| {
        let asked = Cell::new(0);
        let cluster = HostCluster {
            get_resource: |_: &[u8]| {
                asked.set(asked.get() + 1);
                Err("Cannot find v1/Secret named 'acr-secret'".to_owned())
            },
            now: || Some(NOW),
        };
        let request = json!({"operation": "UPDATE", "namespace": "shop", "object": new, "oldObject": old});
        let settings = json!({"mode": "validate", "cluster": {"secrets": "exists", "serviceAccounts": true}});
        let payload = json!({"request": request, "settings": settings}).to_string();
        policy_core::wire::validate(payload.as_bytes(), &cluster);
        asked.get()
    };
    let (image, secrets) = ("contoso.azurecr.io/web:v1", json!([{"name": "acr-secret"}]));
    let asked = |old: Value, new: Value| lookups(&deployment(1, old), &deployment(9, new));
    let old = template(image, "robot", secrets.clone());
    assert_eq!(asked(old.clone(), old.clone()), 0);
    assert!(asked(old.clone(), template("contoso.azurecr.io/web:v2", "robot", secrets.clone())) > 0);
    assert!(asked(old.clone(), template(image, "builder", secrets)) > 0);
    assert!(asked(old, template(image, "robot", json!([{"name": "other"}]))) > 0);
    let none = template(image, "robot", json!([]));
    assert_eq!(asked(none.clone(), none.clone()), 0);
    // A list with a nameless entry keeps the service account's secrets out.
    assert!(asked(none, template(image, "robot", json!([{}]))) > 0);
}

fn check(args: &[&str], input: &str) -> Value {
    let output = run(&[&["check", "-o", "json", "--settings-json", SETTINGS], args, &["-"]].concat(), input);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn secret(password: &str) -> String {
    let config = json!({"auths": {"contoso.azurecr.io": {"username": "u", "password": password}}});
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "acr-secret", "namespace": "shop"},
        "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": config.to_string()},
    })
    .to_string()
}

#[test]
fn a_recorded_session_stands_in_for_the_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let (cluster, session) = (folder.path().join("cluster.json"), folder.path().join("session.yml"));
    std::fs::write(&cluster, secret("hunter2")).unwrap();
    let (cluster, session) = (cluster.display().to_string(), session.display().to_string());
    let live = check(&["--cluster", &cluster, "--record", &session], POD);
    assert_eq!(live["results"][0]["decision"], "accepted", "{live}");
    assert_eq!(check(&["--replay", &session], POD), live);
    let without = check(&[], POD);
    assert_eq!(without["results"][0]["findings"][0]["rule"], "secret-not-found");
}

#[test]
fn a_session_holds_no_more_than_the_policy_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (cluster, session) = (folder.path().join("cluster.json"), folder.path().join("session.yml"));
    let mut stored = json(secret("hunter2").as_bytes());
    store_secret(&mut stored);
    std::fs::write(&cluster, stored.to_string()).unwrap();
    let data = stored["data"][".dockerconfigjson"].as_str().unwrap();
    for (secrets, is_held) in [("exists", false), ("credentials", true)] {
        let settings = json!({"mode": "validate", "cluster": {"secrets": secrets}}).to_string();
        let (cluster, session) = (cluster.display().to_string(), session.display().to_string());
        let args = ["check", "--settings-json", &settings, "--cluster", &cluster, "--record", &session, "-"];
        assert!(run(&args, POD).status.success());
        let session = std::fs::read_to_string(&session).unwrap();
        assert!(session.contains("kubernetes.io/dockerconfigjson"), "{secrets}: {session}");
        assert_eq!(session.contains(data), is_held, "{secrets}: {session}");
    }
}

/// As kwctl writes it: the tag on a line of its own, fields in YAML.
#[test]
fn a_session_of_kwctl_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let session = folder.path().join("session.yml");
    let exchange = "- type: Exchange
  request: |
    !KubernetesGetResource
    api_version: v1
    kind: Secret
    name: acr-secret
    namespace: shop
    disable_cache: false
    field_masks:
    - data
    - type
  response:
    type: RESPONSE
";
    let replay = |response: &str| {
        std::fs::write(&session, exchange.replace("RESPONSE", response)).unwrap();
        let report = check(&["--replay", &session.display().to_string()], POD);
        report["results"][0]["findings"][0]["rule"].clone()
    };
    assert_eq!(
        replay("Success\n    payload: '{\"kind\":\"Secret\",\"type\":\"Opaque\"}'"),
        "secret-wrong-type"
    );
    assert_eq!(replay("Error\n    message: kube::Client was not initialized properly"), "lookup-failed");
    let other =
        exchange.replace("name: acr-secret", "name: other").replace("RESPONSE", "Error\n    message: x");
    std::fs::write(&session, other).unwrap();
    let report = check(&["--replay", &session.display().to_string()], POD);
    assert_eq!(report["results"][0]["findings"][0]["rule"], "lookup-failed");
}

#[test]
fn a_token_is_judged_by_the_time_of_the_run() {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let rules = |expires: u64| {
        let claims =
            BASE64_URL_SAFE_NO_PAD.encode(json!({"exp": expires, "aud": "contoso.azurecr.io"}).to_string());
        let secret = secret(&format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl"));
        let report = check(&[], &format!("{POD}---\n{secret}\n"));
        let findings = report["results"][0]["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(rules(now - 60), ["secret-expired"]);
    assert_eq!(rules(now + 3 * 60 * 60), ["secret-short-lived"]);
    assert!(rules(now + 365 * 24 * 60 * 60).is_empty());
}
