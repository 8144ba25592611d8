//! The server of the page: this machine only, its own files only.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use tiny_http::{Header, Method, Request, Response, Server};

use super::site::{File, file};

/// No network but the page's own files, no inline script or style, no frame.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    connect-src 'self'; worker-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const HEADERS: [(&str, &str); 7] = [
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    // With it, the page's clock is fine enough to time one evaluation.
    ("Cross-Origin-Embedder-Policy", "require-corp"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-cache"),
];

/// A server that has its port.
pub struct Playground {
    server: Server,
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
        let server = Server::from_listener(listener, None).map_err(io::Error::other)?;
        Ok(Self { server, address })
    }

    /// The page's address.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serves for ever.
    ///
    /// # Errors
    /// - the system closes the port
    pub fn serve(&self) -> io::Result<()> {
        loop {
            let request = self.server.recv()?;
            let answer = self.answer(&request);
            // Whoever asked may be gone.
            let _ = request.respond(answer);
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        let host = request.headers().iter().find(|header| header.field.equiv("Host"));
        // A foreign name that resolves to this machine is an attack (DNS rebinding).
        if !host.is_some_and(|host| self.is_own(host.value.as_str())) {
            return plain(421, format!("this server answers at {} only\n", self.url()));
        }
        if !matches!(request.method(), Method::Get | Method::Head) {
            return header(plain(405, "there are only files here\n".to_owned()), "Allow", "GET, HEAD");
        }
        let path = request.url().split(['?', '#']).next().unwrap_or_default();
        let name = path.strip_prefix('/').map(|name| if name.is_empty() { "index.html" } else { name });
        match name.and_then(file) {
            Some(File { media_type, contents, .. }) => response(200, media_type, contents.to_vec()),
            None => plain(404, "no such file\n".to_owned()),
        }
    }

    fn is_own(&self, host: &str) -> bool {
        let port = self.address.port();
        host == format!("127.0.0.1:{port}") || host == format!("localhost:{port}")
    }
}

type Answer = Response<io::Cursor<Vec<u8>>>;

fn plain(status: u16, text: String) -> Answer {
    response(status, "text/plain; charset=utf-8", text.into_bytes())
}

fn response(status: u16, media_type: &str, body: Vec<u8>) -> Answer {
    // With its length, so that a browser can tell how much is still to come.
    let response = Response::from_data(body).with_status_code(status).with_chunked_threshold(usize::MAX);
    let response = header(response, "Content-Type", media_type);
    HEADERS.into_iter().fold(response, |response, (name, value)| header(response, name, value))
}

fn header(response: Answer, name: &str, value: &str) -> Answer {
    match Header::from_bytes(name, value) {
        Ok(header) => response.with_header(header),
        Err(()) => response,
    }
}
