//! What the message of the kubelet says about the network, the registry and the node, and what to do about it.

use serde_json::{Value, json};

use super::{IMAGE, PASSWORD, account, back_off, cluster, event, failed, pod, row, valid, waiting, why};
use crate::kubectl::secret;

const REQUEST: &str = "failed to do request: Head \"https://contoso.azurecr.io/v2/shop/web/manifests/v1\": ";

#[test]
fn the_kubelet_knows_the_cause() {
    let request = |end: &str| format!("{REQUEST}tls: failed to verify certificate: x509: {end}");
    for (end, cause, help) in [
        (
            "failed to authorize: failed to fetch oauth token: unexpected status from POST request to \
             https://contoso.azurecr.io/oauth2/token: 403 Forbidden: {\"errors\":[{\"code\":\"DENIED\",\"message\":\"client with IP \
             '20.61.1.2' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.\"}]}"
                .to_owned(),
            "the firewall of contoso.azurecr.io refuses the address 20.61.1.2",
            "allow the address in the network rules of contoso.azurecr.io",
        ),
        (
            request("certificate is valid for *.blob.core.windows.net, x.io, not contoso.azurecr.io"),
            "node aks-pool-1 reaches another server than contoso.azurecr.io: its certificate is for *.blob.core.windows.net",
            "check the DNS of the node, the private endpoint of the registry",
        ),
        (
            request("certificate is valid for a b, not contoso.azurecr.io"),
            "node aks-pool-1 reaches another server than contoso.azurecr.io: its certificate is for other names",
            "check the DNS of the node, the private endpoint of the registry",
        ),
        (
            request("certificate has expired or is not yet valid: current time 2026-11-30T08:00:00Z is after 2026-11-29T00:00:00Z"),
            "by the clock of node aks-pool-1, the certificate of contoso.azurecr.io has expired",
            "renew the certificate, or correct the clock of the node",
        ),
        (
            request("certificate signed by unknown authority"),
            "node aks-pool-1 does not trust the certificate of contoso.azurecr.io",
            "add the authority to the nodes' container runtime",
        ),
    ] {
        let pod = pod(IMAGE, &["acr-secret"], &back_off());
        let stub = cluster(&pod, &[failed(&end)], &account(&[]), &[valid("acr-secret")]);
        let (out, status) = why(&stub, &[]);
        assert_eq!(row(&out, "cause"), cause, "{out}");
        assert!(row(&out, "fix").starts_with(help), "{out}");
        assert_eq!(status, Some(1));
    }
}

/// The kubelet compares a key with the image as it is written.
#[test]
fn a_registry_in_capital_letters_has_the_cause() {
    for (key, shown) in [
        ("contoso.azurecr.io", "contoso.azurecr.io"),
        ("https://contoso.azurecr.io", "contoso.azurecr.io"),
        ("https://contoso.azurecr.io/v1/", "contoso.azurecr.io"),
        ("contoso.azurecr.io/shop", "contoso.azurecr.io/shop"),
        ("*.azurecr.io", "*.azurecr.io"),
    ] {
        let secret = secret("acr-secret", key, ("reader", PASSWORD), &Value::Null);
        for (registry, has_cause) in
            [("Contoso.AzureCR.io", true), ("Fabrikam.AzureCR.io", key.starts_with('*'))]
        {
            let image = format!("{registry}/shop/web:v1");
            let pod = pod(&image, &["acr-secret"], &waiting("ImagePullBackOff", "Back-off"));
            let refused = event("Failed", &format!("Failed to pull image \"{image}\": 401 Unauthorized"));
            let (out, _) = why(&cluster(&pod, &[refused], &account(&[]), std::slice::from_ref(&secret)), &[]);
            let cause = format!(
                "the registry in {image} has capital letters, and key {shown} of secret acr-secret has none"
            );
            assert_eq!(row(&out, "cause") == cause, has_cause, "{key}: {out}");
        }
    }
    let image = IMAGE.replace("contoso", "Contoso");
    let message = format!("Back-off pulling image \"{image}\"");
    let pod = pod(&image, &["acr-secret"], &waiting("ImagePullBackOff", &message));
    let refused = event("Failed", &format!("Failed to pull image \"{image}\": 401 Unauthorized"));
    let (out, status) = why(&cluster(&pod, &[refused], &account(&[]), &[valid("acr-secret")]), &[]);
    let cause = format!(
        "the registry in {image} has capital letters, and key contoso.azurecr.io of secret acr-secret has none"
    );
    assert_eq!((row(&out, "cause"), status), (cause.as_str(), Some(1)), "{out}");
    assert_eq!(row(&out, "fix"), "write contoso.azurecr.io in the image in the pod template");
}

