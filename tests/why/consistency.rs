//! What an answer says about a secret in several places.

use serde_json::Value;

/// The state of a secret does not contradict its tries, whether the image can be pulled, and the cause.
pub(super) fn assert_consistent(secret: &Value, image: &Value, cause: &str, name: &str) {
    let (secret_name, state) = (secret["name"].as_str().unwrap(), secret["state"].as_str().unwrap());
    let tries = image["tries"].as_array().unwrap().iter().filter(|tried| tried["secret"] == secret_name);
    let fails: Vec<bool> = tries.map(|tried| tried["fails"].as_bool().unwrap()).collect();
    let is_consistent = match state {
        "usable" => fails.contains(&false),
        "failing" => !fails.is_empty(),
        _ => fails.is_empty(),
    };
    assert!(is_consistent, "{name}: {state} beside {fails:?}");
    let is_cause = |words: &str| cause.contains(&words.replace("NAME", secret_name));
    let blamed = [
        ("of secret NAME: its", "failing"),
        ("secret NAME is malformed", "malformed"),
        ("secret NAME, which the pod lists, does not exist", "absent"),
        ("does not read secret NAME", "ignored"),
        ("could not retrieve secret NAME, which the pod lists", "unknown"),
        ("could not retrieve secret NAME at ", "usable"),
        ("secret NAME cannot be read", "unknown"),
        ("the credential of secret NAME, which looks valid", "usable"),
        ("with key contoso.azurecr.io of secret NAME", "usable"),
    ];
    for (words, expected) in blamed {
        assert!(
            !is_cause(words) || state == expected,
            "{name}: {secret_name} is {state}, and the cause is {cause}"
        );
    }
}
