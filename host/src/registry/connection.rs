//! How a registry is reached.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, ClientBuilder};

use super::error::RegistryError;
use crate::files::input;

/// How long a connection may take to be made.
pub(crate) const CONNECT: Duration = Duration::from_secs(15);

pub(crate) const USER_AGENT: &str = concat!("acr-pull-secret/", env!("CARGO_PKG_VERSION"));

/// How a registry is reached.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// Whether it uses plain http
    pub insecure: bool,
    /// A file with certificates (PEM) of authorities to trust in addition to those of the system
    pub ca_file: Option<PathBuf>,
}

impl Connection {
    /// The settings of a client, and the text of the file of certificates.
    ///
    /// # Errors
    /// - a file of certificates that cannot be used
    pub(crate) fn client(&self) -> Result<(ClientBuilder, Vec<u8>), RegistryError> {
        // Installing fails if the process has a provider already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A redirection could send an identity token to another host.
        let builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none());
        let Some(path) = &self.ca_file else { return Ok((builder, Vec::new())) };
        let (pem, certificates) = authorities(path)?;
        Ok((builder.tls_certs_merge(certificates), pem))
    }
}

/// The certificates of a file, and its text.
fn authorities(path: &Path) -> Result<(Vec<u8>, Vec<Certificate>), RegistryError> {
    let refuse = |problem: String| RegistryError::CaFile { path: path.to_owned(), problem };
    let pem = input::small(path).map_err(|error| refuse(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem)
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| refuse("there is no certificate in PEM form in it".to_owned()))?;
    Ok((pem, certificates))
}
