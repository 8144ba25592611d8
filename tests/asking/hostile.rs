//! Registries, repositories and gateways that want a credential, a request or a wrong verdict.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::registry::{
    HOST, LIMITED, READER, REVOKED, Registry, TOKEN, digest, index, manifest, reply_with, reply_with_manifest,
};
use super::{Call, one, pod, secret, text};
use crate::engines::command_alone;
use crate::registry::authority::Authority;
use crate::registry::front::{Act, Front, Head};
use crate::reports::FORMATS;

#[test]
fn no_output_has_a_part_of_a_credential() {
    let registry = Registry::with(|head| {
        // A registry that repeats what it is sent.
        let authorization = head.header("authorization")?.to_owned();
        let is_manifest = head.path.contains("/manifests/");
        (is_manifest && head.path.contains("leaking")).then(|| {
            let body =
                json!({"errors": [{"code": "X", "message": format!("bad {authorization}")}]}).to_string();
            reply_with(head, "418 Teapot", &format!("X-Echo: {authorization}\r\n"), &body)
        })
    });
    let name = registry.name();
    let mut all: Vec<Value> =
        [READER, LIMITED, REVOKED].iter().map(|login| secret(login.0, &[(&name, *login)])).collect();
    for (i, image) in ["shop/web:v1", "shop/other:v1", "shop/web:gone", "leaking/web:v1"].iter().enumerate() {
        for (user, _) in [READER, LIMITED, REVOKED] {
            all.push(pod(&format!("p{i}-{user}"), &format!("{name}/{image}"), &[user]));
        }
    }
    let call = Call::new(&registry, &all);
    let mut said = String::new();
    for format in FORMATS {
        let output = call.run(&["check", "--pull", "all.yaml", "-o", format]);
        write!(said, "{}{}", text(&output.stdout), text(&output.stderr)).unwrap();
    }
    for image in ["shop/web:v1", "leaking/web:v1"] {
        for (user, _) in [READER, LIMITED, REVOKED] {
            let image = format!("{name}/{image}");
            let args =
                ["explain", "--pull", &image, "--cluster", "all.yaml", "-n", "shop", "--pull-secret", user];
            let output = call.run(&args);
            write!(said, "{}{}", text(&output.stdout), text(&output.stderr)).unwrap();
        }
    }
    assert!(said.contains("pull-denied") && said.contains("418"), "{said}");
    assert!(registry.given().len() > 3);
    let encoded =
        [READER, LIMITED, REVOKED].map(|(user, password)| STANDARD.encode(format!("{user}:{password}")));
    let passwords = [READER, LIMITED, REVOKED].map(|(_, password)| password.to_owned());
    let tokens = [TOKEN.to_owned()];
    for hidden in passwords.iter().chain(&encoded).chain(&tokens).chain(&registry.given()) {
        assert!(!said.contains(hidden.as_str()), "{hidden}: {said}");
    }
}

/// Registries that lead a credential astray.
#[test]
fn a_credential_goes_to_its_registry_alone() {
    let elsewhere = Authority::for_host("elsewhere.example");
    let trap = Front::start(0, Some(elsewhere.server_config()), |head| reply_with(head, "200 OK", "", "{}"));
    let plain = Front::start(0, None, |head| reply_with(head, "200 OK", "", "{}"));
    let (trap_port, plain_port) = (trap.port, plain.port);
    let far = format!("elsewhere.example:{trap_port}");
    let realms = [format!("https://{far}/oauth2/token"), format!("http://{HOST}:{plain_port}/oauth2/token")];
    for realm in realms {
        let registry = Registry::with(move |head| {
            (head.path == "/v2/").then(|| {
                let challenge = format!("Www-Authenticate: Bearer realm=\"{realm}\",service=\"{HOST}\"\r\n");
                reply_with(head, "401 Unauthorized", &challenge, "")
            })
        });
        let resolve = format!("{far}:127.0.0.1");
        let resolve_plain = format!("{HOST}:{plain_port}:127.0.0.1");
        let checked = one(&registry, "shop/web:v1", READER)
            .with(&["--resolve", &resolve, "--resolve", &resolve_plain])
            .check(&[]);
        assert_eq!(
            (checked.result(), checked.rules().as_slice()),
            ("unreachable", &["registry-unreachable"][..])
        );
    }
    // A redirection is followed over https, without the credential.
    for (to, is_followed) in
        [(format!("https://{far}"), true), (format!("http://{HOST}:{plain_port}"), false)]
    {
        let ca = one_authority(&elsewhere);
        let before = trap.seen().len();
        let registry = Registry::with(move |head| {
            head.path.contains("/manifests/").then(|| {
                let location = format!("Location: {to}{}\r\n", head.path);
                reply_with(head, "307 Temporary Redirect", &location, "")
            })
        });
        let both = tempfile::tempdir().unwrap();
        let path = both.path().join("ca.pem").display().to_string();
        let registrys = std::fs::read_to_string(&registry.options()[1]).unwrap();
        std::fs::write(&path, registrys + &ca).unwrap();
        let mut call =
            one(&registry, "shop/web:v1", READER).with(&["--resolve", &format!("{far}:127.0.0.1")]);
        call.options[1] = path;
        let checked = call.check(&[]);
        assert_eq!(checked.rules(), ["registry-unreachable"], "{}", checked.report);
        assert_eq!(trap.seen().len() > before, is_followed, "{}", checked.report);
    }
    assert_eq!(plain.seen().len(), 0);
    assert!(trap.seen().iter().all(|head| head.header("authorization").is_none()));
}

