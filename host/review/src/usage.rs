//! What manifests use: which registries, and which pull secrets in which namespaces.

use std::collections::{BTreeMap, BTreeSet};

use crate::object_name::{parse_name, parse_namespace};
use crate::user_info::without_user_info;

/// How often a secret is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Votes {
    /// By pods that list it
    listed: usize,
    /// By pods that list none, in a namespace that has it
    known: usize,
}

/// The secrets that the pods of a namespace use.
type Secrets = BTreeMap<String, Votes>;

/// The pull secret that a pod has for an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use<'a> {
    /// The pod lists it, or its ServiceAccount does
    Listed(&'a str),
    /// The pod has no list, and its namespace has this secret
    Known(&'a str),
    /// There is none
    None,
}

/// A name that is not used, because Kubernetes or the settings do not accept it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// Of an image, whose registry is not known
    Image(String),
    /// Of a registry
    Registry(String),
    /// Of a registry, which no host can have
    Host(String),
    /// Of a namespace
    Namespace(String),
    /// Of a pull secret
    Secret(String),
}

/// What manifests use. Names that the API server refuses, such as placeholders, are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// The registries, the namespaces that pull from each, and what they pull with. A namespace without a valid name has none
    registries: BTreeMap<String, BTreeMap<Option<String>, Secrets>>,
    /// Hosts of other images
    others: BTreeSet<String>,
    refused: BTreeSet<Refused>,
}

/// Which pull secret the images of a registry need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The registry, as an item of `registries`
    pub registry: String,
    /// Its namespaces; empty for all
    pub namespaces: Vec<String>,
    /// The name of the secret; `None` where no pod has one
    pub secret: Option<String>,
    /// The namespaces whose pods list it
    pub listed_in: Vec<String>,
    /// The namespaces that have it, and whose pods list none
    pub known_in: Vec<String>,
    /// The namespaces whose pods have no pull secret for the registry
    pub without: Vec<String>,
    /// Other secrets that pods of these namespaces list for the registry
    pub others: Vec<String>,
}

impl Usage {
    /// Adds an image of a pod, and the pull secret that the pod has for it.
    pub fn add(&mut self, registry: &str, namespace: &str, secret: Use<'_>) {
        if !has_length_of_host(registry) {
            self.refused.insert(Refused::Host(registry.to_owned()));
            return;
        }
        let valid = parse_namespace(namespace).ok();
        if valid.is_none() {
            self.refused.insert(Refused::Namespace(namespace.to_owned()));
        }
        let namespaces = self.registries.entry(registry.to_owned()).or_default();
        let secrets = namespaces.entry(valid).or_default();
        let (Use::Listed(name) | Use::Known(name)) = secret else { return };
        let Ok(name) = parse_name(name) else {
            self.refused.insert(Refused::Secret(name.to_owned()));
            return;
        };
        let votes = secrets.entry(name).or_default();
        match secret {
            Use::Listed(_) => votes.listed += 1,
            _ => votes.known += 1,
        }
    }

