//! An explanation for people: one line for each fact, the names of the facts in a column of their own.

use std::io;

use review::explanation::{Entry, Explanation, Need, SecretState};

use super::lines::Lines;

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
        // Of a mistaken host the reason speaks by name.
        let host = Some(&registry.host).filter(|_| registry.kind != "mistaken");
        let host = host.map(|host| format!("{host}: ")).unwrap_or_default();
        let help = registry.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        rows(out, "registry", &one(host + &registry.reason + &help))?;
    }
    rows(out, "entries", &explanation.entries.iter().map(entry).collect::<Vec<_>>())?;
    if let Some(need) = &explanation.need {
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
            Need::Nothing => "no pull secret".to_owned(),
            Need::Unlisted => "unknown: no entry of pullSecrets covers the image".to_owned(),
        };
        rows(out, "needs", &one(need))?;
    }
    rows(out, "secrets", &explanation.secrets.iter().map(secret).collect::<Vec<_>>())?;
    let attempts = explanation.attempts.iter().enumerate();
    let attempts: Vec<String> = attempts
        .map(|(i, attempt)| format!("{}. key {} of secret {}", i + 1, attempt.key, attempt.secret))
        .collect();
    rows(out, "tries", &attempts)?;
    let passed = explanation.passed_over.iter();
    let passed: Vec<String> = passed
        .map(|passed| format!("key {} of secret {}: {}", passed.key, passed.secret, passed.reason))
        .collect();
    rows(out, "not tried", &passed)?;
    let pulls = explanation.pulls.as_deref().map(|pulls| match pulls {
        "with-credentials" => "with credentials".to_owned(),
        "anonymously" => "anonymously: no key matches".to_owned(),
        "fails" => "fails, whatever the image: a pull secret of the pod is malformed".to_owned(),
        other => other.to_owned(),
    });
    rows(out, "pulls", &pulls.into_iter().collect::<Vec<_>>())
}

/// Whether the pod has the secret on its list, or no list was asked about.
fn is_listed(explanation: &Explanation, name: &str) -> bool {
    explanation.secrets.is_empty() || explanation.secrets.iter().any(|secret| secret.name == name)
}

fn rows(out: &mut Lines<'_>, name: &str, texts: &[String]) -> io::Result<()> {
    for (i, text) in texts.iter().enumerate() {
        let name = if i == 0 { name } else { "" };
        out.line(format_args!("  {name:<10}  {text}"))?;
    }
    Ok(())
}

fn entry(entry: &Entry) -> String {
    let Entry { index, registries, namespaces, secret, reason } = entry;
    let namespaces =
        if namespaces.is_empty() { String::new() } else { format!(" in {}", namespaces.join(", ")) };
    let secret = secret.as_ref().map_or_else(|| "secretless".to_owned(), |name| format!("secret {name}"));
    format!("pullSecrets[{index}], {}{namespaces}, {secret}: {reason}", registries.join(", "))
}

fn secret(secret: &SecretState) -> String {
    let SecretState { name, state, reason } = secret;
    format!("{name}: {state}{}", reason.as_ref().map(|reason| format!(", {reason}")).unwrap_or_default())
}
