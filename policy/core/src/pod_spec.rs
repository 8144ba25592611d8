//! A pod spec, at any place in an object: its images and its pull secrets.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::json::Value;
use crate::request::Request;

/// The field that lists pull secrets, in pod specs and in service accounts.
pub(crate) const PULL_SECRETS: &str = "imagePullSecrets";

/// A list in a pod spec whose items may have an image.
#[derive(Debug)]
struct ImageList {
    name: &'static str,
    /// What an item is called
    item: &'static str,
    /// Path of the image in an item
    image: &'static [&'static str],
    /// Path of what says when it is pulled
    policy: &'static [&'static str],
}

/// In the order in which the API lists them.
static IMAGE_LISTS: [ImageList; 4] = [
    ImageList::of_containers("containers", "container"),
    ImageList::of_containers("initContainers", "init container"),
    ImageList::of_containers("ephemeralContainers", "ephemeral container"),
    ImageList {
        name: "volumes",
        item: "volume",
        image: &["image", "reference"],
        policy: &["image", "pullPolicy"],
    },
];

impl ImageList {
    const fn of_containers(name: &'static str, item: &'static str) -> Self {
        Self { name, item, image: &["image"], policy: &["imagePullPolicy"] }
    }
}

/// The place of an object's pod spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The object is a pod
    Pod,
    /// The object holds a pod template
    Template {
        /// Path of the pod spec
        path: &'static [&'static str],
        /// Whether the API server refuses to change the template later
        immutable: bool,
    },
}

impl Holder {
    /// The location of the pod spec in this request's object; `None` if it has none.
    pub(crate) fn of(request: &Request<'_>) -> Option<Self> {
        const SPEC: &[&str] = &["spec", "template", "spec"];
        let template = |path| Some(Self::Template { path, immutable: false });
        match (&*request.group, &*request.kind) {
            ("", "Pod") => Some(Self::Pod),
            ("", "PodTemplate") => template(&["template", "spec"]),
            ("batch", "Job") => Some(Self::Template { path: SPEC, immutable: true }),
            ("batch", "CronJob") => template(&["spec", "jobTemplate", "spec", "template", "spec"]),
            ("keda.sh", "ScaledJob") => template(&["spec", "jobTargetRef", "template", "spec"]),
            ("serving.knative.dev", "Revision") => Some(Self::Template { path: &["spec"], immutable: true }),
            ("", "ReplicationController")
            | ("apps" | "extensions", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") => {
                template(SPEC)
            }
            _ if request
                .object
                .at(&["spec", "template", "spec", "containers"])
                .is_some_and(|containers| containers.as_array().is_some()) =>
            {
                template(SPEC)
            }
            _ => None,
        }
    }
}

/// A pod spec and its path in the object.
#[derive(Debug, Clone, Copy)]
pub struct PodSpec<'a> {
    fields: &'a Value<'a>,
    path: &'static [&'static str],
    service_account: &'a str,
}

/// An image that a pod pulls.
#[derive(Debug, Clone)]
pub struct ImageUse<'a> {
    /// The image, which ought to be a string
    pub image: &'a Value<'a>,
    /// Whether the kubelet may not pull it. Since Kubernetes 1.35 the kubelet asks for the credential again where it has
    /// pulled the image itself before, so a secret may be needed nevertheless; for preloaded images it does not ask
    pub never: bool,
    /// Path of the pod spec
    spec: &'static [&'static str],
    list: &'static ImageList,
    index: usize,
    item: &'a Value<'a>,
    pointer: OnceCell<String>,
}

// Put together only for a finding on an image, and without a format, which takes longer.
impl ImageUse<'_> {
    /// JSON pointer of the image
    pub fn pointer(&self) -> &str {
        let pointer = || {
            let ImageList { name: list, image, .. } = self.list;
            [&pointer_to(self.spec), "/", list, "/", &self.index.to_string(), &pointer_to(image)].concat()
        };
        self.pointer.get_or_init(pointer)
    }

    /// Who pulls it: `container "web"`
    pub fn user(&self) -> String {
        let what = self.list.item;
        match self.item.get("name").and_then(Value::as_str) {
            Some(name) => [what, " \"", name, "\""].concat(),
            None => [what, " ", &self.index.to_string()].concat(),
        }
    }
}

