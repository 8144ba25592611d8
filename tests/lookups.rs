//! Lookups: their requests, every refusal of policy-server, sessions of kwctl, and the time.

use std::sync::{Arc, Mutex};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use review::cluster::store_secret;
use review::host_calls::HostCalls;
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

/// A host without objects that records its requests.
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

/// The same rows as in the tests of the core.
#[test]
fn the_wasm_makes_the_same_lookups_as_the_core() {
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
fn every_refusal_of_policy_server_is_distinguished() {
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
            "let the policy server's ServiceAccount get secrets in namespace \"shop\" by RBAC",
        ),
        (
            "Callback evaluation failure: Cannot find v1/Secret named 'acr-secret' inside of namespace 'Some(\"shop\")'\n\nStack backtrace:\n   0: anyhow",
            "secret-not-found",
            "create it with acr-pull-secret secret --server contoso.azurecr.io --username NAME --password-stdin -n shop",
        ),
        (
            "Callback evaluation failure: Cannot find resource v1/Secret",
            "lookup-failed",
            "look for the reason in the policy server's log",
        ),
        (
            "Callback evaluation failure: kube::Client was not initialized properly",
            "lookup-failed",
            "look for the reason in the policy server's log",
        ),
        (
            "Error sending request over callback channel: no available capacity",
            "lookup-failed",
            "look for the reason in the policy server's log",
        ),
        (
            "Cannot process Wasm guest request: callback channel not provided",
            "lookup-failed",
            "look for the reason in the policy server's log",
        ),
        ("", "lookup-failed", "look for the reason in the policy server's log"),
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
    let answers = refusals.map(|(text, rule, help)| (Err(text.to_owned()), rule, help)).into_iter().chain([
        (Ok("no JSON".to_owned()), "lookup-failed", "look for the reason in the policy server's log"),
        (Ok("\u{feff}{}".to_owned()), "lookup-failed", "look for the reason in the policy server's log"),
    ]);
    for (answer, rule, help) in answers {
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
        assert_eq!(findings[0]["help"], help, "{findings}");
        assert_eq!(core["accepted"], json!(false));
    }
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
fn a_recorded_session_replaces_the_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let (cluster, session) = (folder.path().join("cluster.json"), folder.path().join("session.yml"));
    std::fs::write(&cluster, secret("hunter2")).unwrap();
    let (cluster, session) = (cluster.display().to_string(), session.display().to_string());
    let live = check(&["--cluster", &cluster, "--record", &session], POD);
    assert_eq!(live["results"][0]["decision"], "accepted", "{live}");
    assert_eq!(check(&["--replay", &session], POD), live);
    let without = check(&["--complete"], POD);
    assert_eq!(without["results"][0]["object"]["findings"][0]["rule"], "secret-not-found");
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
        report["results"][0]["object"]["findings"][0]["rule"].clone()
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
    assert_eq!(report["results"][0]["object"]["findings"][0]["rule"], "lookup-failed");
}

#[test]
fn a_token_is_checked_at_the_time_of_the_run() {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let rules = |expires: u64| {
        let claims =
            BASE64_URL_SAFE_NO_PAD.encode(json!({"exp": expires, "aud": "contoso.azurecr.io"}).to_string());
        let secret = secret(&format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl"));
        let report = check(&[], &format!("{POD}---\n{secret}\n"));
        let findings = report["results"][0]["object"]["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(rules(now - 60), ["secret-expired"]);
    assert_eq!(rules(now + 3 * 60 * 60), ["secret-expires-soon"]);
    assert!(rules(now + 365 * 24 * 60 * 60).is_empty());
}
