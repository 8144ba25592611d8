//! Several namespaces, servers and logins at once.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::engines::run;

const LOGIN: [&str; 3] = ["--username", "reader", "--password-stdin"];

fn made(args: &[&str], input: &str) -> (String, String) {
    let output = run(&[&["secret"], args].concat(), input);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    (String::from_utf8(output.stdout).unwrap(), said)
}

fn config(secret: &Value) -> Value {
    let config = BASE64_STANDARD.decode(secret["data"][".dockerconfigjson"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&config).unwrap()
}

#[test]
fn each_namespace_gets_a_secret_in_one_list() {
    let options = [
        "--server",
        "contoso.azurecr.io",
        "-n",
        "shop",
        "-n",
        "ops",
        "--expires",
        "2099-01-31T12:00:00Z",
        "-o",
    ];
    let (json, _) = made(&[&LOGIN[..], &options, &["json"]].concat(), "hunter2");
    let list: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&list["apiVersion"], &list["kind"]), (&json!("v1"), &json!("List")));
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    for (secret, namespace) in items.iter().zip(["shop", "ops"]) {
        let options = [
            "--server",
            "contoso.azurecr.io",
            "-n",
            namespace,
            "--expires",
            "2099-01-31T12:00:00Z",
            "-o",
            "json",
        ];
        let (alone, _) = made(&[&LOGIN[..], &options].concat(), "hunter2");
        assert_eq!(*secret, serde_json::from_str::<Value>(&alone).unwrap());
    }
    let (yaml, _) = made(&[&LOGIN[..], &options, &["yaml"]].concat(), "hunter2");
    let read = review::yaml::documents(&yaml).0;
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].value, list);
    assert!(yaml.contains("\nitems:\n- apiVersion: v1\n  data:\n"), "{yaml}");
}

#[test]
fn several_servers_share_a_credential_in_one_secret() {
    let options =
        ["--server", "contoso.azurecr.io", "--server", "contoso.westeurope.geo.azurecr.io", "-o", "json"];
    let (json, _) = made(&[&LOGIN[..], &options].concat(), "hunter2");
    let entry = json!({"username": "reader", "password": "hunter2", "auth": BASE64_STANDARD.encode("reader:hunter2")});
    let auths = json!({"contoso.azurecr.io": entry, "contoso.westeurope.geo.azurecr.io": entry});
    assert_eq!(config(&serde_json::from_str(&json).unwrap()), json!({"auths": auths}));
}

#[test]
fn several_registries_of_a_docker_config_keep_their_credentials() {
    let auth = |login: &str| json!({"auth": BASE64_STANDARD.encode(login)});
    let docker = json!({"auths": {"contoso.azurecr.io": auth("a:hunter2"), "fabrikam.azurecr.io": auth("b:hunter3"), "ghcr.io": auth("c:x")}});
    let options = [
        "--from-docker-config",
        "-",
        "--server",
        "contoso.azurecr.io",
        "--server",
        "fabrikam.azurecr.io",
        "-o",
        "json",
    ];
    let (json, _) = made(&options, &docker.to_string());
    let auths = &config(&serde_json::from_str(&json).unwrap())["auths"];
    assert_eq!(auths.as_object().unwrap().len(), 2);
    assert_eq!(auths["contoso.azurecr.io"]["auth"], BASE64_STANDARD.encode("a:hunter2"));
    assert_eq!(auths["fabrikam.azurecr.io"]["auth"], BASE64_STANDARD.encode("b:hunter3"));
}

