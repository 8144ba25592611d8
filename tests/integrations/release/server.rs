//! Serves a release as github.com does.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use rustls::{ServerConnection, StreamOwned};
use tempfile::TempDir;

use super::{Published, TAG};
use crate::registry::authority::Authority;

/// Serves a release as github.com does, from an address other than the requested one. Returns a folder with the
/// config that leads curl there.
pub(super) fn serve(published: Published) -> TempDir {
    let authority = Authority::for_host("github.com");
    let tls = authority.server_config();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = tempfile::tempdir().unwrap();
    fs::copy(authority.ca_file(), config.path().join("ca.pem")).unwrap();
    let ca = config.path().join("ca.pem");
    let lines = format!(
        "connect-to = \"github.com:443:127.0.0.1:{port}\"\ncacert = \"{}\"\nnoproxy = \"*\"\n",
        ca.display()
    );
    fs::write(config.path().join(".curlrc"), lines).unwrap();
    let published = Arc::new(published);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (tls, published) = (tls.clone(), published.clone());
            std::thread::spawn(move || {
                let client = StreamOwned::new(ServerConnection::new(tls).unwrap(), client.unwrap());
                answer(client, &published);
            });
        }
    });
    config
}

fn answer(mut client: impl Read + Write, published: &Published) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|count| count == 1) {
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let release = format!("/acr-pull-secret/acr-pull-secret/releases/download/{TAG}/");
    let asked = path.strip_prefix(&release).filter(|name| published.contains_key(*name));
    let (status, location, body) = match (asked, path.strip_prefix("/objects/")) {
        (Some(name), _) => ("302 Found", format!("Location: https://github.com/objects/{name}\r\n"), &[][..]),
        (None, Some(name)) => ("200 OK", String::new(), &published[name][..]),
        (None, None) => ("404 Not Found", String::new(), &[][..]),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{location}\r\n");
    // A client that has disconnected does not need an answer.
    let _ =
        client.write_all(head.as_bytes()).and_then(|()| client.write_all(body)).and_then(|()| client.flush());
}
