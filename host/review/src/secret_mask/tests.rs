use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::SecretMask;

const PASSWORD: &str = "hunter2-Correct/Horse+Battery";

fn encoded(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

/// A call about a pod that has looked up a Secret with this data.
fn mask(data: &Value) -> SecretMask {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "prod"},
        "spec": {"containers": [{"name": "a", "image": "contoso.azurecr.io/shop/web:v1", "env": [{"name": "USER", "value": "robot-user"}]}]},
    });
    let mut mask =
        SecretMask::of_call(json!({"request": {"object": pod}, "settings": {}}).to_string().as_bytes());
    let secret = json!({"metadata": {"name": "acr-pull", "namespace": "shop"}, "data": data});
    mask.add(secret.to_string().as_bytes(), true);
    mask
}

fn docker_config() -> Value {
    let auth = encoded(&format!("robot-user:{PASSWORD}"));
    let config = json!({"auths": {"contoso.azurecr.io": {"username": "robot-user", "password": PASSWORD, "auth": auth}}});
    json!({".dockerconfigjson": encoded(&config.to_string())})
}

#[test]
fn a_value_is_hidden_in_every_place_and_the_rest_is_shown() {
    let config = docker_config();
    let whole = config[".dockerconfigjson"].as_str().unwrap();
    let auth = encoded(&format!("robot-user:{PASSWORD}"));
    let shifted = encoded(&format!("x{PASSWORD}y"));
    let twice = encoded(&encoded(PASSWORD));
    let upper = PASSWORD.to_uppercase();
    let escaped = PASSWORD.replace('/', "\\u002f").replace('+', "\\u002b").replace('-', "\\u002d");
    let generic = |text: &str| json!({"a": encoded(text)});
    for (data, said, shown) in [
        (config.clone(), format!("pull with {PASSWORD}!"), "pull with ***!"),
        (config.clone(), format!("pull with {}!", PASSWORD.get(3..14).unwrap()), "pull with ***!"),
        (config.clone(), format!("pull with {upper}!"), "pull with ***!"),
        (
            config.clone(),
            format!("robot-user:{PASSWORD}@contoso.azurecr.io"),
            "robot-user:***@contoso.azurecr.io",
        ),
        (config.clone(), format!("auth {auth}"), "auth ***"),
        (config.clone(), format!("data {whole}"), "data ***"),
        (config.clone(), format!("{escaped} is hidden"), "*** is hidden"),
        (config.clone(), "acr-pull of robot-user for contoso.azurecr.io in prod".to_owned(), ""),
        (config.clone(), "contoso.azurecr.io/shop/web:v1 has no password".to_owned(), ""),
        (generic("hunter2"), "it is hunter2, in base64 aHVudGVyMg==".to_owned(), "it is ***, in base64 ***"),
        (generic("!$%&/(){}?"), "it is !$%&/(){}? here".to_owned(), "it is *** here"),
        (generic("see contoso.azurecr.io: pw"), "an image of contoso.azurecr.io: web".to_owned(), ""),
        (generic("ab12"), "it is ab12".to_owned(), "it is ***"),
        (generic("ab1"), "too short to be distinguished from other words: ab1".to_owned(), ""),
        (generic("prod"), "the pod web in prod".to_owned(), ""),
        (generic("user: x\npassword: 'pw-1'\n"), "it is pw-1".to_owned(), "it is ***"),
        (generic("DB=amqp://u:pw+1@host/\n"), "it is pw+1".to_owned(), "it is ***"),
        (generic(r#"{"db":{"pin":"0815"}}"#), "it is 0815".to_owned(), "it is ***"),
        (json!({"a": "no base64"}), "it is no base64".to_owned(), "it is ***"),
        (generic("first line of it\nsecond one of it"), "a second one of it".to_owned(), "a ***"),
        (generic("grüße-von-uns"), "a grüße-von-uns".to_owned(), "a ***"),
    ] {
        let expected = if shown.is_empty() { said.as_str() } else { shown };
        assert_eq!(mask(&data).text(&said), expected, "{data}");
    }
    // Of what a policy encodes itself, at most the last characters are left, which say less than a part.
    for encoded in [shifted, twice] {
        let shown = mask(&config).text(&format!("data {encoded}")).into_owned();
        assert!(shown.starts_with("data ") && shown.contains("***") && shown.len() < 18, "{shown}");
    }
}

/// What a Go program prints of a `[]byte`, which is also how an error quotes a Secret that it could not parse.
#[test]
fn a_list_of_the_bytes_of_a_value_is_hidden() {
    let auth = encoded(&format!("robot-user:{PASSWORD}"));
    for value in [PASSWORD, PASSWORD.get(3..14).unwrap(), auth.as_str()] {
        for sign in [" ", ", ", ","] {
            let bytes: Vec<String> = value.bytes().map(|byte| byte.to_string()).collect();
            let said = format!("cannot parse [{}] of 3 [1 2 3] bytes", bytes.join(sign));
            assert_eq!(mask(&docker_config()).text(&said), "cannot parse [***] of 3 [1 2 3] bytes", "{said}");
        }
    }
    let other = "cannot parse [104 101 108 108 111 32 119 111 114 108 100] or [256 1] or [] or [";
    assert_eq!(mask(&docker_config()).text(other), other);
}

#[test]
fn every_part_of_eight_characters_is_hidden() {
    for start in 0..PASSWORD.len() - 8 {
        let part = PASSWORD.get(start..start + 8).unwrap();
        assert_eq!(mask(&docker_config()).text(part), "***");
    }
}

/// Also if it is not an object, a list of fields hides its kind, or kubectl left a copy in an annotation.
#[test]
fn whatever_a_lookup_of_a_secret_returns_is_hidden() {
    let applied = json!({"kind": "Secret", "stringData": {"a": "old-password"}}).to_string();
    for answer in [
        json!({"data": {"a": encoded("old-password")}}),
        json!({"stringData": {"a": "old-password"}}),
        json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied}}}),
        json!({"metadata": {"annotations": {"note": "the old-password"}}}),
        json!({"items": [{"data": {"a": encoded("old-password")}}]}),
        json!([{"data": {"a": encoded("old-password")}}]),
        json!({"data": {"a": {"b": ["old-password"]}}}),
        json!({"more": {"b": "old-password"}}),
        json!("old-password"),
    ] {
        let mut mask = SecretMask::of_call(b"{}");
        mask.add(answer.to_string().as_bytes(), true);
        assert_eq!(mask.text("an old-password"), "an ***", "{answer}");
    }
    let mut mask = SecretMask::of_call(b"{}");
    mask.add(b"no JSON: old-password", true);
    assert_eq!(mask.text("an old-password"), "an ***");
    for kind in ["Secret", "SecretList"] {
        let items = json!({"kind": kind, "items": [{"data": {"a": encoded("old-password")}}]});
        let mut mask = SecretMask::of_call(b"{}");
        mask.add(items.to_string().as_bytes(), false);
        assert_eq!(mask.text("an old-password"), "an ***");
    }
}

