//! Why an image needs a pull secret or not, with which credentials the kubelet would pull it, and the outcome.

use crate::cluster::{Answer, Cluster, Memo, ObjectRef};
use crate::decide::credential::{Judge, Problem, fails};
use crate::expiry::{Announced, End};
use crate::image::{ImageReference, without_user_info};
use crate::json::Value;
use crate::json_fields;
use crate::json_writer::Json;
use crate::key_defect::{KeyDefect, shown};
use crate::keyring::{Held, Keyring};
use crate::login_server::{Host, classify_image};
use crate::placeholder::{UNRESOLVED, Unresolved};
use crate::pod_spec::{PULL_SECRETS, has_identity};
use crate::pull_secret::PullSecret;
use crate::registry_key::{RegistryKey, Repository};
use crate::request::{RequestError, value, word};
use crate::rule::Rule;
use crate::settings::{Need, Owner, PullSecrets, Settings};
use crate::timestamp::when;
use crate::token::Token;

/// The question: an image, in a namespace, pulled with the secrets of these names by a pod of this `ServiceAccount`.
pub(crate) struct Question {
    image: String,
    namespace: String,
    settings: Settings,
    /// `None` where the pod's list is not known
    pull_secrets: Option<Vec<String>>,
    service_account: String,
    /// Whether the answer contains the credentials of the Secrets
    with_credentials: bool,
}

/// The outcome of the pull.
enum Outcome {
    Works(String),
    Fails(String),
    Unknown(String),
}

impl Outcome {
    fn write(&self, json: &mut Json) {
        let (state, begins, message) = match self {
            Self::Works(how) => ("works", "will pull ", how),
            Self::Fails(why) => ("fails", "will fail: ", why),
            Self::Unknown(why) => ("unknown", "not known: ", why),
        };
        json.open("outcome", "{");
        json.text("state", state);
        json.text("message", &[begins, message].concat());
        json.close("}");
    }
}

impl Question {
    /// Reads `{"image": …, "namespace": …, "settings": {…}, "pullSecrets": […], "serviceAccount": …, "credentials": true}`.
    pub(crate) fn parse(text: &str) -> Result<Self, RequestError> {
        let fields = ["image", "namespace", "settings", "pullSecrets", "serviceAccount", "credentials"];
        let [image, namespace, settings, names, account, credentials] =
            json_fields::read(text, fields).map_err(|e| RequestError::unreadable("the question", &e))?;
        let settings = match value("settings", settings)? {
            Value::Null => Settings::default(),
            settings => Settings::parse(&settings).map_err(|e| RequestError(e.to_string()))?,
        };
        let names = value("pullSecrets", names)?;
        let names = names.as_array();
        Ok(Self {
            image: word("image", image)?.into_owned(),
            namespace: word("namespace", namespace)?.into_owned(),
            service_account: word("serviceAccount", account)?.into_owned(),
            settings,
            with_credentials: credentials == Some("true"),
            pull_secrets: names
                .map(|names| names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()),
        })
    }

    /// Answers it, in JSON.
    pub(crate) fn answer(&self, cluster: &dyn Cluster) -> String {
        let mut json = Json::default();
        json.open("", "{");
        json.text("image", &without_user_info(&self.image));
        match ImageReference::parse(&self.image) {
            Ok(reference) => self.explain(&reference, cluster, &mut json),
            Err(error) => {
                let error = error.to_string();
                json.text("error", &error);
                for list in ["entries", "secrets", "notTried", "tries"] {
                    json.literal(list, "[]");
                }
                match Unresolved::of(&self.image) {
                    Some(_) => Outcome::Unknown(UNRESOLVED.to_owned()),
                    None => Outcome::Fails(error),
                }
            }
        }
        .write(&mut json);
        json.close("}");
        json.into_text()
    }

    fn explain(&self, reference: &ImageReference<'_>, cluster: &dyn Cluster, json: &mut Json) -> Outcome {
        json.open("reference", "{");
        json.text("domain", reference.domain);
        json.text("path", &reference.path);
        for (name, part) in [("tag", reference.tag), ("digest", reference.digest)] {
            match part {
                Some(part) => json.text(name, part),
                None => json.literal(name, "null"),
            }
        }
        json.close("}");
        let host = reference.host().to_ascii_lowercase();
        let class = classify_image(&self.image, &host, &self.settings.registry_suffixes);
        let mut help = String::new();
        let mut mistaken = None;
        let (kind, reason) = match class {
            Host::LoginServer | Host::BelowSuffix if host != reference.host() => {
                help = ["write ", &host].concat();
                ("login-server", "an ACR login server, but in upper case: keys are compared letter by letter")
            }
            Host::LoginServer => ("login-server", "an ACR login server"),
            Host::BelowSuffix => ("login-server", "a registry below a configured suffix"),
            Host::Mistaken(mistake) => {
                help = mistake.help();
                ("mistaken", mistaken.insert(mistake.explain(&host)).as_str())
            }
            Host::Other => ("other", "not an ACR login server: the policy does not apply to it"),
        };
        json.open("registry", "{");
        json.text("host", &host);
        json.text("kind", kind);
        json.text("reason", reason);
        if !help.is_empty() {
            json.text("help", &help);
        }
        json.close("}");
        let repository = reference.repository();
        let mut need = None;
        json.open("entries", "[");
        if kind == "login-server" {
            need = self.settings.pull_secrets.need(reference, class, self.owner());
            self.explain_entries(&repository, json);
        }
        json.close("]");
        if kind == "login-server"
            && let Some(account) = self.identity(cluster)
        {
            json.text("identity", account);
            need = Some(Need::Nothing);
        }
        match need {
            _ if kind != "login-server" => {}
            Some(Need::Secret(name)) => {
                json.open("needs", "{");
                json.text("secret", name);
                json.close("}");
            }
            Some(Need::Nothing) => json.text("needs", "nothing"),
            None => json.text("needs", "unlisted"),
        }
        let outcome = self.try_secrets(&repository, &host, need.as_ref(), cluster, json);
        mistaken.map_or(outcome, Outcome::Fails)
    }

