//! What the kubelet reports and what the secrets are, against the cause, whether the images can be pulled, and what to type.

mod since;
mod waits;

use serde_json::{Value, json};

use super::consistency::assert_consistent;
use super::{
    ACCOUNT, EVENTS, IMAGE, PASSWORD, POD, account, anonymous, answers, back_off, event, expired, failed,
    pod, secrets, unauthorized, valid, waiting,
};
use crate::kubectl::{Stub, secret};

const MODEL: &str = "contoso.azurecr.io/shop/model:v1";

/// A situation and the answer to it.
struct Case {
    name: &'static str,
    pod: Value,
    events: Vec<Value>,
    /// None where it does not exist
    account: Option<Value>,
    secrets: Vec<Value>,
    cause: &'static str,
    can_pull: bool,
    /// Empty where there is nothing to do
    help: &'static str,
}

impl Case {
    fn new(name: &'static str, pod: Value, cause: &'static str, can_pull: bool, help: &'static str) -> Self {
        let events = Vec::new();
        Self {
            name,
            pod,
            events,
            account: Some(account(&[])),
            secrets: vec![valid("acr-secret")],
            cause,
            can_pull,
            help,
        }
    }

    fn events(self, events: &[Value]) -> Self {
        Self { events: events.to_vec(), ..self }
    }

    fn secrets(self, secrets: &[Value]) -> Self {
        Self { secrets: secrets.to_vec(), ..self }
    }

    fn answer(&self) -> Value {
        let listed = self.pod["spec"]["imagePullSecrets"].as_array().unwrap().iter();
        let names: Vec<&str> = listed.map(|entry| entry["name"].as_str().unwrap()).collect();
        let stub = Stub::new()
            .objects(POD, std::slice::from_ref(&self.pod))
            .objects(EVENTS, &self.events)
            .objects(ACCOUNT, self.account.as_slice())
            .objects(&secrets(&names.join(" ")), &self.secrets);
        let (answers, status) = answers(&stub, &["web-5d8f7c9b6-x2k4p", "-n", "shop"]);
        assert_eq!(status, Some(i32::from(answers[0]["canPull"] == false)), "{}: {answers}", self.name);
        answers[0].clone()
    }
}

fn check(cases: Vec<Case>) {
    for case in cases {
        let (answer, name) = (case.answer(), case.name);
        let cause = answer["cause"].as_str().unwrap();
        assert!(cause.starts_with(case.cause), "{name}: {answer:#}");
        assert_eq!(answer["canPull"], case.can_pull, "{name}: {answer:#}");
        let help = answer["help"].as_str().unwrap_or_default();
        assert!(help.contains(case.help) && help.is_empty() == case.help.is_empty(), "{name}: {answer:#}");
        for image in answer["images"].as_array().unwrap() {
            let secrets = image["secrets"].as_array().unwrap();
            let listed = case.pod["spec"]["imagePullSecrets"].as_array().unwrap();
            assert_eq!(secrets.len(), listed.len(), "{name}: {answer:#}");
            for secret in secrets {
                assert_consistent(secret, image, cause, name);
            }
        }
        assert!(!answer.to_string().contains("will fail"), "{name}: {answer:#}");
    }
}

fn of(end: &str) -> (Value, Vec<Value>) {
    (pod(IMAGE, &["acr-secret"], &back_off()), vec![failed(end)])
}

/// A pod with an image volume, which its container mounts or not.
fn with_model(mut pod: Value, is_mounted: bool) -> Value {
    pod["spec"]["volumes"] = json!([{"name": "model", "image": {"reference": MODEL}}]);
    if is_mounted {
        pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "model", "mountPath": "/m"}]);
    }
    pod
}

fn running() -> Value {
    json!({"running": {"startedAt": "2026-07-31T03:00:00Z"}})
}

fn pulled(image: &str) -> Value {
    event("Pulled", &format!("Successfully pulled image \"{image}\" in 1.2s (1.2s including waiting)"))
}

