//! An image reference, parsed exactly as container tools parse it.
//!
//! distribution/reference: `ParseNormalizedNamed` (normalize.go) and its grammar (regexp.go), written out by hand:
//! every admission request starts a fresh instance, and compiling a regular expression would be paid each time.

use std::borrow::Cow;
use std::fmt;

use crate::ascii::{has_any, is_any};

const DOCKER_HUB: &str = "docker.io";
const LONGEST_PATH: usize = 255;
const LONGEST_TAG: usize = 128;
const WHOLE_DIGEST: &str = "give the whole digest: sha256 and 64 hexadecimal digits";

/// A parsed image reference, borrowing from its text.
///
/// ```
/// use policy_core::image::ImageReference;
///
/// let image = ImageReference::parse("contoso.azurecr.io:443/shop/web:v1")?;
/// assert_eq!((image.domain, image.host()), ("contoso.azurecr.io:443", "contoso.azurecr.io"));
/// assert_eq!((image.path.as_ref(), image.tag), ("shop/web", Some("v1")));
/// // What has no host is Docker Hub's.
/// assert_eq!(ImageReference::parse("nginx")?.repository(), "docker.io/library/nginx");
/// # Ok::<(), policy_core::image::ImageError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageReference<'a> {
    /// Host and optional port, letter case kept; empty for the rare name whose first segment is not a host
    /// (`con_toso.azurecr.io/app`)
    pub domain: &'a str,
    /// Repository path without the domain
    pub path: Cow<'a, str>,
    /// Tag as written
    pub tag: Option<&'a str>,
    /// Digest as written, algorithm included
    pub digest: Option<&'a str>,
}

/// Why a text is not an image reference, in the words of the Go library.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// The text does not follow the grammar
    Format,
    /// The repository path has an upper-case letter
    Uppercase(String),
    /// 64 hexadecimal digits could be an image id
    Identifier,
    /// The path is longer than 255 bytes
    TooLong,
    /// Only sha256, sha384 and sha512 are registered
    DigestAlgorithm,
    /// The digest is not as long as its algorithm makes it
    DigestLength,
    /// The digest has characters other than lower-case hexadecimal digits
    DigestFormat,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format => f.write_str("invalid reference format"),
            Self::Uppercase(path) => {
                write!(f, "invalid reference format: repository name ({path}) must be lowercase")
            }
            Self::Identifier => f.write_str("64 hexadecimal digits are an image id, not a name"),
            Self::TooLong => write!(f, "repository name must not be more than {LONGEST_PATH} characters"),
            Self::DigestAlgorithm => f.write_str("unsupported digest algorithm"),
            Self::DigestLength => f.write_str("invalid checksum digest length"),
            Self::DigestFormat => f.write_str("invalid checksum digest format"),
        }
    }
}

impl std::error::Error for ImageError {}

impl ImageError {
    /// What to do about `text`, which has this error.
    pub(crate) fn help(&self, text: &str) -> &'static str {
        if has_user_info(text) {
            return "remove the user name and password before @: the kubelet takes them from a pull secret";
        }
        let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
        let tag = name.rsplit_once(':').map_or("", |(_, tag)| tag);
        match self {
            Self::Uppercase(_) => "write the repository in lower case",
            Self::TooLong => "shorten the repository to 255 characters or fewer",
            Self::DigestAlgorithm => "give the sha256 digest",
            Self::DigestFormat => "write the digest in lower case",
            Self::DigestLength => WHOLE_DIGEST,
            Self::Format if digest.is_some_and(|digest| !is_digest(digest)) => WHOLE_DIGEST,
            Self::Format if tag.len() > LONGEST_TAG && !tag.contains('/') => {
                "shorten the tag to 128 characters or fewer"
            }
            _ => "write the image as HOST/REPOSITORY:TAG, the repository in lower case",
        }
    }
}

/// The text of an image as it may be shown: text before an `@` that does not begin a digest may be a password, and is shown as
/// `***`.
pub fn without_user_info(text: &str) -> Cow<'_, str> {
    match user_info_end(text).and_then(|end| text.get(end..)) {
        Some(rest) => Cow::Owned(["***", rest].concat()),
        None => Cow::Borrowed(text),
    }
}

pub(crate) fn has_user_info(text: &str) -> bool {
    user_info_end(text).is_some()
}

/// The position of the last `@` that does not begin a digest.
fn user_info_end(text: &str) -> Option<usize> {
    let begins_digest = |rest: &str| {
        let is_short = ["sha256:", "sha384:", "sha512:"].iter().any(|algorithm| rest.starts_with(algorithm));
        is_digest(rest) || (is_short && !has_any(rest, "/@"))
    };
    let mut ats = text.bytes().enumerate().rev().filter(|(_, byte)| *byte == b'@').map(|(at, _)| at);
    ats.find(|at| text.get(at + 1..).is_some_and(|rest| !begins_digest(rest)))
}

