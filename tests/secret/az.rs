//! What `az` prints becomes the secret that kubectl makes of its user and password, with the end of the password.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Value, json};

use super::{kubectl, without_timestamp};
use crate::engines::run;

const ID: &str = "11111111-2222-3333-4444-555555555555";
const NO_USER: &str = "00000000-0000-0000-0000-000000000000";
const SERVER: &str = "contoso.azurecr.io";
const END: &str = "2099-01-31T12:00:00Z";

fn access_token() -> String {
    let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(r#"{"exp":4073544000}"#), part("hunter2"))
}

/// What a command of `az` prints.
struct Row {
    command: &'static str,
    output: Value,
    options: &'static [&'static str],
    user: &'static str,
    password: String,
    expires: Option<&'static str>,
    /// The message about it
    note: &'static str,
}

fn rows() -> Vec<Row> {
    let servers: &[&str] = &["--server", SERVER];
    let password = "Abc8Q~hunter2+/=".to_owned();
    let passwords = json!([
        {"creationTime": "2026-01-31T12:00:00.1+00:00", "expiry": "2099-01-31T12:00:00.987654+00:00", "name": "password1", "value": password},
        {"creationTime": "2026-01-31T12:00:00.1+00:00", "expiry": null, "name": "password2", "value": "hunter3+/="}
    ]);
    let row = |command, output, options, user, expires, note| Row {
        command,
        output,
        options,
        user,
        password: password.clone(),
        expires,
        note,
    };
    let unknown = "the password of service principal 11111111-2222-3333-4444-555555555555 for contoso.azurecr.io ends at an \
                   unknown time, so no check can warn of it: add --expires 1y, or --expires-from FILE with what `az ad app \
                   credential list --id 11111111-2222-3333-4444-555555555555` prints";
    let token = json!({"certificates": [], "passwords": passwords, "username": "reader"});
    vec![
        row(
            "az ad sp create-for-rbac",
            json!({"appId": ID, "displayName": "puller", "password": password, "tenant": NO_USER}),
            servers,
            ID,
            None,
            unknown,
        ),
        row(
            "az ad sp create-for-rbac --json-auth",
            json!({"clientId": ID, "clientSecret": password, "subscriptionId": NO_USER, "tenantId": NO_USER}),
            servers,
            ID,
            None,
            unknown,
        ),
        row(
            "az ad sp credential reset or az ad app credential reset",
            json!({"appId": ID, "password": password, "tenant": NO_USER}),
            servers,
            ID,
            None,
            unknown,
        ),
        row(
            "az acr token create",
            json!({"credentials": token, "id": "/registries/contoso/tokens/reader", "name": "reader", "scopeMapId": "x", "status": "enabled"}),
            &["--server", SERVER, "--password-name", "password1"],
            "reader",
            Some(END),
            "the password of token reader for contoso.azurecr.io ends at 2099-01-31T12:00:00Z",
        ),
        row(
            "az acr token credential generate",
            token.clone(),
            &["--server", SERVER, "--password-name", "password1"],
            "reader",
            Some(END),
            "the password of token reader for contoso.azurecr.io ends at 2099-01-31T12:00:00Z",
        ),
        Row {
            password: "hunter3+/=".to_owned(),
            ..row(
                "az acr token credential generate",
                token,
                &["--server", SERVER, "--password-name", "password2"],
                "reader",
                None,
                "the password of token reader for contoso.azurecr.io never ends",
            )
        },
        row(
            "az acr credential show",
            json!({"passwords": [{"name": "password", "value": password}, {"name": "password2", "value": "x"}], "username": "contoso"}),
            &["--server", SERVER, "--password-name", "password"],
            "contoso",
            None,
            "the password of admin user contoso for contoso.azurecr.io never ends",
        ),
        Row {
            password: access_token(),
            ..row(
                "az acr login --expose-token",
                json!({"accessToken": access_token(), "loginServer": SERVER}),
                &[],
                NO_USER,
                Some(END),
                "the access token for contoso.azurecr.io ends at 2099-01-31T12:00:00Z",
            )
        },
    ]
}

fn ours(row: &Row, format: &str) -> (String, String) {
    let args = [&["secret", "--from-az", "-", "-n", "shop", "-o", format], row.options].concat();
    let output = run(&args, &row.output.to_string());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}: {said}", row.command);
    (String::from_utf8(output.stdout).unwrap(), said)
}

