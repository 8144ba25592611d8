//! Container registries: a policy goes there as an OCI artifact, and comes back.
//!
//! ```text
//! reference, docker config ─▶ login ─▶ transfer ─▶ digest
//!                               ▲         │  retried, resumed
//!                               └─────────┘
//! ```

pub mod artifact;
pub mod reference;
mod transfer;

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use oci_client::Reference;
use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use tokio::runtime::Runtime;

use crate::console::Console;
use crate::registry::credentials::{self, Credential};
use crate::registry::failure::Asked;
use crate::registry::login::{Access, Action, TIMEOUT};
use crate::registry::{CONNECT, Clients, Connection, Insecure, RegistryError, USER_AGENT, retry};
use artifact::Artifact;

/// Time limit without data from a registry. During an upload a registry sends nothing, and the upload may be slow.
const fn quiet(action: Action) -> Duration {
    match action {
        Action::Pull => Duration::from_mins(1),
        Action::Push => Duration::from_mins(10),
    }
}

/// What was pulled.
#[derive(Debug, Clone)]
pub struct Pulled {
    /// The module, checked against its digest
    pub wasm: Vec<u8>,
    /// The digest of the manifest
    pub digest: String,
}

/// A registry, and one artifact in it.
pub struct Registry {
    reference: Reference,
    /// The reference as messages show it
    called: String,
    credential: Credential,
    /// Where credentials come from
    config: String,
    insecure: Insecure,
    http: Clients,
    client: ClientConfigParts,
    runtime: Runtime,
    console: Console,
}

/// What each client of the library is made from.
struct ClientConfigParts {
    protocol: ClientProtocol,
    authorities: Vec<Certificate>,
}

impl Registry {
    /// Prepares a connection to the registry of `reference`; nothing is sent yet.
    ///
    /// # Errors
    /// - a reference, docker config or file of certificates that cannot be used
    pub fn new(
        reference: Reference,
        connection: &Connection,
        console: Console,
    ) -> Result<Self, RegistryError> {
        let (_, pem) = connection.client()?;
        let authorities = bundle(&pem);
        let registry = reference.resolve_registry();
        let client = ClientConfigParts {
            protocol: if connection.insecure.allows(registry) {
                ClientProtocol::Http
            } else {
                ClientProtocol::Https
            },
            authorities,
        };
        let credential = credentials::find(registry)?;
        let config = credentials::config_file()
            .map_or_else(|| "the docker config".to_owned(), |path| path.display().to_string());
        let http = connection.clients()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| RegistryError::Client(error.to_string()))?;
        let called = reference.whole();
        let insecure = connection.insecure.clone();
        Ok(Self { reference, called, credential, config, insecure, http, client, runtime, console })
    }

    /// Pushes a policy; content that the registry already has is not sent again.
    ///
    /// # Errors
    /// - the registry rejects it
    pub fn push(&self, artifact: &Artifact) -> Result<(), RegistryError> {
        let bar = progress(artifact.wasm.len());
        let pushed = self.runtime.block_on(retry::retry(&self.console, &bar, async || {
            bar.set_position(0);
            transfer::push(&self.session(Action::Push).await?, artifact, &bar).await
        }));
        bar.finish_and_clear();
        pushed
    }

    /// Pulls a policy. An interrupted download is resumed.
    ///
    /// # Errors
    /// - the registry does not provide it, or it is not a policy
    pub fn pull(&self) -> Result<Pulled, RegistryError> {
        let bar = progress(0);
        let mut partial = transfer::Partial::default();
        let pulled = self.runtime.block_on(retry::retry(&self.console, &bar, async || {
            transfer::pull(&self.session(Action::Pull).await?, &mut partial, &bar).await
        }));
        bar.finish_and_clear();
        let digest = pulled?;
        Ok(Pulled { wasm: partial.into_wasm(), digest })
    }

    async fn session(&self, action: Action) -> Result<transfer::Session<'_>, RegistryError> {
        let asked = Asked {
            registry: self.reference.resolve_registry(),
            reference: &self.called,
            config: &self.config,
            secret: self.credential.secret(),
            admitted: false,
            is_quoted: true,
        };
        let access = Access {
            http: &self.http,
            insecure: &self.insecure,
            timeout: TIMEOUT,
            repository: self.reference.repository(),
            credential: &self.credential,
            asked,
        };
        let auth = access.authenticate(action).await?;
        // A password that the registry itself checks is checked at each request.
        let asked = Asked { admitted: matches!(auth, RegistryAuth::Bearer(_)), ..asked };
        let client = oci_client::Client::try_from(self.client.config(action))
            .map_err(|error| RegistryError::Client(error.to_string()))?;
        client.store_auth_if_needed(asked.registry, &auth).await;
        Ok(transfer::Session {
            client,
            auth,
            reference: &self.reference,
            asked,
            access: Access { asked, ..access },
        })
    }
}

impl ClientConfigParts {
    fn config(&self, action: Action) -> ClientConfig {
        ClientConfig {
            protocol: self.protocol.clone(),
            extra_root_certificates: self.authorities.clone(),
            // One request carries the whole policy, as those of docker and oras do.
            use_monolithic_push: true,
            connect_timeout: Some(CONNECT),
            read_timeout: Some(quiet(action)),
            user_agent: USER_AGENT,
            platform_resolver: None,
            ..ClientConfig::default()
        }
    }
}

/// The certificates of a PEM file one by one: the library takes only the first of each.
fn bundle(pem: &[u8]) -> Vec<Certificate> {
    const END: &str = "-----END CERTIFICATE-----";
    let text = String::from_utf8_lossy(pem);
    let parts = text.split_inclusive(END).filter(|part| part.ends_with(END));
    parts
        .map(|part| Certificate { encoding: CertificateEncoding::Pem, data: part.as_bytes().to_vec() })
        .collect()
}

/// A bar of bytes on standard error, where that is a terminal.
fn progress(bytes: usize) -> ProgressBar {
    let bar = ProgressBar::new(bytes as u64);
    if let Ok(style) =
        ProgressStyle::with_template("{bytes} of {total_bytes} {wide_bar} {bytes_per_sec}, {eta}")
    {
        bar.set_style(style);
    }
    bar
}
