//! `secret` shows a password in the Secret alone, whatever it is made of, and however damaged that is.

use std::fs;
use std::path::Path;
use std::process::Output;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::engines::{command, run};

const ID: &str = "11111111-2222-3333-4444-555555555555";
const SERVER: [&str; 2] = ["--server", "contoso.azurecr.io"];
const LOGIN: [&str; 3] = ["--username", "reader", "--password-stdin"];

/// The parts of a secret that count, in characters.
const PART: usize = 6;

/// A call of `secret`, and the input that has the password.
struct Source {
    args: Vec<&'static str>,
    input: String,
}

/// Every source that can be a file or standard input.
fn sources(password: &str) -> Vec<Source> {
    let source = |args: &[&[&'static str]], input: Value| Source {
        args: args.concat(),
        input: input.as_str().map_or_else(|| input.to_string(), str::to_owned),
    };
    let az: &[&str] = &["--from-az", "-"];
    let expiring = |value: &str| json!([{"creationTime": "2026-01-31T12:00:00Z", "expiry": "2099-01-31T12:00:00Z", "name": "password1", "value": value}]);
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let token = [part(r#"{"alg":"RS256"}"#), part(r#"{"exp":4073544000}"#), part(password)].join(".");
    let auth = BASE64_STANDARD.encode(format!("reader:{password}"));
    vec![
        source(&[az, &SERVER], json!({"appId": ID, "displayName": "x", "password": password, "tenant": ID})),
        source(&[az, &SERVER], json!({"clientId": ID, "clientSecret": password, "tenantId": ID})),
        source(&[az, &SERVER], json!({"appId": ID, "password": password, "tenant": ID})),
        source(&[az, &SERVER], format!("appId: {ID}\npassword: {password}\ntenant: {ID}\n").into()),
        source(
            &[az, &SERVER],
            json!({"credentials": {"passwords": expiring(password), "username": "reader"}, "scopeMapId": "x"}),
        ),
        source(&[az, &SERVER], json!({"passwords": expiring(password), "username": "reader"})),
        source(
            &[az, &SERVER],
            json!({"passwords": [{"name": "password", "value": password}], "username": "contoso"}),
        ),
        source(&[az], json!({"accessToken": token, "loginServer": SERVER[1]})),
        source(&[&SERVER, &LOGIN], password.into()),
        source(&[&SERVER, &LOGIN, &["--merge", "secret.json"]], password.into()),
        source(&[&SERVER, &LOGIN, &["--merge", "list.json", "-o", "json"]], password.into()),
        source(&[&SERVER, &LOGIN, &["--expires-from", "ends.json"]], password.into()),
        source(&[&["--from-docker-config", "-"]], json!({"auths": {SERVER[1]: {"auth": auth}}})),
        source(
            &[&["--from-docker-config", "-"]],
            json!({"auths": {SERVER[1]: {"username": "reader", "password": password}}}),
        ),
    ]
}

/// The files that the calls name: secrets with the password already, and the ends of passwords.
fn write_files(folder: &Path, password: &str) {
    let auth = BASE64_STANDARD.encode(format!("former:{password}"));
    let docker =
        json!({"auths": {"contoso.azurecr.io": {"auth": auth}, "ghcr.io": {"auth": auth}}}).to_string();
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "acr-secret", "namespace": "shop", "annotations": {"acr-pull-secret/expires": "2098-01-31T12:00:00Z"}},
        "data": {".dockerconfigjson": BASE64_STANDARD.encode(docker)},
    });
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [secret, secret]});
    let hint: String = password.chars().take(3).collect();
    let ends =
        json!([{"displayName": "rbac", "hint": hint, "keyId": ID, "endDateTime": "2099-01-31T12:00:00Z"}]);
    for (name, value) in [("secret.json", secret), ("list.json", list), ("ends.json", ends)] {
        fs::write(folder.join(name), value.to_string()).unwrap();
    }
}

/// What may have happened to an input: cut, quoted, repeated, mixed up, of another type.
fn damaged(input: &str, password: &str) -> Vec<String> {
    let quoted = format!("\"{password}\"");
    vec![
        input.chars().take(input.chars().count() * 2 / 3).collect(),
        input.chars().skip(1).collect(),
        json!(input).to_string(),
        format!("{input}\n{input}"),
        format!("{input}\n\n"),
        format!("WARNING: {input}"),
        format!("\u{feff}{input}\0"),
        input.replace(&quoted, &format!("[{quoted}]")),
        input.replace(&quoted, &format!("{{{quoted}: 1}}")),
        input.replace(&quoted, &format!("\"{password}")),
        input.replace("\"password\"", &quoted).replace("\"value\"", &quoted),
        input.replace(ID, password).replace("reader", password),
    ]
}

