//! Manifests that stand for the cluster, and the policy's lookups in them, answered as the policy server does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::declaration::{self, Binding, Declaration};
use crate::failing_lookups::not_granted;
use crate::field;
use crate::field_mask::mask;
use crate::host_calls::HostCalls;
use crate::kind::Kind;
use crate::log::Log;

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
}

/// What is known of an object.
#[derive(Debug, Clone)]
struct Known {
    object: Arc<Value>,
    /// Whether this is a Secret without its data, which are not known
    is_declared: bool,
}

impl Known {
    /// Whether these fields of the object, or all of them, show something that is not known of it.
    fn hides(&self, fields: Option<&BTreeSet<String>>) -> bool {
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

    /// Whether a text may hold an object that would be kept. It has to name the kind, unless it spells it by escapes or
    /// in base64.
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
    pub fn add(&mut self, mut object: Value, default_namespace: &str) {
        let Some(kind) = Kind::of(&object).filter(|_| Self::keeps(&object)) else { return };
        let word =
            |field: &str| object.pointer(field).and_then(Value::as_str).filter(|word| !word.is_empty());
        let Some(name) = word("/metadata/name").map(str::to_owned) else { return };
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
            return;
        }
        let key = (kind.api_version(), kind.kind.clone(), namespace, name);
        set_namespace(&mut object, &key.2);
        if kind.is_core("Secret") {
            store_secret(&mut object);
            self.secrets.entry(key.3.clone()).or_default().insert(key.2.clone());
        }
        for binding in self.bindings.get(&key).into_iter().flatten() {
            binding.add_to(&mut object);
        }
        self.objects.insert(key, Known { object: Arc::new(object), is_declared: false });
    }

    /// Adds a Secret whose content is not known, unless there is one whose content is.
    fn declare(&mut self, mut secret: Value, namespace: &str) {
        let Some(name) = field::word(&secret, &["metadata", "name"]) else { return };
        let key = key("Secret", namespace, name);
        set_namespace(&mut secret, namespace);
        self.secrets.entry(key.3.clone()).or_default().insert(key.2.clone());
        if self.objects.get(&key).is_none_or(|known| known.is_declared) {
            self.objects.insert(key, Known { object: Arc::new(secret), is_declared: true });
        }
    }

    /// Has a ServiceAccount get a pull secret, also where the account itself is not among the objects.
    fn bind(&mut self, binding: Binding, namespace: &str) {
        let key = key("ServiceAccount", namespace, &binding.account);
        let account = self.objects.entry(key.clone()).or_insert_with(|| {
            let metadata = json!({"name": binding.account, "namespace": namespace});
            let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata});
            Known { object: Arc::new(account), is_declared: false }
        });
        binding.add_to(Arc::make_mut(&mut account.object));
        self.bindings.entry(key).or_default().push(Arc::new(binding));
    }

    /// The object, where it is known; a Secret that another object declares has no data.
    pub fn get(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.known(api_version, kind, namespace, name).map(|known| known.object.as_ref())
    }

    /// The Secrets of this name that the kubelet may read, each with its namespace.
    pub(crate) fn pull_secrets<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let namespaces = self.secrets.get(name).into_iter().flatten();
        let secrets = namespaces.filter_map(move |namespace| {
            Some((namespace.as_str(), self.get("v1", "Secret", namespace, name)?))
        });
        secrets.filter(|(_, secret)| !declaration::is_ignored(secret))
    }

    fn known(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Option<&Known> {
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

/// What a host error says of an object that is not known, behind its name. The policy takes it as unknown, without a finding.
pub const NOT_GIVEN: &str = " is not among the inputs";

/// What a policy may ask, and the answers.
pub struct Lookups {
    cluster: Arc<Cluster>,
    /// `(apiVersion, kind)` pairs
    resources: Vec<(String, String)>,
    /// Patterns such as `*`, `kubernetes/*`, `oci/v1/*`
    capabilities: Vec<String>,
    /// Whether an object that is not in the cluster does not exist
    is_complete: bool,
    log: Arc<dyn Log>,
}

/// A `get_resource` request. policy-evaluator: `callback_requests.rs` `KubernetesGetResource`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GetResource {
    /// `v1`
    pub api_version: String,
    /// `Secret`
    pub kind: String,
    /// Its name
    pub name: String,
    #[serde(default)]
    /// Its namespace; none for what is in no namespace
    pub namespace: Option<String>,
    #[serde(default)]
    /// Whether the answer must be fresh
    pub disable_cache: bool,
    #[serde(default)]
    /// The fields that are wanted; all where there is no list
    pub field_masks: Option<BTreeSet<String>>,
}

impl Lookups {
    /// Grants what the policy's metadata asks for, as an admin who follows it does.
    pub fn new(cluster: Arc<Cluster>, metadata: Option<&Value>, log: Arc<dyn Log>) -> Self {
        let list = |name| metadata.and_then(|m| m.get(name)).and_then(Value::as_array);
        let word = |value: &Value, name: &str| {
            value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let resources = list("contextAwareResources").into_iter().flatten();
        let capabilities = list("hostCapabilities")
            .map(|patterns| patterns.iter().filter_map(|p| p.as_str().map(str::to_owned)).collect());
        Self {
            cluster,
            resources: resources.map(|r| (word(r, "apiVersion"), word(r, "kind"))).collect(),
            capabilities: capabilities.unwrap_or_else(|| vec!["*".to_owned()]),
            is_complete: true,
            log,
        }
    }

    /// Grants these `(apiVersion, kind)` pairs instead, where a policy resource does.
    #[must_use]
    pub fn granting(self, resources: Option<Vec<(String, String)>>) -> Self {
        Self { resources: resources.unwrap_or(self.resources), ..self }
    }

    /// Of a Secret that is not in the cluster, says that it is not known instead of that it does not exist.
    ///
    /// A `ServiceAccount` that is not in the cluster still does not exist: a pod that names it has no pull secrets from it.
    #[must_use]
    pub fn incomplete(self) -> Self {
        Self { is_complete: false, ..self }
    }

    fn is_granted(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => capability.starts_with(prefix),
            None => capability == pattern,
        })
    }

    fn get_resource(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        let asked: GetResource =
            serde_json::from_slice(payload).map_err(|e| format!("cannot deserialize payload: {e}"))?;
        let GetResource { api_version, kind, name, namespace, field_masks, .. } = asked;
        if !self.resources.iter().any(|(a, k)| *a == api_version && *k == kind) {
            return Err(not_granted(&api_version, &kind));
        }
        let place = namespace.as_deref().unwrap_or_default();
        let known = self.cluster.known(&api_version, &kind, place, &name).ok_or_else(|| {
            let is_secret = (api_version.as_str(), kind.as_str()) == ("v1", "Secret");
            // Where the inputs have it in another namespace, they have the Secrets.
            if !self.is_complete && is_secret && self.cluster.pull_secrets(&name).next().is_none() {
                return format!("Secret {place}/{name}{NOT_GIVEN}");
            }
            format!(
                "Callback evaluation failure: Cannot find {api_version}/{kind} named '{name}' inside of namespace \
                 '{namespace:?}'"
            )
        })?;
        if known.hides(field_masks.as_ref()) {
            // By these words the policy tells what is not known from a lookup that fails.
            return Err(format!("the content of {kind} {place}/{name}{NOT_GIVEN}"));
        }
        let object = known.object.as_ref();
        let object = field_masks.map_or_else(|| object.clone(), |masks| mask(object, &masks));
        serde_json::to_vec(&object).map_err(|e| e.to_string())
    }
}

