//! The project's own manifests, read.

use std::sync::Arc;

use review::manifest::manifests;
use review::source_file::SourceFile;
use review::yaml;
use serde_json::Value;

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
fn a_kind_in_another_case_or_number_is_reported_with_the_known_kind() {
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
        // Resource definitions may define these.
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
            let written = kind.trim_matches(['"', ' ']);
            let message = known.map(|known| {
                if written == known {
                    "this kind has white space around it".to_owned()
                } else {
                    format!("Kubernetes has no kind `{written}`")
                }
            });
            let wanted: Vec<_> = message.iter().map(|message| (message.as_str(), line, column)).collect();
            assert_eq!(told, wanted, "{text}");
            let help = known.map(|known| format!("write `kind: {known}`"));
            assert_eq!(notes.first().and_then(|note| note.help.clone()), help, "{text}");
        }
    }
}

/// Message, line, column and help of a note.
type Told = (String, usize, usize, String);

/// The names of the objects in a text, and the notes on it.
fn told(text: &str) -> (Vec<String>, Vec<Told>) {
    let file = Arc::new(SourceFile { name: "a.yaml".to_owned(), text: text.to_owned() });
    let (found, notes, error) = manifests(&file);
    assert_eq!(error, None, "{text}");
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let names = found.iter().map(|manifest| name(manifest.object())).collect();
    let told = |note: yaml::Note| (note.message, note.line, note.column, note.help.unwrap_or_default());
    (names, notes.into_iter().map(told).collect())
}

/// A text without an indentation is the rest of the file here, and nothing for kubectl, which refuses the file.
#[test]
fn a_document_that_is_a_text_without_indentation_is_reported() {
    for (head, line) in [("|\n", 2), ("\u{feff} |   #!\n", 2), ("# a\n>-\n\n", 4)] {
        let (_, notes) = told(&format!("{head}apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\n"));
        let message = "kubectl ends the text above before this line, because it is not indented".to_owned();
        assert_eq!(notes, [(message, line, 1, String::new())], "{head}");
    }
}

/// kubectl splits every object with a list `items`.
#[test]
fn items_are_split_as_kubectl_does_for_any_kind() {
    let items = "items:\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n- {apiVersion: v1, kind: Pod, metadata: {name: c}}\n";
    for kind in ["Pod", "ConfigMap", "Foo"] {
        let (names, notes) = told(&format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: a}}\n{items}"));
        assert_eq!(names, ["b", "c"], "{kind}");
        let message = "kubectl treats this object as a list, because it has `items`".to_owned();
        assert_eq!(notes, [(message, 5, 1, "rename `items`, or write `kind: List`".to_owned())], "{kind}");
    }
    for kind in ["List", "PodList"] {
        assert_eq!(
            told(&format!("apiVersion: v1\nkind: {kind}\n{items}")),
            (vec!["b".to_owned(), "c".to_owned()], vec![])
        );
    }
    // kubectl shows no object then, or refuses the text.
    for items in ["[]", "null", "abc", "{}"] {
        let (names, notes) =
            told(&format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nitems: {items}\n"));
        assert_eq!((names, notes.len()), (vec!["a".to_owned()], 1), "{items}");
    }
    // kubectl refuses the text.
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: b}}";
    for (items, names) in [
        (format!("{{apiVersion: v1, kind: List, items: [{pod}]}}"), vec!["b"]),
        (format!("{{apiVersion: v1, kind: Foo, items: [{pod}]}}"), vec!["b"]),
        (format!("null, {pod}"), vec!["", "b"]),
        (format!("{{metadata: {{name: a}}}}, {pod}"), vec!["a", "b"]),
    ] {
        let (found, notes) = told(&format!("apiVersion: v1\nkind: List\nitems: [{items}]\n"));
        assert_eq!(found, names, "{items}");
        assert!(notes.len() == 1 && notes[0].0.starts_with("kubectl refuses this"), "{items}: {notes:?}");
    }
    // Without a type it is not an object.
    assert_eq!(told("metadata: {name: a}\nitems: [{x: 1}]\n"), (vec!["a".to_owned()], vec![]));
}

