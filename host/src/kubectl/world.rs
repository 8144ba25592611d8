//! The objects of a cluster that a check needs, read once.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use review::kind::{Kind, controller, not_judged};
use serde_json::{Value, json};

use super::{Kubectl, KubectlError, Query, Scope};

/// The kinds that are checked.
const CHECKED: &str = "pods,podtemplates,replicationcontrollers,deployments.apps,replicasets.apps,statefulsets.apps,\
                       daemonsets.apps,jobs.batch,cronjobs.batch,serviceaccounts";

/// The kinds of [`CHECKED`] that make pods, or workloads that do.
const MAKERS: [&str; 7] =
    ["ReplicationController", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob"];

/// The most makers above an object: a `Job` of a `CronJob`, a `ReplicaSet` of a `Deployment`.
const MOST_MAKERS: usize = 2;

/// The types of Secrets that the kubelet reads. Only their content is asked for.
const READ: [&str; 2] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

/// What is printed of a Secret: namespace, name, type and end, without its data. Escaped as in the query of a URL, because a type
/// may have any characters.
const METADATA: &str = r#"{{range .items}}{{.metadata.namespace | urlquery}} {{.metadata.name | urlquery}} {{.type | urlquery}} {{with .metadata.annotations}}{{with index . "acr-pull-secret/expires"}}{{. | urlquery}}{{end}}{{end}}{{"\n"}}{{end}}"#;

/// The objects of a cluster.
#[derive(Debug, Default)]
pub struct World {
    /// Those that are checked
    pub objects: Vec<Found>,
    /// The Secrets, without their data; none where they may not be listed
    pub secrets: Vec<Value>,
    /// Why the Secrets are not known
    pub no_secrets: Option<KubectlError>,
    /// How many objects are left out because a listed one has made them
    pub made: usize,
    /// How many pods are left out because they have finished
    pub finished: usize,
}

/// An object of a cluster.
#[derive(Debug)]
pub struct Found {
    /// Where it is: `pod/web in namespace shop`
    pub place: String,
    /// The object
    pub object: Value,
}

impl World {
    /// Reads the objects, and the content of the Secrets that the kubelet reads where `with_contents`. Without, it stays in
    /// kubectl. Secrets that the user may not list are not known.
    ///
    /// # Errors
    /// - kubectl is not there, or fails
    pub fn read(kubectl: &Kubectl<'_>, scope: &Scope, with_contents: bool) -> Result<Self, KubectlError> {
        let query = |resources| Query { resources, names: &[], scope, options: &[] };
        let mut world = Self::of(kubectl.objects(&query(CHECKED))?);
        match kubectl.printed(&query("secrets"), METADATA) {
            Ok(text) => {
                let secrets: Option<Vec<Value>> = text.lines().map(metadata).collect();
                world.secrets = secrets.ok_or_else(|| KubectlError::Output("get secrets".to_owned()))?;
            }
            Err(error) if error.is_forbidden() => world.no_secrets = Some(error),
            Err(error) => return Err(error),
        }
        if with_contents && world.no_secrets.is_none() {
            for kind in READ {
                let options = [format!("--field-selector=type={kind}")];
                let secrets = kubectl.objects(&Query { options: &options, ..query("secrets") })?;
                world.objects.extend(secrets.into_iter().map(Found::new));
            }
        }
        Ok(world)
    }

    /// What is checked of these objects: no pod that has finished, and nothing that one of them has made.
    fn of(objects: Vec<Value>) -> Self {
        let has_finished =
            |object: &Value| Kind::of(object).is_some_and(|kind| not_judged(&kind, object).is_some());
        let mut world = Self::default();
        let (finished, rest): (Vec<Value>, Vec<Value>) = objects.into_iter().partition(has_finished);
        world.finished = finished.len();
        let makers: HashMap<Maker<'_>, &Value> =
            rest.iter().filter_map(|object| Some((Maker::itself(object)?, object))).collect();
        let is_made: Vec<bool> = rest.iter().map(|object| is_made(object, &makers)).collect();
        for (object, is_made) in rest.into_iter().zip(is_made) {
            if is_made {
                world.made += 1;
            } else {
                world.objects.push(Found::new(object));
            }
        }
        world
    }
}

/// A workload that makes others. A reference to an owner is what the author of an object has written, so more than the uid has to match.
#[derive(PartialEq, Eq, Hash)]
struct Maker<'a> {
    namespace: &'a str,
    kind: &'a str,
    uid: &'a str,
}

impl<'a> Maker<'a> {
    fn itself(object: &'a Value) -> Option<Self> {
        let word = |path| object.pointer(path).and_then(Value::as_str);
        let kind = word("/kind").filter(|kind| MAKERS.contains(kind))?;
        Some(Self { namespace: word("/metadata/namespace")?, kind, uid: word("/metadata/uid")? })
    }

    fn of(object: &'a Value) -> Option<Self> {
        let uid = controller(object)?;
        let owners = object.pointer("/metadata/ownerReferences")?.as_array()?.iter();
        let mut kinds = owners.filter(|owner| owner["controller"] == true && owner["uid"] == uid);
        let kind = kinds.next()?.get("kind")?.as_str()?;
        Some(Self { namespace: object.pointer("/metadata/namespace")?.as_str()?, kind, uid })
    }
}

