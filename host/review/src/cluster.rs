//! Manifests that represent the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::declaration::{self, Binding, Declaration};
use crate::field;
use crate::kind::Kind;
use crate::known_names::KnownNames;

/// The label that every namespace has, with its own name.
pub const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// `apiVersion`, kind, namespace and name.
type Key = (String, String, String, String);

/// Objects by kind, namespace and name.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    objects: BTreeMap<Key, Known>,
    /// The namespaces of the Secrets, by their names
    secrets: BTreeMap<String, BTreeSet<String>>,
    /// Pull secrets that controllers add, by the keys of the ServiceAccounts
    bindings: BTreeMap<Key, Vec<Arc<Binding>>>,
    /// What was found for names of Secrets that are not here
    pub(crate) similar: KnownNames,
}

/// An object, as far as it is known.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) object: Arc<Value>,
    /// Whether this is a Secret without its data, which are not known
    is_declared: bool,
    /// Whether the object itself names its namespace
    is_named: bool,
    /// Where it is written, where that is known
    place: Option<String>,
}

/// A Secret that the kubelet may read, and its namespace.
pub(crate) struct Elsewhere<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) secret: &'a Value,
    /// Whether its content is not known
    pub(crate) is_declared: bool,
    /// Whether the object itself names its namespace
    pub(crate) is_named: bool,
}

/// Two different objects of one name among the inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// `Secret shop/acr-secret`
    pub object: String,
    /// Where the first is written
    pub first: String,
    /// Where the last is written, which counts
    pub last: String,
}

impl Known {
    fn elsewhere<'a>(&'a self, namespace: &'a str) -> Elsewhere<'a> {
        let Self { object, is_declared, is_named, .. } = self;
        Elsewhere { namespace, secret: object, is_declared: *is_declared, is_named: *is_named }
    }

    /// Whether these fields of the object, or all of them, include unknown values.
    pub(crate) fn hides(&self, fields: Option<&BTreeSet<String>>) -> bool {
        let shows = |name: &str| {
            let is_in = |path: &String| path.split('.').next() == Some(name);
            fields.is_none_or(|fields| fields.iter().any(is_in))
        };
        self.is_declared
            && (shows("data") || shows("type") && self.object.get("type").is_none())
            && !declaration::is_ignored(&self.object)
    }
}

/// The kinds that are looked up, and the one whose labels select.
const KEPT: [&str; 3] = ["Secret", "ServiceAccount", "Namespace"];

impl Cluster {
    /// Whether an object would be kept.
    pub fn keeps(object: &Value) -> bool {
        Kind::of(object).is_some_and(|kind| {
            KEPT.iter().any(|kept| kind.is_core(kept)) || declaration::is_declaring(&kind)
        })
    }

    /// Whether a text may hold an object that would be kept. It has to name the kind, unless the name is written with escapes
    /// or in base64.
    pub fn may_be_in(text: &str) -> bool {
        let is_word = |at| {
            !text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(char::is_alphanumeric)
        };
        let is_named = |kind: &&str| text.match_indices(*kind).any(|(at, _)| is_word(at));
        KEPT.iter().chain(&declaration::KINDS).any(is_named)
            || ["\\x", "\\u", "\\U", "\\\n", "\\\r", "binary"].iter().any(|spelled| text.contains(spelled))
    }

    /// Adds an object as the API server would store it, and the Secrets that it declares. Only the kinds that are ever looked
    /// up are kept, and the namespaces for their labels.
    pub fn add(&mut self, object: Value, default_namespace: &str) {
        self.add_at(None, object, default_namespace);
    }

    /// As [`Self::add`], for an object that is written at `place`. Returns the other Secret or `ServiceAccount` of its name
    /// that it replaces, if that has a place too and differs.
    pub fn add_at(
        &mut self,
        place: Option<String>,
        mut object: Value,
        default_namespace: &str,
    ) -> Option<Duplicate> {
        let kind = Kind::of(&object).filter(|_| Self::keeps(&object))?;
        let word =
            |field: &str| object.pointer(field).and_then(Value::as_str).filter(|word| !word.is_empty());
        let name = word("/metadata/name")?.to_owned();
        let is_named = word("/metadata/namespace").is_some();
        let namespace = if kind.is_cluster_scoped() {
            ""
        } else {
            word("/metadata/namespace").unwrap_or(default_namespace)
        };
        let namespace = namespace.to_owned();
        if let Some(Declaration { secrets, binding }) = Declaration::of(&kind, &object) {
            for secret in secrets {
                self.declare(secret, &namespace);
            }
            if let Some(binding) = binding {
                self.bind(binding, &namespace);
            }
            return None;
        }
        let key = (kind.api_version(), kind.kind.clone(), namespace, name);
        set_namespace(&mut object, &key.2);
        if kind.is_core("Secret") {
            store_secret(&mut object);
            self.secrets.entry(key.3.clone()).or_default().insert(key.2.clone());
            self.similar.clear();
        }
        for binding in self.bindings.get(&key).into_iter().flatten() {
            binding.add_to(&mut object);
        }
        let title = format!("{} {}/{}", key.1, key.2, key.3);
        let known = Known { object: Arc::new(object), is_declared: false, is_named, place };
        let (object, last) = (known.object.clone(), known.place.clone());
        let replaced = self.objects.insert(key, known).filter(|replaced| replaced.object != object)?;
        let (first, last) = (replaced.place?, last?);
        (!kind.is_core("Namespace")).then_some(Duplicate { object: title, first, last })
    }

