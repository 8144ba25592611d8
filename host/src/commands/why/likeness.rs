//! Messages about two pods that say the same: what differs is the pod, its node, and what a connection or a request has of its own.

use std::net::{IpAddr, SocketAddr};

/// What replaces a part that differs.
const OTHER: &str = "…";

/// The least hexadecimal digits of a digest or of the name of a container.
const LEAST_OF_DIGEST: usize = 32;

/// The dashes of a UUID are after so many digits each.
const PARTS_OF_UUID: [usize; 5] = [8, 4, 4, 4, 12];

/// A message without names of the pod and its node, addresses with their ports, UUIDs and digests.
pub(super) fn of_any_pod(message: &str, names: &[&str]) -> String {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || ".:-[]".contains(c);
    let mut shown = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        let is_word = is_of_word(first);
        let end = rest.find(|c| is_of_word(c) != is_word).unwrap_or(rest.len());
        let (part, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        // `10.0.0.4:53211->20.1.2.3:443: EOF`
        let word = part.trim_matches(['.', ':', '-']);
        if is_word && !word.is_empty() && (names.contains(&word) || is_own(word)) {
            shown.push_str(&part.replace(word, OTHER));
        } else {
            shown.push_str(part);
        }
        rest = after;
    }
    shown
}

/// Whether a word is an address, a UUID or a digest.
fn is_own(word: &str) -> bool {
    let digits = word.rsplit(':').next().unwrap_or(word);
    let is_hex = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_uuid = || {
        let parts = word.split('-').map(|part| if is_hex(part) { part.len() } else { 0 });
        parts.eq(PARTS_OF_UUID)
    };
    word.parse::<SocketAddr>().is_ok()
        || word.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
        || (digits.len() >= LEAST_OF_DIGEST && is_hex(digits))
        || is_uuid()
}

#[cfg(test)]
mod tests {
    use super::of_any_pod;

    #[test]
    fn messages_of_two_pods_are_the_same_but_for_what_each_has_of_its_own() {
        let same = |one: &str, other: &str| {
            of_any_pod(one, &["web-a", "node-1"]) == of_any_pod(other, &["web-b", "node-2"])
        };
        for (one, other, is_same) in [
            (
                "read tcp 10.0.0.4:53211->20.1.2.3:443: odd",
                "read tcp 10.0.0.4:40112->20.1.2.3:443: odd",
                true,
            ),
            ("read tcp 10.0.0.4:53211->20.1.2.3:443: odd", "read tcp 10.0.9.7:1->20.1.2.4:443: odd", true),
            (
                "read tcp [fd00::4]:53211->[fd00::1]:443: odd",
                "read tcp [fd00::5]:2->[fd00::1]:443: odd",
                true,
            ),
            (
                "read tcp 10.0.0.4:53211->20.1.2.3:443: odd",
                "read tcp 10.0.0.4:53211->20.1.2.3:443: even",
                false,
            ),
            ("from 10.0.0.4, odd", "from fd00::4, odd", true),
            ("pod web-a: odd", "pod web-b: odd", true),
            (
                "pod web-a_shop(11ab22cd-0000-4000-8000-0123456789ab)",
                "pod web-b_shop(21ab22cd-0000-4000-8000-0123456789ab)",
                true,
            ),
            ("pod web-a-2: odd", "pod web-b-2: odd", false),
            ("node \"node-1\" is odd", "node \"node-2\" is odd", true),
            (
                "request 11ab22cd-0000-4000-8000-0123456789ab is odd",
                "request 21ab22cd-0000-4000-8000-0123456789ab is odd",
                true,
            ),
            (
                "sha256:0123456789abcdef0123456789abcdef: odd",
                "sha256:1123456789abcdef0123456789abcdef: odd",
                true,
            ),
            ("status 418", "status 599", false),
            ("port 443", "port 8443", false),
            ("lookup a.io", "lookup b.io", false),
            ("", "", true),
        ] {
            assert_eq!(same(one, other), is_same, "{one}: {other}");
        }
    }
}
