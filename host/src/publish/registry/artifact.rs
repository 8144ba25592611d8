//! A policy as registries keep it: one layer, an empty config, and annotations.
//!
//! The layout is Kubewarden's. kubewarden/kubewarden-controller: crates/policy-fetcher/src/registry/mod.rs

use bytes::Bytes;
use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciImageManifest};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::publish::metadata::{self, MetadataError};
use crate::registry::{RegistryError, printable};
use crate::text::hex;

/// The layer that holds the module.
pub const LAYER: &str = "application/vnd.wasm.content.layer.v1+wasm";
/// The config, which is `{}`.
pub const CONFIG: &str = "application/vnd.wasm.config.v1+json";
/// The manifest.
pub const MANIFEST: &str = OCI_IMAGE_MEDIA_TYPE;

/// The largest policy that is accepted from a registry, in bytes. The largest that Kubewarden publishes has 20 MB.
pub const LARGEST: usize = 256 << 20;

/// What is pushed.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// The metadata of the policy
    pub metadata: Value,
    /// The module
    pub wasm: Bytes,
    /// Its digest
    pub wasm_digest: String,
    /// The config
    pub config: Bytes,
    /// Its digest
    pub config_digest: String,
    /// The manifest, which names the two
    pub manifest: Bytes,
    /// Its digest, which identifies the artifact
    pub digest: String,
}

impl Artifact {
    /// The artifact for a policy.
    ///
    /// # Errors
    /// - the bytes are not an annotated policy
    pub fn of(wasm: &[u8]) -> Result<Self, MetadataError> {
        let metadata = metadata::of_policy(wasm)?;
        let config = Bytes::from_static(b"{}");
        let (wasm_digest, config_digest) = (digest(wasm), digest(&config));
        // Written with sorted fields and no spaces, as Kubewarden's: the same policy gets the same digest.
        let manifest = json!({
            "schemaVersion": 2,
            "config": {"mediaType": CONFIG, "digest": config_digest, "size": config.len()},
            "layers": [{"mediaType": LAYER, "digest": wasm_digest, "size": wasm.len()}],
            "annotations": metadata::registry_annotations(&metadata),
        });
        let manifest = Bytes::from(manifest.to_string());
        Ok(Self {
            metadata,
            wasm: Bytes::copy_from_slice(wasm),
            wasm_digest,
            config,
            config_digest,
            digest: digest(&manifest),
            manifest,
        })
    }
}

/// `sha256:…` of some bytes.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

/// The layer that a manifest says holds the policy: its digest and its size in bytes.
///
/// # Errors
/// - the manifest is not that of a policy, or the layer is larger than [`LARGEST`]
pub fn layer<'a>(manifest: &'a OciImageManifest, called: &str) -> Result<(&'a str, usize), RegistryError> {
    let refuse = |problem: String| RegistryError::NoPolicy { reference: called.to_owned(), problem };
    if let Some(other) = manifest.layers.iter().find(|layer| layer.media_type != LAYER) {
        return Err(refuse(format!("it has a layer of type {}", printable(&other.media_type))));
    }
    let layer = manifest.layers.first().ok_or_else(|| refuse("it has no layer".to_owned()))?;
    let is_sha256 = layer.digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64);
    match usize::try_from(layer.size) {
        _ if !is_sha256 => Err(refuse("its layer is not named by a sha256 digest".to_owned())),
        Ok(size @ 1..=LARGEST) => Ok((&layer.digest, size)),
        Ok(0) | Err(_) => Err(refuse("its layer has no size".to_owned())),
        Ok(size) => {
            Err(refuse(format!("its layer has {size} bytes, more than the {LARGEST} that are taken")))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Artifact, digest, layer};
    use crate::sandbox::EMBEDDED;

    #[test]
    fn the_manifest_is_the_one_that_kubewarden_would_write() {
        let artifact = Artifact::of(EMBEDDED).unwrap();
        let manifest: Value = serde_json::from_slice(&artifact.manifest).unwrap();
        let names: Vec<&String> = manifest.as_object().unwrap().keys().collect();
        assert_eq!(names, ["annotations", "config", "layers", "schemaVersion"]);
        assert_eq!(
            manifest["config"],
            json!({
                "mediaType": "application/vnd.wasm.config.v1+json", "size": 2,
                "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            })
        );
        let wasm = json!({
            "mediaType": "application/vnd.wasm.content.layer.v1+wasm", "size": EMBEDDED.len(), "digest": digest(EMBEDDED),
        });
        assert_eq!(manifest["layers"], json!([wasm]));
        let annotations = &manifest["annotations"];
        assert_eq!(annotations["io.kubewarden.policy.title"], "acr-pull-secret");
        assert_eq!(
            annotations["org.opencontainers.image.source"],
            annotations["io.kubewarden.policy.source"]
        );
        assert!(artifact.manifest.starts_with(br#"{"annotations":{"io.artifacthub.displayName":"#));
    }

    #[test]
    fn a_manifest_of_something_else_is_refused() {
        let with = |layers: Value| {
            let config = json!({"mediaType": super::CONFIG, "digest": "sha256:0", "size": 2});
            serde_json::from_value(json!({"schemaVersion": 2, "config": config, "layers": layers})).unwrap()
        };
        let sized = |size: i64| json!([{"mediaType": super::LAYER, "digest": digest(b""), "size": size}]);
        for (layers, reason) in [
            (json!([]), "has no layer"),
            (
                json!([{"mediaType": "application/tar+gzip", "digest": digest(b""), "size": 5}]),
                "application/tar+gzip",
            ),
            (json!([{"mediaType": super::LAYER, "digest": "md5:00", "size": 5}]), "sha256"),
            (sized(-1), "no size"),
            (sized(0), "no size"),
            (sized(1 << 40), "more than"),
        ] {
            let error = layer(&with(layers), "contoso.azurecr.io/x:v1").unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("contoso.azurecr.io/x:v1"), "{error}");
        }
        assert_eq!(layer(&with(sized(5)), "x").unwrap(), (digest(b"").as_str(), 5));
    }
}
