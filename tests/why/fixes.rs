//! What `why` suggests to type: commands for the cluster that was asked about, which a shell takes as they are.

use serde_json::{Value, json};

use super::{IMAGE, account, anonymous, back_off, expired, pod, unauthorized, valid};
use crate::kubectl::Stub;

const ACCESS: [&str; 4] = ["--context", "prod eu", "--kubeconfig", "/dev/null"];
const OPTIONS: &str = "--context='prod eu' --kubeconfig=/dev/null";

/// What is suggested about this pod, with options of the call.
pub(super) fn fix(
    pod: &Value,
    events: &[Value],
    account: &Value,
    found: &[Value],
    options: &[&str],
) -> (String, String) {
    let [cause, help, _] = fix_and_then(pod, events, account, found, options);
    (cause, help)
}

/// Cause, help, and what remains to be done then.
pub(super) fn fix_and_then(
    pod: &Value,
    events: &[Value],
    account: &Value,
    found: &[Value],
    options: &[&str],
) -> [String; 3] {
    let names = |list: &Value| -> Vec<String> {
        let names = list.as_array().into_iter().flatten().filter_map(|it| it["name"].as_str());
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let mut listed = [names(&pod["spec"]["imagePullSecrets"]), names(&account["imagePullSecrets"])].concat();
    listed.sort_unstable();
    listed.dedup();
    let end = if options.is_empty() { "" } else { " --context=prod eu --kubeconfig=/dev/null" };
    let stub = Stub::new()
        .objects(&format!("{}{end}", super::POD), std::slice::from_ref(pod))
        .objects(&format!("{}{end}", super::EVENTS), events)
        .objects(&format!("{}{end}", super::ACCOUNT), std::slice::from_ref(account))
        .objects(&format!("{}{end}", super::secrets(&listed.join(" "))), found);
    let (out, talk, status) =
        stub.run(&[&["why", "web-5d8f7c9b6-x2k4p", "-n", "shop", "-o", "json"], options].concat());
    assert!(status.is_some_and(|status| status < 2), "{out}{talk}");
    let answers: Value = serde_json::from_str(&out).unwrap();
    let word = |name: &str| answers[0][name].as_str().unwrap_or_default().to_owned();
    ["cause", "help", "then"].map(word)
}

/// Pods whose trouble has a command.
fn troubles() -> Vec<(Value, Value, Value, Vec<Value>)> {
    let waiting = || pod(IMAGE, &["acr-secret"], &back_off());
    let mut immutable = expired();
    immutable["immutable"] = true.into();
    let opaque = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"name": "acr-secret", "namespace": "shop"},
    });
    vec![
        (waiting(), unauthorized(), account(&[]), vec![expired()]),
        (waiting(), unauthorized(), account(&[]), vec![immutable]),
        (waiting(), unauthorized(), account(&[]), vec![valid("acr-secret")]),
        (waiting(), anonymous(), account(&[]), vec![opaque]),
        (waiting(), anonymous(), account(&[]), vec![]),
        (pod(IMAGE, &[], &back_off()), anonymous(), account(&[]), vec![]),
        (pod(IMAGE, &[], &back_off()), anonymous(), account(&["acr-secret"]), vec![valid("acr-secret")]),
        (pod(IMAGE, &[], &back_off()), anonymous(), account(&["acr-secret"]), vec![expired()]),
    ]
}

#[test]
fn every_suggested_call_names_the_cluster_that_was_asked_about() {
    for (pod, event, account, found) in troubles() {
        let (_, plain) = fix(&pod, std::slice::from_ref(&event), &account, &found, &[]);
        assert!(!plain.contains("--context") && !plain.contains("--kubeconfig"), "{plain}");
        let (_, help) = fix(&pod, &[event], &account, &found, &ACCESS);
        let mut calls = 0;
        for call in ["kubectl ", "acr-pull-secret why "] {
            for (at, _) in help.match_indices(call) {
                let (_, rest) = help.split_at(at + call.len());
                assert!(rest.starts_with(OPTIONS), "{help}");
                calls += 1;
            }
        }
        assert!(calls > 0, "{help}");
    }
}

/// The command of a help, which comes alone, or after words and a colon.
fn command(help: &str) -> &str {
    let starts = ["kubectl ", "acr-pull-secret ", "az "].iter().filter_map(|program| help.find(program));
    let at = starts.min().unwrap_or_else(|| panic!("no command: {help}"));
    let (words, command) = help.split_at(at);
    assert!(words.is_empty() || words.ends_with(": "), "{help}");
    command
}

