//! The project's own manifests, read.

use std::sync::Arc;

use review::manifest::manifests;
use review::source_file::SourceFile;
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

#[test]
fn a_kind_in_another_case_or_number_is_told_what_kubernetes_knows() {
    for (version, kind, known) in [
        ("v1", "pod", Some("Pod")),
        ("v1", "POD", Some("Pod")),
        ("v1", "Pods", Some("Pod")),
        ("v1", "pods", Some("Pod")),
        ("v1", "\" Pod\"", Some("Pod")),
        ("v1", "list", Some("List")),
        ("v1", "serviceaccount", Some("ServiceAccount")),
        ("apps/v1", "deployment", Some("Deployment")),
        ("apps/v1", "Statefulset", Some("StatefulSet")),
        ("batch/v1", "cronJobs", Some("CronJob")),
        ("v1", "Pod", None),
        ("v1", "PodList", None),
        ("apps/v1", "Deployment", None),
        // Whatever a resource definition makes of these.
        ("contoso.com/v1", "pod", None),
        ("v1", "Podd", None),
    ] {
        let object = |indent: &str| format!("apiVersion: {version}\n{indent}kind: {kind}\n");
        let list = format!("---\napiVersion: v1\nkind: List\nitems:\n- {}", object("  "));
        for (text, line, column) in [(object(""), 2, 7), (list, 6, 9)] {
            let file = Arc::new(SourceFile { name: "a.yaml".to_owned(), text: text.clone() });
            let (_, notes, error) = manifests(&file);
            assert_eq!(error, None, "{text}");
            let told: Vec<_> =
                notes.iter().map(|note| (note.message.as_str(), note.line, note.column)).collect();
            let message = known.map(|known| format!("Kubernetes does not know this kind, but `{known}`"));
            let wanted: Vec<_> = message.iter().map(|message| (message.as_str(), line, column)).collect();
            assert_eq!(told, wanted, "{text}");
        }
    }
}