impl HostCalls for Lookups {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        if binding != "kubewarden" {
            return Err(format!("unknown binding: {binding}"));
        }
        if (namespace, operation) == ("tracing", "log") {
            self.trace(payload);
            return Ok(Vec::new());
        }
        let capability = format!("{namespace}/{operation}");
        if !self.is_granted(&capability) {
            return Err(format!(
                "Policy has not been granted access to the '{capability}' host capability. The violation has been \
                 reported."
            ));
        }
        match (namespace, operation) {
            ("kubernetes", "get_resource") => self.get_resource(payload),
            ("kubernetes" | "oci" | "net" | "crypto", _) => Err(format!("unknown operation: {operation}")),
            _ => Err(format!("unknown namespace: {namespace}")),
        }
    }

    fn log(&self, line: &str) {
        self.log.line(&format!("policy: {line}"));
    }
}

impl Lookups {
    fn trace(&self, payload: &[u8]) {
        let Ok(event) = serde_json::from_slice::<Value>(payload) else { return };
        let word = |name| event.get(name).and_then(Value::as_str).unwrap_or_default();
        self.log.line(&format!("policy: {}: {}", word("level"), word("message").escape_debug()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::{Cluster, Lookups};
    use crate::host_calls::HostCalls as _;
    use crate::log::{Log, NoLog};

    /// Keeps every line.
    #[derive(Clone, Default)]
    struct Said(Arc<Mutex<Vec<String>>>);

    impl Log for Said {
        fn line(&self, line: &str) {
            self.0.lock().unwrap().push(line.to_owned());
        }
    }

    fn stored() -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"},
            "type": "Opaque", "data": {"a": "YQ==", "b": {"c": "Yw==", "d": "ZA=="}},
            "list": [{"x": 1, "y": 2}, {"y": 3}, 4],
        })
    }

    fn ask(payload: &Value) -> Result<Value, String> {
        let mut cluster = Cluster::default();
        cluster.add(stored(), "default");
        let metadata = json!({"contextAwareResources": [{"apiVersion": "v1", "kind": "Secret"}]});
        let lookups = Lookups::new(Arc::new(cluster), Some(&metadata), Arc::new(NoLog));
        let answer =
            lookups.call("kubewarden", "kubernetes", "get_resource", payload.to_string().as_bytes())?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }

