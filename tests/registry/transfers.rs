//! Policies that are pushed to a registry and pulled from it, also over connections that break.

use std::sync::atomic::{AtomicUsize, Ordering};

use acr_pull_secret::publish::registry::artifact::{Artifact, digest};
use acr_pull_secret::sandbox::EMBEDDED;
use serde_json::{Value, json};

use super::authority::Authority;
use super::front::{Act, Front};
use super::server::{Guard, Server};
use super::{ARTICLE, REPOSITORY, User, fine, get, host, immutable, is_layer, reference, round_trip, text};
use crate::engines::command;

#[test]
#[ignore = "needs docker-registry"]
fn a_pulled_policy_is_the_pushed_one_and_checks_a_pod() {
    let server = Server::start(&Guard::Anybody, None);
    let user = User::new();
    assert!(
        round_trip(&user, server.port, &["--insecure", &host(server.port)]) == EMBEDDED,
        "the bytes differ"
    );

    let check = command(&["check", "--policy", &user.path("out.wasm"), ARTICLE]).output().unwrap();
    assert!(
        fine(&check).starts_with("accepted Pod awesomeapps/my-awesome-app-pod"),
        "{}",
        text(&check.stdout)
    );

    let by_digest = user.policy(&[
        "pull",
        &immutable(server.port),
        "--insecure",
        &host(server.port),
        "--output",
        &user.path("again.wasm"),
    ]);
    assert_eq!(fine(&by_digest), immutable(server.port));
    assert!(std::fs::read(user.file("again.wasm")).unwrap() == EMBEDDED);

    let with_scheme = format!("registry://{}", reference(server.port));
    let inspected = user.policy(&["inspect", &with_scheme, "--insecure", &host(server.port), "-o", "json"]);
    let inspected: Value = serde_json::from_str(&fine(&inspected)).unwrap();
    assert_eq!(inspected["digest"], digest(EMBEDDED));
    assert_eq!(inspected["manifestDigest"], Artifact::of(EMBEDDED).unwrap().digest);
}

#[test]
#[ignore = "needs docker-registry"]
fn the_registry_holds_the_manifest_that_kubewarden_would_have_pushed() {
    let server = Server::start(&Guard::Anybody, None);
    let user = User::new();
    let pushed = fine(&user.policy(&[
        "push",
        &reference(server.port),
        "--insecure",
        &host(server.port),
        "-o",
        "json",
    ]));
    assert_eq!(
        serde_json::from_str::<Value>(&pushed).unwrap(),
        json!({"immutable_ref": immutable(server.port)})
    );

    let (head, body) = get(server.port, &format!("/v2/{REPOSITORY}/manifests/v1"));
    assert!(head.contains("Content-Type: application/vnd.oci.image.manifest.v1+json"), "{head}");
    let expected = Artifact::of(EMBEDDED).unwrap();
    assert_eq!(body.as_bytes(), &expected.manifest[..]);
    let (_, config) = get(server.port, &format!("/v2/{REPOSITORY}/blobs/{}", expected.config_digest));
    assert_eq!(config, "{}");
}

#[test]
#[ignore = "needs docker-registry"]
fn an_existing_policy_is_not_sent_again() {
    let server = Server::start(&Guard::Anybody, None);
    let front = Front::start(server.port, None, |_| Act::Pass);
    let user = User::new();
    let uploads = || front.seen().iter().filter(|head| head.path.contains("/blobs/uploads/")).count();
    fine(&user.policy(&["push", &reference(front.port), "--insecure", &host(front.port)]));
    let first = uploads();
    fine(&user.policy(&["push", &reference(front.port), "--insecure", &host(front.port)]));
    assert_eq!((first, uploads()), (4, 4), "two blobs take two requests each, and then none");
}