/// A secret with two logins, as text or as data, that expires.
fn existing(expires: &str, in_text: bool) -> String {
    let docker = json!({
        "HttpHeaders": {"User-Agent": "x"},
        "auths": {"ghcr.io": {"z": 1, "auth": "b2xkOm9sZA=="}, "https://contoso.azurecr.io/v2/": {"auth": "b2xkOm9sZA=="}}
    })
    .to_string();
    let (field, text) =
        if in_text { ("stringData", docker) } else { ("data", BASE64_STANDARD.encode(docker)) };
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson", field: {".dockerconfigjson": text},
        "metadata": {
            "name": "acr-secret", "namespace": "shop", "labels": {"team": "shop"},
            "annotations": {"acr-pull-secret/expires": expires, "team": "shop"}
        }
    })
    .to_string()
}

#[test]
fn an_existing_secret_gets_a_login_and_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.yaml");
    for (server, expires, old, new, in_text, has_note) in [
        // Another server: the earliest end is kept.
        (
            "fabrikam.azurecr.io",
            "2099-01-31T12:00:00Z",
            "2098-01-31T12:00:00Z",
            "2098-01-31T12:00:00Z",
            false,
            false,
        ),
        (
            "fabrikam.azurecr.io",
            "2097-01-31T12:00:00Z",
            "2098-01-31T12:00:00Z",
            "2097-01-31T12:00:00Z",
            true,
            false,
        ),
        ("fabrikam.azurecr.io", "never", "2098-01-31T12:00:00Z", "2098-01-31T12:00:00Z", false, false),
        // The same server, as docker compares them.
        (
            "contoso.azurecr.io",
            "2097-01-31T12:00:00Z",
            "2098-01-31T12:00:00Z",
            "2097-01-31T12:00:00Z",
            false,
            true,
        ),
        ("contoso.azurecr.io", "2097-01-31T12:00:00Z", "soon", "2097-01-31T12:00:00Z", true, true),
    ] {
        std::fs::write(&path, existing(old, in_text)).unwrap();
        let options =
            ["--server", server, "--merge", path.to_str().unwrap(), "--expires", expires, "-o", "json"];
        let (json, said) = made(&[&LOGIN[..], &options].concat(), "hunter2");
        let mut secret: Value = serde_json::from_str(&json).unwrap();
        let before: Value = serde_json::from_str(&existing(new, in_text)).unwrap();
        assert_eq!(secret["metadata"], before["metadata"]);
        if in_text {
            let text = BASE64_STANDARD.encode(secret["stringData"][".dockerconfigjson"].as_str().unwrap());
            secret["data"][".dockerconfigjson"] = json!(text);
        }
        let config = config(&secret);
        let mut auths = config["auths"].clone();
        let auths = auths.as_object_mut().unwrap();
        assert_eq!(config["HttpHeaders"], json!({"User-Agent": "x"}));
        assert_eq!(auths.remove("ghcr.io"), Some(json!({"z": 1, "auth": "b2xkOm9sZA=="})));
        assert_eq!(auths.remove(server).unwrap()["auth"], BASE64_STANDARD.encode("reader:hunter2"));
        assert_eq!(auths.contains_key("https://contoso.azurecr.io/v2/"), !has_note);
        assert_eq!(
            said.contains("the login to https://contoso.azurecr.io/v2/ is replaced"),
            has_note,
            "{said}"
        );
    }
}

