//! JSON Web Tokens (RFC 7519), as which registries of Azure give out short-lived passwords.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::Deserialize;

use super::time::Time;

#[derive(Deserialize)]
struct Claims {
    /// In seconds since 1970, which may have fractions
    exp: f64,
}

/// When a password ends that is a token and says so. The signature is not checked: the registry does that.
pub fn end(password: &str) -> Option<Time> {
    let mut parts = password.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let Claims { exp } = serde_json::from_slice(&claims).ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number beyond i64 becomes the nearest, which no year has"
    )]
    Time::of_unix(exp as i64)
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

    use super::end;

    #[test]
    fn a_token_says_when_it_ends() {
        let token =
            |claims: &str| format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let ends = |password: &str| end(password).map(|time| time.to_string());
        assert_eq!(ends(&token(r#"{"exp":1801483200}"#)).as_deref(), Some("2027-02-01T12:00:00Z"));
        assert_eq!(ends(&token(r#"{"exp":1801483200.9}"#)).as_deref(), Some("2027-02-01T12:00:00Z"));
        for claims in ["{}", r#"{"exp":"1801483200"}"#, r#"{"exp":1e300}"#, r#"{"exp":null}"#, "[]", "x", ""]
        {
            assert_eq!(ends(&token(claims)), None, "{claims}");
        }
        for password in ["", "a.b", "a.b.c.d", "..", "hunter2", "a.!.c"] {
            assert_eq!(ends(password), None, "{password}");
        }
    }
}
