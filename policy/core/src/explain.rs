//! Why an image needs a pull secret or none, and with which credentials the kubelet would pull it.

use serde::Serialize;
use serde_json::Value;

use crate::cluster::{Cluster, ObjectRef};
use crate::image::{ImageReference, without_user_info};
use crate::json_fields;
use crate::key_defect::{KeyDefect, shown};
use crate::keyring::{Held, Keyring};
use crate::login_server::{Host, classify};
use crate::pull_secret::PullSecret;
use crate::registry_key::{RegistryKey, Repository};
use crate::request::{RequestError, string_at, value, word};
use crate::settings::{Entry, Need, PullSecrets, Settings};

/// The answer for one image.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Explanation {
    image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<Registry>,
    entries: Vec<EntryMatch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    need: Option<Needed>,
    secrets: Vec<SecretState>,
    attempts: Vec<Attempt>,
    passed_over: Vec<PassedOver>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pulls: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Reference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

#[derive(Debug, Serialize)]
struct Registry {
    host: String,
    kind: &'static str,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

#[derive(Debug, Serialize)]
struct EntryMatch {
    index: usize,
    registries: Vec<String>,
    namespaces: Vec<String>,
    secret: Option<String>,
    matches: bool,
    reason: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Needed {
    Secret(String),
    Nothing,
    Unlisted,
}

#[derive(Debug, Serialize)]
struct SecretState {
    name: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct Attempt {
    secret: String,
    key: String,
}

/// A key that the kubelet does not try, and why.
#[derive(Debug, Serialize)]
struct PassedOver {
    secret: String,
    key: String,
    reason: String,
}

/// What is asked: an image, in a namespace, pulled with the secrets of these names.
pub(crate) struct Question {
    image: String,
    namespace: String,
    settings: Settings,
    pull_secrets: Vec<String>,
}

impl Question {
    /// Reads `{"image": …, "namespace": …, "settings": {…}, "pullSecrets": […]}`.
    pub(crate) fn parse(text: &str) -> Result<Self, RequestError> {
        let [image, namespace, settings, names] =
            json_fields::read(text, ["image", "namespace", "settings", "pullSecrets"])
                .map_err(|e| RequestError::unreadable("the question", &e))?;
        let settings = match value("settings", settings)? {
            Value::Null => Settings::default(),
            settings => Settings::parse(&settings).map_err(|e| RequestError(e.to_string()))?,
        };
        let names = value("pullSecrets", names)?;
        let names = names.as_array().into_iter().flatten();
        Ok(Self {
            image: word("image", image)?,
            namespace: word("namespace", namespace)?,
            settings,
            pull_secrets: names.filter_map(|name| name.as_str().map(str::to_owned)).collect(),
        })
    }

    /// Answers it.
    pub(crate) fn answer(&self, cluster: &dyn Cluster) -> Explanation {
        let mut explanation = Explanation {
            image: without_user_info(&self.image).into_owned(),
            error: None,
            reference: None,
            registry: None,
            entries: Vec::new(),
            need: None,
            secrets: Vec::new(),
            attempts: Vec::new(),
            passed_over: Vec::new(),
            pulls: None,
        };
        let reference = match ImageReference::parse(&self.image) {
            Ok(reference) => reference,
            Err(error) => {
                explanation.error = Some(error.to_string());
                return explanation;
            }
        };
        let own = |text: &str| text.to_owned();
        explanation.reference = Some(Reference {
            domain: own(reference.domain),
            path: reference.path.to_string(),
            tag: reference.tag.map(own),
            digest: reference.digest.map(own),
        });
        let host = reference.host().to_ascii_lowercase();
        let class = classify(&host, &self.settings.registry_suffixes);
        let (kind, reason, help) = match class {
            Host::LoginServer | Host::BelowSuffix if host != reference.host() => (
                "login-server",
                own("an ACR login server, but in upper case: keys are compared letter by letter"),
                Some(format!("write {host}")),
            ),
            Host::LoginServer => ("login-server", own("an ACR login server"), None),
            Host::BelowSuffix => ("login-server", own("a registry below a configured suffix"), None),
            Host::Mistaken(mistake) => ("mistaken", mistake.explain(&host), Some(mistake.help())),
            Host::Other => {
                ("other", own("not an ACR login server: the policy has nothing to say about it"), None)
            }
        };
        let repository = reference.repository();
        if kind == "login-server" {
            explanation.entries = self.entries(&repository);
            explanation.need =
                Some(match self.settings.pull_secrets.need(&reference, class, &self.namespace) {
                    Some(Need::Secret(name)) => Needed::Secret(own(name)),
                    Some(Need::Nothing) => Needed::Nothing,
                    None => Needed::Unlisted,
                });
        }
        explanation.registry = Some(Registry { host, kind, reason, help });
        self.try_secrets(&repository, cluster, &mut explanation);
        explanation
    }

