//! A registry that behaves as Azure Container Registry: its challenge, its token service, and its answers to tokens.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use acr_pull_secret::publish::registry::artifact;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::registry::authority::Authority;
use crate::registry::front::{Act, Front, Head, answer};

pub(crate) const HOST: &str = "contoso.azurecr.io";

/// May pull everything.
pub(crate) const READER: (&str, &str) = ("reader", "ReadersPassw0rd+one");
/// Has no permission for anything but `shop/web`.
pub(crate) const LIMITED: (&str, &str) = ("limited", "LimitedPassw0rd+two");
/// Was revoked.
pub(crate) const REVOKED: (&str, &str) = ("former", "FormersPassw0rd+six");

/// The start of every token.
pub(crate) const TOKEN: &str = "tokenOfContoso";

/// A running registry, and what it was asked.
pub(crate) struct Registry {
    front: Front,
    authority: Authority,
    /// User and scope of each token
    pub(crate) tokens: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    pub(crate) fn start() -> Self {
        Self::with(|_| None)
    }

    /// Some requests are answered in another way.
    pub(crate) fn with(other: impl Fn(&Head) -> Option<Act> + Send + Sync + 'static) -> Self {
        let authority = Authority::for_host(HOST);
        let tokens = Arc::new(Mutex::new(Vec::new()));
        let log = tokens.clone();
        let front = Front::start(0, Some(authority.server_config()), move |head| {
            other(head).unwrap_or_else(|| reply(head, &log))
        });
        Self { front, authority, tokens }
    }

    /// The host and port in images and keys.
    pub(crate) fn name(&self) -> String {
        format!("{HOST}:{}", self.front.port)
    }

    /// The options with which it is reached.
    pub(crate) fn options(&self) -> Vec<String> {
        let resolve = format!("{}:127.0.0.1", self.name());
        ["--ca-file".to_owned(), self.authority.ca_file(), "--resolve".to_owned(), resolve].into()
    }

    pub(crate) fn seen(&self) -> Vec<Head> {
        self.front.seen()
    }

    /// How many requests of this method had a path with this text.
    pub(crate) fn count(&self, method: &str, part: &str) -> usize {
        self.seen().iter().filter(|head| head.method == method && head.path.contains(part)).count()
    }

    /// Every token that it gave.
    pub(crate) fn given(&self) -> BTreeSet<String> {
        self.tokens.lock().unwrap().iter().cloned().collect()
    }
}

/// Registries do not look into it.
const LAYER: &str = "a layer of 25 characters..";

/// The blobs of the image: its configuration and its layer.
pub(crate) fn image() -> [String; 2] {
    [config(), LAYER.to_owned()]
}

/// The manifest of every single image.
pub(crate) fn manifest() -> String {
    let config = config();
    json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": config.len(), "digest": digest(&config)},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": LAYER.len(), "digest": digest(LAYER)}],
    })
    .to_string()
}

fn config() -> String {
    json!({"os": "linux", "architecture": "amd64"}).to_string()
}

/// An index without linux/amd64.
pub(crate) fn index() -> String {
    let image = manifest();
    let entry = |os: &str, architecture: &str| {
        json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": image.len(), "digest": digest(&image),
            "platform": {"os": os, "architecture": architecture},
        })
    };
    json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [entry("linux", "arm64"), entry("unknown", "unknown")],
    })
    .to_string()
}

pub(crate) fn digest(text: &str) -> String {
    artifact::digest(text.as_bytes())
}

/// An answer; that to `HEAD` has no body.
pub(crate) fn reply_with(head: &Head, status: &str, headers: &str, body: &str) -> Act {
    let mut text = answer(status, headers, body);
    if head.method == "HEAD" {
        text.truncate(text.len() - body.len());
    }
    Act::Answer(Box::new(move |_| text))
}

/// The answer with a manifest.
pub(crate) fn reply_with_manifest(head: &Head, text: &str) -> Act {
    let kind = if text.contains("image.index") { "index" } else { "manifest" };
    let headers = format!(
        "Content-Type: application/vnd.oci.image.{kind}.v1+json\r\nDocker-Content-Digest: {}\r\n",
        digest(text)
    );
    reply_with(head, "200 OK", &headers, text)
}

fn error(head: &Head, status: &str, code: &str, headers: &str) -> Act {
    let body = json!({"errors": [{"code": code, "message": format!("{code} of {HOST}")}]}).to_string();
    reply_with(head, status, headers, &body)
}

pub(crate) fn challenge(head: &Head) -> String {
    let host = head.header("host").unwrap();
    format!("Www-Authenticate: Bearer realm=\"https://{host}/oauth2/token\",service=\"{HOST}\"\r\n")
}

fn reply(head: &Head, tokens: &Mutex<Vec<String>>) -> Act {
    if head.path == "/v2/" {
        return error(head, "401 Unauthorized", "UNAUTHORIZED", &challenge(head));
    }
    if let Some(query) = head.path.strip_prefix("/oauth2/token?") {
        return token(head, query, tokens);
    }
    let path = head.path.strip_prefix("/v2/").unwrap_or_default();
    let part = if path.contains("/blobs/") { "/blobs/" } else { "/manifests/" };
    let (repository, wanted) = path.rsplit_once(part).unwrap();
    let bearer = head.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let Some(user) = bearer.and_then(|token| token.strip_prefix(TOKEN)?.split_once('.')) else {
        return error(head, "401 Unauthorized", "UNAUTHORIZED", &challenge(head));
    };
    let (user, scope) = user;
    assert_eq!(
        scope,
        format!("repository-{}-pull", repository.replace('/', "_")),
        "a token of another repository"
    );
    if user == LIMITED.0 && repository != "shop/web" {
        return error(head, "403 Forbidden", "DENIED", "");
    }
    let (manifest, index) = (manifest(), index());
    match (repository, part, wanted) {
        (_, "/blobs/", _) => reply_with(head, "200 OK", "", &config()),
        (_, _, wanted) if wanted == "gone" || wanted.ends_with("0000") => {
            error(head, "404 Not Found", "MANIFEST_UNKNOWN", "")
        }
        ("shop/arm", _, "v1") => reply_with_manifest(head, &index),
        (_, _, wanted) if wanted == digest(&index) => reply_with_manifest(head, &index),
        _ => reply_with_manifest(head, &manifest),
    }
}

fn token(head: &Head, query: &str, tokens: &Mutex<Vec<String>>) -> Act {
    let parameter = |name: &str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value.unwrap().replace("%3A", ":").replace("%2F", "/").replace("%2f", "/")
    };
    assert_eq!(parameter("service"), HOST);
    let scope = parameter("scope");
    let basic = head.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    let login = basic.map(|text| String::from_utf8(STANDARD.decode(text).unwrap()).unwrap());
    let known = [READER, LIMITED].map(|(user, password)| (user, format!("{user}:{password}")));
    let user = known.iter().find(|(_, known)| Some(known) == login.as_ref()).map(|(user, _)| *user);
    let Some(user) = user else { return error(head, "401 Unauthorized", "UNAUTHORIZED", "") };
    let token = format!("{TOKEN}{user}.{}", scope.replace(':', "-").replace('/', "_"));
    tokens.lock().unwrap().push(token.clone());
    reply_with(
        head,
        "200 OK",
        "Content-Type: application/json\r\n",
        &json!({"access_token": token}).to_string(),
    )
}
