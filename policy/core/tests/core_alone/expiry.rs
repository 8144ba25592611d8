//! When a pull secret ends: what its annotation announces, at each distance of the clock.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use policy_core::host_cluster::HostCluster;
use policy_core::operations;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::json;

const NOW: u64 = 1_800_000_000;
const DAY: u64 = 86_400;
const ANNOTATION: &str = "acr-pull-secret/expires";

/// A time as RFC 3339 writes it.
fn at(seconds: u64) -> Value {
    let time = OffsetDateTime::from_unix_timestamp(seconds.try_into().unwrap()).unwrap();
    time.format(&Rfc3339).unwrap().into()
}

/// A Secret with these passwords, each under its key; null as the end means no annotation.
fn secret(name: &str, auths: &[(&str, &str)], end: &Value) -> Value {
    let auths: serde_json::Map<String, Value> = auths
        .iter()
        .map(|(key, password)| ((*key).to_owned(), json!({"username": "u", "password": password})))
        .collect();
    let data = json!({".dockerconfigjson": BASE64_STANDARD.encode(json!({"auths": auths}).to_string())});
    let mut secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop"},
        "type": "kubernetes.io/dockerconfigjson", "data": data,
    });
    if !end.is_null() {
        secret["metadata"]["annotations"] = json!({ANNOTATION: end});
    }
    secret
}

fn token(expires: u64) -> String {
    let claims = json!({"exp": expires, "aud": "contoso.azurecr.io"}).to_string();
    format!("eyJhbGciOiJSUzI1NiJ9.{}.c2lnbmF0dXJl", BASE64_URL_SAFE_NO_PAD.encode(claims))
}

fn pod(secrets: &[Value]) -> Value {
    let names: Vec<Value> =
        secrets.iter().map(|secret| json!({"name": secret["metadata"]["name"]})).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": "contoso.azurecr.io/web:v1"}], "imagePullSecrets": names},
    })
}

/// The answer to the request for an object in a cluster with these Secrets, of which only the fields of the mask are given.
fn answer(object: &Value, secrets: &[Value], lookup: &str, settings: &Value) -> Value {
    let get_resource = |request: &[u8]| {
        let request = json(request);
        let found = secrets.iter().find(|secret| secret["metadata"]["name"] == request["name"]);
        let Some(found) = found else {
            return Err(format!("Cannot find v1/Secret named '{}'", request["name"]));
        };
        let mut found = found.clone();
        let masks = request["field_masks"].as_array().unwrap();
        found.as_object_mut().unwrap().retain(|name, _| {
            matches!(name.as_str(), "apiVersion" | "kind" | "metadata")
                || masks.iter().any(|mask| mask == name)
        });
        Ok(found.to_string().into_bytes())
    };
    let mut settings = settings.clone();
    settings["mode"] = json!("validate");
    settings["cluster"] = json!({"secrets": lookup});
    settings["actions"] = json!({"unusable": "reject", "expiring": "reject"});
    let request = json!({"operation": "CREATE", "namespace": "shop", "object": object});
    let payload = json!({"request": request, "settings": settings}).to_string();
    json(&operations::validate(payload.as_bytes(), &HostCluster { get_resource, now: || Some(NOW) }))
}

fn findings(answer: &Value) -> Vec<Value> {
    let findings =
        answer["audit_annotations"]["findings"].as_str().map_or(Value::Null, |text| json(text.as_bytes()));
    findings.as_array().cloned().unwrap_or_default()
}

/// `reject secret-expired` for each finding.
fn told(answer: &Value) -> Vec<String> {
    let word = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    findings(answer)
        .iter()
        .map(|finding| [word(finding, "severity"), word(finding, "rule")].join(" "))
        .collect()
}

const PLAIN: &[(&str, &str)] = &[("contoso.azurecr.io", "s3cret")];

