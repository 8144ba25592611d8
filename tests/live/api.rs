//! The real kubectl with a small API server, which has what `--live` and `why` ask for.

use std::process::Command;

use serde_json::{Value, json};

use super::{PASSWORD, expired, object, objects, template};
use crate::engines::command_alone;
use crate::registry::front::{Act, Front, Head, answer};

/// The kinds of each group, with their resources.
const KINDS: [(&str, &[(&str, &str)]); 3] = [
    (
        "v1",
        &[
            ("Pod", "pods"),
            ("PodTemplate", "podtemplates"),
            ("ReplicationController", "replicationcontrollers"),
            ("ServiceAccount", "serviceaccounts"),
            ("Secret", "secrets"),
            ("Event", "events"),
        ],
    ),
    (
        "apps/v1",
        &[
            ("Deployment", "deployments"),
            ("ReplicaSet", "replicasets"),
            ("StatefulSet", "statefulsets"),
            ("DaemonSet", "daemonsets"),
        ],
    ),
    ("batch/v1", &[("Job", "jobs"), ("CronJob", "cronjobs")]),
];

fn reply(head: &Head) -> Act {
    let (path, query) = head.path.split_once('?').unwrap_or((&head.path, ""));
    let value = discovery(path).or_else(|| found(path, query));
    let (status, body) = if let Some(value) = value {
        ("200 OK", value)
    } else {
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404,
            "message": format!("{path} not found"), "details": {},
        });
        ("404 Not Found", status)
    };
    let text = answer(status, "Content-Type: application/json\r\n", &body.to_string());
    Act::Answer(Box::new(move |_| text))
}

fn discovery(path: &str) -> Option<Value> {
    let version = |group: &str| json!({"groupVersion": format!("{group}/v1"), "version": "v1"});
    let group =
        |name: &str| json!({"name": name, "versions": [version(name)], "preferredVersion": version(name)});
    match path {
        "/version" => Some(json!({"major": "1", "minor": "32", "gitVersion": "v1.32.4"})),
        "/api" => Some(json!({"kind": "APIVersions", "apiVersion": "v1", "versions": ["v1"]})),
        "/apis" => Some(
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group("apps"), group("batch")]}),
        ),
        _ => {
            let api_version = path.strip_prefix("/api/").or_else(|| path.strip_prefix("/apis/"))?;
            let (_, kinds) = KINDS.iter().find(|(known, _)| *known == api_version)?;
            let resource = |(kind, name): &(&str, &str)| {
                json!({
                    "name": name, "singularName": kind.to_lowercase(), "namespaced": true, "kind": kind,
                    "verbs": ["get", "list"],
                })
            };
            let resources: Vec<Value> = kinds.iter().map(resource).collect();
            Some(json!({
                "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": resources,
            }))
        }
    }
}

/// The objects of a path: all of the cluster or of a namespace, or one by its name.
fn found(path: &str, query: &str) -> Option<Value> {
    let path = path.strip_prefix("/api/").or_else(|| path.strip_prefix("/apis/"))?;
    let (api_version, kinds, rest) = KINDS.iter().find_map(|(api_version, kinds)| {
        Some((api_version, kinds, path.strip_prefix(api_version)?.strip_prefix('/')?))
    })?;
    let (namespace, rest) = match rest.strip_prefix("namespaces/").map(|rest| rest.split_once('/')) {
        Some(found) => found.map(|(namespace, rest)| (Some(namespace), rest))?,
        None => (None, rest),
    };
    let (resource, name) =
        rest.split_once('/').map_or((rest, None), |(resource, name)| (resource, Some(name)));
    let (kind, _) = kinds.iter().find(|(_, known)| *known == resource)?;
    let mut all = objects();
    all.push(expired());
    all.push(json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"name": "other", "namespace": "shop"},
        "data": {"password": PASSWORD},
    }));
    let mut elsewhere = object("Pod", "elsewhere", None, &template(&["acr-secret"]));
    elsewhere["metadata"]["namespace"] = "ops".into();
    all.push(elsewhere);
    all.retain(|object| namespace.is_none_or(|namespace| object["metadata"]["namespace"] == namespace));
    all.retain(|object| object["kind"] == *kind);
    if let Some(name) = name {
        return all.into_iter().find(|object| object["metadata"]["name"] == name);
    }
    let query = query.replace("%2F", "/").replace("%3D", "=");
    let kept = |object: &Value| {
        let selected = query.split('&').find_map(|pair| pair.strip_prefix("fieldSelector=type="));
        selected.is_none_or(|kind| object["type"] == kind)
    };
    all.retain(kept);
    Some(json!({"kind": format!("{kind}List"), "apiVersion": api_version, "metadata": {}, "items": all}))
}

