//! `check --live` without the content of the Secrets: which pods use a pull secret whose announced end is past or near.
//!
//! The policy reads when a Secret ends together with its content, or for the one Secret that its settings name. So it is asked
//! about each of these Secrets with settings that name it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use serde_json::json;
use serde_json::value::to_raw_value;

use crate::commands::question::Question;
use crate::console::Io;
use crate::kubectl::field::word;
use crate::kubectl::world::READ;
use crate::pull::{self, Asker};
use crate::text::plural;
use review::diagnostic::Diagnostic;
use review::evaluation::{Evaluation, Part, PodToPull};
use review::inventory::Expiry;
use review::kind::Kind;
use review::list::some_of;
use review::outcome::Outcome;
use review::request::Request;
use review::verdict::{Decision, Finding, Severity};
use serde_json::Value;

/// Days before the end of a Secret from which it is reported: the default of `expiryWarningDays`.
const SOON: i64 = 30;

/// The most names that a warning lists.
const MOST_NAMES: usize = 5;

/// The rules of the findings.
const EXPIRED: &str = "secret-expired";
const EXPIRES_SOON: &str = "secret-expires-soon";

/// A Secret by its namespace and name.
type Key = (String, String);

/// The pull secrets of a cluster, as far as their metadata says what they are.
#[derive(Default)]
pub(super) struct Ends {
    /// Whether the settings say which findings there are
    has_settings: bool,
    /// Those that the kubelet reads
    read: HashSet<Key>,
    /// Those of them with an end that is past or near, or cannot be read, and the end where it is reported without a user
    due: BTreeMap<Key, Option<String>>,
    /// Those of them that a finding names
    used: Mutex<BTreeSet<Key>>,
}

impl Ends {
    /// Of these Secrets without their content. With settings, the policy says what they have it read.
    pub(super) fn of(secrets: &[Value], question: Question, evaluation: &Evaluation<'_>) -> Self {
        let mut all = Self { has_settings: question == Question::Policy, ..Self::default() };
        for secret in secrets.iter().filter(|secret| READ.contains(&word(secret, "/type"))) {
            let key = ["/metadata/namespace", "/metadata/name"].map(|path| word(secret, path).to_owned());
            let key: Key = key.into();
            if !word(secret, "/metadata/annotations/acr-pull-secret~1expires").is_empty() {
                let Expiry { expires, days_left, has_ended, .. } =
                    Expiry::of(secret, evaluation.policy, evaluation.host.clone());
                if days_left.is_none_or(|days| days <= SOON) {
                    // What a controller owns, it renews before its end.
                    let is_due = has_ended || secret.pointer("/metadata/ownerReferences").is_none();
                    all.due.insert(key.clone(), expires.filter(|_| is_due));
                }
            }
            all.read.insert(key);
        }
        all
    }

    /// Adds findings to the outcome of a manifest whose pods use such a Secret, unless settings say which there are. A pod is
    /// rejected if none of its pull secrets can serve an image.
    pub(super) fn attach(&self, evaluation: &Evaluation<'_>, asker: &Asker<'_>, outcome: &mut Outcome) {
        if self.due.is_empty() {
            return;
        }
        if self.has_settings {
            let findings = outcome.verdicts().flat_map(|verdict| &verdict.findings);
            let names = findings.filter(|it| is_end(it)).filter_map(|it| it.secret.clone());
            self.note(names.map(|name| (outcome.namespace.clone(), name)));
            return;
        }
        for pod in evaluation.pods_to_pull(outcome) {
            let names = names(&pod.pod);
            let key = |name: &str| (pod.namespace.clone(), name.to_owned());
            let ending: Vec<&str> =
                names.iter().copied().filter(|name| self.due.contains_key(&key(name))).collect();
            if ending.is_empty() {
                continue;
            }
            let hosts = hosts(evaluation, asker, outcome);
            if hosts.is_empty() {
                continue;
            }
            let found: Vec<Finding> =
                ending.iter().flat_map(|name| findings(evaluation, &pod, &hosts, name)).collect();
            let is_expired =
                |name: &str| found.iter().any(|it| it.rule == EXPIRED && it.secret.as_deref() == Some(name));
            let has_other = names.iter().any(|name| self.read.contains(&key(name)) && !is_expired(name));
            let verdict = match pod.part {
                Part::Object => &mut outcome.verdict,
                Part::Pods(number) => match outcome.pods.get_mut(number) {
                    Some(pods) => &mut pods.verdict,
                    None => continue,
                },
            };
            for mut finding in found {
                self.note(finding.secret.as_deref().map(key));
                if has_other {
                    finding.severity = Severity::Warn;
                }
                if finding.severity == Severity::Reject && verdict.decision < Decision::Rejected {
                    verdict.decision = Decision::Rejected;
                    verdict.findings_say_message = true;
                }
                finding.pointer = pod.prefix.clone() + &finding.pointer;
                verdict.findings.push(finding);
            }
        }
    }

