//! What the kubelet reports about a pull, in few words. Its messages contain those of the container runtime and the registry.

use std::fmt::Write as _;

use review::user_info::without_user_info;

/// The most characters that are shown of a message.
const LONGEST: usize = 160;

/// What a message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The reference is not valid
    InvalidName,
    /// The pod may not pull, and the image is not on the node or not for this pod
    NeverPulled,
    /// The registry refused a pull without a credential
    NoCredential,
    /// The registry refused a credential: the pod's, or the node's
    Refused,
    /// The registry refused, with or without a credential
    Unauthorized,
    /// The registry refuses the address or the identity: 403
    Forbidden,
    /// There is no such repository, tag or digest
    NotFound,
    /// The image is not for the node's platform
    NoPlatform,
    /// The registry's name is not known
    UnknownHost,
    /// The registry's certificate is not trusted
    Certificate,
    /// There is no connection, or no answer in time
    Unreachable,
    /// The registry allows no more pulls for now
    TooMany,
    /// The node has no room
    NoSpace,
}

/// Words of messages, in lower case, and their meaning; the first that occurs counts. containerd: remotes/docker/authorizer.go,
/// resolver.go, errdefs; CRI-O: containers/image; Go: net, crypto/x509; ACR: "denied: client with IP".
const WORDS: [(&str, Meaning); 28] = [
    ("no space left on device", Meaning::NoSpace),
    ("toomanyrequests", Meaning::TooMany),
    ("429 too many requests", Meaning::TooMany),
    ("no match for platform", Meaning::NoPlatform),
    ("no image found in manifest list for architecture", Meaning::NoPlatform),
    ("no matching manifest", Meaning::NoPlatform),
    ("no such host", Meaning::UnknownHost),
    ("server misbehaving", Meaning::UnknownHost),
    ("x509:", Meaning::Certificate),
    ("tls: failed to verify", Meaning::Certificate),
    ("timeout", Meaning::Unreachable),
    ("connection re", Meaning::Unreachable),
    ("unreachable", Meaning::Unreachable),
    ("is not allowed access", Meaning::Forbidden),
    ("403 forbidden", Meaning::Forbidden),
    ("status code 403", Meaning::Forbidden),
    // Where several credentials were tried, the message has one error for each.
    ("failed to fetch oauth token", Meaning::Refused),
    ("failed to fetch anonymous token", Meaning::NoCredential),
    ("no basic auth credentials", Meaning::NoCredential),
    ("401 unauthorized", Meaning::Unauthorized),
    ("unauthorized:", Meaning::Unauthorized),
    ("authentication required", Meaning::Unauthorized),
    ("authorization failed", Meaning::Unauthorized),
    ("pull access denied", Meaning::Unauthorized),
    ("insufficient_scope", Meaning::Unauthorized),
    ("manifest unknown", Meaning::NotFound),
    (": not found", Meaning::NotFound),
    ("code = notfound", Meaning::NotFound),
];

/// Beginnings of messages that come before the reason.
const BEGINNINGS: [&str; 7] = [
    "Failed to pull image ",
    "Back-off pulling image ",
    "ErrImagePull: ",
    "rpc error: code = ",
    "failed to pull and unpack image ",
    "failed to resolve reference ",
    "failed to resolve image ",
];

/// What the kubelet reports about an image that it does not pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The reason of the container's state: `ImagePullBackOff`
    pub reason: String,
    /// The end of the message, which says why; empty where it does not
    pub message: String,
    /// What it means, where that is known
    pub meaning: Option<Meaning>,
}

impl Complaint {
    /// Of a container that waits for this image, or of an event.
    pub fn of(reason: &str, message: &str, image: &str) -> Self {
        let message = masked(message, image);
        let lower = message.to_lowercase();
        let meaning = match reason {
            "InvalidImageName" => Some(Meaning::InvalidName),
            "ErrImageNeverPull" => Some(Meaning::NeverPulled),
            _ => {
                // The image of the message may contain any of the words.
                let reason = without_names(&without_quoted(&lower), &image.to_lowercase());
                WORDS.iter().find(|(words, _)| reason.contains(words)).map(|(_, meaning)| *meaning)
            }
        };
        Self { reason: reason.to_owned(), message: shortened(core(&message)), meaning }
    }

    /// Whether it says more than that the kubelet waits for its next attempt.
    pub fn says_why(&self) -> bool {
        !self.message.is_empty()
    }
}

/// A message without what is in quotes.
fn without_quoted(message: &str) -> String {
    message.split('"').step_by(2).collect::<Vec<_>>().join("\"")
}

