//! What the kubelet reports about a pull, in few words. Its messages contain those of the container runtime and the registry.

use super::mask::{masked, unquoted};
use super::meaning::Meaning;
use crate::masking::without_credentials;

/// The most characters that are shown of a message.
const LONGEST: usize = 160;

/// The most characters of a word that is left out as a whole.
const LONGEST_WORD: usize = 20;

/// The most characters of a host that is shown.
const MOST_OF_HOST: usize = 100;

/// Beginnings of messages that come before the reason.
const BEGINNINGS: [&str; 8] = [
    "Failed to pull image ",
    "Failed to inspect image ",
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
    /// The end of the message, which says why, shortened; empty where it does not
    pub message: String,
    /// The same in full
    pub whole: String,
    /// What it means, where that is known
    pub meaning: Option<Meaning>,
    /// The host that was asked, where the message names it: layers may come from another one than the image
    pub host: Option<String>,
}

impl Complaint {
    /// Of a container that waits for this image, or of an event.
    pub fn of(reason: &str, message: &str, image: &str) -> Self {
        let message = masked(message, image);
        let meaning = Meaning::of(reason, &message, image);
        let whole = without_credentials(core(&message));
        Self {
            reason: reason.to_owned(),
            host: asked_host(&message),
            message: bounded(&whole, LONGEST),
            whole,
            meaning,
        }
    }

    /// Whether it says more than that the kubelet waits for its next attempt.
    pub fn says_why(&self) -> bool {
        !self.message.is_empty()
    }
}

/// The host of the last request, as Go writes it: `Get "https://HOST/`, `lookup HOST on SERVER`.
fn asked_host(message: &str) -> Option<String> {
    let begins = ["lookup ", "Get \"https://", "Head \"https://", "Post \"https://", "request to https://"];
    // The errors are nested, and the innermost comes last.
    let last = begins.iter().filter_map(|begin| message.rfind(begin).map(|at| at + begin.len())).max()?;
    let rest = message.get(last..)?;
    let host =
        rest.split(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '?')).next()?.trim_end_matches(':');
    let is_host = |host: &str| {
        host.contains('.') && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:".contains(c))
    };
    (host.len() <= MOST_OF_HOST && is_host(host)).then(|| host.to_owned())
}

/// Whether a message names this image, in quotes or in the ways of CRI-O and of the kubelet's own errors.
pub(super) fn names(message: &str, image: &str) -> bool {
    let quoted = unquoted(message);
    let has_end = |rest: &str| {
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        rest.chars().next().is_none_or(|c| c.is_whitespace() || c == '"')
    };
    spellings(image).iter().any(|name| {
        let docker = format!("docker://{name}");
        quoted.contains(&format!("\"{name}\""))
            || message.contains(&format!("image pull failed for {name} because"))
            || message
                .match_indices(&docker)
                .any(|(at, _)| message.get(at + docker.len()..).is_some_and(has_end))
    })
}

