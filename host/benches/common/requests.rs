//! Requests from small to large, and the clusters that they are evaluated in.

use std::sync::Arc;

use acr_pull_secret::sandbox::wasm_section;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use review::cluster::Cluster;
use review::host_calls::HostCalls;
use review::log::NoLog;
use review::lookups::Lookups;
use serde_json::{Map, Value, json};

/// What is sent to the policy, and what answers its lookups.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) payload: Vec<u8>,
    pub(crate) host: Arc<dyn HostCalls>,
}

fn case(object: &Value, settings: &Value, cluster: &[Value]) -> Case {
    update(&Value::Null, object, settings, cluster)
}

/// A request that creates an object if there is no old object, and updates it otherwise.
fn update(old: &Value, object: &Value, settings: &Value, cluster: &[Value]) -> Case {
    let operation = if old.is_null() { "CREATE" } else { "UPDATE" };
    let kind = json!({"group": "", "version": "v1", "kind": object["kind"]});
    let resource = format!("{}s", object["kind"].as_str().unwrap().to_lowercase());
    let request = json!({"uid": "0", "kind": kind, "resource": {"group": "", "version": "v1", "resource": resource},
        "operation": operation, "namespace": "shop", "userInfo": {"username": "kubernetes-admin"}, "object": object,
        "oldObject": old});
    let mut known = Cluster::default();
    for object in cluster {
        known.add(object.clone(), "shop");
    }
    let metadata =
        wasm_section::custom_sections(acr_pull_secret::sandbox::EMBEDDED, wasm_section::METADATA).unwrap();
    let metadata: Value = serde_json::from_slice(metadata[0]).unwrap();
    let host = Lookups::new(Arc::new(known), Some(&metadata), Arc::new(NoLog));
    Case {
        payload: json!({"request": request, "settings": settings}).to_string().into_bytes(),
        host: Arc::new(host),
    }
}

fn container(i: usize) -> Value {
    json!({
        "name": format!("c{i}"), "image": format!("contoso.azurecr.io/shop/web{i}:v1"),
        "args": ["--listen=:8080", "--log-format=json"],
        "ports": [{"containerPort": 8080, "name": "http"}],
        "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "DATABASE", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}},
                {"name": "FEATURES", "value": "checkout,search,recommendations"}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 10},
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "config", "mountPath": "/etc/web"}],
    })
}

fn pod(containers: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web", "tier": "front"}},
        "spec": {"serviceAccountName": "web", "containers": (0..containers).map(container).collect::<Vec<_>>(),
                 "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "config", "configMap": {"name": "web"}}]},
    })
}

/// A pod of one container, as `kubectl run` makes it, in a request of 0.7 KB.
pub(crate) fn small() -> Case {
    let containers = json!([{
        "name": "web", "image": "contoso.azurecr.io/shop/web:v1", "args": ["--listen=:8080"],
        "env": [{"name": "LOG", "value": "json"}], "imagePullPolicy": "IfNotPresent",
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
    }]);
    let metadata = json!({"name": "web", "namespace": "shop", "labels": {"run": "web"}});
    let spec = json!({"containers": containers, "dnsPolicy": "ClusterFirst", "restartPolicy": "Always"});
    case(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}), &json!({}), &[])
}

/// A pod with this number of containers; five of them are 5 KB.
pub(crate) fn containers(count: usize) -> Case {
    case(&pod(count), &json!({}), &[])
}

/// The same pod with the pull secret in its list, which leaves nothing to add.
pub(crate) fn complete(count: usize) -> Case {
    let mut pod = pod(count);
    pod["spec"]["imagePullSecrets"] = json!([{"name": "acr-secret"}]);
    case(&pod, &json!({}), &[])
}

/// An update of a Deployment with this number of containers that changes the image of each.
pub(crate) fn changed_images(count: usize) -> Case {
    let deployment = |tag: &str| {
        let mut template = pod(count);
        for (i, container) in template["spec"]["containers"].as_array_mut().unwrap().iter_mut().enumerate() {
            container["image"] = json!(format!("contoso.azurecr.io/shop/web{i}:{tag}"));
        }
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
               "spec": {"template": template}})
    };
    update(&deployment("v1"), &deployment("v2"), &json!({}), &[])
}

/// A pod with one container in an object of this many kilobytes, filled with annotations and env.
pub(crate) fn kilobytes(count: usize) -> Case {
    let mut pod = pod(1);
    let line = |i: usize| json!({"name": format!("SETTING_{i:04}"), "value": "x".repeat(90)});
    pod["spec"]["containers"][0]["env"] = (0..count * 8).map(line).collect();
    case(&pod, &json!({}), &[])
}

/// A pod with five containers, and this number of entries in `pullSecrets`; the last one matches.
pub(crate) fn entries(count: usize) -> Case {
    let other =
        |i: usize| json!({"registries": [format!("other{i}.azurecr.io")], "secret": format!("secret-{i}")});
    let mut entries: Vec<Value> = (1..count).map(other).collect();
    entries.push(json!({"registries": ["contoso.azurecr.io"], "secret": "acr-secret"}));
    case(&pod(5), &json!({"pullSecrets": entries}), &[])
}

/// A pod with five containers that lists this number of pull secrets, each of which is looked up and read.
pub(crate) fn secrets(count: usize) -> Case {
    let mut pod = pod(5);
    let name = |i: usize| format!("secret-{i}");
    pod["spec"]["imagePullSecrets"] = (0..count).map(|i| json!({"name": name(i)})).collect();
    let secret = |i: usize| {
        let host = if i == 0 { "contoso.azurecr.io".to_owned() } else { format!("other{i}.azurecr.io") };
        let config =
            json!({"auths": {host: {"username": "pull", "password": "p", "auth": "cHVsbDpw"}}}).to_string();
        json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
               "metadata": {"name": name(i), "namespace": "shop"},
               "data": {".dockerconfigjson": BASE64_STANDARD.encode(config)}})
    };
    let cluster: Vec<Value> = (0..count).map(secret).collect();
    let entry = json!({"registries": ["contoso.azurecr.io"], "secret": "secret-0"});
    case(&pod, &json!({"pullSecrets": [entry], "cluster": {"secrets": "credentials"}}), &cluster)
}

/// A service account that gets the secrets of this number of entries.
pub(crate) fn account(entries: usize) -> Case {
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": "shop"}});
    let entry =
        |i: usize| json!({"registries": [format!("r{i}.azurecr.io")], "secret": format!("secret-{i}")});
    let entries: Vec<Value> = (0..entries).map(entry).collect();
    case(&account, &json!({"targets": ["Pod", "ServiceAccount"], "pullSecrets": entries}), &[])
}

/// An update of a Secret with this number of keys, none of which matches an image.
pub(crate) fn keys(count: usize) -> Case {
    let auths: Map<String, Value> =
        (0..count).map(|i| (format!("http://other{i}"), json!({"auth": "cHVsbDpw"}))).collect();
    let config = BASE64_STANDARD.encode(json!({"auths": auths}).to_string());
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "s", "namespace": "shop"}, "data": {".dockerconfigjson": config}});
    update(&secret, &secret, &json!({}), &[])
}
