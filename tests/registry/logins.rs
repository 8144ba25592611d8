//! Credentials: of docker configs, their helpers, and `az acr login`.

use acr_pull_secret::sandbox::EMBEDDED;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::authority::Authority;
use super::front::{Act, Front, answer, say};
use super::server::{Guard, Server};
use super::{REPOSITORY, User, fine, host, immutable, reference, round_trip, text};
use crate::engines::command;

#[test]
#[ignore = "needs docker-registry"]
fn a_password_comes_from_the_docker_config_or_its_helper() {
    let server = Server::start(&Guard::Password, None);
    let registry = format!("localhost:{}", server.port);
    let user = User::logged_in(&registry, "correct horse");
    assert!(round_trip(&user, server.port, &["--insecure", &host(server.port)]) == EMBEDDED);

    let none = User::new().pull_fails(&reference(server.port), &["--insecure", &host(server.port)]);
    assert!(
        none.contains("requires credentials") && none.contains(&format!("docker login {registry}")),
        "{none}"
    );

    let wrong = User::logged_in(&registry, "battery staple");
    for failed in [
        wrong.pull_fails(&reference(server.port), &["--insecure", &host(server.port)]),
        wrong.fails(&["push", &reference(server.port), "--insecure", &host(server.port)]),
    ] {
        assert!(failed.contains("refused the credentials from"), "{failed}");
        assert!(!failed.contains("battery") && failed.contains("config.json"), "{failed}");
    }
}

#[cfg(unix)]
#[test]
#[ignore = "needs docker-registry"]
fn a_credential_helper_is_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::start(&Guard::Password, None);
    let registry = format!("localhost:{}", server.port);
    let user = User::with_config(&json!({"credHelpers": {&registry: "test"}}));
    let helper = user.file("docker-credential-test");
    let search = format!("{}:{}", user.home.path().display(), std::env::var("PATH").unwrap());
    let run = |script: &str| {
        std::fs::write(&helper, script).unwrap();
        std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command =
            command(&["policy", "push", &reference(server.port), "--insecure", &host(server.port)]);
        command.env("DOCKER_CONFIG", user.home.path()).env("PATH", &search).output().unwrap()
    };
    let output = run("#!/bin/sh\nread r\necho '{\"Username\":\"alice\",\"Secret\":\"correct horse\"}'\n");
    assert_eq!(fine(&output), immutable(server.port));

    let output = run("#!/bin/sh\nread r\necho 'token tok3n is broken' >&2\nexit 1\n");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("docker-credential-test failed") && !said.contains("tok3n"), "{said}");
}

/// A registry before which the front plays the token service, as Azure Container Registry does.
struct AzureRegistry {
    _server: Server,
    authority: Authority,
    front: Front,
    /// Another host, which the registry names as its realm
    thief: Front,
}

