//! Registry keys that no image can ever match, or hardly any, and what to write instead.

use std::fmt;

use crate::ascii::{has_any, is_any};
use crate::image::{is_digest, is_domain, is_path_component};
use crate::login_server::{CLOUDS, Host, Mistake, classify};
use crate::registry_key::{RegistryKey, UrlError};

/// Why no image matches a key, or few do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyDefect {
    /// An empty text
    Empty,
    /// The wrapper of a `config.json` in a secret of the older type
    Wrapper,
    /// The kubelet ignores the entry
    Ignored(UrlError),
    /// `oci://`, `HTTPS://`
    Scheme,
    /// `contoso.azurecr.io.`
    TrailingDot,
    /// `CONTOSO.azurecr.io`
    UpperCaseHost,
    /// `contoso`
    BareName,
    /// A host that no image can have
    Host,
    /// `con_toso.azurecr.io`
    Underscore,
    /// `/v1` without the slash at the end
    ApiVersion(&'static str),
    /// `app:v1`, `app@sha256:…`
    TagOrDigest,
    /// `*` in a path
    GlobInPath,
    /// Upper case, empty segments or invalid characters in a path
    Path,
    /// Meant for ACR, but no login server matches
    NoLoginServer,
}

impl fmt::Display for KeyDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::Wrapper => f.write_str("it is the wrapper of a config.json, not a registry"),
            Self::Ignored(error) => write!(f, "the kubelet ignores it, because {error}"),
            Self::Scheme => f.write_str("only https:// and http:// may precede the host, in lower case"),
            Self::TrailingDot => f.write_str("the dot at the end counts"),
            Self::UpperCaseHost => f.write_str("only images that write the host in upper case match it"),
            Self::Underscore => {
                f.write_str("only images with an underscore in the host match it, as no registry has")
            }
            Self::BareName => f.write_str("the host of an image has a dot"),
            Self::Host => f.write_str("no image has such a host"),
            Self::ApiVersion(version) => write!(f, "only repositories that begin with {version} match it"),
            Self::TagOrDigest => f.write_str("keys have no tag and no digest"),
            Self::GlobInPath => {
                f.write_str("in a path * is not a wildcard, and a path matches as a prefix anyway")
            }
            Self::Path => f.write_str("no repository has such a path"),
            Self::NoLoginServer => {
                f.write_str("* matches one label, and login servers are REGISTRY.azurecr.io")
            }
        }
    }
}

impl KeyDefect {
    /// Whether some image matches the key all the same.
    pub fn is_narrow(self) -> bool {
        matches!(self, Self::UpperCaseHost | Self::Underscore | Self::ApiVersion(_))
    }

    /// What is wrong with a key; `None` where images that may exist match it.
    pub fn of(text: &str, suffixes: &[String]) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::Empty);
        }
        if text == "auths" {
            return Some(Self::Wrapper);
        }
        let plain = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        if plain.contains("://") {
            return Some(Self::Scheme);
        }
        let key = match RegistryKey::parse(text) {
            Ok(key) => key,
            Err(error) => return Some(Self::Ignored(error)),
        };
        // The kubelet parses the key again, and cuts what has become a query.
        let path = key.path().strip_prefix('/').unwrap_or_default();
        let of_host = Self::of_host(key.host(), &key, suffixes);
        match Self::of_path(path) {
            Some(defect) if of_host.is_none_or(Self::is_narrow) && !defect.is_narrow() => Some(defect),
            of_path => of_host.or(of_path),
        }
    }

    fn of_host(host: &str, key: &RegistryKey, suffixes: &[String]) -> Option<Self> {
        let lower = host.to_ascii_lowercase();
        if host.ends_with('.') {
            return Some(Self::TrailingDot);
        }
        // An empty port does not count.
        let plain = host.strip_suffix(':').unwrap_or(host);
        let example = plain.replace('*', "x");
        if lower == host && !has_any(plain, ".:*") && plain != "localhost" {
            return Some(Self::BareName);
        }
        if !is_domain(&example) {
            // The image has no registry then, but the kubelet takes the first part of its path for one.
            return Some(if is_path_component(&example) { Self::Underscore } else { Self::Host });
        }
        if lower != host {
            return Some(Self::UpperCaseHost);
        }
        let host = plain;
        let name = example.split(':').next().unwrap_or_default();
        let is_mistaken = match classify(name, suffixes) {
            Host::Mistaken(Mistake::Typo { .. } | Mistake::BlobStorage) => !key.can_match_acr(suffixes),
            Host::Mistaken(_) => !host.contains('*'),
            _ => false,
        };
        let is_meant = CLOUDS.iter().any(|cloud| host.ends_with(cloud)) || is_mistaken;
        (is_meant && (is_mistaken || !key.can_match_acr(suffixes))).then_some(Self::NoLoginServer)
    }

    fn of_path(path: &str) -> Option<Self> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || is_any(b, "._-/");
        let misplaced = |segment: &str| segment.bytes().next().is_some_and(|b| is_any(b, "._-"));
        if let Some(version) = ["v1", "v2"].into_iter().find(|version| *version == path) {
            Some(Self::ApiVersion(version))
        } else if has_any(path, ":@") {
            Some(Self::TagOrDigest)
        } else if path.contains('*') {
            Some(Self::GlobInPath)
        } else if path.contains("//")
            || path.starts_with('/')
            || !path.bytes().all(fits)
            || path.split('/').any(misplaced)
        {
            Some(Self::Path)
        } else {
            None
        }
    }
}

