//! References of policies in registries.

use std::str::FromStr as _;

use oci_client::Reference;

use crate::registry::RegistryError;
use review::user_info::without_user_info;

/// Reads `contoso.azurecr.io/policies/acr-pull-secret:v0.1.0`, with or without `registry://`, by tag or by digest. Without a
/// tag, `latest` applies, as usual.
///
/// # Errors
/// - anything else
pub fn parse(text: &str) -> Result<Reference, RegistryError> {
    let refuse = |problem: &str| RegistryError::Reference {
        text: without_user_info(text).into_owned(),
        problem: problem.to_owned(),
    };
    let rest = text.strip_prefix("registry://").unwrap_or(text);
    if rest.contains("://") {
        return Err(refuse("leave out the part before ://, or write registry://"));
    }
    let Some((host, path)) = rest.split_once('/').filter(|(host, _)| is_host(host)) else {
        return Err(refuse("it must start with a registry, such as contoso.azurecr.io/"));
    };
    let repository = path.split([':', '@']).next().unwrap_or_default();
    if repository.contains(char::is_uppercase) {
        return Err(refuse("repositories are lowercase"));
    }
    let reference = Reference::from_str(rest).map_err(|error| refuse(&error.to_string()))?;
    // The library would go to Docker Hub with what it cannot read as a host.
    if reference.registry() == host { Ok(reference) } else { Err(refuse("it does not name a registry")) }
}

/// Whether a reference names a tag or a digest, so that none has to be guessed.
pub fn is_exact(text: &str) -> bool {
    text.rsplit('/').next().is_some_and(|last| last.contains([':', '@']))
}

/// The reference with the digest, which always means these bytes.
pub fn immutable(reference: &Reference, digest: &str) -> String {
    format!("{}/{}@{digest}", reference.registry(), reference.repository())
}

fn is_host(text: &str) -> bool {
    text.contains(['.', ':']) || text == "localhost"
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn references_are_read_with_and_without_a_scheme() {
        for text in [
            "registry://contoso.azurecr.io/policies/acr-pull-secret:v0.1.0",
            "contoso.azurecr.io/policies/acr-pull-secret:v0.1.0",
        ] {
            let reference = parse(text).unwrap();
            assert_eq!(reference.registry(), "contoso.azurecr.io");
            assert_eq!(reference.repository(), "policies/acr-pull-secret");
            assert_eq!(reference.tag(), Some("v0.1.0"));
        }
        assert_eq!(parse("localhost:5000/p").unwrap().tag(), Some("latest"));
    }

    #[test]
    fn what_names_no_registry_is_refused_with_the_fix() {
        for (text, fix) in [
            ("policies/acr-pull-secret:v0.1.0", "contoso.azurecr.io/"),
            ("acr-pull-secret", "contoso.azurecr.io/"),
            ("https://contoso.azurecr.io/policies/x:v1", "registry://"),
            ("contoso.azurecr.io/Policies/x:v1", "lowercase"),
            ("contoso.azurecr.io/", "invalid reference format"),
            ("contoso.azurecr.io/x@sha256:12", "invalid reference format"),
            ("", "contoso.azurecr.io/"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(fix), "{error}");
        }
    }
}
