//! The decision, from top to bottom.

mod attached;
mod images;
mod judge;
mod pod;
mod secret;
mod sense;
mod service_account;
mod template;

use crate::cluster::Cluster;
use crate::decision::Decision;
use crate::pod_spec::Holder;
use crate::request::{Request, at, string_at};
use crate::settings::Settings;
use judge::Judge;

/// Judges a request: which of its images lack a pull secret, and which names would mend that.
///
/// Pure: the same request, settings and cluster give the same decision.
pub fn decide(request: &Request<'_>, settings: &Settings, cluster: &dyn Cluster) -> Decision {
    if request.is_beside_the_point() {
        return Decision::default();
    }
    let mut judge = Judge::new(request, settings, cluster);
    match (request.group.as_str(), request.kind.as_str()) {
        ("", "Secret") => secret::judge(&mut judge),
        ("", "ServiceAccount") => service_account::judge(&mut judge),
        _ => match Holder::of(request) {
            Some(Holder::Pod) => pod::judge(&mut judge),
            Some(Holder::Template { path, immutable }) if !has_controller(request) => {
                template::judge(&mut judge, path, immutable);
            }
            _ => {}
        },
    }
    judge.decision
}

/// A controller compares what it owns with its own template: to change or refuse it would make the two fight.
/// kubernetes/kubernetes#57167, #70864
fn has_controller(request: &Request<'_>) -> bool {
    let owners = at(&request.object, &["metadata", "ownerReferences"]).and_then(|owners| owners.as_array());
    owners
        .into_iter()
        .flatten()
        .any(|owner| owner.get("controller").and_then(serde_json::Value::as_bool) == Some(true))
}

/// Whether the pod's own node reports it, to show a static pod in the API.
fn is_mirror_of_node(request: &Request<'_>, node_name: &str) -> bool {
    is_mirror(request)
        && !node_name.is_empty()
        && request.username.strip_prefix("system:node:") == Some(node_name)
}

/// Whether the pod claims to mirror a static pod. Such a pod may reference no secret.
/// plugin/pkg/admission/serviceaccount/admission.go
fn is_mirror(request: &Request<'_>) -> bool {
    let annotation = at(&request.object, &["metadata", "annotations", "kubernetes.io/config.mirror"]);
    annotation.is_some()
        || !string_at(&request.old_object, &["metadata", "annotations", "kubernetes.io/config.mirror"])
            .is_empty()
}