    /// Adds a Secret whose content is not known, with its type. One with known content replaces it.
    pub fn declare_secret(&mut self, secret: Value) {
        let namespace = field::word(&secret, &["metadata", "namespace"]).unwrap_or_default().to_owned();
        self.declare(secret, &namespace);
    }

    /// Forgets where the objects are written, so that those of other inputs replace them silently.
    pub fn forget_places(&mut self) {
        self.objects.values_mut().for_each(|known| known.place = None);
    }

    /// Adds a Secret with unknown content, unless there is one with known content.
    fn declare(&mut self, mut secret: Value, namespace: &str) {
        let Some(name) = field::word(&secret, &["metadata", "name"]) else { return };
        let key = key("Secret", namespace, name);
        set_namespace(&mut secret, namespace);
        self.secrets.entry(key.3.clone()).or_default().insert(key.2.clone());
        self.similar.clear();
        if self.objects.get(&key).is_none_or(|known| known.is_declared) {
            let known = Known { object: Arc::new(secret), is_declared: true, is_named: true, place: None };
            self.objects.insert(key, known);
        }
    }

    /// Adds a pull secret to a ServiceAccount, even if the account itself is not among the objects.
    fn bind(&mut self, binding: Binding, namespace: &str) {
        let key = key("ServiceAccount", namespace, &binding.account);
        let account = self.objects.entry(key.clone()).or_insert_with(|| {
            let metadata = json!({"name": binding.account, "namespace": namespace});
            let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata});
            Known { object: Arc::new(account), is_declared: false, is_named: true, place: None }
        });
        binding.add_to(Arc::make_mut(&mut account.object));
        self.bindings.entry(key).or_default().push(Arc::new(binding));
    }

    /// The object, where it is known; a Secret that another object declares has no data.
    pub fn get(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.known(api_version, kind, namespace, name).map(|known| known.object.as_ref())
    }

    /// The Secrets of this name that the kubelet may read, each with its namespace.
    pub(crate) fn pull_secrets<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Elsewhere<'a>> {
        let namespaces = self.secrets.get(name).into_iter().flatten();
        let secrets = namespaces.filter_map(move |namespace| {
            self.known("v1", "Secret", namespace, name).map(|known| known.elsewhere(namespace))
        });
        secrets.filter(|found| !declaration::is_ignored(found.secret))
    }

    /// The names of the pull secrets that are known by their namespaces: those that the kubelet reads, and those that
    /// ServiceAccounts list.
    pub fn pull_secret_names(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for ((_, kind, namespace, name), known) in &self.objects {
            let names = names.entry(namespace).or_default();
            if kind == "Secret" && declaration::is_pull_secret(&known.object) {
                names.insert(name);
            } else if kind == "ServiceAccount" {
                let list = known.object.get("imagePullSecrets").and_then(Value::as_array);
                names.extend(list.into_iter().flatten().filter_map(|entry| field::word(entry, &["name"])));
            }
        }
        names
    }

    /// The names of the Secrets of a namespace that the kubelet may read: at most 1,000 among the first 10,000, so that a search
    /// takes a bounded time.
    pub(crate) fn pull_secrets_in<'a>(
        &'a self,
        namespace: &'a str,
        has_name: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = &'a str> {
        let secrets = self.objects.range(key("Secret", namespace, "")..);
        let secrets = secrets.take_while(move |((version, kind, of, _), _)| {
            (version.as_str(), kind.as_str(), of.as_str()) == ("v1", "Secret", namespace)
        });
        let secrets = secrets.take(10_000).filter(move |((.., name), _)| has_name(name)).take(1000);
        let secrets = secrets.filter(|(_, known)| !declaration::is_ignored(&known.object));
        secrets.map(|((.., name), _)| name.as_str())
    }

    /// The Secret of a namespace, as far as it is known.
    pub(crate) fn pull_secret<'a>(&'a self, namespace: &'a str, name: &str) -> Option<Elsewhere<'a>> {
        self.known("v1", "Secret", namespace, name).map(|known| known.elsewhere(namespace))
    }

    pub(crate) fn known(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Option<&Known> {
        if self.objects.is_empty() {
            return None;
        }
        let key = (api_version.to_owned(), kind.to_owned(), namespace.to_owned(), name.to_owned());
        self.objects.get(&key)
    }
}