/// A message without URLs, paths, and words that are a part of the image: its host, its repository, its tag.
fn without_names(message: &str, image: &str) -> String {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    let (host, path) = image.split_once('/').unwrap_or(("", image));
    let (repository, tag) = path.rsplit_once(':').unwrap_or((path, ""));
    let names = [image, host, path, repository, tag];
    let word = |word: &str| {
        let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
        let is_name =
            names.contains(&bare) || ["/", "%2f", "%3a", "repository:"].iter().any(|it| word.contains(it));
        match (is_name, word.ends_with(':')) {
            (false, _) => word.to_owned(),
            (true, true) => ":".to_owned(),
            (true, false) => String::new(),
        }
    };
    message.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// A message without the user name and the password of this image, as it is and as Go quotes it (`%q`).
pub fn masked(message: &str, image: &str) -> String {
    let shown = without_user_info(image);
    if shown == image || image.is_empty() {
        return message.to_owned();
    }
    message.replace(&quoted(image), &shown).replace(image, &shown)
}

/// Go: `strconv.Quote`, without the quotes.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        // Writing to a String does not fail.
        let _ = match c {
            '"' | '\\' => write!(quoted, "\\{c}"),
            '\n' => write!(quoted, "\\n"),
            '\r' => write!(quoted, "\\r"),
            '\t' => write!(quoted, "\\t"),
            c if c.is_ascii_control() => write!(quoted, "\\x{:02x}", u32::from(c)),
            c => write!(quoted, "{c}"),
        };
    }
    quoted
}

/// The message without the beginnings of the layers above the one that says why.
fn core(message: &str) -> &str {
    let mut core = message.trim();
    while let Some(rest) = BEGINNINGS.iter().find_map(|beginning| core.strip_prefix(beginning)) {
        let rest = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').map_or("", |(_, rest)| rest.trim_start_matches(": ")),
            // `rpc error: code = Unknown desc = `
            None => rest
                .split_once(" desc = ")
                .filter(|(code, _)| !code.contains(' '))
                .map_or(rest, |(_, rest)| rest),
        };
        core = rest.trim();
    }
    core
}

