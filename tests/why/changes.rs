//! What was written since the kubelet's last attempt: the content of a secret or a label, of one of several, now or long ago.

use serde_json::{Value, json};

use super::{
    ACCOUNT, EVENTS, IMAGE, POD, account, ago, anonymous, answers, back_off, event, failed, pod, secrets,
    unauthorized, valid,
};
use crate::kubectl::Stub;

const FIXED: &str = "fixed since the kubelet's last attempt: contoso.azurecr.io/shop/web:v1 can be pulled now with key contoso.azurecr.io of secret ";

/// A pod in trouble that lists these secrets.
fn answer(events: &[Value], found: &[Value]) -> Value {
    let listed: Vec<&str> = found.iter().map(|it| it["metadata"]["name"].as_str().unwrap()).collect();
    let mut names = listed.clone();
    names.sort_unstable();
    let stub = Stub::new()
        .objects(POD, &[pod(IMAGE, &listed, &back_off())])
        .objects(EVENTS, events)
        .objects(ACCOUNT, &[account(&[])])
        .objects(&secrets(&names.join(" ")), found);
    let (answers, status) = answers(&stub, &["web-5d8f7c9b6-x2k4p", "-n", "shop"]);
    assert_eq!(status, Some(i32::from(answers[0]["canPull"] == false)), "{answers}");
    answers[0].clone()
}

fn assert_answer(name: &str, answer: &Value, cause: &str, help: &str) {
    assert!(answer["cause"].as_str().unwrap().starts_with(cause), "{name}: {answer:#}");
    assert!(answer["help"].as_str().unwrap().contains(help), "{name}: {answer:#}");
    assert_eq!(answer["canPull"], help.contains("kubectl delete"), "{name}: {answer:#}");
}

/// A secret of long ago in which something was written at a time.
fn written(name: &str, fields: &Value, time: &str) -> Value {
    let mut secret = valid(name);
    secret["metadata"]["managedFields"] = json!([
        {"manager": "init", "time": "2026-07-01T00:00:00Z", "fieldsV1": {"f:data": {}}},
        {"manager": "kubectl", "time": time, "fieldsV1": fields},
    ]);
    secret
}

fn at(mut event: Value, time: &str) -> Value {
    event["lastTimestamp"] = time.into();
    event
}

fn waits(time: &str) -> Value {
    at(event("BackOff", &format!("Back-off pulling image \"{IMAGE}\"")), time)
}

