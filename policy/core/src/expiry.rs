//! When the credentials of a pull secret end. A registry token contains its end. The end of any other password is known only
//! if the secret's annotation announces it.

use crate::json::{self, Value};
use crate::pull_secret::PullSecret;
use crate::request::RequestError;
use crate::timestamp::parse;
use crate::token::Token;

/// The annotation of a pull secret that announces the end of its credentials, as RFC 3339.
pub(crate) const ANNOTATION: &str = "acr-pull-secret/expires";

/// Its JSON pointer.
pub(crate) const ANNOTATION_POINTER: &str = "/metadata/annotations/acr-pull-secret~1expires";

/// What the annotation of a pull secret says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Announced {
    /// There is none
    #[default]
    Nothing,
    /// The end, in seconds since 1970
    End(u64),
    /// It is not an RFC 3339 time
    Unreadable,
}

impl Announced {
    /// Reads the annotation of a Secret, whose data it does not need.
    pub(crate) fn of(secret: &Value<'_>) -> Self {
        match secret.at(&["metadata", "annotations", ANNOTATION]) {
            None => Self::Nothing,
            Some(text) => text.as_str().and_then(parse).map_or(Self::Unreadable, Self::End),
        }
    }
}

/// The known end of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    /// In seconds since 1970
    pub(crate) at: u64,
    /// Whether the annotation announces it; otherwise a token contains it
    pub(crate) is_announced: bool,
}

impl End {
    /// The earlier one of a credential's two ends.
    pub(crate) fn of(token: Option<u64>, announced: Announced) -> Option<Self> {
        match announced {
            Announced::End(at) if token.is_none_or(|token| at < token) => {
                Some(Self { at, is_announced: true })
            }
            _ => token.map(|at| Self { at, is_announced: false }),
        }
    }
}

/// The first end of the credentials in the JSON of a Secret: `{"ends", "announced", "now"}`, times in seconds since 1970, of
/// which `now` is 0 if it is not known. `{}` if no end is known.
///
/// # Errors
/// - the text is not JSON that can be read
pub(crate) fn explain(text: &str, now: Option<u64>) -> Result<String, RequestError> {
    let secret = json::value(text).map_err(|e| RequestError::unreadable("the Secret", &e))?;
    let mut first: Option<u64> = None;
    if let PullSecret::Usable { credentials, .. } = PullSecret::of(&secret) {
        for (_, credential) in credentials {
            if let Some(token) = Token::of(&credential.password) {
                first = Some(first.unwrap_or(u64::MAX).min(token.expires));
            }
        }
    }
    Ok(match End::of(first, Announced::of(&secret)) {
        Some(End { at, is_announced }) => {
            format!(r#"{{"ends":{at},"announced":{is_announced},"now":{}}}"#, now.unwrap_or_default())
        }
        None => "{}".to_owned(),
    })
}
