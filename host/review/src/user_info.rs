//! User names and passwords before the host of an image or a registry.
//!
//! The policy's core has its own copy, because it builds without this library.

use std::borrow::Cow;

/// A reference as it may be shown: text before an `@` that does not begin a digest may be a user name and a password.
pub fn without_user_info(text: &str) -> Cow<'_, str> {
    let last =
        text.rmatch_indices('@').find(|(at, _)| text.get(at + 1..).is_some_and(|rest| !is_digest(rest)));
    match last.and_then(|(at, _)| text.get(at..)) {
        Some(rest) => Cow::Owned(["***", rest].concat()),
        None => Cow::Borrowed(text),
    }
}

/// Whether there may be a user name and a password in a text.
pub(crate) fn has_user_info(text: &str) -> bool {
    matches!(without_user_info(text), Cow::Owned(_))
}

/// Whether a text, which may end in a quote, is a digest or the beginning of one.
fn is_digest(text: &str) -> bool {
    ["sha256:", "sha384:", "sha512:"].iter().any(|algorithm| {
        let digits = text.strip_prefix(algorithm).map(|rest| rest.trim_end_matches(['"', '\'']));
        digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    })
}

#[cfg(test)]
mod tests {
    use super::without_user_info;

    #[test]
    fn a_password_before_the_registry_is_not_shown() {
        for (text, shown) in [
            ("contoso.azurecr.io/p:v1", "contoso.azurecr.io/p:v1"),
            ("contoso.azurecr.io/p@sha256:0", "contoso.azurecr.io/p@sha256:0"),
            ("robot:hunter2@contoso.azurecr.io/p:v1", "***@contoso.azurecr.io/p:v1"),
            ("https://robot:hunter2@contoso.azurecr.io/p@sha256:0", "***@contoso.azurecr.io/p@sha256:0"),
            ("robot:hun@ter2@contoso.azurecr.io", "***@contoso.azurecr.io"),
            ("robot:p@sha256:hunter2@contoso.azurecr.io", "***@contoso.azurecr.io"),
            ("robot:p@sha256:0@contoso.azurecr.io", "***@contoso.azurecr.io"),
            ("robot:hunter2@", "***@"),
            ("robot:hunter2@sha512:443/app", "***@sha512:443/app"),
            ("contoso.azurecr.io/p@sha384:0", "contoso.azurecr.io/p@sha384:0"),
            ("", ""),
        ] {
            assert_eq!(without_user_info(text), shown);
        }
    }
}
