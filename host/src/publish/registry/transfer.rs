//! One attempt to move an artifact.

use bytes::Bytes;
use futures_util::StreamExt as _;
use indicatif::ProgressBar;
use oci_client::client::{BlobResponse, SizedStream};
use oci_client::errors::OciDistributionError;
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE, OciImageManifest, OciManifest,
};
use oci_client::secrets::RegistryAuth;
use oci_client::token_cache::RegistryTokenType;
use oci_client::{Client, Reference, RegistryOperation};
use reqwest::StatusCode;
use reqwest::header::ACCEPT;
use serde::de::IgnoredAny;

use super::artifact::{self, Artifact};
use crate::registry::failure::Asked;
use crate::registry::login::Access;
use crate::registry::{RegistryError, printable};

/// Accepted types of manifests; others are requested too, so that an error can name the actual type.
const ACCEPTED: [&str; 4] = [
    OCI_IMAGE_MEDIA_TYPE,
    OCI_IMAGE_INDEX_MEDIA_TYPE,
    IMAGE_MANIFEST_MEDIA_TYPE,
    IMAGE_MANIFEST_LIST_MEDIA_TYPE,
];

/// The bytes that are handed to the network at once.
const PIECE: usize = 16 << 10;

/// A registry after login.
pub(super) struct Session<'a> {
    pub(super) client: Client,
    pub(super) auth: RegistryAuth,
    pub(super) reference: &'a Reference,
    pub(super) asked: Asked<'a>,
    pub(super) access: Access<'a>,
}

/// The received part of a layer.
#[derive(Default)]
pub(super) struct Partial {
    digest: String,
    bytes: Vec<u8>,
}

impl Partial {
    pub(super) fn into_wasm(self) -> Vec<u8> {
        self.bytes
    }
}

/// Pushes what the registry lacks: the layer, the config, and then the manifest that names them.
pub(super) async fn push(
    session: &Session<'_>,
    artifact: &Artifact,
    bar: &ProgressBar,
) -> Result<(), RegistryError> {
    session.remember_password().await;
    session.push_blob(&artifact.wasm, &artifact.wasm_digest, bar).await?;
    session.push_blob(&artifact.config, &artifact.config_digest, &ProgressBar::hidden()).await?;
    let content_type =
        artifact::MANIFEST.parse().map_err(|_| session.failed(&OciDistributionError::GenericError(None)))?;
    let pushed =
        session.client.push_manifest_raw(session.reference, artifact.manifest.clone(), content_type).await;
    pushed.map(|_| ()).map_err(|error| session.failed(&error))
}

/// Pulls the policy's layer into `partial`, from where that ends, and returns the digest of the manifest.
pub(super) async fn pull(
    session: &Session<'_>,
    partial: &mut Partial,
    bar: &ProgressBar,
) -> Result<String, RegistryError> {
    session.remember_password().await;
    let (manifest, digest) = session.manifest().await?;
    let (layer, size) = artifact::layer(&manifest, session.asked.reference)?;
    if partial.digest != layer {
        *partial = Partial { digest: layer.to_owned(), bytes: Vec::new() };
    }
    bar.set_length(size as u64);
    session.pull_layer(partial, size, bar).await?;

    let actual = artifact::digest(&partial.bytes);
    if actual != layer {
        let problem = format!("{actual} instead of {layer}");
        return Err(RegistryError::Digest { registry: session.asked.registry.to_owned(), problem });
    }
    if !partial.bytes.starts_with(b"\0asm") {
        return Err(session.no_policy("its layer is not a WebAssembly module"));
    }
    Ok(digest)
}