    /// policy-evaluator: `callback_handler/kubernetes/field_mask.rs`
    #[test]
    fn of_an_object_only_what_the_masks_name_is_given() {
        let always =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"}});
        for (masks, more) in [
            (json!([]), json!({})),
            (json!(["type"]), json!({"type": "Opaque"})),
            (json!(["data"]), json!({"data": stored()["data"]})),
            (json!(["data.b.d", "type"]), json!({"data": {"b": {"d": "ZA=="}}, "type": "Opaque"})),
            (json!(["list.y"]), json!({"list": [{"y": 2}, {"y": 3}, 4]})),
            (json!(["absent", "data.absent"]), json!({"data": {}})),
        ] {
            let asked = json!({"api_version": "v1", "kind": "Secret", "name": "s", "namespace": "shop", "field_masks": masks});
            let mut expected = always.clone();
            expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            assert_eq!(ask(&asked), Ok(expected), "{masks}");
        }
        let whole = json!({"api_version": "v1", "kind": "Secret", "name": "s", "namespace": "shop"});
        assert_eq!(ask(&whole), Ok(stored()));
    }

    #[test]
    fn only_the_very_object_is_given() {
        let asked = |field: &str, value: &str| {
            let mut asked = json!({"api_version": "v1", "kind": "Secret", "name": "s", "namespace": "shop"});
            asked[field] = value.into();
            ask(&asked)
        };
        assert!(asked("name", "s").is_ok());
        for (field, other) in [("name", "t"), ("namespace", "default"), ("namespace", "")] {
            let refusal = asked(field, other).unwrap_err();
            assert!(refusal.contains("Cannot find v1/Secret named"), "{field} {other}: {refusal}");
        }
        for (field, other) in [("kind", "ServiceAccount"), ("api_version", "v2")] {
            let refusal = asked(field, other).unwrap_err();
            assert!(
                refusal.contains("has not been granted access to Kubernetes"),
                "{field} {other}: {refusal}"
            );
        }
    }

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

    /// policy-evaluator: `evaluation_context.rs` `can_access_host_capability`
    #[test]
    fn a_policy_may_call_what_its_metadata_name() {
        let payload =
            json!({"api_version": "v1", "kind": "Secret", "name": "s", "namespace": "shop"}).to_string();
        for (capabilities, is_granted) in [
            (json!(null), true),
            (json!(["*"]), true),
            (json!(["oci/*", "kubernetes/*"]), true),
            (json!(["kubernetes/get_resource"]), true),
            (json!(["kubernetes/get*"]), true),
            (json!([]), false),
            (json!(["oci/*"]), false),
            (json!(["kubernetes/list_resources_all"]), false),
            (json!(["kubernetes"]), false),
        ] {
            let mut metadata = json!({"contextAwareResources": [{"apiVersion": "v1", "kind": "Secret"}]});
            if !capabilities.is_null() {
                metadata["hostCapabilities"] = capabilities.clone();
            }
            let lookups = Lookups::new(Arc::default(), Some(&metadata), Arc::new(NoLog));
            let refusal =
                lookups.call("kubewarden", "kubernetes", "get_resource", payload.as_bytes()).unwrap_err();
            let told = if is_granted {
                "Cannot find v1/Secret"
            } else {
                "'kubernetes/get_resource' host capability"
            };
            assert!(refusal.contains(told), "{capabilities}: {refusal}");
        }
    }

    #[test]
    fn a_call_that_the_command_does_not_know_is_named() {
        let lookups = Lookups::new(Arc::default(), None, Arc::new(NoLog));
        for (binding, namespace, operation, told) in [
            ("other", "kubernetes", "get_resource", "unknown binding: other"),
            ("other", "tracing", "log", "unknown binding: other"),
            ("kubewarden", "kubernetes", "list_resources_all", "unknown operation: list_resources_all"),
            ("kubewarden", "oci", "v1/verify", "unknown operation: v1/verify"),
            ("kubewarden", "net", "v1/dns_lookup_host", "unknown operation: v1/dns_lookup_host"),
            (
                "kubewarden",
                "crypto",
                "v1/is_certificate_trusted",
                "unknown operation: v1/is_certificate_trusted",
            ),
            ("kubewarden", "weather", "forecast", "unknown namespace: weather"),
            ("kubewarden", "kubernetes", "get_resource", "cannot deserialize payload: EOF"),
        ] {
            let refusal = lookups.call(binding, namespace, operation, b"").unwrap_err();
            assert!(refusal.starts_with(told), "{binding} {namespace} {operation}: {refusal}");
        }
    }

    #[test]
    fn what_a_policy_logs_is_said() {
        let said = Said::default();
        let lookups = Lookups::new(Arc::default(), None, Arc::new(said.clone()));
        let event = json!({"level": "INFO", "message": "two\nlines"}).to_string();
        assert_eq!(lookups.call("kubewarden", "tracing", "log", event.as_bytes()), Ok(Vec::new()));
        assert_eq!(lookups.call("kubewarden", "tracing", "log", b"no JSON"), Ok(Vec::new()));
        lookups.log("printed");
        assert_eq!(*said.0.lock().unwrap(), ["policy: INFO: two\\nlines", "policy: printed"]);
    }
}