/// What the command prints for several namespaces, and what kubectl prints for several secrets.
#[test]
fn each_secret_of_a_list_gets_the_login() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.yaml");
    let more = ["--server", "fabrikam.azurecr.io", "--merge", path.to_str().unwrap(), "-o", "json"];
    let both = ["--server", "contoso.azurecr.io", "-n", "shop", "-n", "ops"];
    let (first, _) = made(&[&LOGIN[..], &both].concat(), "hunter2");
    let documents: String = ["shop", "ops"]
        .map(|namespace| made(&[&LOGIN[..], &both[..2], &["-n", namespace]].concat(), "hunter2").0)
        .join("---\n");
    let of_kubectl =
        first.replace("kind: List\nmetadata: {}", "kind: List\nmetadata:\n  resourceVersion: \"\"");
    for before in [&first, &documents, &of_kubectl, &first.replace("kind: List", "kind: SecretList")] {
        std::fs::write(&path, before).unwrap();
        let (list, said) = made(&[&LOGIN[..], &more].concat(), "hunter3");
        let list: Value = serde_json::from_str(&list).unwrap();
        assert_eq!(list["kind"], "List", "{list}");
        let namespaces: Vec<&Value> =
            list["items"].as_array().unwrap().iter().map(|it| &it["metadata"]["namespace"]).collect();
        assert_eq!(namespaces, ["shop", "ops"]);
        for secret in list["items"].as_array().unwrap() {
            let auths = config(secret)["auths"].clone();
            assert_eq!(auths["contoso.azurecr.io"]["password"], "hunter2");
            assert_eq!(auths["fabrikam.azurecr.io"]["password"], "hunter3");
        }
        assert!(!said.contains("is replaced"), "{said}");

        // The same registry once more: each secret is named.
        std::fs::write(&path, list.to_string()).unwrap();
        let (_, said) = made(&[&LOGIN[..], &more].concat(), "hunter4");
        for name in ["shop/acr-secret", "ops/acr-secret"] {
            let note = format!("Secret {name}: the login to fabrikam.azurecr.io is replaced");
            assert!(said.contains(&note), "{said}");
        }
    }
    // A List of one is one secret.
    let one = made(&[&LOGIN[..], &both[..4], &["-o", "json"]].concat(), "hunter2").0;
    std::fs::write(&path, format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{one}]}}"#)).unwrap();
    let (secret, _) = made(&[&LOGIN[..], &more].concat(), "hunter3");
    assert_eq!(serde_json::from_str::<Value>(&secret).unwrap()["kind"], "Secret");
}

#[test]
fn the_end_of_a_credential_that_is_gone_is_not_kept() {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "acr-secret", "annotations": {"acr-pull-secret/expires": "2020-01-31T12:00:00Z"}},
        "data": {".dockerconfigjson": BASE64_STANDARD.encode(r#"{"auths":{"contoso.azurecr.io":{"auth":"b2xkOm9sZA=="}}}"#)}
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.json");
    std::fs::write(&path, secret.to_string()).unwrap();
    let options = ["--server", "contoso.azurecr.io", "--merge", path.to_str().unwrap(), "-o", "json"];
    let (json, _) = made(&[&LOGIN[..], &options].concat(), "hunter2");
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["metadata"], json!({"name": "acr-secret"}));
}

