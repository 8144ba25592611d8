//! Pods of a hostile cluster: whatever their names, images, keys and events have, the answer is text, bounded, and without passwords.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::{ACCOUNT, EVENTS, IMAGE, PASSWORD, POD, account, event, pod, secrets, waiting};
use crate::kubectl::{Stub, secret};
use crate::reports::{assert_valid, schema};

/// Texts that a terminal, a CI system or a shell obeys.
fn evil() -> [String; 8] {
    [
        "\u{1b}[2J\u{1b}]0;x\u{7}".to_owned(),
        "##vso[task.setvariable variable=x]y".to_owned(),
        "\n##[error]x\n::error::y\r\n".to_owned(),
        "\u{202e}\u{2066}\u{200b}".to_owned(),
        "$(id) `id` ; rm -rf / | sh && x".to_owned(),
        format!("https://reader:{PASSWORD}@contoso.azurecr.io/v2/"),
        format!("\"https://x.blob.core.windows.net/a?sig={PASSWORD}\": EOF"),
        "long ".repeat(4000),
    ]
}

#[test]
fn whatever_a_cluster_has_is_shown_as_text() {
    let schema = schema("host/src/report/why-schema.json");
    for evil in evil() {
        // The API server accepts only names there, which are no credentials.
        let image = if evil.contains("sig=") { "x" } else { evil.as_str() };
        let name = if evil.contains(PASSWORD) { "x" } else { evil.as_str() };
        let mut first = pod(IMAGE, &["acr-secret"], &waiting("ErrImagePull", &evil));
        first["status"]["containerStatuses"][0]["name"] = "web".into();
        first["spec"]["nodeName"] = name.into();
        first["spec"]["volumes"] =
            json!([{"name": name, "image": {"reference": format!("contoso.azurecr.io/{image}")}}]);
        first["status"]["reason"] = evil.as_str().into();
        let mut second = pod(IMAGE, &["acr-secret"], &waiting(&evil, &evil));
        second["metadata"]["name"] = name.into();
        let mut third = pod(IMAGE, &["acr-secret"], &json!({}));
        third["status"]["phase"] = name.into();
        third["status"]["conditions"] = json!([{"type": "PodScheduled", "status": "False", "message": evil}]);
        third["spec"].as_object_mut().unwrap().remove("nodeName");
        let mut fourth = first.clone();
        fourth["status"]["phase"] = "Failed".into();
        let events = [
            event("Failed", &format!("Failed to pull image \"{IMAGE}\": {evil}")),
            event(&evil, &evil),
            event("FailedMount", &evil),
        ];
        for pod in [first, second, third, fourth] {
            let stub = Stub::new()
                .objects(POD, &[pod])
                .objects(EVENTS, &events)
                .objects(ACCOUNT, &[account(&[])])
                .objects(
                    &secrets("acr-secret"),
                    &[secret("acr-secret", image, ("reader", PASSWORD), &Value::Null)],
                );
            for format in ["text", "json"] {
                let (out, talk, status) =
                    stub.run(&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop", "-o", format]);
                assert!(status.is_some_and(|status| status < 2), "{out}{talk}");
                let is_active = |c: char| {
                    (c.is_control() && c != '\n') || ('\u{2066}'..='\u{2069}').contains(&c) || c == '\u{202e}'
                };
                assert!(!out.contains(is_active), "{out:?}");
                assert!(!out.contains("##vso[") && !out.contains("##["), "{out}");
                // GitHub obeys only the begin of a line.
                assert!(!out.lines().any(|line| line.trim_start().starts_with("::")), "{out}");
                assert!(!out.contains(PASSWORD) && !talk.contains(PASSWORD), "{out}{talk}");
                let cause = out.lines().find_map(|line| line.trim_start().strip_prefix("cause       "));
                assert!(cause.is_none_or(|cause| cause.chars().count() < 1000), "{out}");
                let fix = out.lines().find_map(|line| line.trim_start().strip_prefix("fix         "));
                assert!(fix.is_none_or(|fix| !fix.contains("rm -rf") && !fix.contains("$(id)")), "{out}");
                if format == "json" {
                    assert_valid(&schema, &serde_json::from_str(&out).unwrap());
                }
            }
        }
    }
}

/// The values are known, so they are found where nothing around them says what they are.
#[test]
fn no_value_of_a_secret_that_was_read_is_in_a_message() {
    let reason = "unauthorized: authentication required";
    for password in ["FormersPassw0rd+six", "pw0!", "correct horse battery", "unauthorized1"] {
        let auth = BASE64_STANDARD.encode(format!("reader:{password}"));
        let login =
            json!({"auths": {"contoso.azurecr.io": {"auth": auth, "identitytoken": "Ident1tyT0ken"}}});
        let found = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "acr-secret", "namespace": "shop"},
            "data": {".dockerconfigjson": BASE64_STANDARD.encode(login.to_string())},
        });
        let message = format!(
            "{reason}: reader:{password} is wrong, as {auth} and Ident1tyT0ken are, the password is {password}, and so on {password}"
        );
        let failing = pod(IMAGE, &["acr-secret"], &waiting("ErrImagePull", &message));
        let mut evicted = failing.clone();
        evicted["status"]["phase"] = "Failed".into();
        evicted["status"]["reason"] = message.as_str().into();
        let mut unscheduled = pod(IMAGE, &["acr-secret"], &json!({}));
        unscheduled["status"]["conditions"] =
            json!([{"type": "PodScheduled", "status": "False", "message": message}]);
        unscheduled["spec"].as_object_mut().unwrap().remove("nodeName");
        let creating = pod(IMAGE, &["acr-secret"], &waiting("ContainerCreating", ""));
        let other = pod(IMAGE, &["acr-secret"], &waiting(&message, ""));
        let by_event = event("Failed", &format!("Failed to pull image \"{IMAGE}\": {message}"));
        for (name, pod, events) in [
            ("state", failing, vec![]),
            ("event", pod(IMAGE, &["acr-secret"], &super::back_off()), vec![by_event]),
            ("reason", evicted, vec![]),
            ("scheduler", unscheduled, vec![]),
            ("mount", creating, vec![event("FailedMount", &message)]),
            ("another state", other, vec![]),
        ] {
            let stub = Stub::new()
                .objects(POD, &[pod])
                .objects(EVENTS, &events)
                .objects(ACCOUNT, &[account(&[])])
                .objects(&secrets("acr-secret"), std::slice::from_ref(&found));
            for format in ["text", "json"] {
                let (out, talk, status) =
                    stub.run(&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop", "-o", format]);
                assert!(status.is_some_and(|status| status < 2), "{name}: {out}{talk}");
                for value in [password, &auth, "Ident1tyT0ken"] {
                    assert!(!out.contains(value) && !talk.contains(value), "{name}: {value}: {out}{talk}");
                }
                assert!(out.contains(reason) && out.contains("acr-secret"), "{name}: {out}");
            }
        }
    }
}

/// What programs print about a credential that this login does not read.
#[test]
fn a_message_of_kubectl_has_no_credential() {
    let said = "password: FormersPassw0rd+six {\"access_token\": \"FormersPassw0rd+six\"} --password \"FormersPassw0rd+six x\"";
    let stub = Stub::new().fails(POD, said);
    let (out, talk, status) = stub.run(&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop"]);
    assert_eq!(status, Some(2), "{out}{talk}");
    assert!(talk.contains("access_token") && !talk.contains(PASSWORD), "{talk}");
}
