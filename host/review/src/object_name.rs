//! Names of Kubernetes objects, as the API server accepts them.

/// Why a text cannot be the name of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a valid name of a Secret
    #[error(
        "a name has at most 253 characters, a-z, 0-9, - and ., and begins and ends with a letter or digit, as does each \
         part between dots"
    )]
    Subdomain,
    /// Not a valid name of a namespace
    #[error(
        "a namespace has at most 63 characters, a-z, 0-9 and -, and begins and ends with a letter or digit"
    )]
    Label,
}

/// Reads the name of a Secret. apimachinery: pkg/util/validation/validation.go `IsDNS1123Subdomain`
///
/// # Errors
/// - the API server would refuse it
pub fn parse_name(text: &str) -> Result<String, NameError> {
    let is_name = text.len() <= 253 && text.split('.').all(is_label);
    if is_name { Ok(text.to_owned()) } else { Err(NameError::Subdomain) }
}

/// Reads the name of a namespace. apimachinery: pkg/util/validation/validation.go `IsDNS1123Label`
///
/// # Errors
/// - the API server would refuse it
pub fn parse_namespace(text: &str) -> Result<String, NameError> {
    if text.len() <= 63 && is_label(text) { Ok(text.to_owned()) } else { Err(NameError::Label) }
}

fn is_label(text: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(is_alphanumeric)
        && text.ends_with(is_alphanumeric)
        && text.chars().all(|c| is_alphanumeric(c) || c == '-')
}
