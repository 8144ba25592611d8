//! How a registry is reached.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, ClientBuilder, RequestBuilder, Url};

use super::error::RegistryError;
use super::failure::of_http;
use crate::files::input;

/// How long a connection may take to be made.
pub(crate) const CONNECT: Duration = Duration::from_secs(15);

pub(crate) const USER_AGENT: &str = concat!("acr-pull-secret/", env!("CARGO_PKG_VERSION"));

/// How registries are reached.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// Which of them use plain http
    pub insecure: Insecure,
    /// A file with certificates (PEM) of authorities to trust in addition to those of the system
    pub ca_file: Option<PathBuf>,
    /// Addresses that are used instead of those that the name has
    pub resolve: Vec<Resolved>,
}

/// The registries and token services that use plain http, each as `HOST` or `HOST:PORT`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Insecure(pub Vec<String>);

impl Insecure {
    /// Whether plain http may be used with this host and port.
    pub(crate) fn allows(&self, authority: &str) -> bool {
        self.0.iter().any(|host| host.eq_ignore_ascii_case(authority))
    }

    /// The scheme for this host and port.
    pub(crate) fn scheme(&self, authority: &str) -> &'static str {
        if self.allows(authority) { "http" } else { "https" }
    }
}

/// The addresses of a host and port, as curl has them: `HOST:PORT:ADDRESS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// In lower case
    pub host: String,
    /// The port that it is for
    pub port: u16,
    /// What to connect to, with the same port
    pub addresses: Vec<IpAddr>,
}

impl Resolved {
    /// Reads `contoso.azurecr.io:443:10.0.0.4`; several addresses are separated by commas, and one of IPv6 is in brackets.
    ///
    /// # Errors
    /// - anything else
    pub fn parse(text: &str) -> Result<Self, String> {
        let parse = || {
            let (host, rest) = text.split_once(':')?;
            let (port, addresses) = rest.split_once(':')?;
            let address = |text: &str| {
                let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
                inner.unwrap_or(text).parse().ok()
            };
            let addresses: Vec<IpAddr> = addresses.split(',').map(address).collect::<Option<_>>()?;
            let host = host.to_ascii_lowercase();
            (!host.is_empty()).then_some(Self { host, port: port.parse().ok()?, addresses })
        };
        parse().ok_or_else(|| "must be HOST:PORT:ADDRESS, such as contoso.azurecr.io:443:10.0.0.4".to_owned())
    }
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
        let (certificates, pem) = authorities(path)?;
        Ok((builder.tls_certs_merge(certificates), pem))
    }

    /// The clients for all hosts.
    ///
    /// # Errors
    /// - a file of certificates that cannot be used
    pub(crate) fn clients(&self) -> Result<Clients, RegistryError> {
        let build = |resolved: Option<&Resolved>| {
            let (builder, _) = self.client()?;
            let builder = match resolved {
                Some(Resolved { host, port, addresses }) => {
                    let addresses: Vec<SocketAddr> =
                        addresses.iter().map(|address| (*address, *port).into()).collect();
                    builder.resolve_to_addrs(host, &addresses)
                }
                None => builder,
            };
            builder.build().map_err(|error| of_http("the registry", &error))
        };
        let resolved = self.resolve.iter().map(|resolved| Ok((resolved.clone(), build(Some(resolved))?)));
        Ok(Clients { resolved: resolved.collect::<Result<_, RegistryError>>()?, plain: build(None)? })
    }
}

/// Clients that follow no redirect. An address that is given for a host and port holds for that port alone.
pub(crate) struct Clients {
    resolved: Vec<(Resolved, reqwest::Client)>,
    plain: reqwest::Client,
}

impl Clients {
    fn of(&self, url: &Url) -> &reqwest::Client {
        let is_of = |resolved: &Resolved| {
            url.host_str() == Some(&resolved.host) && url.port_or_known_default() == Some(resolved.port)
        };
        self.resolved.iter().find(|(resolved, _)| is_of(resolved)).map_or(&self.plain, |(_, client)| client)
    }

    pub(crate) fn get(&self, url: Url) -> RequestBuilder {
        self.of(&url).get(url)
    }

    pub(crate) fn head(&self, url: Url) -> RequestBuilder {
        self.of(&url).head(url)
    }

    pub(crate) fn post(&self, url: Url) -> RequestBuilder {
        self.of(&url).post(url)
    }
}

/// The certificates of a file, and its text.
fn authorities(path: &Path) -> Result<(Vec<Certificate>, Vec<u8>), RegistryError> {
    let pem = input::small(path)?;
    let certificates = Certificate::from_pem_bundle(&pem)
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(|| RegistryError::NoCertificate(path.to_owned()))?;
    Ok((certificates, pem))
}
