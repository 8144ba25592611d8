//! The manifest of an image: whether a registry gives it, and what it says.
//!
//! opencontainers/distribution-spec: spec.md "Pulling manifests"; opencontainers/image-spec: image-index.md, manifest.md

use std::time::Duration;

use oci_client::secrets::RegistryAuth;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use sha2::{Digest as _, Sha256, Sha512};

use super::connection::{Clients, Insecure};
use super::credentials::Credential;
use super::error::{RegistryError, printable};
use super::failure::Asked;
use super::login::{Access, Action, Challenges, challenges, has_user_info, parameter_of};
use super::platform::Platform;
use super::retry::with_retries;
use crate::text::hex;

/// The types of manifests that container runtimes take.
const ACCEPTED: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// Those that list images for several platforms.
const INDEXES: [&str; 2] = [ACCEPTED[0], ACCEPTED[2]];

/// How many redirections are followed, without credentials.
const REDIRECTIONS: usize = 3;

/// What a registry says about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The digest of the manifest or index
    pub(crate) digest: String,
    /// The images of an index, by their platforms; `None` for a single image
    pub(crate) index: Option<Vec<Listed>>,
    /// What was asked for in addition
    pub(crate) details: Option<Details>,
}

/// What the manifest of a single image and its configuration say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Details {
    /// Bytes of configuration and layers, compressed
    pub(crate) size: u64,
    /// Its platform, where its configuration could be read
    pub(crate) platform: Option<Platform>,
}

/// An image in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) platform: Platform,
    /// The digest of its manifest
    pub(crate) digest: String,
}

/// A registry, before a credential is used.
pub(crate) struct Endpoint<'a> {
    pub(crate) http: &'a Clients,
    pub(crate) insecure: &'a Insecure,
    /// Host and port where it is reached
    pub(crate) registry: &'a str,
    /// Time limit of each request
    pub(crate) timeout: Duration,
}

/// A repository and a credential: one token.
pub(crate) struct Session<'a> {
    access: Access<'a>,
    auth: Option<RegistryAuth>,
}

impl Endpoint<'_> {
    /// What the registry asks of everyone.
    pub(crate) async fn challenges(&self) -> Result<Challenges, RegistryError> {
        let access = self.access("", &Credential::Anonymous);
        with_retries(async || access.challenges().await).await
    }

    /// A session, for which nothing is sent yet.
    pub(crate) fn session<'s>(&'s self, repository: &'s str, credential: &'s Credential) -> Session<'s> {
        Session { access: self.access(repository, credential), auth: None }
    }

    fn access<'s>(&'s self, repository: &'s str, credential: &'s Credential) -> Access<'s> {
        let asked = Asked {
            registry: self.registry,
            reference: repository,
            config: "the pull secret",
            secret: credential.secret(),
            admitted: false,
            is_quoted: false,
        };
        let Self { http, insecure, timeout, .. } = *self;
        Access { http, insecure, timeout, repository, credential, asked }
    }
}

