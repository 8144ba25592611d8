//! Names of Kubernetes objects.

/// RFC 1123 subdomain, as names of Secrets are.
/// apimachinery: pkg/util/validation/validation.go `IsDNS1123Subdomain`
pub(crate) fn is_dns_subdomain(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_label = |label: &str| {
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(inner)
    };
    name.len() <= 253 && name.split('.').all(is_label)
}
