//! Long input is checked in parts by several threads and reported as if by one, document by document.

use std::collections::HashSet;
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

/// The results of the objects, with this exit status.
fn results(args: &[&str], input: &str, status: i32) -> Vec<Value> {
    let output =
        run(&[&["check", "-o", "json", "--settings-json", r#"{"mode": "validate"}"#], args].concat(), input);
    assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stderr));
    json(&output.stdout)["results"].as_array().cloned().unwrap_or_default()
}

fn places(results: &[Value]) -> Vec<(u64, u64)> {
    let number = |result: &Value, field: &str| result["source"][field].as_u64().unwrap();
    results.iter().map(|result| (number(result, "line"), number(result, "document"))).collect()
}

#[test]
fn a_long_file_is_reported_document_by_document_with_line_numbers() {
    let (text, wanted) = pods(1500);
    assert!(text.len() > 1 << 20);
    let folder = tempdir().unwrap();
    let file = folder.path().join("pods.yaml").display().to_string();
    std::fs::write(&file, &text).unwrap();
    for (args, input) in [(vec!["-"], text.as_str()), (vec!["-j1", &file], ""), (vec!["-j7", &file], "")] {
        let results = results(&args, input, 1);
        assert_eq!(places(&results), wanted, "{args:?}");
        for (i, result) in results.iter().enumerate() {
            assert_eq!(result["object"]["findings"][0]["line"], wanted[i].0 + 4, "{result}");
            assert_eq!(result["object"]["findings"][0]["column"], 35, "{result}");
        }
    }
}

#[test]
fn a_long_list_is_reported_item_by_item_with_line_numbers() {
    let item = |i| {
        format!(
            "- {{kind: Pod, apiVersion: v1, metadata: {{name: p{i}}}, spec: {{containers: [{{name: web, \
                            image: contoso.azurecr.io/p:v{i}}}]}}}}\n"
        )
    };
    let text = format!("kind: List\napiVersion: v1\nitems:\n{}", (0..5000).map(item).collect::<String>());
    let results = results(&["-j3", "-"], &text, 1);
    assert_eq!(places(&results), (0..5000).map(|i| (i + 4, 1)).collect::<Vec<_>>());
    assert!(results.iter().enumerate().all(|(i, result)| result["object"]["findings"][0]["line"] == i + 4));
}

#[test]
fn many_files_are_reported_in_order_with_errors_in_between() {
    let folder = tempdir().unwrap();
    for i in 0..300 {
        let (pod, _) = pods(i % 3);
        let text = if i % 10 == 7 { format!("{pod}---\nkind: [\n---\n{pod}") } else { pod };
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
    // Two of three files have pods, and one of ten is broken.
    let distinct: HashSet<&str> = files.into_iter().collect();
    assert_eq!(distinct.len(), (0..300).filter(|i| i % 3 > 0 || i % 10 == 7).count(), "{text}");
    assert_eq!((one.stdout, one.stderr), (many.stdout, many.stderr));
}

#[test]
fn later_objects_count_as_cluster_for_earlier_ones() {
    let (mut text, _) = pods(400);
    text.push_str("---\n{apiVersion: v1, kind: \"Service\\x41ccount\", metadata: {name: default}, imagePullSecrets: [{name: acr-secret}]}\n");
    let results = results(&["-"], &text, 0);
    assert_eq!(results.len(), 401);
    assert!(results.iter().all(|result| result["decision"] == "accepted"), "{}", results[0]);
}

#[test]
fn text_after_an_error_in_a_long_file_is_not_checked() {
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

/// The same manifests, with short and long comments between them.
#[test]
fn text_after_an_error_does_not_count_as_cluster_in_long_and_short_files() {
    let pod = "kind: Pod\napiVersion: v1\nmetadata: {name: p}\nspec: {containers: [{name: web, image: contoso.azurecr.io/p}]}\n";
    let account = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default}, imagePullSecrets: [{name: acr-secret}]}\n";
    for filler in ["", &"# x\n".repeat(100_000)] {
        let folder = tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("pod.yaml", pod);
        let path = folder.path().display().to_string();
        write("account.yaml", &format!("a: 1\n{filler}---\n{filler}{account}{filler}---\nb: [\n"));
        assert_eq!(results(&[&path], "", 2)[1]["decision"], "accepted", "{} bytes between", filler.len());
        write("account.yaml", &format!("a: 1\n{filler}---\nb: [\n{filler}---\n{filler}{account}"));
        assert_eq!(results(&[&path], "", 2)[1]["decision"], "rejected", "{} bytes between", filler.len());
    }
}

#[test]
fn an_error_in_a_long_file_shows_no_line_that_may_be_a_secrets() {
    let filler = "# x\n".repeat(100_000);
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  key: |\n    a\n";
    for text in [
        format!("{secret}{filler}---\nhunter2: [\n"),
        format!("{filler}---\n{secret}{filler}---\n{filler}---\nhunter2: [\n"),
        format!("{secret}{filler}---\nhunter2: 1\nhunter2: 2\n"),
        format!("hunter2: 1\nhunter2: 2\n---\n{filler}{secret}"),
    ] {
        for command in ["check", "fix"] {
            let output = run(&[command, "-"], &text);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let line = text.lines().position(|line| line.contains("hunter2")).unwrap() + 1;
            assert!((line..line + 3).any(|line| said.contains(&format!("--> <stdin>:{line}:"))), "{said}");
            assert!(!said.contains("hunter2: "), "{said}");
        }
    }
}

#[test]
fn a_duplicate_key_in_a_long_file_is_reported_with_its_lines() {
    let filler = "# x\n".repeat(100_000);
    let output = run(&["check", "-"], &format!("{filler}---\n{filler}a: 1\nb: 2\na: 3\n"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("key `a` is already in this mapping (line 200002)"), "{said}");
    assert!(said.contains("--> <stdin>:200004:1"), "{said}");
}

/// What each object is and becomes, by the same manifests with and without comments or spaces between them.
fn alike(parts: &[&str], filler: &str, status: i32) -> Vec<(Value, Value)> {
    let told = |between: &str| {
        let output = run(&["check", "-o", "json", "-"], &parts.join(between));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{} bytes between: {said}", between.len());
        let report = json(&output.stdout);
        let results = report["results"].as_array().unwrap();
        results.iter().map(|result| (result["name"].clone(), result["source"]["document"].clone())).collect()
    };
    let (short, long): (Vec<_>, Vec<_>) = (told(""), told(&filler.repeat(100_000)));
    assert_eq!(short, long);
    short
}

#[test]
fn long_json_is_read_as_short_json() {
    let pod = |name: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}"}},"spec":{{"containers":[]}}}}"#
        )
    };
    let (a, b, c, odd) = (pod("a"), pod("b"), pod("c"), pod("d").replace("\"d\"", "\"\\ud83d\\ude00\""));
    let names = |results: Vec<(Value, Value)>| -> Vec<(String, u64)> {
        results.iter().map(|(name, at)| (name.as_str().unwrap().to_owned(), at.as_u64().unwrap())).collect()
    };
    let found = names(alike(&[&a, "\n---\n", &b, "\n--- ", &c, "\n"], "    ", 0));
    assert_eq!(found, [("a".to_owned(), 1), ("b".to_owned(), 2), ("c".to_owned(), 3)]);
    let found = names(alike(&["---\n", &a, "\n---\n---\n\n", &odd, "\n---\n"], "    ", 0));
    assert_eq!(found, [("a".to_owned(), 1), ("\u{1f600}".to_owned(), 3)]);
    let found = names(alike(&[&a, "\n", &b, "\n", "\n---\n", &odd], "    ", 0));
    assert_eq!(found, [("a".to_owned(), 1), ("b".to_owned(), 2), ("\u{1f600}".to_owned(), 3)]);
}

