//! Gaps in the inputs: objects that the policy asks for and that are not among them, so that they are unknown.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::field::{field, word};
use crate::host_calls::HostCalls;
use crate::lookups::{CONTENT_OF, NOT_GIVEN};
use crate::verdict::Verdict;

/// An object that the answers depend on and that is not among the inputs. Its text is `Secret shop/acr-secret`, or
/// `the content of Secret shop/acr-secret`, and is what reports have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Whether only its content is unknown: something else creates it, or it is encrypted
    pub is_content: bool,
    /// Its kind
    pub kind: String,
    /// Its namespace
    pub namespace: String,
    /// Its name
    pub name: String,
}

impl Gap {
    /// `Secret shop/acr-secret`, also where only the content is unknown.
    pub fn object(&self) -> String {
        let Self { kind, namespace, name, .. } = self;
        format!("{kind} {namespace}/{name}")
    }

    /// The object of a lookup that the host refused with this error; `None` if the object is not unknown.
    fn of_lookup(payload: &[u8], error: &str) -> Option<Self> {
        if !error.contains(NOT_GIVEN) {
            return None;
        }
        let asked: Value = serde_json::from_slice(payload).ok()?;
        let word = |name| word(&asked, &[name]).unwrap_or_default().to_owned();
        let is_content = error.starts_with(CONTENT_OF);
        Some(Self { is_content, kind: word("kind"), namespace: word("namespace"), name: word("name") })
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.is_content { CONTENT_OF } else { "" };
        write!(f, "{prefix}{}", self.object())
    }
}

impl Serialize for Gap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The host, and the unknown objects in the lookups for one object.
pub(crate) struct Noting {
    host: Arc<dyn HostCalls>,
    unknown: Mutex<BTreeSet<Gap>>,
}

impl Noting {
    pub(crate) fn new(host: Arc<dyn HostCalls>) -> Self {
        Self { host, unknown: Mutex::default() }
    }

    /// The unknown objects.
    pub(crate) fn unknown(&self) -> BTreeSet<Gap> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl HostCalls for Noting {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        let answer = self.host.call(binding, namespace, operation, payload);
        if let Some(gap) = answer.as_ref().err().and_then(|error| Gap::of_lookup(payload, error)) {
            self.unknown.lock().unwrap_or_else(PoisonError::into_inner).insert(gap);
        }
        answer
    }

    fn log(&self, line: &str) {
        self.host.log(line);
    }
}

/// The `ServiceAccount` of a pod that has no pull secret and lacks one, where it is not in the cluster: with it, the pod might
/// have the secret.
pub(crate) fn account_of(pod: &Value, namespace: &str, verdict: &Verdict, cluster: &Cluster) -> Option<Gap> {
    let lacks = verdict.findings.iter().any(|finding| finding.rule == "missing-pull-secret");
    let list = field(pod, &["spec", "imagePullSecrets"]).and_then(Value::as_array);
    if !lacks || list.is_some_and(|list| !list.is_empty()) {
        return None;
    }
    let name = ["serviceAccountName", "serviceAccount"].iter().find_map(|name| word(pod, &["spec", name]));
    let name = name.unwrap_or("default");
    let is_known = cluster.get("v1", "ServiceAccount", namespace, name).is_some();
    (!is_known).then(|| Gap {
        is_content: false,
        kind: "ServiceAccount".to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })
}
