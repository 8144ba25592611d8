//! The plan for an image of a pod: which credentials the kubelet tries, as the policy says, taken from the Secrets.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use policy_core::docker_config::{Form, decode_config};
use policy_core::json::Value;
use policy_core::keyring::Keyring;
use policy_core::pull_secret::PullSecret;
use serde_json::value::RawValue;

use super::asking::{Image, Wish};
use crate::files::input;
use crate::registry::credentials::Credential;
use review::cluster::Cluster;
use review::engine::Engine;
use review::explanation::{self, ExplainError, Explanation, Need};
use review::host_calls::HostCalls;

/// An image of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// The reference as written
    pub image: String,
    /// The pod's namespace
    pub namespace: String,
    /// The pod's `ServiceAccount`; empty for the default one
    pub service_account: String,
    /// The names of the pod's pull secrets
    pub pull_secrets: Vec<String>,
    /// Whether the pod has no others
    pub is_list_known: bool,
}

/// Why there is no plan.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlanError {
    /// The policy does not explain
    #[error(transparent)]
    Explain(#[from] Arc<ExplainError>),
    /// A docker config that cannot be used
    #[error("--docker-config {path}: {problem}")]
    DockerConfig {
        /// The file
        path: String,
        /// What is wrong with it
        problem: String,
    },
}

/// Makes plans, each once.
pub struct Asker<'a> {
    /// The policy, which says what the kubelet tries
    pub policy: &'a dyn Engine,
    /// Its settings, as JSON
    pub settings: &'a RawValue,
    /// The policy's lookups
    pub host: Arc<dyn HostCalls>,
    /// The Secrets
    pub cluster: &'a Cluster,
    /// Whether an object that is not among the inputs does not exist
    pub is_complete: bool,
    /// The credentials of `--docker-config`, which are tried after those of the pod
    pub node: Node,
    /// The plans so far
    pub plans: Plans,
}

/// Credentials that are tried after those of the pod, as the kubelet does with those of its node.
#[derive(Debug, Default)]
pub struct Node(Keyring);

impl Node {
    /// The place of these credentials, as reports name it.
    const NAME: &str = "--docker-config";

    /// Reads a docker config. Credential helpers are not run, as the kubelet runs none.
    ///
    /// # Errors
    /// - a file that cannot be read, or is not a docker config
    pub fn read(path: &Path) -> Result<Self, PlanError> {
        let refuse = |problem: String| PlanError::DockerConfig { path: path.display().to_string(), problem };
        let text = input::small(path).map_err(|error| refuse(error.to_string()))?;
        let credentials =
            decode_config(&text, Form::ConfigJson).map_err(|error| refuse(error.to_string()))?;
        let mut keyring = Keyring::default();
        keyring.add(Self::NAME, credentials);
        Ok(Self(keyring))
    }
}

/// Plans by their questions.
#[derive(Default)]
pub struct Plans(Mutex<HashMap<Question, Result<Arc<Plan>, PlanError>>>);

/// What is asked about an image.
#[derive(Debug)]
pub struct Plan {
    /// Whether the policy applies to the image
    pub(super) is_judged: bool,
    /// The image, where it has a registry
    pub(super) image: Option<Image>,
    /// What the kubelet tries; the last of them may be an anonymous attempt
    pub(super) tries: Vec<Try>,
    /// Why the kubelet may try more than these
    pub(super) doubt: Option<String>,
    /// Why nothing is asked
    pub(super) refusal: Option<String>,
}

/// A credential that the kubelet tries.
#[derive(PartialEq, Eq)]
pub(super) struct Try {
    /// Secret and key; `None` for an anonymous attempt
    pub(super) from: Option<(String, String)>,
    pub(super) credential: Credential,
}

impl fmt::Debug for Try {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Try").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Plan {
    /// What is asked; `None` if that is nothing.
    pub(super) fn wish(&self) -> Option<Wish> {
        let credentials: Vec<Credential> = self.tries.iter().map(|it| it.credential.clone()).collect();
        let image = self.image.clone().filter(|_| self.refusal.is_none() && !credentials.is_empty())?;
        Some(Wish { image, credentials })
    }
}

