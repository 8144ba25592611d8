//! The kubelet's keyring: which credentials it tries for an image, and in which order.
//!
//! kubelet: pkg/credentialprovider/keyring.go (`Add`, `Lookup`)

use std::collections::BTreeMap;
use std::iter::successors;
use std::vec::IntoIter;

use crate::ascii::has_any;
use crate::distinct::Distinct;
use crate::docker_config::Credential;
use crate::expiry::Announced;
use crate::key_defect::shown_normalised;
use crate::registry_key::{RegistryKey, Repository};

/// Credentials of all pull secrets of a pod.
///
/// ```
/// use policy_core::json::Value;
/// use policy_core::keyring::Keyring;
/// use policy_core::pull_secret::PullSecret;
/// use serde_json::json;
///
/// // {"auths": {"contoso.azurecr.io": {"username": "reader", "password": "…"}}}
/// let config = "eyJhdXRocyI6eyJjb250b3NvLmF6dXJlY3IuaW8iOnsidXNlcm5hbWUiOiJyZWFkZXIiLCJwYXNzd29yZCI6IngifX19";
/// let secret = json!({"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": config}});
///
/// let mut keyring = Keyring::default();
/// if let PullSecret::Usable { credentials, .. } = PullSecret::of(&Value::from(&secret)) {
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
    /// The prefix of the places that a key without a glob matches; empty for globs
    beginnings: Distinct,
    /// For each prefix the positions of its keys in `held`
    found: Vec<Vec<usize>>,
    /// Which lengths the paths of those keys have; `None` for the globs
    lengths: Vec<Option<usize>>,
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
    /// What the annotation of the secret says of its end
    pub(crate) announced: Announced,
}

impl Held {
    /// Whether it is in the same secret under the same key: the kubelet tries such two in no fixed order.
    pub(crate) fn has_key_of(&self, other: &Self) -> bool {
        self.key.as_str() == other.key.as_str() && self.secret == other.secret
    }
}

impl Keyring {
    /// Adds the credentials of a secret. Keys that Go's `url.Parse` refuses are skipped.
    pub fn add(&mut self, secret: &str, credentials: BTreeMap<String, Credential>) {
        self.add_announced(secret, credentials, Announced::Nothing);
    }

    /// The same for a secret whose annotation says `announced`.
    pub(crate) fn add_announced(
        &mut self,
        secret: &str,
        credentials: BTreeMap<String, Credential>,
        announced: Announced,
    ) {
        for (written, credential) in credentials {
            let Ok(key) = RegistryKey::parse(&written) else { continue };
            if let Some((beginning, length)) = key.beginning() {
                if self.beginnings.add(&beginning) {
                    self.found.push(Vec::new());
                    if !self.lengths.contains(&length) {
                        self.lengths.push(length);
                    }
                }
                let place = self.beginnings.position(&beginning);
                if let Some(found) = place.and_then(|place| self.found.get_mut(place)) {
                    found.push(self.held.len());
                }
            }
            let shown = shown_normalised(&written, &key).to_owned();
            self.held.push(Held { key, shown, secret: secret.to_owned(), credential, announced });
        }
    }

    /// Whether no credential was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// The keys as they may be shown, each once, in the order of the lookups. Each is a search.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let after = |last: Option<&Held>| {
            let mut next: Option<&Held> = None;
            for held in &self.held {
                let is_before = |other: &Held| held.key.as_str() < other.key.as_str();
                let follows = last.is_none_or(|last| is_before(last) && held.shown != last.shown);
                if follows && !next.is_some_and(is_before) {
                    next = Some(held);
                }
            }
            next
        };
        successors(after(None), move |last| after(Some(last))).map(|held| held.shown.as_str())
    }

    /// The credentials that the kubelet tries for a repository, in its order. None: one anonymous pull.
    pub fn lookup(&self, repository: &str) -> IntoIter<&Held> {
        let mut found = self.matching(repository);
        if found.is_empty() && is_default_registry(repository) {
            const HUB: &str = "index.docker.io";
            found = self.matching(HUB);
            found.retain(|held| held.key.as_str() == HUB);
        }
        found.into_iter()
    }

    fn matching(&self, repository: &str) -> Vec<&Held> {
        let mut found: Vec<&Held> = Vec::new();
        let Ok(repository) = Repository::parse(repository) else { return found };
        let (place, host) = repository.place();
        for length in &self.lengths {
            let beginning = match length {
                Some(length) => place.get(..host + length),
                None => Some(""),
            };
            let at = beginning.and_then(|beginning| self.beginnings.position(beginning));
            for at in at.and_then(|at| self.found.get(at)).into_iter().flatten() {
                let held = self.held.get(*at).filter(|held| held.key.matches(&repository));
                let Some(held) = held else { continue };
                // Keys in reverse order; for the same key the secrets stay in theirs.
                let at = found.partition_point(|known| known.key.as_str() >= held.key.as_str());
                found.insert(at, held);
            }
        }
        found
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