impl<'a> PodSpec<'a> {
    /// The pod spec at `path`; `None` where none is there.
    pub fn of(object: &'a Value<'a>, path: &'static [&'static str]) -> Option<Self> {
        let fields = object.at(path).filter(|fields| fields.is_object())?;
        let name = |field| fields.get(field).and_then(Value::as_str).filter(|name| !name.is_empty());
        // core/v1: `serviceAccount` is a deprecated alias.
        let service_account =
            name("serviceAccountName").or_else(|| name("serviceAccount")).unwrap_or("default");
        Some(Self { fields, path, service_account })
    }

    /// Every image, in the order in which the API lists the places of images. Blank ones are placeholders for images that are
    /// filled in later, as OpenShift and Knative do in templates.
    pub fn images(&self) -> Vec<ImageUse<'a>> {
        let mut images = Vec::new();
        for list in &IMAGE_LISTS {
            let items = self.fields.get(list.name).and_then(Value::as_array);
            for (index, item) in items.into_iter().flatten().enumerate() {
                let is_set = |image: &&Value<'_>| match image {
                    Value::Null => false,
                    Value::String(text) => !text.trim().is_empty(),
                    _ => true,
                };
                let Some(image) = item.at(list.image).filter(is_set) else { continue };
                images.push(ImageUse {
                    image,
                    never: item.string_at(list.policy) == "Never",
                    spec: self.path,
                    list,
                    index,
                    item,
                    pointer: OnceCell::new(),
                });
            }
        }
        images
    }

    /// The value that its list of pull secrets has instead.
    pub(crate) fn list(&self) -> Option<&'a Value<'a>> {
        self.fields.get(PULL_SECRETS)
    }

    /// Its list of pull secrets.
    pub fn pull_secrets(&self) -> PullSecretList<'a> {
        PullSecretList::of(self.list())
    }

    /// The name of the pod's `ServiceAccount`.
    pub(crate) fn service_account(&self) -> &'a str {
        self.service_account
    }

    pub(crate) fn node_name(&self) -> &'a str {
        self.fields.get("nodeName").and_then(Value::as_str).unwrap_or_default()
    }

    /// JSON pointers of further lists in `object` that Kubernetes does not read: in the containers and, in a built-in kind,
    /// in what the pod spec is part of and in the metadata.
    pub(crate) fn misplaced(&self, object: &Value<'_>, is_built_in: bool) -> Vec<String> {
        let has_array = |place: &Value<'_>| place.get(PULL_SECRETS).is_some();
        let mut found = Vec::new();
        if is_built_in {
            let outer = (0..self.path.len()).filter_map(|depth| self.path.get(..depth));
            for path in outer.chain([&["metadata"][..]]) {
                if object.at(path).is_some_and(has_array) {
                    found.push(list_pointer(path));
                }
            }
        }
        for ImageList { name: list, .. } in IMAGE_LISTS.iter().filter(|list| list.item != "volume") {
            let containers = self.fields.get(list).and_then(Value::as_array);
            for (i, container) in containers.into_iter().flatten().enumerate() {
                if has_array(container) {
                    found.push(format!("{}/{list}/{i}/{PULL_SECRETS}", self.pointer()));
                }
            }
        }
        found
    }

    /// Path of the pod spec.
    pub(crate) fn path(&self) -> &'static [&'static str] {
        self.path
    }

    /// Path of the pull-secret list.
    pub(crate) fn list_path(&self) -> Vec<&'static str> {
        self.path.iter().copied().chain([PULL_SECRETS]).collect()
    }

    /// JSON pointer of the pull-secret list.
    pub(crate) fn list_pointer(&self) -> String {
        list_pointer(self.path)
    }

    /// The position of each name in the pull-secret list.
    pub(crate) fn entries(&self) -> Entries {
        let mut places = BTreeMap::new();
        for (i, entry) in self.pull_secrets().entries.unwrap_or_default().iter().enumerate() {
            if let Some(name) = entry_name(entry) {
                places.entry(name.to_owned()).or_insert(i);
            }
        }
        Entries { list_pointer: self.list_pointer(), places }
    }

    fn pointer(&self) -> String {
        pointer_to(self.path)
    }
}

fn pointer_to(path: &[&str]) -> String {
    path.iter().flat_map(|name| ["/", name]).collect()
}

/// JSON pointer of the pull-secret list in the object at `path`.
pub(crate) fn list_pointer(path: &[&str]) -> String {
    pointer_to(path) + "/" + PULL_SECRETS
}

/// The names of a pull-secret list.
pub(crate) struct Entries {
    list_pointer: String,
    /// The index of each name's first occurrence
    places: BTreeMap<String, usize>,
}

impl Entries {
    /// JSON pointer of the entry `name`.
    pub(crate) fn pointer(&self, name: &str) -> Option<String> {
        Some(format!("{}/{}", self.list_pointer, self.places.get(name)?))
    }
}

/// Whether a `ServiceAccount` has an identity of Azure that its pods pull with.
/// cloud-provider-azure: `pkg/credentialprovider/azure_credentials.go`
pub(crate) fn has_identity(account: &Value<'_>) -> bool {
    !account.string_at(&["metadata", "annotations", "kubernetes.azure.com/acr-client-id"]).is_empty()
}

/// A list of pull secrets, of a pod spec or a service account.
#[derive(Debug, Clone, Copy)]
pub struct PullSecretList<'a> {
    /// `None` where there is something other than a list
    entries: Option<&'a [Value<'a>]>,
}

impl<'a> PullSecretList<'a> {
    pub(crate) fn of(field: Option<&'a Value<'a>>) -> Self {
        Self {
            entries: match field {
                None | Some(Value::Null) => Some(&[]),
                Some(Value::Array(entries)) => Some(entries),
                Some(_) => None,
            },
        }
    }

    /// Whether Kubernetes fills the list from the `ServiceAccount`: an entry without a name counts as an entry.
    /// plugin/pkg/admission/serviceaccount/admission.go
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_some_and(<[Value<'_>]>::is_empty)
    }

    pub(crate) fn can_grow(&self) -> bool {
        self.entries.is_some()
    }

    /// The names, in order. The kubelet skips entries without one.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.entries.unwrap_or_default().iter().filter_map(entry_name)
    }

    /// Indexes of entries without a name.
    pub(crate) fn nameless(&self) -> impl Iterator<Item = usize> + use<'a> {
        let entries = self.entries.unwrap_or_default().iter().enumerate();
        entries.filter(|(_, entry)| entry_name(entry).is_none()).map(|(i, _)| i)
    }
}

fn entry_name<'a>(entry: &'a Value<'_>) -> Option<&'a str> {
    entry.get("name").and_then(Value::as_str).filter(|name| !name.is_empty())
}
