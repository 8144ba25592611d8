//! What the answers of registries mean, and what follows from them for the exit status.

use super::registry::{HOST, LIMITED, READER, REVOKED, Registry, challenge, reply_with};
use super::{Call, one, pod, secret, text};

/// What a registry answers to a credential that its token service knows, and to the token.
///
/// Registries answer 401 and not 403 to a token without the permission, and containerd then says: pull access denied,
/// repository does not exist or may require authorization. distribution/distribution: registry/auth/token/accesscontroller.go
/// `Status`, `challengeParams`; containerd: core/remotes/docker/{authorizer,resolver}.go; RFC 6750 3.1
#[test]
fn a_refused_token_is_no_wrong_password() {
    let no_permission =
        "401: its token has no permission for this repository, or the repository does not exist";
    for (part, status, error, result, answer, help) in [
        (
            "/manifests/",
            "401 Unauthorized",
            ",error=\"insufficient_scope\"",
            "denied",
            no_permission,
            "AcrPull",
        ),
        ("/manifests/", "401 Unauthorized", "", "denied", no_permission, "AcrPull"),
        (
            "/manifests/",
            "403 Forbidden",
            "",
            "denied",
            "403: no permission to pull from this repository",
            "AcrPull",
        ),
        (
            "/manifests/",
            "401 Unauthorized",
            ",error=\"invalid_token\"",
            "unreachable",
            "does not accept the token that its token service gives",
            "check the host",
        ),
        ("/oauth2/token", "401 Unauthorized", "", "denied", "401: wrong or revoked", "valid password"),
        ("/oauth2/token", "403 Forbidden", "", "denied", "403: no permission to pull", "AcrPull"),
    ] {
        let registry = Registry::with(move |head| {
            let is_authorized = head.header("authorization").is_some();
            (is_authorized && head.path.contains(part)).then(|| {
                let challenge = challenge(head).trim_end().to_owned();
                reply_with(head, status, &format!("{challenge}{error}\r\n"), "")
            })
        });
        let checked = one(&registry, "shop/web:v1", READER).check(&[]);
        assert_eq!(checked.result(), result, "{part} {status} {error}: {}", checked.report);
        assert!(checked.answers()[0].contains(answer), "{part} {status} {error}: {:?}", checked.answers());
        let words = checked.findings()[0]["help"].as_str().unwrap();
        assert!(words.contains(help), "{part} {status} {error}: {words}");
    }
}

/// As `check --pull`: 1 only where the pull is proven to fail.
#[test]
fn explain_fails_for_an_image_that_cannot_be_pulled() {
    let registry = Registry::start();
    let silent = Registry::with(|head| Some(reply_with(head, "502 Bad Gateway", "", "")));
    for (registry, images, login, status) in [
        (&registry, &["shop/web:v1"][..], READER, 0),
        (&registry, &["shop/web:v1"], REVOKED, 1),
        (&registry, &["shop/secret:v1"], LIMITED, 1),
        (&registry, &["shop/web:gone"], READER, 1),
        (&registry, &["shop/arm:v1"], READER, 1),
        (&registry, &["shop/web:v1", "shop/web:gone"], READER, 1),
        (&silent, &["shop/web:v1"], READER, 0),
    ] {
        let name = registry.name();
        let is_silent = name == silent.name();
        let call = Call::new(registry, &[secret("acr", &[(&name, login)])]);
        let images: Vec<String> = images.iter().map(|image| format!("{name}/{image}")).collect();
        for format in ["text", "json"] {
            let mut args = vec!["explain", "--pull", "--pull-timeout", "2s", "-o", format];
            args.extend(["--cluster", "all.yaml", "-n", "shop", "--pull-secret", "acr"]);
            args.extend(images.iter().map(String::as_str));
            let output = call.run(&args);
            assert_eq!(output.status.code(), Some(status), "{images:?}: {}", text(&output.stderr));
            // What the Secrets let expect does not contradict what the registry answers.
            let has_guess = text(&output.stdout).contains("\n  outcome ");
            assert_eq!(has_guess, format == "text" && is_silent, "{images:?}");
            assert!(!output.stdout.is_empty(), "{images:?}");
        }
    }
    // What is not known is no failure.
    let call = Call::new(&registry, &[]);
    let image = format!("{HOST}/shop/web:v1");
    let unknown =
        call.run(&["explain", "--pull", "--cluster", "all.yaml", "--pull-secret", "elsewhere", &image]);
    assert_eq!(unknown.status.code(), Some(0), "{}", text(&unknown.stderr));
}

/// No resolver knows a name under `invalid`. RFC 6761 6.4
#[test]
fn a_name_that_is_not_known_is_told() {
    const UNKNOWN: &str = "registry.invalid";
    let manifests = [pod("web", &format!("{UNKNOWN}/web:v1"), &["acr"]), secret("acr", &[(UNKNOWN, READER)])];
    let call = Call::of(Vec::new(), &manifests);
    let settings = r#"{"mode": "validate", "registrySuffixes": ["registry.invalid"], "pullSecrets": [{"registries": ["registry.invalid"], "secret": "acr"}]}"#;
    let checked = call.check(&["--settings-json", settings]);
    assert_eq!((checked.result(), checked.status), ("unreachable", Some(0)), "{}", checked.report);
    let finding = checked.findings()[0];
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.ends_with(r#", "registry.invalid/web:v1": the name registry.invalid is not known to DNS"#),
        "{finding}"
    );
    assert!(
        finding["help"].as_str().unwrap().contains("--resolve registry.invalid:443:ADDRESS"),
        "{finding}"
    );
}
