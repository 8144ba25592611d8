//! The announced ends of pull secrets, which are known without their content.

use serde_json::{Value, json};

use super::{CHECKED, get, get_metadata, object, objects, rules, template};
use crate::kubectl::Stub;

const DOCKER: &str = "kubernetes.io%2Fdockerconfigjson";
const PAST: &str = "2020-01-31T00%3A00%3A00Z";

/// A Deployment whose pods have this spec, and their `ServiceAccount`.
fn deployment(spec: &Value, account: &Value) -> Vec<Value> {
    let mut of_pods = object("ServiceAccount", "web", None, &Value::Null);
    of_pods["imagePullSecrets"] = account["imagePullSecrets"].clone();
    of_pods["metadata"]["annotations"] = account["annotations"].clone();
    vec![object("Deployment", "web", None, &json!({"template": {"spec": spec}})), of_pods]
}

fn stub(objects: &[Value], secrets: &[String]) -> Stub {
    let secrets: Vec<String> = secrets.iter().map(|secret| format!("shop {secret}\n")).collect();
    Stub::new().objects(&get(CHECKED, ""), objects).prints(&get_metadata(""), &secrets.concat())
}

/// A day in so many days, as the annotation has it.
fn in_days(days: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let time = time::OffsetDateTime::from_unix_timestamp((now + days * 86_400).try_into().unwrap()).unwrap();
    time.format(&time::format_description::well_known::Rfc3339).unwrap().replace(':', "%3A")
}

#[test]
fn a_pod_is_rejected_if_none_of_its_pull_secrets_can_serve_it() {
    let list = |names: &[&str]| template(names);
    let [old, fine, soon, later] = [
        format!("old {DOCKER} {PAST}"),
        format!("fine {DOCKER} "),
        format!("soon {DOCKER} {}", in_days(10)),
        format!("later {DOCKER} {}", in_days(90)),
    ];
    let other_type = format!("token Opaque {PAST}");
    let unreadable = format!("odd {DOCKER} tomorrow");
    let [renewed, kept] =
        [format!("renewed {DOCKER} {} controlled", in_days(10)), format!("kept {DOCKER} {PAST} controlled")];
    let all = [old, fine, soon, later, other_type, unreadable, renewed, kept];
    let none = Value::Null;
    let mut elsewhere = list(&["old"]);
    elsewhere["containers"][0]["image"] = "ghcr.io/shop/web:v1".into();
    let mut never = list(&["old"]);
    never["containers"][0]["imagePullPolicy"] = "Never".into();
    let of_account = json!({"imagePullSecrets": [{"name": "old"}]});
    let identity = json!({"annotations": {"kubernetes.azure.com/acr-client-id": "1"}});
    for (what, spec, account, expected) in [
        ("ended", list(&["old"]), &none, Some(("rejected", "secret-expired"))),
        ("ended, of the ServiceAccount", list(&[]), &of_account, Some(("rejected", "secret-expired"))),
        (
            "ended beside one that may serve",
            list(&["old", "fine"]),
            &none,
            Some(("accepted", "secret-expired")),
        ),
        (
            "ended beside one that ends soon",
            list(&["old", "soon"]),
            &none,
            Some(("accepted", "secret-expired")),
        ),
        (
            "ended beside one that is absent",
            list(&["gone", "old"]),
            &none,
            Some(("rejected", "secret-expired")),
        ),
        (
            "ended beside one of another type",
            list(&["token", "old"]),
            &none,
            Some(("rejected", "secret-expired")),
        ),
        ("ends soon", list(&["soon"]), &none, Some(("accepted", "secret-expires-soon"))),
        ("ends later", list(&["later"]), &none, None),
        ("ends at an unknown time", list(&["odd"]), &none, Some(("accepted", "secret-expires-soon"))),
        ("ends soon, and a controller renews it", list(&["renewed"]), &none, None),
        (
            "ended, although a controller renews it",
            list(&["kept"]),
            &none,
            Some(("rejected", "secret-expired")),
        ),
        ("of an image that is not checked", elsewhere, &none, None),
        ("of an image that is never pulled", never, &none, None),
        ("with an identity", list(&["old"]), &identity, None),
    ] {
        let stub = stub(&deployment(&spec, account), &all);
        let (out, talk, status) = stub.run(&["check", "--live", "-o", "json"]);
        let report: Value =
            serde_json::from_str(&out).unwrap_or_else(|error| panic!("{what}: {error}: {talk}"));
        let result = &report["results"][0];
        let (decision, rule) = expected.map_or(("accepted", None), |(decision, rule)| (decision, Some(rule)));
        assert_eq!(result["decision"], decision, "{what}: {out}");
        assert_eq!(status, Some(i32::from(decision == "rejected")), "{what}: {talk}");
        let ends: Vec<String> = rules(&report)
            .into_iter()
            .map(|(_, rule)| rule)
            .filter(|rule| rule.starts_with("secret-exp"))
            .collect();
        assert!(ends.iter().map(String::as_str).eq(ends_of(rule, what)), "{what}: {out}");
    }
}

