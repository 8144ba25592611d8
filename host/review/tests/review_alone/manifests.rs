//! The project's own manifests, read.

use review::yaml;

use crate::project;

#[test]
fn helm_output_names_its_template() {
    let text = std::fs::read_to_string(project("tests/manifests/helm-output.yaml")).unwrap();
    let (documents, error) = yaml::documents(&text);
    assert_eq!(error, None);
    assert!(
        documents.iter().all(|document| document.source.is_some()),
        "each document has a `# Source:` comment"
    );
}