/// The command with the real kubectl, in a home of its own.
fn run(api: &Front, args: &[&str]) -> (String, String, Option<i32>) {
    let home = tempfile::tempdir().unwrap();
    let kubeconfig = home.path().join("kubeconfig.yaml");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "nowhere", "users": [{"name": "ann", "user": {}}],
        "clusters": [
            {"name": "stub", "cluster": {"server": format!("http://127.0.0.1:{}", api.port)}},
            {"name": "nowhere", "cluster": {"server": "http://127.0.0.1:1"}},
        ],
        "contexts": [
            {"name": "stub", "context": {"cluster": "stub", "user": "ann", "namespace": "shop"}},
            {"name": "nowhere", "context": {"cluster": "nowhere", "user": "ann"}},
        ],
    });
    std::fs::write(&kubeconfig, config.to_string()).unwrap();
    let option = format!("--kubeconfig={}", kubeconfig.display());
    let mut command: Command = command_alone(&[args, &[&option, "--context", "stub"]].concat());
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "KUBECONFIG"] {
        command.env_remove(name);
    }
    let output = command.env("HOME", home.path()).env("NO_COLOR", "1").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

#[test]
#[ignore = "needs kubectl"]
fn the_real_kubectl_gets_what_is_checked() {
    let api = Front::start(0, None, reply);
    for more in [&[][..], &["--secrets"], &["-A"], &["-A", "--secrets"]] {
        let (out, talk, status) = run(&api, &[&["check", "--live"], more].concat());
        assert_eq!(status, Some(1), "{out}{talk}");
        assert!(
            out.contains("error[missing-pull-secret]") && out.contains("--> pod/bare in namespace shop"),
            "{out}{talk}"
        );
        // Its pull secret is in another namespace.
        assert_eq!(out.contains("--> pod/elsewhere in namespace ops"), more.contains(&"-A"), "{out}{talk}");
        // The announced end is metadata.
        assert!(out.contains("error[secret-expired]"), "{out}{talk}");
        assert!(!out.contains("done") && !out.contains(PASSWORD) && !talk.contains(PASSWORD), "{out}{talk}");
    }
    let asked = |part: &str| api.seen().iter().filter(|head| head.path.contains(part)).count();
    // Of other types, only the metadata of the Secrets was asked of kubectl.
    assert_eq!(asked("/namespaces/shop/secrets?fieldSelector="), 2, "{:?}", api.seen());
    assert_eq!(asked("/v1/secrets?fieldSelector="), 2, "{:?}", api.seen());
}

#[test]
#[ignore = "needs kubectl"]
fn the_real_kubectl_gets_what_explains_a_pod() {
    let api = Front::start(0, None, reply);
    let (out, talk, status) = run(&api, &["why", "bare"]);
    assert_eq!(status, Some(1), "{out}{talk}");
    assert!(out.contains("Pod shop/bare") && talk.is_empty(), "{out}{talk}");
    assert!(out.contains("secrets     gone: absent"), "{out}");
    let (_, talk, status) = run(&api, &["why", "nothing"]);
    assert_eq!(status, Some(2));
    assert!(
        talk.contains("there is no pod or workload nothing in the namespace of kubectl's context"),
        "{talk}"
    );
}
