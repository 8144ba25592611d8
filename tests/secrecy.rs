//! Nothing that a secret holds is ever shown: of two secrets that differ only in what is to be hidden, the very same is said.
//!
//! So no part of it can be seen, in no encoding and however short: whatever is shown of one would not be shown of the other.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use proptest::collection::vec;
use proptest::prelude::*;
use review::host_calls::HostCalls;
use serde_json::{Value, json};

use crate::engines::{command, independent_host, json, native_answer, our_host};

/// A text that is to be hidden, in two spellings: letters and digits differ, what a parser may trip over is the same.
#[derive(Debug, Clone)]
struct Hidden([String; 2]);

impl Hidden {
    fn of(parts: &[(usize, usize)]) -> Self {
        // Of each kind one for one secret and one for the other: no letter of a pair is in both.
        // None follows a backslash as an escape of YAML or JSON, which a parser would take or refuse by its letter.
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
                    // No escape that decodes: what it stands for could matter.
                    7 => format!("%{}", of(LETTERS)),
                    _ => SIGNS.chars().cycle().nth(*at).unwrap().to_string(),
                }
            };
            parts.iter().map(part).collect()
        };
        Self([spell(0), spell(1)])
    }
}

fn hidden() -> impl Strategy<Value = Hidden> {
    vec((0..11_usize, 0..100_usize), 8..24).prop_map(|parts| Hidden::of(&parts))
}

/// Digits, which a password may begin with and a port may be.
fn digits() -> impl Strategy<Value = Hidden> {
    vec((5..=5_usize, 0..4_usize), 1..8).prop_map(|parts| Hidden::of(&parts))
}

const REGISTRIES: [&str; 8] = [
    "contoso.azurecr.io",
    "*.azurecr.*",
    "CONTOSO.azurecr.io",
    "contoso.azurecr.io/v1",
    "oci://contoso.azurecr.io",
    "other.azurecr.io",
    "contoso",
    "Registry:5000",
];

const FORMS: usize = 26;

/// The text of a docker config: forms that decode, that nearly do, and places where a parser would quote it.
fn config(form: usize, registry: &str, digits: &str, hidden: &str) -> String {
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

fn secret(kind: &str, config: &str, hidden: &str) -> Value {
    let data = BASE64_STANDARD.encode(config);
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": kind,
        "metadata": {"name": "acr-secret", "namespace": "shop", "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": config, "note": hidden,
        }},
        "data": {".dockerconfigjson": data, ".dockercfg": data},
    })
}

const TYPES: [&str; 3] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg", "Opaque"];