fn present(image: &str) -> Value {
    event("Pulled", &format!("Container image \"{image}\" already present on machine"))
}

/// A recorded message of a container runtime, where the secret has no fault.
#[test]
fn each_message_of_a_runtime_has_its_cause() {
    let request = "failed to do request: Head \"https://contoso.azurecr.io/v2/shop/web/manifests/v1\": ";
    let cases = [
        ("401", "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed", "contoso.azurecr.io refuses repository shop/web: it does not exist, or the identity of secret acr-secret has no permission", "--pull"),
        ("403", "unexpected status from HEAD request to https://contoso.azurecr.io/v2/shop/web/manifests/v1: 403 Forbidden", "contoso.azurecr.io answers 403", "network rules"),
        ("404", "contoso.azurecr.io/shop/web:v1: not found", "contoso.azurecr.io has no image contoso.azurecr.io/shop/web:v1", "az acr repository show-tags"),
        ("manifest unknown", "reading manifest v1 in contoso.azurecr.io/shop/web: manifest unknown", "contoso.azurecr.io has no image", "az acr"),
        ("platform", "no match for platform in manifest: not found", "contoso.azurecr.io/shop/web:v1 is not for the platform of node aks-pool-1", "kubectl get node aks-pool-1"),
        ("429", "unexpected status code: 429 Too Many Requests - Server message: toomanyrequests: too many", "contoso.azurecr.io allows no more pulls", "wait"),
        ("quota", "write /var/lib/containerd/x: disk quota exceeded", "node aks-pool-1 has no room", "kubectl describe node aks-pool-1"),
        ("qps", "pull QPS exceeded", "the kubelet of node aks-pool-1 pulls no more for now", "wait"),
        ("5xx", "unexpected status from HEAD request to https://contoso.azurecr.io/v2/: 503 Service Unavailable", "contoso.azurecr.io answers with an error of its own", "wait"),
    ]
    .map(|(name, end, cause, help)| (name, end.to_owned(), cause, help));
    let requests = [
        (
            "x509",
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "node aks-pool-1 does not trust the certificate of contoso.azurecr.io",
            "authority",
        ),
        (
            "dns",
            "dial tcp: lookup contoso.azurecr.io on 10.0.0.10:53: no such host",
            "node aks-pool-1 does not find the name contoso.azurecr.io in DNS",
            "DNS",
        ),
        (
            "timeout",
            "dial tcp 10.0.0.4:443: i/o timeout",
            "node aks-pool-1 gets no connection to contoso.azurecr.io",
            "firewall",
        ),
        (
            "proxy",
            "proxyconnect tcp: dial tcp: lookup proxy.corp: no such host",
            "the proxy of node aks-pool-1 does not let it reach contoso.azurecr.io",
            "NO_PROXY",
        ),
        (
            "http",
            "http: server gave HTTP response to HTTPS client",
            "contoso.azurecr.io answers http",
            "certificate",
        ),
    ]
    .map(|(name, end, cause, help)| (name, format!("{request}{end}"), cause, help));
    let layers = (
        "layers",
        "failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://x.blob.core.windows.net/a?sig=FormersPassw0rd+six\": dial tcp 20.0.0.1:443: i/o timeout".to_owned(),
        "node aks-pool-1 gets no connection to x.blob.core.windows.net",
        "firewall",
    );
    check(
        cases
            .into_iter()
            .chain(requests)
            .chain([layers])
            .map(|(name, end, cause, help)| {
                let (pod, events) = of(&end);
                Case::new(name, pod, cause, false, help).events(&events)
            })
            .collect(),
    );
}