impl AzureRegistry {
    fn start() -> Self {
        let authority = Authority::new();
        let thief = Front::start(0, Some(authority.server_config()), |_| {
            say("200 OK", "", r#"{"access_token":"x"}"#)
        });
        let realm = format!("https://localhost:{}/oauth2/token", thief.port);
        let server =
            Server::start(&Guard::Token { realm: &realm, authority: &authority.file("ca.pem") }, None);
        let token = authority.token(REPOSITORY, &["pull", "push"]);
        let front = Front::start(server.port, Some(authority.server_config()), move |head| {
            if head.path != "/oauth2/token" {
                return Act::Pass;
            }
            let token = token.clone();
            let host = head.header("host").unwrap_or_default().replace(':', "%3A");
            let is_form = head.header("content-type") == Some("application/x-www-form-urlencoded");
            Act::Answer(Box::new(move |form| {
                let expected = |actions: &str| {
                    let scope = format!("repository%3Apolicies%2Facr-pull-secret%3A{actions}");
                    format!("grant_type=refresh_token&service={host}&scope={scope}&refresh_token=r3fresh")
                };
                if is_form && (form == expected("pull") || form == expected("pull%2Cpush")) {
                    answer("200 OK", "", &json!({ "access_token": token }).to_string())
                } else {
                    let error =
                        json!({"errors": [{"code": "UNAUTHORIZED", "message": format!("no: {form}")}]});
                    answer("401 Unauthorized", "", &error.to_string())
                }
            }))
        });
        Self { _server: server, authority, front, thief }
    }

    fn registry(&self) -> String {
        format!("localhost:{}", self.front.port)
    }
}

#[test]
#[ignore = "needs docker-registry"]
fn an_identity_token_of_az_acr_login_is_exchanged_at_the_registry() {
    let azure = AzureRegistry::start();
    let user = User::with_identity(&azure.registry(), "r3fresh");
    assert!(round_trip(&user, azure.front.port, &["--ca-file", &azure.authority.ca_file()]) == EMBEDDED);
    assert_eq!(azure.thief.seen().len(), 0, "the realm on another host gets no request");
}

#[test]
#[ignore = "needs docker-registry"]
fn an_identity_token_that_has_expired_is_never_shown() {
    let azure = AzureRegistry::start();
    let user = User::with_identity(&azure.registry(), "0utdated");
    let failed = user.fails(&["push", &reference(azure.front.port), "--ca-file", &azure.authority.ca_file()]);
    assert!(failed.contains("refused the credentials from") && failed.contains("log in with"), "{failed}");
    assert!(!failed.contains("0utdated"), "{failed}");
}

#[test]
#[ignore = "needs docker-registry"]
fn a_token_for_pulling_does_not_push() {
    let authority = Authority::new();
    let token = authority.token(REPOSITORY, &["pull"]);
    let realm_port = Front::start(0, None, move |head| {
        let basic = format!("Basic {}", STANDARD.encode("alice:correct horse"));
        match head.header("authorization") {
            Some(shown) if shown == basic => say("200 OK", "", &json!({ "token": token }).to_string()),
            _ => say("401 Unauthorized", "", ""),
        }
    })
    .port;
    let realm = format!("http://localhost:{realm_port}/token");
    let server = Server::start(&Guard::Token { realm: &realm, authority: &authority.file("ca.pem") }, None);
    let (host, realm_host) = (host(server.port), host(realm_port));
    let insecure = ["--insecure", &host, "--insecure", &realm_host];
    let user = User::logged_in(&format!("localhost:{}", server.port), "correct horse");
    let failed = user.fails(&[&["push", &reference(server.port)], &insecure[..]].concat());
    assert!(failed.contains("does not allow this with the credentials from"), "{failed}");
    let plain = user.pull_fails(&reference(server.port), &["--insecure", &host]);
    assert!(plain.contains("its token service has no TLS, so it gets no credentials"), "{plain}");
    let missing = user.pull_fails(&reference(server.port), &insecure);
    assert!(missing.contains("does not exist"), "{missing}");
    let wrong = User::logged_in(&format!("localhost:{}", server.port), "battery staple");
    let refused = wrong.pull_fails(&reference(server.port), &insecure);
    assert!(refused.contains("refused the credentials"), "{refused}");
}

#[test]
fn a_token_that_a_header_cannot_contain_is_refused() {
    let front = Front::start(0, None, move |head| match head.path.as_str() {
        "/v2/" => {
            let host = head.header("host").unwrap_or_default();
            let challenge = format!("WWW-Authenticate: Bearer realm=\"http://{host}/token\"\r\n");
            say("401 Unauthorized", &challenge, "")
        }
        _ => say("200 OK", "", r#"{"token":"a\nb"}"#),
    });
    let failed = User::new().pull_fails(&reference(front.port), &["--insecure", &host(front.port)]);
    assert!(failed.contains("its token service gave no token"), "{failed}");
}

#[test]
fn an_identity_token_follows_no_redirection() {
    let thief = Front::start(0, None, |_| say("200 OK", "", r#"{"access_token":"x"}"#));
    let elsewhere = format!("Location: http://localhost:{}/oauth2/token\r\n", thief.port);
    let front = Front::start(0, None, move |head| match head.path.as_str() {
        "/v2/" => say("401 Unauthorized", "WWW-Authenticate: Bearer realm=\"http://x/\"\r\n", ""),
        _ => say("307 Temporary Redirect", &elsewhere, ""),
    });
    let user = User::with_identity(&format!("localhost:{}", front.port), "r3fresh");
    let failed = user.pull_fails(&reference(front.port), &["--insecure", &host(front.port)]);
    assert!(failed.contains("HTTP 307") && !failed.contains("r3fresh"), "{failed}");
    assert_eq!(thief.seen().len(), 0);
}

#[test]
fn a_docker_config_that_cannot_be_used_is_named() {
    for (config, sentence) in [
        (json!([]), "it is not the JSON of a docker config"),
        (json!({"auths": {"localhost:1": {"auth": "!"}}}), "USER:PASSWORD in base64"),
        (json!({"auths": {"localhost:1": {"auth": STANDARD.encode("alice:")}}}), "has no password"),
        (json!({"credHelpers": {"localhost:1": "not-installed"}}), "cannot be run"),
    ] {
        let failed =
            User::with_config(&config).pull_fails("localhost:1/x:v1", &["--insecure", "localhost:1"]);
        assert!(failed.contains("config.json") && failed.contains(sentence), "{failed}");
    }
}
