//! The objects of a cluster that a check needs, read once.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::field::word;
use super::made::{self, Part, parts};
use super::{Kubectl, KubectlError, Query, Scope};
use crate::why::pod::Pod;
use review::admission::is_mirror;

/// The kinds that are checked.
const CHECKED: &str = "pods,podtemplates,replicationcontrollers,deployments.apps,replicasets.apps,statefulsets.apps,\
                       daemonsets.apps,jobs.batch,cronjobs.batch,serviceaccounts";

/// The kinds without which no answer would be true: a pod may get its pull secrets from its `ServiceAccount`.
const NEEDED: [&str; 2] = ["pods", "serviceaccounts"];

/// The types of Secrets that the kubelet reads. Only their content is asked for.
pub const READ: [&str; 2] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

/// What is printed of a Secret: namespace, name, type, end and whether a controller renews it, without its data. Escaped as in the query of a URL, because a type
/// may have any characters.
const METADATA: &str = r#"{{range .items}}{{.metadata.namespace | urlquery}} {{.metadata.name | urlquery}} {{.type | urlquery}} {{with .metadata.annotations}}{{with index . "acr-pull-secret/expires"}}{{. | urlquery}}{{end}}{{end}}{{range .metadata.ownerReferences}}{{if .controller}} controlled{{end}}{{end}}{{"\n"}}{{end}}"#;

/// The end of the line of a Secret that a controller renews.
const CONTROLLED: &str = " controlled";

/// The objects of a cluster.
#[derive(Debug, Default)]
pub struct World {
    /// Those that are checked
    pub objects: Vec<Found>,
    /// The Secrets, without their data; none where they may not be listed
    pub secrets: Vec<Value>,
    /// Why the Secrets are not known
    pub no_secrets: Option<KubectlError>,
    /// The kinds that may not be listed
    pub forbidden: Vec<&'static str>,
    /// How many objects are left out because a listed one has made them, and its template says the same
    pub made: usize,
    /// How many objects are left out because one that is like them, of the same controller, is checked
    pub alike: usize,
    /// How many pods and Jobs are left out because they have finished
    pub finished: usize,
    /// How many pods and workloads are left out because they are being deleted
    pub deleted: usize,
    /// The pods that wait for an image which the kubelet cannot pull
    pub waiting: Vec<Waiting>,
    /// How many old revisions of workloads are left out because they have no pods
    pub unused: usize,
}

/// An object of a cluster.
#[derive(Debug)]
pub struct Found {
    /// Where it is: `pod/web in namespace shop`
    pub place: String,
    /// The object
    pub object: Value,
}

/// A pod that waits for an image which the kubelet cannot pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its namespace
    pub namespace: String,
    /// Its name
    pub name: String,
    /// The place of the object that is checked for it: its own, or that of its workload
    pub checked: String,
}

