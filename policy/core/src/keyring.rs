//! The kubelet's keyring: which credentials it tries for an image, and in which order.
//!
//! kubelet: pkg/credentialprovider/keyring.go (`Add`, `Lookup`)

use std::collections::BTreeMap;

use crate::ascii::has_any;
use crate::docker_config::Credential;
use crate::key_defect::shown_normalised;
use crate::registry_key::{RegistryKey, Repository};

/// Credentials of all pull secrets of a pod.
///
/// ```
/// use policy_core::keyring::Keyring;
/// use policy_core::pull_secret::PullSecret;
/// use serde_json::json;
///
/// // {"auths": {"contoso.azurecr.io": {"username": "reader", "password": "…"}}}
/// let config = "eyJhdXRocyI6eyJjb250b3NvLmF6dXJlY3IuaW8iOnsidXNlcm5hbWUiOiJyZWFkZXIiLCJwYXNzd29yZCI6IngifX19";
/// let secret = json!({"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": config}});
///
/// let mut keyring = Keyring::default();
/// if let PullSecret::Usable { credentials, .. } = PullSecret::of(&secret) {
///     keyring.add("acr-secret", credentials);
/// }
/// let users = |repository| keyring.lookup(repository).map(|held| held.credential.username.as_str()).collect();
/// let tried: Vec<&str> = users("contoso.azurecr.io/web");
/// assert_eq!(tried, ["reader"]);
/// let tried: Vec<&str> = users("fabrikam.azurecr.io/web");
/// assert!(tried.is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    held: Vec<Held>,
    /// Places in `held`, in the order of the lookups
    order: Vec<usize>,
}

/// A credential, its key and the secret that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The key, normalised
    pub key: RegistryKey,
    /// The key as it may be shown
    pub shown: String,
    /// Name of the secret
    pub secret: String,
    /// The credential
    pub credential: Credential,
}

impl Keyring {
    /// Adds the credentials of a secret. Keys that Go's `url.Parse` refuses are passed over.
    pub fn add(&mut self, secret: &str, credentials: BTreeMap<String, Credential>) {
        for (written, credential) in credentials {
            let Ok(key) = RegistryKey::parse(&written) else { continue };
            let shown = shown_normalised(&written, &key).to_owned();
            // Keys in reverse order; for the same key the secrets stay in theirs.
            let at = self.order.partition_point(|at| self.held.get(*at).is_some_and(|held| held.key >= key));
            self.order.insert(at, self.held.len());
            self.held.push(Held { key, shown, secret: secret.to_owned(), credential });
        }
    }

    /// Whether no credential was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    fn in_order(&self) -> impl Iterator<Item = &Held> {
        self.order.iter().filter_map(|at| self.held.get(*at))
    }

    /// The keys as they may be shown, each once, in the order of the lookups.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let mut last = None;
        self.in_order().map(|held| held.shown.as_str()).filter(move |key| last.replace(*key) != Some(*key))
    }

    /// The credentials that the kubelet tries for a repository, in its order. None: one anonymous pull.
    pub fn lookup(&self, repository: &str) -> impl Iterator<Item = &Held> {
        let parsed = Repository::parse(repository).ok();
        let matches =
            move |held: &Held| parsed.as_ref().is_some_and(|repository| held.key.matches(repository));
        let is_hub = is_default_registry(repository) && !self.in_order().any(&matches);
        self.in_order()
            .filter(move |held| if is_hub { held.key.as_str() == "index.docker.io" } else { matches(held) })
    }
}

/// kubelet: keyring.go `isDefaultRegistryMatch`
fn is_default_registry(repository: &str) -> bool {
    match repository.split_once('/') {
        None => !repository.is_empty(),
        Some(("docker.io" | "index.docker.io", _)) => true,
        Some((first, _)) => !first.is_empty() && !has_any(first, ".:"),
    }
}
