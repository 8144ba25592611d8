//! The same with Debian's docker-registry behind TLS.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::registry::{HOST, challenge, digest, image, manifest, reply_with};
use super::{Call, pod, secret};
use crate::registry::authority::Authority;
use crate::registry::front::{Act, Front};
use crate::registry::server::{Guard, Server};

const ALICE: (&str, &str) = ("alice", "correct horse");
const BOB: (&str, &str) = ("bob", "battery staple");

/// Sends a request over plain http, and returns the head of the answer.
fn send(port: u16, method: &str, path: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split("\r\n\r\n").next().unwrap().to_owned()
}

/// Pushes an image with this authorization.
fn push(port: u16, repository: &str, authorization: &str) {
    let header = format!("Authorization: {authorization}\r\n");
    for blob in image() {
        let begun = send(port, "POST", &format!("/v2/{repository}/blobs/uploads/"), &header, "");
        let location = begun
            .lines()
            .find_map(|line| line.strip_prefix("Location: "))
            .unwrap_or_else(|| panic!("{begun}"));
        let path = format!("{location}&digest={}", digest(&blob).replace(':', "%3A"));
        let put = send(port, "PUT", &path, &header, &blob);
        assert!(put.starts_with("HTTP/1.1 201"), "{put}");
    }
    let header = format!("{header}Content-Type: application/vnd.oci.image.manifest.v1+json\r\n");
    let put = send(port, "PUT", &format!("/v2/{repository}/manifests/v1"), &header, &manifest());
    assert!(put.starts_with("HTTP/1.1 201"), "{put}");
}

/// The call for a pod with this image and a pull secret with these logins, asked through this front.
fn call(front: &Front, authority: &Authority, image: &str, logins: &[(&str, &str)]) -> Call {
    let name = format!("{HOST}:{}", front.port);
    let keys = [format!("{name}/shop"), name.clone()];
    let logins: Vec<_> = keys.iter().map(String::as_str).zip(logins.iter().copied()).collect();
    let manifests = [pod("web", &format!("{name}/{image}"), &["acr"]), secret("acr", &logins)];
    let options =
        ["--ca-file".to_owned(), authority.ca_file(), "--resolve".to_owned(), format!("{name}:127.0.0.1")];
    Call::of(options.into(), &manifests)
}

#[test]
#[ignore = "needs docker-registry"]
fn a_registry_with_passwords_answers_each_of_them() {
    let server = Server::start(&Guard::Password, None);
    let login = STANDARD.encode(format!("{}:{}", ALICE.0, ALICE.1));
    push(server.port, "shop/web", &format!("Basic {login}"));
    let authority = Authority::for_host(HOST);
    let front = Front::start(server.port, Some(authority.server_config()), |_| Act::Pass);
    for (image, logins, result) in [
        ("shop/web:v1", &[ALICE][..], "pulled"),
        ("shop/web:v1", &[BOB, ALICE], "pulled"),
        ("shop/web:v1", &[BOB], "denied"),
        ("shop/web:v2", &[ALICE], "not-found"),
        ("shop/none:v1", &[ALICE], "not-found"),
    ] {
        let checked = call(&front, &authority, image, logins).check(&[]);
        assert_eq!(checked.result(), result, "{image}: {}", checked.report);
    }
}

/// Its token service gives a token to everyone who logs in, and only those of ALICE are for more than `shop/web`.
#[test]
#[ignore = "needs docker-registry"]
fn a_registry_with_a_token_service_like_that_of_azure_answers_each_token() {
    let authority = Authority::for_host(HOST);
    let realm = format!("https://{HOST}/oauth2/token");
    let server = Server::start(&Guard::Token { realm: &realm, authority: &authority.file("ca.pem") }, None);
    for repository in ["shop/web", "shop/other"] {
        push(server.port, repository, &format!("Bearer {}", authority.token(repository, &["pull", "push"])));
    }
    let tokens =
        ["shop/web", "shop/other"].map(|it| (it, authority.token(it, &["pull"]), authority.token(it, &[])));
    let front = Front::start(server.port, Some(authority.server_config()), move |head| {
        if head.path == "/v2/" {
            return reply_with(head, "401 Unauthorized", &challenge(head), "");
        }
        let Some(query) = head.path.strip_prefix("/oauth2/token?") else { return Act::Pass };
        let basic = |(user, password): (&str, &str)| {
            let sent = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            head.header("authorization") == Some(&sent)
        };
        let query = query.replace("%3A", ":").replace("%2F", "/");
        let token = tokens.iter().find_map(|(repository, full, empty)| {
            let is_asked = query.ends_with(&format!("scope=repository:{repository}:pull"));
            let may_pull = basic(ALICE) || (basic(BOB) && *repository == "shop/web");
            let is_known = basic(ALICE) || basic(BOB);
            (is_asked && is_known).then(|| if may_pull { full.clone() } else { empty.clone() })
        });
        match token {
            Some(token) => reply_with(head, "200 OK", "", &json!({"access_token": token}).to_string()),
            None => reply_with(head, "401 Unauthorized", "", ""),
        }
    });
    for (image, logins, result) in [
        ("shop/web:v1", &[ALICE][..], "pulled"),
        ("shop/web:v1", &[BOB], "pulled"),
        ("shop/other:v1", &[BOB], "denied"),
        ("shop/other:v1", &[BOB, ALICE], "pulled"),
        ("shop/other:v2", &[ALICE], "not-found"),
        ("shop/web:v1", &[("alice", "revoked")], "denied"),
    ] {
        let checked = call(&front, &authority, image, logins).check(&[]);
        assert_eq!(checked.result(), result, "{image}: {}", checked.report);
    }
}
