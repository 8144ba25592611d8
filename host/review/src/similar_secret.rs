//! Suggestions for a pull secret that the pod's namespace does not have: those that it has, with a similar name and for the same
//! registry.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cluster::Cluster;
use crate::field::field;
use crate::gaps::Gap;
use crate::kind::{Kind, templates};
use crate::other_namespace::{MISSING, NOT_FOUND, is_plain, may_serve};
use crate::similar_name::{may_be_similar, similar};
use crate::verdict::Finding;

/// Maximum number of names in a suggestion.
const SHOWN: usize = 3;

/// Of how many similar names the Secrets are read, the most similar first.
const READ: usize = 100;

/// Adds the suggestions to the help of an object's findings.
pub(crate) fn help(findings: &mut [Finding], namespace: &str, cluster: &Cluster) {
    for finding in findings.iter_mut().filter(|finding| [NOT_FOUND, MISSING].contains(&&*finding.rule)) {
        let (Some(name), Some(image)) = (&finding.secret, &finding.image) else { continue };
        let names = names(name, namespace, &[image.as_str()], cluster);
        if !names.is_empty() {
            finding.help = format!("{} Otherwise {}", question(&names), finding.help);
        }
    }
}

/// The suggestions for those of the unknown objects that are pull secrets of this object's pods.
pub(crate) fn for_unknown(
    unknown: &BTreeSet<Gap>,
    kind: &Kind,
    object: &Value,
    cluster: &Cluster,
) -> BTreeMap<Gap, String> {
    let secrets = unknown.iter().filter(|gap| gap.kind == "Secret" && !gap.is_content);
    let suggestion = |gap: &Gap| {
        let names = names(&gap.name, &gap.namespace, &images(kind, object), cluster);
        (!names.is_empty()).then(|| (gap.clone(), question(&names)))
    };
    secrets.filter_map(suggestion).collect()
}

/// `did you mean a, b?`
fn question(names: &[String]) -> String {
    format!("did you mean {}?", names.join(", "))
}

/// The names of a namespace's pull secrets that resemble a name which the namespace does not have, and may serve one of the
/// images.
fn names(name: &str, namespace: &str, images: &[&str], cluster: &Cluster) -> Vec<String> {
    if cluster.get("v1", "Secret", namespace, name).is_some() {
        return Vec::new();
    }
    let near = cluster.similar.names(namespace, name, || {
        let secrets =
            cluster.pull_secrets_in(namespace, |known| is_plain(known) && may_be_similar(name, known));
        similar(name, secrets).into_iter().take(READ).map(str::to_owned).collect()
    });
    // The content of a Secret is read only where its name is similar.
    let is_useful = |name: &&String| {
        let mut found = cluster.pull_secret(namespace, name).into_iter();
        found.any(|found| images.iter().any(|image| may_serve(&found, image)))
    };
    near.iter().filter(is_useful).take(SHOWN).cloned().collect()
}

/// The images of an object's pods.
fn images<'a>(kind: &Kind, object: &'a Value) -> Vec<&'a str> {
    let specs = templates(kind, object);
    let specs = specs.iter().map(String::as_str).chain(kind.is_core("Pod").then_some("/spec"));
    let specs: Vec<&Value> = specs.filter_map(|pointer| object.pointer(pointer)).collect();
    let containers = specs.iter().flat_map(|spec| {
        let lists = ["initContainers", "containers"].iter().filter_map(|list| spec.get(list)?.as_array());
        lists.flatten()
    });
    containers.filter_map(|container| field(container, &["image"])?.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::cluster::Cluster;

    #[test]
    fn a_secret_that_is_added_later_is_suggested_too() {
        let mut cluster = Cluster::default();
        let names =
            |cluster: &Cluster| super::names("acr-secert", "shop", &["contoso.azurecr.io/web:1"], cluster);
        let secret = |name: &str| {
            json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": name}, "stringData": {".dockerconfigjson": r#"{"auths":{"contoso.azurecr.io":{"auth":"YTpi"}}}"#}})
        };
        assert!(names(&cluster).is_empty());
        cluster.add(secret("acr-secret"), "shop");
        assert_eq!(names(&cluster), ["acr-secret"]);
        let mut declared = secret("acr-secrets");
        declared["metadata"]["namespace"] = "shop".into();
        cluster.clone().declare_secret(declared.clone());
        assert_eq!(names(&cluster), ["acr-secret"], "a clone is another cluster");
        cluster.declare_secret(declared);
        assert_eq!(names(&cluster), ["acr-secret", "acr-secrets"]);
    }
}