#[test]
fn what_was_written_since_the_last_attempt_decides() {
    let content = || json!({"f:data": {}});
    let all = || json!({"f:data": {}, "f:metadata": {}});
    let denied = || {
        failed(
            "pull access denied, repository does not exist or may require authorization: insufficient_scope",
        )
    };
    let not_found = failed(&format!("{IMAGE}: not found"));
    let fixed = format!("{FIXED}acr-secret");
    let of = |minutes: i64, cause: &str| {
        cause.replace("SECRET", &format!("secret acr-secret was written at {}", ago(minutes)))
    };
    let seems = "SECRET, after the last reported attempt, and looks valid for contoso";
    let fails = "the pull of contoso.azurecr.io/shop/web:v1 still fails since SECRET";
    let silent =
        "not known: SECRET, and no event reports a pull since, though the kubelet tries every 5 minutes";
    let ahead = "not known: SECRET, which is in the future by the clock of this machine";
    let refused = "contoso.azurecr.io refuses the credential of secret acr-secret";
    let delete = "kubectl delete pod";
    for (name, fields, minutes, events, cause, help) in [
        ("content", content(), 1, vec![unauthorized()], fixed.as_str(), delete),
        ("content, no credential before", content(), 1, vec![anonymous()], &fixed, delete),
        ("content or label", all(), 1, vec![unauthorized()], seems, delete),
        ("label", json!({"f:metadata": {}}), 1, vec![unauthorized()], refused, "--pull"),
        ("content, reported before", content(), 1, vec![unauthorized(), waits(&ago(2))], &fixed, delete),
        ("content, reported soon after", content(), 4, vec![unauthorized(), waits(&ago(1))], &fixed, delete),
        ("content, tried since", content(), 30, vec![unauthorized(), waits(&ago(20))], fails, "--pull"),
        ("content or label, tried since", all(), 30, vec![denied(), waits(&ago(20))], fails, "--pull"),
        ("content, no image", content(), 1, vec![not_found], "contoso.azurecr.io has no image", "show-tags"),
        // The kubelet tries at least every five minutes.
        ("content, not reported since", content(), 50, vec![unauthorized()], silent, "--pull"),
        ("content or label, not reported since", all(), 50, vec![denied()], silent, "--pull"),
        (
            "content, reported soon after, long ago",
            content(),
            50,
            vec![unauthorized(), waits(&ago(49))],
            silent,
            "--pull",
        ),
        ("no credential before, not reported since", content(), 50, vec![anonymous()], silent, "--pull"),
        ("clocks are apart a little", content(), -3, vec![unauthorized()], &fixed, delete),
        ("in the future", content(), -60, vec![unauthorized()], ahead, "--pull"),
    ] {
        let answer = answer(&events, &[written("acr-secret", &fields, &ago(minutes))]);
        // The clock may go on by a second between the texts.
        let expected = of(minutes, cause);
        let cut = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "0");
        let mut shown = answer.clone();
        shown["cause"] = cut(answer["cause"].as_str().unwrap()).into();
        assert_answer(name, &shown, &cut(&expected), help);
    }
}

/// Whichever is tried first, and whatever the other is: what the kubelet has not tried may serve.
#[test]
fn of_several_secrets_the_one_that_was_not_tried_counts() {
    let of = |name: &str, minutes: i64| written(name, &json!({"f:data": {}}), &ago(minutes));
    let created = |name: &str| {
        let mut secret = valid(name);
        secret["metadata"]["creationTimestamp"] = ago(1).into();
        secret
    };
    let missed = event(
        "FailedToRetrieveImagePullSecret",
        "Unable to retrieve some image pull secrets (a); attempting to pull the image may not succeed.",
    );
    let failed = || at(unauthorized(), &ago(3));
    let refused = "contoso.azurecr.io refuses the 2 credentials of secrets";
    let fixed = format!("{FIXED}b");
    for (name, events, other, new, is_fixed) in [
        ("old", vec![failed()], valid("a"), of("b", 1), true),
        ("created", vec![failed()], valid("a"), created("b"), true),
        ("written before the attempt", vec![failed()], of("a", 5), of("b", 1), true),
        (
            "written long ago, and not reported",
            vec![at(unauthorized(), &ago(60))],
            of("a", 50),
            of("b", 1),
            true,
        ),
        ("in the future", vec![failed()], of("a", -60), of("b", 1), true),
        (
            "written later, and not retrieved since",
            vec![at(unauthorized(), &ago(9)), at(missed, &ago(2))],
            of("a", 3),
            of("b", 4),
            true,
        ),
        ("both before", vec![failed()], of("a", 5), of("b", 5), false),
    ] {
        for found in [[other.clone(), new.clone()], [new.clone(), other.clone()]] {
            let answer = answer(&events, &found);
            let (cause, help) =
                if is_fixed { (fixed.as_str(), "kubectl delete") } else { (refused, "--pull") };
            assert_answer(name, &answer, cause, help);
        }
    }
}

/// Times with another offset than that of the API server are the same instants.
#[test]
fn times_are_compared_as_instants() {
    let missing = failed(&format!("{IMAGE}: not found"));
    let events = [at(unauthorized(), "2026-07-31T05:00:00+02:00"), at(missing, "2026-07-31T04:00:00Z")];
    let answer = answer(&events, &[valid("acr-secret")]);
    assert_answer("offset", &answer, "contoso.azurecr.io has no image", "show-tags");
}
