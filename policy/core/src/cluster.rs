//! What the decision may ask of the cluster.

use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::rc::Rc;

use crate::json::Value;

/// An object in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectRef<'a> {
    /// `v1`
    pub api_version: &'a str,
    /// `Secret`, `ServiceAccount`
    pub kind: &'a str,
    /// Namespace, never empty
    pub namespace: &'a str,
    /// Name
    pub name: &'a str,
    /// The requested parts, as Kubewarden's field masks; empty for everything
    pub fields: &'static [&'static str],
}

/// The cluster, or its substitute.
pub trait Cluster {
    /// The object, or `None` where it does not exist.
    ///
    /// # Errors
    /// - the cluster could not be asked, or would not answer
    fn get(&self, object: &ObjectRef<'_>) -> Result<Option<Value<'static>>, LookupError>;

    /// The time, in seconds since 1970; `None` if it is not known.
    fn now(&self) -> Option<u64> {
        None
    }
}

/// A cluster in which no object exists: every lookup is answered, and finds nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmptyCluster;

impl Cluster for EmptyCluster {
    fn get(&self, _: &ObjectRef<'_>) -> Result<Option<Value<'static>>, LookupError> {
        Ok(None)
    }
}

/// Why a lookup has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupError {
    /// The policy's `hostCapabilities` lack `kubernetes/get_resource`
    CapabilityNotGranted,
    /// The policy's `contextAwareResources` lack the kind
    ResourceNotGranted,
    /// RBAC: the policy server may not read the object
    Forbidden,
    /// The host knows only a part of the cluster: the command, whose inputs lack the object. That is not a problem, so there is
    /// no finding for it
    NotGiven,
    /// Anything else: no cluster, no connection, an answer that is not an object. Contains nothing of the answer,
    /// which could carry a credential
    Unavailable,
}

impl LookupError {
    /// Reads a host's error text; `None` where it says that the object does not exist.
    ///
    /// Kubewarden passes only texts to a policy.
    /// policy-evaluator: `callback_handler/kubernetes/client.rs`, `evaluation_context.rs`
    pub fn from_host_text(text: &str) -> Option<Self> {
        if text.contains("Cannot find ") && text.contains(" named ") {
            return None;
        }
        Some(if text.contains(" not among the inputs") {
            Self::NotGiven
        } else if text.contains("' host capability") {
            Self::CapabilityNotGranted
        } else if text.contains("Policy has not been granted access to Kubernetes") {
            Self::ResourceNotGranted
        } else if text.contains("is forbidden") {
            Self::Forbidden
        } else {
            Self::Unavailable
        })
    }

    /// What to do about it, for a lookup of core/v1 `kind` in `namespace`.
    pub(crate) fn help(&self, kind: &str, namespace: &str) -> String {
        match self {
            Self::CapabilityNotGranted => {
                "grant the policy the host capability kubernetes/get_resource".to_owned()
            }
            Self::ResourceNotGranted => {
                format!("add {{apiVersion: v1, kind: {kind}}} to the policy's contextAwareResources")
            }
            Self::Forbidden => format!(
                "let the policy server's ServiceAccount get {}s in namespace \"{namespace}\" by RBAC",
                kind.to_ascii_lowercase()
            ),
            Self::NotGiven => "add it to the inputs".to_owned(),
            Self::Unavailable => "look for the reason in the policy server's log".to_owned(),
        }
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CapabilityNotGranted => "the host capability is not granted",
            Self::ResourceNotGranted => "the kind is not among the policy's contextAwareResources",
            Self::Forbidden => "RBAC forbids it",
            Self::NotGiven => "it is not among the inputs",
            Self::Unavailable => "the cluster gave no answer",
        })
    }
}

impl std::error::Error for LookupError {}

/// An object as the cluster holds it, shared by all who asked for it in one request.
pub(crate) type Answer = Result<Option<Rc<Value<'static>>>, LookupError>;

/// Asks for each object, and for the time, at most once in a request.
pub(crate) struct Memo<'a> {
    cluster: &'a dyn Cluster,
    now: OnceCell<Option<u64>>,
    /// In the order of the keys
    answers: RefCell<Vec<(String, Answer)>>,
}

impl<'a> Memo<'a> {
    pub(crate) fn new(cluster: &'a dyn Cluster) -> Self {
        Self { cluster, now: OnceCell::new(), answers: RefCell::default() }
    }

    /// The time, in seconds since 1970: the same one for both versions of an object, whose findings are compared.
    pub(crate) fn now(&self) -> Option<u64> {
        *self.now.get_or_init(|| self.cluster.now())
    }

    /// Kind and name suffice as the key: a request has one namespace, and each kind one field mask.
    pub(crate) fn get(&self, object: &ObjectRef<'_>) -> Answer {
        let key = format!("{}/{}", object.kind, object.name);
        let mut answers = self.answers.borrow_mut();
        match answers.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => answers.get(at).map_or(Err(LookupError::Unavailable), |(_, answer)| answer.clone()),
            Err(at) => {
                let answer = self.cluster.get(object).map(|found| found.map(Rc::new));
                answers.insert(at, (key, answer.clone()));
                answer
            }
        }
    }
}
