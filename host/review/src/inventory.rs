//! The pull secrets among the inputs: when each ends, and what uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::admission::ApiServer;
use crate::declaration::is_pull_secret;
use crate::engine::Engine;
use crate::field::{field, word};
use crate::host_calls::HostCalls;
use crate::kind::Kind;

/// Namespace and name of a Secret.
type Key = (String, String);

/// When the first credential of a Secret ends, as the policy says. Empty where it does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Expiry {
    /// An RFC 3339 time
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// What says so
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Whole days until then; negative after it; 0 within a day of it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i64>,
    /// Whether it is past
    #[serde(skip)]
    pub has_ended: bool,
}

/// What says when a credential ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A registry token
    Token,
    /// The annotation `acr-pull-secret/expires` of the Secret
    Annotation,
}

/// What one object contributes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The end of its credentials, where it is a pull secret
    expiry: Option<(Key, Expiry)>,
    /// The Secrets that it uses
    uses: BTreeSet<Key>,
}

impl Part {
    /// What an object of this namespace contributes; `policy` says when a Secret ends.
    pub(crate) fn of(
        kind: &Kind,
        object: &Value,
        namespace: &str,
        api_server: &ApiServer<'_>,
        policy: &dyn Engine,
        host: &Arc<dyn HostCalls>,
    ) -> Self {
        if kind.is_core("Secret") {
            let stored = api_server.request(kind, object).object;
            let stored = stored.as_deref().filter(|secret| is_pull_secret(secret));
            let name = word(object, &["metadata", "name"]);
            let expiry = stored.zip(name).map(|(secret, name)| {
                ((namespace.to_owned(), name.to_owned()), Expiry::of(secret, policy, host.clone()))
            });
            return Self { expiry, uses: BTreeSet::new() };
        }
        let names = names_used(kind, object, namespace, api_server).into_iter();
        Self { expiry: None, uses: names.map(|name| (namespace.to_owned(), name)).collect() }
    }
}

/// The answer of the policy's operation `expiry`, with times in seconds since 1970.
#[derive(Deserialize)]
struct Answer {
    ends: i64,
    announced: bool,
    /// 0 if it is not known
    now: i64,
}

impl Expiry {
    /// Asks the policy when a Secret ends. Another policy, or an older one, does not answer.
    pub fn of(secret: &Value, policy: &dyn Engine, host: Arc<dyn HostCalls>) -> Self {
        let answer = policy.is_own().then(|| policy.call("expiry", secret.to_string().as_bytes(), host));
        let answer = answer.and_then(Result::ok);
        answer.and_then(|answer| serde_json::from_slice(&answer).ok()).map(Self::told).unwrap_or_default()
    }

    fn told(Answer { ends, announced, now }: Answer) -> Self {
        const DAY: i64 = 24 * 60 * 60;
        let time = OffsetDateTime::from_unix_timestamp(ends).ok();
        Self {
            expires: time.and_then(|time| time.format(&Rfc3339).ok()),
            source: Some(if announced { Source::Annotation } else { Source::Token }),
            // As the policy's findings count them: 40 days ago.
            days_left: (now > 0).then(|| (ends - now) / DAY),
            has_ended: now > 0 && ends <= now,
        }
    }
}

/// The names of the pull secrets that an object, or the pods of its templates, list. A finished pod pulls nothing.
fn names_used(kind: &Kind, object: &Value, namespace: &str, api_server: &ApiServer<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if kind.is_core("ServiceAccount") {
        names.extend(listed(object.get("imagePullSecrets")));
    } else if kind.is_core("Pod") {
        let phase = word(object, &["status", "phase"]);
        if !matches!(phase, Some("Succeeded" | "Failed")) {
            let request = api_server.request(kind, object);
            let list = request.object.as_deref().and_then(|pod| field(pod, &["spec", "imagePullSecrets"]));
            names.extend(listed(list));
        }
    } else {
        for pod in api_server.pod_requests(kind, object, namespace) {
            let list =
                pod.request.object.as_deref().and_then(|pod| field(pod, &["spec", "imagePullSecrets"]));
            names.extend(listed(list));
        }
    }
    names
}

fn listed(list: Option<&Value>) -> impl Iterator<Item = String> {
    let entries = list.and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(|entry| word(entry, &["name"])).map(str::to_owned)
}

/// The parts of many objects.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    secrets: BTreeMap<Key, Expiry>,
    users: BTreeMap<Key, BTreeSet<String>>,
}

/// A pull secret and what uses it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    name: &'a str,
    #[serde(flatten)]
    expiry: &'a Expiry,
    used_by: Vec<&'a str>,
}

impl Inventory {
    /// Adds the part of an object with this title, such as `Deployment shop/web`.
    pub fn add(&mut self, title: &str, part: &Part) {
        self.secrets.extend(part.expiry.clone());
        for key in &part.uses {
            self.users.entry(key.clone()).or_default().insert(title.to_owned());
        }
    }

    /// The pull secrets by namespace and name.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.secrets.iter().map(|(key, expiry)| {
            let used_by = self.users.get(key).into_iter().flatten().map(String::as_str).collect();
            Entry { namespace: &key.0, name: &key.1, expiry, used_by }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Expiry};

    #[test]
    fn days_left_are_whole_and_negative_a_day_after_the_end() {
        const DAY: i64 = 24 * 60 * 60;
        const NOW: i64 = 1_800_000_000;
        for (from_now, days) in [
            (2 * DAY + 1, 2),
            (2 * DAY, 2),
            (2 * DAY - 1, 1),
            (1, 0),
            (0, 0),
            (1 - DAY, 0),
            (-DAY, -1),
            (1 - 2 * DAY, -1),
            (-400 * DAY, -400),
        ] {
            let told = Expiry::told(Answer { ends: NOW + from_now, announced: true, now: NOW });
            assert_eq!((told.days_left, told.has_ended), (Some(days), from_now <= 0), "{from_now}");
        }
        let unknown = Expiry::told(Answer { ends: i64::MAX, announced: false, now: 0 });
        assert_eq!((unknown.expires, unknown.days_left), (None, None));
    }
}
