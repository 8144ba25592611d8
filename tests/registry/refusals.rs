//! Servers that misbehave, and manifests that are not of a policy: each is refused with one clear sentence.

use acr_pull_secret::publish::registry::artifact::digest;
use serde_json::json;

use super::front::{Front, say};
use super::server::free_port;
use super::{ARTICLE, User, host, reference, text};

#[test]
fn a_server_that_is_not_a_registry_is_reported_in_one_sentence() {
    let user = User::new();
    let page = "<html><body>Sign in to the guest network</body></html>";
    for (answer, sentence) in [
        (("200 OK", "", page), "does not answer like a container registry: it serves a web page"),
        (("404 Not Found", "", page), "it has no /v2/"),
        (("418 I'm a teapot", "", page), "HTTP 418, and a web page"),
        (("401 Unauthorized", "", ""), "requires credentials but does not say how"),
        (("401 Unauthorized", "WWW-Authenticate: Bearer service=\"x\"\r\n", ""), "does not say from where"),
        (("401 Unauthorized", "WWW-Authenticate: \"\u{1}\"\r\n", ""), "its answer is not HTTP"),
    ] {
        let (status, headers, body) = answer;
        let front = Front::start(0, None, move |_| say(status, headers, body));
        let failed = user.pull_fails(&reference(front.port), &["--insecure", &host(front.port)]);
        assert!(
            failed.contains(sentence) && failed.contains(&format!("localhost:{}", front.port)),
            "{failed}"
        );
    }
}

#[test]
fn a_manifest_that_is_not_of_a_policy_is_refused() {
    let image = json!({
        "schemaVersion": 2, "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(b"{}"), "size": 2},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest(b"x"), "size": 1}],
    });
    for (body, sentence) in [
        (
            image.to_string(),
            "is not a Kubewarden policy: it has a layer of type application/vnd.oci.image.layer.v1.tar+gzip",
        ),
        ("<html>".to_owned(), "its manifest is not valid"),
        (r#"{"schemaVersion":1}"#.to_owned(), "is not a Kubewarden policy"),
    ] {
        let front = Front::start(0, None, move |head| {
            say("200 OK", "", if head.path == "/v2/" { "{}" } else { &body })
        });
        let failed = User::new().pull_fails(&reference(front.port), &["--insecure", &host(front.port)]);
        assert!(failed.contains(sentence), "{failed}");
    }
}

#[test]
fn a_module_without_metadata_is_not_written() {
    let wasm = "\0asm\u{1}\0\0\0";
    let manifest = json!({
        "schemaVersion": 2,
        "config": {"mediaType": "application/vnd.wasm.config.v1+json", "digest": digest(b"{}"), "size": 2},
        "layers": [{
            "mediaType": "application/vnd.wasm.content.layer.v1+wasm", "digest": digest(wasm.as_bytes()), "size": 8,
        }],
    });
    let front = Front::start(0, None, move |head| {
        let body = match &head.path {
            path if path == "/v2/" => "{}".to_owned(),
            path if path.contains("/manifests/") => manifest.to_string(),
            _ => wasm.to_owned(),
        };
        say("200 OK", "", &body)
    });
    let failed = User::new().pull_fails(&reference(front.port), &["--insecure", &host(front.port)]);
    assert!(failed.contains("this policy has no metadata"), "{failed}");
}

#[test]
fn an_endless_manifest_is_refused() {
    let front = Front::start(0, None, move |head| {
        let body = if head.path == "/v2/" { "{}".to_owned() } else { " ".repeat(8 << 20) };
        say("200 OK", "", &body)
    });
    let failed = User::new().pull_fails(&reference(front.port), &["--insecure", &host(front.port)]);
    assert!(failed.contains("its answer does not end"), "{failed}");
}

#[test]
fn a_busy_registry_is_retried_after_the_requested_time_a_limited_number_of_times() {
    let front = Front::start(0, None, |_| say("429 Too Many Requests", "Retry-After: 1\r\n", ""));
    let user = User::new();
    let output = user.policy(&[
        "pull",
        &reference(front.port),
        "--insecure",
        &host(front.port),
        "--output",
        &user.path("out.wasm"),
    ]);
    let said = text(&output.stderr);
    assert!(said.contains("(HTTP 429); try again later; trying again in 1 s"), "{said}");
    assert!(
        said.lines().last().unwrap().ends_with("is too busy or unavailable (HTTP 429); try again later"),
        "{said}"
    );
    assert_eq!((output.status.code(), front.seen().len()), (Some(2), 4));
}

#[test]
fn a_registry_that_does_not_answer_is_reported() {
    let user = User::new();
    let port = free_port();
    let unreachable = user.pull_fails(&reference(port), &["--insecure", &host(port)]);
    assert!(
        unreachable.contains("cannot connect to localhost:") && unreachable.contains("refused"),
        "{unreachable}"
    );
    let unknown = user.pull_fails("registry.invalid/policies/x:v1", &[]);
    assert!(unknown.contains("host registry.invalid was not found"), "{unknown}");
    let front = Front::start(0, None, |_| say("200 OK", "", "{}"));
    let plain = user.pull_fails(&reference(front.port), &[]);
    assert!(plain.contains("does not support TLS; to use plain http, pass --insecure localhost:"), "{plain}");
}

#[test]
fn a_file_without_certificates_is_refused() {
    let user = User::new();
    let failed = user.pull_fails("localhost:1/x:v1", &["--ca-file", ARTICLE]);
    assert!(failed.contains("this has no certificate in PEM form, which --ca-file needs"), "{failed}");
}
