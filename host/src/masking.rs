//! Messages without what opens a registry: user names and passwords, tokens, signatures of URLs. The messages come from registries,
//! proxies and container runtimes.
//!
//! Here a credential is known by its form: a header, a name before a value, a user in a URL. `crate::why::mask` comes before, where the
//! message is about a pod whose image has a user name and a password, and so do the values of the Secrets that `why` reads: these are
//! known themselves, so they are found in any form, also in parts and quoted. What one of them hides, the others cannot.

mod named;

use self::named::without_named;

/// Words before a credential of HTTP.
const SCHEMES: [&str; 2] = ["bearer", "basic"];

/// Algorithms of digests.
const DIGESTS: [&str; 3] = ["sha256:", "sha384:", "sha512:"];

/// The least characters of a JSON Web Token, less one.
const LEAST_OF_WEB_TOKEN: usize = 20;

const HIDDEN: &str = "***";

/// The text without credentials.
pub(crate) fn without_credentials(text: &str) -> String {
    let text = without_named(text);
    let mut shown = String::with_capacity(text.len());
    let mut before = "";
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let scheme = before.trim_start_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
        let scheme = scheme.rsplit([':', '=', '"']).next().unwrap_or_default();
        if SCHEMES.contains(&scheme) && is_token(word) {
            shown.push_str(HIDDEN);
        } else {
            shown.push_str(&without_values(word));
        }
        shown.push_str(piece.get(word.len()..).unwrap_or_default());
        before = if word.is_empty() { before } else { word };
    }
    shown
}

/// Whether a word after `Bearer` or `Basic` is a credential, and not a word of a sentence.
fn is_token(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '=');
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    word.len() >= 8 && word.chars().all(is_of_token) && word.chars().any(|c| !c.is_ascii_lowercase())
}

fn without_values(word: &str) -> String {
    without_web_token(&without_queries(&without_user(word)))
}

/// A word without the user before the last `@`, which has a scheme or a colon. A digest has neither user nor host.
fn without_user(word: &str) -> String {
    let is_digest = |rest: &str| {
        let digits = DIGESTS.iter().find_map(|algorithm| rest.strip_prefix(algorithm));
        let next = digits.map(|digits| digits.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
        next.is_some_and(|next| !next.starts_with(|c: char| c.is_alphanumeric() || c == '/' || c == '@'))
    };
    let host =
        word.rmatch_indices('@').find(|(at, _)| word.get(at + 1..).is_some_and(|rest| !is_digest(rest)));
    let Some((user, rest)) = host.and_then(|(at, _)| word.split_at_checked(at)) else {
        return word.to_owned();
    };
    if !user.contains(':') {
        return word.to_owned();
    }
    let quote = if user.starts_with('"') { "\"" } else { "" };
    [quote, HIDDEN, rest].concat()
}

/// A word without the queries of its URLs: that of a layer has a signature with which anyone may read it.
fn without_queries(word: &str) -> String {
    let mut shown = String::with_capacity(word.len());
    let mut rest = word;
    while let Some((before, query)) = rest.split_once('?') {
        shown.push_str(before);
        if !shown.contains("://") && !query.contains('=') {
            shown.push('?');
            rest = query;
            continue;
        }
        let end = query.find('"').unwrap_or_else(|| query.trim_end_matches([':', ',', ']']).len());
        shown.push_str("?…");
        rest = query.get(end..).unwrap_or_default();
    }
    shown + rest
}

/// A word without a JSON Web Token, and without what follows in the word.
fn without_web_token(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    match lower.find("eyj").filter(|at| lower.len() - at > LEAST_OF_WEB_TOKEN) {
        Some(at) => [word.get(..at).unwrap_or_default(), HIDDEN].concat(),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::without_credentials;

    #[test]
    fn credentials_of_each_kind_are_not_shown() {
        for (text, shown) in [
            ("Authorization: Bearer eyJhbGciOi.x.S1CRET", "Authorization: Bearer ***"),
            ("authorization: basic abc", "authorization: basic ***"),
            ("header \"Authorization: Basic Ym9iOmh1bnRlcjI=\"", "header \"Authorization: Basic ***\""),
            ("sent Bearer S1CRET-S1CRET: no", "sent Bearer *** no"),
            ("password=hunter2", "password=***"),
            ("{\"password\":\"hunter2\"}", "{\"password\":\"***\"}"),
            ("refresh_token=S1CRET&a=b", "refresh_token=***"),
            ("x?sig=S1CRET", "x?…"),
            ("/v2/a?sig=S1CRET: EOF", "/v2/a?…: EOF"),
            ("https%3A%2F%2Fx%3Fsig%3DS1CRET", "https%3A%2F%2Fx%3Fsig%3D***"),
            (
                "{\"u\":\"https://a/?b\",\"v\":\"https://c/?sig=S1CRET\"}",
                "{\"u\":\"https://a/?…\",\"v\":\"https://c/?…\"}",
            ),
            ("https://x/a#sig=S1CRET", "https://x/a#sig=***"),
            ("https://x/a?a=\"&sig=S1CRET", "https://x/a?…\"&sig=***"),
            ("dial http://bob:hunter2@proxy:3128", "dial ***@proxy:3128"),
            ("x\nhttps://bob:hunter2@h.io", "x\n***@h.io"),
            ("\"bob:hunter2@a.io/web\"", "\"***@a.io/web\""),
        ] {
            assert_eq!(without_credentials(text), shown);
        }
    }

    #[test]
    fn other_words_are_shown() {
        for text in [
            "no basic auth credentials",
            "basic credentials: none",
            "Requesting bearer token: invalid status code from registry 401 (Unauthorized)",
            "unable to retrieve auth token: invalid username/password: unauthorized: authentication required",
            "read unix @->/run/containerd/containerd.sock: read: connection reset by peer",
            "a.io/web@sha256:00aa: not found",
            "\"a.io:5000/web:v1@sha256:00aa\": x",
            "why? because",
            "secret shop/acr-secret: absent",
            "failed to fetch oauth token: unexpected status",
        ] {
            assert_eq!(without_credentials(text), text);
        }
    }

    proptest! {
        #[test]
        fn a_value_is_in_no_text(begin in "[a-z:/ \"?&=]{0,12}", end in "[a-z:/ \"?&=@]{0,12}") {
            for name in ["password=", "x&sig=", "?sig=", "access_token=", "Authorization: Bearer ", "https://u:"] {
                let host = if name.starts_with("https") { "@h.io" } else { "" };
                let shown = without_credentials(&format!("{begin} {name}HUNTER2{host} {end}"));
                prop_assert!(!shown.contains("HUNTER2"), "{}", shown);
            }
        }
    }
}