/// The output without the docker config in base64, which is the secret itself.
fn told(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let stdout = text(&output.stdout);
    let lines = stdout
        .lines()
        .filter(|line| !line.trim_start().trim_start_matches('"').starts_with(".dockerconfigjson"));
    lines.collect::<Vec<_>>().join("\n") + &text(&output.stderr)
}

/// Fails if a part of a text occurs, as it is or in base64.
fn assert_hidden(told: &str, hidden: &str) -> Result<(), TestCaseError> {
    let forms = [0, 1, 2].map(|before| BASE64_STANDARD.encode(format!("{}{hidden}", ":".repeat(before))));
    // The ends in base64 have bits of what is beside them.
    let encoded = forms.iter().map(|form| form.get(4..form.len() - 4).unwrap());
    for form in encoded.chain([hidden]) {
        for part in form.as_bytes().windows(PART) {
            let part = std::str::from_utf8(part).unwrap();
            prop_assert!(!told.contains(part), "{part}: {told}");
        }
    }
    Ok(())
}

fn run_in(folder: &Path, source: &Source, input: &str) -> Output {
    let args: Vec<String> =
        source
            .args
            .iter()
            .map(|arg| {
                if arg.contains(".json") { folder.join(arg).display().to_string() } else { (*arg).to_owned() }
            })
            .collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    run(&[&["secret"], &args[..]].concat(), input)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]

    #[test]
    fn a_password_is_in_the_secret_alone(password in "[A-Za-z0-9]{3}8Q~[A-Za-z0-9_~.-]{33}[A-Za-z0-9]") {
        let folder = tempfile::tempdir().unwrap();
        write_files(folder.path(), &password);
        for source in sources(&password) {
            let output = run_in(folder.path(), &source, &source.input);
            let said = told(&output);
            prop_assert_eq!(output.status.code(), Some(0), "{:?}: {}", source.args, said);
            assert_hidden(&said, &password)?;
            for input in damaged(&source.input, &password).iter().filter(|input| **input != source.input) {
                let output = run_in(folder.path(), &source, input);
                prop_assert!(matches!(output.status.code(), Some(0 | 2)), "{:?}", source.args);
                assert_hidden(&told(&output), &password)?;
            }
        }
    }

    /// The files beside the password: the secret that gets a login, the list of ends, a docker config.
    #[test]
    fn a_damaged_file_shows_nothing_of_the_secret_in_it(password in "[A-Za-z0-9]{3}8Q~[A-Za-z0-9_~.-]{33}[A-Za-z0-9]") {
        let folder = tempfile::tempdir().unwrap();
        for (name, option) in [("secret.json", "--merge"), ("list.json", "--merge"), ("ends.json", "--expires-from")] {
            write_files(folder.path(), &password);
            let path = folder.path().join(name);
            let text = fs::read_to_string(&path).unwrap();
            for text in damaged(&text, &password) {
                let data = BASE64_STANDARD.encode(&password);
                let broken = text.replace("\"eyJ", &format!("\"{data}"));
                for text in [text, broken] {
                    fs::write(&path, text).unwrap();
                    let args = [&["secret"][..], &SERVER, &LOGIN, &[option, path.to_str().unwrap()]].concat();
                    let output = run(&args, &password);
                    prop_assert!(matches!(output.status.code(), Some(0 | 2)), "{:?}", args);
                    assert_hidden(&told(&output), &password)?;
                }
            }
        }
    }

    /// What a helper prints may be anything.
    #[test]
    #[cfg(unix)]
    fn what_a_helper_prints_is_not_repeated(password in "[A-Za-z0-9]{3}8Q~[A-Za-z0-9_~.-]{33}[A-Za-z0-9]") {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let helper = folder.path().join("docker-credential-test");
        let answer = json!({"ServerURL": SERVER[1], "Username": "reader", "Secret": password}).to_string();
        fs::write(folder.path().join("config.json"), r#"{"credsStore": "test"}"#).unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let mut answers = damaged(&answer, &password);
        answers.push(answer);
        for answer in answers {
            fs::write(folder.path().join("answer"), answer).unwrap();
            for end in ["", ">&2", "; cat answer >&2; exit 1"] {
                let script = format!("#!/bin/sh\ncd {}\ncat >/dev/null\ncat answer {end}\n", folder.path().display());
                fs::write(&helper, script).unwrap();
                fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
                let config = folder.path().join("config.json").display().to_string();
                let args = [&["secret", "--from-docker-config", &config, "--use-helpers"][..], &SERVER].concat();
                let output = command(&args).env("PATH", &path).output().unwrap();
                prop_assert!(matches!(output.status.code(), Some(0 | 2)), "{:?}", args);
                assert_hidden(&told(&output), &password)?;
            }
        }
    }
}
