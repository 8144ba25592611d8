//! The commands that `why` suggests, as they are, with the real kubectl.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::api_server::ApiServer;
use super::rotation::run_blocks;
use crate::engines::json as parsed;
use crate::kubectl::secret;

const IMAGE: &str = "contoso.azurecr.io/web:1";
const OLD: &str = "FormersPassw0rd+six";
const NEW: &str = "New8Q~not-a-real-password-of-this-year-x";

/// A pod that waits for its image, with these pull secrets, beside other objects.
fn cluster(pull_secrets: &Value, denied: &str, others: &[Value]) -> ApiServer {
    let meta = json!({"name": "web", "namespace": "shop"});
    let message = format!("Back-off pulling image \"{IMAGE}\": ErrImagePull: {denied}: 401 Unauthorized");
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": meta,
        "spec": {
            "nodeName": "node", "serviceAccountName": "web", "imagePullSecrets": pull_secrets,
            "containers": [{"name": "web", "image": IMAGE}],
        },
        "status": {
            "phase": "Pending",
            "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff", "message": message}}}],
        },
    });
    ApiServer::start(&[&[pod], others].concat())
}

fn account(listed: &[&str]) -> Value {
    let listed: Vec<Value> = listed.iter().map(|name| json!({"name": name})).collect();
    json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": "shop"},
        "imagePullSecrets": listed,
    })
}

/// Cause and help.
fn why(cluster: &ApiServer) -> [String; 2] {
    let [out, ..] = run_blocks(cluster, &[&"acr-pull-secret why web -n shop -o json || true".to_owned()]);
    let answers = parsed(out.as_bytes());
    ["cause", "help"].map(|field| answers[0][field].as_str().unwrap_or_default().to_owned())
}

fn type_in(cluster: &ApiServer, help: &str) {
    run_blocks(cluster, &[&format!("printf '{NEW}' > password.txt"), &help.to_owned()]);
}

/// A merge keeps the end that the annotation has where the Secret has other credentials, and `kubectl apply` keeps the annotation.
#[test]
#[ignore = "needs kubectl"]
fn an_expired_credential_is_replaced_with_its_end() {
    let end = json!({"acr-pull-secret/expires": "2020-01-01T00:00:00Z"});
    for (keys, is_immutable) in [
        (&["contoso.azurecr.io"][..], false),
        (&["contoso.azurecr.io", "fabrikam.azurecr.io"], false),
        (&["contoso.azurecr.io", "fabrikam.azurecr.io"], true),
    ] {
        let mut expired = secret("acr-secret", "contoso.azurecr.io", ("reader", OLD), &end);
        let auths: Value =
            keys.iter().map(|key| ((*key).to_owned(), json!({"username": "a", "password": OLD}))).collect();
        let config = json!({"auths": auths}).to_string();
        expired["data"][".dockerconfigjson"] = BASE64_STANDARD.encode(config).into();
        expired["immutable"] = is_immutable.into();
        let list = json!([{"name": "acr-secret"}]);
        let cluster = cluster(&list, "failed to fetch oauth token", &[account(&[]), expired]);
        let [cause, help] = why(&cluster);
        assert!(cause.contains("its credential expired on 2020-01-01"), "{cause}");
        type_in(&cluster, &help);
        let [cause, _] = why(&cluster);
        assert!(!cause.contains("expired"), "{help}: {cause}");
        let secret = cluster.get("/api/v1/namespaces/shop/secrets/acr-secret").unwrap();
        let config =
            parsed(&BASE64_STANDARD.decode(secret["data"][".dockerconfigjson"].as_str().unwrap()).unwrap());
        assert_eq!(config["auths"]["contoso.azurecr.io"]["password"], NEW, "{help}");
        assert_eq!(config["auths"].as_object().unwrap().len(), keys.len(), "{help}");
    }
}

#[test]
#[ignore = "needs kubectl"]
fn a_service_account_keeps_the_secrets_that_it_lists() {
    for listed in [&[][..], &["regcred"], &["regcred", "quay"]] {
        let of = |name: &&str| {
            let mut other = secret(name, "quay.io", ("reader", OLD), &Value::Null);
            if *name == "regcred" {
                other["type"] = "Opaque".into();
            }
            other
        };
        let objects = [listed.iter().map(of).collect(), vec![account(listed)]].concat();
        let cluster = cluster(&json!([]), "failed to fetch anonymous token", &objects);
        let [_, help] = why(&cluster);
        type_in(&cluster, &help);
        let account = cluster.get("/api/v1/namespaces/shop/serviceaccounts/web").unwrap();
        let names = account["imagePullSecrets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["name"].as_str().unwrap());
        assert_eq!(names.collect::<Vec<_>>(), [listed, &["acr-secret"]].concat(), "{help}");
    }
}