    fn note(&self, used: impl IntoIterator<Item = Key>) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).extend(used);
    }

    /// Prints which of these Secrets no finding names, because no pod that pulls relies on them, or the settings ask for none.
    pub(super) fn tell_of_unused(&self, io: &Io) {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let unused = self.due.iter().filter(|(key, _)| !used.contains(*key));
        let unused: Vec<String> = unused
            .filter_map(|((namespace, name), end)| Some(format!("{namespace}/{name} ({})", end.as_ref()?)))
            .collect();
        if !unused.is_empty() {
            let secrets = plural(unused.len(), "pull secret");
            let some = some_of(&unused, MOST_NAMES);
            let message = format!(
                "{secrets} without a finding, and with an announced end that is past or within {SOON} days: {some}"
            );
            io.stderr.diagnostic(
                &Diagnostic::warning(message).with_help("renew what pods use, and delete the rest"),
            );
        }
    }
}

/// The names of a pod's pull secrets, each once.
fn names(pod: &Value) -> Vec<&str> {
    let list = pod.pointer("/spec/imagePullSecrets").and_then(Value::as_array).into_iter().flatten();
    let mut seen = HashSet::new();
    list.map(|entry| word(entry, "/name")).filter(|name| !name.is_empty() && seen.insert(*name)).collect()
}

/// The registries of an outcome's images that the policy applies to.
fn hosts(evaluation: &Evaluation<'_>, asker: &Asker<'_>, outcome: &Outcome) -> BTreeSet<String> {
    let questions = pull::questions(evaluation, outcome, asker).into_iter();
    questions.filter_map(|question| Some(question.image.split_once('/')?.0.to_owned())).collect()
}

/// What the policy says of a Secret that the images of a pod from these registries need.
fn findings(
    evaluation: &Evaluation<'_>,
    pod: &PodToPull,
    hosts: &BTreeSet<String>,
    secret: &str,
) -> Vec<Finding> {
    let settings = json!({
        "mode": "validate",
        "pullSecrets": [{"registries": hosts, "secret": secret}],
        "cluster": {"serviceAccounts": true, "secrets": "exists"},
        "actions": {"unusable": "reject", "unknown": "allow"},
    });
    let Ok(settings) = to_raw_value(&settings) else { return Vec::new() };
    let Evaluation { policy, judged, api_server, host, .. } = evaluation;
    let asked =
        Evaluation::new(*policy, &settings, judged, api_server.namespace, api_server.cluster, host.clone());
    let kind = Kind { group: String::new(), version: "v1".to_owned(), kind: "Pod".to_owned() };
    let request = Request {
        kind: &kind,
        namespace: pod.namespace.as_str().into(),
        operation: "CREATE",
        object: Some(std::borrow::Cow::Borrowed(&pod.pod)),
        old: None,
    };
    let mut findings = asked.ask(&request.to_value()).findings;
    findings.retain(|finding| is_end(finding) && finding.secret.as_deref() == Some(secret));
    findings
}

/// Whether it is about the end of a Secret.
fn is_end(finding: &Finding) -> bool {
    [EXPIRED, EXPIRES_SOON].contains(&finding.rule.as_str())
}

#[cfg(test)]
mod tests {
    use super::SOON;

    #[test]
    fn a_secret_ends_soon_as_by_default_in_the_policy() {
        assert_eq!(SOON, i64::from(policy_core::Settings::default().expiry_warning_days));
    }
}
