//! `secret` creates the same manifest as kubectl, and does not show the password elsewhere.

mod az;
mod end;
mod several;

use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::engines::{command, run};

/// Server, user name, password and e-mail.
const LOGINS: [[&str; 4]; 11] = [
    ["contoso.azurecr.io", "reader", "secret", ""],
    ["contoso.azurecr.io", "reader", "with:colons:and spaces", "ops@contoso.com"],
    ["contoso.azurecr.io", "reader", "\"double\" 'single' \\back\\slash", ""],
    ["contoso.azurecr.io", "reader", "<html>&amp;</html>", ""],
    ["contoso.azurecr.io", "läser", "pässwörd ☃ 🔒", ""],
    ["contoso.azurecr.io", "reader", "line\u{2028}separators\u{2029}", ""],
    ["contoso.azurecr.io", "reader", "tab\tdelete\u{7f}bell\u{7}", ""],
    ["contoso.azurecr.io", "reader", "two\nlines", ""],
    ["contoso.azurecr.io", "reader", "-p --option=like", ""],
    ["contoso.azurecr.io:443", "00000000-0000-0000-0000-000000000000", "$HOME `id` $(id)", ""],
    ["https://contoso.azurecr.io/team<a>", "reader", " blank at both ends ", ""],
];

/// Names that YAML could read as something other than text.
const NAMES: [&str; 12] =
    ["acr-secret", "a.b-c", "true", "null", "no", "y", "on", "1234", "1.5", "1e3", "0x1f", "2024-01-01"];

