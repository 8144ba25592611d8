//! Whether a registry host is a login server of Azure Container Registry.

/// Login-server suffixes of Azure's clouds: public, China, US Government and the former German one.
/// cloud-provider-azure: examples/out-of-tree/credential-provider-config.yaml `matchImages`
pub(crate) const CLOUDS: [&str; 4] = ["azurecr.io", "azurecr.cn", "azurecr.us", "azurecr.de"];

/// A registry host, as seen from ACR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<'a> {
    /// `contoso.azurecr.io`, `contoso-h4sh.azurecr.io`, `contoso.eastus.geo.azurecr.io` or a configured domain
    LoginServer,
    /// `a.b.registry.contoso.com`, further below a configured suffix: a registry whose pull secret only an entry can name
    BelowSuffix,
    /// Belongs to ACR or is meant to, but images cannot be pulled from it; holds what to write instead
    Mistaken(Mistake<'a>),
    /// Another registry
    Other,
}

/// Why a host is not a login server.
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
    /// `contoso.azureacr.io`, `contoso.azurecr.com`, `contoso.azure.cr.io`, `contosoazurecr.io`
    Typo {
        /// `contoso`
        registry: &'a str,
        /// `azurecr.io`
        suffix: &'static str,
    },
    /// `contoso.blob.core.windows.net`
    BlobStorage,
    /// `contoso.azurecr.io` as a whole image
    NoRepository {
        /// `contoso.azurecr.io`
        server: &'a str,
    },
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
            Self::NoRepository { .. } => "without a repository it is an image of Docker Hub".to_owned(),
        }
    }

    /// What to write instead.
    pub(crate) fn help(self) -> String {
        match self {
            Self::DataEndpoint { registry, suffix } | Self::Typo { registry, suffix } => {
                format!("write {registry}.{suffix}")
            }
            Self::Shape { suffix } => {
                format!("write a login server: REGISTRY.{suffix} or REGISTRY.REGION.geo.{suffix}")
            }
            Self::BlobStorage => "write the registry's login server".to_owned(),
            Self::NoRepository { server } => format!("write {server}/REPOSITORY:TAG"),
        }
    }
}

/// The class of an image's registry, whose text names `host` or does not name a host.
pub(crate) fn classify_image<'a>(text: &'a str, host: &'a str, suffixes: &'a [String]) -> Host<'a> {
    if !text.contains('/') {
        let server = text.split([':', '@']).next().unwrap_or_default();
        if classify(server, suffixes) == Host::LoginServer {
            return Host::Mistaken(Mistake::NoRepository { server });
        }
    }
    classify(host, suffixes)
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
    if let Some((registry, suffix)) = misspelled(host).filter(|(registry, _)| !registry.is_empty()) {
        return Host::Mistaken(Mistake::Typo { registry, suffix });
    }
    if host.ends_with(".blob.core.windows.net") {
        return Host::Mistaken(Mistake::BlobStorage);
    }
    Host::Other
}

/// Registry and suffix of the login server that a host is meant to be, where it misses one of the clouds by a letter, a dot,
/// two swapped letters, or the end of another domain.
fn misspelled(host: &str) -> Option<(&str, &'static str)> {
    let (registry, rest) = host.split_once('.')?;
    for cloud in CLOUDS {
        // `contosoazurecr.io`
        if registry.ends_with("azurecr") && host.ends_with(cloud) {
            let registry = host.get(..host.len() - cloud.len())?;
            return Some((registry.strip_suffix('-').unwrap_or(registry), cloud));
        }
        if is_near(rest.as_bytes(), cloud.as_bytes()) {
            return Some((registry, cloud));
        }
    }
    // Some other cloud may have a country's domain.
    matches!(rest, "azurecr.com" | "azurecr.net" | "azurecr.org").then_some((registry, "azurecr.io"))
}

/// Whether two texts differ by one letter, or by two that are swapped.
fn is_near(mut a: &[u8], mut b: &[u8]) -> bool {
    while let ([x, after_x @ ..], [y, after_y @ ..]) = (a, b) {
        if x != y {
            let is_swapped = || match (after_x, after_y) {
                ([p, after_p @ ..], [q, after_q @ ..]) => x == q && y == p && after_p == after_q,
                _ => false,
            };
            return after_x == after_y || after_x == b || a == after_y || is_swapped();
        }
        (a, b) = (after_x, after_y);
    }
    a.len() + b.len() == 1
}

/// Every suffix that makes a host ACR's: those of the clouds and the configured ones.
pub fn all(suffixes: &[String]) -> impl Iterator<Item = &str> {
    CLOUDS.into_iter().chain(suffixes.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::{Host, Mistake, classify};

    #[test]
    fn a_misspelled_login_server_is_reported_with_the_right_spelling() {
        for (host, meant) in [
            ("contoso.azureacr.io", "contoso.azurecr.io"),
            ("contoso.azuercr.io", "contoso.azurecr.io"),
            ("contoso.azurcr.io", "contoso.azurecr.io"),
            ("contoso.azurecrr.io", "contoso.azurecr.io"),
            ("contoso.azure-cr.io", "contoso.azurecr.io"),
            ("contoso.azurexr.cn", "contoso.azurecr.cn"),
            ("contoso.azurecr.com", "contoso.azurecr.io"),
            ("contoso.azurecr.net", "contoso.azurecr.io"),
            ("contoso.azurecr.oi", "contoso.azurecr.io"),
            ("contoso.azurecr.co", "contoso.azurecr.io"),
            ("contoso.azurecr.i", "contoso.azurecr.io"),
            ("contoso.azure.cr.io", "contoso.azurecr.io"),
            ("contoso.azurecrio", "contoso.azurecr.io"),
            ("contosoazurecr.io", "contoso.azurecr.io"),
            ("contoso-azurecr.us", "contoso.azurecr.us"),
            ("contoso-h4sh.azurecr.com", "contoso-h4sh.azurecr.io"),
        ] {
            let Host::Mistaken(mistake @ Mistake::Typo { .. }) = classify(host, &[]) else {
                panic!("{host}")
            };
            assert_eq!(mistake.help(), format!("write {meant}"), "{host}");
        }
    }

    #[test]
    fn no_other_host_is_reported_as_a_misspelled_login_server() {
        for host in [
            "contoso.azure.io",
            "azure.io",
            "contoso.azure.com",
            "contoso.azurefd.net",
            "contoso.azureedge.net",
            "contoso.azurewebsites.net",
            "contoso.azurecontainer.io",
            "contoso.azurecdn.io",
            "mcr.microsoft.com",
            "contoso.azurecr.fr",
            "contoso.azurecr.my.cloud",
            "contoso.azurecr.io.evil.example",
            "contoso.azurecr.io.com",
            "azurecr.com",
            "azuercr.io",
            "cr.io",
            "gcr.io",
            "eu.gcr.io",
            "ghcr.io",
            "contoso.acr.io",
            "registry.contoso.com",
            "localhost",
            "10.0.0.1",
        ] {
            assert_eq!(classify(host, &[]), Host::Other, "{host}");
        }
        let suffixes = ["azurecr.com".to_owned()];
        assert_eq!(classify("contoso.azurecr.com", &suffixes), Host::LoginServer);
    }
}
