//! The fields that results name are fields of their items.

use serde_json::{Value, json};

use super::{HEAD, krm, list};

/// Every kind with pods that the project knows. The paths that the results name are those of the images in the item.
#[test]
fn a_field_path_leads_to_the_field_of_the_item_in_every_kind() {
    let template = |name: &str| {
        json!({"metadata": {}, "spec": {
            "initContainers": [{"name": "init", "image": format!("contoso.azurecr.io/{name}-init:v1")}],
            "containers": [{"name": "web", "image": format!("contoso.azurecr.io/{name}:v1")}]}})
    };
    let spec = |name: &str| template(name)["spec"].clone();
    let groups = json!({"headGroupSpec": {"template": template("head")},
        "workerGroupSpecs": [{"template": template("worker")}, {"template": template("other")}]});
    let mut job_groups = json!({"rayClusterSpec": groups, "submitterPodTemplate": template("submitter")});
    job_groups["entrypoint"] = json!("run");
    for (api_version, kind, fields) in [
        ("v1", "Pod", json!({"spec": spec("web")})),
        ("v1", "PodTemplate", json!({"template": template("web")})),
        ("v1", "ReplicationController", json!({"spec": {"template": template("web")}})),
        ("apps/v1", "Deployment", json!({"spec": {"template": template("web")}})),
        ("apps/v1", "ReplicaSet", json!({"spec": {"template": template("web")}})),
        ("apps/v1", "StatefulSet", json!({"spec": {"template": template("web")}})),
        ("apps/v1", "DaemonSet", json!({"spec": {"template": template("web")}})),
        ("batch/v1", "Job", json!({"spec": {"template": template("web")}})),
        ("batch/v1", "CronJob", json!({"spec": {"jobTemplate": {"spec": {"template": template("web")}}}})),
        ("argoproj.io/v1alpha1", "Rollout", json!({"spec": {"template": template("web")}})),
        ("keda.sh/v1alpha1", "ScaledJob", json!({"spec": {"jobTargetRef": {"template": template("web")}}})),
        ("serving.knative.dev/v1", "Service", json!({"spec": {"template": template("web")}})),
        ("serving.knative.dev/v1", "Revision", json!({"spec": spec("web")})),
        (
            "jobset.x-k8s.io/v1alpha2",
            "JobSet",
            json!({"spec": {"replicatedJobs": [
                {"name": "a", "template": {"spec": {"template": template("a")}}},
                {"name": "b", "template": {"spec": {"template": template("b")}}}]}}),
        ),
        (
            "batch.volcano.sh/v1alpha1",
            "Job",
            json!({"spec": {"tasks": [{"template": template("a")}, {"template": template("b")}]}}),
        ),
        (
            "leaderworkerset.x-k8s.io/v1",
            "LeaderWorkerSet",
            json!({"spec": {"leaderWorkerTemplate":
                {"leaderTemplate": template("leader"), "workerTemplate": template("worker")}}}),
        ),
        ("ray.io/v1", "RayCluster", json!({"spec": groups})),
        ("ray.io/v1", "RayJob", json!({"spec": job_groups})),
        ("ray.io/v1", "RayService", json!({"spec": {"rayClusterConfig": groups}})),
    ] {
        let mut item = fields;
        item["apiVersion"] = json!(api_version);
        item["kind"] = json!(kind);
        item["metadata"] = json!({"name": "web"});
        let input = json!({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [item],
            "functionConfig": {"apiVersion": "acr-pull-secret/v1", "kind": "PullSecrets", "spec": {"mode": "validate"}}});
        let (status, output, said) = krm(&input.to_string());
        assert_eq!(status, Some(1), "{kind}: {said}");
        let mut named: Vec<String> = list(&output)["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| result["field"]["path"].as_str().unwrap().to_owned())
            .collect();
        let mut paths = Vec::new();
        image_paths(&item, "", &mut paths);
        paths.sort();
        named.sort();
        assert_eq!(named, paths, "{api_version} {kind}");
    }
}

/// The paths of all images, as kustomize writes paths: `spec.containers[0].image`.
fn image_paths(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                if name == "image" { found.push(path) } else { image_paths(value, &path, found) }
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                image_paths(item, &format!("{at}[{i}]"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_field_of_a_secret_is_named_as_it_is_written() {
    let secret = |field: &str, content: &str| {
        format!(
            "items:\n- apiVersion: v1\n  kind: Secret\n  metadata: {{name: acr-secret}}\n  type: kubernetes.io/dockerconfigjson\n  \
             {field}: {{.dockerconfigjson: {content}}}\n"
        )
    };
    for (field, content) in [("data", "e30="), ("stringData", "'{}'")] {
        let (_, output, said) = krm(&[HEAD, &secret(field, content)].concat());
        let path = format!("{field}[.dockerconfigjson]");
        assert_eq!(list(&output)["results"][0]["field"], json!({"path": path}), "{output}{said}");
    }
}
