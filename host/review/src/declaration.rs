//! Declarations: what a repository contains instead of pull secrets. A controller creates the Secret from another object, or
//! the Secret is encrypted, or its data is filled in later. It exists in the cluster, and its content is not known here.

use serde_json::{Value, json};

use crate::field::{field, word};
use crate::kind::Kind;
use crate::placeholder;

/// The kinds that declare Secrets, besides Secrets whose own content is not known.
pub(crate) const KINDS: [&str; 4] =
    ["ExternalSecret", "SealedSecret", "SecretProviderClass", "AcrPullBinding"];

/// The type of a Secret without a declared type.
const OPAQUE: &str = "Opaque";

/// The types that the kubelet reads. It ignores other Secrets, regardless of their content.
const READ: [&str; 2] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

/// The keys of the docker configs in Secrets of these types.
const CONFIGS: [&str; 2] = [".dockerconfigjson", ".dockercfg"];

/// The prefix of a value that SOPS has encrypted.
const ENCRYPTED: &str = "ENC[";

/// What an object declares.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Declaration {
    /// The Secrets, without data. One without a type has a type that is not known
    pub(crate) secrets: Vec<Value>,
    /// A `ServiceAccount` that gets a pull secret
    pub(crate) binding: Option<Binding>,
}

/// A pull secret that a controller adds to a `ServiceAccount`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    /// Name of the `ServiceAccount`
    pub(crate) account: String,
    /// Names that the secret may have; the first is that of today's controller
    pub(crate) secrets: [String; 2],
}

impl Declaration {
    /// What an object declares; `None` for one that declares nothing.
    pub(crate) fn of(kind: &Kind, object: &Value) -> Option<Self> {
        if unreadable(kind, object).is_some() {
            return Some(Self { secrets: vec![without_values(object)], binding: None });
        }
        if !is_declaring(kind) {
            return None;
        }
        let name = word(object, &["metadata", "name"])?;
        Some(match kind.kind.as_str() {
            "ExternalSecret" => Self::of_external_secret(name, object),
            // The controller uses the name of the SealedSecret, even if its template has another.
            // sealed-secrets: sealedsecret_expansion.go `Unseal`
            // The old form encrypts the type as well. sealed-secrets: v1alpha1/types.go `SealedSecretSpec.Data`
            "SealedSecret" if word(object, &["spec", "data"]).is_some() => {
                Self { secrets: vec![secret(name, None, None)], binding: None }
            }
            "SealedSecret" => Self::of_template(name, field(object, &["spec", "template"])),
            "SecretProviderClass" => {
                let objects = field(object, &["spec", "secretObjects"]).and_then(Value::as_array);
                let secrets = objects.into_iter().flatten().filter_map(|object| {
                    Some(secret(word(object, &["secretName"])?, Some(type_of(object)), None))
                });
                Self { secrets: secrets.collect(), binding: None }
            }
            _ => Self::of_binding(name, object),
        })
    }

    /// external-secrets: `apis/externalsecrets/v1/externalsecret_types.go` `ExternalSecretCreationPolicy`
    fn of_external_secret(name: &str, object: &Value) -> Self {
        let name = word(object, &["spec", "target", "name"]).unwrap_or(name);
        match word(object, &["spec", "target", "creationPolicy"]) {
            // Another object creates the Secret, and so determines its type.
            Some("Merge") => Self { secrets: vec![secret(name, None, None)], binding: None },
            Some("None") => Self::default(),
            _ => Self::of_template(name, field(object, &["spec", "target", "template"])),
        }
    }

    fn of_template(name: &str, template: Option<&Value>) -> Self {
        let secret_type = template.map_or(OPAQUE, type_of);
        let annotations = template.and_then(|template| field(template, &["metadata", "annotations"]));
        Self { secrets: vec![secret(name, Some(secret_type), annotations)], binding: None }
    }

    /// msi-acrpull: `internal/controller/generic_controller.go` `pullSecretName`, `legacySecretName`, and
    /// `acrpullbinding_controller.go` `getServiceAccountName`
    fn of_binding(name: &str, object: &Value) -> Self {
        let account = word(object, &["spec", "serviceAccountName"]).unwrap_or("default").to_owned();
        let names = [format!("acr-pull-{name}"), format!("{name}-msi-acrpull-secret")];
        let secrets = names.iter().map(|name| secret(name, Some(READ[0]), None)).collect();
        Self { secrets, binding: Some(Binding { account, secrets: names }) }
    }
}