/// kubectl's output for a manifest.
fn local(args: &[&str], manifest: &str) -> String {
    let mut kubectl = Command::new("kubectl");
    kubectl
        .args(args)
        .env("KUBECONFIG", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = kubectl.spawn().expect("kubectl runs");
    child.stdin.take().unwrap().write_all(manifest.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_output_of_az_becomes_a_secret_with_its_end() {
    for row in rows() {
        let (manifest, said) = ours(&row, "json");
        let secret: Value = serde_json::from_str(&manifest).unwrap();
        let config = BASE64_STANDARD.decode(secret["data"][".dockerconfigjson"].as_str().unwrap()).unwrap();
        let auth = BASE64_STANDARD.encode(format!("{}:{}", row.user, row.password));
        let entry = json!({"username": row.user, "password": row.password, "auth": auth});
        assert_eq!(serde_json::from_slice::<Value>(&config).unwrap(), json!({"auths": {SERVER: entry}}));
        assert_eq!(secret["metadata"]["annotations"]["acr-pull-secret/expires"].as_str(), row.expires);
        let note = format!("note: {}: {}", row.command, row.note);
        assert!(said.lines().any(|line| line.starts_with(&note)), "{said}");
        assert!(!said.contains("hunter") && !said.contains("eyJ"), "{said}");
    }
}

#[test]
#[ignore = "needs kubectl"]
fn each_output_of_az_becomes_kubectls_secret_byte_for_byte() {
    for row in rows() {
        let login = [SERVER, row.user, &row.password, ""];
        let plain = kubectl("acr-secret", Some("shop"), login, "yaml");
        let theirs = match row.expires {
            Some(time) => {
                let annotation = format!("acr-pull-secret/expires={time}");
                local(&["annotate", "--local", "-f", "-", "-o", "yaml", &annotation], &plain)
            }
            None => plain,
        };
        let (ours, _) = ours(&row, "yaml");
        if theirs.contains("creationTimestamp") {
            assert_eq!(theirs, ours);
        } else {
            assert_eq!(without_timestamp(&theirs), without_timestamp(&ours));
        }
    }
}

/// An API server as far as `kubectl apply --dry-run=client` asks it: it has Secrets, and this one does not exist.
fn api_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            let mut request = String::new();
            let mut reader = std::io::BufReader::new(stream.try_clone().unwrap());
            let _ = std::io::BufRead::read_line(&mut reader, &mut request);
            let secrets = json!({"name": "secrets", "singularName": "secret", "namespaced": true, "kind": "Secret", "verbs": ["get", "create", "patch"]});
            let (status, body) = match request
                .split(' ')
                .nth(1)
                .unwrap_or_default()
                .split('?')
                .next()
                .unwrap_or_default()
            {
                "/api" => (200, json!({"kind": "APIVersions", "versions": ["v1"]})),
                "/apis" => (200, json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": []})),
                "/api/v1" => {
                    (200, json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": [secrets]}))
                }
                _ => (
                    404,
                    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}),
                ),
            };
            let body = body.to_string();
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    format!("--server=http://{address}")
}

#[test]
#[ignore = "needs kubectl"]
fn kubectl_keeps_the_annotation() {
    let row = rows().into_iter().find(|row| row.expires.is_some()).unwrap();
    let (manifest, _) = ours(&row, "yaml");
    let server = api_server();
    for args in [
        ["label", "--local", "-f", "-", "-o", "json", "team=shop"].as_slice(),
        &["annotate", "--local", "-f", "-", "-o", "json", "team=shop"],
        &["apply", "--dry-run=client", "--validate=false", "-f", "-", "-o", "json", &server],
    ] {
        let secret: Value = serde_json::from_str(&local(args, &manifest)).unwrap();
        assert_eq!(secret["metadata"]["annotations"]["acr-pull-secret/expires"], END, "{args:?}");
    }
}

/// The output, the options, and the messages.
#[test]
fn an_output_that_is_not_enough_gets_what_to_add() {
    let password = json!([{"name": "password1", "value": "hunter2", "expiry": null}, {"name": "password2", "value": "hunter3", "expiry": "2099-01-31T12:00:00Z"}]);
    let token = json!({"credentials": {"passwords": password, "username": "reader"}, "id": "/subscriptions/x/registries/contoso/tokens/reader", "scopeMapId": "x"});
    let principal = json!({"appId": ID, "displayName": "x", "password": "hunter2", "tenant": NO_USER});
    let ending = |expiry: Value| {
        json!({"passwords": [{"name": "password1", "value": "hunter2", "creationTime": "2019-01-31T12:00:00Z", "expiry": expiry}],
               "username": "reader"})
    };
    let admin = json!({"passwords": [{"name": "password", "value": "hunter2"}], "username": "contoso"});
    for (output, options, said) in [
        (
            &principal,
            [].as_slice(),
            "does not name the login server|az acr show -n REGISTRY --query loginServer -o tsv",
        ),
        (&admin, &[], "does not name the login server|az acr show -n contoso --query"),
        (
            &token,
            &["--password-name", "password1"],
            "does not name the login server|az acr show -n contoso --query",
        ),
        (
            &token,
            &["--server", SERVER],
            "has 2 passwords|password1 (never ends) or password2 (ends at 2099-01-31T12:00:00Z)",
        ),
        (
            &token,
            &["--server", SERVER, "--password-name", "password"],
            "no password of this name|--password-name: password1",
        ),
        (
            &json!({"appId": ID}),
            &["--server", SERVER],
            "not the output of an az command|az ad sp create-for-rbac",
        ),
        (&json!("hunter2"), &["--server", SERVER], "one value|leave out --query"),
        (
            &json!({"appId": ID, "password": "<password>"}),
            &["--server", SERVER],
            "was not substituted|--accept-any-password",
        ),
        (&principal, &["--server", "contoso"], "is it contoso.azurecr.io?|az acr show -n contoso"),
        (&principal, &["--username", "reader"], "cannot be used with|--from-az"),
        (&ending(json!(5)), &["--server", SERVER], "expiry must be a time in RFC 3339, or null"),
        (&ending(json!({})), &["--server", SERVER], "expiry must be a time in RFC 3339, or null"),
        (
            &ending(json!("2020-01-31T12:00:00Z")),
            &["--server", SERVER],
            "ended at 2020-01-31T12:00:00Z|run az acr token c",
        ),
        (
            &ending(json!("2099-01-31T12:00:00Z")),
            &["--server", SERVER, "--expires", "2099-02-01T00:00:00Z"],
            "later than the end of the credential itself, 2099-01-31T12:00:00Z|or pass an earlier time",
        ),
        (
            &json!({"accessToken": access_token(), "loginServer": SERVER}),
            &["--expires", "never"],
            "later than the end of the credential itself|an access token itself says when it ends, three hours after",
        ),
        (
            &json!({"accessToken": access_token(), "loginServer": "fabrikam.azurecr.io"}),
            &["--server", SERVER],
            "it is for fabrikam.azurecr.io|pass --server fabrikam.azurecr.io",
        ),
    ] {
        let output = run(&[&["secret", "--from-az", "-"], options].concat(), &output.to_string());
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{text}");
        for said in said.split('|') {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(!text.contains("hunter"), "{text}");
    }
}

#[test]
fn a_credential_that_ends_soon_has_the_help_for_its_kind() {
    let token = json!({"accessToken": access_token(), "loginServer": SERVER});
    let generated = json!({
        "username": "reader",
        "passwords": [{"creationTime": "2026-01-31T12:00:00+00:00", "expiry": null, "name": "password1", "value": "Abc8Q~hunter2"}]
    });
    let principal = json!({"appId": ID, "displayName": "puller", "password": "Abc8Q~hunter2", "tenant": ID});
    for (output, help) in [
        (token, "; make the secret from a service principal or a repository-scoped token"),
        (generated, "; replace it with az acr token credential generate -n reader -r contoso"),
        (principal, &format!("; replace it with az ad app credential reset --id {ID} --append")),
    ] {
        let output =
            run(&["secret", "--from-az", "-", "--server", SERVER, "--expires", "1h"], &output.to_string());
        let text = String::from_utf8(output.stderr).unwrap();
        let warning = text.lines().find(|line| line.starts_with("warning[secret-expires-soon]: "));
        let warning = warning.unwrap_or_else(|| panic!("{text}"));
        assert!(warning.ends_with(help), "{help}: {warning}");
    }
}