#[test]
fn an_announced_end_is_reported_in_the_window_of_the_setting_and_after_it() {
    let (soon, over) = (Some("reject secret-expires-soon"), Some("reject secret-expired"));
    let table = [
        (json!({}), NOW + 30 * DAY + 1, None),
        (json!({}), NOW + 30 * DAY, soon),
        (json!({}), NOW + 1, soon),
        (json!({}), NOW, over),
        (json!({}), NOW - 400 * DAY, over),
        (json!({"expiryWarningDays": null}), NOW + 30 * DAY, soon),
        (json!({"expiryWarningDays": 7}), NOW + 7 * DAY + 1, None),
        (json!({"expiryWarningDays": 7}), NOW + 7 * DAY, soon),
        (json!({"expiryWarningDays": 3650}), NOW + 3650 * DAY, soon),
        (json!({"expiryWarningDays": 0}), NOW + 1, None),
        (json!({"expiryWarningDays": 0}), NOW, over),
    ];
    for (settings, end, expected) in table {
        let stored = secret("acr-secret", PLAIN, &at(end));
        let tokens = secret("acr-secret", &[("contoso.azurecr.io", &token(end))], &Value::Null);
        for (object, secrets, lookup) in [
            (&stored, vec![], "none"),
            (&tokens, vec![], "none"),
            (&pod(std::slice::from_ref(&stored)), vec![stored.clone()], "exists"),
            (&pod(std::slice::from_ref(&stored)), vec![stored.clone()], "credentials"),
            (&pod(std::slice::from_ref(&tokens)), vec![tokens.clone()], "credentials"),
        ] {
            let answer = answer(object, &secrets, lookup, &settings);
            assert_eq!(told(&answer), Vec::from_iter(expected), "{end} {settings} {lookup}: {answer}");
        }
        // Without lookups, nothing is known of a pod's secrets.
        let answer = answer(&pod(&[stored]), &[], "none", &settings);
        assert!(told(&answer).is_empty(), "{answer}");
    }
}

#[test]
fn the_earlier_end_of_token_and_annotation_is_the_one_that_is_reported() {
    let table = [
        (NOW + DAY, NOW + 2 * DAY, "the token for contoso.azurecr.io in pull secret \"acr-secret\""),
        (NOW + DAY, NOW + DAY, "the token for contoso.azurecr.io in pull secret \"acr-secret\""),
        (
            NOW + 2 * DAY,
            NOW + DAY,
            "pull secret \"acr-secret\" in namespace \"shop\" expires on 2027-01-16 at",
        ),
        (
            NOW + 2 * DAY,
            NOW - DAY,
            "pull secret \"acr-secret\" in namespace \"shop\" expired on 2027-01-14 at",
        ),
    ];
    for (own, announced, expected) in table {
        let stored = secret("acr-secret", &[("contoso.azurecr.io", &token(own))], &at(announced));
        for object in [&pod(std::slice::from_ref(&stored)), &stored] {
            let found = findings(&answer(object, std::slice::from_ref(&stored), "credentials", &json!({})));
            let message = found[0]["message"].as_str().unwrap();
            let is_announced = message.contains("according to annotation acr-pull-secret/expires");
            assert_eq!(is_announced, announced < own, "{message}");
            assert!(message.contains(expected), "{message}");
            assert_eq!(found.len(), 1, "{found:?}");
        }
    }
}

/// The kubelet tries all credentials that match, so one that has ended is a warning while another one works.
#[test]
fn a_pod_with_an_ended_and_a_lasting_secret_still_pulls() {
    let ended = |name| secret(name, PLAIN, &at(NOW - DAY));
    let soon = |name| secret(name, PLAIN, &at(NOW + DAY));
    let lasting = |name| secret(name, PLAIN, &at(NOW + 400 * DAY));
    let unsaid = |name| secret(name, PLAIN, &Value::Null);
    let table: [(Vec<Value>, &[&str]); 7] = [
        (vec![ended("acr-secret"), lasting("next")], &["warn secret-expired"]),
        (vec![ended("acr-secret"), unsaid("next")], &["warn secret-expired"]),
        (vec![soon("acr-secret"), lasting("next")], &["warn secret-expires-soon"]),
        (vec![lasting("acr-secret"), ended("next")], &[]),
        (vec![ended("acr-secret"), soon("next")], &["warn secret-expired", "reject secret-expires-soon"]),
        (vec![ended("acr-secret"), ended("next")], &["reject secret-expired", "reject secret-expired"]),
        (vec![unsaid("acr-secret"), unsaid("next")], &[]),
    ];
    for (secrets, expected) in table {
        let answer = answer(&pod(&secrets), &secrets, "credentials", &json!({}));
        assert_eq!(told(&answer), expected, "{answer}");
    }
}