/// What the key was meant to be, in a form that works; `None` if that is not known.
pub fn fix(text: &str, suffixes: &[String]) -> Option<String> {
    // Behind an `@` a bare name may be anything: `sha256`, `latest`.
    let has_user = has_any(text, "@");
    let mut text = shown(text).trim_matches(['/', ' ']);
    while let Some((scheme, rest)) = text.split_once(":/")
        && !has_any(scheme, "./")
    {
        text = rest.trim_start_matches(['/', ' ']);
    }
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    let host = host.trim_end_matches(['.', ':']).to_ascii_lowercase();
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let host = match host.split_once(':') {
        Some((name, port)) if !is_port(port) => name.to_owned(),
        _ => host,
    };
    let host = match classify(&host, suffixes) {
        Host::Mistaken(Mistake::Typo { registry, suffix }) => [registry, ".", suffix].concat(),
        _ => host,
    };
    let host = match host.split('.').collect::<Vec<_>>().as_slice() {
        [name] if !name.is_empty() && !has_user && !has_any(name, "*:") => format!("{name}.azurecr.io"),
        [name, _, "data", rest @ ..] => format!("{name}.{}", rest.join(".")),
        [glob, suffix @ ..] if glob.starts_with('*') && glob.ends_with("azurecr") => {
            format!("*.azurecr.{}", suffix.join("."))
        }
        _ => host,
    };
    let path = path.to_ascii_lowercase();
    let wanted = |segment: &&str| !segment.is_empty() && !matches!(*segment, "v1" | "v2");
    let segments: Vec<&str> = path
        .split('/')
        .filter(wanted)
        .map_while(|segment| if segment.contains('*') { None } else { segment.split([':', '@']).next() })
        .collect();
    let fixed = [&[host.as_str()], segments.as_slice()].concat().join("/");
    KeyDefect::of(&fixed, suffixes).is_none().then_some(fixed)
}

/// Replaces a key that must not be shown.
const HIDDEN: &str = "…";

/// Whether a password may be anywhere in a key: it has a `?` or `#` of its own before the `@` that ends it.
pub(crate) fn is_hidden(key: &str) -> bool {
    query(key).1.contains('@')
}

/// The text before the query or fragment of a key, and the rest.
fn query(key: &str) -> (&str, &str) {
    let end = key.bytes().position(|b| is_any(b, "?#")).unwrap_or(key.len());
    key.split_at_checked(end).unwrap_or((key, ""))
}

/// The part of the normalised form of a key that can be shown. The kubelet cuts a key at `?` and `#`, so only the key as it was
/// written shows whether the rest is the beginning of a password.
pub fn shown_normalised<'a>(written: &str, key: &'a RegistryKey) -> &'a str {
    if is_hidden(written) { HIDDEN } else { shown(key.as_str()) }
}

/// A key without what could be a user name and password before an `@`, or a token behind a `?` or `#`.
pub fn shown(key: &str) -> &str {
    if is_hidden(key) {
        return HIDDEN;
    }
    let (before, _) = query(key);
    let Some((name, rest)) = before.rsplit_once('@') else { return before };
    let user = name.rsplit_once("://").map_or(name, |(_, user)| user);
    let (first, path) = user.split_once('/').unwrap_or((user, ""));
    if path.is_empty() && !is_in_cloud(first) {
        rest
    } else if !has_any(name, "@") && is_digest(rest) {
        name
    } else if is_in_cloud(first) && (!path.is_empty() || !is_in_cloud(rest)) {
        // The digest or tag is not valid. A login server is not a user name, but a colon may begin a password.
        user.split(':').next().unwrap_or_default()
    } else if is_in_cloud(rest) {
        rest
    } else {
        HIDDEN
    }
}

/// Whether the text begins with a host of ACR that has no port.
fn is_in_cloud(text: &str) -> bool {
    let host = text.split('/').next().unwrap_or_default();
    !has_any(host, ":") && CLOUDS.iter().any(|cloud| host.ends_with(cloud))
}
