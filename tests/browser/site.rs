//! The page without the command: as a site of its own, and offline.

use std::convert::Infallible;
use std::future::ready;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::driver::{DESK, browse};
use super::{JUDGED, Playground, open};
use crate::engines::command;

/// Serves a folder below `/deep/er/`, like any web server, and returns its address.
fn serve_deeper(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/deep/er/", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let folder = folder.clone();
                let service = service_fn(move |request: Request<Incoming>| {
                    ready(Ok::<_, Infallible>(from_folder(&folder, request.uri().path())))
                });
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async { connection.await.ok() });
            }
        });
    });
    url
}

fn from_folder(folder: &Path, path: &str) -> Response<Full<Bytes>> {
    let name = path.strip_prefix("/deep/er/").map(|name| if name.is_empty() { "index.html" } else { name });
    let Some(Ok(body)) = name.map(|name| std::fs::read(folder.join(name))) else {
        return Response::builder().status(404).body(Full::default()).unwrap();
    };
    let media_type = match path.rsplit('.').next() {
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => "text/html; charset=utf-8",
    };
    Response::builder().header("Content-Type", media_type).body(Full::from(body)).unwrap()
}

#[test]
#[ignore = "needs Chromium"]
fn the_exported_site_works_below_any_address() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    let exported = command(&["playground", "--export", &site.display().to_string()]).output().unwrap();
    assert_eq!(exported.status.code(), Some(0));
    let url = serve_deeper(site);
    browse(DESK, async |browser| {
        open(browser, &url).await;
        assert_eq!(browser.text("#summary").await, "1 object: 1 mutated.");
    });
}

#[test]
#[ignore = "needs Chromium"]
fn once_loaded_the_page_needs_no_server() {
    let playground = Playground::start();
    let url = playground.url.clone();
    browse(DESK, async |browser| {
        open(browser, &url).await;
        browser.js_async("await navigator.serviceWorker.ready; return true", Value::Null).await;
        drop(playground);
        browser.client.refresh().await.unwrap();
        browser.until(JUDGED).await;
        assert_eq!(browser.text("#summary").await, "1 object: 1 mutated.");
    });
}
