//! Suggestions for a pull secret that the pod's namespace does not have: those that it has, with a similar name and for the same
//! registry.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cluster::{Cluster, Elsewhere};
use crate::field::field;
use crate::gaps::Gap;
use crate::kind::{Kind, templates};
use crate::other_namespace::{MISSING, NOT_FOUND, is_plain, may_serve};
use crate::similar_name::{may_be_similar, similar};
use crate::verdict::Finding;

/// Maximum number of names in a suggestion.
const SHOWN: usize = 3;

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
fn question(names: &[&str]) -> String {
    format!("did you mean {}?", names.join(", "))
}

/// The names of a namespace's pull secrets that resemble a name which the namespace does not have, and may serve one of the
/// images.
fn names<'a>(name: &str, namespace: &'a str, images: &[&str], cluster: &'a Cluster) -> Vec<&'a str> {
    if cluster.get("v1", "Secret", namespace, name).is_some() {
        return Vec::new();
    }
    let secrets = cluster.pull_secrets_in(namespace, |known| may_be_similar(name, known));
    let known: BTreeMap<&str, Elsewhere<'_>> = secrets.collect();
    let is_useful = |name: &&str| {
        let may_serve = |found| images.iter().any(|image| may_serve(found, image));
        is_plain(name) && known.get(name).is_some_and(may_serve)
    };
    // The content of a Secret is read only where its name is similar.
    similar(name, known.keys().copied()).into_iter().filter(is_useful).take(SHOWN).collect()
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