    fn entries(&self, repository: &str) -> Vec<EntryMatch> {
        let PullSecrets::Entries(entries) = &self.settings.pull_secrets else { return Vec::new() };
        let mut won = false;
        let explained = |(index, entry): (usize, &Entry)| {
            let reason = if !entry.in_namespace(&self.namespace) {
                "it is for other namespaces"
            } else if !Repository::parse(repository)
                .is_ok_and(|repository| entry.holds(&repository, &self.namespace))
            {
                "no key of it matches the image"
            } else if std::mem::replace(&mut won, true) {
                "an entry before it matches already"
            } else {
                "the first that matches"
            };
            EntryMatch {
                index,
                registries: entry.registries.iter().map(|key| key.as_str().to_owned()).collect(),
                namespaces: entry.namespaces.clone(),
                secret: entry.secret.clone(),
                matches: reason == "the first that matches",
                reason,
            }
        };
        entries.iter().enumerate().map(explained).collect()
    }

    fn try_secrets(&self, repository: &str, cluster: &dyn Cluster, explanation: &mut Explanation) {
        let mut keyring = Keyring::default();
        let mut keys: Vec<(&String, String)> = Vec::new();
        for name in &self.pull_secrets {
            let fields = &["data", "type"];
            let namespace = &self.namespace;
            let found =
                cluster.get(&ObjectRef { api_version: "v1", kind: "Secret", namespace, name, fields });
            let (state, reason) = match found {
                Err(_) => ("unknown", Some("the cluster could not be asked".to_owned())),
                Ok(None) => {
                    ("absent", Some(format!("namespace \"{namespace}\" has no such secret: it is skipped")))
                }
                Ok(Some(secret)) => match PullSecret::of(&secret) {
                    PullSecret::Ignored => ("ignored", Some(ignored(&secret))),
                    PullSecret::Malformed { error, .. } => {
                        ("malformed", Some(format!("{error}, which fails every pull of the pod")))
                    }
                    PullSecret::Usable { credentials, .. } => {
                        keys.extend(credentials.keys().map(|key| (name, key.clone())));
                        keyring.add(name, credentials);
                        ("usable", None)
                    }
                },
            };
            explanation.secrets.push(SecretState { name: name.clone(), state, reason });
        }
        if self.pull_secrets.is_empty() {
            return;
        }
        if explanation.secrets.iter().any(|secret| secret.state == "malformed") {
            explanation.pulls = Some("fails");
            return;
        }
        let tried: Vec<&Held> = keyring.lookup(repository).collect();
        explanation.pulls = Some(if tried.is_empty() { "anonymously" } else { "with-credentials" });
        for (secret, key) in keys {
            let parsed = RegistryKey::parse(&key);
            if tried.iter().any(|held| held.secret == *secret && parsed.as_ref() == Ok(&held.key)) {
                continue;
            }
            let defect = KeyDefect::of(&key, &self.settings.registry_suffixes);
            let reason = defect.map_or_else(|| "it does not match".to_owned(), |defect| defect.to_string());
            let key = shown(&key).to_owned();
            explanation.passed_over.push(PassedOver { secret: secret.clone(), key, reason });
        }
        let attempt = |held: &Held| Attempt { secret: held.secret.clone(), key: held.shown.clone() };
        explanation.attempts = tried.into_iter().map(attempt).collect();
    }
}

fn ignored(secret: &Value) -> String {
    if PullSecret::has_readable_type(secret) {
        return "it has a pull secret's type but no docker config".to_owned();
    }
    format!("its type \"{}\" is none that the kubelet reads", string_at(secret, &["type"]))
}
