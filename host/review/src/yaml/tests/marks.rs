//! Documents between marks.

use serde_json::{Value, json};

use super::super::*;

#[test]
fn json_documents_with_marks_between_them_are_those_of_yaml() {
    let found = |Found { documents, count, problem, .. }: Found| {
        let problem = problem.map(|problem| problem.message);
        let of = |document: Document| {
            (document.value, document.index, document.line, document.start, document.span.start)
        };
        (documents.into_iter().map(of).collect::<Vec<_>>(), count, problem)
    };
    for text in [
        "---\n{\"a\": 1}\n",
        "{\"a\": 1}\n---\n[2]\n",
        "{\"a\": 1}\r\n---\r\n{\"b\": [2]}\r\n--- {\"c\": \"---\"}",
        "\u{feff}--- [1]\n---\n---\n\n--- \n[2]\n---",
        "[1]\n---\n",
    ] {
        let (json, yaml) = (
            found(read(Above { lines: 3, begins: false, is_json: false }, Reader::json(text), text)),
            found(read(Above { lines: 3, begins: false, is_json: false }, Reader::yaml(text, text), text)),
        );
        assert!(json::starts(text) && json == yaml && yaml.2.is_none(), "{text:?}: {json:?}, {yaml:?}");
    }
    for text in ["[1]\n----\n[2]", "[1] --- [2]", "[1]\n ---\n[2]", "[1,\n---\n2]"] {
        assert!(
            read(Above { lines: 0, begins: true, is_json: true }, Reader::json(text), text).problem.is_some(),
            "{text:?}"
        );
    }
}

/// A text that is cut at the marks is read like the whole text.
#[test]
fn documents_are_cut_at_marks_and_directives_stay_above_their_own() {
    let found = |text: &str| -> Vec<(usize, usize, Value)> {
        let (documents, error) = documents(text);
        assert_eq!(error, None, "{text:?}");
        documents.into_iter().map(|read| (read.index, read.line, read.value)).collect()
    };
    for (text, expected) in [
        ("a\n...\nb\n---\nc\n", vec![(1, 1, json!("a")), (2, 3, json!("b")), (3, 5, json!("c"))]),
        ("a\n...\n---\nb\n...\n", vec![(1, 1, json!("a")), (2, 4, json!("b"))]),
        ("a\n... # end\n...\n# c\n--- b", vec![(1, 1, json!("a")), (2, 5, json!("b"))]),
        (
            "a\n...\n%TAG !e! tag:yaml.org,2002:\n # c\n\n---\n!e!str 1\n---\n2\n",
            vec![(1, 1, json!("a")), (2, 7, json!("1")), (3, 9, json!(2))],
        ),
        ("%YAML 1.2\n---\na\n---\nb\n", vec![(1, 3, json!("a")), (2, 5, json!("b"))]),
        (
            "a: |\n  50\n  %b\n---\n{\"b\": \"\\ud83d\\ude00\"}\n",
            vec![(1, 1, json!({"a": "50\n%b\n"})), (2, 5, json!({"b": "\u{1f600}"}))],
        ),
        ("--- |\n%b\n---\nc\n", vec![(1, 2, json!("%b\n")), (2, 4, json!("c"))]),
        ("---\n---\n\n--- a\n---", vec![(3, 4, json!("a"))]),
        ("a: 'x\n  ---\n  y'\n", vec![(1, 1, json!({"a": "x --- y"}))]),
        ("a\n...\rb: 1\nc: 2\n", vec![(1, 1, json!("a")), (2, 3, json!({"b": 1, "c": 2}))]),
        ("a\r\n... # c\r\nb: 1\r\n", vec![(1, 1, json!("a")), (2, 3, json!({"b": 1}))]),
        ("--- # c\r\na: 1\r\n---\tb\r\n", vec![(1, 2, json!({"a": 1})), (2, 3, json!("b"))]),
    ] {
        assert_eq!(found(text), expected, "{text:?}");
    }
}