impl Session<'_> {
    /// The manifest of a tag or digest: a `HEAD`, and a `GET` for the content of an index.
    ///
    /// # Errors
    /// - every refusal, and an answer whose digest is not the one that was asked for
    pub(crate) async fn manifest(
        &mut self,
        challenges: &Challenges,
        wanted: &str,
    ) -> Result<Manifest, RegistryError> {
        let head = self.ask(challenges, &Method::HEAD, &format!("manifests/{wanted}")).await?;
        let said = digest_of(head.headers());
        let content = content_type(head.headers());
        // A page of a proxy has a status of 200 too.
        let is_manifest = ACCEPTED.contains(&content.as_str()) || (content.is_empty() && said.is_some());
        if !is_manifest {
            return Err(self.access.nonsense("its answer is not a manifest of an image"));
        }
        if let Some(said) = said.as_ref().filter(|said| is_digest(wanted) && *said != wanted) {
            return Err(self.other_digest(said, wanted));
        }
        let digest = said.or_else(|| is_digest(wanted).then(|| wanted.to_owned()));
        let is_index = INDEXES.contains(&content.as_str());
        match digest {
            Some(digest) if !is_index => Ok(Manifest { digest, index: None, details: None }),
            // By its digest, a tag that moves in between does no harm.
            digest => {
                let path = format!("manifests/{}", digest.as_deref().unwrap_or(wanted));
                let (digest, body) = self.content(challenges, &path).await?;
                let index = if is_index { Some(self.listed(&body)?) } else { None };
                Ok(Manifest { digest, index, details: None })
            }
        }
    }

    /// What the manifest and the configuration of a single image say.
    ///
    /// # Errors
    /// - every refusal, and a manifest that is not that of an image
    pub(crate) async fn details(
        &mut self,
        challenges: &Challenges,
        digest: &str,
    ) -> Result<Details, RegistryError> {
        #[derive(Deserialize)]
        struct Blob {
            size: u64,
            digest: Option<String>,
        }
        #[derive(Deserialize)]
        struct Image {
            config: Blob,
            layers: Vec<Blob>,
        }
        let (_, body) = self.content(challenges, &format!("manifests/{digest}")).await?;
        let image: Image = serde_json::from_str(&body)
            .map_err(|_| self.access.nonsense("its manifest is not that of an image"))?;
        let sizes = image.layers.iter().map(|layer| layer.size);
        let size = sizes.fold(image.config.size, u64::saturating_add);
        let mut platform = None;
        if let Some(digest) = image.config.digest.filter(|digest| is_digest(digest))
            && let Ok((_, config)) = self.content(challenges, &format!("blobs/{digest}")).await
        {
            platform = serde_json::from_str(&config).ok();
        }
        Ok(Details { size, platform })
    }

    /// The digest of a manifest or blob, which is computed, and its text.
    async fn content(
        &mut self,
        challenges: &Challenges,
        path: &str,
    ) -> Result<(String, String), RegistryError> {
        let response = self.ask(challenges, &Method::GET, path).await?;
        let wanted = path.rsplit('/').next().unwrap_or_default();
        let said = digest_of(response.headers());
        let body = self.access.read(response).await?;
        let promised = if is_digest(wanted) { Some(wanted) } else { said.as_deref() };
        let actual = computed(promised.unwrap_or_default(), body.as_bytes());
        match promised {
            Some(promised) if promised != actual => Err(self.other_digest(&actual, promised)),
            _ => Ok((actual, body)),
        }
    }

    fn listed(&self, body: &str) -> Result<Vec<Listed>, RegistryError> {
        #[derive(Deserialize)]
        struct Entry {
            digest: String,
            platform: Option<Named>,
        }
        // Go reads null as an empty text.
        #[derive(Deserialize)]
        struct Named {
            os: Option<String>,
            architecture: Option<String>,
            variant: Option<String>,
        }
        #[derive(Deserialize)]
        struct Index {
            manifests: Vec<Entry>,
        }
        let index: Index =
            serde_json::from_str(body).map_err(|_| self.access.nonsense("its index is not valid"))?;
        let listed = index.manifests.into_iter().filter(|entry| is_digest(&entry.digest));
        // The names go into reports and into what to type.
        let platform = |Named { os, architecture, variant }: Named| {
            Platform::new(&os?, &architecture?, &variant.unwrap_or_default())
        };
        let listed = listed.filter_map(|entry| {
            Some(Listed { platform: entry.platform.and_then(platform)?, digest: entry.digest })
        });
        // What BuildKit adds for attestations is for no platform.
        Ok(listed.filter(|listed| !listed.platform.is_unknown()).collect())
    }

    /// Sends a request for something in the repository, with the token of this session.
    async fn ask(
        &mut self,
        challenges: &Challenges,
        method: &Method,
        path: &str,
    ) -> Result<Response, RegistryError> {
        let mut had_token = self.auth.is_some();
        let mut challenges = challenges.clone();
        loop {
            let auth = match &self.auth {
                Some(auth) => auth.clone(),
                None => with_retries(async || self.access.answer(&challenges, Action::Pull).await).await?,
            };
            let asked = Asked { admitted: matches!(auth, RegistryAuth::Bearer(_)), ..self.access.asked };
            let access = Access { asked, ..self.access };
            let sent = with_retries(async || send(&access, &auth, method, path).await).await;
            match sent {
                // An old token has ended, or `/v2/` is open and the repository is not.
                Ok(Err(asks)) if had_token || (challenges.is_empty() && !asks.is_empty()) => {
                    if challenges.is_empty() {
                        challenges = asks;
                    }
                    self.auth = None;
                    had_token = false;
                }
                // containerd: core/remotes/docker/authorizer.go `invalidAuthorization`;
                // distribution/distribution: registry/auth/token/accesscontroller.go `challengeParams`
                Ok(Err(asks)) if asked.admitted && refuses_tokens(&asks) => {
                    return Err(access.nonsense("it does not accept the token that its token service gives"));
                }
                Ok(Err(_)) => return Err(asked.of_status(401, "")),
                Ok(Ok(response)) => {
                    self.auth = Some(auth);
                    return Ok(response);
                }
                Err(error) => {
                    self.auth = Some(auth);
                    return Err(error);
                }
            }
        }
    }

    fn other_digest(&self, actual: &str, wanted: &str) -> RegistryError {
        RegistryError::Digest {
            registry: self.access.asked.registry.to_owned(),
            problem: format!("{} instead of {}", printable(actual), printable(wanted)),
        }
    }
}