fn key(kind: &str, namespace: &str, name: &str) -> Key {
    ("v1".to_owned(), kind.to_owned(), namespace.to_owned(), name.to_owned())
}

fn set_namespace(object: &mut Value, namespace: &str) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        && !namespace.is_empty()
    {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
}

/// `stringData` becomes `data`, and the type gets its default. core/v1: pkg/registry/core/secret/strategy.go
pub fn store_secret(secret: &mut Value) {
    let Some(fields) = secret.as_object_mut() else { return };
    if let Some(Value::Object(plain)) = fields.remove("stringData") {
        let data = fields.entry("data").or_insert_with(|| json!({}));
        if data.is_null() {
            *data = json!({});
        }
        if let Some(data) = data.as_object_mut() {
            for (key, text) in plain {
                let text = text.as_str().unwrap_or_default();
                data.insert(key, BASE64_STANDARD.encode(text).into());
            }
        }
    }
    fields.entry("type").or_insert_with(|| "Opaque".into());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Cluster;

    /// core/v1: pkg/registry/core/secret/strategy.go
    #[test]
    fn an_object_is_kept_as_the_api_server_stores_it() {
        let mut cluster = Cluster::default();
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"b": "Yg=="}, "stringData": {"a": "a"},
        });
        cluster.add(secret, "shop");
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "namespace": "x"}});
        cluster.add(namespace.clone(), "shop");
        let stored = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"}, "type": "Opaque",
            "data": {"a": "YQ==", "b": "Yg=="},
        });
        assert_eq!(cluster.get("v1", "Secret", "shop", "s"), Some(&stored));
        assert_eq!(cluster.get("v1", "Namespace", "", "shop"), Some(&namespace), "it is in no namespace");
        for nameless in [json!({}), json!({"name": ""})] {
            cluster.add(json!({"apiVersion": "v1", "kind": "Secret", "metadata": nameless}), "shop");
        }
        assert_eq!(cluster.objects.len(), 2);
    }

    /// As with kubectl, the last one counts.
    #[test]
    fn different_objects_of_one_name_are_noted_with_both_places() {
        let secret = |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": value}});
        let mut cluster = Cluster::default();
        let mut add =
            |place: &str, value: &str| cluster.add_at(Some(place.to_owned()), secret(value), "shop");
        assert_eq!(add("a.yaml:1", "YQ=="), None);
        assert_eq!(add("b.yaml:1", "YQ=="), None, "it is the same");
        let duplicate = add("c.yaml:3", "Yg==").unwrap();
        let places = (duplicate.object.as_str(), duplicate.first.as_str(), duplicate.last.as_str());
        assert_eq!(places, ("Secret shop/s", "b.yaml:1", "c.yaml:3"));
        cluster.forget_places();
        assert_eq!(cluster.add_at(Some("d.yaml:1".to_owned()), secret("YQ=="), "shop"), None);
    }

    /// Objects that are never looked up are not kept, and their files are not read twice.
    #[test]
    fn only_what_can_be_looked_up_is_looked_for_and_kept() {
        for (text, may_hold) in [
            ("kind: Pod\n", false),
            ("kind: Pod\nspec: {imagePullSecrets: [], secretName: secrets}\n", false),
            ("kind: Secret\n", true),
            ("Secret", true),
            ("{\"kind\":\"ServiceAccount\"}", true),
            ("kind: Namespace", true),
            ("kind: ExternalSecret", true),
            ("kind: SealedSecret", true),
            ("kind: SecretProviderClass", true),
            ("kind: AcrPullBinding", true),
            ("kind: UnsealedSecret", false),
            ("kind: \"S\\u0065cret\"\n", true),
            ("kind: \"S\\x65cret\"\n", true),
            ("kind: \"Sec\\\nret\"\n", true),
            ("kind: !!binary U2VjcmV0\n", true),
        ] {
            assert_eq!(Cluster::may_be_in(text), may_hold, "{text:?}");
        }
        let mut cluster = Cluster::default();
        for (api_version, kind) in
            [("v1", "Pod"), ("v1", "ConfigMap"), ("example.org/v1", "Secret"), ("apps/v1", "Deployment")]
        {
            cluster.add(json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}}), "shop");
        }
        assert!(cluster.objects.is_empty());
    }
}
