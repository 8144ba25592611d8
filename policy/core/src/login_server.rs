//! Whether a registry host is a login server of Azure Container Registry.

/// Login-server suffixes of Azure's clouds: public, China, US Government and the former German one.
/// cloud-provider-azure: examples/out-of-tree/credential-provider-config.yaml `matchImages`
pub(crate) const CLOUDS: [&str; 4] = ["azurecr.io", "azurecr.cn", "azurecr.us", "azurecr.de"];

/// What a registry host is to ACR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<'a> {
    /// `contoso.azurecr.io`, `contoso-h4sh.azurecr.io`, `contoso.eastus.geo.azurecr.io` or a configured domain
    LoginServer,
    /// `a.b.registry.contoso.com`, further below a configured suffix: a registry whose pull secret only an entry can name
    BelowSuffix,
    /// Belongs to ACR or is meant to, but images cannot be pulled from it; holds what to write instead
    Mistaken(Mistake<'a>),
    /// Some other registry
    Other,
}

/// How a host misses being a login server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake<'a> {
    /// `contoso.eastus.data.azurecr.io`: where the registry redirects downloads of layers
    DataEndpoint {
        /// `contoso`
        registry: &'a str,
        /// `azurecr.io`
        suffix: &'a str,
    },
    /// `azurecr.io` itself, or more labels than a login server has
    Shape {
        /// `azurecr.io`
        suffix: &'a str,
    },
    /// `contoso.azureacr.io`
    Typo {
        /// `contoso`
        registry: &'a str,
    },
    /// `contoso.blob.core.windows.net`
    BlobStorage,
}

impl Mistake<'_> {
    /// What is wrong with `host`.
    pub(crate) fn explain(self, host: &str) -> String {
        match self {
            Self::DataEndpoint { .. } => {
                format!("{host} is a data endpoint, which only serves redirected downloads")
            }
            Self::Shape { .. } => format!("{host} is not an ACR login server"),
            Self::Typo { .. } => format!("{host} is misspelled"),
            Self::BlobStorage => format!("{host} only serves redirected downloads"),
        }
    }

    /// What to write instead.
    pub(crate) fn help(self) -> String {
        match self {
            Self::DataEndpoint { registry, suffix } => format!("write {registry}.{suffix}"),
            Self::Shape { suffix } => {
                format!("write a login server: REGISTRY.{suffix} or REGISTRY.REGION.geo.{suffix}")
            }
            Self::Typo { registry } => format!("write {registry}.azurecr.io"),
            Self::BlobStorage => "write the registry's login server".to_owned(),
        }
    }
}

/// Classifies `host`, which is lower-case and has no port. `suffixes` are the configured ones.
pub fn classify<'a>(host: &'a str, suffixes: &'a [String]) -> Host<'a> {
    if suffixes.iter().any(|suffix| host == suffix) {
        return Host::LoginServer;
    }
    // The longest suffix wins, so that a configured `my.azurecr.io` is not shadowed by the public cloud's.
    let below = all(suffixes)
        .filter_map(|suffix| Some((host.strip_suffix(suffix)?, suffix)))
        .filter(|(name, _)| name.is_empty() || name.ends_with('.'))
        .max_by_key(|(_, suffix)| suffix.len());
    if let Some((name, suffix)) = below {
        let mut labels = name.trim_end_matches('.').split('.');
        return match (labels.next(), labels.next(), labels.next(), labels.next()) {
            (Some(registry), None, None, None) if !registry.is_empty() => Host::LoginServer,
            (Some(_), Some(_), Some("geo"), None) => Host::LoginServer,
            (Some(registry), Some(_), Some("data"), None) => {
                Host::Mistaken(Mistake::DataEndpoint { registry, suffix })
            }
            _ if suffixes.iter().any(|configured| configured == suffix) && !name.starts_with('.') => {
                Host::BelowSuffix
            }
            _ => Host::Mistaken(Mistake::Shape { suffix }),
        };
    }
    if let Some(registry) = host.strip_suffix(".azureacr.io") {
        return Host::Mistaken(Mistake::Typo { registry });
    }
    if host.ends_with(".blob.core.windows.net") {
        return Host::Mistaken(Mistake::BlobStorage);
    }
    Host::Other
}

/// Every suffix that makes a host ACR's: those of the clouds and the configured ones.
pub fn all(suffixes: &[String]) -> impl Iterator<Item = &str> {
    CLOUDS.into_iter().chain(suffixes.iter().map(String::as_str))
}
