//! What `explain` says of an image and what becomes of a pod with that image, for any pull secrets.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use policy_core::host_cluster::HostCluster;
use policy_core::operations;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use test_support::objects::payload;

use crate::json;

const NAMES: [&str; 3] = ["acr-secret", "regcred", "team"];

/// A token that expired in 2020.
const EXPIRED: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE2MDAwMDAwMDB9.eA";

/// What a lookup of a Secret gets.
#[derive(Debug, Clone)]
enum Found {
    Secret(Value),
    Absent,
    NotGiven,
}

fn credential() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"username": "puller", "password": "Tr0ub4dor-horse"}),
        json!({"username": "puller", "password": ""}),
        json!({"username": "00000000-0000-0000-0000-000000000000", "password": EXPIRED}),
        json!({"username": "puller", "password": "${PASSWORD}"}),
        json!({"identitytoken": EXPIRED}),
        json!({"auth": "cHVsbGVyOg=="}),
        json!({}),
    ])
}

fn key() -> impl Strategy<Value = &'static str> {
    select(vec![
        "contoso.azurecr.io",
        "https://contoso.azurecr.io/v1/",
        "contoso.azurecr.io/team",
        "contoso.azurecr.io/te",
        "*.azurecr.io",
        "other.azurecr.io",
        "contoso.azurecr.io:443",
    ])
}

fn found() -> impl Strategy<Value = Found> {
    let config = vec((key(), credential()), 0..4).prop_map(|auths| {
        let auths: serde_json::Map<String, Value> =
            auths.into_iter().map(|(key, credential)| (key.to_owned(), credential)).collect();
        json!({ "auths": auths }).to_string()
    });
    let text = prop_oneof![6 => config, 1 => Just("{".to_owned())];
    let kind = prop_oneof![6 => Just("kubernetes.io/dockerconfigjson"), 1 => Just("Opaque")];
    let annotations = select(vec![
        json!({}),
        json!({"acr-pull-secret/expires": "2020-09-13T12:26:40Z"}),
        json!({"acr-pull-secret/expires": "9999-12-31T23:59:59Z"}),
    ]);
    let secret = (kind, text, annotations).prop_map(|(kind, text, annotations)| {
        let data = BASE64_STANDARD.encode(&text);
        Found::Secret(json!({
            "apiVersion": "v1", "kind": "Secret", "type": kind, "data": {".dockerconfigjson": data},
            "metadata": {"name": "s", "namespace": "shop", "annotations": annotations},
        }))
    });
    prop_oneof![6 => secret, 1 => Just(Found::Absent), 1 => Just(Found::NotGiven)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// With the settings of `check` for pods alone, which adds nothing and refuses what cannot work.
    #[test]
    fn a_pod_is_refused_just_where_its_pull_is_explained_to_fail(
        secrets in vec(found(), NAMES.len()),
        listed in subsequence(NAMES.to_vec(), 0..=NAMES.len()),
        image in select(vec!["contoso.azurecr.io/web:1", "contoso.azurecr.io/team/web:1"]),
        secretless in any::<bool>(),
    ) {
        let entry = if secretless { json!({"secretless": true}) } else { json!({"secret": "acr-secret"}) };
        let mut entry = entry;
        entry["registries"] = json!(["*.azurecr.io"]);
        let settings = json!({
            "mode": "validate", "pullSecrets": [entry], "cluster": {"secrets": "credentials"},
            "actions": {"missing": "reject", "unlisted": "warn", "unusable": "reject", "unknown": "allow"},
        });
        let get_resource = |request: &[u8]| {
            let name = json(request)["name"].as_str().unwrap().to_owned();
            let place = NAMES.iter().position(|known| *known == name).unwrap();
            match &secrets[place] {
                Found::Secret(secret) => Ok(secret.to_string().into_bytes()),
                Found::Absent => Err(format!("Cannot find v1/Secret named '{name}'")),
                Found::NotGiven => Err(format!("Secret shop/{name} is not among the inputs")),
            }
        };
        let cluster = HostCluster { get_resource, now: || Some(1_700_000_000) };
        let question = json!({"image": image, "namespace": "shop", "pullSecrets": listed, "settings": settings});
        let answer = json(&operations::explain(question.to_string().as_bytes(), &cluster));
        let list: Vec<Value> = listed.iter().map(|name| json!({"name": name})).collect();
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
            "spec": {"imagePullSecrets": list, "containers": [{"name": "web", "image": image}]},
        });
        let mut request = json(&payload(&pod));
        request["settings"] = settings;
        let verdict = json(&operations::validate(request.to_string().as_bytes(), &cluster));
        let fails = answer["outcome"]["state"] == "fails";
        prop_assert_eq!(verdict["accepted"] == false, fails, "{}\n{}", answer, verdict);
    }
}