fn pod() -> Value {
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

fn settings() -> Value {
    json!({
        "mode": "validate", "cluster": {"secrets": "credentials"},
        "pullSecrets": [
            {"registries": ["public.azurecr.io"], "secretless": true},
            {"registries": ["*.azurecr.io"], "secret": "acr-secret"},
        ],
    })
}

/// A cluster in which every name is the same secret.
struct Everywhere(Value);

impl HostCalls for Everywhere {
    fn call(&self, _: &str, _: &str, operation: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        assert_eq!(operation, "get_resource", "the policy logs nothing");
        Ok(self.0.to_string().into_bytes())
    }

    fn log(&self, line: &str) {
        panic!("the policy printed {line}");
    }
}

/// What the policy is asked that has to do with a secret: its operation and the payload.
fn questions(secret: &Value) -> Vec<(&'static str, String)> {
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

/// The same for both spellings.
fn assert_same(said: [String; 2]) -> Result<String, TestCaseError> {
    let [one, other] = said;
    prop_assert_eq!(&one, &other, "what is hidden can be told from what is shown");
    Ok(one)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn the_core_alone_says_the_same_whatever_a_secret_hides(
        (form, at, kind) in (0..FORMS, 0..REGISTRIES.len(), 0..TYPES.len()),
        digits in digits(),
        hidden in hidden(),
    ) {
        let secrets = [0, 1].map(|which| {
            let config = config(form, REGISTRIES[at], &digits.0[which], &hidden.0[which]);
            secret(TYPES[kind], &config, &hidden.0[which])
        });
        let [questions, others] = secrets.each_ref().map(questions);
        for (one, other) in questions.iter().zip(&others) {
            let said = |(operation, payload): &(&str, String), secret: &Value| {
                json(&native_answer(operation, payload.as_bytes(), &Everywhere(secret.clone()))).to_string()
            };
            assert_same([said(one, &secrets[0]), said(other, &secrets[1])])?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_wasm_prints_nothing_and_says_what_the_core_says(
        (form, at, kind) in (0..FORMS, 0..REGISTRIES.len(), 0..TYPES.len()),
        digits in digits(),
        hidden in hidden(),
    ) {
        let config = config(form, REGISTRIES[at], &digits.0[0], &hidden.0[0]);
        let secret = secret(TYPES[kind], &config, &hidden.0[0]);
        for (operation, payload) in questions(&secret) {
            let core = json(&native_answer(operation, payload.as_bytes(), &Everywhere(secret.clone())));
            for engine in [our_host, independent_host] {
                let answer = engine(operation, payload.as_bytes(), Arc::new(Everywhere(secret.clone())));
                prop_assert_eq!(&core, &json(&answer));
            }
        }
    }
}

const LAYOUTS: usize = 10;

/// A pod and its secret as somebody may write them, well or not.
fn manifest(layout: usize, kind: &str, config: &str, hidden: &str) -> String {
    let secret = secret(kind, config, hidden);
    let pod = pod();
    let data = BASE64_STANDARD.encode(config);
    let head = format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: acr-secret, namespace: shop}}\ntype: {kind}\n"
    );
    let quoted = config.replace('\'', "''").replace('\t', " ");
    let all = json!({"apiVersion": "v1", "kind": "List", "items": [pod, secret]}).to_string();
    match layout {
        0 => all,
        1 => format!("{pod}\n{head}data:\n  .dockerconfigjson: {data}\n  .dockercfg: {data}\n"),
        2 => format!("{pod}\n{head}stringData:\n  .dockerconfigjson: '{quoted}'\n"),
        3 => format!("{pod}\n{head}stringData:\n  .dockerconfigjson: |\n    {config}\n"),
        4 => format!("{pod}\n{head}stringData:\n  password: {hidden}\n  .dockerconfigjson: '{quoted}'\n"),
        5 => all.chars().take(all.chars().count() * 9 / 10).collect(),
        6 => format!("{pod}\n{head}data: {{\"\\x2edockerconfigj\\x73on\": \"{data}\"}}\n"),
        7 => format!("{pod}\n{head}stringData: {{{hidden}: {hidden}, {hidden}: 1}}\n"),
        8 => format!("{pod}\n{head}data:\n\t.dockerconfigjson: {data}\n"),
        _ => format!("{head}data:\n  - .dockerconfigjson: {data}\n  - \"{hidden}\n---\n{pod}\n"),
    }
}

/// Everything that the command says of these inputs: both streams and every report.
fn told(folder: &Path, manifest: &str, config: &str) -> String {
    fs::write(folder.join("all.yaml"), manifest).unwrap();
    fs::write(folder.join("config.json"), config).unwrap();
    let settings = settings().to_string();
    let mut said = Vec::new();
    let mut run = |args: &[&str]| {
        let output = command(args).current_dir(folder).output().unwrap();
        // What `secret` writes is the secret itself.
        let stdout: &[u8] = if args[0] == "secret" { b"" } else { &output.stdout };
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        said.push(format!("{args:?} {:?}\n{}{}", output.status.code(), text(stdout), text(&output.stderr)));
    };
    run(&[
        "check",
        "--settings-json",
        &settings,
        "-o",
        "text",
        "-o",
        "json=json",
        "-o",
        "sarif=sarif",
        "-o",
        "junit=junit",
        "-o",
        "github=github",
        "all.yaml",
    ]);
    run(&[
        "fix",
        "--diff",
        "--settings-json",
        r#"{"pullSecrets":[{"registries":["*.azurecr.io"],"secret":"other"}]}"#,
        "all.yaml",
    ]);
    run(&[
        "explain",
        "--settings-json",
        &settings,
        "--cluster",
        "all.yaml",
        "-n",
        "shop",
        "--pull-secret",
        "acr-secret",
        "contoso.azurecr.io/app",
    ]);
    run(&["secret", "--from-docker-config", "config.json", "--server", "contoso.azurecr.io"]);
    run(&["secret", "--from-docker-config", "config.json"]);
    for report in ["json", "sarif", "junit", "github"] {
        said.push(fs::read_to_string(folder.join(report)).unwrap_or_default());
    }
    said.concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_command_says_the_same_whatever_a_secret_hides(
        (form, at, kind) in (0..FORMS, 0..REGISTRIES.len(), 0..TYPES.len()),
        first in 0..LAYOUTS,
        digits in digits(),
        hidden in hidden(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        for layout in [first, (first + 3) % LAYOUTS] {
            let said = [0, 1].map(|which| {
                let config = config(form, REGISTRIES[at], &digits.0[which], &hidden.0[which]);
                let manifest = manifest(layout, TYPES[kind], &config, &hidden.0[which]);
                told(folder.path(), &manifest, &config)
            });
            assert_same(said)?;
        }
    }
}