/// How the kubelet and the container runtimes write an image: with the default tag, with Docker Hub's host, without a tag beside a
/// digest. reference: `ParseDockerRef`, `TagNameOnly`
fn spellings(image: &str) -> Vec<String> {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let is_tagged = name.rsplit('/').next().is_some_and(|last| last.contains(':'));
    let mut spellings = vec![image.to_owned()];
    match digest {
        Some(digest) if is_tagged => {
            spellings.extend(name.rsplit_once(':').map(|(name, _)| format!("{name}@{digest}")));
        }
        None if !is_tagged => spellings.push(format!("{image}:latest")),
        _ => {}
    }
    let has_host =
        image.split_once('/').is_some_and(|(host, _)| host.contains(['.', ':']) || host == "localhost");
    if !has_host {
        let folder = if image.contains('/') { "" } else { "library/" };
        spellings.extend(spellings.clone().iter().map(|name| format!("docker.io/{folder}{name}")));
    }
    spellings
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

/// A message in its first and last characters, without credentials.
pub fn shortened(message: &str) -> String {
    bounded(&without_credentials(message), LONGEST)
}

/// A text in its first and last words, which have so many characters at most. Only a long word is cut.
pub(super) fn bounded(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let half = (most - 1) / 2;
    let short = between_words(text, half, count - half);
    if short.chars().count() + (2 * LONGEST_WORD).min(most / 3) >= most {
        return short;
    }
    let begin = text.chars().take(half);
    begin.chain(['…']).chain(text.chars().skip(count - half)).collect()
}

/// A text without what is between these two characters, and without what is left of words there.
pub(super) fn between_words(text: &str, begin: usize, end: usize) -> String {
    let at = |character: usize| text.char_indices().nth(character).map_or(text.len(), |(at, _)| at);
    let (before, middle, after) = (text.get(..at(begin)), text.get(at(begin)..at(end)), text.get(at(end)..));
    let [before, middle, after] = [before, middle, after].map(Option::unwrap_or_default);
    let before = if middle.starts_with(char::is_whitespace) {
        before
    } else {
        let space = before.char_indices().rfind(|(_, c)| c.is_whitespace());
        space.and_then(|(at, c)| before.get(..at + c.len_utf8())).unwrap_or_default()
    };
    let after = if middle.ends_with(char::is_whitespace) {
        after
    } else {
        after.find(char::is_whitespace).and_then(|at| after.get(at..)).unwrap_or_default()
    };
    let is_followed = !after.is_empty() || text.ends_with(char::is_whitespace);
    if !is_followed || after.starts_with(char::is_whitespace) {
        return format!("{before}…{after}");
    }
    // The next word keeps the space in front of it, which what is before it loses.
    let whole = before.strip_suffix(char::is_whitespace);
    let whole = whole.or_else(|| Some(before.rsplit_once(char::is_whitespace)?.0)).unwrap_or_default();
    format!("{whole}… {after}")
}

#[cfg(test)]
mod tests {
    use super::{Complaint, LONGEST, bounded, names, shortened};
    use crate::why::mask::tests::quoted;

    #[test]
    fn a_text_that_is_too_long_loses_whole_words() {
        for (text, most, shown) in [
            ("failed to setup the network of the sandbox", 50, "failed to setup the network of the sandbox"),
            ("failed to setup the network of the sandbox", 31, "failed to setup… of the sandbox"),
            ("failed to setup the network of the sandbox", 29, "failed to… of the sandbox"),
            ("contoso.azurecr.io/shop/web:v1", 11, "conto…eb:v1"),
            (&format!("{} b", "a".repeat(200)), 101, &format!("{}…{} b", "a".repeat(50), "a".repeat(48))),
        ] {
            assert_eq!(bounded(text, most), shown);
        }
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
    fn a_password_in_an_image_is_not_in_a_message() {
        for image in [
            "bob:hunter2@a.io/web",
            "bob:hunter2\"x@a.io/web",
            "bob:hunter2\\ x\t@a.io/web",
            "bob:a hunter2@a.io/web",
            "bob:hunter2\u{7} x@a.io/web",
            "bob:hunter2\u{feff} x@a.io/web",
            "bob:hunter2\u{e0001} x@a.io/web",
        ] {
            let go = quoted(image);
            for message in [
                format!("parse \"{go}\": invalid"),
                format!("invalid port \":hunter2\" after host of \"{go}\""),
                format!("Failed to pull image \"{go}\": {image}: odd {go}"),
            ] {
                let complaint = Complaint::of("InvalidImageName", &message, image);
                assert!(!complaint.message.contains("hunter2"), "{message}: {}", complaint.message);
                assert!(complaint.message.contains("a.io/web"), "{}", complaint.message);
            }
        }
        assert_eq!(shortened("denied: image bob:hunter2@a.io/web: x"), "denied: image ***@a.io/web: x");
        assert_eq!(shortened("denied: \"bob:hunter2@a.io/web\""), "denied: \"***@a.io/web\"");
        for (message, shown) in [
            (
                "Get \"https://x.windows.net/a?sig=hunter2&b=c\": EOF",
                "Get \"https://x.windows.net/a?…\": EOF",
            ),
            (
                "GET request to https://x/a?sig=hunter2: 401 Unauthorized",
                "GET request to https://x/a?…: 401 Unauthorized",
            ),
            ("why? because", "why? because"),
        ] {
            assert_eq!(shortened(message), shown);
        }
        assert_eq!(shortened("image a.io/web@sha256:00aa is gone"), "image a.io/web@sha256:00aa is gone");
    }

    #[test]
    fn a_long_message_keeps_its_begin_and_its_end() {
        let short = shortened(&format!("begin {} end", "ä".repeat(900)));
        assert!(short.starts_with("begin ") && short.ends_with(" end") && short.chars().count() <= LONGEST);
        assert_eq!(shortened("a"), "a");
    }

    #[test]
    fn an_image_is_named_in_quotes_or_as_runtimes_write_it() {
        for (image, message, is_named) in [
            ("a.io/web", "Back-off pulling image \"a.io/web\"", true),
            ("a.io/web", "failed to pull and unpack image \"a.io/web:latest\": x", true),
            ("a.io/web", "Back-off pulling image \"a.io/web:v1\"", false),
            ("a.io/web:v1", "initializing source docker://a.io/web:v1: reading manifest", true),
            ("a.io/web:v1", "initializing source docker://a.io/web:v12: reading manifest", false),
            ("a.io:5000/web", "failed to resolve reference \"a.io:5000/web:latest\"", true),
            ("a.io/web:v1@sha256:00", "failed to resolve reference \"a.io/web@sha256:00\"", true),
            ("web", "failed to pull and unpack image \"docker.io/library/web:latest\"", true),
            ("x/web:v1", "failed to pull and unpack image \"docker.io/x/web:v1\"", true),
            ("timeout", "dial tcp 10.0.0.4:443: i/o timeout", false),
            ("a\u{1b}b", "Failed to pull image \"a\\x1bb\": x", true),
        ] {
            assert_eq!(names(message, image), is_named, "{image}: {message}");
        }
    }

    #[test]
    fn the_host_that_was_asked_may_be_that_of_the_layers() {
        for (message, host) in [
            (
                "failed to do request: Head \"https://a.azurecr.io/v2/\": dial tcp: lookup a.azurecr.io on 10.0.0.10:53: no such host",
                Some("a.azurecr.io"),
            ),
            (
                "failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://x.blob.core.windows.net/a?sig=b\": dial tcp 20.0.0.1:443: i/o timeout",
                Some("x.blob.core.windows.net"),
            ),
            (
                "Get \"https://a.io/v2/\": dial tcp: lookup x.privatelink.io: no such host",
                Some("x.privatelink.io"),
            ),
            ("Get \"https://reader:hunter2@a.io/v2/\": EOF", None),
            ("Get \"https://$(id)/v2/\": EOF", None),
            (
                "denied: client with IP '1.2.3.4' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.",
                None,
            ),
        ] {
            assert_eq!(Complaint::of("ErrImagePull", message, "").host.as_deref(), host, "{message}");
        }
    }
}