fn one_authority(authority: &Authority) -> String {
    std::fs::read_to_string(authority.ca_file()).unwrap()
}

#[test]
fn a_registry_cannot_lie_or_keep_us_busy() {
    let other = digest("other");
    let manifests = |act: fn(&crate::registry::front::Head) -> Act| {
        Registry::with(move |head| head.path.contains("/manifests/").then(|| act(head)))
    };
    let by_digest = format!("shop/web@{other}");
    let cases: [(&str, &str, Registry); 4] = [
        // It answers with the manifest of another digest.
        ("another digest", &by_digest, manifests(|head| reply_with_manifest(head, &manifest()))),
        // The index is not what its digest says.
        (
            "another digest",
            "shop/web:v1",
            manifests(|head| {
                let headers = format!(
                    "Content-Type: application/vnd.oci.image.index.v1+json\r\nDocker-Content-Digest: {}\r\n",
                    digest("other")
                );
                reply_with(head, "200 OK", &headers, &index())
            }),
        ),
        // An index without end.
        (
            "does not end",
            "shop/web:v1",
            manifests(|head| {
                let text = format!("{{\"manifests\": [{}", " ".repeat(3 << 20));
                reply_with_manifest(head, &text.replace("manifests", "image.index"))
            }),
        ),
        (
            "does not answer like a container registry",
            "shop/web:v1",
            manifests(|head| reply_with(head, "200 OK", "Content-Type: text/html\r\n", "<html>")),
        ),
    ];
    for (said, image, registry) in cases {
        let checked = one(&registry, image, READER).check(&[]);
        let findings = checked.findings();
        assert_eq!(checked.rules(), ["registry-unreachable"], "{said}: {}", checked.report);
        assert!(findings[0]["message"].as_str().unwrap().contains(said), "{said}: {}", findings[0]);
    }
}

#[test]
fn a_config_file_cannot_make_the_command_ask() {
    let registry = Registry::start();
    let call = one(&registry, "shop/web:v1", READER);
    for key in
        ["pull: true", "dockerConfig: config.json", "insecure: [localhost]", "resolve: []", "caFile: ca.pem"]
    {
        std::fs::write(call.path(".acr-pull-secret.yaml"), key).unwrap();
        let output = command_alone(&["check", "all.yaml"]).current_dir(call.folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{key}: {}", text(&output.stderr));
    }
    assert!(registry.seen().is_empty());
}

/// Everything that a call prints, in every format.
fn everything(call: &Call, name: &str, image: &str, users: &[&str]) -> String {
    let mut said = String::new();
    for format in FORMATS {
        let output = call.run(&["check", "--pull", "all.yaml", "-o", format]);
        write!(said, "{}{}", text(&output.stdout), text(&output.stderr)).unwrap();
    }
    let image = format!("{name}/{image}");
    let mut explain = vec!["explain", "--pull", &image, "--cluster", "all.yaml", "-n", "shop"];
    explain.extend(users.iter().flat_map(|user| ["--pull-secret", user]));
    let output = call.run(&explain);
    write!(said, "{}{}", text(&output.stdout), text(&output.stderr)).unwrap();
    said
}

/// A registry remembers what it is sent, and repeats it later, as it is and decoded.
#[test]
fn what_a_registry_repeats_of_earlier_requests_is_not_shown() {
    type Repeats = fn(&Head, &str) -> Option<Act>;
    let token_service: Repeats = |head, said| {
        let body = json!({"errors": [{"code": "DENIED", "message": said}]}).to_string();
        // The first credential is wrong, and the second one makes it talk.
        head.path.starts_with("/oauth2/token").then(|| {
            let is_second = said.matches("Basic").count() > 1;
            let status = if is_second { "400 Bad Request" } else { "401 Unauthorized" };
            reply_with(head, status, "", &body)
        })
    };
    let manifest_without_digest: Repeats = |head, said| {
        let body = json!({"errors": [{"code": "DENIED", "message": said}]}).to_string();
        let kind = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n";
        head.path.contains("/manifests/").then(|| match head.method.as_str() {
            "HEAD" => reply_with(head, "200 OK", kind, ""),
            _ => reply_with(head, "400 Bad Request", "", &body),
        })
    };
    for repeats in [token_service, manifest_without_digest] {
        let sent: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = sent.clone();
        let registry = Registry::with(move |head| {
            let mut sent = log.lock().unwrap();
            if let Some(value) = head.header("authorization") {
                sent.push(value.to_owned());
                let decoded = value.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text).ok());
                sent.extend(decoded.map(|bytes| text(&bytes)));
            }
            let said = sent.join(" ");
            drop(sent);
            repeats(head, &said)
        });
        let name = registry.name();
        let users = [REVOKED.0, READER.0];
        let all = [
            pod("web", &format!("{name}/shop/web:v1"), &users),
            secret(REVOKED.0, &[(&name, REVOKED)]),
            secret(READER.0, &[(&name, READER)]),
        ];
        let said = everything(&Call::new(&registry, &all), &name, "shop/web:v1", &users);
        let sent = sent.lock().unwrap().clone();
        assert!(sent.len() > 3 && said.contains("registry-unreachable"), "{said}");
        let passwords = [REVOKED.1, READER.1, TOKEN].map(str::to_owned);
        let parts = sent.iter().flat_map(|sent| sent.split([' ', ':'])).map(str::to_owned);
        for hidden in parts.filter(|part| part.len() > 8).chain(passwords) {
            assert!(!said.contains(&hidden), "{hidden}: {said}");
        }
    }
}

