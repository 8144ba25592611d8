//! A Secret of a pod, without its content: what a command that changes it has to know.

use serde_json::Value;

use crate::pull_secret::EXPIRES;
use crate::pull_secret::time::Time;

/// The type of the Secrets that the command writes. The API server does not change the type of a Secret.
const TYPE: &str = "kubernetes.io/dockerconfigjson";

/// Beginnings of labels and annotations of what writes Secrets: External Secrets, Sealed Secrets, Argo CD, Flux, Helm, Reflector,
/// Replicator, the operators of Vault and 1Password.
const MAKERS: [&str; 11] = [
    "reconcile.external-secrets.io/",
    "external-secrets.io/",
    "sealedsecrets.bitnami.com/",
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "meta.helm.sh/",
    "reflector.v1.k8s.emberstack.com/reflects",
    "replicator.v1.mittwald.de/replicate",
    "secrets.hashicorp.com/",
    "operator.1password.io/",
];

/// A Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Secret {
    /// Its name
    pub name: String,
    /// When it was created; none where it does not say
    pub created: Option<String>,
    /// When its content was written last; none where it does not say
    pub written: Option<String>,
    /// Whether that time is known to be of its content, and not of a label that the same manager changed
    pub is_content_written: bool,
    /// When its credentials end, according to its annotation
    pub ends: Option<Time>,
    /// Whether its type is the one that the command writes
    pub has_our_type: bool,
    /// Whether it can only be deleted and created again
    pub is_immutable: bool,
    /// Whether a controller writes it, and would write it again
    pub is_made: bool,
}

impl Secret {
    /// Of an object that has a name.
    pub fn of(object: &Value) -> Option<Self> {
        let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        let names = ["/metadata/labels", "/metadata/annotations"];
        let names =
            names.iter().filter_map(|path| object.pointer(path)?.as_object()).flat_map(|it| it.keys());
        let is_of_maker = |name: &String| MAKERS.iter().any(|maker| name.starts_with(maker));
        let written = last_written(object);
        Some(Self {
            name: object.pointer("/metadata/name")?.as_str()?.to_owned(),
            created: object.pointer("/metadata/creationTimestamp").and_then(Value::as_str).map(str::to_owned),
            written: written.map(|(time, _)| time.to_owned()),
            is_content_written: written.is_some_and(|(_, is_content)| is_content),
            ends: object.pointer("/metadata/annotations").and_then(ends),
            has_our_type: object.get("type").is_some_and(|kind| kind == TYPE),
            is_immutable: object.get("immutable").is_some_and(|it| it == true),
            is_made: owners.is_some_and(|owners| !owners.is_empty()) || names.into_iter().any(is_of_maker),
        })
    }
}

/// The end that the annotations announce.
fn ends(annotations: &Value) -> Option<Time> {
    Time::parse(annotations.get(EXPIRES)?.as_str()?)
}

/// When the content of a Secret was written last. meta/v1 `ManagedFieldsEntry`: its time is that of the last change of a field that
/// its manager owns, so an annotation of another manager does not count. Whether it is the time of the content is known where the
/// manager owns nothing else, or has not written since it created the Secret.
fn last_written(secret: &Value) -> Option<(&str, bool)> {
    let managers = secret.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    let writers = managers.filter(|entry| entry.pointer("/fieldsV1/f:data").is_some());
    let created = secret.pointer("/metadata/creationTimestamp").and_then(Value::as_str);
    let times = writers.filter_map(|entry| {
        let time = entry.get("time")?.as_str()?;
        let mut fields = entry.get("fieldsV1")?.as_object()?.keys();
        let is_alone = fields.all(|field| ["f:data", "f:type", "f:immutable"].contains(&field.as_str()));
        Some((
            time,
            is_alone
                || created.and_then(Time::parse).is_some_and(|created| Some(created) == Time::parse(time)),
        ))
    });
    times
        .chain(created.map(|created| (created, true)))
        .max_by_key(|(time, is_content)| (Time::parse(time), *is_content))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Secret;

    #[test]
    fn a_secret_that_a_controller_writes_is_known_by_its_metadata() {
        for (metadata, is_made) in [
            (json!({}), false),
            (json!({"ownerReferences": []}), false),
            (
                json!({"labels": {"app": "web"}, "annotations": {"acr-pull-secret/expires": "2026-07-31T00:00:00Z"}}),
                false,
            ),
            (json!({"ownerReferences": [{"kind": "ExternalSecret", "uid": "a"}]}), true),
            (json!({"labels": {"reconcile.external-secrets.io/created-by": "a"}}), true),
            (json!({"annotations": {"reconcile.external-secrets.io/data-hash": "a"}}), true),
            (json!({"annotations": {"meta.helm.sh/release-name": "web"}}), true),
        ] {
            let mut secret = json!({"metadata": metadata, "type": "Opaque"});
            secret["metadata"]["name"] = "s".into();
            let found = Secret::of(&secret).unwrap();
            assert_eq!((found.is_made, found.has_our_type), (is_made, false), "{secret}");
        }
    }
}
