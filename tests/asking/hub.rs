//! Docker Hub: its images, keys and hosts have different names.
//!
//! A proxy leads the hosts to this machine, as `HTTPS_PROXY` does it anywhere.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::registry::{READER, digest, manifest, reply_with, reply_with_manifest};
use super::{Call, pod, secret};
use crate::registry::authority::Authority;
use crate::registry::front::Front;

const REGISTRY: &str = "registry-1.docker.io";
const TOKENS: &str = "auth.docker.io";

/// A proxy that leads `HOST:443` to a port of this machine, and what was asked of it.
struct Proxy {
    port: u16,
    asked: Arc<Mutex<BTreeSet<String>>>,
}

impl Proxy {
    fn start(hosts: Vec<(&'static str, u16)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let log = asked.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, hosts, log) = (client.unwrap(), hosts.clone(), log.clone());
                std::thread::spawn(move || tunnel(client, &hosts, &log));
            }
        });
        Self { port, asked }
    }
}

/// One `CONNECT`. RFC 9110 9.3.6
fn tunnel(mut client: TcpStream, hosts: &[(&'static str, u16)], log: &Mutex<BTreeSet<String>>) {
    let mut lines = BufReader::new(client.try_clone().unwrap()).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let wanted = first.split(' ').nth(1).unwrap_or_default().to_owned();
    // A client sends nothing more before the answer.
    let _ = lines.find(String::is_empty);
    log.lock().unwrap().insert(wanted.clone());
    let host = hosts.iter().find(|(host, _)| wanted == format!("{host}:443"));
    let Some((_, port)) = host.filter(|_| first.starts_with("CONNECT ")) else {
        let _ = client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        return;
    };
    let server = TcpStream::connect(("127.0.0.1", *port)).unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let _ = copy(&mut &server, &mut &client);
    let _ = client.shutdown(Shutdown::Write);
}

/// moby/moby: registry/config.go `DefaultV2Registry`, `IndexServer`; docker docs: the token service is at auth.docker.io.
#[test]
fn docker_hub_is_asked_at_its_hosts_with_the_credential_of_its_key() {
    let [registry, tokens] = [REGISTRY, TOKENS].map(Authority::for_host);
    let served = Front::start(0, Some(registry.server_config()), |head| {
        let challenge = format!(
            "Www-Authenticate: Bearer realm=\"https://{TOKENS}/token\",service=\"registry.docker.io\"\r\n"
        );
        match (head.path.as_str(), head.header("authorization")) {
            ("/v2/library/nginx/manifests/1", Some("Bearer of-the-hub")) => {
                reply_with_manifest(head, &manifest())
            }
            _ => reply_with(head, "401 Unauthorized", &challenge, ""),
        }
    });
    let login = format!("Basic {}", STANDARD.encode(format!("{}:{}", READER.0, READER.1)));
    let given = Front::start(0, Some(tokens.server_config()), move |head| {
        let path = head.path.replace("%3A", ":").replace("%2F", "/");
        let is_asked = path == "/token?service=registry.docker.io&scope=repository:library/nginx:pull";
        match head.header("authorization") {
            Some(sent) if is_asked && sent == login => {
                reply_with(head, "200 OK", "", &json!({"token": "of-the-hub"}).to_string())
            }
            _ => reply_with(head, "401 Unauthorized", "", ""),
        }
    });
    for image in
        ["nginx:1", "docker.io/nginx:1", "docker.io/library/nginx:1", "index.docker.io/library/nginx:1"]
    {
        for key in ["https://index.docker.io/v1/", "index.docker.io", "docker.io"] {
            let proxy = Proxy::start(vec![(REGISTRY, served.port), (TOKENS, given.port)]);
            let manifests = [pod("web", image, &["hub"]), secret("hub", &[(key, READER)])];
            let mut call = Call::of(Vec::new(), &manifests);
            let authorities = [&registry, &tokens].map(|it| std::fs::read_to_string(it.ca_file()).unwrap());
            std::fs::write(call.path("ca.pem"), authorities.concat()).unwrap();
            call.variables = vec![("HTTPS_PROXY".to_owned(), format!("http://127.0.0.1:{}", proxy.port))];
            let settings = r#"{"mode": "validate", "registrySuffixes": ["docker.io"]}"#;
            let checked = call.check(&["--ca-file", "ca.pem", "--settings-json", settings]);
            assert_eq!(checked.result(), "pulled", "{image} {key}: {}", checked.report);
            assert_eq!(checked.images()[0]["digest"], digest(&manifest()).as_str());
            let hosts = [REGISTRY, TOKENS].map(|host| format!("{host}:443"));
            assert_eq!(*proxy.asked.lock().unwrap(), BTreeSet::from(hosts), "{image} {key}");
        }
    }
}