#[test]
fn every_suggested_command_can_be_pasted_into_a_shell() {
    let missing = |image: &str| {
        let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {image}: not found");
        let pod = pod(image, &["acr-secret"], &super::waiting("ImagePullBackOff", &message));
        (pod, back_off_event(), account(&[]), vec![valid("acr-secret")])
    };
    let digest = format!("contoso.azurecr.io/shop/web@sha256:{}", "a".repeat(64));
    let platform = super::failed("no match for platform in manifest: not found");
    let platform =
        (pod(IMAGE, &["acr-secret"], &back_off()), platform, account(&[]), vec![valid("acr-secret")]);
    for (pod, event, account, found) in
        troubles().into_iter().chain([missing(IMAGE), missing(&digest), platform])
    {
        let (_, help) = fix(&pod, &[event], &account, &found, &[]);
        let command = command(&help);
        let parsed = std::process::Command::new("sh").args(["-n", "-c", command]).status().unwrap();
        assert!(parsed.success(), "{help}");
        let words: Vec<&str> = command.split(' ').collect();
        let is_prose =
            |word: &&str| ["then", "and"].contains(word) || (word.ends_with(',') && !word.contains('{'));
        assert!(!words.iter().any(is_prose), "{help}");
    }
    let (pod, event, account, found) = missing(&digest);
    let (_, help) = fix(&pod, &[event], &account, &found, &[]);
    assert_eq!(help, "see the digests: az acr manifest list-metadata -r contoso -n shop/web");
}

fn back_off_event() -> Value {
    super::event("BackOff", "Back-off pulling image \"x\"")
}

/// What a pod gets when it is created again is checked too.
#[test]
fn the_secrets_that_the_service_account_lists_by_now_are_checked() {
    const DELETE: &str = "&& kubectl delete pod web-5d8f7c9b6-x2k4p -n shop";
    let other = crate::kubectl::secret("acr-secret", "quay.io", ("reader", super::PASSWORD), &Value::Null);
    let mut opaque = valid("acr-secret");
    opaque["type"] = "Opaque".into();
    let mut malformed = valid("acr-secret");
    malformed["data"] = json!({".dockerconfigjson": "e30gfQ=="});
    for (found, cause, begin, end) in [
        (
            vec![valid("acr-secret")],
            "the pod has no pull secret, because it was created before ServiceAccount web listed secret acr-secret",
            "kubectl delete pod",
            "",
        ),
        (
            vec![],
            "the pod has no pull secret, and ServiceAccount web lists secret acr-secret, which does not exist in namespace shop",
            "acr-pull-secret secret --server contoso.azurecr.io",
            DELETE,
        ),
        (
            vec![expired()],
            "the pod has no pull secret, and ServiceAccount web lists key contoso.azurecr.io of secret acr-secret: its credential expired",
            "kubectl get secret acr-secret",
            DELETE,
        ),
        (
            vec![other],
            "the pod has no pull secret, and ServiceAccount web lists no pull secret for contoso.azurecr.io",
            "kubectl get secret acr-secret",
            DELETE,
        ),
        (
            vec![malformed],
            "the pod has no pull secret, and ServiceAccount web lists secret acr-secret, which is malformed",
            "kubectl get secret acr-secret",
            DELETE,
        ),
        (
            vec![opaque],
            "the pod has no pull secret, and ServiceAccount web lists secret acr-secret, which the kubelet does not read",
            "acr-pull-secret secret",
            DELETE,
        ),
    ] {
        let pod = pod(IMAGE, &[], &back_off());
        let (message, help) = fix(&pod, &[anonymous()], &account(&["acr-secret"]), &found, &[]);
        assert!(message.starts_with(cause), "{message}");
        assert!(help.starts_with(begin) && help.ends_with(end), "{help}");
    }
}

