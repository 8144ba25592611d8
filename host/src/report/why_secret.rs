//! Whether a pull secret of a pod serves one image, for programs.

use review::explanation::{SecretState, Usability};
use serde::Serialize;

use crate::why::ImageFacts;

/// A pull secret of the pod.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct SecretAnswer {
    name: String,
    state: Serves,
    /// Why it does not serve the image
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Whether it serves the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Serves {
    /// One of its keys is for the image, and nothing wrong with it is known
    Usable,
    /// Its keys for the image are known to fail
    Failing,
    /// None of its keys is for the image
    Unmatched,
    /// There is no such Secret
    Absent,
    /// The kubelet does not read this type of Secret
    Ignored,
    /// The kubelet cannot read the content
    Malformed,
    /// It could not be looked up
    Unknown,
}

/// The pull secrets of the pod, and whether each serves this image.
pub(super) fn secrets(image: &ImageFacts) -> Vec<SecretAnswer> {
    let answer = |secret: &SecretState| {
        let (state, reason) = match secret.state {
            Usability::Usable => of_keys(image, &secret.name),
            Usability::Absent => (Serves::Absent, secret.reason.clone()),
            Usability::Ignored => (Serves::Ignored, secret.reason.clone()),
            Usability::Malformed => (Serves::Malformed, secret.reason.clone()),
            Usability::Unknown => (Serves::Unknown, secret.reason.clone()),
        };
        SecretAnswer { name: secret.name.clone(), state, reason }
    };
    image.explanation.secrets.iter().map(answer).collect()
}

/// What is known about the keys of a secret that the kubelet reads.
fn of_keys(image: &ImageFacts, name: &str) -> (Serves, Option<String>) {
    let tries: Vec<_> = image.explanation.tries.iter().filter(|tried| tried.secret == name).collect();
    let Some(first) = tries.first() else {
        return (Serves::Unmatched, None);
    };
    if tries.iter().all(|tried| tried.fails) {
        return (Serves::Failing, first.status.clone());
    }
    let attempts = image.pull.iter().flat_map(|pull| &pull.attempts);
    let mut attempts = attempts.filter(|attempt| attempt.secret.as_deref() == Some(name)).peekable();
    match attempts.peek().copied() {
        Some(first) if attempts.all(|attempt| attempt.result.is_refusal()) => {
            (Serves::Failing, Some(first.answer.clone()))
        }
        _ => (Serves::Usable, None),
    }
}

#[cfg(test)]
mod tests {
    use review::explanation::Explanation;
    use review::pull::{AttemptResult, ImagePull, PullAttempt, PullResult};
    use serde_json::{Value, json};

    use super::secrets;
    use crate::why::ImageFacts;
    use crate::why::image::{Image, State};

    /// The state of a secret does not contradict the status of its keys.
    #[test]
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn the_state_of_a_secret_is_about_the_image() {
        let tried = |fails: bool, status: &str| json!({"secret": "s", "key": "a.azurecr.io", "fails": fails, "status": status});
        let other = json!({"secret": "t", "key": "a.azurecr.io", "fails": false, "status": "ok"});
        let (denied, forbidden) =
            ("401: wrong or revoked", "403: no permission to pull from this repository");
        let pulled = "pulled as sha256:00";
        for (state, tries, attempts, expected) in [
            ("usable", vec![tried(false, "ok")], vec![], json!({"name": "s", "state": "usable"})),
            (
                "usable",
                vec![tried(true, "expired")],
                vec![],
                json!({"name": "s", "state": "failing", "reason": "expired"}),
            ),
            (
                "usable",
                vec![tried(true, "expired"), tried(false, "ok")],
                vec![],
                json!({"name": "s", "state": "usable"}),
            ),
            (
                "usable",
                vec![tried(true, "expired"), other.clone()],
                vec![],
                json!({"name": "s", "state": "failing", "reason": "expired"}),
            ),
            (
                "usable",
                vec![tried(false, "ok")],
                vec![("s", denied)],
                json!({"name": "s", "state": "failing", "reason": denied}),
            ),
            (
                "usable",
                vec![tried(false, "ok"), tried(false, "ok")],
                vec![("s", forbidden), ("s", denied)],
                json!({"name": "s", "state": "failing", "reason": forbidden}),
            ),
            // Another secret gets the image.
            (
                "usable",
                vec![tried(false, "ok"), other.clone()],
                vec![("s", denied), ("t", pulled)],
                json!({"name": "s", "state": "failing", "reason": denied}),
            ),
            (
                "usable",
                vec![tried(false, "ok"), tried(false, "ok")],
                vec![("s", denied), ("s", pulled)],
                json!({"name": "s", "state": "usable"}),
            ),
            (
                "usable",
                vec![other.clone(), tried(false, "ok")],
                vec![("t", denied)],
                json!({"name": "s", "state": "usable"}),
            ),
            (
                "usable",
                vec![tried(false, "ok")],
                vec![("s", "404: no such repository, tag or digest")],
                json!({"name": "s", "state": "usable"}),
            ),
            (
                "usable",
                vec![tried(false, "ok")],
                vec![("s", "no answer: it took too long")],
                json!({"name": "s", "state": "usable"}),
            ),
            ("usable", vec![], vec![], json!({"name": "s", "state": "unmatched"})),
            ("usable", vec![other], vec![], json!({"name": "s", "state": "unmatched"})),
            ("absent", vec![], vec![], json!({"name": "s", "state": "absent", "reason": "r"})),
            ("ignored", vec![], vec![], json!({"name": "s", "state": "ignored", "reason": "r"})),
            ("malformed", vec![], vec![], json!({"name": "s", "state": "malformed", "reason": "r"})),
            ("unknown", vec![], vec![], json!({"name": "s", "state": "unknown", "reason": "r"})),
        ] {
            let reason = if state == "usable" { Value::Null } else { "r".into() };
            let explanation = json!({
                "image": "a.azurecr.io/web", "secrets": [{"name": "s", "state": state, "reason": reason}], "tries": tries,
            });
            let explanation: Explanation = serde_json::from_value(explanation).unwrap();
            let result = |answer: &str| match answer.split([':', ' ']).next() {
                Some("401") => AttemptResult::Unauthorized,
                Some("403") => AttemptResult::Denied,
                Some("404") => AttemptResult::NotFound,
                Some("pulled") => AttemptResult::Pulled,
                _ => AttemptResult::Unreachable,
            };
            let attempt = |(secret, answer): &(&str, &str)| PullAttempt {
                secret: Some((*secret).to_owned()),
                key: Some("a.azurecr.io".to_owned()),
                result: result(answer),
                answer: (*answer).to_owned(),
            };
            let pull = (!attempts.is_empty()).then(|| ImagePull {
                pointer: String::new(),
                image: String::new(),
                result: PullResult::Denied,
                digest: None,
                size: None,
                platforms: Vec::new(),
                message: None,
                help: None,
                attempts: attempts.iter().map(attempt).collect(),
            });
            let image = Image {
                reference: "a.azurecr.io/web".to_owned(),
                users: Vec::new(),
                is_never_pulled: false,
                next_pull: None,
                state: State::NotYet,
            };
            let facts =
                ImageFacts { image, acr: None, explanation, of_account: None, of_lower_case: None, pull };
            assert_eq!(
                serde_json::to_value(secrets(&facts)).unwrap(),
                json!([expected]),
                "{state} {tries:?} {attempts:?}"
            );
        }
    }
}
