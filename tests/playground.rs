//! The server of the playground and the site that it writes; what a browser makes of them is in `browser`.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use crate::engines::{command, project};

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let child =
            command(&["playground", "--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let address = url.trim_end().strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        Self { child, address }
    }

    /// The head and the body of an answer.
    fn ask(&self, request: &str, host: &str) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let body = answer.split_off(end + 4);
        (String::from_utf8(answer).unwrap(), body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_page_is_served_with_no_way_out() {
    let server = Server::start();
    assert!(server.address.starts_with("127.0.0.1:"), "{}", server.address);
    let (head, body) = server.ask("GET /", &server.address);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(String::from_utf8(body).unwrap().contains("<title>acr-pull-secret playground</title>"));
    let policy = head.lines().find_map(|line| line.strip_prefix("Content-Security-Policy: ")).unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
    for word in ["unsafe-inline", "'unsafe-eval'", "http:", "https:", "*"] {
        assert!(!policy.contains(word), "{policy}");
    }
    let (head, body) = server.ask("GET /policy_bg.wasm", &server.address);
    assert!(head.contains("Content-Type: application/wasm\r\n"), "{head}");
    assert!(body.starts_with(b"\0asm"));
}

#[test]
fn nobody_else_is_served() {
    let server = Server::start();
    let rebound = server.ask("GET /", "attacker.example").0;
    assert!(rebound.starts_with("HTTP/1.1 421 "), "{rebound}");
    for (request, status) in [("POST /", "405"), ("GET /../Cargo.toml", "404"), ("GET /nothing", "404")] {
        let head = server.ask(request, &server.address).0;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {head}");
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = command(&["playground", "--port", &port]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains(&format!("port {port} of 127.0.0.1 is taken: name another with --port")), "{said}");
}

#[test]
fn a_site_is_written_anew_over_itself_and_over_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("a/site");
    let export = || command(&["playground", "--export", &site.display().to_string()]).output().unwrap();
    for _ in 0..2 {
        assert_eq!(export().status.code(), Some(0));
    }
    let page = fs::read_to_string(site.join("index.html")).unwrap();
    for address in ["src=\"/", "href=\"/", "http:", "https:"] {
        assert!(!page.contains(address), "{address} would not work below every address");
    }
    assert!(page.contains("http-equiv=\"Content-Security-Policy\""));

    fs::write(site.join("thesis.txt"), "mine").unwrap();
    let refused = export();
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("thesis.txt is not of the playground"), "{said}");
    assert_eq!(fs::read_to_string(site.join("thesis.txt")).unwrap(), "mine");
}

#[test]
fn readme_says_how_much_the_page_loads() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    assert!(command(&["playground", "--export", &site.display().to_string()]).status().unwrap().success());
    let tenths = |extension: &str| {
        let files = fs::read_dir(&site).unwrap().map(|entry| entry.unwrap());
        let files = files.filter(|file| file.path().extension().is_some_and(|found| found == extension));
        let tenths = (files.map(|file| file.metadata().unwrap().len()).sum::<u64>() + 50_000) / 100_000;
        format!("{}.{} MB", tenths / 10, tenths % 10)
    };
    let said = format!("({} of WebAssembly, {} of script)", tenths("wasm"), tenths("js"));
    let readme = fs::read_to_string(project("README.md")).unwrap();
    let words: Vec<&str> = readme.split_whitespace().collect();
    assert!(words.join(" ").contains(&said), "README.md does not say {said}");
}