#[test]
fn only_a_pull_secret_gets_logins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.yaml");
    let secret = |kind: &str, type_: &str, config: &str| {
        json!({"apiVersion": "v1", "kind": kind, "type": type_, "metadata": {"name": "x"}, "data": {".dockerconfigjson": config}}).to_string()
    };
    let docker = "kubernetes.io/dockerconfigjson";
    let list = |items: &[&str]| {
        format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#, items.join(", "))
    };
    for (text, says) in [
        (String::new(), "it is not the manifest of a Secret, or of a List of them"),
        ("hunter2".to_owned(), "it is not the manifest of a Secret, or of a List of them"),
        (list(&[]), "it is not the manifest of a Secret, or of a List of them"),
        (
            r#"{"apiVersion": "v1", "kind": "List", "items": "hunter2"}"#.to_owned(),
            "it is not the manifest of a Secret",
        ),
        (list(&["\"hunter2\""]), "it is not the manifest of a Secret"),
        (secret("ConfigMap", docker, "e30="), "it has an object that is not a Secret"),
        (
            list(&[&secret("Secret", docker, "e30="), &secret("ConfigMap", docker, "e30=")]),
            "that is not a Secret",
        ),
        (
            list(&[&secret("Secret", docker, "e30="), &secret("Secret", "Opaque", "e30=")]),
            "whose type is not",
        ),
        (secret("Secret", "Opaque", "e30="), "a Secret whose type is not kubernetes.io/dockerconfigjson"),
        (
            secret("Secret", docker, "hunter2"),
            "a Secret whose .dockerconfigjson is not a docker config in base64",
        ),
        (
            secret("Secret", docker, &BASE64_STANDARD.encode("hunter2")),
            "whose .dockerconfigjson is not a docker config",
        ),
        (
            secret("Secret", docker, &BASE64_STANDARD.encode(r#"{"auths":"hunter2"}"#)),
            "whose .dockerconfigjson is not",
        ),
    ] {
        std::fs::write(&path, &text).unwrap();
        let options = ["secret", "--server", "contoso.azurecr.io", "--merge", path.to_str().unwrap()];
        let output = run(&[&options[..], &LOGIN].concat(), "hunter2");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{text}: {said}");
        assert!(said.contains(says) && !said.contains("hunter2"), "{text}: {said}");
    }
}

#[test]
#[cfg(unix)]
fn a_credential_helper_runs_only_on_wish() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let helper = folder.path().join("docker-credential-acr-test");
    let script = "#!/bin/sh\nread server\ntouch \"$0.ran\"\ncase $server in\n\
                  contoso.azurecr.io) echo '{\"ServerURL\": \"x\", \"Username\": \"reader\", \"Secret\": \"hunter2\"}' ;;\n\
                  az.azurecr.io) echo '{\"ServerURL\": \"x\", \"Username\": \"<token>\", \"Secret\": \"hunter2\"}' ;;\n\
                  broken.azurecr.io) echo hunter2; echo hunter2 >&2; exit 1 ;;\n\
                  *) echo 'credentials not found in native keychain'; exit 1 ;;\nesac\n";
    std::fs::write(&helper, script).unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let docker = folder.path().join("config.json");
    std::fs::write(&docker, json!({"credsStore": "acr-test"}).to_string()).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let call = |server: &str, options: &[&str]| {
        let args =
            ["secret", "-o", "json", "--from-docker-config", docker.to_str().unwrap(), "--server", server];
        let mut command = crate::engines::command(&[&args[..], options].concat());
        let output = command.env("PATH", &path).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (status, _, said) = call("contoso.azurecr.io", &[]);
    assert_eq!(status, Some(2));
    assert!(
        said.contains("help: add --use-helpers to run it, or log in first: docker login contoso.azurecr.io"),
        "{said}"
    );
    assert!(!folder.path().join("docker-credential-acr-test.ran").exists());

    let (status, secret, said) = call("contoso.azurecr.io", &["--use-helpers"]);
    assert_eq!(status, Some(0), "{said}");
    let auths = &config(&serde_json::from_str(&secret).unwrap())["auths"];
    assert_eq!(auths["contoso.azurecr.io"]["auth"], BASE64_STANDARD.encode("reader:hunter2"));
    // One that is not installed.
    std::fs::write(&docker, json!({"credsStore": "acr-none"}).to_string()).unwrap();
    let (status, secret, said) = call("contoso.azurecr.io", &["--use-helpers"]);
    assert_eq!((status, secret.as_str()), (Some(2), ""), "{said}");
    assert!(said.contains("docker-credential-acr-none that it names cannot be run\n"), "{said}");
    assert!(
        said.contains(
            "= help: install it, or add its folder to PATH: `command -v docker-credential-acr-none`"
        ),
        "{said}"
    );
    std::fs::write(&docker, json!({"credsStore": "acr-test"}).to_string()).unwrap();
    for (server, says) in [
        ("az.azurecr.io", "has an identity token"),
        ("broken.azurecr.io", "docker-credential-acr-test failed"),
        ("other.azurecr.io", "docker-credential-acr-test has no credential for other.azurecr.io"),
    ] {
        let (status, secret, said) = call(server, &["--use-helpers"]);
        assert_eq!((status, secret.as_str()), (Some(2), ""), "{said}");
        assert!(said.contains(says) && !said.contains("hunter2"), "{said}");
    }
}
