//! The page without the command: as a site of its own, and offline.

use serde_json::Value;

use super::driver::{DESK, browse};
use super::{JUDGED, Playground, open};
use crate::engines::command;

/// Serves a folder below `/deep/er/`, as any web server would, and tells its address.
fn serve_deeper(folder: std::path::PathBuf) -> String {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let url = format!("http://{}/deep/er/", server.server_addr().to_ip().unwrap());
    std::thread::spawn(move || {
        for request in server.incoming_requests() {
            let path = request.url().split(['?', '#']).next().unwrap().to_owned();
            let name =
                path.strip_prefix("/deep/er/").map(|name| if name.is_empty() { "index.html" } else { name });
            let Some(Ok(file)) = name.map(|name| std::fs::File::open(folder.join(name))) else {
                let _ = request.respond(tiny_http::Response::empty(404));
                continue;
            };
            let media_type = match path.rsplit('.').next() {
                Some("js") => "text/javascript",
                Some("css") => "text/css",
                Some("svg") => "image/svg+xml",
                Some("wasm") => "application/wasm",
                _ => "text/html; charset=utf-8",
            };
            let header = tiny_http::Header::from_bytes("Content-Type", media_type).unwrap();
            let _ = request.respond(tiny_http::Response::from_file(file).with_header(header));
        }
    });
    url
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
