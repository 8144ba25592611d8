//! However much there is to read, it is judged in parts by several threads and told as if by one, document by document.

use std::fmt::Write as _;

use serde_json::Value;
use tempfile::tempdir;

use crate::engines::{json, run};

/// Pods with a comment before and an empty document behind some of them, and the line and document of each.
fn pods(count: usize) -> (String, Vec<(u64, u64)>) {
    let (mut text, mut places) = ("# pods\n".to_owned(), Vec::new());
    let (mut line, mut document) = (2, 1);
    for i in 0..count {
        let filler = "x".repeat(i * 7919 % 2500);
        let _ = write!(
            text,
            "---\n# {i}\nkind: Pod\napiVersion: v1\nmetadata: {{name: p{i}, annotations: {{a: \"{filler}\"}}}}\nspec:\n  \
             containers: [{{name: web, image: contoso.azurecr.io/p:v{i}}}]\n"
        );
        places.push((line + 2, document));
        (line, document) = (line + 7, document + 1);
        if i % 5 == 0 {
            text.push_str("---\n# nothing\n");
            (line, document) = (line + 2, document + 1);
        }
    }
    (text, places)
}

fn results(args: &[&str], input: &str) -> Vec<Value> {
    let output =
        run(&[&["check", "-o", "json", "--settings-json", r#"{"mode": "validate"}"#], args].concat(), input);
    json(&output.stdout)["results"].as_array().cloned().unwrap_or_default()
}

fn places(results: &[Value]) -> Vec<(u64, u64)> {
    let number = |result: &Value, field: &str| result["source"][field].as_u64().unwrap();
    results.iter().map(|result| (number(result, "line"), number(result, "document"))).collect()
}

#[test]
fn a_long_file_is_told_document_by_document_at_their_lines() {
    let (text, wanted) = pods(1500);
    assert!(text.len() > 1 << 20);
    let folder = tempdir().unwrap();
    let file = folder.path().join("pods.yaml").display().to_string();
    std::fs::write(&file, &text).unwrap();
    for (args, input) in [(vec!["-"], text.as_str()), (vec!["-j1", &file], ""), (vec!["-j7", &file], "")] {
        let results = results(&args, input);
        assert_eq!(places(&results), wanted, "{args:?}");
        for (i, result) in results.iter().enumerate() {
            assert_eq!(result["findings"][0]["line"], wanted[i].0 + 4, "{result}");
            assert_eq!(result["findings"][0]["column"], 35, "{result}");
        }
    }
}

#[test]
fn a_long_list_is_told_item_by_item_at_their_lines() {
    let item = |i| {
        format!(
            "- {{kind: Pod, apiVersion: v1, metadata: {{name: p{i}}}, spec: {{containers: [{{name: web, \
                            image: contoso.azurecr.io/p:v{i}}}]}}}}\n"
        )
    };
    let text = format!("kind: List\napiVersion: v1\nitems:\n{}", (0..5000).map(item).collect::<String>());
    let results = results(&["-j3", "-"], &text);
    assert_eq!(places(&results), (0..5000).map(|i| (i + 4, 1)).collect::<Vec<_>>());
    assert!(results.iter().enumerate().all(|(i, result)| result["findings"][0]["line"] == i + 4));
}

#[test]
fn many_files_are_told_in_their_order_with_what_is_wrong_between() {
    let folder = tempdir().unwrap();
    for i in 0..300 {
        let (pod, _) = pods(i % 3);
        let text = if i % 10 == 7 { format!("{pod}---\na: [\n---\n{pod}") } else { pod };
        std::fs::write(folder.path().join(format!("{i:03}.yaml")), text).unwrap();
    }
    let path = folder.path().display().to_string();
    let told = |jobs: &str| {
        run(&["check", "-o", "github", jobs, "--settings-json", r#"{"mode": "validate"}"#, &path], "")
    };
    let (one, many) = (told("-j1"), told("-j5"));
    assert_eq!(one.status.code(), Some(2));
    let text = String::from_utf8(one.stdout.clone()).unwrap();
    let files: Vec<&str> =
        text.lines().filter_map(|line| line.split_once(".yaml,line=")?.0.rsplit('/').next()).collect();
    assert!(files.is_sorted() && text.contains("title=acr-pull-secret::"), "{text}");
    assert_eq!((one.stdout, one.stderr), (many.stdout, many.stderr));
}

#[test]
fn what_comes_last_counts_as_cluster_for_what_comes_first() {
    let (mut text, _) = pods(400);
    text.push_str("---\n{apiVersion: v1, kind: \"Service\\x41ccount\", metadata: {name: default}, imagePullSecrets: [{name: acr-secret}]}\n");
    let results = results(&["-"], &text);
    assert_eq!(results.len(), 401);
    assert!(results.iter().all(|result| result["decision"] == "accepted"), "{}", results[0]);
}

#[test]
fn what_stands_behind_an_error_in_a_long_file_is_not_judged() {
    let (before, wanted) = pods(500);
    let text = format!("{before}---\nbroken: [\n---\n{before}");
    let output = run(&["check", "-o", "json", "-"], &text);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(json(&output.stdout)["results"].as_array().unwrap().len(), wanted.len());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = before.lines().count() + 2;
    assert_eq!(error.matches("error: ").count(), 1, "{error}");
    assert!((line..line + 2).any(|line| error.contains(&format!("--> <stdin>:{line}:"))), "{line}: {error}");
}

/// As `fix` shall leave the pods: each with its list before its containers, and every other byte as it was.
fn mended(text: &str) -> String {
    text.replace("spec:\n", "spec:\n  imagePullSecrets: [{name: acr-secret}]\n")
}

#[test]
fn a_long_file_is_mended_as_a_whole_or_not_at_all() {
    let (text, places) = pods(1500);
    let folder = tempdir().unwrap();
    let file = folder.path().join("pods.yaml");
    let path = file.display().to_string();
    let fix = |args: &[&str], text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = run(&[&["fix", path.as_str()], args].concat(), "");
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
            std::fs::read_to_string(&file).unwrap(),
        )
    };
    for jobs in ["-j1", "-j5"] {
        let (code, said, new) = fix(&[jobs], &text);
        assert_eq!(code, Some(0));
        assert!(new == mended(&text), "{jobs}");
        for (i, (line, _)) in places.iter().enumerate() {
            assert!(said.contains(&format!("fixed Pod default/p{i} ({path}:{line}), ")), "p{i} at {line}");
        }
        let shared = "---\nkind: Pod\napiVersion: v1\nmetadata: {name: x}\nspec: &spec\n  \
                      containers: [{name: web, image: contoso.azurecr.io/p}]\nother: *spec\n";
        for (end, reason) in [(shared, "is shared by an anchor"), ("---\na: [\n", "while parsing")] {
            let (code, said, new) = fix(&[jobs], &format!("{text}{end}"));
            assert_eq!(code, Some(2));
            assert!(said.contains(reason) && !said.contains("fixed Pod"), "{said}");
            assert!(new == format!("{text}{end}"), "{jobs}");
        }
    }
    let output = run(&["fix", "-"], &text);
    assert!(String::from_utf8(output.stdout).unwrap() == mended(&text));
}
