//! Outputs of `az` that are neither JSON nor YAML.

use super::error::AzureError;

/// What such an output is, and what to type for JSON.
pub(super) fn format(text: &str) -> AzureError {
    const JSON: &str = "leave out -o and --query: --from-az reads JSON, which az prints by itself, and YAML";
    let text = text.trim();
    let second = text.lines().nth(1).unwrap_or_default().trim();
    let (what, help) = if text.starts_with("WARNING:") || text.starts_with("ERROR:") {
        ("mixed with the messages of az", "leave out 2>&1: the messages of az are on standard error")
    } else if text.starts_with('{') || text.starts_with('[') {
        ("not complete JSON", "pass the whole output of the az command")
    } else if text.contains('\t') {
        ("what -o tsv prints, which does not name its fields", JSON)
    } else if second.starts_with("--") {
        ("what -o table prints, which cuts values", JSON)
    } else if text.lines().count() == 1 {
        (
            "one value without its user",
            "leave out --query, or pass the value with --username and --password-stdin",
        )
    } else {
        ("not one document of JSON or YAML", JSON)
    };
    AzureError::Format { what, help }
}
