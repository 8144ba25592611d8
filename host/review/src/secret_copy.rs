//! Help for copying a pull secret from another namespace if the pod's own namespace does not have it. The policy looks up only
//! the pod's namespace, so it does not know the others.

use crate::cluster::Cluster;
use crate::field::word;
use crate::verdict::Finding;

/// The rule of a pull secret that does not exist.
const NOT_FOUND: &str = "secret-not-found";

/// Maximum number of namespaces in a help text.
const SHOWN: usize = 3;

/// Adds to the help of findings in `namespace` which other namespaces have the secret, and how to copy it.
pub(crate) fn help(findings: &mut [Finding], namespace: &str, cluster: &Cluster) {
    for finding in findings.iter_mut().filter(|finding| finding.rule == NOT_FOUND) {
        let Some(name) = finding.secret.as_deref().filter(|name| is_plain(name)) else { continue };
        // Names go into a command that people paste into a shell.
        let others = cluster.pull_secrets(name).filter(|(other, _)| is_plain(other) && *other != namespace);
        let mut others: Vec<_> = others.collect();
        let Some((from, secret)) = others.first().copied().filter(|_| is_plain(namespace)) else { continue };
        let more = others.len().saturating_sub(SHOWN);
        others.truncate(SHOWN);
        let mut namespaces: Vec<String> = others.iter().map(|(other, _)| format!("\"{other}\"")).collect();
        if more > 0 {
            namespaces.push(format!("{more} more"));
        }
        let have = match namespaces.as_slice() {
            [one] => format!("namespace {one} has one"),
            all => {
                let (last, first) =
                    all.split_last().map_or(("", all), |(last, first)| (last.as_str(), first));
                format!("namespaces {} and {last} have one", first.join(", "))
            }
        };
        let (key, create) = match word(secret, &["type"]) {
            Some("kubernetes.io/dockercfg") => (".dockercfg", "generic --type=kubernetes.io/dockercfg"),
            _ => (".dockerconfigjson", "docker-registry"),
        };
        let template = format!("{{{{index .data \"{key}\" | base64decode}}}}");
        finding.help = format!(
            "{have}: copy it with kubectl get secret {name} -n {from} -o go-template='{template}' | kubectl create secret \
             {create} {name} -n {namespace} --from-file={key}=/dev/stdin"
        );
    }
}

/// Whether a name has only characters that Kubernetes accepts in names, so that a shell reads it as one word.
fn is_plain(name: &str) -> bool {
    let is_taken = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_taken)
}