#[test]
#[ignore = "needs docker-registry"]
fn tls_trusts_the_given_authority() {
    let authority = Authority::new();
    let (certificate, key) = authority.certificate_and_key();
    let server = Server::start(&Guard::Anybody, Some((&certificate, &key)));
    let user = User::new();
    let untrusted = user.pull_fails(&reference(server.port), &[]);
    assert!(
        untrusted.contains("certificate that is not trusted") && untrusted.contains("--ca-file"),
        "{untrusted}"
    );
    let plain = user.pull_fails(&reference(server.port), &["--insecure", &host(server.port)]);
    assert!(plain.contains("uses https; leave out --insecure localhost:"), "{plain}");
    assert!(round_trip(&user, server.port, &["--ca-file", &authority.ca_file()]) == EMBEDDED);
}

#[test]
#[ignore = "needs docker-registry"]
fn an_interrupted_download_is_resumed() {
    let server = Server::start(&Guard::Anybody, None);
    let user = User::new();
    fine(&user.policy(&["push", &reference(server.port), "--insecure", &host(server.port)]));
    let cuts = AtomicUsize::new(0);
    let front = Front::start(server.port, None, move |head| {
        if is_layer(head) && cuts.fetch_add(1, Ordering::SeqCst) == 0 { Act::CutAnswer } else { Act::Pass }
    });
    let pulled = user.policy(&[
        "pull",
        &reference(front.port),
        "--insecure",
        &host(front.port),
        "--output",
        &user.path("out.wasm"),
    ]);
    fine(&pulled);
    assert!(text(&pulled.stderr).contains("was cut") && text(&pulled.stderr).contains("trying again"));
    assert!(std::fs::read(user.file("out.wasm")).unwrap() == EMBEDDED);
    let ranges: Vec<Option<String>> = front
        .seen()
        .iter()
        .filter(|head| is_layer(head))
        .map(|head| head.header("range").map(str::to_owned))
        .collect();
    let resumed = ranges[1].as_deref().and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    let from: usize = resumed.and_then(|from| from.parse().ok()).expect("the second request names a range");
    assert!(ranges.len() == 2 && ranges[0].is_none() && from > EMBEDDED.len() / 4, "{ranges:?}");
}

#[test]
#[ignore = "needs docker-registry"]
fn an_interrupted_upload_is_repeated() {
    let server = Server::start(&Guard::Anybody, None);
    let cuts = AtomicUsize::new(0);
    let front = Front::start(server.port, None, move |head| {
        if head.method == "PUT" && cuts.fetch_add(1, Ordering::SeqCst) == 0 {
            Act::CutBody
        } else {
            Act::Pass
        }
    });
    let user = User::new();
    let pushed = user.policy(&["push", &reference(front.port), "--insecure", &host(front.port)]);
    assert_eq!(fine(&pushed), immutable(front.port));
    assert!(text(&pushed.stderr).contains("trying again"), "{}", text(&pushed.stderr));
    assert!(round_trip(&user, server.port, &["--insecure", &host(server.port)]) == EMBEDDED);
}

#[test]
#[ignore = "needs docker-registry"]
fn bytes_that_differ_from_their_digest_are_not_written() {
    let server = Server::start(&Guard::Anybody, None);
    let user = User::new();
    fine(&user.policy(&["push", &reference(server.port), "--insecure", &host(server.port)]));
    let front = Front::start(server.port, None, |head| if is_layer(head) { Act::Spoil } else { Act::Pass });
    let failed = user.pull_fails(&reference(front.port), &["--insecure", &host(front.port)]);
    assert!(failed.contains("sent unexpected content"), "{failed}");
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs docker-registry"]
fn a_full_disk_is_reported() {
    let server = Server::start(&Guard::Anybody, None);
    let user = User::new();
    fine(&user.policy(&["push", &reference(server.port), "--insecure", &host(server.port)]));
    let failed = user.fails(&[
        "pull",
        &reference(server.port),
        "--insecure",
        &host(server.port),
        "--output",
        "/dev/full",
    ]);
    assert!(failed.contains("/dev/full: cannot be written: no space left on device"), "{failed}");
}

#[test]
#[ignore = "needs docker-registry"]
fn a_tag_that_does_not_exist_is_named() {
    let server = Server::start(&Guard::Anybody, None);
    let failed = User::new().pull_fails(&reference(server.port), &["--insecure", &host(server.port)]);
    assert!(failed.contains(&format!("{} was not found", reference(server.port))), "{failed}");
}