#[test]
fn each_reason_of_the_kubelet_has_its_cause() {
    let of = |reason: &str, message: &str| pod(IMAGE, &["acr-secret"], &waiting(reason, message));
    let inspect = format!("Failed to inspect image \"{IMAGE}\": rpc error: code = Unknown desc = odd");
    let signature = format!("image pull failed for {IMAGE} because the signature validation failed: odd");
    let registry = format!("image pull failed for {IMAGE} because the registry is unavailable: odd");
    let mut never = of("ErrImageNeverPull", "Container image is not present with pull policy of Never");
    never["spec"]["containers"][0]["imagePullPolicy"] = "Never".into();
    check(vec![
        Case::new(
            "inspect",
            of("ImageInspectError", &inspect),
            "the container runtime of node aks-pool-1 cannot find out",
            false,
            "kubectl describe pod",
        ),
        Case::new(
            "signature",
            of("SignatureValidationFailed", &signature),
            "contoso.azurecr.io/shop/web:v1 has no signature that node",
            false,
            "sign the image",
        ),
        Case::new(
            "registry",
            of("RegistryUnavailable", &registry),
            "node aks-pool-1 gets no connection to contoso.azurecr.io",
            false,
            "firewall",
        ),
        Case::new(
            "never",
            never,
            "the pod has imagePullPolicy Never",
            false,
            "imagePullPolicy: IfNotPresent",
        ),
    ]);
}

