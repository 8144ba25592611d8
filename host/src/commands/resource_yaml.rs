//! Resources of Kubernetes as the text of a YAML file.

use anyhow::Result;
use review::deployment::Resource;

/// The resources as documents with comments.
pub(super) fn yaml(resources: &[Resource]) -> Result<String> {
    let mut documents = Vec::new();
    for Resource { comments, object } in resources {
        let mut lines: Vec<String> = comments.iter().map(|comment| format!("# {comment}")).collect();
        lines.push(serde_saphyr::to_string(object)?);
        documents.push(lines.join("\n"));
    }
    Ok(documents.join("---\n"))
}