#[test]
fn json_stays_json_and_fields_of_an_answer_keep_their_names() {
    let data = json!({"a": encoded(PASSWORD), "b": encoded("message"), "c": encoded("warn"), "d": encoded("20301020")});
    let findings = json!([{"rule": PASSWORD, "severity": "warn", "line": 20_301_020, "message": format!("{PASSWORD}, no")}]);
    let answer = json!({
        "accepted": true, "message": PASSWORD, "warnings": [PASSWORD], "audit_annotations": {"findings": findings.to_string()},
        "mutated_object": {"metadata": {"name": "web", PASSWORD: 7, "x": 20_301_020}},
    });
    let masked: Value = serde_json::from_slice(&mask(&data).json(answer.to_string().as_bytes())).unwrap();
    let findings = json!([{"rule": "***", "severity": "warn", "line": null, "message": "***, no"}]);
    assert_eq!(
        masked,
        json!({
            "accepted": true, "message": "***", "warnings": ["***"], "audit_annotations": {"findings": findings.to_string()},
            "mutated_object": {"metadata": {"name": "web", "***": 7, "x": null}},
        })
    );
    assert_eq!(*mask(&data).json(format!("no JSON: {PASSWORD}").as_bytes()), *b"no JSON: ***");
    let fine = br#"{"accepted":true,  "message":"a"}"#;
    assert_eq!(*mask(&data).json(fine), *fine);
}

/// A value that a policy keeps in the Secret of the request is not a change; in any other place it is a value.
#[test]
fn the_secret_of_the_request_is_hidden_where_it_is_repeated() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "acr-pull"}, "stringData": {"a": PASSWORD}});
    let mut mask = SecretMask::of_call(json!({"request": {"object": secret}}).to_string().as_bytes());
    let mut mutated = secret.clone();
    mutated["metadata"]["labels"] = json!({"seen": PASSWORD});
    let answer =
        json!({"accepted": true, "message": format!("acr-pull has {PASSWORD}"), "mutated_object": mutated});
    mutated["metadata"]["labels"] = json!({"seen": "***"});
    let shown: Value = serde_json::from_slice(&mask.json(answer.to_string().as_bytes())).unwrap();
    assert_eq!(shown, json!({"accepted": true, "message": "acr-pull has ***", "mutated_object": mutated}));
}
