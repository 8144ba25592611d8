//! Each kind of trouble of a pod, with its cause and the command that fixes it.

use serde_json::json;

use super::{
    ACCOUNT, EVENTS, IMAGE, PASSWORD, POD, account, ago, anonymous, back_off, cluster, event, expired,
    failed, pod, row, unauthorized, valid, waiting, why,
};
use crate::kubectl::{Stub, secret};

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn each_kind_of_trouble_has_its_cause_and_its_command() {
    let scheduling = "0/3 nodes are available: 3 Insufficient memory.";
    let mut unscheduled = pod(IMAGE, &["acr-secret"], &json!({}));
    unscheduled["spec"].as_object_mut().unwrap().remove("nodeName");
    let mut never = pod(
        IMAGE,
        &[],
        &waiting("ErrImageNeverPull", "Container image is not present with pull policy of Never"),
    );
    never["spec"]["containers"][0]["imagePullPolicy"] = "Never".into();
    let malformed = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "acr-secret", "namespace": "shop"}, "data": {".dockerconfigjson": "e30gfQ=="},
    });
    let present = event("Pulled", &format!("Container image \"{IMAGE}\" already present on machine"));
    let pulled =
        event("Pulled", &format!("Successfully pulled image \"{IMAGE}\" in 1.2s (1.2s including waiting)"));
    let running = || json!({"running": {"startedAt": "2026-07-31T03:00:00Z"}});
    let crashing = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting"}});
    let mut later = valid("acr-secret");
    later["metadata"]["creationTimestamp"] = ago(1).into();
    let written_by = |field: &str| {
        let mut secret = valid("acr-secret");
        secret["metadata"]["creationTimestamp"] = "2026-01-31T00:00:00Z".into();
        secret["metadata"]["managedFields"] = json!([
            {"manager": "init", "time": "2026-01-31T00:00:00Z", "fieldsV1": {"f:data": {}}},
            {"manager": "kubectl", "time": ago(1), "fieldsV1": {field: {}}},
        ]);
        secret
    };
    let of_type = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"name": "db-password", "namespace": "shop"},
        "data": {"password": "eA=="},
    });
    let mut made = expired();
    made["metadata"]["ownerReferences"] = json!([{"kind": "ExternalSecret", "name": "acr", "uid": "7"}]);
    for (name, pod, event, account, found, cause, fix, status) in [
        (
            "expired",
            pod(IMAGE, &["acr-secret"], &back_off()),
            Some(unauthorized()),
            account(&[]),
            vec![expired()],
            "key contoso.azurecr.io of secret acr-secret: its credential expired",
            "kubectl get secret acr-secret -n shop -o yaml | kubectl annotate --local -f - acr-pull-secret/expires- -o yaml > acr-secret.yaml && acr-pull-secret secret --merge acr-secret.yaml --server contoso.azurecr.io",
            1,
        ),
        (
            "absent",
            pod(IMAGE, &["acr-secret"], &back_off()),
            Some(anonymous()),
            account(&[]),
            vec![],
            "secret acr-secret, which the pod lists, does not exist in namespace shop",
            "acr-pull-secret secret --server",
            1,
        ),
        (
            "no list",
            pod(IMAGE, &[], &back_off()),
            Some(anonymous()),
            account(&[]),
            vec![],
            "neither the pod nor ServiceAccount web lists a pull secret for contoso.azurecr.io",
            "--name acr-secret -n shop < password.txt | kubectl create -f - && kubectl patch serviceaccount web -n shop",
            1,
        ),
        (
            "list of the account came later",
            pod(IMAGE, &[], &back_off()),
            Some(anonymous()),
            account(&["acr-secret"]),
            vec![valid("acr-secret")],
            "the pod has no pull secret, because it was created before ServiceAccount web listed secret acr-secret",
            "kubectl delete pod web-5d8f7c9b6-x2k4p -n shop",
            1,
        ),
        (
            "other registry",
            pod(IMAGE, &["acr-secret"], &back_off()),
            Some(anonymous()),
            account(&[]),
            vec![secret("acr-secret", "fabrikam.azurecr.io", ("reader", PASSWORD), &serde_json::Value::Null)],
            "no key of the pod's pull secrets (acr-secret) is for contoso.azurecr.io",
            "acr-pull-secret secret --merge acr-secret.yaml --server contoso.azurecr.io",
            1,
        ),
        (
            "malformed",
            pod(IMAGE, &["acr-secret"], &back_off()),
            None,
            account(&[]),
            vec![malformed],
            "secret acr-secret is malformed, which fails every pull of the pod",
            "acr-pull-secret secret",
            1,
        ),
        (
            "revoked",
            pod(IMAGE, &["acr-secret"], &back_off()),
            Some(unauthorized()),
            account(&[]),
            vec![valid("acr-secret")],
            "contoso.azurecr.io refuses the credential of secret acr-secret, which looks valid",
            "see what the registry answers: acr-pull-secret why web-5d8f7c9b6-x2k4p -n shop --pull",
            1,
        ),
        (
            "fixed meanwhile",
            pod(IMAGE, &["acr-secret"], &back_off()),
            Some(unauthorized()),
            account(&[]),
            vec![later.clone()],
            "fixed since the kubelet's last attempt",
            "kubectl delete pod web-5d8f7c9b6-x2k4p -n shop",
            0,
        ),
        (
            "replaced meanwhile",
            pod(IMAGE, &["acr-secret"], &back_off()),
            Some(unauthorized()),
            account(&[]),
            vec![written_by("f:data")],
            "fixed since the kubelet's last attempt",
            "kubectl delete pod web-5d8f7c9b6-x2k4p -n shop",
            0,
        ),
        (
            "annotated meanwhile",
            pod(IMAGE, &["acr-secret"], &back_off()),
            Some(unauthorized()),
            account(&[]),
            vec![written_by("f:metadata")],
            "contoso.azurecr.io refuses the credential of secret acr-secret, which looks valid",
            "--pull",
            1,
        ),
        (
            "nothing was written since the last attempt",
            pod(IMAGE, &["acr-secret"], &back_off()),
            Some(anonymous()),
            account(&[]),
            vec![written_by("f:metadata")],
            "not known: the kubelet's last attempt had no credential",
            "--pull",
            1,
        ),
        (
            "of another type",
            pod(IMAGE, &["db-password"], &back_off()),
            Some(anonymous()),
            account(&[]),
            vec![of_type],
            "the kubelet does not read secret db-password",
            "--name acr-secret -n shop < password.txt | kubectl create -f -",
            1,
        ),
        (
            "of a controller",
            pod(IMAGE, &["acr-secret"], &back_off()),
            Some(unauthorized()),
            account(&[]),
            vec![made],
            "key contoso.azurecr.io of secret acr-secret: its credential expired",
            "change the credential for contoso.azurecr.io in the source of secret acr-secret",
            1,
        ),
        (
            "secret was missing at the last attempt",
            pod(IMAGE, &["acr-secret"], &back_off()),
            Some(anonymous()),
            account(&[]),
            vec![later.clone()],
            "fixed since the kubelet's last attempt",
            "kubectl delete pod",
            0,
        ),
        (
            "no such tag",
            pod(IMAGE, &["acr-secret"], &back_off()),
            Some(failed(&format!("{IMAGE}: not found"))),
            account(&[]),
            vec![valid("acr-secret")],
            "contoso.azurecr.io has no image contoso.azurecr.io/shop/web:v1",
            "az acr repository show-tags -n contoso --repository shop/web",
            1,
        ),
        (
            "network",
            pod(IMAGE, &["acr-secret"], &back_off()),
            Some(failed("failed to do request: dial tcp 10.0.0.4:443: i/o timeout")),
            account(&[]),
            vec![valid("acr-secret")],
            "node aks-pool-1 gets no connection to contoso.azurecr.io",
            "check the firewall",
            1,
        ),
        (
            "never",
            never,
            None,
            account(&[]),
            vec![],
            "the pod has imagePullPolicy Never",
            "imagePullPolicy: IfNotPresent",
            1,
        ),
        (
            "invalid",
            pod("contoso.azurecr.io/Web", &[], &waiting("InvalidImageName", "couldn't parse image")),
            None,
            account(&[]),
            vec![],
            "contoso.azurecr.io/Web is not a valid image reference",
            "correct the image",
            1,
        ),
        (
            "not scheduled, and a credential that has expired",
            unscheduled.clone(),
            Some(event("FailedScheduling", scheduling)),
            account(&[]),
            vec![expired()],
            "the pod has no node, so nothing was pulled: 0/3 nodes",
            "secret --merge",
            1,
        ),
        (
            "not scheduled",
            unscheduled,
            Some(event("FailedScheduling", scheduling)),
            account(&[]),
            vec![valid("acr-secret")],
            "the pod has no node, so nothing was pulled: 0/3 nodes",
            "kubectl describe pod",
            0,
        ),
        (
            "runs",
            pod(IMAGE, &["acr-secret"], &running()),
            Some(pulled.clone()),
            account(&[]),
            vec![valid("acr-secret")],
            "none: every image was pulled",
            "",
            0,
        ),
        (
            // The node has an identity.
            "runs without a secret",
            pod(IMAGE, &[], &running()),
            Some(pulled.clone()),
            account(&[]),
            vec![],
            "none: every image was pulled",
            "",
            0,
        ),
        (
            "from the node",
            pod(IMAGE, &["acr-secret"], &running()),
            Some(present),
            account(&[]),
            vec![expired()],
            "key contoso.azurecr.io of secret acr-secret: its credential expired on ",
            "acr-pull-secret secret",
            1,
        ),
        (
            "crashing",
            pod(IMAGE, &["acr-secret"], &crashing),
            Some(pulled),
            account(&[]),
            vec![valid("acr-secret")],
            "the node has every image, and container web waits for another reason: CrashLoopBackOff",
            "kubectl logs",
            0,
        ),
        (
            // Its image may be pulled with an identity.
            "waits without a secret",
            pod(IMAGE, &[], &waiting("ContainerCreating", "")),
            None,
            account(&[]),
            vec![],
            "none so far",
            "",
            0,
        ),
        (
            "identity of the node",
            pod(IMAGE, &[], &back_off()),
            Some(unauthorized()),
            account(&[]),
            vec![],
            "contoso.azurecr.io refuses the identity of node aks-pool-1, and the pod has no pull secret",
            "az aks update -n CLUSTER -g GROUP --attach-acr contoso",
            1,
        ),
        (
            "public image",
            pod("docker.io/library/nginx", &[], &json!({})),
            None,
            account(&[]),
            vec![],
            "none so far",
            "",
            0,
        ),
    ] {
        let stub = if pod["spec"]["imagePullSecrets"][0].is_null() && account["imagePullSecrets"][0].is_null()
        {
            Stub::new()
                .objects(POD, &[pod])
                .objects(EVENTS, &event.into_iter().collect::<Vec<_>>())
                .objects(ACCOUNT, &[account])
        } else {
            cluster(&pod, &event.into_iter().collect::<Vec<_>>(), &account, &found)
        };
        let (out, ended) = why(&stub, &[]);
        assert!(row(&out, "cause").starts_with(cause), "{name}: {out}");
        assert_eq!(out.lines().any(|line| line.starts_with("  fix ")), !fix.is_empty(), "{name}: {out}");
        assert!(fix.is_empty() || row(&out, "fix").contains(fix), "{name}: {out}");
        assert_eq!(ended, Some(status), "{name}: {out}");
        assert!(out.lines().count() <= 10, "{name}: {out}");
        assert!(!row(&out, "cause").contains(';'), "{name}: {out}");
    }
}