/// Where the pull is only expected to fail, nothing says that it did.
#[test]
fn what_the_node_has_is_not_called_failed() {
    let running_pod = |secrets: &[&str]| pod(IMAGE, secrets, &running());
    let completed =
        pod(IMAGE, &["acr-secret"], &json!({"terminated": {"exitCode": 0, "reason": "Completed"}}));
    let creating = || pod(IMAGE, &["acr-secret"], &waiting("ContainerCreating", ""));
    let without_secret = pod(IMAGE, &[], &waiting("ContainerCreating", ""));
    let mut crashing_init = pod(IMAGE, &["acr-secret"], &waiting("PodInitializing", ""));
    crashing_init["spec"]["initContainers"] = json!([{"name": "init", "image": MODEL}]);
    crashing_init["status"]["initContainerStatuses"] =
        json!([{"name": "init", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]);
    let mount = event("FailedMount", "MountVolume.SetUp failed for volume \"data\": not found");
    check(vec![
        Case::new("pulled", running_pod(&["acr-secret"]), "none: every image was pulled", true, "").events(&[pulled(IMAGE)]),
        Case::new("completed", completed, "none: every image was pulled", true, "").events(&[pulled(IMAGE)]),
        Case::new("identity", running_pod(&[]), "none: every image was pulled", true, "").events(&[pulled(IMAGE)]),
        Case::new("secrets are gone", running_pod(&["acr-secret"]), "none: every image was pulled", true, "")
            .events(&[pulled(IMAGE)])
            .secrets(&[]),
        Case::new("on the node", running_pod(&["acr-secret"]), "none: the node has contoso.azurecr.io/shop/web:v1, and a pod on another node can pull it with key contoso.azurecr.io of secret acr-secret", true, "")
            .events(&[present(IMAGE)]),
        Case::new("on the node, no secret", running_pod(&[]), "none: the node has contoso.azurecr.io/shop/web:v1, and a pod on another node gets it only if that node has an identity", true, "")
            .events(&[present(IMAGE)]),
        Case::new("events are gone", running_pod(&["acr-secret"]), "none: the node has contoso.azurecr.io/shop/web:v1, and a pod on another node can", true, ""),
        Case::new("not yet", creating(), "none so far: the kubelet reports nothing about contoso.azurecr.io/shop/web:v1", true, ""),
        Case::new("not yet, no secret", without_secret, "none so far: the kubelet reports nothing about contoso.azurecr.io/shop/web:v1, and without a pull secret for contoso.azurecr.io, its node needs an identity", true, ""),
        Case::new("pulling", creating(), "none so far: the kubelet has been pulling contoso.azurecr.io/shop/web:v1 since 2026-07-31T03:04:05Z", true, "kubectl describe pod")
            .events(&[event("Pulling", &format!("Pulling image \"{IMAGE}\""))]),
        Case::new("pulling another", creating(), "none so far: the kubelet reports nothing about contoso", true, "")
            .events(&[event("Pulling", &format!("Pulling image \"{MODEL}\""))]),
        Case::new("pulled, not started", creating(), "none: every image was pulled", true, "").events(&[pulled(IMAGE)]),
        Case::new("volume", creating(), "none so far: the pod waits for something else (FailedMount): MountVolume", true, "kubectl describe pod").events(std::slice::from_ref(&mount)),
        Case::new(
            "volume, and a credential that has expired",
            creating(),
            "the pod waits for something else (FailedMount): MountVolume.SetUp failed for volume \"data\": not found, and the pull for container web fails unless the identity of its node may pull: key",
            false,
            "secret --merge",
        )
        .events(&[mount])
        .secrets(&[expired()]),
        Case::new("init container", crashing_init, "no pull has failed, and container init waits for another reason: CrashLoopBackOff", true, "kubectl logs"),
    ]);
}

/// The image of a volume, of an init container, of a sidecar and of an ephemeral container.
#[test]
fn the_cause_names_the_image_whose_pull_fails() {
    let failed =
        |image: &str, end: &str| event("Failed", &format!("Failed to pull image \"{image}\": {end}"));
    let no_model = failed(MODEL, "reading manifest v1 in contoso.azurecr.io/shop/model: manifest unknown");
    let names_model = waiting(
        "ImagePullBackOff",
        &format!("Back-off pulling image \"{MODEL}\": ErrImagePull: manifest unknown"),
    );
    let cause = "contoso.azurecr.io has no image contoso.azurecr.io/shop/model:v1";
    let mut cases = vec![
        Case::new(
            "volume, mounted",
            with_model(pod(IMAGE, &["acr-secret"], &names_model), true),
            cause,
            false,
            "show-tags",
        ),
        Case::new(
            "volume, not mounted",
            with_model(pod(IMAGE, &["acr-secret"], &names_model), false),
            cause,
            false,
            "show-tags",
        ),
        Case::new(
            "volume beside a running container",
            with_model(pod(IMAGE, &["acr-secret"], &running()), false),
            cause,
            false,
            "show-tags",
        )
        .events(&[pulled(IMAGE), no_model.clone()]),
        Case::new(
            "volume of a container that was not created",
            with_model(pod(IMAGE, &["acr-secret"], &waiting("ContainerCreating", "")), true),
            cause,
            false,
            "show-tags",
        )
        .events(&[no_model]),
    ];
    for (list, statuses, restart) in [
        ("initContainers", "initContainerStatuses", Value::Null),
        ("initContainers", "initContainerStatuses", "Always".into()),
        ("ephemeralContainers", "ephemeralContainerStatuses", Value::Null),
    ] {
        let mut pod = pod(IMAGE, &["acr-secret"], &waiting("PodInitializing", ""));
        pod["spec"][list] = json!([{"name": "other", "image": MODEL, "restartPolicy": restart}]);
        pod["status"][statuses] = json!([{"name": "other", "state": names_model}]);
        cases.push(Case::new(list, pod, cause, false, "show-tags"));
    }
    let mut same = pod(IMAGE, &["acr-secret"], &running());
    same["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "b", "image": IMAGE}));
    let denied = waiting("ErrImagePull", "unauthorized: authentication required");
    same["status"]["containerStatuses"].as_array_mut().unwrap().push(json!({"name": "b", "state": denied}));
    cases.push(Case::new(
        "same image twice",
        same,
        "contoso.azurecr.io refuses the credential",
        false,
        "--pull",
    ));
    check(cases);
}

#[test]
fn a_pod_that_pulls_no_more_says_so() {
    let over = |phase: &str, reason: &str, secrets: &[&str]| {
        let mut pod = pod(
            IMAGE,
            secrets,
            &json!({"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}}),
        );
        pod["status"]["phase"] = phase.into();
        pod["status"]["reason"] = reason.into();
        pod
    };
    let mut deleted = pod(IMAGE, &["acr-secret"], &back_off());
    deleted["metadata"]["deletionTimestamp"] = "2026-07-31T03:05:00Z".into();
    let mut lost = deleted.clone();
    lost["status"]["reason"] = "NodeLost".into();
    check(vec![
        Case::new("evicted", over("Failed", "Evicted", &["acr-secret"]), "the pod has finished (Failed: Evicted) and pulls no more images", true, ""),
        Case::new("evicted, expired", over("Failed", "Evicted", &["acr-secret"]), "the pod has finished (Failed: Evicted) and pulls no more images, and a new pod fails unless the identity of its node may pull: key contoso", false, "acr-pull-secret secret")
            .secrets(&[expired()]),
        Case::new("succeeded", over("Succeeded", "", &["acr-secret"]), "the pod has finished (Succeeded) and pulls no more images", true, ""),
        Case::new("deleted", deleted, "the pod is being deleted and pulls no more images, and a new pod would fail: contoso.azurecr.io refuses", false, "--pull")
            .events(&[unauthorized()]),
        Case::new("node is gone", lost, "the pod is being deleted and pulls no more images, and a new pod would fail: contoso.azurecr.io refuses", false, "--pull")
            .events(&[unauthorized()]),
    ]);
}

#[test]
fn credentials_have_their_cause() {
    let keys = |count: usize| {
        let logins: serde_json::Map<String, Value> = (0..count)
            .map(|i| {
                (
                    format!("contoso.azurecr.io{}", "/".repeat(i)),
                    json!({"username": "reader", "password": ""}),
                )
            })
            .collect();
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "acr-secret", "namespace": "shop"},
            "stringData": {".dockerconfigjson": json!({"auths": logins}).to_string()},
        })
    };
    let waiting_pod = || pod(IMAGE, &["acr-secret"], &back_off());
    let mut without_account = Case::new(
        "no ServiceAccount",
        pod(IMAGE, &[], &back_off()),
        "the pod lists no pull secret for contoso.azurecr.io, and its ServiceAccount web does not exist",
        false,
        "&& kubectl create serviceaccount web -n shop && kubectl patch serviceaccount web -n shop",
    )
    .events(&[anonymous()]);
    without_account.account = None;
    let many: Vec<String> = (0..9).map(|i| format!("secret-{i}")).collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let others: Vec<Value> = names
        .iter()
        .map(|name| secret(name, "fabrikam.azurecr.io", ("reader", PASSWORD), &Value::Null))
        .collect();
    check(vec![
        without_account,
        Case::new("several keys", waiting_pod(), "key contoso.azurecr.io", false, "acr-pull-secret secret").events(&[unauthorized()]).secrets(&[keys(9)]),
        Case::new("several secrets", pod(IMAGE, &names, &back_off()), "no key of the pod's pull secrets (secret-0, secret-1, secret-2 and 6 more) is for contoso.azurecr.io (key fabrikam.azurecr.io of secret secret-0: it does not match)", false, "acr-pull-secret secret")
            .events(&[anonymous()])
            .secrets(&others),
        Case::new("long key", waiting_pod(), "no key of the pod's pull secrets (acr-secret) is for contoso.azurecr.io (key aaaaaaaaaaaaaaaa", false, "acr-pull-secret secret")
            .events(&[anonymous()])
            .secrets(&[secret("acr-secret", &format!("{}.azurecr.io", "a".repeat(300)), ("reader", PASSWORD), &Value::Null)]),
        // The secret was written again, and the kubelet has other trouble.
        Case::new("written, no image", waiting_pod(), "contoso.azurecr.io has no image", false, "show-tags")
            .events(&[failed(&format!("{IMAGE}: not found"))]),
    ]);
}