/// One request, and those that it is redirected to. The inner error has the challenges of a 401.
async fn send(
    access: &Access<'_>,
    auth: &RegistryAuth,
    method: &Method,
    path: &str,
) -> Result<Result<Response, Challenges>, RegistryError> {
    let mut url = access.url(&format!("/v2/{}/{path}", access.repository))?;
    for redirection in 0..=REDIRECTIONS {
        let request = if *method == Method::HEAD {
            access.http.head(url.clone())
        } else {
            access.http.get(url.clone())
        };
        let request = request.header(ACCEPT, ACCEPTED.join(", "));
        let request = if redirection == 0 { with(auth, request) } else { request };
        let response = access.send(request).await?;
        match response.status() {
            StatusCode::OK => return Ok(Ok(response)),
            StatusCode::UNAUTHORIZED if redirection == 0 => return Ok(Err(challenges(&response))),
            status if status.is_redirection() => url = next(access, &url, response.headers())?,
            _ if redirection > 0 => {
                let status = response.status().as_u16();
                return Err(access.nonsense(&format!(
                    "it redirects to another place, which gets no credentials and answers HTTP {status}"
                )));
            }
            _ => return Err(access.refused(response).await),
        }
    }
    Err(access.nonsense("it redirects in a loop"))
}

/// Whether a registry calls a token invalid, other than one that does not contain the permission. RFC 6750 3.1
fn refuses_tokens(challenges: &Challenges) -> bool {
    parameter_of(challenges, "Bearer", "error").as_deref() == Some("invalid_token")
}

fn with(auth: &RegistryAuth, request: RequestBuilder) -> RequestBuilder {
    match auth {
        RegistryAuth::Anonymous => request,
        RegistryAuth::Basic(user, password) => request.basic_auth(user, Some(password)),
        RegistryAuth::Bearer(token) => request.bearer_auth(token),
    }
}

/// Where a redirection leads: over https, or to a host with which the user allows plain http.
fn next(access: &Access<'_>, from: &Url, headers: &HeaderMap) -> Result<Url, RegistryError> {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let to = location.and_then(|location| from.join(location).ok()).filter(|to| !has_user_info(to));
    let is_same = |to: &Url| to.scheme() == from.scheme() && to.authority() == from.authority();
    to.filter(|to| to.scheme() == "https" || is_same(to))
        .ok_or_else(|| access.nonsense("it redirects to a place that is not reached over https"))
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The digest in the headers, where there is one.
fn digest_of(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("docker-content-digest").and_then(|value| value.to_str().ok());
    value.filter(|value| is_digest(value)).map(str::to_owned)
}

/// Whether a text is a digest that can be computed.
pub(crate) fn is_digest(text: &str) -> bool {
    let lengths = [("sha256:", 64), ("sha512:", 128)];
    lengths.iter().any(|(algorithm, length)| {
        text.strip_prefix(algorithm).is_some_and(|hex| {
            hex.len() == *length && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    })
}

/// The digest of some bytes, with the algorithm of another.
fn computed(like: &str, bytes: &[u8]) -> String {
    if like.starts_with("sha512:") {
        format!("sha512:{}", hex(&Sha512::digest(bytes)))
    } else {
        format!("sha256:{}", hex(&Sha256::digest(bytes)))
    }
}
