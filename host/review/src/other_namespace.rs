//! Help for a pull secret that the pod's namespace does not have, but another one has: which namespace, and what to type. The
//! policy looks up only the pod's namespace, so it does not know the others.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use crate::cluster::{Cluster, Elsewhere};
use crate::field::{field, word};
use crate::verdict::Finding;

/// The rule of a pull secret that does not exist.
pub(crate) const NOT_FOUND: &str = "secret-not-found";

/// The rule of a pull secret that the pod does not list.
pub(crate) const MISSING: &str = "missing-pull-secret";

/// Maximum number of namespaces in a help text.
const SHOWN: usize = 3;

/// The namespace of an object, and whether it names it itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) is_named: bool,
    /// Whether it is the pod of a kubelet, whose list gets no names
    pub(crate) is_mirror: bool,
}

/// Adds to the help of an object's findings which other namespaces have the secret, and what to type.
pub(crate) fn help(findings: &mut [Finding], owner: Owner<'_>, cluster: &Cluster) {
    for finding in findings.iter_mut().filter(|finding| [NOT_FOUND, MISSING].contains(&&*finding.rule)) {
        let (Some(name), Some(image)) = (&finding.secret, &finding.image) else { continue };
        if cluster.get("v1", "Secret", owner.namespace, name).is_some() {
            continue;
        }
        let Some(hint) = hint(name, image, owner, cluster) else { continue };
        if finding.rule == NOT_FOUND {
            finding.help = hint;
        } else if !owner.is_mirror {
            finding.help = format!("{hint}, and {}", finding.help);
        }
    }
}

/// The help for a Secret that other namespaces have with a key for the image.
fn hint(name: &str, image: &str, owner: Owner<'_>, cluster: &Cluster) -> Option<String> {
    let Owner { namespace, is_named, .. } = owner;
    // Names go into a command that people paste into a shell.
    if !is_plain(name) || !is_plain(namespace) {
        return None;
    }
    let is_useful = |found: &Elsewhere<'_>| {
        is_plain(found.namespace) && found.namespace != namespace && may_serve(found, image)
    };
    let found: Vec<Elsewhere<'_>> = cluster.pull_secrets(name).filter(is_useful).collect();
    let first = found.first()?;
    let from = first.namespace;
    let have = format!("{} {name}", names(&found));
    Some(match found.as_slice() {
        [_] if !is_named => {
            format!("{have}: add -n {from}, or set metadata.namespace to {from} in this object")
        }
        [Elsewhere { is_named: false, .. }] => {
            format!("{have}: add -n {namespace}, or set metadata.namespace to {namespace} in the Secret")
        }
        _ => format!("{have}: copy it with {}", copy(name, first, namespace)),
    })
}

/// `namespaces "a" and "b" have Secret`
fn names(found: &[Elsewhere<'_>]) -> String {
    let more = found.len().saturating_sub(SHOWN);
    let shown = found.iter().take(SHOWN).map(|found| format!("\"{}\"", found.namespace));
    let names: Vec<String> = shown.chain((more > 0).then(|| format!("{more} more"))).collect();
    match names.split_last() {
        Some((last, first)) if !first.is_empty() => {
            format!("namespaces {} and {last} have Secret", first.join(", "))
        }
        _ => format!("namespace {} has Secret", names.concat()),
    }
}

/// The command that copies a Secret into a namespace.
fn copy(name: &str, Elsewhere { namespace: from, secret, .. }: &Elsewhere<'_>, namespace: &str) -> String {
    let (key, create) = match word(secret, &["type"]) {
        Some("kubernetes.io/dockercfg") => (".dockercfg", "generic --type=kubernetes.io/dockercfg"),
        _ => (".dockerconfigjson", "docker-registry"),
    };
    let template = format!("{{{{index .data \"{key}\" | base64decode}}}}");
    format!(
        "kubectl get secret {name} -n {from} -o go-template='{template}' | kubectl create secret {create} {name} -n \
         {namespace} --from-file={key}=/dev/stdin"
    )
}

/// Whether a Secret has a key for the registry of an image, or has unknown content.
pub(crate) fn may_serve(Elsewhere { secret, is_declared, .. }: &Elsewhere<'_>, image: &str) -> bool {
    let host = image.split('/').next().unwrap_or_default();
    let config = |key: &str| -> Option<Value> {
        let data = BASE64_STANDARD.decode(word(secret, &["data", key])?).ok()?;
        serde_json::from_slice(&data).ok()
    };
    let has_key =
        |auths: &Value| auths.as_object().is_some_and(|auths| auths.keys().any(|key| is_for(key, host)));
    *is_declared
        || config(".dockerconfigjson").is_some_and(|config| field(&config, &["auths"]).is_some_and(has_key))
        || config(".dockercfg").is_some_and(|config| has_key(&config))
}

/// Whether a key is for a registry. Its path may exclude images, which the policy reports.
fn is_for(key: &str, host: &str) -> bool {
    let key = ["https://", "http://"].iter().find_map(|scheme| key.strip_prefix(scheme)).unwrap_or(key);
    let key = key.split('/').next().unwrap_or_default();
    let is_label = |(pattern, label): (&str, &str)| match pattern.split_once('*') {
        Some((start, end)) => label.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
        None => pattern == label,
    };
    key.split('.').count() == host.split('.').count() && key.split('.').zip(host.split('.')).all(is_label)
}

/// Whether a name has only characters that Kubernetes accepts in names, so that a shell reads it as one word.
pub(crate) fn is_plain(name: &str) -> bool {
    let is_taken = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_taken)
}

#[cfg(test)]
mod tests {
    use super::is_for;

    #[test]
    fn a_key_is_for_the_hosts_that_it_matches() {
        for (key, is) in [
            ("contoso.azurecr.io", true),
            ("https://contoso.azurecr.io/v1/", true),
            ("contoso.azurecr.io/team", true),
            ("*.azurecr.io", true),
            ("con*so.azurecr.io", true),
            ("fabrikam.azurecr.io", false),
            ("azurecr.io", false),
            ("*.io", false),
            ("https://index.docker.io/v1/", false),
        ] {
            assert_eq!(is_for(key, "contoso.azurecr.io"), is, "{key}");
        }
    }
}
