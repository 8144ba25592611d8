//! The server of the page: this machine only, its own files only.

use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use super::client_stream::{ClientStream, Counter};
use super::site::{File, file};

/// No network but the page's own files, no inline script or style, no frame.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    connect-src 'self'; worker-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    // With it, the page's clock is fine enough to time one evaluation.
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-cache"),
];

/// Limits on what clients can use of the server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Open connections. One more closes the connection whose last answer, or else whose start, is the oldest.
    pub connections: usize,
    /// Time for the next request, from the start of the connection or the end of the last answer to the end of the header
    pub request: Duration,
    /// Time limit of an answer, from the first time that it waits for the client to read
    pub answer: Duration,
    /// Bytes of a header; hyper takes no less than 8,192
    pub header: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            request: Duration::from_secs(30),
            answer: Duration::from_mins(1),
            header: 16 * 1024,
        }
    }
}

/// How long to wait when the system gives no connection, for example because there are no more file descriptors.
const PAUSE: Duration = Duration::from_millis(500);

/// A server with an open port.
#[derive(Debug)]
pub struct Playground {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
}

impl Playground {
    /// Opens a port on 127.0.0.1; 0 selects a free one.
    ///
    /// # Errors
    /// - the port is in use, or not permitted
    pub fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, limits: Limits::default() })
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The page's address.
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Serves for as long as the process runs.
    ///
    /// # Errors
    /// - the system does not let this process wait for connections
    pub fn serve(self) -> io::Result<()> {
        let Self { listener, address, limits } = self;
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let (mut connections, counter) = (Vec::new(), Counter::default());
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        make_room(&mut connections, limits.connections);
                        connections.push(Connection::start(stream, address, &limits, &counter));
                    }
                    // The server goes on when one client fails, and waits when the system is short of files.
                    Err(error) if is_of_client(&error) => {}
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
        })
    }
}

/// A client's connection, in a task of its own.
struct Connection {
    task: AbortHandle,
    /// The number of the last answer, or else of the connection
    last_answer: Arc<AtomicU64>,
}

impl Connection {
    fn start(stream: TcpStream, address: SocketAddr, limits: &Limits, counter: &Counter) -> Self {
        let last_answer = Arc::new(AtomicU64::new(counter.next()));
        let stream = ClientStream::new(stream, limits.answer, counter.clone(), last_answer.clone());
        let service = service_fn(move |request| ready(Ok::<_, Infallible>(answer(&request, address))));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.request)
            .max_buf_size(limits.header)
            .title_case_headers(true)
            .serve_connection(stream, service);
        // A connection fails when the browser closes it early, which concerns no other.
        let task = tokio::spawn(async { connection.await.ok() }).abort_handle();
        Self { task, last_answer }
    }
}

/// Closes connections until there is room for one more. A waiting client is closed in favour of others.
fn make_room(connections: &mut Vec<Connection>, most: usize) {
    connections.retain(|connection| !connection.task.is_finished());
    while connections.len() >= most.max(1) {
        let all = connections.iter().enumerate();
        let oldest = all.min_by_key(|(_, connection)| connection.last_answer.load(Ordering::Relaxed));
        let Some((index, _)) = oldest else { return };
        connections.swap_remove(index).task.abort();
    }
}

fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

type Answer = Response<Full<Bytes>>;

fn answer(request: &Request<Incoming>, address: SocketAddr) -> Answer {
    // A foreign name that resolves to this machine is an attack (DNS rebinding).
    if !request.headers().get(HOST).is_some_and(|host| is_own(host, address)) {
        let text = format!("this server answers at {} only\n", url(address));
        return plain(StatusCode::MISDIRECTED_REQUEST, text);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "there are only files here\n");
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    let name = request.uri().path().strip_prefix('/');
    match name.map(|name| if name.is_empty() { "index.html" } else { name }).and_then(file) {
        Some(File { media_type, contents, .. }) => {
            response(StatusCode::OK, media_type, Bytes::from_static(contents))
        }
        None => plain(StatusCode::NOT_FOUND, "no such file\n"),
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/")
}

fn is_own(host: &HeaderValue, address: SocketAddr) -> bool {
    let port = address.port();
    host == &format!("127.0.0.1:{port}") || host == &format!("localhost:{port}")
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    response(status, "text/plain; charset=utf-8", text.into())
}

fn response(status: StatusCode, media_type: &'static str, body: Bytes) -> Answer {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