#[test]
fn all_keys_of_a_secret_end_together_and_are_reported_once() {
    let keys =
        [("contoso.azurecr.io", "a1"), ("contoso.azurecr.io/web", "b2"), ("fabrikam.azurecr.io", "c3")];
    let stored = secret("acr-secret", &keys, &at(NOW - DAY));
    let mut pod = pod(std::slice::from_ref(&stored));
    for image in ["contoso.azurecr.io/api", "fabrikam.azurecr.io/app"] {
        let container = json!({"name": image.rsplit_once('/').unwrap().1, "image": image});
        pod["spec"]["containers"].as_array_mut().unwrap().push(container);
    }
    for object in [&pod, &stored] {
        for lookup in ["exists", "credentials"] {
            let answer = answer(object, std::slice::from_ref(&stored), lookup, &json!({}));
            assert_eq!(told(&answer), ["reject secret-expired"], "{answer}");
        }
    }
}

/// A controller renews what it owns, so only what has ended already counts.
#[test]
fn a_secret_that_a_controller_owns_is_not_reported_before_its_end() {
    for (end, expected) in
        [(at(NOW + DAY), None), (at(NOW - DAY), Some("reject secret-expired")), (json!("?"), None)]
    {
        let mut stored = secret("acr-secret", PLAIN, &end);
        stored["metadata"]["ownerReferences"] =
            json!([{"kind": "ExternalSecret", "name": "e", "controller": true}]);
        for object in [&pod(std::slice::from_ref(&stored)), &stored] {
            for lookup in ["exists", "credentials"] {
                let answer = answer(object, std::slice::from_ref(&stored), lookup, &json!({}));
                assert_eq!(told(&answer), Vec::from_iter(expected), "{answer}");
            }
        }
    }
}

#[test]
fn an_annotation_that_cannot_be_read_is_reported_without_its_text() {
    for text in ["", "2027-01-15", "next year", "1800000000"] {
        let stored = secret("acr-secret", PLAIN, &json!(text));
        for object in [&pod(std::slice::from_ref(&stored)), &stored] {
            for lookup in ["exists", "credentials"] {
                let answer = answer(object, std::slice::from_ref(&stored), lookup, &json!({}));
                assert_eq!(told(&answer), ["reject secret-expires-soon"], "{answer}");
                assert!(text.is_empty() || !answer.to_string().contains(text), "{answer}");
                assert!(answer.to_string().contains("is not an RFC 3339 time"), "{answer}");
            }
        }
        let off = answer(&stored, &[], "none", &json!({"expiryWarningDays": 0}));
        assert!(told(&off).is_empty(), "{off}");
    }
}

#[test]
fn the_annotation_of_a_secret_is_reported_at_the_annotation() {
    let answer = answer(&secret("acr-secret", PLAIN, &at(NOW + DAY)), &[], "none", &json!({}));
    let found = findings(&answer);
    assert_eq!(found[0]["pointer"], "/metadata/annotations/acr-pull-secret~1expires");
    assert_eq!(
        found[0]["message"],
        "pull secret \"acr-secret\" in namespace \"shop\" expires on 2027-01-16 at 08:00 UTC, in 1 day, according to \
         annotation acr-pull-secret/expires"
    );
}

fn expiry(secret: &Value) -> Value {
    let cluster = HostCluster { get_resource: |_: &[u8]| Err(String::new()), now: || Some(NOW) };
    json(&operations::expiry(secret.to_string().as_bytes(), &cluster))
}

#[test]
fn the_first_end_of_a_secret_is_told() {
    let (early, late) = (token(NOW + 2 * DAY), token(NOW + 3 * DAY));
    let tokens: &[(&str, &str)] = &[("contoso.azurecr.io", &late), ("other.azurecr.io", &early)];
    let told = |ends: u64, announced: bool| json!({"ends": ends, "announced": announced, "now": NOW});
    for (auths, end, expected) in [
        (PLAIN, Value::Null, json!({})),
        (PLAIN, json!("soon"), json!({})),
        (PLAIN, at(NOW + 1), told(NOW + 1, true)),
        (PLAIN, at(NOW - DAY), told(NOW - DAY, true)),
        (tokens, Value::Null, told(NOW + 2 * DAY, false)),
        (tokens, at(NOW + DAY), told(NOW + DAY, true)),
        (tokens, at(NOW + 9 * DAY), told(NOW + 2 * DAY, false)),
    ] {
        assert_eq!(expiry(&secret("acr-secret", auths, &end)), expected, "{end}");
    }
}

/// The time that the policy reads in an annotation.
fn read(text: &str) -> Option<i64> {
    expiry(&secret("acr-secret", PLAIN, &json!(text)))["ends"].as_i64()
}

/// The same with the library; `None` before 1970, which the policy does not accept as an end.
fn library(text: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some(time.unix_timestamp()).filter(|seconds| *seconds >= 0)
}