/// No credential has been sent yet, so none is to blame.
#[test]
fn a_gateway_that_refuses_everything_is_no_denial() {
    for status in ["403 Forbidden", "404 Not Found", "451 Unavailable For Legal Reasons", "502 Bad Gateway"] {
        let registry = Registry::with(move |head| {
            (head.path == "/v2/").then(|| reply_with(head, status, "", "<html>Blocked</html>"))
        });
        let checked = one(&registry, "shop/web:v1", READER).check(&["--pull-timeout", "2s"]);
        assert_eq!(
            (checked.result(), checked.rules().as_slice()),
            ("unreachable", &["registry-unreachable"][..]),
            "{status}"
        );
        assert!(registry.seen().iter().all(|head| head.header("authorization").is_none()), "{status}");
    }
}

/// The names of platforms go into a command to type.
#[test]
fn platforms_of_an_index_are_words() {
    let image = manifest();
    let entry = |os: &str, architecture: &Value, variant: &Value| {
        json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": image.len(), "digest": digest(&image),
            "platform": {"os": os, "architecture": architecture, "variant": variant},
        })
    };
    let entries = [
        entry("linux", &json!("arm64; rm -rf ~ `id`"), &Value::Null),
        entry("linux\u{1b}[2J", &json!("arm64"), &Value::Null),
        entry("linux", &json!("a".repeat(100_000)), &Value::Null),
        entry("linux", &Value::Null, &Value::Null),
        entry("linux", &json!("arm64"), &Value::Null),
    ];
    let hostile = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries,
    })
    .to_string();
    let registry = Registry::with(move |head| {
        head.path.contains("/manifests/").then(|| reply_with_manifest(head, &hostile))
    });
    let checked = one(&registry, "shop/web:v1", READER).check(&[]);
    assert_eq!(checked.result(), "no-platform", "{}", checked.report);
    assert_eq!(checked.images()[0]["platforms"], json!(["linux/arm64"]));
    assert!(checked.report.to_string().len() < 20_000);
}

/// The settings name the registries that are asked, so they must not come with the repository.
#[test]
fn a_repository_does_not_choose_which_registries_are_asked() {
    let registry = Registry::start();
    let call = one(&registry, "shop/web:v1", READER);
    std::fs::write(call.path(".acr-pull-secret.yaml"), "settings: settings.yaml\n").unwrap();
    std::fs::write(call.path("settings.yaml"), "registrySuffixes: [elsewhere.example]\n").unwrap();
    let image = format!("{}/shop/web:v1", registry.name());
    for args in [&["check", "--pull", "all.yaml"][..], &["explain", "--pull", &image]] {
        let output = call.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains("--settings FILE"), "{args:?}: {}", text(&output.stderr));
    }
    assert!(registry.seen().is_empty());
    for named in ["--no-config", "--settings=settings.yaml", "--config=.acr-pull-secret.yaml"] {
        let output = call.run(&["check", "--pull", "all.yaml", named]);
        assert_ne!(output.status.code(), Some(2), "{named}: {}", text(&output.stderr));
    }
    assert!(!registry.seen().is_empty());
}