/// The rules that are expected: a Secret that ends soon is reported beside one that has ended.
fn ends_of(rule: Option<&'static str>, what: &str) -> impl Iterator<Item = &'static str> {
    let soon = Some("secret-expires-soon").filter(|_| what.ends_with("one that ends soon"));
    rule.into_iter().chain(soon)
}

#[test]
fn the_finding_is_that_of_a_check_that_reads_the_secrets() {
    let stub = stub(&objects(), &[format!("acr-secret {DOCKER} {PAST}")]);
    let (out, talk, status) = stub.run(&["check", "--live"]);
    assert_eq!(status, Some(1), "{out}{talk}");
    assert!(out.contains("rejected Deployment shop/web (deployment/web in namespace shop)"), "{out}");
    let finding = "error[secret-expired]: container \"web\", \"contoso.azurecr.io/shop/web:v1\": pull secret \"acr-secret\" \
                   in namespace \"shop\" expired on 2020-01-31";
    assert!(out.contains(finding) && out.contains("= help: replace it with az ad app"), "{out}");
    assert!(!talk.contains("announced end that"), "{talk}");
}

#[test]
fn the_ends_of_secrets_that_no_pod_uses_are_listed() {
    let secrets = [
        format!("acr-secret {DOCKER} {PAST}"),
        format!("unused {DOCKER} {PAST}"),
        format!("later {DOCKER} 2999-01-31T00%3A00%3A00Z"),
        "other Opaque ".to_owned(),
        format!("token Opaque {PAST}"),
        format!("odd a%2Fb {PAST}"),
        format!("unreadable {DOCKER} tomorrow"),
        format!("renewed {DOCKER} {} controlled", in_days(10)),
        // Within a day of its end.
        format!("missed {DOCKER} {} controlled", in_days(0)),
    ];
    let (_, talk, _) = stub(&objects(), &secrets).run(&["check", "--live"]);
    let warning = "warning: pull secrets without a finding, and with an announced end that is past or within 30 days: shop/missed (";
    assert!(talk.contains(warning) && talk.contains("shop/unused (2020-01-31T00:00:00Z)\n"), "{talk}");
}

/// The settings say which findings there are. What they do not ask for is a warning.
#[test]
fn with_settings_an_end_is_a_finding_or_in_the_warning() {
    let secrets = [format!("acr-secret {DOCKER} {PAST}")];
    let warning = "warning: pull secret without a finding, and with an announced end that is past or within 30 days: shop/acr-secret (";
    let note = "note: only the names, types and announced ends of Secrets are known; to check what is in them, add --secrets\n";
    for (settings, is_finding) in [
        (json!({"mode": "validate"}), false),
        (json!({"mode": "validate", "actions": {"unusable": "reject"}}), false),
        (json!({"mode": "validate", "cluster": {"secrets": "exists"}}), true),
        // The policy reads the end together with the content.
        (json!({"mode": "validate", "cluster": {"secrets": "credentials"}}), false),
        (
            json!({"mode": "validate", "cluster": {"secrets": "exists"}, "actions": {"unusable": "allow"}}),
            false,
        ),
    ] {
        let settings = settings.to_string();
        for quiet in [&[][..], &["-q"]] {
            let args = [&["check", "--live", "--settings-json", &settings], quiet].concat();
            let (out, talk, _) = stub(&objects(), &secrets).run(&args);
            assert_eq!(out.contains("[secret-expired]"), is_finding, "{settings}: {out}");
            assert_eq!(talk.contains(warning), !is_finding, "{settings}: {talk}");
            assert_eq!(talk.contains(note), quiet.is_empty(), "{talk}");
        }
    }
}
