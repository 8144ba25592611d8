//! Secrets that differ only in values that must be hidden, and requests to a policy about them.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A text that must be hidden, in two spellings: letters and digits differ, special characters are the same.
#[derive(Debug, Clone)]
pub struct Hidden(
    /// The spellings
    pub [String; 2],
);

impl Hidden {
    fn of(parts: &[(usize, usize)]) -> Self {
        // Of each kind one for one secret and one for the other: no letter of a pair is in both.
        // No letter is an escape after a backslash in YAML or JSON, because a parser would accept or refuse it by its
        // letter.
        const LETTERS: [&str; 2] = ["qgzj", "wkmy"];
        const CAPITALS: [&str; 2] = ["QGZJ", "WKMY"];
        const DIGITS: [&str; 2] = ["1357", "2468"];
        const SIGNS: &str = "@:/?#.=+-_*&!\"'\\{}[], <é\t";
        let spell = |which: usize| {
            let part = |(kind, at): &(usize, usize)| {
                let of = |set: [&str; 2]| set[which].chars().cycle().nth(*at).unwrap();
                match kind {
                    0..=2 => of(LETTERS).to_string(),
                    3 | 4 => of(CAPITALS).to_string(),
                    5 | 6 => of(DIGITS).to_string(),
                    // No valid escape, because its value could matter.
                    7 => format!("%{}", of(LETTERS)),
                    _ => SIGNS.chars().cycle().nth(*at).unwrap().to_string(),
                }
            };
            parts.iter().map(part).collect()
        };
        Self([spell(0), spell(1)])
    }
}

/// Texts of all kinds of characters.
pub fn hidden() -> impl Strategy<Value = Hidden> {
    vec((0..11_usize, 0..100_usize), 8..24).prop_map(|parts| Hidden::of(&parts))
}

/// Digits, which a password may begin with and a port may be.
pub fn digits() -> impl Strategy<Value = Hidden> {
    vec((5..=5_usize, 0..4_usize), 1..8).prop_map(|parts| Hidden::of(&parts))
}

/// Keys of a docker config.
pub const REGISTRIES: [&str; 8] = [
    "contoso.azurecr.io",
    "*.azurecr.*",
    "CONTOSO.azurecr.io",
    "contoso.azurecr.io/v1",
    "oci://contoso.azurecr.io",
    "other.azurecr.io",
    "contoso",
    "Registry:5000",
];

/// How many forms of a docker config there are.
pub const FORMS: usize = 26;

/// The text of a docker config: forms that decode, that nearly do, and places where a parser would quote it.
pub fn config(form: usize, registry: &str, digits: &str, hidden: &str) -> String {
    let auth = BASE64_STANDARD.encode(format!("puller:{hidden}"));
    let claims = json!({"exp": 1, "aud": [hidden], "x": hidden}).to_string();
    let token = format!("e30.{}.{hidden}", BASE64_URL_SAFE_NO_PAD.encode(claims));
    let under = |key: String| json!({"auths": {key: {"auth": auth}}}).to_string();
    let entry = |entry: Value| json!({"auths": {registry: entry}}).to_string();
    match form {
        0 => entry(json!({"auth": auth})),
        1 => entry(json!({"username": hidden, "password": hidden})),
        2 => entry(json!({"username": "u", "password": token})),
        3 => entry(json!({"auth": format!("{auth}!")})),
        // With a sign that is in no base64: whether what it decodes to has a colon is not hidden.
        4 => entry(json!({"auth": format!("{hidden}!")})),
        5 => entry(json!(hidden)),
        6 => json!({"auths": hidden}).to_string(),
        7 => entry(json!({"identitytoken": hidden, "auth": BASE64_STANDARD.encode("0:")})),
        8 => entry(json!({"username": [hidden]})),
        9 => entry(json!({"password": {"x": hidden}, "email": hidden})),
        10 => json!({"auths": {}, "HttpHeaders": {"Authorization": [hidden]}}).to_string(),
        11 => format!(r#"{{"auths": {{"{registry}": {{"auth": "{hidden}"#),
        12 => format!(r#"{{"auths": {{"{registry}": {{"auth": {hidden}}}}}}}"#),
        13 => hidden.to_owned(),
        14 => under(format!("puller:{hidden}@{registry}")),
        15 => under(format!("https://puller:{hidden}@{registry}/v2/")),
        16 => under(format!("{registry}?token={hidden}")),
        17 => under(format!("{registry}/app#{hidden}")),
        18 => under(format!("puller:{digits}?{hidden}@{registry}")),
        19 => under(format!("puller:{digits}#{hidden}@{registry}")),
        20 => under(format!("puller:{digits}/{hidden}?@{registry}")),
        21 => under(format!("puller:{hidden}:{digits}/@{registry}")),
        22 => under(format!("{registry}:{digits}?{hidden}@{registry}")),
        23 => under(format!("puller:x@{registry}/{digits}?{hidden}@{registry}")),
        24 => under(format!("puller:{hidden}/{digits}@{registry}/team?{hidden}")),
        _ => json!({
            "auths": {registry: {"auth": auth}, format!("puller:{digits}?{hidden}@{registry}"): {"auth": format!("{hidden}!")}},
        })
        .to_string(),
    }
}

/// A Secret of this type with this docker config.
pub fn secret(kind: &str, config: &str, hidden: &str) -> Value {
    let data = BASE64_STANDARD.encode(config);
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": kind,
        "metadata": {"name": "acr-secret", "namespace": "shop", "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": config, "note": hidden,
        }},
        "data": {".dockerconfigjson": data, ".dockercfg": data},
    })
}

/// Types of a Secret.
pub const TYPES: [&str; 3] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg", "Opaque"];

/// A pod that lists the secret.
pub fn pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
        "spec": {
            "containers": [
                {"name": "c", "image": "contoso.azurecr.io/app"}, {"name": "d", "image": "public.azurecr.io/app"},
            ],
            "imagePullSecrets": [{"name": "acr-secret"}],
        },
    })
}

/// Settings with which the secret is read.
pub fn settings() -> Value {
    json!({
        "mode": "validate", "cluster": {"secrets": "credentials"},
        "pullSecrets": [
            {"registries": ["public.azurecr.io"], "secretless": true},
            {"registries": ["*.azurecr.io"], "secret": "acr-secret"},
        ],
    })
}

/// Requests to the policy that involve a secret: operation and payload.
pub fn questions(secret: &Value) -> Vec<(&'static str, String)> {
    let valid = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "acr-secret", "namespace": "shop"}, "type": "Opaque",
    });
    let pod = pod();
    let template = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "shop"},
        "spec": {"template": {"spec": pod["spec"]}},
    });
    let validate = |operation: &str, object: &Value, old: &Value| {
        let request =
            json!({"operation": operation, "namespace": "shop", "object": object, "oldObject": old});
        ("validate", json!({"request": request, "settings": settings()}).to_string())
    };
    let explain = json!({
        "image": "contoso.azurecr.io/app", "namespace": "shop", "settings": settings(), "pullSecrets": ["acr-secret"],
    });
    vec![
        validate("CREATE", secret, &Value::Null),
        validate("UPDATE", secret, &valid),
        validate("UPDATE", &valid, secret),
        validate("CREATE", &pod, &Value::Null),
        validate("CREATE", &template, &Value::Null),
        ("explain", explain.to_string()),
    ]
}

/// The output for both spellings, which must be the same.
///
/// # Errors
/// - it is not the same
pub fn assert_same(said: [String; 2]) -> Result<String, TestCaseError> {
    let [one, other] = said;
    prop_assert_eq!(&one, &other, "hidden values affect the output");
    Ok(one)
}