#[test]
fn json_documents_with_marks_between_them_are_reported_at_their_lines() {
    let pod = |i| {
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p{i}"}},"spec":{{"containers":[{{"name":"a","image":"contoso.azurecr.io/p"}}]}}}}"#
        )
    };
    let text: Vec<String> = (0..4000).map(pod).collect();
    let results = results(&["-"], &text.join("\n---\n"), 1);
    assert_eq!(places(&results), (0..4000).map(|i| (2 * i + 1, i + 1)).collect::<Vec<_>>());
}

#[test]
fn a_syntax_error_ends_a_long_file_where_it_ends_a_short_one() {
    let folder = tempdir().unwrap();
    let (before, _) = pods(3);
    for filler in ["", &"# x\n".repeat(100_000)] {
        let text = format!("{before}{filler}---\nkind: Pod\nname: \u{1}\n---\n{before}");
        std::fs::write(folder.path().join("a.yaml"), text).unwrap();
        let output = run(&["check", "-o", "json", &folder.path().display().to_string()], "");
        assert_eq!(output.status.code(), Some(2));
        let report = json(&output.stdout);
        assert_eq!(report["results"].as_array().unwrap().len(), 3, "{} bytes between", filler.len());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = before.lines().count() + filler.lines().count() + 3;
        assert!(said.contains(&format!("a.yaml:{line}:7")), "{line}: {said}");
    }
}

