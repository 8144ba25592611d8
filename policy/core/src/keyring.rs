//! The kubelet's keyring: which credentials it tries for an image, and in which order.
//!
//! kubelet: pkg/credentialprovider/keyring.go (`Add`, `Lookup`)

use std::collections::BTreeMap;

use crate::docker_config::Credential;
use crate::registry_key::{RegistryKey, Repository};

/// Credentials of all pull secrets of a pod, in the order of the lookups.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    held: Vec<Held>,
}

/// A credential, its key and the secret that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The key, normalised
    pub key: RegistryKey,
    /// Name of the secret
    pub secret: String,
    /// The credential
    pub credential: Credential,
}

impl Keyring {
    /// Adds the credentials of a secret. Keys that Go's `url.Parse` refuses are passed over.
    pub fn add(&mut self, secret: &str, credentials: BTreeMap<String, Credential>) {
        for (key, credential) in credentials {
            let Ok(key) = RegistryKey::parse(&key) else { continue };
            // Keys in reverse order; for the same key the secrets stay in theirs.
            let at = self.held.partition_point(|held| held.key >= key);
            self.held.insert(at, Held { key, secret: secret.to_owned(), credential });
        }
    }

    /// The keys, each once, in the order of the lookups.
    pub fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = self.held.iter().map(|held| held.key.as_str()).collect();
        keys.dedup();
        keys
    }

    /// The credentials that the kubelet tries for a repository, in its order. None: one anonymous pull.
    pub fn lookup(&self, repository: &str) -> Vec<&Held> {
        let Ok(parsed) = Repository::parse(repository) else { return Vec::new() };
        let found: Vec<&Held> = self.held.iter().filter(|held| held.key.matches(&parsed)).collect();
        if found.is_empty() && is_default_registry(repository) {
            return self.held.iter().filter(|held| held.key.as_str() == "index.docker.io").collect();
        }
        found
    }
}

/// kubelet: keyring.go `isDefaultRegistryMatch`
fn is_default_registry(repository: &str) -> bool {
    match repository.split_once('/') {
        None => !repository.is_empty(),
        Some(("docker.io" | "index.docker.io", _)) => true,
        Some((first, _)) => !first.is_empty() && !first.contains(['.', ':']),
    }
}
