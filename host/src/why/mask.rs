//! Messages without the user names and passwords of a pod's images, in whole or in part: they are known from the pod, so they are
//! found whatever they look like. `crate::masking` comes after, and hides what looks like a credential in any message.

use std::borrow::Cow;

use review::user_info::without_user_info;

/// What is shown of a user name and a password.
const MASK: &str = "***";

/// The least characters of a part of a password that is not shown: fewer occur in any message.
const LEAST_OF_PASSWORD: usize = 4;

/// The most parts of a password that are looked for. A message about more of them is not shown.
const MOST_PARTS: usize = 64;

/// How often one quoted text is in another at most.
const MOST_QUOTES: usize = 2;

/// Beginnings of URLs, which are no parts of a password.
const SCHEMES: [&str; 3] = ["http", "https", "docker"];

/// A message without the query, the user name and the password of this image, as they are and as Go quotes them (`%q`), also one in the
/// other. Errors of URLs contain parts of them: `invalid port ":PASSWORD" after host`.
pub fn masked(message: &str, image: &str) -> String {
    let message = without_query(message, image);
    let message = message.as_ref();
    let shown = without_user_info(image);
    let Some(rest) = shown.strip_prefix(MASK).filter(|_| shown != image) else { return message.to_owned() };
    let user_info = image.strip_suffix(rest).unwrap_or(image);
    let is_end = |c: char| c.is_whitespace() || c.is_control() || ":@/\"'\\".contains(c);
    let is_sign = |c: char| !c.is_alphanumeric();
    let is_secret = |part: &&str| part.chars().count() >= LEAST_OF_PASSWORD && !SCHEMES.contains(part);
    // A longer part may contain a shorter one.
    let mut parts: Vec<&str> =
        user_info.split(is_end).chain(user_info.split(is_sign)).filter(is_secret).collect();
    parts.sort_unstable_by_key(|part| (std::cmp::Reverse(part.len()), *part));
    parts.dedup();
    if parts.len() > MOST_PARTS {
        return MASK.to_owned();
    }
    let without = |message: &str| {
        let message = message.replace(image, &shown);
        parts.iter().fold(message, |message, part| message.replace(part, MASK))
    };
    (0..MOST_QUOTES).fold(without(message), |message, _| without(&unquoted(&message)))
}

/// A message without the query of this image, which is that of a URL: no valid reference has one.
fn without_query<'m>(message: &'m str, image: &str) -> Cow<'m, str> {
    let query = image.split_once('?').map(|(_, query)| query);
    match query.filter(|query| query.chars().count() >= LEAST_OF_PASSWORD) {
        Some(query) => Cow::Owned(message.replace(query, "…")),
        None => Cow::Borrowed(message),
    }
}

/// A text in which the escape sequences of Go's `strconv.Quote` are the characters that they are for. What Go escapes depends on
/// its version of Unicode, so a text cannot be quoted as Go does it.
pub(super) fn unquoted(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut read = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        read.push_str(before);
        let (c, end) = escaped(after).unwrap_or(('\\', after));
        read.push(c);
        rest = end;
    }
    read.push_str(rest);
    Cow::Owned(read)
}

/// The character of an escape sequence behind its `\`, and the rest of the text.
fn escaped(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    let digits = match chars.next()? {
        'a' => return Some(('\u{7}', chars.as_str())),
        'b' => return Some(('\u{8}', chars.as_str())),
        'f' => return Some(('\u{c}', chars.as_str())),
        'n' => return Some(('\n', chars.as_str())),
        'r' => return Some(('\r', chars.as_str())),
        't' => return Some(('\t', chars.as_str())),
        'v' => return Some(('\u{b}', chars.as_str())),
        c @ ('"' | '\\') => return Some((c, chars.as_str())),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return None,
    };
    let (digits, rest) = chars.as_str().split_at_checked(digits)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some((char::from_u32(code)?, rest))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::{LEAST_OF_PASSWORD, masked};
    use crate::why::kubelet::{Complaint, shortened};

    /// Go: `strconv.Quote`. The characters of these tests that Go does not print are those above U+E000.
    pub(in crate::why) fn quoted(text: &str) -> String {
        let escaped = |c: char| match c {
            '"' | '\\' => format!("\\{c}"),
            '\u{7}' => "\\a".to_owned(),
            '\u{8}' => "\\b".to_owned(),
            '\u{c}' => "\\f".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            '\u{b}' => "\\v".to_owned(),
            c if c < ' ' || c == '\u{7f}' => format!("\\x{:02x}", u32::from(c)),
            '\u{10000}'.. => format!("\\U{:08x}", u32::from(c)),
            '\u{e000}'.. => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        };
        text.chars().map(escaped).collect()
    }

    /// The letters of these passwords are in no other text.
    fn password() -> impl Strategy<Value = String> {
        let special = "\u{7}\u{8}\u{c}\n\r\t\u{b}\u{1b}\u{7f}\u{e000}\u{feff}\u{e0001}\u{10ffff} \"'\\:@/?";
        let letters = proptest::sample::select("жцщъыьэюя".chars().collect::<Vec<char>>());
        let special = proptest::sample::select(special.chars().collect::<Vec<char>>());
        let c = prop_oneof![3 => letters, 1 => special];
        proptest::collection::vec(c, 1..24).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn no_part_of_a_password_in_an_image_is_in_a_message(password in password()) {
            let image = format!("{password}@contoso.azurecr.io/web");
            let (go, twice) = (quoted(&image), quoted(&quoted(&image)));
            for message in [
                format!("Failed to apply default image tag \"{go}\": couldn't parse image name \"{image}\": invalid"),
                format!("desc = \"parse \\\"{twice}\\\": invalid\""),
                format!("image {image} and {go}"),
                format!("parse \"https://{}\": net/url: invalid control character in URL", quoted(&password)),
                format!("invalid port \":{}\" after host", quoted(&password)),
                format!("dial tcp: lookup {password}: no such host"),
            ] {
                let shown = shortened(&masked(&message, &image));
                let complaint = Complaint::of("InvalidImageName", &message, &image);
                let letters = |c: &char| ('ж'..='я').contains(c);
                let mut parts = password.split(|c| !letters(&c));
                let is_shown = |part: &str| {
                    let all: Vec<char> = part.chars().collect();
                    let mut windows = all.windows(LEAST_OF_PASSWORD).map(String::from_iter);
                    windows.any(|part| shown.contains(&part) || complaint.message.contains(&part))
                };
                prop_assert!(!parts.any(is_shown), "{password:?}: {message}: {shown}");
            }
        }
    }
}