/// client-go counts events that are alike in one, whose message begins so.
#[test]
fn an_event_that_counts_for_several_has_the_cause() {
    let timeout = "failed to copy: dial tcp 10.0.0.4:5311->20.0.0.1:443: i/o timeout";
    let combined = |mut event: Value| {
        event["message"] =
            format!("(combined from similar events): {}", event["message"].as_str().unwrap()).into();
        event
    };
    let message = format!("Back-off pulling image \"{IMAGE}\"");
    let creating = json!({"waiting": {"reason": "ContainerCreating"}});
    for (state, said, cause) in [
        (back_off(), failed(timeout), "node aks-pool-1 gets no connection to contoso.azurecr.io"),
        (
            creating,
            event("BackOff", &message),
            "not known: the kubelet gives no reason, and no event with the reason is left",
        ),
    ] {
        let answer = |event: Value| {
            let pod = pod(IMAGE, &["acr-secret"], &state);
            why(&cluster(&pod, &[event], &account(&[]), &[valid("acr-secret")]), &[])
        };
        let (out, status) = answer(combined(said.clone()));
        assert_eq!((&out, status), (&answer(said).0, Some(1)));
        assert!(row(&out, "cause").starts_with(cause), "{out}");
    }
}

/// Kubernetes 1.35: `ensureSecretPulledImages`
#[test]
fn a_node_that_keeps_an_image_from_the_pod_is_not_one_without_the_image() {
    let given =
        format!("node aks-pool-1 has {IMAGE}, and gives it only to pods that have a pull secret for it");
    for (policy, reason) in [("Never", "ErrImageNeverPull"), ("IfNotPresent", "ErrImagePull")] {
        let message = format!(
            "Container image \"{IMAGE}\" is present with pull policy of {policy} but does not have the proper credentials to access the \
             image"
        );
        let of = |names: &[&str], found: &[Value]| {
            let mut pod = pod(IMAGE, names, &waiting(reason, &message));
            pod["spec"]["containers"][0]["imagePullPolicy"] = policy.into();
            let (out, status) = why(&cluster(&pod, &[], &account(&[]), found), &[]);
            assert_eq!(status, Some(1), "{out}");
            (row(&out, "cause").to_owned(), row(&out, "fix").to_owned())
        };
        let (cause, fix) = of(&[], &[]);
        assert_eq!(
            cause,
            format!(
                "{given}: neither the pod nor ServiceAccount web lists a pull secret for contoso.azurecr.io"
            )
        );
        assert!(fix.contains("kubectl patch serviceaccount web -n shop"), "{fix}");
        let (cause, fix) = of(&["acr-secret"], &[]);
        assert_eq!(
            cause,
            format!("{given}: secret acr-secret, which the pod lists, does not exist in namespace shop")
        );
        assert!(fix.ends_with("| kubectl create -f -"), "{fix}");
        let (cause, fix) = of(&["acr-secret"], &[valid("acr-secret")]);
        if policy == "Never" {
            assert_eq!(cause, format!("{given}, which it cannot check with imagePullPolicy Never"));
            assert_eq!(fix, "set imagePullPolicy: IfNotPresent in the pod template");
        } else {
            assert_eq!(cause, given);
        }
    }
}