    fn owner(&self) -> Owner<'_> {
        let name = self.service_account.as_str();
        Owner { namespace: &self.namespace, service_account: if name.is_empty() { "default" } else { name } }
    }

    /// The pod's service account, where it may be looked up and has an identity of its own.
    fn identity(&self, cluster: &dyn Cluster) -> Option<&str> {
        let Owner { namespace, service_account: name } = self.owner();
        if self.service_account.is_empty() || !self.settings.cluster.service_accounts {
            return None;
        }
        let kind = "ServiceAccount";
        let account = ObjectRef { api_version: "v1", kind, namespace, name, fields: &[PULL_SECRETS] };
        cluster.get(&account).ok()?.filter(has_identity).map(|_| self.service_account.as_str())
    }

    fn explain_entries(&self, repository: &str, json: &mut Json) {
        let PullSecrets::Entries(entries) = &self.settings.pull_secrets else { return };
        let mut won = false;
        for (index, entry) in entries.iter().enumerate() {
            let mut matches = "false";
            let reason = if !entry.is_for(self.owner()) {
                "it is for other namespaces or ServiceAccounts"
            } else if !Repository::parse(repository)
                .is_ok_and(|repository| entry.holds(&repository, self.owner()))
            {
                "no key of it matches the image"
            } else if std::mem::replace(&mut won, true) {
                "an entry before it matches already"
            } else {
                matches = "true";
                "the first that matches"
            };
            json.open("", "{");
            json.literal("index", &index.to_string());
            json.texts("registries", entry.registries.iter().map(RegistryKey::as_str));
            json.texts("namespaces", entry.namespaces.iter().map(String::as_str));
            if !entry.service_accounts.is_empty() {
                json.texts("serviceAccounts", entry.service_accounts.iter().map(String::as_str));
            }
            match &entry.secret {
                Some(secret) => json.text("secret", secret),
                None => json.literal("secret", "null"),
            }
            json.literal("matches", matches);
            json.text("reason", reason);
            json.close("}");
        }
    }

    /// How the kubelet reads the pod's secrets, which credentials it tries, and the outcome of the pull.
    fn try_secrets(
        &self,
        repository: &str,
        host: &str,
        need: Option<&Need<'_>>,
        cluster: &dyn Cluster,
        json: &mut Json,
    ) -> Outcome {
        let cluster = Memo::new(cluster);
        let mut secrets = Secrets::default();
        json.open("secrets", "[");
        for name in self.pull_secrets.iter().flatten() {
            let (namespace, fields) = (self.namespace.as_str(), &["data", "type"]);
            let found =
                cluster.get(&ObjectRef { api_version: "v1", kind: "Secret", namespace, name, fields });
            let (state, reason) = secrets.add(name, namespace, found);
            json.open("", "{");
            json.text("name", name);
            json.text("state", state);
            if !reason.is_empty() {
                json.text("reason", &reason);
                secrets.useless = format!(" (secret {name}: {reason})");
            }
            json.close("}");
        }
        json.close("]");
        let suffixes = self.settings.registry_suffixes.as_slice();
        let tried = secrets.keyring.lookup(repository);
        let tried = if secrets.malformed.is_none() { tried.as_slice() } else { &[] };
        secrets.write_not_tried(tried, suffixes, json);
        let secretless = matches!(need, Some(Need::Nothing));
        let warning_days = self.settings.expiry_warning_days;
        let judge = Judge { cluster: &cluster, suffixes, warning_days, host, secretless };
        let mut works = None;
        let mut doubt = false;
        let mut failures = String::new();
        json.open("tries", "[");
        for (i, held) in tried.iter().enumerate() {
            let place = format!("key {} of secret {}", held.shown, held.secret);
            let problems = judge.problems(&held.credential, held.announced);
            let mut status = status(held, &problems, cluster.now());
            let fails = fails(&problems);
            if fails {
                failures += if failures.is_empty() { "" } else { "; " };
                failures += &[&place, ": ", &status].concat();
            } else if works.is_none() {
                // A suspicious credential may still work: only the registry can tell.
                doubt = problems.iter().any(|problem| problem.rule == Rule::SecretSuspiciousPassword);
                works = Some(place);
            }
            let neighbours = [tried.get(i + 1), tried.get(i.wrapping_sub(1))];
            if neighbours.into_iter().flatten().any(|other| held.has_key_of(other)) {
                status += " (tried in any order with the other of this key)";
            }
            json.open("", "{");
            json.text("secret", &held.secret);
            json.text("key", &held.shown);
            json.literal("fails", if fails { "true" } else { "false" });
            json.text("status", &status);
            if self.with_credentials {
                json.text("username", &held.credential.username);
                json.text("password", &held.credential.password);
            }
            json.close("}");
        }
        json.close("]");
        if let Some(name) = secrets.malformed {
            return Outcome::Fails(format!("secret {name} is malformed, which fails every pull of the pod"));
        }
        if let Some(place) = works {
            if doubt {
                return Outcome::Unknown([&place, " has an unusual password"].concat());
            }
            return Outcome::Works(["with ", &place].concat());
        }
        if let Some(reason) = secrets.unread {
            return Outcome::Unknown(reason);
        }
        if !failures.is_empty() {
            return if secretless {
                Outcome::Unknown(failures + "; a credential of the node is tried next, but no anonymous pull")
            } else {
                Outcome::Fails(failures)
            };
        }
        if secretless {
            return Outcome::Works("without a pull secret, anonymously or by the node's identity".to_owned());
        }
        let Some(names) = &self.pull_secrets else {
            return Outcome::Unknown(
                "the pod's pull secrets are not known, and if none has a key that matches, the kubelet pulls anonymously"
                    .to_owned(),
            );
        };
        let why = if names.is_empty() { "the pod has no pull secret" } else { "no key matches" };
        let message = [why, &secrets.useless, ", so the kubelet pulls anonymously"].concat();
        if need.is_some() { Outcome::Fails(message) } else { Outcome::Unknown(message) }
    }
}