/// Whether a listed object that none has made has made this one, itself or through others. Objects that name each other as their
/// owners are not made by any of them.
fn is_made(object: &Value, makers: &HashMap<Maker<'_>, &Value>) -> bool {
    let maker = |object: &Value| Maker::of(object).and_then(|maker| makers.get(&maker).copied());
    let mut above = maker(object);
    for _ in 0..MOST_MAKERS {
        let Some(found) = above else { return false };
        above = maker(found);
        if above.is_none() {
            return true;
        }
    }
    false
}

impl Found {
    fn new(object: Value) -> Self {
        let word = |path| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let (kind, name) = (word("/kind").to_ascii_lowercase(), word("/metadata/name"));
        let place = format!("{kind}/{name} in namespace {}", word("/metadata/namespace"));
        Self { place, object }
    }
}

/// A Secret of a line that [`METADATA`] prints; `None` for another line.
fn metadata(line: &str) -> Option<Value> {
    let word = |word: &str| {
        let word = word.replace('+', " ");
        percent_decode_str(&word).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    };
    let words = line.split(' ').map(word).collect::<Option<Vec<String>>>()?;
    let [namespace, name, kind, expires] = words.try_into().ok()?;
    let mut metadata = json!({"namespace": namespace, "name": name});
    if let Some(fields) = metadata.as_object_mut().filter(|_| !expires.is_empty()) {
        fields.insert("annotations".to_owned(), json!({"acr-pull-secret/expires": expires}));
    }
    Some(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{World, metadata};

    #[test]
    fn a_line_of_metadata_is_one_secret_whatever_its_type_is() {
        let secret = metadata("shop s a%2Fb%0Ashop+x+y 2027-01-31T12%3A00%3A00Z").unwrap();
        assert_eq!(
            secret,
            json!({
                "apiVersion": "v1", "kind": "Secret", "type": "a/b\nshop x y",
                "metadata": {"namespace": "shop", "name": "s", "annotations": {"acr-pull-secret/expires": "2027-01-31T12:00:00Z"}},
            })
        );
        assert_eq!(
            metadata("shop s Opaque ").unwrap()["metadata"],
            json!({"namespace": "shop", "name": "s"})
        );
        for other in ["", "shop s Opaque", "a b c d e", "a b %FF "] {
            assert_eq!(metadata(other), None, "{other:?}");
        }
    }

    #[test]
    fn what_a_listed_controller_has_made_and_finished_pods_are_left_out() {
        let object = |kind: &str, name: &str, owner: Option<(&str, &str, bool)>, phase: &str| {
            let owners: Vec<_> = owner
                .iter()
                .map(|(kind, uid, is_controller)| json!({"kind": kind, "uid": uid, "controller": is_controller}))
                .collect();
            json!({
                "apiVersion": if kind == "Pod" { "v1" } else { "apps/v1" }, "kind": kind,
                "metadata": {"name": name, "namespace": "shop", "uid": name, "ownerReferences": owners},
                "status": {"phase": phase},
            })
        };
        let mut elsewhere = object("Pod", "elsewhere", Some(("ReplicaSet", "web-1", true)), "Running");
        elsewhere["metadata"]["namespace"] = "ops".into();
        let world = World::of(vec![
            object("Deployment", "web", None, ""),
            object("ReplicaSet", "web-1", Some(("Deployment", "web", true)), ""),
            object("Pod", "web-1-a", Some(("ReplicaSet", "web-1", true)), "Pending"),
            object("Pod", "done", None, "Succeeded"),
            object("Pod", "bare", None, "Running"),
            object("Pod", "of-another", Some(("Operator", "some-operator", true)), "Running"),
            object("Pod", "referred", Some(("Deployment", "web", false)), "Running"),
            // What no controller writes.
            object("ServiceAccount", "account", None, ""),
            object("Pod", "of-account", Some(("ServiceAccount", "account", true)), "Running"),
            object("Pod", "of-other-kind", Some(("StatefulSet", "web", true)), "Running"),
            object("Pod", "own", Some(("Pod", "own", true)), "Running"),
            object("Pod", "of-finished", Some(("Pod", "done", true)), "Running"),
            object("Pod", "one", Some(("Pod", "two", true)), "Running"),
            object("Pod", "two", Some(("Pod", "one", true)), "Running"),
            object("ReplicaSet", "ring-1", Some(("ReplicaSet", "ring-2", true)), ""),
            object("ReplicaSet", "ring-2", Some(("ReplicaSet", "ring-1", true)), ""),
            object("Pod", "of-ring", Some(("ReplicaSet", "ring-1", true)), "Running"),
            elsewhere,
        ]);
        let places: Vec<&str> = world.objects.iter().map(|found| found.place.as_str()).collect();
        assert_eq!(
            places,
            [
                "deployment/web in namespace shop",
                "pod/bare in namespace shop",
                "pod/of-another in namespace shop",
                "pod/referred in namespace shop",
                "serviceaccount/account in namespace shop",
                "pod/of-account in namespace shop",
                "pod/of-other-kind in namespace shop",
                "pod/own in namespace shop",
                "pod/of-finished in namespace shop",
                "pod/one in namespace shop",
                "pod/two in namespace shop",
                "replicaset/ring-1 in namespace shop",
                "replicaset/ring-2 in namespace shop",
                "pod/of-ring in namespace shop",
                "pod/elsewhere in namespace ops"
            ]
        );
        assert_eq!((world.made, world.finished), (2, 1));
    }
}
