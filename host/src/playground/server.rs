//! The server of the page: this machine only, its own files only.

use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};

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

/// A server that has its port.
#[derive(Debug)]
pub struct Playground {
    listener: TcpListener,
    address: SocketAddr,
}

impl Playground {
    /// Takes a port of 127.0.0.1; 0 takes any that is free.
    ///
    /// # Errors
    /// - the port is taken, or may not be
    pub fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The page's address.
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Serves until the system closes the port.
    ///
    /// # Errors
    /// - the system closes the port
    pub fn serve(self) -> io::Result<()> {
        let Self { listener, address } = self;
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                let service =
                    service_fn(move |request| ready(Ok::<_, Infallible>(answer(&request, address))));
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .title_case_headers(true)
                    .serve_connection(TokioIo::new(stream), service);
                // A connection fails when the browser closes it early, which concerns no other.
                tokio::spawn(async { connection.await.ok() });
            }
        })
    }
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
