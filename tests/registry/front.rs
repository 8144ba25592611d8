//! A proxy in front of a registry: it passes requests on, answers them itself, or interrupts them.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The first lines of a request.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// With its query
    pub(crate) path: String,
    lines: Vec<String>,
}

impl Head {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.lines.iter().filter_map(|line| line.split_once(": "));
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn length(&self) -> usize {
        self.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default()
    }
}

/// The action for a request.
pub(crate) enum Act {
    /// It reaches the registry, and the answer comes back
    Pass,
    /// So it is answered, given its body
    Answer(Box<dyn FnOnce(&str) -> String>),
    /// Half of the registry's answer comes back
    CutAnswer,
    /// Half of its body is read
    CutBody,
    /// The registry's answer comes back with one letter changed in its body
    Spoil,
}

type Decide = dyn Fn(&Head) -> Act + Send + Sync;

/// A server on a port of its own.
pub(crate) struct Front {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Head>>>,
}

impl Front {
    /// Serves until the test ends. Each connection carries one request.
    pub(crate) fn start(
        registry: u16,
        tls: Option<Arc<ServerConfig>>,
        decide: impl Fn(&Head) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let decide: Arc<Decide> = Arc::new(decide);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, tls, log, decide) = (client.unwrap(), tls.clone(), log.clone(), decide.clone());
                std::thread::spawn(move || match tls {
                    None if speaks_tls(&client) => {
                        let _ = (&client).write_all(answer("400 Bad Request", "", "").as_bytes());
                    }
                    None => serve(client, registry, &log, &*decide),
                    Some(tls) => {
                        let tls = ServerConnection::new(tls).unwrap();
                        serve(StreamOwned::new(tls, client), registry, &log, &*decide);
                    }
                });
            }
        });
        Self { port, seen }
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Head> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut client: impl Read + Write, registry: u16, log: &Mutex<Vec<Head>>, decide: &Decide) {
    let Some(head) = read_head(&mut client) else { return };
    log.lock().unwrap().push(head.clone());
    let act = decide(&head);
    let mut body = vec![0; if matches!(act, Act::CutBody) { head.length() / 2 } else { head.length() }];
    if client.read_exact(&mut body).is_err() {
        return;
    }
    let answer = match act {
        Act::CutBody => return,
        Act::Answer(answer) => answer(&String::from_utf8_lossy(&body)).into_bytes(),
        Act::Pass => ask(registry, &head, &body),
        Act::CutAnswer => {
            let mut answer = ask(registry, &head, &body);
            answer.truncate(answer.len() / 2);
            answer
        }
        Act::Spoil => {
            let mut answer = ask(registry, &head, &body);
            *answer.last_mut().unwrap() ^= 1;
            answer
        }
    };
    let _ = client.write_all(&answer).and_then(|()| client.flush());
}

fn read_head(client: &mut impl Read) -> Option<Head> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match client.read(&mut byte) {
            Ok(1) => bytes.push(byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => return None,
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let mut lines = text.lines().filter(|line| !line.is_empty()).map(str::to_owned);
    let first = lines.next()?;
    let (method, rest) = first.split_once(' ')?;
    let (path, _) = rest.split_once(' ')?;
    Some(Head { method: method.to_owned(), path: path.to_owned(), lines: lines.collect() })
}

/// TLS, which begins with the type of a handshake (RFC 8446 5.1), gets what servers without TLS say.
fn speaks_tls(client: &TcpStream) -> bool {
    let mut first = [0];
    client.peek(&mut first).is_ok() && first == [22]
}

/// The registry's whole answer.
fn ask(port: u16, head: &Head, body: &[u8]) -> Vec<u8> {
    let mut request = format!("{} {} HTTP/1.1\r\nConnection: close\r\n", head.method, head.path);
    for line in head.lines.iter().filter(|line| !line.to_ascii_lowercase().starts_with("connection:")) {
        request.push_str(line);
        request.push_str("\r\n");
    }
    request += "\r\n";
    let mut registry = TcpStream::connect(("127.0.0.1", port)).unwrap();
    registry.write_all(request.as_bytes()).unwrap();
    registry.write_all(body).unwrap();
    let mut answer = Vec::new();
    registry.read_to_end(&mut answer).unwrap();
    answer
}

/// An answer in full.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

/// The act that gives this answer.
pub(crate) fn say(status: &str, headers: &str, body: &str) -> Act {
    let answer = answer(status, headers, body);
    Act::Answer(Box::new(move |_| answer))
}
