//! Dummies: texts of the shape of secret ones, with the same verdict.

use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use policy_core::docker_config::{ConfigError, Credential, decode_auth};
use policy_core::key_defect::shown;
use policy_core::login_server::{Host, classify};
use serde_json::{Map, Value};

use review::spelling::{base64, is_base64};

/// A text of the same length whose letters and digits say nothing. The dummy of a dummy is itself, and that of what is no
/// base64 is none.
pub(crate) fn mask(text: &str) -> String {
    mask_but(text, "")
}

fn mask_but(text: &str, kept: &str) -> String {
    let dummy = |c: char| match c {
        c if kept.contains(c) => c,
        'A'..='Z' => 'X',
        'a'..='z' => 'x',
        '0'..='9' => '0',
        // In JSON it may make an escape, or break one.
        '\\' => c,
        _ => '-',
    };
    text.chars().map(dummy).collect()
}

/// Whether a text is a dummy. That of a number consists of the digit 1, and one of broken JSON has backslashes.
pub(crate) fn is_dummy(text: &str) -> bool {
    text.chars().all(|c| matches!(c, 'x' | 'X' | '0' | '1' | '-' | '\\'))
}

/// What a text means as base64, such as a field of a Secret's `data`.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    let joined: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    BASE64_STANDARD.decode(joined).ok()
}

/// The dummy of a value of `data`, which is base64, or else is not and stays so.
pub(crate) fn data(text: &str) -> String {
    match decoded(text) {
        Some(bytes) => BASE64_STANDARD.encode(mask(&String::from_utf8_lossy(&bytes))),
        None => mask(text),
    }
}

/// The dummy of a password. That of a token has the same end, and the same audience where that is a registry.
pub(crate) fn password(text: &str, registry: &str) -> String {
    let core = text.trim();
    let Some(at) = text.find(core).filter(|_| !core.is_empty()) else { return text.to_owned() };
    let (before, rest) = text.split_at_checked(at).unwrap_or_default();
    let (_, after) = rest.split_at_checked(core.len()).unwrap_or_default();
    let dummy = token(core, registry).unwrap_or_else(|| mask(core));
    format!("{before}{dummy}{after}")
}

/// The dummy of a JSON web token with an end.
fn token(text: &str, registry: &str) -> Option<String> {
    let mut parts = text.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    if !claims.bytes().all(is_base64) {
        return None;
    }
    let claims: Value = serde_json::from_slice(&base64(claims.as_bytes())).ok()?;
    let exp = claims.get("exp").filter(|exp| exp.is_number())?;
    let mut dummy = Map::from_iter([("exp".to_owned(), exp.clone())]);
    let audience = |server: &str| {
        let is_host = classify(server, &[]) == Host::LoginServer
            || server.contains('.') && is_host(server) && shown(registry).contains(server);
        Value::String(if is_host { server.to_owned() } else { mask(server) })
    };
    let audience = match claims.get("aud") {
        Some(Value::String(one)) => Some(audience(one)),
        Some(Value::Array(many)) => Some(many.iter().filter_map(Value::as_str).map(audience).collect()),
        _ => None,
    };
    dummy.extend(audience.map(|audience| ("aud".to_owned(), audience)));
    let claims = BASE64_URL_SAFE_NO_PAD.encode(Value::Object(dummy).to_string());
    Some(format!("{}.{claims}.{}", mask(header), mask(signature)))
}

/// The dummy of an `auth` field, with the same user.
pub(crate) fn auth(text: &str, registry: &str, user: impl Fn(&str) -> String) -> String {
    let encode = |plain: String| {
        if text.trim().ends_with('=') {
            BASE64_STANDARD.encode(plain)
        } else {
            BASE64_STANDARD_NO_PAD.encode(plain)
        }
    };
    match decode_auth(text) {
        Ok(Credential { username, password: secret, .. }) => {
            encode(format!("{}:{}", user(&username), password(&secret, registry)))
        }
        Err(ConfigError::NoColon) => encode(mask(&String::from_utf8_lossy(&base64(text.as_bytes())))),
        Err(_) => mask(text),
    }
}

/// A key of `auths` without the user name and password before its host, and without what follows `?` and `#`.
pub(crate) fn registry(key: &str) -> String {
    const SIGNS: &str = ":/@?#";
    let safe = shown(key);
    if safe == key {
        return if key.chars().all(|c| is_host_character(c) || "/:*[]@".contains(c)) {
            key.to_owned()
        } else {
            mask_but(key, SIGNS)
        };
    }
    let scheme =
        ["https://", "http://"].into_iter().find(|scheme| key.starts_with(scheme)).unwrap_or_default();
    let plain = key.strip_prefix(scheme).unwrap_or(key);
    let (before, safe, after) = match plain.find(safe) {
        Some(at) if !safe.is_empty() => {
            let (before, rest) = plain.split_at_checked(at).unwrap_or_default();
            let (safe, after) = rest.split_at_checked(safe.len()).unwrap_or_default();
            (before, safe, after)
        }
        _ => (plain, "", ""),
    };
    format!("{scheme}{}{safe}{}", mask_but(before, SIGNS), mask_but(after, SIGNS))
}

/// Whether a text can be the host of a registry.
fn is_host(text: &str) -> bool {
    text.contains('.') && text.chars().all(|c| is_host_character(c) && !c.is_uppercase())
}

fn is_host_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}
