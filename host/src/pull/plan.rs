//! The plan for an image of a pod: which credentials the kubelet tries, as the policy says, with what the policy decodes of the Secrets.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::asking::{Image, ImageRequest};
use crate::files::input::{self, InputError};
use crate::registry::credentials::Credential;
use review::cluster::Cluster;
use review::engine::Engine;
use review::explanation::{self, ExplainError, Explanation, Need, TriedKey, Usability};
use review::host_calls::HostCalls;
use review::log::NoLog;
use review::lookups::{Lookups, NOT_GIVEN};

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
    /// A file that cannot be read
    #[error(transparent)]
    Unreadable(Arc<InputError>),
    /// A docker config that cannot be used
    #[error("{path}: {problem}")]
    DockerConfig {
        /// The file
        path: String,
        /// What is wrong with it
        problem: String,
    },
}

/// Why objects that may exist are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// They are not among the inputs
    NotGiven,
    /// Reading them from the cluster has failed
    NotRead(ReadFailures),
}

impl Unread {
    /// The words for a Secret, after its name.
    fn of_secret(&self, name: &str) -> &'static str {
        match self {
            Self::NotGiven => NOT_GIVEN,
            Self::NotRead(failures) => words(failures.of_secret(name)),
        }
    }

    /// The words for the `ServiceAccount`, after its name.
    fn of_account(&self) -> &'static str {
        match self {
            Self::NotGiven => NOT_GIVEN,
            Self::NotRead(failures) => words(failures.account),
        }
    }
}

fn words(failure: Option<ReadFailure>) -> &'static str {
    match failure {
        Some(ReadFailure::Forbidden) => " may not be read by this login",
        Some(ReadFailure::NoLogin | ReadFailure::Other) | None => " could not be read",
    }
}

/// Why an object could not be read from the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFailure {
    /// This login may not read it
    Forbidden,
    /// The cluster does not accept the login, which may have ended
    NoLogin,
    /// For another reason, such as a busy API server
    Other,
}

/// What could not be read from the cluster about one pod, each with its own reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadFailures {
    /// The Secrets, by their names
    pub secrets: Vec<(String, ReadFailure)>,
    /// The `ServiceAccount`; none where it could be read, also where it does not exist
    pub account: Option<ReadFailure>,
}

impl ReadFailures {
    /// Why a Secret could not be read; none where it could.
    pub fn of_secret(&self, name: &str) -> Option<ReadFailure> {
        self.secrets.iter().find(|(secret, _)| secret == name).map(|(_, failure)| *failure)
    }
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
    /// Why other objects are not known
    pub unread: Unread,
    /// The credentials of `--docker-config`, which are tried after those of the pod
    pub node: Node,
    /// The plans so far
    pub plans: Plans,
}

/// Credentials that are tried after those of the pod, as the kubelet does with those of its node.
#[derive(Default)]
pub struct Node {
    /// Lookups of the docker config as a Secret, because the policy decodes it
    host: Option<Arc<dyn HostCalls>>,
}

impl Node {
    /// The place of these credentials, as reports name it.
    const NAME: &str = "--docker-config";

    /// The name of the Secret.
    const SECRET: &str = "docker-config";

    const NAMESPACE: &str = "default";

    /// Reads a docker config, which `policy` with this metadata decodes. Credential helpers are not run, as the kubelet runs
    /// none.
    ///
    /// # Errors
    /// - a file that cannot be read, or is not a docker config
    pub fn read(path: &Path, policy: &dyn Engine, metadata: Option<&Value>) -> Result<Self, PlanError> {
        let refuse = |problem: String| PlanError::DockerConfig { path: path.display().to_string(), problem };
        let text = input::small(path).map_err(|error| PlanError::Unreadable(Arc::new(error)))?;
        let mut cluster = Cluster::default();
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": Self::SECRET},
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": BASE64_STANDARD.encode(text)},
        });
        cluster.add(secret, Self::NAMESPACE);
        let node = Self { host: Some(Arc::new(Lookups::new(Arc::new(cluster), metadata, Arc::new(NoLog)))) };
        let settings = RawValue::from_string("{}".to_owned()).map_err(|error| refuse(error.to_string()))?;
        let explanation = node.explain(policy, &settings, "contoso.azurecr.io/image")?;
        let unusable = explanation.and_then(|explanation| explanation.secrets.into_iter().next());
        match unusable.filter(|secret| secret.state != Usability::Usable) {
            Some(secret) => {
                Err(refuse(secret.reason.unwrap_or_else(|| "it is not a docker config".to_owned())))
            }
            None => Ok(node),
        }
    }

    fn explain(
        &self,
        policy: &dyn Engine,
        settings: &RawValue,
        image: &str,
    ) -> Result<Option<Explanation>, PlanError> {
        let Some(host) = &self.host else { return Ok(None) };
        let asked = explanation::Question {
            image,
            namespace: Self::NAMESPACE,
            settings,
            pull_secrets: Some(&[Self::SECRET.to_owned()]),
            service_account: "",
            credentials: true,
        };
        let (_, explanation) = explanation::ask(policy, &asked, host.clone()).map_err(Arc::new)?;
        Ok(Some(explanation))
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

impl Try {
    /// The key that is tried, of the secret that reports name so.
    fn of(TriedKey { key, username, password, .. }: &TriedKey, secret: &str) -> Self {
        Self {
            from: Some((secret.to_owned(), key.clone())),
            credential: match (username.as_str(), password.as_str()) {
                // containerd: an entry with neither is an anonymous attempt.
                ("", "") => Credential::Anonymous,
                _ => Credential::Password { user: username.clone(), password: password.clone() },
            },
        }
    }
}

impl fmt::Debug for Try {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Try").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Plan {
    /// What is asked; `None` if that is nothing.
    pub(super) fn request(&self) -> Option<ImageRequest> {
        let credentials: Vec<Credential> = self.tries.iter().map(|it| it.credential.clone()).collect();
        let image = self.image.clone().filter(|_| self.refusal.is_none() && !credentials.is_empty())?;
        Some(ImageRequest { image, credentials })
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
            credentials: true,
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
        let in_state = |state: Usability| {
            let mut secrets = explanation.secrets.iter();
            secrets.find(|secret| secret.state == state).map(|secret| secret.name.clone())
        };
        if let Some(name) = in_state(Usability::Malformed) {
            return Ok(nothing(format!("secret {name} is malformed, which fails every pull of the pod")));
        }
        let mut tries = self.tries(image, &explanation)?;
        let unread =
            in_state(Usability::Unknown).map(|name| format!("secret {name}{}", self.unread.of_secret(&name)));
        let account = || match service_account.as_str() {
            "" => "the pod's pull secrets are not known".to_owned(),
            account => format!("ServiceAccount {namespace}/{account}{}", self.unread.of_account()),
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

    /// The credentials that the policy lists, and after them those of the node.
    fn tries(&self, image: &str, explanation: &Explanation) -> Result<Vec<Try>, PlanError> {
        let node = self.node.explain(self.policy, self.settings, image)?;
        let of_node = node.iter().flat_map(|explanation| &explanation.tries);
        let of_node = of_node.map(|tried| Try::of(tried, Node::NAME));
        let of_pod = explanation.tries.iter().map(|tried| Try::of(tried, &tried.secret));
        Ok(of_pod.chain(of_node).collect())
    }
}
