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
        let Value::Number(expires) = claims.get("exp")? else { return None };
        Some(Self { expires: *expires, audience })
    }

    /// Whether it is for the registry at `host`.
    pub(crate) fn is_for(&self, host: &str) -> bool {
        self.audience.is_empty() || self.audience.iter().any(|server| server.eq_ignore_ascii_case(host))
    }
}

/// A time and how far it is from now: `2026-01-02 at 03:04 UTC, 40 days ago`.
pub(crate) fn when(seconds: u64, now: Option<u64>) -> String {
    let (hour, minute) = (seconds / 3600 % 24, seconds / 60 % 60);
    let time = format!("{} at {hour:02}:{minute:02} UTC", day(seconds));
    let Some(now) = now else { return time };
    let (unit, count) = match seconds.abs_diff(now) {
        far if far >= 86_400 => ("day", far / 86_400),
        far if far >= 3600 => ("hour", far / 3600),
        near => ("minute", near.div_ceil(60).max(1)),
    };
    let plural = if count == 1 { "" } else { "s" };
    if seconds > now {
        format!("{time}, in {count} {unit}{plural}")
    } else {
        format!("{time}, {count} {unit}{plural} ago")
    }
}

/// The day of a time, as `2026-11-24`.
/// Howard Hinnant: "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`
fn day(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}