/// The pull secrets of the pod.
#[derive(Default)]
struct Secrets<'a> {
    keyring: Keyring,
    /// The keys as they are written, each with its secret
    keys: Vec<(&'a str, String)>,
    /// One that could not be read, and why
    unread: Option<String>,
    malformed: Option<&'a str>,
    /// The last one without a credential, and why
    useless: String,
}

impl<'a> Secrets<'a> {
    /// Writes the keys that the kubelet does not try.
    fn write_not_tried(&self, tried: &[&Held], suffixes: &[String], json: &mut Json) {
        json.open("notTried", "[");
        for (secret, key) in self.keys.iter().filter(|_| self.malformed.is_none()) {
            let parsed = RegistryKey::parse(key);
            if tried.iter().any(|held| held.secret == *secret && parsed.as_ref() == Ok(&held.key)) {
                continue;
            }
            json.open("", "{");
            json.text("secret", secret);
            json.text("key", shown(key));
            match KeyDefect::of(key, suffixes) {
                Some(defect) => json.text("reason", &defect.to_string()),
                None => json.text("reason", "it does not match"),
            }
            json.close("}");
        }
        json.close("]");
    }

    /// Adds the result of the lookup, and returns how the kubelet reads it, and why.
    fn add(&mut self, name: &'a str, namespace: &str, found: Answer) -> (&'static str, String) {
        match found {
            Err(error) => {
                let reason = error.to_string();
                self.unread = Some(["secret ", name, ": ", &reason].concat());
                ("unknown", reason)
            }
            Ok(None) => ("absent", format!("namespace \"{namespace}\" has no such secret")),
            Ok(Some(secret)) => match PullSecret::of(&secret) {
                PullSecret::Ignored => ("ignored", PullSecret::why_ignored(&secret)),
                PullSecret::Malformed { error, .. } => {
                    self.malformed = Some(name);
                    ("malformed", format!("{error}, which fails every pull of the pod"))
                }
                PullSecret::Usable { credentials, .. } => {
                    for key in credentials.keys() {
                        self.keys.push((name, key.clone()));
                    }
                    self.keyring.add_announced(name, credentials, Announced::of(&secret));
                    ("usable", String::new())
                }
            },
        }
    }
}

/// The status of a credential with these problems, and when it ends if it has none.
fn status(held: &Held, problems: &[Problem], now: Option<u64>) -> String {
    let mut status = String::new();
    for problem in problems {
        let and = if status.is_empty() { "" } else { ", and " };
        status += &[and, "its ", problem.noun, " ", &problem.what].concat();
    }
    if !status.is_empty() {
        return status;
    }
    let token = Token::of(&held.credential.password).map(|token| token.expires);
    match End::of(token, held.announced) {
        Some(end) => ["ok, expires on ", &when(end.at, now)].concat(),
        None => "ok".to_owned(),
    }
}
