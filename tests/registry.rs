//! Publishing: against Debian's docker-registry where a registry is needed, and against servers that misbehave.

pub(crate) mod authority;
pub(crate) mod front;
mod logins;
pub(crate) mod server;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};

use acr_pull_secret::publish::registry::artifact::{Artifact, digest};
use acr_pull_secret::sandbox::EMBEDDED;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::engines::command;
use authority::Authority;
use front::{Act, Front, Head, answer, say};
use server::{Guard, Server, free_port};

const ARTICLE: &str = "tests/manifests/my-awesome-app-pod.yaml";
const REPOSITORY: &str = "policies/acr-pull-secret";

/// A user with a docker config of their own.
struct User {
    home: tempfile::TempDir,
}

impl User {
    /// Without credentials.
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn with_config(config: &Value) -> Self {
        let user = Self::new();
        std::fs::write(user.home.path().join("config.json"), config.to_string()).unwrap();
        user
    }

    /// Logged in with a password.
    fn logged_in(registry: &str, password: &str) -> Self {
        let auth = STANDARD.encode(format!("alice:{password}"));
        Self::with_config(&json!({"auths": {registry: {"auth": auth}}}))
    }

    /// Logged in as `az acr login` does it.
    fn with_identity(registry: &str, token: &str) -> Self {
        let auth = STANDARD.encode("00000000-0000-0000-0000-000000000000:");
        Self::with_config(&json!({"auths": {registry: {"auth": auth, "identitytoken": token}}}))
    }

    fn policy(&self, args: &[&str]) -> Output {
        let mut command = command(&[&["policy"], args].concat());
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            command.env_remove(name);
        }
        command.env("DOCKER_CONFIG", self.home.path()).output().expect("the command runs")
    }

    /// The last line of a call that must fail, after a check that it failed and left no file.
    fn fails(&self, args: &[&str]) -> String {
        let output = self.policy(args);
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""), "{said}");
        assert!(!self.file("out.wasm").exists(), "{said}");
        said.lines().last().unwrap_or_default().to_owned()
    }

    fn pull_fails(&self, reference: &str, more: &[&str]) -> String {
        let out = self.path("out.wasm");
        self.fails(&[&["pull", reference, "--output", &out], more].concat())
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join(name)
    }

    fn path(&self, name: &str) -> String {
        self.file(name).display().to_string()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The output of a call that must succeed, without its last line end.
fn fine(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout).trim_end().to_owned()
}