#[test]
fn times_are_read_as_rfc_3339_has_them() {
    for (text, expected) in [
        ("2027-01-15T08:00:00Z", Some(1_800_000_000)),
        ("2027-01-15t08:00:00z", Some(1_800_000_000)),
        ("2027-01-15T08:00:00.999999999Z", Some(1_800_000_000)),
        ("2027-01-15T10:00:00+02:00", Some(1_800_000_000)),
        ("2027-01-15T03:30:00.000000-04:30", Some(1_800_000_000)),
        ("1970-01-01T00:00:00Z", Some(0)),
        ("1970-01-01T00:00:00+00:01", None),
        ("1969-12-31T23:59:00-00:01", Some(0)),
        ("2016-12-31T23:59:60Z", Some(1_483_228_800)),
        ("2017-01-01T00:59:60+01:00", Some(1_483_228_800)),
        ("2028-02-29T00:00:00Z", Some(1_835_395_200)),
        ("2027-02-29T00:00:00Z", None),
        ("2100-02-29T00:00:00Z", None),
        ("2000-02-29T00:00:00Z", Some(951_782_400)),
        ("9999-12-31T23:59:59Z", Some(253_402_300_799)),
        ("0001-01-01T00:00:00Z", None),
        ("2027-01-15T24:00:00Z", None),
        ("2027-01-15T08:60:00Z", None),
        ("2027-01-15T08:00:61Z", None),
        ("2027-00-15T08:00:00Z", None),
        ("2027-13-15T08:00:00Z", None),
        ("2027-01-00T08:00:00Z", None),
        ("2027-01-15T08:00:00+24:00", None),
        ("2027-01-15T08:00:00+01:60", None),
        ("2027-01-15T08:00:00+0100", None),
        ("2027-01-15T08:00:00", None),
        ("2027-01-15T08:00:00.Z", None),
        ("2027-01-15T08:00Z", None),
        ("2027-01-15 08:00:00Z", None),
        (" 2027-01-15T08:00:00Z", None),
        ("2027-01-15T08:00:00Z\n", None),
        ("+2027-01-15T08:00:00Z", None),
        ("２027-01-15T08:00:00Z", None),
        ("2027-01-15T08:00:00é", None),
        ("", None),
    ] {
        assert_eq!(read(text), expected, "{text:?}");
    }
}

/// A time of any year, with any offset and fraction.
fn written() -> impl Strategy<Value = String> {
    let fraction = prop_oneof![Just(String::new()), "\\.[0-9]{1,9}"];
    let zone = prop_oneof![Just("Z".to_owned()), "[+-][0-2][0-9]:[0-6][0-9]"];
    (0u16..10_000, 0u8..14, 0u8..33, 0u8..25, 0u8..61, 0u8..60, fraction, zone).prop_map(
        |(year, month, day, hour, minute, second, fraction, zone)| {
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// The library allows more separators of date and time than a T, and the policy more leap seconds.
    #[test]
    fn times_are_read_and_refused_as_the_library_does(
        text in written(),
        place in 0usize..40,
        damage in proptest::option::of(select("0123456789:-+.TZtz /x".chars().collect::<Vec<_>>())),
    ) {
        let mut text = text;
        if let Some(damage) = damage.filter(|_| place != 10 && place < text.len()) {
            text.replace_range(place..=place, &damage.to_string());
        }
        prop_assume!(text.get(17..19) != Some("60"));
        prop_assert_eq!(read(&text), library(&text), "{}", text);
    }

    #[test]
    fn the_annotation_never_changes_the_answer_before_its_window(
        days in 31u64..40_000,
        lookup in select(vec!["none", "exists", "credentials"]),
        password in select(vec!["s3cret", "", " padded ", "${PASSWORD}"]),
        key in select(vec!["contoso.azurecr.io", "*.azurecr.io", "other.azurecr.io"]),
        kind in select(vec!["kubernetes.io/dockerconfigjson", "Opaque"]),
    ) {
        let without = secret("acr-secret", &[(key, password)], &Value::Null);
        let with = secret("acr-secret", &[(key, password)], &at(NOW + days * DAY));
        let [without, with] = [without, with].map(|mut stored| {
            stored["type"] = json!(kind);
            let of_pod = answer(&pod(std::slice::from_ref(&stored)), std::slice::from_ref(&stored), lookup, &json!({}));
            [of_pod, answer(&stored, &[], lookup, &json!({}))]
        });
        prop_assert_eq!(without, with);
    }
}
