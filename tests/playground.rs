//! The server of the playground and the site that it writes; tests in a browser are in `browser`.

use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use acr_pull_secret::playground::server::{self, Limits};

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
        ask(&self.address, request, host)
    }
}

fn ask(address: &str, request: &str, host: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let body = answer.split_off(end + 4);
    (String::from_utf8(answer).unwrap(), body)
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_page_is_served_without_access_to_other_addresses() {
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
fn other_hosts_are_not_served() {
    let server = Server::start();
    let rebound = server.ask("GET /", "attacker.example").0;
    assert!(rebound.starts_with("HTTP/1.1 421 "), "{rebound}");
    for (request, status) in [("POST /", "405"), ("GET /../Cargo.toml", "404"), ("GET /nothing", "404")] {
        let head = server.ask(request, &server.address).0;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {head}");
    }
}

/// These limits are not reached within a test.
const LAVISH: Limits = Limits {
    connections: 1_000,
    request: Duration::from_hours(1),
    answer: Duration::from_hours(1),
    header: 1024 * 1024,
};

/// How long a connection may take to be closed. It only stops a test that would wait forever.
const PATIENCE: Duration = Duration::from_mins(1);

/// Serves in this process with these limits, and returns the address.
fn serve(limits: Limits) -> String {
    let playground = server::Playground::bind(0).unwrap().with_limits(limits);
    let address = playground.url().strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
    std::thread::spawn(|| playground.serve());
    address
}

/// A client that sent this much.
fn client(address: &str, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    stream
}

/// Half of a header.
const HALF: &str = "GET / HTTP/1.1\r\nHost: ";

/// A client that asks for 40 times 0.8 MB, which the system does not buffer for a client that does not read.
fn deaf_client(address: &str) -> TcpStream {
    let request = format!("GET /policy_bg.wasm HTTP/1.1\r\nHost: {address}\r\n\r\n");
    client(address, &request.repeat(40))
}

fn is_served(address: &str) {
    let (head, body) = ask(address, "GET /style.css", address);
    assert!(head.starts_with("HTTP/1.1 200 ") && !body.is_empty(), "{head}");
}

/// Waits until the server has closed this many of the connections, without reading an answer.
fn wait_for_closed(clients: &mut [TcpStream], least: usize) {
    let start = Instant::now();
    let is_closed = |client: &mut TcpStream| {
        client.set_nonblocking(true).unwrap();
        client.write(b"x").is_err_and(|error| error.kind() != ErrorKind::WouldBlock)
    };
    let mut closed = vec![false; clients.len()];
    while closed.iter().filter(|closed| **closed).count() < least {
        assert!(start.elapsed() < PATIENCE, "{closed:?}");
        std::thread::sleep(Duration::from_millis(5));
        for (client, closed) in clients.iter_mut().zip(&mut closed) {
            *closed = *closed || is_closed(client);
        }
    }
}

#[test]
fn clients_that_send_half_a_header_or_never_read_do_not_block_others() {
    let address = serve(Limits { connections: 6, ..LAVISH });
    let mut waiting = Vec::new();
    for _ in 0..20 {
        waiting.push(client(&address, ""));
        waiting.push(client(&address, HALF));
        waiting.push(deaf_client(&address));
        is_served(&address);
    }
    wait_for_closed(&mut waiting, 60 - 6);
    is_served(&address);
}

#[test]
fn one_more_connection_closes_the_one_whose_last_answer_is_the_oldest() {
    let address = serve(Limits { connections: 3, ..LAVISH });
    let mut idle = client(&address, "");
    let half = client(&address, HALF);
    let mut busy = client(&address, "");
    let mut answer = [0; 12];
    for client in [&mut idle, &mut busy] {
        write!(client, "HEAD / HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
    is_served(&address);
    wait_for_closed(&mut [half], 1);
    write!(busy, "HEAD / HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answers = BufReader::new(busy).lines().map(|line| line.unwrap());
    assert!(answers.any(|line| line.starts_with("HTTP/1.1 200")));
}

#[test]
fn a_client_has_a_time_limit_for_its_request_and_for_reading_the_answer() {
    let brief = Duration::from_millis(50);
    let address = serve(Limits { request: brief, ..LAVISH });
    let answered = format!("GET /style.css HTTP/1.1\r\nHost: {address}\r\n\r\n");
    for sent in ["", HALF, &answered] {
        wait_for_closed(&mut [client(&address, sent)], 1);
    }

    let address = serve(Limits { answer: brief, ..LAVISH });
    wait_for_closed(&mut [deaf_client(&address)], 1);
    is_served(&address);
}

#[test]
fn a_header_has_a_maximum_size_and_a_body_is_not_read() {
    let address = serve(Limits { header: 16 * 1024, ..LAVISH });
    let long = format!("GET /{} HTTP/1.1\r\nHost: {address}\r\n\r\n", "x".repeat(100_000));
    let endless = format!("GET / HTTP/1.1\r\nHost: {address}\r\n{}", "A: b\r\n".repeat(20_000));
    for sent in [long, endless] {
        let mut client = TcpStream::connect(&address).unwrap();
        // The server may close before it has read everything.
        let _ = client.write_all(sent.as_bytes());
        let mut status = [0; 12];
        if client.read_exact(&mut status).is_ok() {
            assert!(matches!(&status[9..], b"414" | b"431"), "{}", String::from_utf8_lossy(&status));
        }
    }
    let posted = format!("POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1000000\r\n\r\nhalf");
    let mut client = client(&address, &posted);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
}

#[test]
fn a_port_in_use_is_reported_with_the_fix() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = command(&["playground", "--port", &port]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains(&format!("port {port} of 127.0.0.1 is in use: pass another one with --port")),
        "{said}"
    );
}

#[test]
fn a_site_replaces_only_an_earlier_site() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("a/site");
    let export = || command(&["playground", "--export", &site.display().to_string()]).output().unwrap();
    for _ in 0..2 {
        assert_eq!(export().status.code(), Some(0));
    }
    let page = fs::read_to_string(site.join("index.html")).unwrap();
    // The reader follows the link to the documentation, the page does not.
    let link = "<a href=\"https://github.com/acr-pull-secret/acr-pull-secret#readme\"";
    assert!(page.contains(link), "the page has the link to the documentation");
    let loaded = page.replace(link, "");
    for address in ["src=\"/", "href=\"/", "http:", "https:"] {
        assert!(!loaded.contains(address), "{address} would not work below every address");
    }
    assert!(page.contains("http-equiv=\"Content-Security-Policy\""));

    let own = folder.path().join("own");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("index.html"), "mine").unwrap();
    let refused = command(&["playground", "--export", &own.display().to_string()]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "it has only a file of that name");
    assert_eq!(fs::read_to_string(own.join("index.html")).unwrap(), "mine");

    fs::write(site.join("thesis.txt"), "mine").unwrap();
    let refused = export();
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("thesis.txt is not part of the playground"), "{said}");
    assert_eq!(fs::read_to_string(site.join("thesis.txt")).unwrap(), "mine");

    #[cfg(unix)]
    {
        fs::rename(site.join("thesis.txt"), own.join("thesis.txt")).unwrap();
        fs::remove_file(site.join("index.html")).unwrap();
        std::os::unix::fs::symlink(own.join("index.html"), site.join("index.html")).unwrap();
        assert_eq!(export().status.code(), Some(2), "a link leads to a file of another site");
        assert_eq!(fs::read_to_string(own.join("index.html")).unwrap(), "mine");
    }
}

#[test]
fn the_documents_say_how_much_the_page_loads() {
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
    let document = fs::read_to_string(project("docs/playground.md")).unwrap();
    let words: Vec<&str> = document.split_whitespace().collect();
    assert!(words.join(" ").contains(&said), "docs/playground.md does not say {said}");
}
