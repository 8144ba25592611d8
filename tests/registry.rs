//! Publishing: against Debian's docker-registry where a registry is needed, and against servers that misbehave.

pub(crate) mod authority;
pub(crate) mod front;
mod logins;
mod refusals;
pub(crate) mod server;
mod transfers;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Output;

use acr_pull_secret::publish::registry::artifact::{Artifact, digest};
use acr_pull_secret::sandbox::EMBEDDED;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::engines::command;
use front::Head;

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
