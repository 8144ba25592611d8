//! Files are read as kubectl reads them, and written back as they were written.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::engines::{command, json, run, run_bytes};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - image: contoso.azurecr.io/app # é😀\n";
const FIXED: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  imagePullSecrets:\n  - name: acr-secret\n  containers:\n  - image: contoso.azurecr.io/app # é😀\n";

fn on(folder: &Path, args: &[&str]) -> Output {
    command(args).current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Bytes of a text in UTF-16 with a byte order mark.
fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
}

const ORDERS: [fn(u16) -> [u8; 2]; 2] = [u16::to_le_bytes, u16::to_be_bytes];

#[test]
fn utf16_is_judged_at_its_places_and_fixed_in_the_same_encoding() {
    for order in ORDERS {
        for line_end in ["\n", "\r\n"] {
            let (pod, fixed) = (POD.replace('\n', line_end), FIXED.replace('\n', line_end));
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("pod.yaml");
            fs::write(&file, utf16(&pod, order)).unwrap();
            let check = on(
                folder.path(),
                &["check", "-o", "json", "--settings-json", r#"{"mode": "validate"}"#, "pod.yaml"],
            );
            let report: Value = json(&check.stdout);
            let finding = &report["results"][0]["object"]["findings"][0];
            assert_eq!((&finding["line"], &finding["column"]), (&6.into(), &12.into()), "{report}");
            let fix = on(folder.path(), &["fix", "pod.yaml"]);
            assert_eq!(fix.status.code(), Some(0), "{}", said(&fix));
            assert!(fs::read(&file).unwrap() == utf16(&fixed, order), "{line_end:?}");
            let again = on(folder.path(), &["fix", "pod.yaml"]);
            assert!(said(&again).contains("0 files fixed, 1 unchanged"), "{}", said(&again));
        }
    }
}

#[test]
fn utf16_on_standard_input_comes_out_as_utf16() {
    for order in ORDERS {
        let output = run_bytes(&["fix", "-"], &utf16(POD, order));
        assert!(output.stdout == utf16(FIXED, order), "{}", said(&output));
    }
}

/// kubectl turns the text into UTF-8 before it cuts it into documents.
#[test]
fn every_document_in_utf16_is_judged_without_a_note() {
    for order in ORDERS {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pods.yaml"), utf16(&format!("{POD}---\n{POD}"), order)).unwrap();
        let output = on(folder.path(), &["check", "-o", "json", "pods.yaml"]);
        assert_eq!(json(&output.stdout)["results"].as_array().unwrap().len(), 2);
        assert!(!said(&output).contains("warning"), "{}", said(&output));
    }
}

#[test]
fn bytes_that_are_not_utf8_are_read_as_kubectl_reads_them_and_fix_leaves_the_file_alone() {
    for (bytes, place) in [
        (&b"# caf\xe9\n"[..], "1:6"),
        (b"# \xed\xa0\x80\n", "1:3"),
        (b"# a\n# \xe2\x82\n", "2:3"),
        (b"\xff: a\n", "1:1"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pod.yaml");
        let text = [bytes, POD.as_bytes()].concat();
        fs::write(&file, &text).unwrap();
        let check = on(folder.path(), &["check", "pod.yaml"]);
        let told = said(&check);
        assert!(told.contains("this byte is not UTF-8; kubectl reads it as the character U+FFFD"), "{told}");
        assert!(told.contains(&format!("pod.yaml:{place}\n")), "{told}");
        let report = String::from_utf8_lossy(&check.stdout).into_owned();
        assert!(report.contains("mutated"), "{report}");
        let fix = on(folder.path(), &["fix", "pod.yaml"]);
        assert_eq!(fix.status.code(), Some(2), "{}", said(&fix));
        assert!(
            said(&fix).contains("this byte is not UTF-8, so the file cannot be written back"),
            "{}",
            said(&fix)
        );
        assert!(fs::read(&file).unwrap() == text);
    }
}

#[test]
fn what_kubectl_refuses_is_a_warning_and_the_pod_is_checked() {
    for (text, place, message) in [
        (format!("%YAML 1.2\n---\n{POD}"), "1:1", "kubectl refuses a directive above a document"),
        (format!("--- !!map\n{POD}"), "1:5", "kubectl refuses text after `---` on the same line"),
        (format!("{POD}...\n{POD}"), "8:1", "kubectl skips this document"),
        (POD.replace("spec:", "\t\nspec:"), "4:1", "kubectl refuses this tab"),
    ] {
        let output = run(&["check", "-"], &text);
        let told = said(&output);
        assert_eq!(output.status.code(), Some(0), "{told}");
        assert!(told.contains(&format!("warning: {message}")), "{told}");
        assert!(told.contains(&format!("<stdin>:{place}\n")), "{told}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("mutated"), "{told}");
    }
}