/// `kubectl patch` without a type replaces the list of a `ServiceAccount`.
#[test]
fn a_service_account_keeps_the_secrets_that_it_lists() {
    const APPEND: &str = r#"&& kubectl patch serviceaccount web -n shop --type json -p '[{"op":"add","path":"/imagePullSecrets/-","value":{"name":"NEW"}}]'"#;
    const FIRST: &str =
        r#"&& kubectl patch serviceaccount web -n shop -p '{"imagePullSecrets":[{"name":"NEW"}]}'"#;
    let opaque = |name: &str| {
        let mut secret = valid(name);
        secret["type"] = "Opaque".into();
        secret
    };
    let other =
        |name: &str| crate::kubectl::secret(name, "quay.io", ("reader", super::PASSWORD), &Value::Null);
    let mut nameless = account(&[]);
    nameless["imagePullSecrets"] = json!([{}]);
    for (account, found, new, patch) in [
        (account(&[]), vec![], "acr-secret", FIRST),
        (nameless, vec![], "acr-secret", APPEND),
        (account(&["regcred"]), vec![opaque("regcred")], "acr-secret", APPEND),
        (account(&["regcred", "quay"]), vec![opaque("regcred"), other("quay")], "acr-secret", APPEND),
        (account(&["acr-secret", "quay"]), vec![opaque("acr-secret"), other("quay")], "acr-secret-2", APPEND),
        (
            account(&["regcred", "acr-secret"]),
            vec![opaque("regcred"), other("acr-secret")],
            "acr-secret-2",
            APPEND,
        ),
    ] {
        let pod = pod(IMAGE, &[], &back_off());
        let (_, help) = fix(&pod, &[anonymous()], &account, &found, &[]);
        assert!(
            help.contains(&format!("--name {new} -n shop < password.txt | kubectl create -f -")),
            "{help}"
        );
        let patch = patch.replace("NEW", new);
        assert!(help.contains(&patch), "{account}: {help}");
    }
}

/// A malformed secret fails every pull of a pod that lists it, also beside a valid one. The command writes no Secret of its type.
#[test]
fn a_secret_of_another_type_is_replaced_where_it_is_malformed() {
    let of = |kind: &str, content: &str| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": {"name": "acr-secret", "namespace": "shop"},
            "data": {".dockercfg": content},
        })
    };
    let legacy = "kubernetes.io/dockercfg";
    let create = "acr-pull-secret secret --server contoso.azurecr.io";
    for (name, secret, list, account_list, expected) in [
        (
            "malformed",
            of(legacy, "e2JhZA=="),
            &["acr-secret"][..],
            &[][..],
            "list secret acr-secret-2 instead of acr-secret in imagePullSecrets",
        ),
        (
            "malformed, of the ServiceAccount",
            of(legacy, "e2JhZA=="),
            &[],
            &["acr-secret"],
            "list secret acr-secret-2 instead of acr-secret in imagePullSecrets of ServiceAccount web, and create the pod again",
        ),
        (
            "of another registry, of the ServiceAccount",
            of(legacy, "e30="),
            &[],
            &["acr-secret"],
            "list secret acr-secret-2 in imagePullSecrets of ServiceAccount web, and create the pod again",
        ),
        (
            "not read",
            of("Opaque", "e2JhZA=="),
            &["acr-secret"],
            &[],
            "list secret acr-secret-2 in imagePullSecrets",
        ),
    ] {
        let pod = pod(IMAGE, list, &back_off());
        let [_, help, then] = fix_and_then(&pod, &[anonymous()], &account(account_list), &[secret], &[]);
        assert!(help.starts_with(create) && help.ends_with("| kubectl create -f -"), "{name}: {help}");
        assert_eq!(then, expected, "{name}");
    }
}

/// The API server rejects `kubectl apply` of another content of an immutable Secret, and `kubectl apply` keeps an annotation that it
/// did not write.
#[test]
fn a_secret_is_written_as_the_api_server_takes_it_and_without_an_end_that_has_passed() {
    let other = crate::kubectl::secret("acr-secret", "quay.io", ("reader", super::PASSWORD), &Value::Null);
    let mut malformed = expired();
    malformed["data"] = json!({".dockerconfigjson": "e30gfQ=="});
    let end = "acr-pull-secret/expires- ";
    for (mut secret, immutable, write, removes_end) in [
        (other.clone(), false, "| kubectl apply -f -", false),
        (other, true, "| kubectl replace --force -f -", false),
        (expired(), false, "| kubectl replace -f -", true),
        (expired(), true, "| kubectl replace --force -f -", true),
        // It is made new.
        (malformed.clone(), false, "| kubectl replace -f -", false),
        (malformed, true, "| kubectl replace --force -f -", false),
    ] {
        secret["immutable"] = immutable.into();
        let pod = pod(IMAGE, &["acr-secret"], &back_off());
        let (_, help) = fix(&pod, &[unauthorized()], &account(&[]), &[secret], &[]);
        assert!(help.ends_with(write), "{help}");
        assert_eq!(help.contains(end), removes_end, "{help}");
    }
}