impl<'a> ImageReference<'a> {
    /// Parses a reference as `kubelet` does before it pulls (`pkg/util/parsers: ParseImageName`).
    ///
    /// # Errors
    /// - the text is not a reference: the kubelet would report `InvalidImageName`
    pub fn parse(text: &'a str) -> Result<Self, ImageError> {
        if text.len() == 64 && text.bytes().all(is_lower_hex) {
            return Err(ImageError::Identifier);
        }
        let (domain, remainder) = split_domain(text);
        let named = remainder.split(':').next().unwrap_or(remainder);
        if named.chars().any(char::is_uppercase) {
            let named = if has_user_info(text) { "***" } else { named };
            return Err(ImageError::Uppercase(named.to_owned()));
        }
        let (name, digest) = match remainder.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (remainder, None),
        };
        let (path, tag) = match name.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (name, None),
        };
        if !path.split('/').all(is_path_component) || !tag.is_none_or(is_tag) {
            return Err(ImageError::Format);
        }
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(ImageError::Format);
        }
        let official = domain == DOCKER_HUB && !path.contains('/');
        let mut reference = ImageReference {
            domain,
            path: if official { Cow::Owned(format!("library/{path}")) } else { Cow::Borrowed(path) },
            tag,
            digest,
        };
        if !is_domain(domain) {
            // The grammar's domain is optional: a first segment that is not a host may still be a path component.
            if !is_path_component(domain) {
                return Err(ImageError::Format);
            }
            reference.path = Cow::Owned(format!("{domain}/{path}"));
            reference.domain = "";
        }
        if reference.path.len() > LONGEST_PATH {
            return Err(ImageError::TooLong);
        }
        digest.map_or(Ok(()), check_digest)?;
        Ok(reference)
    }

    /// Domain and path without tag and digest: what the kubelet looks up in its keyring (`Named.Name()`).
    pub fn repository(&self) -> Cow<'_, str> {
        if self.domain.is_empty() {
            Cow::Borrowed(&*self.path)
        } else {
            Cow::Owned(format!("{}/{}", self.domain, self.path))
        }
    }

    /// The domain without its port.
    pub fn host(&self) -> &'a str {
        // Only an IPv6 literal has colons of its own, and it ends in a bracket where no port follows.
        match self.domain.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => host,
            _ => self.domain,
        }
    }
}

/// distribution/reference: normalize.go `splitDockerDomain`, without the `library/` prefix
fn split_domain(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        Some(("index.docker.io", rest)) => (DOCKER_HUB, rest),
        Some((first, rest))
            if first == "localhost" || has_any(first, ".:") || first.chars().any(char::is_uppercase) =>
        {
            (first, rest)
        }
        _ => (DOCKER_HUB, text),
    }
}

pub(crate) fn is_domain(text: &str) -> bool {
    if let Some(literal) = text.strip_prefix('[') {
        let Some((address, port)) = literal.split_once(']') else { return false };
        let is_address = !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
        return is_address && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    host.split('.').all(is_host_label) && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// `[a-z0-9]+((?:[._]|__|[-]+)[a-z0-9]+)*`
pub(crate) fn is_path_component(component: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut rest = component.as_bytes();
    loop {
        let word = rest.iter().take_while(|b| alphanumeric(**b)).count();
        if word == 0 {
            return false;
        }
        rest = rest.get(word..).unwrap_or_default();
        let separator = match rest {
            [] => return true,
            [b'_', b'_', ..] => 2,
            [b'.' | b'_', ..] => 1,
            [b'-', ..] => rest.iter().take_while(|b| **b == b'-').count(),
            _ => return false,
        };
        rest = rest.get(separator..).unwrap_or_default();
    }
}

/// `[\w][\w.-]{0,127}`
fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= LONGEST_TAG
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

/// `[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*[:][[:xdigit:]]{32,}`
pub(crate) fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let is_word = |word: &[u8]| {
        word.first().is_some_and(u8::is_ascii_alphabetic) && word.iter().all(u8::is_ascii_alphanumeric)
    };
    algorithm.as_bytes().split(|b| is_any(*b, "-_+.")).all(is_word)
        && hex.len() >= 32
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

/// opencontainers/go-digest: algorithm.go `Validate`
fn check_digest(digest: &str) -> Result<(), ImageError> {
    let (algorithm, hex) = digest.split_once(':').unwrap_or((digest, ""));
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return Err(ImageError::DigestAlgorithm),
    };
    if hex.len() != length {
        return Err(ImageError::DigestLength);
    }
    if hex.bytes().all(is_lower_hex) { Ok(()) } else { Err(ImageError::DigestFormat) }
}

fn is_lower_hex(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::{ImageReference, without_user_info};

    #[test]
    fn a_password_before_the_registry_is_not_shown() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for (text, shown) in [
            ("robot:hunter2@contoso.azurecr.io/app:v1", "***@contoso.azurecr.io/app:v1"),
            ("https://robot:hunter2@contoso.azurecr.io/app", "***@contoso.azurecr.io/app"),
            ("robot:hun@ter2@contoso.azurecr.io/app", "***@contoso.azurecr.io/app"),
            ("robot:sha256:hunter2@contoso.azurecr.io:443/app", "***@contoso.azurecr.io:443/app"),
            ("Robot:hunter2@contoso.azurecr.io/app", "***@contoso.azurecr.io/app"),
            ("a/Hunter2@contoso.azurecr.io/app", "***@contoso.azurecr.io/app"),
            ("x@sha256:hunter2@contoso.azurecr.io", "***@contoso.azurecr.io"),
            ("@", "***@"),
            (
                &format!("robot:hunter2@contoso.azurecr.io/app@{digest}"),
                &format!("***@contoso.azurecr.io/app@{digest}"),
            ),
        ] {
            assert_eq!(without_user_info(text), shown);
            let error = ImageReference::parse(text).unwrap_err();
            assert!(!error.to_string().to_lowercase().contains("hunter2"), "{text}: {error}");
            assert!(error.help(text).contains("remove the user name and password"), "{text}");
        }
        for text in [
            "contoso.azurecr.io/app:v1",
            "app@sha256:abc",
            &format!("a:b@{digest}"),
            &format!("a@md5:{}", "0".repeat(32)),
        ] {
            assert_eq!(without_user_info(text), text);
        }
    }
}