    /// Notes which of these names no pull secret can have.
    pub fn add_listed<'n>(&mut self, names: impl IntoIterator<Item = &'n String>) {
        let refused = names.into_iter().filter(|name| parse_name(name).is_err());
        self.refused.extend(refused.map(|name| Refused::Secret(name.clone())));
    }

    /// Adds the host of an image that the policy does not apply to.
    pub fn add_other(&mut self, host: &str) {
        let (name, port) = host.split_once(':').unwrap_or((host, ""));
        if !has_length_of_host(host) {
            self.refused.insert(Refused::Host(host.to_owned()));
        } else if parse_name(name).is_ok() && port.bytes().all(|byte| byte.is_ascii_digit()) {
            self.others.insert(host.to_owned());
        } else {
            self.refused.insert(Refused::Registry(host.to_owned()));
        }
    }

    /// Adds an image whose registry is not known.
    pub fn add_unknown(&mut self, image: &str) {
        self.refused.insert(Refused::Image(without_user_info(image).into_owned()));
    }

    /// Leaves out the registries that are not wanted.
    pub fn retain(&mut self, is_wanted: impl Fn(&str) -> bool) {
        let Self { registries, refused, .. } = self;
        registries.retain(|registry, _| {
            is_wanted(registry) || {
                refused.insert(Refused::Registry(registry.clone()));
                false
            }
        });
    }

    /// The names that are left out.
    pub fn refused(&self) -> impl Iterator<Item = &Refused> {
        self.refused.iter()
    }

    /// The registries.
    pub fn registries(&self) -> impl Iterator<Item = &str> {
        self.registries.keys().map(String::as_str)
    }

    /// The namespaces that pull from them.
    pub fn namespaces(&self) -> BTreeSet<&str> {
        self.registries.values().flat_map(BTreeMap::keys).flatten().map(String::as_str).collect()
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

fn entries_of(registry: &str, namespaces: &BTreeMap<Option<String>, Secrets>) -> Vec<Entry> {
    let mut by_secret: BTreeMap<Option<&str>, Entry> = BTreeMap::new();
    for (namespace, secrets) in namespaces {
        let most = most_used(secrets);
        let secret = most.map(|(name, _)| name);
        let entry = by_secret.entry(secret).or_insert_with(|| Entry {
            registry: registry.to_owned(),
            secret: secret.map(str::to_owned),
            ..Entry::default()
        });
        let users = match most {
            Some((_, votes)) if votes.listed > 0 => &mut entry.listed_in,
            Some(_) => &mut entry.known_in,
            None => &mut entry.without,
        };
        users.extend(namespace.clone());
        let others = secrets.iter().filter(|(name, votes)| Some(name.as_str()) != secret && votes.listed > 0);
        entry.others.extend(others.map(|(name, _)| name.clone()));
    }
    let none = by_secret.remove(&None);
    let without = none.as_ref().map(|none| none.without.clone()).unwrap_or_default();
    let mut entries: Vec<Entry> = by_secret.into_values().collect();
    match entries.as_mut_slice() {
        [] => entries.extend(none),
        // The pods that have no secret are taken to need that of the others.
        [one] => one.without = without,
        several => {
            for entry in several {
                entry.namespaces = [entry.listed_in.as_slice(), &entry.known_in].concat();
                entry.namespaces.sort();
            }
            // A namespace without a valid name cannot be written, and an entry without namespaces would be for all of them.
            entries.retain(|entry| !entry.namespaces.is_empty());
            let none = none.filter(|_| !without.is_empty());
            entries.extend(none.map(|none| Entry { namespaces: without, ..none }));
        }
    }
    for entry in &mut entries {
        entry.others.sort();
        entry.others.dedup();
    }
    entries
}

/// The secret that most pods list, or else the one that most would have to list; of several, the first by its name.
fn most_used(secrets: &Secrets) -> Option<(&str, Votes)> {
    let most = secrets.values().max()?;
    secrets.iter().find(|(_, votes)| *votes == most).map(|(name, votes)| (name.as_str(), *votes))
}

/// Whether the lengths are those of the name of a host. RFC 1035, section 2.3.4
fn has_length_of_host(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default();
    name.len() <= 253 && name.split('.').all(|label| label.len() <= 63)
}

#[cfg(test)]
mod tests {
    use super::{Entry, Refused, Usage, Use};

    /// Each entry in one line: `registry namespaces secret`.
    fn entries(uses: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        let mut usage = Usage::default();
        for (registry, namespace, secret) in uses {
            usage.add(registry, namespace, secret.map_or(Use::None, Use::Listed));
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
    fn a_secret_that_pods_list_comes_before_those_that_are_only_there() {
        let a = "a.azurecr.io";
        let mut usage = Usage::default();
        for secret in [Use::Known("one"), Use::Known("one"), Use::Listed("two"), Use::Listed("three")] {
            usage.add(a, "shop", secret);
        }
        usage.add(a, "data", Use::Known("three"));
        usage.add(a, "job", Use::None);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            usage.entries(),
            [Entry {
                registry: a.to_owned(),
                namespaces: Vec::new(),
                secret: Some("three".to_owned()),
                listed_in: names(&["shop"]),
                known_in: names(&["data"]),
                without: names(&["job"]),
                others: names(&["two"]),
            }]
        );
    }

    #[test]
    fn names_that_no_object_can_have_are_left_out() {
        let a = "a.azurecr.io";
        assert_eq!(entries(&[(a, "${NAMESPACE}", Some("one"))]), ["a.azurecr.io [] one"]);
        assert_eq!(
            entries(&[(a, "${NAMESPACE}", Some("one")), (a, "shop", Some("two"))]),
            ["a.azurecr.io [shop] two"]
        );
        assert_eq!(entries(&[(a, "shop", Some("x: {}\n- y"))]), ["a.azurecr.io [] none"]);
        let mut usage = Usage::default();
        for host in ["ghcr.io", "localhost:5000", "a b", "x\ny: z", "UPPER.io", "a:b"] {
            usage.add_other(host);
        }
        assert_eq!(usage.others().collect::<Vec<_>>(), ["ghcr.io", "localhost:5000"]);
        assert_eq!(usage.refused().count(), 4);
        let long = |length| "a".repeat(length);
        let deep = [long(63), long(63), long(63), long(63)].join(".");
        let hosts = [long(63), long(64), format!("{}.azurecr.io", long(300)), format!("{deep}.azurecr.io")];
        let mut usage = Usage::default();
        for host in &hosts {
            usage.add(host, "shop", Use::Listed("one"));
            usage.add_other(&format!("{host}:5000"));
        }
        assert_eq!(usage.registries().collect::<Vec<_>>(), [&hosts[0]]);
        assert_eq!(usage.others().collect::<Vec<_>>(), [format!("{}:5000", hosts[0])]);
        assert!(usage.refused().all(|refused| matches!(refused, Refused::Host(_))));
        assert_eq!(usage.refused().count(), 6);
        let mut usage = Usage::default();
        usage.add_listed(&["one".to_owned(), "evil # x".to_owned()]);
        assert_eq!(usage.refused().cloned().collect::<Vec<_>>(), [Refused::Secret("evil # x".to_owned())]);
        let mut usage = Usage::default();
        usage.add_unknown("ann:pw@${REGISTRY}/web");
        usage.add("a_b.azurecr.io", "${NAMESPACE}", Use::Listed("A"));
        usage.retain(|registry| !registry.contains('_'));
        assert_eq!(
            usage.refused().cloned().collect::<Vec<_>>(),
            [
                Refused::Image("***@${REGISTRY}/web".to_owned()),
                Refused::Registry("a_b.azurecr.io".to_owned()),
                Refused::Namespace("${NAMESPACE}".to_owned()),
                Refused::Secret("A".to_owned()),
            ]
        );
    }
}
