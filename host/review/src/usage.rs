//! What manifests use: which registries, and which pull secrets in which namespaces.

use std::collections::{BTreeMap, BTreeSet};

use crate::object_name::{parse_name, parse_namespace};

/// How many pods use which pull secret.
type Votes = BTreeMap<String, usize>;

/// What manifests use. Names that the API server refuses, such as placeholders, are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// The registries, the namespaces that pull from each, and what they pull with
    registries: BTreeMap<String, BTreeMap<String, Votes>>,
    /// Hosts of other images
    others: BTreeSet<String>,
}

/// Which pull secret the images of a registry need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The registry, as an item of `registries`
    pub registry: String,
    /// Its namespaces; empty for all
    pub namespaces: Vec<String>,
    /// The name of the secret; `None` where no pod has one
    pub secret: Option<String>,
    /// The namespaces that pull from the registry with this secret
    pub used_in: Vec<String>,
}

impl Usage {
    /// Adds an image of a pod, and the pull secret that the pod has for it.
    pub fn add(&mut self, registry: &str, namespace: &str, secret: Option<&str>) {
        let Ok(namespace) = parse_namespace(namespace) else { return };
        let namespaces = self.registries.entry(registry.to_owned()).or_default();
        let votes = namespaces.entry(namespace).or_default();
        if let Some(secret) = secret.and_then(|secret| parse_name(secret).ok()) {
            *votes.entry(secret).or_default() += 1;
        }
    }

    /// Adds the host of an image that the policy does not apply to.
    pub fn add_other(&mut self, host: &str) {
        self.others.extend(parse_name(host).ok());
    }

    /// Leaves out the registries that are not wanted.
    pub fn retain(&mut self, is_wanted: impl Fn(&str) -> bool) {
        self.registries.retain(|registry, _| is_wanted(registry));
    }

    /// The registries.
    pub fn registries(&self) -> impl Iterator<Item = &str> {
        self.registries.keys().map(String::as_str)
    }

    /// The namespaces that pull from them.
    pub fn namespaces(&self) -> BTreeSet<&str> {
        self.registries.values().flat_map(BTreeMap::keys).map(String::as_str).collect()
    }

    /// Hosts of other images.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.others.iter().map(String::as_str)
    }

    /// The entries of `pullSecrets` that say the same: one for a registry whose namespaces agree, or else one for each secret.
    pub fn entries(&self) -> Vec<Entry> {
        self.registries.iter().flat_map(|(registry, namespaces)| entries_of(registry, namespaces)).collect()
    }
}

fn entries_of(registry: &str, namespaces: &BTreeMap<String, Votes>) -> Vec<Entry> {
    let mut by_secret: BTreeMap<Option<&str>, Vec<String>> = BTreeMap::new();
    for (namespace, votes) in namespaces {
        by_secret.entry(most_used(votes)).or_default().push(namespace.clone());
    }
    let entry = |secret: Option<&str>, namespaces: Vec<String>, used_in| Entry {
        registry: registry.to_owned(),
        namespaces,
        secret: secret.map(str::to_owned),
        used_in,
    };
    let without = by_secret.remove(&None).unwrap_or_default();
    match by_secret.len() {
        0 => vec![entry(None, Vec::new(), without)],
        1 => by_secret.into_iter().map(|(secret, used_in)| entry(secret, Vec::new(), used_in)).collect(),
        _ => {
            let named = by_secret.into_iter();
            let mut entries: Vec<Entry> =
                named.map(|(secret, used_in)| entry(secret, used_in.clone(), used_in)).collect();
            if !without.is_empty() {
                entries.push(entry(None, without.clone(), without));
            }
            entries
        }
    }
}

/// The secret that most pods use; of several, the first by its name.
fn most_used(votes: &Votes) -> Option<&str> {
    let most = votes.values().max()?;
    votes.iter().find(|(_, count)| *count == most).map(|(secret, _)| secret.as_str())
}

#[cfg(test)]
mod tests {
    use super::Usage;

    /// Each entry in one line: `registry namespaces secret`.
    fn entries(uses: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        let mut usage = Usage::default();
        for (registry, namespace, secret) in uses {
            usage.add(registry, namespace, *secret);
        }
        let line = |entry: super::Entry| {
            let secret = entry.secret.as_deref().unwrap_or("none");
            format!("{} [{}] {secret}", entry.registry, entry.namespaces.join(" "))
        };
        usage.entries().into_iter().map(line).collect()
    }

    #[test]
    fn namespaces_are_named_where_they_differ() {
        let (a, b) = ("a.azurecr.io", "b.azurecr.io");
        assert_eq!(entries(&[(a, "shop", None)]), ["a.azurecr.io [] none"]);
        assert_eq!(
            entries(&[(a, "shop", Some("one")), (a, "web", Some("one")), (a, "job", None)]),
            ["a.azurecr.io [] one"]
        );
        assert_eq!(
            entries(&[
                (a, "web", Some("two")),
                (a, "shop", Some("one")),
                (a, "job", None),
                (b, "shop", Some("two")),
            ]),
            [
                "a.azurecr.io [shop] one",
                "a.azurecr.io [web] two",
                "a.azurecr.io [job] none",
                "b.azurecr.io [] two",
            ]
        );
    }

    #[test]
    fn the_secret_of_most_pods_counts() {
        let a = "a.azurecr.io";
        let uses = [(a, "shop", Some("two")), (a, "shop", Some("one")), (a, "shop", Some("two"))];
        assert_eq!(entries(&uses), ["a.azurecr.io [] two"]);
        assert_eq!(entries(&uses[..2]), ["a.azurecr.io [] one"], "the first of two");
    }

    #[test]
    fn names_that_no_object_can_have_are_left_out() {
        let a = "a.azurecr.io";
        assert_eq!(entries(&[(a, "${NAMESPACE}", Some("one"))]), [""; 0]);
        assert_eq!(entries(&[(a, "shop", Some("x: {}\n- y"))]), ["a.azurecr.io [] none"]);
        let mut usage = Usage::default();
        for host in ["ghcr.io", "a b", "x\ny: z", "UPPER.io"] {
            usage.add_other(host);
        }
        assert_eq!(usage.others().collect::<Vec<_>>(), ["ghcr.io"]);
    }
}
