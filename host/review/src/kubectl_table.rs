//! The tables that `kubectl get` prints for people. They have no manifests.

use serde_json::Value;

/// What is wrong with a table among manifests.
pub(crate) const PROBLEM: &str = "this is a table of kubectl, not a list of manifests";

/// What to type instead.
pub(crate) const HELP: &str = "add -o json or -o yaml to the kubectl command";

/// The byte at which a text begins with a table.
pub(crate) fn start(text: &str) -> Option<usize> {
    let text_only = text.trim_start_matches(['\u{feff}', '\n', '\r']);
    let head = text_only.lines().next()?;
    is_head(head).then(|| text.len() - text_only.len())
}

/// Whether a value is a table in JSON. apimachinery: pkg/apis/meta/v1/types.go `Table`
pub(crate) fn is_table(value: &Value) -> bool {
    let word = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
    word("kind") == "Table" && word("apiVersion").starts_with("meta.k8s.io/")
}

/// Whether a line is the head of a table: `NAMESPACE   NAME   READY`.
fn is_head(line: &str) -> bool {
    let mut columns = line.split("  ").map(str::trim).filter(|column| !column.is_empty());
    let is_title = |column: &str| column.chars().all(|c| c.is_ascii_uppercase() || " -()".contains(c));
    let first = columns.next().is_some_and(|first| matches!(first, "NAMESPACE" | "NAME" | "LAST SEEN"));
    first && columns.next().is_some_and(is_title) && columns.all(is_title)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{is_table, start};

    #[test]
    fn a_table_begins_with_the_titles_of_its_columns() {
        for (text, at) in [
            ("NAME   READY   STATUS    RESTARTS   AGE\nweb    1/1     Running   0          5d\n", Some(0)),
            ("NAMESPACE   NAME   TYPE                             DATA   AGE\r\n", Some(0)),
            (
                "LAST SEEN   TYPE   REASON   OBJECT    MESSAGE\n5m    Warning   Failed   pod/web   x\n",
                Some(0),
            ),
            ("\u{feff}\nNAME   AGE\n", Some(4)),
            ("NAME: web", None),
            ("NAME", None),
            ("NAME   a", None),
            ("A   B", None),
            ("NAME  x: 1", None),
            ("kind: Pod\nNAME   AGE\n", None),
            ("", None),
        ] {
            assert_eq!(start(text), at, "{text:?}");
        }
        assert!(is_table(&json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1"})));
        assert!(!is_table(&json!({"kind": "Table", "apiVersion": "example.org/v1"})));
    }
}
