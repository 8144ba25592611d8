//! The claims of a registry token. They are only read: nothing here verifies a signature.

use crate::base64::decode_url;
use crate::json::{self, Value};

/// The claims of a token. Azure/acr: docs/AAD-OAuth.md
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// When it ends, in seconds since 1970
    pub(crate) expires: u64,
    /// The login servers it is for; empty if it does not name any
    pub(crate) audience: Vec<String>,
}

impl Token {
    /// The token in a password; `None` if it is not a JSON web token with an expiry.
    pub(crate) fn of(password: &str) -> Option<Self> {
        let mut parts = password.trim().split('.');
        let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let claims = String::from_utf8(decode_url(claims)?).ok()?;
        let claims = json::value(&claims).ok()?;
        let audience = match claims.get("aud") {
            Some(Value::String(one)) => vec![one.clone().into_owned()],
            Some(Value::Array(many)) => {
                many.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
            }
            _ => Vec::new(),
        };
        let expires = claims.get("exp")?.as_number()?;
        Some(Self { expires: saturated(expires), audience })
    }

    /// Whether it is for the registry at `host`.
    pub(crate) fn is_for(&self, host: &str) -> bool {
        self.audience.is_empty() || self.audience.iter().any(|server| server.eq_ignore_ascii_case(host))
    }
}

/// A time of a token, which may have a fraction.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn saturated(seconds: f64) -> u64 {
    seconds as u64
}
