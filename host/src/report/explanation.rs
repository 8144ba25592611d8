//! An explanation for people: one line for each fact, the names of the facts in a column of their own.

use std::io;

use indicatif::HumanBytes;
use review::explanation::{Entry, Explanation, Need, Outcome, SecretState, SkippedKey, TriedKey, Usability};
use review::pull::{ImagePull, PullAttempt, PullResult};
use review::rule_help::Rule;

use super::lines::Lines;
use crate::program::called;

/// The settings below `actions`.
pub(crate) const ACTIONS: [&str; 5] = ["missing", "unlisted", "unusable", "expiring", "unknown"];

/// Writes an explanation.
///
/// # Errors
/// - the output cannot be written
pub fn write(explanation: &Explanation, out: &mut Lines<'_>) -> io::Result<()> {
    out.line(&explanation.image)?;
    let one = |text: String| vec![text];
    if let Some(reference) = &explanation.reference {
        let domain = if reference.domain.is_empty() { String::new() } else { reference.domain.clone() + "/" };
        rows(out, "repository", &one(domain + &reference.path))?;
        rows(out, "tag", &reference.tag.iter().cloned().collect::<Vec<_>>())?;
        rows(out, "digest", &reference.digest.iter().cloned().collect::<Vec<_>>())?;
    }
    if let Some(registry) = &explanation.registry {
        // For a mistaken host, the reason names it.
        let host = Some(&registry.host).filter(|_| registry.kind != "mistaken");
        let host = host.map(|host| format!("{host}: ")).unwrap_or_default();
        let help = registry.help.as_ref().map(|help| format!("; {}", called(help))).unwrap_or_default();
        rows(out, "registry", &one(host + &registry.reason + &help))?;
    }
    rows(out, "entries", &explanation.entries.iter().map(entry).collect::<Vec<_>>())?;
    if let Some(need) = &explanation.needs {
        let default = if explanation.entries.is_empty() {
            " (the default: the settings have no pullSecrets)"
        } else {
            ""
        };
        let need = match need {
            Need::Secret(name) if !is_listed(explanation, name) => {
                format!("pull secret {name}, which is not among the pod's{default}")
            }
            Need::Secret(name) => format!("pull secret {name}{default}"),
            Need::Nothing => match &explanation.identity {
                Some(account) => {
                    format!("no pull secret: ServiceAccount {account} has an identity of its own")
                }
                None => "no pull secret".to_owned(),
            },
            Need::Unlisted => "unknown: no entry of pullSecrets covers the image".to_owned(),
        };
        rows(out, "needs", &one(need))?;
    }
    rows(out, "secrets", &explanation.secrets.iter().map(secret).collect::<Vec<_>>())?;
    let attempt = |(i, TriedKey { key, secret, status, .. }): (usize, &TriedKey)| {
        let status = status.as_ref().map(|status| format!(": {status}")).unwrap_or_default();
        format!("{}. key {key} of secret {secret}{status}", i + 1)
    };
    let tries: Vec<String> = explanation.tries.iter().enumerate().map(attempt).collect();
    rows(out, "tries", &tries)?;
    let skipped = explanation.not_tried.iter();
    let skipped =
        skipped.map(|SkippedKey { key, secret, reason }| format!("key {key} of secret {secret}: {reason}"));
    rows(out, "not tried", &skipped.collect::<Vec<_>>())?;
    let outcome = explanation.outcome.as_ref().map(|Outcome { message, help, .. }| {
        let help = help.as_ref().map(|help| format!("; {}", called(help))).unwrap_or_default();
        format!("{message}{help}")
    });
    rows(out, "outcome", &outcome.into_iter().collect::<Vec<_>>())
}