impl World {
    /// Reads the objects, and the content of the Secrets that the kubelet reads where `with_contents`. Without, it stays in
    /// kubectl. Secrets that the user may not list are not known.
    ///
    /// # Errors
    /// - kubectl is not there, or fails
    pub fn read(kubectl: &Kubectl<'_>, scope: &Scope, with_contents: bool) -> Result<Self, KubectlError> {
        let query = |resources| Query { resources, names: &[], scope, options: &[] };
        let (objects, forbidden) = match kubectl.objects(&query(CHECKED)) {
            Err(error) if error.is_forbidden() => one_by_one(kubectl, scope)?,
            objects => (objects?, Vec::new()),
        };
        let mut world = Self { forbidden, ..Self::of(objects) };
        match kubectl.printed(&query("secrets"), METADATA) {
            Ok(text) => {
                let secrets: Option<Vec<Value>> = text.lines().map(metadata).collect();
                world.secrets = secrets.ok_or_else(|| KubectlError::Output("secrets".to_owned()))?;
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

    /// What is checked of these objects.
    fn of(objects: Vec<Value>) -> Self {
        let parts = parts(&objects);
        let waiting = objects.iter().zip(&parts).filter_map(|(object, (_, checked))| {
            let pod = Pod::of(Some(object).filter(|object| word(object, "/kind") == "Pod")?);
            let is_waiting = pod.is_failing() && !pod.is_over();
            let checked = place(objects.get(*checked).filter(|_| is_waiting)?);
            Some(Waiting { namespace: pod.namespace, name: pod.name, checked })
        });
        let mut world = Self { waiting: waiting.collect(), ..Self::default() };
        for ((part, _), object) in parts.into_iter().zip(objects) {
            match part {
                Part::Checked => world.objects.push(Found::new(object)),
                Part::Made => world.made += 1,
                Part::Alike => world.alike += 1,
                Part::Finished => world.finished += 1,
                Part::Deleted => world.deleted += 1,
                Part::Unused => world.unused += 1,
            }
        }
        world
    }
}

impl Found {
    fn new(object: Value) -> Self {
        Self { place: place(&object), object }
    }

    /// `shop/web`
    pub fn name(&self) -> String {
        format!("{}/{}", word(&self.object, "/metadata/namespace"), word(&self.object, "/metadata/name"))
    }

    /// Whether a built-in workload creates this pod again after it is deleted.
    pub fn is_created_again(&self) -> bool {
        made::is_created_again(&self.object)
    }

    /// Whether this pod mirrors a static pod, which the kubelet runs from a file on the node. Nothing else changes it.
    pub fn is_mirror(&self) -> bool {
        is_mirror(&self.object)
    }
}

/// Where an object of a cluster is.
fn place(object: &Value) -> String {
    let (kind, name) = (word(object, "/kind").to_ascii_lowercase(), word(object, "/metadata/name"));
    format!("{kind}/{name} in namespace {}", word(object, "/metadata/namespace"))
}

/// The objects of each kind that may be listed, and the kinds that may not. Of the built-in roles, `view` has no `PodTemplates`.
fn one_by_one(kubectl: &Kubectl<'_>, scope: &Scope) -> Result<(Vec<Value>, Vec<&'static str>), KubectlError> {
    let (mut objects, mut forbidden) = (Vec::new(), Vec::new());
    for resources in CHECKED.split(',') {
        match kubectl.objects(&Query { resources, names: &[], scope, options: &[] }) {
            Err(error) if error.is_forbidden() && !NEEDED.contains(&resources) => forbidden.push(resources),
            found => objects.extend(found?),
        }
    }
    Ok((objects, forbidden))
}

/// A Secret of a line that [`METADATA`] prints; `None` for another line.
fn metadata(line: &str) -> Option<Value> {
    let word = |word: &str| {
        let word = word.replace('+', " ");
        percent_decode_str(&word).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    };
    let (line, is_controlled) = match line.strip_suffix(CONTROLLED) {
        Some(line) => (line, true),
        None => (line, false),
    };
    let words = line.split(' ').map(word).collect::<Option<Vec<String>>>()?;
    let [namespace, name, kind, expires] = words.try_into().ok()?;
    let mut metadata =
        Map::from_iter([("namespace".to_owned(), namespace.into()), ("name".to_owned(), name.into())]);
    if !expires.is_empty() {
        metadata.insert("annotations".to_owned(), json!({"acr-pull-secret/expires": expires}));
    }
    if is_controlled {
        metadata.insert("ownerReferences".to_owned(), json!([{"controller": true}]));
    }
    Some(json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::metadata;

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
        assert_eq!(
            metadata("shop s Opaque  controlled").unwrap()["metadata"],
            json!({"namespace": "shop", "name": "s", "ownerReferences": [{"controller": true}]})
        );
        for other in ["", "shop s Opaque", "a b c d e", "a b %FF ", "a b c controlled"] {
            assert_eq!(metadata(other), None, "{other:?}");
        }
    }
}