impl Session<'_> {
    /// Gives the library the password once, so that it does not ask the registry at every request.
    async fn remember_password(&self) {
        if let RegistryAuth::Basic(user, password) = &self.auth {
            for operation in [RegistryOperation::Pull, RegistryOperation::Push] {
                let basic = RegistryTokenType::Basic(user.clone(), password.clone());
                self.client.tokens.insert(self.reference, operation, basic).await;
            }
        }
    }

    /// The manifest and its digest. Fetched without the library, because it reads answers of any length.
    async fn manifest(&self) -> Result<(OciImageManifest, String), RegistryError> {
        let (registry, repository) = (self.asked.registry, self.access.repository);
        let wanted = self.reference.digest().or(self.reference.tag()).unwrap_or("latest");
        let url = self.access.url(&format!("/v2/{repository}/manifests/{wanted}"))?;
        let request = self.access.http.get(url).header(ACCEPT, ACCEPTED.join(", "));
        let request = match &self.auth {
            RegistryAuth::Anonymous => request,
            RegistryAuth::Basic(user, password) => request.basic_auth(user, Some(password)),
            RegistryAuth::Bearer(token) => request.bearer_auth(token),
        };
        let response = self.access.send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(self.access.refused(response).await);
        }
        let promised = response.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
        let promised = self.reference.digest().or(promised).map(str::to_owned);
        let body = self.access.read(response).await?;
        let digest = artifact::digest(body.as_bytes());
        if let Some(promised) = promised.filter(|promised| *promised != digest) {
            let problem = format!("{digest} instead of {}", printable(&promised));
            return Err(RegistryError::Digest { registry: registry.to_owned(), problem });
        }
        match serde_json::from_str(&body) {
            Ok(OciManifest::Image(manifest)) => Ok((manifest, digest)),
            Ok(OciManifest::ImageIndex(_)) => Err(self.no_policy("it is an index of several images")),
            Err(_) if serde_json::from_str::<IgnoredAny>(&body).is_ok() => {
                Err(self.no_policy("its manifest is of a type that cannot hold a policy"))
            }
            Err(_) => Err(RegistryError::Nonsense {
                registry: registry.to_owned(),
                problem: "its manifest is not valid".to_owned(),
            }),
        }
    }

    async fn push_blob(&self, data: &Bytes, digest: &str, bar: &ProgressBar) -> Result<(), RegistryError> {
        // If this request fails, the upload fails too and reports why.
        if self.client.blob_exists(self.reference, digest).await.unwrap_or(false) {
            bar.set_position(data.len() as u64);
            return Ok(());
        }
        let (bar, size) = (bar.clone(), data.len() as u64);
        let mut rest = data.clone();
        let pieces = std::iter::from_fn(move || {
            let piece = rest.split_to(PIECE.min(rest.len()));
            bar.inc(piece.len() as u64);
            (!piece.is_empty()).then_some(Ok(piece))
        });
        let pieces = futures_util::stream::iter(pieces);
        let pushed = self.client.push_blob_stream(self.reference, pieces, digest, Some(size)).await;
        pushed.map(|_| ()).map_err(|error| self.failed(&error))
    }

    async fn pull_layer(
        &self,
        partial: &mut Partial,
        size: usize,
        bar: &ProgressBar,
    ) -> Result<(), RegistryError> {
        let here = partial.bytes.len();
        if here >= size {
            return Ok(());
        }
        let layer = partial.digest.as_str();
        let response = if here == 0 {
            self.client.pull_blob_stream(self.reference, layer).await.map(BlobResponse::Full)
        } else {
            self.client.pull_blob_stream_partial(self.reference, layer, here as u64, None).await
        };
        let SizedStream { mut stream, .. } = match response.map_err(|error| self.failed(&error))? {
            BlobResponse::Partial(rest) => rest,
            BlobResponse::Full(all) => {
                partial.bytes.clear();
                all
            }
        };
        bar.set_position(partial.bytes.len() as u64);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| self.asked.of_stream(&error))?;
            bar.inc(chunk.len() as u64);
            partial.bytes.extend_from_slice(&chunk);
            if partial.bytes.len() > size {
                let problem = format!("more than the {size} that it has");
                return Err(RegistryError::Digest { registry: self.asked.registry.to_owned(), problem });
            }
        }
        Ok(())
    }

    fn failed(&self, error: &OciDistributionError) -> RegistryError {
        self.asked.of_client(error)
    }

    fn no_policy(&self, problem: &str) -> RegistryError {
        RegistryError::NoPolicy { reference: self.asked.reference.to_owned(), problem: problem.to_owned() }
    }
}
