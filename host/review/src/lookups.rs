//! The policy's lookups, answered from the cluster as the policy server does.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::failing_lookups::not_granted;
use crate::field_mask::mask;
use crate::host_calls::HostCalls;
use crate::log::Log;
use crate::placeholder;

/// The end of a host error for an unknown object, after its name. The policy treats it as unknown, without a finding.
pub const NOT_GIVEN: &str = " is not among the inputs";

/// The begin of such an error where the object is known and its content is not.
pub(crate) const CONTENT_OF: &str = "the content of ";

/// What a policy may ask, and the answers.
pub struct Lookups {
    cluster: Arc<Cluster>,
    /// `(apiVersion, kind)` pairs
    resources: Vec<(String, String)>,
    /// Patterns such as `*`, `kubernetes/*`, `oci/v1/*`
    capabilities: Vec<String>,
    /// Whether an object that is not in the cluster does not exist
    is_complete: bool,
    /// Names of Secrets of which it is not known whether they exist
    unread: BTreeSet<String>,
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
    /// Its namespace, if it has one
    pub namespace: Option<String>,
    #[serde(default)]
    /// Whether the answer must be fresh
    pub disable_cache: bool,
    #[serde(default)]
    /// The fields that are wanted; all where there is no list
    pub field_masks: Option<BTreeSet<String>>,
}

impl Lookups {
    /// Grants the lookups in the policy's metadata, like an admin who follows it.
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
            unread: BTreeSet::new(),
            log,
        }
    }

    /// Grants these `(apiVersion, kind)` pairs instead, where a policy resource does.
    #[must_use]
    pub fn granting(self, resources: Option<Vec<(String, String)>>) -> Self {
        Self { resources: resources.unwrap_or(self.resources), ..self }
    }

    /// Reports a Secret that is not in the cluster as unknown instead of absent.
    ///
    /// A `ServiceAccount` that is not in the cluster still does not exist: a pod that names it has no pull secrets from it.
    #[must_use]
    pub fn incomplete(self) -> Self {
        Self { is_complete: false, ..self }
    }

    /// Reports the Secrets of these names as unknown instead of absent, where they are not in the cluster: a login may read some
    /// Secrets, and not others.
    #[must_use]
    pub fn unread(self, names: impl IntoIterator<Item = String>) -> Self {
        Self { unread: names.into_iter().collect(), ..self }
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
            let is_known = self.is_complete && !self.unread.contains(&name);
            let is_unknown = !is_known && self.cluster.pull_secrets(&name).next().is_none();
            // Its future name is not known.
            let has_placeholder = [place, &name].into_iter().any(placeholder::is_in);
            if is_secret && (is_unknown || has_placeholder) {
                return format!("Secret {place}/{name}{NOT_GIVEN}");
            }
            format!(
                "Callback evaluation failure: Cannot find {api_version}/{kind} named '{name}' inside of namespace \
                 '{namespace:?}'"
            )
        })?;
        if known.hides(field_masks.as_ref()) {
            // By these words the policy distinguishes an unknown object from a failed lookup.
            return Err(format!("{CONTENT_OF}{kind} {place}/{name}{NOT_GIVEN}"));
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

    use super::Lookups;
    use crate::cluster::Cluster;
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
    fn only_the_requested_object_is_given() {
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