/// Nor is the policy asked about it.
#[test]
fn text_after_an_error_is_not_recorded_in_a_session() {
    let folder = tempdir().unwrap();
    let session = folder.path().join("session.yaml").display().to_string();
    let pod = |name: &str| {
        format!(
            "kind: Pod\napiVersion: v1\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{serviceAccountName: {name}, \
             containers: [{{name: web, image: contoso.azurecr.io/p}}]}}\n"
        )
    };
    for filler in ["", &"# x\n".repeat(100_000)] {
        let text = format!("{}{filler}---\nb: [\n---\n{filler}{}", pod("first"), pod("second"));
        let settings = r#"{"cluster": {"serviceAccounts": true}}"#;
        let output = run(&["check", "--record", &session, "--settings-json", settings, "-"], &text);
        assert_eq!(output.status.code(), Some(2));
        let session = std::fs::read_to_string(&session).unwrap();
        assert!(session.contains("first") && !session.contains("second"), "{session}");
    }
}

/// The expected result of `fix`: each pod has its list before its containers, and every other byte is unchanged.
fn fixed(text: &str) -> String {
    text.replace("spec:\n", "spec:\n  imagePullSecrets: [{name: acr-secret}]\n")
}

#[test]
fn a_long_file_is_fixed_completely_or_not_at_all() {
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
        assert!(new == fixed(&text), "{jobs}");
        for (i, (line, _)) in places.iter().enumerate() {
            assert!(said.contains(&format!("fixed Pod default/p{i} ({path}:{line}), ")), "p{i} at {line}");
        }
        let shared = "---\nkind: Pod\napiVersion: v1\nmetadata: {name: x}\nspec: &spec\n  \
                      containers: [{name: web, image: contoso.azurecr.io/p}]\nother: *spec\n";
        for (end, reason) in [(shared, "is shared by an alias"), ("---\na: [\n", "unclosed bracket")] {
            let (code, said, new) = fix(&[jobs], &format!("{text}{end}"));
            assert_eq!(code, Some(2));
            assert!(said.contains(reason) && !said.contains("fixed Pod"), "{said}");
            assert!(new == format!("{text}{end}"), "{jobs}");
        }
    }
    let output = run(&["fix", "-"], &text);
    assert!(String::from_utf8(output.stdout).unwrap() == fixed(&text));
}

/// As `helm template shop | acr-pull-secret check -` gets it, whose first command failed.
#[test]
fn an_empty_pipe_is_an_error_that_mentions_the_command_before_it() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: []}\n";
    let folder = tempdir().unwrap();
    let file = folder.path().join("pod.yaml").display().to_string();
    std::fs::write(&file, pod).unwrap();
    let said = |args: &[&str], input: &str| {
        let output = run(args, input);
        (String::from_utf8(output.stderr).unwrap(), output.status.code())
    };
    for args in [
        &["check", "-"][..],
        &["check", "-q", "-"],
        &["fix", "-"],
        &["fix", "--check", "-"],
        &["check", "-", &file],
    ] {
        for (input, message) in [
            ("", "is empty"),
            (" \n\n", "is empty"),
            ("---\n# Source: shop/templates/a.yaml\n", "holds only comments"),
        ] {
            let (talk, status) = said(args, input);
            assert!(talk.contains(&format!("error: standard input {message}\n")), "{args:?}: {talk}");
            assert!(talk.contains("did the command before the pipe fail?"), "{args:?}: {talk}");
            assert!(
                talk.contains("--allow-empty") && !talk.contains("nothing was checked"),
                "{args:?}: {talk}"
            );
            assert_eq!(status, Some(3), "{args:?}");
            let (talk, status) = said(&[args, &["--allow-empty"]].concat(), input);
            assert!(!talk.contains("error"), "{args:?}: {talk}");
            assert_eq!(status, Some(0), "{args:?}: {talk}");
        }
        let other = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n";
        let (talk, status) = said(args, other);
        assert!(!talk.contains("standard input"), "{args:?}: {talk}");
        let judged = args.contains(&file.as_str());
        assert_eq!(status, Some(if judged { 0 } else { 3 }), "{args:?}: {talk}");
        assert_eq!(talk.contains("error: nothing was checked"), !judged, "{args:?}: {talk}");
    }
}

/// The worst of all inputs counts: a refused pod is worse than an empty pipe.
#[test]
fn an_empty_pipe_does_not_hide_other_problems() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("pod.yaml").display().to_string();
    std::fs::write(&file, pods(1).0).unwrap();
    let check = |args: &[&str]| {
        let output =
            run(&[&["check", "--settings-json", r#"{"mode":"validate"}"#, "-", &file], args].concat(), "");
        (output.status.code(), String::from_utf8(output.stderr).unwrap().contains("standard input is empty"))
    };
    assert_eq!(check(&[]), (Some(1), true));
    assert_eq!(check(&["no/such/file.yaml"]), (Some(2), true));
}