/// `GET` over plain http: the head and the body of the answer.
fn get(port: u16, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let accept = "application/vnd.oci.image.manifest.v1+json";
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// The registry at a port.
fn host(port: u16) -> String {
    format!("localhost:{port}")
}

fn reference(port: u16) -> String {
    format!("{}/{REPOSITORY}:v1", host(port))
}

fn immutable(port: u16) -> String {
    format!("localhost:{port}/{REPOSITORY}@{}", Artifact::of(EMBEDDED).unwrap().digest)
}

fn is_layer(head: &Head) -> bool {
    head.method == "GET" && head.path.ends_with(&digest(EMBEDDED))
}

/// Pushes and pulls, and returns the pulled bytes.
fn round_trip(user: &User, port: u16, more: &[&str]) -> Vec<u8> {
    let (reference, out) = (reference(port), user.path("out.wasm"));
    let pushed = user.policy(&[&["push", &reference], more].concat());
    assert_eq!(fine(&pushed), immutable(port));
    let pulled = user.policy(&[&["pull", &reference, "--output", &out], more].concat());
    assert_eq!(fine(&pulled), immutable(port));
    std::fs::read(out).unwrap()
}

#[test]
#[ignore = "needs docker-registry"]
fn a_pulled_policy_is_the_pushed_one_and_checks_a_pod() {
    let server = Server::start(&Guard::Anybody, None);
    let user = User::new();
    assert!(
        round_trip(&user, server.port, &["--insecure", &host(server.port)]) == EMBEDDED,
        "the bytes differ"
    );

    let check = command(&["check", "--policy", &user.path("out.wasm"), ARTICLE]).output().unwrap();
    assert!(
        fine(&check).starts_with("accepted Pod awesomeapps/my-awesome-app-pod"),
        "{}",
        text(&check.stdout)
    );

    let by_digest = user.policy(&[
        "pull",
        &immutable(server.port),
        "--insecure",
        &host(server.port),
        "--output",
        &user.path("again.wasm"),
    ]);
    assert_eq!(fine(&by_digest), immutable(server.port));
    assert!(std::fs::read(user.file("again.wasm")).unwrap() == EMBEDDED);

    let with_scheme = format!("registry://{}", reference(server.port));
    let inspected = user.policy(&["inspect", &with_scheme, "--insecure", &host(server.port), "-o", "json"]);
    let inspected: Value = serde_json::from_str(&fine(&inspected)).unwrap();
    assert_eq!(inspected["digest"], digest(EMBEDDED));
    assert_eq!(inspected["manifestDigest"], Artifact::of(EMBEDDED).unwrap().digest);
}

#[test]
#[ignore = "needs docker-registry"]
fn the_registry_holds_the_manifest_that_kubewarden_would_have_pushed() {
    let server = Server::start(&Guard::Anybody, None);
    let user = User::new();
    let pushed = fine(&user.policy(&[
        "push",
        &reference(server.port),
        "--insecure",
        &host(server.port),
        "-o",
        "json",
    ]));
    assert_eq!(
        serde_json::from_str::<Value>(&pushed).unwrap(),
        json!({"immutable_ref": immutable(server.port)})
    );

    let (head, body) = get(server.port, &format!("/v2/{REPOSITORY}/manifests/v1"));
    assert!(head.contains("Content-Type: application/vnd.oci.image.manifest.v1+json"), "{head}");
    let expected = Artifact::of(EMBEDDED).unwrap();
    assert_eq!(body.as_bytes(), &expected.manifest[..]);
    let (_, config) = get(server.port, &format!("/v2/{REPOSITORY}/blobs/{}", expected.config_digest));
    assert_eq!(config, "{}");
}

#[test]
#[ignore = "needs docker-registry"]
fn an_existing_policy_is_not_sent_again() {
    let server = Server::start(&Guard::Anybody, None);
    let front = Front::start(server.port, None, |_| Act::Pass);
    let user = User::new();
    let uploads = || front.seen().iter().filter(|head| head.path.contains("/blobs/uploads/")).count();
    fine(&user.policy(&["push", &reference(front.port), "--insecure", &host(front.port)]));
    let first = uploads();
    fine(&user.policy(&["push", &reference(front.port), "--insecure", &host(front.port)]));
    assert_eq!((first, uploads()), (4, 4), "two blobs take two requests each, and then none");
}

#[test]
#[ignore = "needs docker-registry"]
fn tls_trusts_the_given_authority() {
    let authority = Authority::new();
    let (certificate, key) = authority.certificate_and_key();
    let server = Server::start(&Guard::Anybody, Some((&certificate, &key)));
    let user = User::new();
    let untrusted = user.pull_fails(&reference(server.port), &[]);
    assert!(
        untrusted.contains("certificate that is not trusted") && untrusted.contains("--ca-file"),
        "{untrusted}"
    );
    let plain = user.pull_fails(&reference(server.port), &["--insecure", &host(server.port)]);
    assert!(plain.contains("uses https; leave out --insecure localhost:"), "{plain}");
    assert!(round_trip(&user, server.port, &["--ca-file", &authority.ca_file()]) == EMBEDDED);
}

#[test]
#[ignore = "needs docker-registry"]
fn an_interrupted_download_is_resumed() {
    let server = Server::start(&Guard::Anybody, None);
    let user = User::new();
    fine(&user.policy(&["push", &reference(server.port), "--insecure", &host(server.port)]));
    let cuts = AtomicUsize::new(0);
    let front = Front::start(server.port, None, move |head| {
        if is_layer(head) && cuts.fetch_add(1, Ordering::SeqCst) == 0 { Act::CutAnswer } else { Act::Pass }
    });
    let pulled = user.policy(&[
        "pull",
        &reference(front.port),
        "--insecure",
        &host(front.port),
        "--output",
        &user.path("out.wasm"),
    ]);
    fine(&pulled);
    assert!(text(&pulled.stderr).contains("was cut") && text(&pulled.stderr).contains("trying again"));
    assert!(std::fs::read(user.file("out.wasm")).unwrap() == EMBEDDED);
    let ranges: Vec<Option<String>> = front
        .seen()
        .iter()
        .filter(|head| is_layer(head))
        .map(|head| head.header("range").map(str::to_owned))
        .collect();
    let resumed = ranges[1].as_deref().and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    let from: usize = resumed.and_then(|from| from.parse().ok()).expect("the second request names a range");
    assert!(ranges.len() == 2 && ranges[0].is_none() && from > EMBEDDED.len() / 4, "{ranges:?}");
}

#[test]
#[ignore = "needs docker-registry"]
fn an_interrupted_upload_is_repeated() {
    let server = Server::start(&Guard::Anybody, None);
    let cuts = AtomicUsize::new(0);
    let front = Front::start(server.port, None, move |head| {
        if head.method == "PUT" && cuts.fetch_add(1, Ordering::SeqCst) == 0 {
            Act::CutBody
        } else {
            Act::Pass
        }
    });
    let user = User::new();
    let pushed = user.policy(&["push", &reference(front.port), "--insecure", &host(front.port)]);
    assert_eq!(fine(&pushed), immutable(front.port));
    assert!(text(&pushed.stderr).contains("trying again"), "{}", text(&pushed.stderr));
    assert!(round_trip(&user, server.port, &["--insecure", &host(server.port)]) == EMBEDDED);
}

#[test]
#[ignore = "needs docker-registry"]
fn bytes_that_differ_from_their_digest_are_not_written() {
    let server = Server::start(&Guard::Anybody, None);
    let user = User::new();
    fine(&user.policy(&["push", &reference(server.port), "--insecure", &host(server.port)]));
    let front = Front::start(server.port, None, |head| if is_layer(head) { Act::Spoil } else { Act::Pass });
    let failed = user.pull_fails(&reference(front.port), &["--insecure", &host(front.port)]);
    assert!(failed.contains("sent unexpected content"), "{failed}");
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs docker-registry"]
fn a_full_disk_is_reported() {
    let server = Server::start(&Guard::Anybody, None);
    let user = User::new();
    fine(&user.policy(&["push", &reference(server.port), "--insecure", &host(server.port)]));
    let failed = user.fails(&[
        "pull",
        &reference(server.port),
        "--insecure",
        &host(server.port),
        "--output",
        "/dev/full",
    ]);
    assert!(failed.contains("/dev/full: cannot be written: no space left on device"), "{failed}");
}

#[test]
#[ignore = "needs docker-registry"]
fn a_tag_that_does_not_exist_is_named() {
    let server = Server::start(&Guard::Anybody, None);
    let failed = User::new().pull_fails(&reference(server.port), &["--insecure", &host(server.port)]);
    assert!(failed.contains(&format!("{} was not found", reference(server.port))), "{failed}");
}

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
    assert!(failed.contains("there is no certificate in PEM form in it"), "{failed}");
}