impl Asker<'_> {
    /// Whether it is known which pull secrets a `ServiceAccount` brings.
    pub(super) fn knows_account(&self, namespace: &str, name: &str) -> bool {
        self.is_complete || self.cluster.get("v1", "ServiceAccount", namespace, name).is_some()
    }

    /// The plan for an image.
    ///
    /// # Errors
    /// - the policy does not explain
    pub fn plan(&self, question: &Question) -> Result<Arc<Plan>, PlanError> {
        let mut plans = self.plans.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.get(question) {
            return plan.clone();
        }
        let plan = self.make(question).map(Arc::new);
        plans.insert(question.clone(), plan.clone());
        plan
    }

    fn make(&self, question: &Question) -> Result<Plan, PlanError> {
        let Question { image, namespace, service_account, pull_secrets, is_list_known } = question;
        let asked = explanation::Question {
            image,
            namespace,
            settings: self.settings,
            pull_secrets: Some(pull_secrets),
            service_account,
        };
        let (_, explanation) = explanation::ask(self.policy, &asked, self.host.clone()).map_err(Arc::new)?;
        let is_judged = explanation.registry.as_ref().is_some_and(|registry| registry.kind == "login-server");
        let nothing = |refusal: String| Plan {
            is_judged,
            image: None,
            tries: Vec::new(),
            doubt: None,
            refusal: Some(refusal),
        };
        let Some(reference) = explanation.reference.as_ref().filter(|it| !it.domain.is_empty()) else {
            return Ok(nothing("the image reference names no registry that can be asked".to_owned()));
        };
        let in_state = |state: &str| {
            let mut secrets = explanation.secrets.iter();
            secrets.find(|secret| secret.state == state).map(|secret| secret.name.clone())
        };
        if let Some(name) = in_state("malformed") {
            return Ok(nothing(format!("secret {name} is malformed, which fails every pull of the pod")));
        }
        let Some(mut tries) = self.tries(question, &explanation) else {
            return Ok(nothing(
                "the policy reads the pull secrets in another way than this command".to_owned(),
            ));
        };
        let unread = in_state("unknown").map(|name| format!("secret {name} is not among the inputs"));
        let account = || match service_account.as_str() {
            "" => "the pod's pull secrets are not known".to_owned(),
            account => format!("ServiceAccount {namespace}/{account} is not among the inputs"),
        };
        let unread_account = (!is_list_known).then(account);
        let (doubt, refusal) = match &explanation.needs {
            // A key of it may match, and then no anonymous pull is tried.
            _ if unread.is_some() && tries.is_empty() => (None, unread),
            _ if unread.is_some() => (unread, None),
            _ if unread_account.is_some() => (unread_account, None),
            Some(Need::Nothing) => (Some("the node may have an identity of its own".to_owned()), None),
            Some(Need::Unlisted) if tries.is_empty() => {
                (Some("the settings do not say how the image is pulled".to_owned()), None)
            }
            _ => (None, None),
        };
        if tries.is_empty() {
            tries.push(Try { from: None, credential: Credential::Anonymous });
        }
        let image = Image {
            registry: reference.domain.to_ascii_lowercase(),
            repository: reference.path.clone(),
            wanted: reference.digest.as_ref().or(reference.tag.as_ref()).map_or("latest", |it| it).to_owned(),
        };
        Ok(Plan { is_judged, image: Some(image), tries, doubt, refusal })
    }

    /// The credentials of the attempts that the policy lists, and those of the node; `None` where the Secrets do not have them.
    fn tries(&self, question: &Question, explanation: &Explanation) -> Option<Vec<Try>> {
        let mut keyring = Keyring::default();
        for name in &question.pull_secrets {
            let Some(secret) = self.cluster.get("v1", "Secret", &question.namespace, name) else { continue };
            if let PullSecret::Usable { credentials, .. } = PullSecret::of(&Value::from(secret)) {
                keyring.add(name, credentials);
            }
        }
        let reference = explanation.reference.as_ref()?;
        let repository = format!("{}/{}", reference.domain, reference.path);
        let held: Vec<_> = keyring.lookup(&repository).collect();
        let is_same = held.len() == explanation.tries.len()
            && held
                .iter()
                .zip(&explanation.tries)
                .all(|(held, attempt)| (&held.secret, &held.shown) == (&attempt.secret, &attempt.key));
        let all = held.into_iter().chain(self.node.0.lookup(&repository));
        let tries = all.map(|held| Try {
            from: Some((held.secret.clone(), held.shown.clone())),
            credential: match (held.credential.username.as_str(), held.credential.password.as_str()) {
                // containerd: an entry with neither is an anonymous attempt.
                ("", "") => Credential::Anonymous,
                (user, password) => {
                    Credential::Password { user: user.to_owned(), password: password.to_owned() }
                }
            },
        });
        is_same.then(|| tries.collect())
    }
}