impl Binding {
    /// Adds the secret to the `ServiceAccount`, as the controller does.
    pub(crate) fn add_to(&self, account: &mut Value) {
        let Some(fields) = account.as_object_mut() else { return };
        let list = fields.entry("imagePullSecrets").or_insert_with(|| json!([]));
        if list.is_null() {
            *list = json!([]);
        }
        let Some(list) = list.as_array_mut() else { return };
        let has = |name: &String| list.iter().any(|entry| word(entry, &["name"]) == Some(name));
        if !self.secrets.iter().any(has) {
            list.extend(self.secrets.first().map(|name| json!({"name": name})));
        }
    }
}

/// Whether objects of this kind declare Secrets.
pub(crate) fn is_declaring(kind: &Kind) -> bool {
    match kind.kind.as_str() {
        "ExternalSecret" => kind.group == "external-secrets.io",
        "SealedSecret" => kind.group == "bitnami.com",
        "SecretProviderClass" => kind.group == "secrets-store.csi.x-k8s.io",
        // acrpull.microsoft.com, and msi-acrpull.microsoft.com before.
        "AcrPullBinding" => kind.group.ends_with(".microsoft.com"),
        _ => false,
    }
}

/// Why the data of a Secret cannot be read here, although they can in the cluster.
pub(crate) fn unreadable(kind: &Kind, secret: &Value) -> Option<&'static str> {
    if is_encrypted(kind, secret) {
        Some("encrypted by SOPS")
    } else if is_to_be_filled_in(kind, secret) {
        Some("data with a placeholder")
    } else {
        None
    }
}

/// Whether the docker config of a pull secret has a placeholder that keeps it from being read: `${DOCKER_CONFIG}`. One for
/// the password alone is within a JSON string of `stringData`, and does not.
fn is_to_be_filled_in(kind: &Kind, secret: &Value) -> bool {
    let text = |values: &str, key: &&str| field(secret, &[values, *key]).and_then(Value::as_str);
    kind.is_core("Secret")
        && word(secret, &["type"]).is_some_and(|known| READ.contains(&known) || placeholder::is_in(known))
        && CONFIGS.iter().any(|key| match text("stringData", key) {
            Some(text) => placeholder::is_in_json(text),
            None => text("data", key).is_some_and(placeholder::is_in_base64),
        })
}

/// Whether this is a Secret that SOPS has encrypted.
fn is_encrypted(kind: &Kind, object: &Value) -> bool {
    let is_encrypted = |values: &str| {
        let values = object.get(values).and_then(Value::as_object).into_iter().flatten();
        values.filter_map(|(_, value)| value.as_str()).any(|value| value.starts_with(ENCRYPTED))
    };
    kind.is_core("Secret")
        && object.get("sops").is_some_and(Value::is_object)
        && (is_encrypted("data") || is_encrypted("stringData"))
}

/// Whether the kubelet reads Secrets of this one's type.
pub(crate) fn is_pull_secret(secret: &Value) -> bool {
    READ.contains(&type_of(secret))
}

/// Whether the kubelet's result for a Secret is known although its data is not.
pub(crate) fn is_ignored(secret: &Value) -> bool {
    word(secret, &["type"]).is_some_and(|known| !READ.contains(&known))
}

fn type_of(template: &Value) -> &str {
    word(template, &["type"]).unwrap_or(OPAQUE)
}

fn secret(name: &str, secret_type: Option<&str>, annotations: Option<&Value>) -> Value {
    let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}});
    if let (Some(metadata), Some(annotations)) = (secret.get_mut("metadata"), annotations) {
        metadata["annotations"] = annotations.clone();
    }
    let secret_type = secret_type.filter(|known| !placeholder::is_in(known));
    if let (Some(fields), Some(secret_type)) = (secret.as_object_mut(), secret_type) {
        fields.insert("type".to_owned(), secret_type.into());
    }
    secret
}

/// A Secret without the values that cannot be read.
fn without_values(secret: &Value) -> Value {
    let mut secret = secret.clone();
    let is_hidden = word(&secret, &["type"])
        .is_some_and(|known| known.starts_with(ENCRYPTED) || placeholder::is_in(known));
    let secret_type = type_of(&secret).to_owned();
    if let Some(fields) = secret.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "data" | "stringData" | "sops" | "type"));
        if !is_hidden {
            fields.insert("type".to_owned(), secret_type.into());
        }
    }
    secret
}