#[test]
fn an_object_with_containers_but_without_a_known_type_is_reported() {
    let pod = "metadata: {name: a}\nspec: {containers: [{name: a, image: contoso.azurecr.io/a}]}\n";
    let version = "Kubernetes has no such version of this kind";
    for (head, message, line, column, help) in [
        ("apiVersion: \"v1 \"\nkind: Pod\n", version, 1, 13, "write `apiVersion: v1`"),
        ("kind: Pod\napiVersion: V1\n", version, 2, 13, "write `apiVersion: v1`"),
        ("apiVersion: Apps/v1\nkind: Deployment\n", version, 1, 13, "write `apiVersion: apps/v1`"),
        (
            "apiVersions: v1\nkind: Pod\n",
            "this object has containers, but no `apiVersion`, so it is not checked",
            1,
            1,
            "write its `apiVersion`",
        ),
        (
            "kind: Pod\n",
            "this object has containers, but no `apiVersion`, so it is not checked",
            1,
            1,
            "write its `apiVersion`",
        ),
        (
            "apiVersion: v1\nKind: Pod\n",
            "this object has containers, but no `kind`, so it is not checked",
            1,
            1,
            "write its `kind`",
        ),
        (
            "apiVersion: v1\nkind: 1\n",
            "this object has containers, but no `kind`, so it is not checked",
            1,
            1,
            "write its `kind`",
        ),
        (
            "",
            "this object has containers, but no `kind`, so it is not checked",
            1,
            1,
            "write its `kind` and its `apiVersion`; for a patch of Kustomize, run acr-pull-secret check -k FOLDER with the \
             folder of its kustomization",
        ),
    ] {
        let (names, notes) = told(&format!("{head}{pod}"));
        assert_eq!(names, ["a"], "{head}");
        assert_eq!(notes, [(message.to_owned(), line, column, help.to_owned())], "{head}");
    }
    assert_eq!(told("apiVersion: v1\ndata: {containers: []}\n").1, []);
}

#[test]
fn a_table_of_kubectl_is_an_error_that_says_what_to_type() {
    let json = r#"{"kind": "Table", "apiVersion": "meta.k8s.io/v1", "columnDefinitions": [], "rows": []}"#;
    for (text, before) in [
        ("NAME   READY   STATUS\nweb    1/1     Running\n".to_owned(), 0),
        (json.to_owned(), 0),
        (format!("apiVersion: v1\nkind: Pod\n---\n{json}\n---\napiVersion: v1\nkind: Pod\n"), 1),
    ] {
        let file = Arc::new(SourceFile { name: "a.yaml".to_owned(), text });
        let (found, _, error) = manifests(&file);
        let error = error.unwrap();
        assert_eq!(found.len(), before, "{}", file.text);
        assert_eq!(error.message, "this is a table of kubectl, not a list of manifests");
        assert_eq!(error.help.as_deref(), Some("add -o json or -o yaml to the kubectl command"));
        assert_eq!(error.line, if before == 0 { 1 } else { 4 });
    }
}

/// As kubectl does: what has the type of the list in part is refused.
#[test]
fn items_of_a_typed_list_get_its_type_where_they_have_none() {
    let text = "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n  spec: &s {containers: []}\n- {kind: '', apiVersion: '', metadata: {name: b}, spec: *s}\n- {kind: Pod, metadata: {name: c}, spec: *s}\n";
    let file = Arc::new(SourceFile { name: "a.yaml".to_owned(), text: text.to_owned() });
    let (found, notes, _) = manifests(&file);
    let versions: Vec<_> = found.iter().map(|manifest| manifest.object()["apiVersion"].as_str()).collect();
    assert_eq!(versions, [Some("v1"), Some("v1"), None]);
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].line, 7, "{notes:?}");
}