pub(crate) fn kubectl(name: &str, namespace: Option<&str>, login: [&str; 4], format: &str) -> String {
    let [server, username, password, email] = login;
    let mut kubectl = Command::new("kubectl");
    kubectl.args(["create", "secret", "docker-registry", name, "--dry-run=client", "-o", format]);
    kubectl.args(namespace.map(|namespace| format!("--namespace={namespace}")));
    kubectl.args([format!("--docker-server={server}"), format!("--docker-username={username}")]);
    kubectl.args([format!("--docker-password={password}"), format!("--docker-email={email}")]);
    let output = kubectl.env("KUBECONFIG", "/dev/null").output().expect("kubectl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn ours(name: &str, namespace: Option<&str>, login: [&str; 4], format: &str) -> String {
    let [server, username, password, email] = login;
    let mut args = vec!["secret", "--password-stdin", "--accept-any-password", "--name", name, "-o", format];
    args.extend(namespace.into_iter().flat_map(|namespace| ["--namespace", namespace]));
    args.extend(["--server", server, "--username", username, "--email", email]);
    // The trailing newline is not part of the password.
    let output = run(&args, &format!("{password}\n"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Newer ones than 1.33 leave out what is always null.
fn without_timestamp(manifest: &str) -> Vec<&str> {
    let lines = manifest.lines().filter(|line| !line.contains("creationTimestamp"));
    lines.map(|line| line.trim_end_matches(',')).collect()
}

fn assert_same(name: &str, namespace: Option<&str>, login: [&str; 4], formats: &[&str]) {
    for format in formats {
        let (theirs, ours) = (kubectl(name, namespace, login, format), ours(name, namespace, login, format));
        if theirs.contains("creationTimestamp") {
            assert_eq!(theirs, ours);
        } else {
            assert_eq!(without_timestamp(&theirs), without_timestamp(&ours));
        }
    }
}

#[test]
#[ignore = "needs kubectl"]
fn the_manifest_is_kubectls_byte_for_byte() {
    for login in LOGINS {
        assert_same("acr-secret", Some("shop"), login, &["yaml", "json"]);
    }
    for name in NAMES {
        assert_same(name, None, LOGINS[0], &["yaml"]);
        if !name.contains('.') {
            assert_same("acr-secret", Some(name), LOGINS[0], &["yaml"]);
        }
    }
}

#[test]
fn the_manifest_serves_images_of_the_server() {
    let secret = ours("acr-secret", Some("shop"), LOGINS[0], "yaml");
    let args = ["explain", "-o", "json", "-n", "shop", "--cluster", "-", "contoso.azurecr.io/web:v1"];
    let answer: Value = serde_json::from_slice(&run(&args, &secret).stdout).unwrap();
    let tried = json!({"secret": "acr-secret", "key": "contoso.azurecr.io", "fails": false, "status": "ok"});
    assert_eq!(answer[0]["tries"], json!([tried]));
    assert_eq!(answer[0]["outcome"]["message"], "will pull with key contoso.azurecr.io of secret acr-secret");
}

#[test]
fn only_the_manifest_holds_the_password() {
    let password = "hunter2-hunter2-hunter2";
    let args = ["secret", "--server", "contoso.azureacr.io", "--username", "contoso", "--password-stdin"];
    let output = run(&args, password);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("secret-dead-key") && !said.contains("hunter2"), "{said}");

    for password in
        [["--password", password].as_slice(), &[&format!("--password={password}")], &["-p", password]]
    {
        let output = run(&[&args[..5], password].concat(), "");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_password_is_not_read_from_a_terminal() {
    let terminal = std::fs::File::open("/dev/ptmx").expect("a terminal");
    let mut command =
        command(&["secret", "--server", "contoso.azurecr.io", "--username", "reader", "--password-stdin"]);
    let output = command.stdin(terminal).output().expect("the command ends");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("--password-stdin < FILE"), "{said}");
}

/// A Secret holds 1 MiB, so a longer password is refused, never cut.
#[test]
fn a_password_that_no_secret_can_hold_is_refused() {
    let args = ["secret", "--server", "contoso.azurecr.io", "--username", "reader", "--password-stdin"];
    let said = |length: usize| {
        let output = run(&args, &"p4".chars().cycle().take(length).collect::<String>());
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap().contains("is too long for a password"),
        )
    };
    assert_eq!(said((1 << 20) + 1), (Some(2), true));
    assert!(!said(1 << 20).1, "the limit itself is accepted");
    assert_eq!(said(4096), (Some(0), false));
}

#[test]
fn a_password_in_the_arguments_gets_the_way_to_pass_it() {
    for password in
        [["--password", "hunter2"].as_slice(), &["--password=hunter2"], &["-p", "hunter2"], &["-phunter2"]]
    {
        let output = run(
            &[&["secret", "--server", "contoso.azurecr.io", "--username", "reader"], password].concat(),
            "",
        );
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(said.contains("--password-stdin < FILE") && !said.contains("hunter2"), "{said}");
    }
}

/// What is piped by mistake is refused, with what to type, unless the user insists.
#[test]
fn what_is_hardly_a_password_is_refused() {
    let principal =
        json!({"appId": "hunter2", "displayName": "hunter2", "password": "hunter2", "tenant": "hunter2"});
    let args = ["secret", "--server", "contoso.azurecr.io", "--username", "reader", "--password-stdin"];
    for (input, reason, help) in [
        (principal.to_string(), "is the output of az ad sp create-for-rbac", "--from-az -"),
        (
            json!({"auths": {"contoso.azurecr.io": {"auth": "hunter2"}}}).to_string(),
            "is a docker config",
            "--from-docker-config -",
        ),
        (json!({"value": "hunter2"}).to_string(), "is JSON", "--query password -o tsv"),
        ("\"hunter2\"\n".to_owned(), "is in quotes", "add -o tsv"),
        ("hunter2\n\n".to_owned(), "ends in more than one line end", "printf %s"),
        ("hunter2\nhunter2\n".to_owned(), "has more than one line", "-o tsv"),
        ("hunter2\thunter2\n".to_owned(), "has a tab in it", "-o tsv"),
        ("${HUNTER2}\n".to_owned(), "was not substituted", "the password itself"),
        ("***\n".to_owned(), "is masked", "the password itself"),
        ("null\n".to_owned(), "missing value", "exists"),
    ] {
        let output = run(&args, &input);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{input}: {said}");
        let has_help = said.lines().any(|line| line.contains("help: ") && line.contains(help));
        assert!(said.starts_with("error: the password on standard input "), "{said}");
        assert!(
            said.contains(reason) && has_help && said.contains("--accept-any-password"),
            "{input}: {said}"
        );
        assert!(!said.to_lowercase().contains("hunter2"), "{said}");

        let output = run(&[&args[..], &["--accept-any-password"]].concat(), &input);
        assert_eq!(output.status.code(), Some(0), "{input}");
    }
}

/// The config, the server asked for, and the message, or the resulting login.
#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn a_docker_config_gives_one_login_or_the_fix() {
    let auth = BASE64_STANDARD.encode("reader:pass:word");
    let left = BASE64_STANDARD.encode("00000000-0000-0000-0000-000000000000:");
    let good = json!({"contoso.azurecr.io": {"auth": auth}});
    let two = json!({"contoso.azurecr.io": {"auth": auth}, "ghcr.io": {"auth": "hunter2"}});
    let login = "reader:pass:word";
    let rows = [
        (json!({"auths": good}), None, Ok(login)),
        (json!({"auths": good, "credsStore": "desktop"}), None, Ok(login)),
        (json!({"auths": two}), Some("contoso.azurecr.io"), Ok(login)),
        (
            json!({"auths": {"https://contoso.azurecr.io/v2/": {"auth": auth}}}),
            Some("contoso.azurecr.io"),
            Ok(login),
        ),
        (
            json!({"auths": {"contoso.azurecr.io": {"username": "reader", "password": "pass:word"}}}),
            None,
            Ok(login),
        ),
        (json!({"auths": two}), None, Err("pick one with --server: contoso.azurecr.io, ghcr.io")),
        (
            json!({"auths": two}),
            Some("other.azurecr.io"),
            Err("pick one with --server (contoso.azurecr.io, ghcr.io)"),
        ),
        (
            json!({"auths": two}),
            Some("other.azurecr.io"),
            Err("or log in first: docker login other.azurecr.io"),
        ),
        (
            json!({"auths": {}}),
            Some("other.azurecr.io"),
            Err("help: log in first: docker login other.azurecr.io"),
        ),
        (
            json!({"auths": two, "credsStore": "desktop"}),
            Some("other.azurecr.io"),
            Err(
                "it does not list other.azurecr.io, and docker-credential-desktop keeps the logins that are not in it",
            ),
        ),
        (
            json!({"auths": {"contoso.azurecr.io": {}}, "credsStore": "desktop"}),
            Some("contoso.azurecr.io"),
            Err("help: add --use-helpers to run it"),
        ),
        (
            json!({"auths": {"contoso.azurecr.io": {"auth": null}}}),
            None,
            Err(
                "log in first: docker login contoso.azurecr.io, or pass --server, --username and --password-stdin",
            ),
        ),
        (json!({"auths": two}), Some("ghcr.io"), Err("the auth of the entry ghcr.io is not base64")),
        (json!({"auths": {}}), None, Err("names no registry")),
        (json!({"credsStore": "wincred"}), None, Err("names no registry, because wincred keeps the logins")),
        (json!({"auths": {"https://reader:hunter2@contoso.azurecr.io": {}}}), None, Err("names no registry")),
        (json!([1]), None, Err("the file must be an object")),
        (json!({"auths": "hunter2"}), None, Err("auths must be an object")),
        (
            json!({"auths": {"contoso.azurecr.io": {}}, "credsStore": "desktop"}),
            None,
            Err("add --server contoso.azurecr.io --use-helpers to run it"),
        ),
        (
            json!({"credHelpers": {"contoso.azurecr.io": "acr-env"}, "credsStore": "desktop"}),
            Some("contoso.azurecr.io"),
            Err("docker-credential-acr-env keeps it"),
        ),
        (
            json!({"credsStore": "desktop"}),
            Some("contoso.azurecr.io"),
            Err("help: add --use-helpers to run it, or log in first: docker login contoso.azurecr.io"),
        ),
        (
            json!({"auths": {"contoso.azurecr.io": {"auth": left, "identitytoken": "hunter2"}}}),
            None,
            Err("as az acr login stores it"),
        ),
        (json!({"auths": {"contoso.azurecr.io": {"auth": left}}}), None, Err("has no password")),
        (json!({"auths": {"contoso.azurecr.io": {}}}), None, Err("has no password")),
    ];
    for (config, server, expected) in rows {
        let mut args = vec!["secret", "--from-docker-config", "-", "-o", "json"];
        args.extend(server.into_iter().flat_map(|server| ["--server", server]));
        let output = run(&args, &config.to_string());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("hunter2") && !said.contains(&auth), "{said}");
        match expected {
            Err(expected) => {
                assert!(said.contains(expected), "{config}: {said}");
                assert_eq!(output.status.code(), Some(2), "{config}");
                assert!(output.stdout.is_empty());
            }
            Ok(login) => {
                assert_eq!(output.status.code(), Some(0), "{config}: {said}");
                let secret: Value = serde_json::from_slice(&output.stdout).unwrap();
                let data = secret["data"][".dockerconfigjson"].as_str().unwrap();
                let made: Value = serde_json::from_slice(&BASE64_STANDARD.decode(data).unwrap()).unwrap();
                let (server, entry) = made["auths"].as_object().unwrap().iter().next().unwrap();
                assert_eq!(server, "contoso.azurecr.io");
                assert_eq!(entry["auth"], BASE64_STANDARD.encode(login));
            }
        }
    }
}
