//! A secret says when its credential ends, as far as that is known.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::engines::run;

const ID: &str = "11111111-2222-3333-4444-555555555555";

/// The annotation, and the message.
fn end(args: &[&str], input: &str) -> (Value, String) {
    let output = run(&[&["secret", "-o", "json"], args].concat(), input);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let secret: Value = serde_json::from_slice(&output.stdout).unwrap();
    (secret["metadata"]["annotations"]["acr-pull-secret/expires"].clone(), said)
}

const READER: [&str; 5] = ["--server", "contoso.azurecr.io", "--username", "reader", "--password-stdin"];

#[test]
fn an_end_that_is_given_is_written_in_utc() {
    let (written, said) =
        end(&[&READER[..], &["--expires", "2099-01-31T13:00:00.5+01:00"]].concat(), "hunter2");
    assert_eq!((written, said.as_str()), (json!("2099-01-31T12:00:00Z"), ""));
    let (written, said) = end(&[&READER[..], &["--expires", "never"]].concat(), "hunter2");
    assert_eq!((written, said.as_str()), (Value::Null, ""));
}

#[test]
fn a_span_begins_now() {
    let before = Utc::now().timestamp();
    let (written, _) = end(&[&READER[..], &["--expires", "90d"]].concat(), "hunter2");
    let after = Utc::now().timestamp();
    let ends = DateTime::parse_from_rfc3339(written.as_str().unwrap()).unwrap().timestamp();
    assert!((before..=after).contains(&(ends - 90 * 86400)), "{written}");
}

#[test]
fn an_unknown_end_is_said_with_the_way_to_ask() {
    let (written, said) = end(&READER, "hunter2");
    assert_eq!(written, Value::Null);
    assert!(said.contains("`az acr token show -n reader -r contoso`"), "{said}");
    let (_, said) = end(&["--server", "contoso.azurecr.io", "--username", ID, "--password-stdin"], "hunter2");
    assert!(said.contains(&format!("`az ad app credential list --id {ID}`")), "{said}");
    let (_, said) = end(&["--server", "ghcr.io", "--username", "octocat", "--password-stdin"], "hunter2");
    assert!(
        said.contains("note: the password for ghcr.io ends at an unknown time, so no check can warn of it: add --expires WHEN"),
        "{said}"
    );
}

#[test]
fn a_list_of_azure_says_when_a_password_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.json");
    let entry = |name: &str, hint: &str, end: &str| json!({"displayName": name, "hint": hint, "endDateTime": end, "keyId": ID, "secretText": null});
    let list = |all: &[Value]| std::fs::write(&path, json!(all).to_string()).unwrap();
    let args = [
        "--server",
        "contoso.azurecr.io",
        "--username",
        ID,
        "--password-stdin",
        "--expires-from",
        path.to_str().unwrap(),
    ];

    let (old, new) =
        (entry("rbac", "Xyz", "2098-01-31T12:00:00Z"), entry("rotated", "Abc", "2099-01-31T12:00:00Z"));
    list(&[old.clone(), new.clone()]);
    let (written, said) = end(&args, "Abc8Q~hunter2");
    assert_eq!(written, json!("2099-01-31T12:00:00Z"));
    assert!(said.contains("ends at 2099-01-31T12:00:00Z"), "{said}");

    let refused = |all: &[Value], says: &str| {
        list(all);
        let output = run(&[&["secret"], &args[..]].concat(), "Abc8Q~hunter2");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(said.contains(says) && !said.contains("Abc8") && !said.contains("hunter"), "{said}");
    };
    refused(
        std::slice::from_ref(&old),
        "none of its passwords begins as this one: rbac (ends at 2098-01-31T12:00:00Z)",
    );
    refused(
        &[new.clone(), entry("again", "Abc", "2097-01-31T12:00:00Z")],
        "several of its passwords begin as this one: rotated (ends at 2099-01-31T12:00:00Z), again (ends at",
    );
    refused(&[entry("rbac", "Abc", "2020-01-31T12:00:00Z")], "the password ended at 2020-01-31T12:00:00Z");
    refused(&[], "it lists no password");
}