/// Writes what the registry of an image answered.
///
/// # Errors
/// - the output cannot be written
pub fn write_pull(pull: &ImagePull, out: &mut Lines<'_>) -> io::Result<()> {
    rows(out, "asked", &attempts(pull))?;
    let result = if pull.result == PullResult::Pulled {
        "the image can be pulled".to_owned()
    } else {
        let not_known = if pull.result == PullResult::Unknown { "not known: " } else { "" };
        let help = pull.help.as_ref().map(|help| format!("; {}", called(help))).unwrap_or_default();
        format!("{not_known}{}{help}", pull.message.as_deref().unwrap_or_default())
    };
    rows(out, "pull", &[result])?;
    rows(out, "digest", &pull.digest.iter().cloned().collect::<Vec<_>>())?;
    let size = pull.size.map(|size| format!("{} compressed", HumanBytes(size)));
    rows(out, "size", &size.into_iter().collect::<Vec<_>>())?;
    let platforms = if pull.platforms.is_empty() { Vec::new() } else { vec![pull.platforms.join(", ")] };
    rows(out, "platforms", &platforms)
}

/// What the registry answered to each attempt.
pub(super) fn attempts(pull: &ImagePull) -> Vec<String> {
    let attempts = pull.attempts.iter().enumerate();
    let attempt = |(i, PullAttempt { secret, key, answer, .. }): (usize, &PullAttempt)| {
        let with = match (secret, key) {
            (Some(secret), Some(key)) => format!("key {key} of secret {secret}"),
            _ => "anonymously".to_owned(),
        };
        format!("{}. {with}: {answer}", i + 1)
    };
    attempts.map(attempt).collect()
}

/// Writes what a rule means.
///
/// # Errors
/// - the output cannot be written
pub fn write_rule(rule: &Rule, out: &mut Lines<'_>) -> io::Result<()> {
    let Rule { id, category, action, summary, reason, fix } = rule;
    out.line(id)?;
    let action = match action.as_str() {
        "warn" => "a warning",
        "reject" => "a rejection",
        _ => "nothing",
    };
    // Other categories always have the same severity.
    let action = if ACTIONS.contains(&category.as_str()) {
        format!("{action} by default, which the setting actions.{category} changes")
    } else {
        format!("always {action}")
    };
    for (name, text) in [("summary", summary), ("why", reason), ("fix", fix), ("action", &action)] {
        rows(out, name, std::slice::from_ref(text))?;
    }
    Ok(())
}

/// Whether the pod has the secret on its list, or no list was asked about.
fn is_listed(explanation: &Explanation, name: &str) -> bool {
    explanation.secrets.is_empty() || explanation.secrets.iter().any(|secret| secret.name == name)
}

pub(super) fn rows(out: &mut Lines<'_>, name: &str, texts: &[String]) -> io::Result<()> {
    for (i, text) in texts.iter().enumerate() {
        let name = if i == 0 { name } else { "" };
        out.line(format_args!("  {name:<10}  {text}"))?;
    }
    Ok(())
}

fn entry(entry: &Entry) -> String {
    let Entry { index, registries, namespaces, service_accounts, secret, reason } = entry;
    let limited = |what: &str, names: &[String]| {
        if names.is_empty() { String::new() } else { format!(" {what} {}", names.join(", ")) }
    };
    let owners = limited("in", namespaces) + &limited("as", service_accounts);
    let secret = secret.as_ref().map_or_else(|| "secretless".to_owned(), |name| format!("secret {name}"));
    format!("pullSecrets[{index}], {}{owners}, {secret}: {reason}", registries.join(", "))
}

pub(super) fn secret(secret: &SecretState) -> String {
    let SecretState { name, state, reason } = secret;
    let state = match state {
        // The status of its credentials is with each.
        Usability::Usable => "found",
        Usability::Absent => "absent",
        Usability::Ignored => "ignored",
        Usability::Malformed => "malformed",
        Usability::Unknown => "unknown",
    };
    format!("{name}: {state}{}", reason.as_ref().map(|reason| format!(", {reason}")).unwrap_or_default())
}