/// A message in its first and last characters, without what may be a user name and a password before a host.
pub fn shortened(message: &str) -> String {
    let shown = |word: &str| match word.strip_prefix('"') {
        Some(quoted) => format!("\"{}", without_user_info(quoted)),
        None => without_user_info(word).into_owned(),
    };
    let message = message.split(' ').map(shown).collect::<Vec<_>>().join(" ");
    let count = message.chars().count();
    if count <= LONGEST {
        return message;
    }
    let half = (LONGEST - 1) / 2;
    let begin = message.chars().take(half);
    begin.chain(['…']).chain(message.chars().skip(count - half)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Complaint, LONGEST, Meaning, shortened};

    /// Messages of kubelets with containerd 1.7 and 2.x and with CRI-O.
    #[test]
    fn messages_of_kubelets_have_their_meaning() {
        use Meaning::{
            Certificate, Forbidden, InvalidName, NeverPulled, NoCredential, NoPlatform, NotFound, UnknownHost,
        };
        use Meaning::{Refused, TooMany, Unauthorized, Unreachable};

        let image = "contoso.azurecr.io/web:v1";
        let pull = format!("rpc error: code = Unknown desc = failed to pull and unpack image \"{image}\": ");
        let resolve = format!("{pull}failed to resolve reference \"{image}\": ");
        for (end, meaning) in [
            (
                "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to \
                 https://contoso.azurecr.io/oauth2/token?scope=repository%3Aweb%3Apull&service=contoso.azurecr.io: 401 Unauthorized",
                NoCredential,
            ),
            (
                "failed to authorize: failed to fetch oauth token: unexpected status from POST request to \
                 https://contoso.azurecr.io/oauth2/token: 401 Unauthorized",
                Refused,
            ),
            (
                "pull access denied, repository does not exist or may require authorization: server message: \
                 insufficient_scope: authorization failed",
                Unauthorized,
            ),
            (
                "unexpected status from HEAD request to https://contoso.azurecr.io/v2/web/manifests/v1: 403 Forbidden",
                Forbidden,
            ),
            ("contoso.azurecr.io/web:v1: not found", NotFound),
            (
                "failed to do request: Head \"https://contoso.azurecr.io/v2/\": dial tcp: lookup contoso.azurecr.io: no such host",
                UnknownHost,
            ),
            // A revoked secret, and then the anonymous attempt of a node of AKS.
            (
                "[failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized, failed to authorize: \
                 failed to fetch anonymous token: unexpected status: 401 Unauthorized]",
                Refused,
            ),
            (
                "failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden",
                Forbidden,
            ),
            (
                "failed to authorize: failed to fetch anonymous token: Get \"https://x/\": dial tcp: i/o timeout",
                Unreachable,
            ),
            ("failed to do request: Head \"https://x/v2/\": dial tcp 10.0.0.4:443: i/o timeout", Unreachable),
            (
                "failed to do request: Head \"https://x/v2/\": dial tcp 10.0.0.4:443: connect: connection refused",
                Unreachable,
            ),
            (
                "failed to do request: Head \"https://x/v2/\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
                Certificate,
            ),
            ("no match for platform in manifest: not found", NoPlatform),
            (
                "unexpected status code 429 Too Many Requests - Server message: toomanyrequests: limit",
                TooMany,
            ),
        ] {
            for message in
                [format!("{resolve}{end}"), format!("Failed to pull image \"{image}\": {resolve}{end}")]
            {
                let complaint = Complaint::of("ErrImagePull", &message, image);
                assert_eq!(complaint.meaning, Some(meaning), "{message}");
                assert!(
                    complaint.says_why() && !complaint.message.starts_with("rpc"),
                    "{}",
                    complaint.message
                );
            }
        }
        assert_eq!(Complaint::of("InvalidImageName", "x", image).meaning, Some(InvalidName));
        assert_eq!(Complaint::of("ErrImageNeverPull", "x", image).meaning, Some(NeverPulled));
    }

    #[test]
    fn an_image_whose_name_has_such_words_means_nothing() {
        let message = "Back-off pulling image \"contoso.azurecr.io/timeout/x509:unreachable\"";
        let complaint = Complaint::of("ImagePullBackOff", message, "");
        assert_eq!((complaint.meaning, complaint.message.as_str()), (None, ""));
        let newer = format!("{message}: ErrImagePull: rpc error: code = Unknown desc = odd");
        let complaint = Complaint::of("ImagePullBackOff", &newer, "");
        assert_eq!((complaint.meaning, complaint.message.as_str()), (None, "odd"));
    }

    #[test]
    fn words_of_the_image_are_not_the_reason() {
        for (image, end, meaning) in [
            (
                "contoso.azurecr.io/timeout-svc:v1",
                "contoso.azurecr.io/timeout-svc:v1: not found",
                Meaning::NotFound,
            ),
            (
                "contoso.azurecr.io/timeout-svc:v1",
                "failed to fetch anonymous token: unexpected status from GET request to \
                 https://contoso.azurecr.io/oauth2/token?scope=repository%3Atimeout-svc%3Apull&service=contoso.azurecr.io: 401 \
                 Unauthorized",
                Meaning::NoCredential,
            ),
            (
                "contoso.azurecr.io/web:unreachable",
                "reading manifest unreachable in contoso.azurecr.io/web: manifest unknown",
                Meaning::NotFound,
            ),
            ("timeout", "docker.io/library/timeout:latest: not found", Meaning::NotFound),
            (
                "x/timeout",
                "pull access denied for x/timeout, repository does not exist",
                Meaning::Unauthorized,
            ),
            ("timeout", "pull access denied for timeout, repository does not exist", Meaning::Unauthorized),
            (
                "contoso.azurecr.io/unreachable/web:v1",
                "unexpected status from HEAD request to https://contoso.azurecr.io/v2/unreachable/web/manifests/v1: 403 Forbidden",
                Meaning::Forbidden,
            ),
            ("contoso.azurecr.io/web:v1", "dial tcp 10.0.0.4:443: i/o timeout", Meaning::Unreachable),
        ] {
            let message = format!("Failed to pull image \"{image}\": rpc error: code = Unknown desc = {end}");
            assert_eq!(Complaint::of("ErrImagePull", &message, image).meaning, Some(meaning), "{message}");
        }
    }

    #[test]
    fn a_password_in_an_image_is_not_in_a_message() {
        for image in [
            "bob:hunter2@a.io/web",
            "bob:hunter2\"x@a.io/web",
            "bob:hunter2\\ x\t@a.io/web",
            "bob:a hunter2@a.io/web",
        ] {
            let go = image.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t");
            for message in [
                format!("parse \"{go}\": invalid"),
                format!("Failed to pull image \"{go}\": {image}: odd {go}"),
            ] {
                let complaint = Complaint::of("InvalidImageName", &message, image);
                assert!(!complaint.message.contains("hunter2"), "{message}: {}", complaint.message);
                assert!(complaint.message.contains("a.io/web"), "{}", complaint.message);
            }
        }
        assert_eq!(shortened("denied: image bob:hunter2@a.io/web: x"), "denied: image ***@a.io/web: x");
        assert_eq!(shortened("denied: \"bob:hunter2@a.io/web\""), "denied: \"***@a.io/web\"");
        assert_eq!(shortened("image a.io/web@sha256:00aa is gone"), "image a.io/web@sha256:00aa is gone");
    }

    #[test]
    fn a_long_message_keeps_its_begin_and_its_end() {
        let short = shortened(&format!("begin {} end", "ä".repeat(900)));
        assert!(short.starts_with("begin ") && short.ends_with(" end") && short.chars().count() <= LONGEST);
        assert_eq!(shortened("a"), "a");
    }
}
