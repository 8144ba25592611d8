//! What is shared holds no value of a Secret, and has the same result or says how it differs.

mod copies;
mod page;
mod values;
mod verdicts;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use proptest::prelude::*;
use serde_json::json;

use crate::judgement::Judgement;
use crate::shared::{Failure, Shared};

fn share(manifests: &str, settings: &str, cluster: &str) -> Result<Shared, Failure> {
    Judgement::new(manifests, settings, cluster, "shop", false).share()
}

/// Passwords of eight characters and more, with what parsers trip over.
fn password() -> impl Strategy<Value = String> {
    let signs: Vec<char> = "-_.~!@#$%^&*()+=[]{}|;:'\",<>/?\\` éß".chars().collect();
    let letter = prop::char::ranges(vec!['a'..='z', 'A'..='Z', '0'..='9'].into());
    let character = prop_oneof![4 => letter, 1 => prop::sample::select(signs)];
    prop::collection::vec(character, 8..32)
        .prop_map(|characters| characters.into_iter().collect::<String>())
        .prop_filter("white space at an end", |password| password.trim() == password)
}

fn base64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

/// A token that ends at this time, for this registry.
fn token(exp: u64, audience: &str, signature: &str) -> String {
    let claims = json!({"jti": signature, "aud": audience, "exp": exp, "sub": "pull"}).to_string();
    format!("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.{}.{signature}", BASE64_URL_SAFE_NO_PAD.encode(claims))
}

/// A docker config with one user and password.
fn config(registry: &str, user: &str, password: &str) -> String {
    json!({"auths": {registry: {"auth": base64(&format!("{user}:{password}"))}}}).to_string()
}

/// A pull secret with this docker config.
fn pull_secret(config: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "acr-secret", "namespace": "shop"}, "data": {".dockerconfigjson": base64(config)},
    })
    .to_string()
}

const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers: [{name: web, image: 'contoso.azurecr.io/web:v1'}]
  imagePullSecrets: [{name: acr-secret}]
";

/// Settings that look up the credentials.
const LOOK_UP: &str = "mode: validate
cluster: {serviceAccounts: true, secrets: credentials}
actions: {unusable: reject, expiring: reject}
";
