//! A registry key: the key of a credential in a docker config, read and matched as the kubelet does.
//!
//! | key | matches |
//! |---|---|
//! | `contoso.azurecr.io`, `https://contoso.azurecr.io/v2/` | every repository of that registry |
//! | `*.azurecr.io` | every registry of one label below `azurecr.io`; `*` never crosses a dot |
//! | `contoso.azurecr.io/team` | repositories whose path begins so, `teamx/app` included: the prefix is plain text |
//! | `contoso.azurecr.io:443` | only images that name that port |
//!
//! Its globs are our own, because the kubelet matches label by label by Go's `filepath.Match`, to the letter.
//!
//! kubelet: pkg/credentialprovider/keyring.go (`Add`, `URLsMatchStr`)

use crate::ascii::has_any;
use crate::go_url::GoUrl;
pub use crate::go_url::UrlError;
use crate::login_server;

/// A key in the form in which the kubelet indexes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryKey {
    text: String,
    /// Host, port and path, as the kubelet parses the normalised key again; `None` where that fails and it matches
    /// nothing
    parts: Option<(String, String, String)>,
}

impl RegistryKey {
    /// Normalises a key: scheme, user, query and fragment, `/v1/` and `/v2/` and a lone slash fall away.
    ///
    /// # Errors
    /// - Go's `url.Parse` refuses the text, and the kubelet ignores the entry
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let address = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        let url = GoUrl::parse(address)?;
        let path = match &*url.path {
            versioned if versioned.starts_with("/v1/") || versioned.starts_with("/v2/") => {
                versioned.get(3..).unwrap_or_default()
            }
            path => path,
        };
        let text = if path == "/" { url.host.into_owned() } else { format!("{}{path}", url.host) };
        let parts = GoUrl::parse(&text).ok().map(|key| {
            let (host, port) = key.host_and_port();
            (host.to_owned(), port.to_owned(), key.path.clone().into_owned())
        });
        Ok(Self { text, parts })
    }

    /// The key as the kubelet sorts it (descending) and compares it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The prefix of the repositories that it matches, and the length of its path; empty for a glob, `None`
    /// for a key that matches nothing.
    pub(crate) fn beginning(&self) -> Option<(String, Option<usize>)> {
        let (host, port, path) = self.parts.as_ref()?;
        if has_any(host, "*[") {
            return Some((String::new(), None));
        }
        Some(([host, ":", port, path].concat(), Some(path.len())))
    }

    /// Whether a credential under this key is tried for `repository` (domain and path, no tag, no digest).
    pub fn matches(&self, repository: &Repository<'_>) -> bool {
        // kubelet: keyring.go `URLsMatch`
        let Some((host, port, path)) = &self.parts else { return false };
        let target = &repository.0;
        let (target_host, target_port) = target.host_and_port();
        let count = |host: &str| host.bytes().filter(|b| *b == b'.').count();
        *port == target_port
            && target.path.starts_with(path.as_str())
            && count(host) == count(target_host)
            && host.split('.').zip(target_host.split('.')).all(|(glob, label)| glob_matches(glob, label))
    }

    /// Whether a setting with this key applies to `repository`. Its path ends at the end of a segment, while the kubelet
    /// compares the letters alone.
    pub fn covers(&self, repository: &Repository<'_>) -> bool {
        let path = self.path();
        let rest = repository.0.path.strip_prefix(path).unwrap_or_default();
        let is_whole = path.is_empty() || path.ends_with('/') || rest.is_empty() || rest.starts_with('/');
        is_whole && self.matches(repository)
    }

    /// Whether the key can match an ACR login server: below a cloud's suffix, or below or at one of `suffixes`.
    pub fn can_match_acr(&self, suffixes: &[String]) -> bool {
        let labels = self.labels();
        let is_login_server = |suffix: &str| match labels_before(&labels, suffix) {
            Some([_]) => true,
            Some([_, _, geo]) => glob_matches(geo, "geo"),
            _ => false,
        };
        login_server::all(suffixes).any(is_login_server)
            || suffixes.iter().any(|suffix| labels_before(&labels, suffix).is_some())
    }

    /// Whether the key is a glob that matches ACR login servers and other hosts as well.
    pub fn is_broad(&self, suffixes: &[String]) -> bool {
        let host = self.host().split(':').next().unwrap_or_default();
        let stays_in_acr = login_server::all(suffixes).any(|suffix| {
            host.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        host.contains('*') && !stays_in_acr && self.can_match_acr(suffixes)
    }

    /// The path as the kubelet compares it, with its slash; empty where there is none.
    pub(crate) fn path(&self) -> &str {
        self.parts.as_ref().map(|(_, _, path)| path.as_str()).unwrap_or_default()
    }

    /// The host, port included.
    pub fn host(&self) -> &str {
        self.text.split('/').next().unwrap_or_default()
    }

    fn labels(&self) -> Vec<String> {
        let Some((host, ..)) = &self.parts else { return Vec::new() };
        host.split('.').map(str::to_ascii_lowercase).collect()
    }
}

/// The labels before those that match `suffix`; `None` where those do not.
fn labels_before<'a>(labels: &'a [String], suffix: &str) -> Option<&'a [String]> {
    let (before, ends) = labels.split_at_checked(labels.len().checked_sub(suffix.split('.').count())?)?;
    ends.iter().zip(suffix.split('.')).all(|(glob, label)| glob_matches(glob, label)).then_some(before)
}

/// A repository as the kubelet's keyring sees it, parsed once for many keys.
#[derive(Debug, Clone)]
pub struct Repository<'a>(GoUrl<'a>);

impl<'a> Repository<'a> {
    /// # Errors
    /// - the text is not an address; the repository of a parsed image always is one
    pub fn parse(text: &'a str) -> Result<Self, UrlError> {
        GoUrl::parse(text).map(Self)
    }

    /// Host, port and path in one text, and where in it the path begins.
    pub(crate) fn place(&self) -> (String, usize) {
        let (host, port) = self.0.host_and_port();
        ([host, ":", port, &self.0.path].concat(), host.len() + 1 + port.len())
    }
}

/// Go's `filepath.Match` for the inputs that occur here: a host may have `*`, and an IPv6 address is a class of characters.
pub(crate) fn glob_matches(glob: &str, text: &str) -> bool {
    if let Some(class) = glob.strip_prefix('[') {
        return text.len() == 1 && class.ends_with(']') && has_any(text, class);
    }
    let mut pieces = glob.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}
