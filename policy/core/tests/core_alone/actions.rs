//! The effect of each setting of `actions` on each rule: one request for each rule that breaks it.

use std::collections::BTreeSet;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use policy_core::host_cluster::HostCluster;
use policy_core::operations;
use policy_core::rule::Rule;
use serde_json::{Value, json};

/// A rule: its id, what `actions` calls its kind of problem (`warning` or `rejection` where it is always one), what it does by default.
type Row = (&'static str, &'static str, &'static str);

const RULES: [Row; 25] = [
    ("missing-pull-secret", "missing", "reject"),
    ("pull-secrets-immutable", "missing", "reject"),
    ("secret-not-mountable", "missing", "reject"),
    ("unlisted-registry", "unlisted", "warn"),
    ("secret-not-found", "unusable", "warn"),
    ("secret-wrong-type", "unusable", "warn"),
    ("secret-malformed", "unusable", "warn"),
    ("secret-without-credentials", "unusable", "warn"),
    ("secret-expired", "unusable", "warn"),
    ("secret-empty-password", "unusable", "warn"),
    ("unparsable-image", "unusable", "warn"),
    ("secret-expires-soon", "expiring", "warn"),
    ("lookup-failed", "unknown", "warn"),
    ("invalid-pull-secret-list", "rejection", "reject"),
    ("secret-suspicious-password", "warning", "warn"),
    ("secret-admin-user", "warning", "warn"),
    ("secret-broad-key", "warning", "warn"),
    ("secret-dead-key", "warning", "warn"),
    ("anonymous-pull-blocked", "warning", "warn"),
    ("empty-pull-secret-name", "warning", "warn"),
    ("service-account-secrets-hidden", "warning", "warn"),
    ("registry-host-case", "warning", "warn"),
    ("not-a-login-server", "warning", "warn"),
    ("misplaced-pull-secrets", "warning", "warn"),
    ("unresolved-placeholder", "warning", "warn"),
];

const SETTINGS: [&str; 5] = ["missing", "unlisted", "unusable", "expiring", "unknown"];

const NOW: u64 = 1_800_000_000;

#[test]
fn every_rule_is_listed_with_its_default_action() {
    let told: Value = serde_json::from_slice(&operations::findings()).unwrap();
    let word = |rule: &Value, name: &str| rule[name].as_str().unwrap().to_owned();
    let told: Vec<_> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| (word(rule, "id"), word(rule, "category"), word(rule, "action")))
        .collect();
    let own = |(id, category, action): Row| (id.to_owned(), category.to_owned(), action.to_owned());
    assert_eq!(told, RULES.map(own));
    assert_eq!(Rule::ALL.len(), RULES.len());
}

/// The table of the documentation names what decides a rule in the first row of its group.
#[test]
fn the_documentation_lists_every_rule_with_what_decides_it() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rules/README.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let mut decided_by = "";
    let listed: Vec<_> = rows
        // Registries decide the rest, which the command adds.
        .take_while(|line| line.starts_with('|') && !line.starts_with("| the registry"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            if !cells[1].is_empty() {
                decided_by = match cells[1] {
                    "always a warning" => "warning",
                    "always rejected" => "rejection",
                    setting => setting,
                };
            }
            (cells[2].strip_prefix("[`").unwrap().split('`').next().unwrap(), decided_by)
        })
        .collect();
    assert_eq!(listed, RULES.map(|(id, category, _)| (id, category)));
}

#[test]
fn the_core_alone_gives_each_rule_the_severity_that_actions_set() {
    for (rule, category, default) in RULES {
        let broken = Broken::of(rule);
        let none = json!({});
        assert_eq!(broken.weight(rule, &none), Some(default), "{rule} by default");
        for setting in SETTINGS {
            for action in ["allow", "warn", "reject"] {
                let expected = if setting == category { action } else { default };
                let expected = Some(expected).filter(|expected| *expected != "allow");
                let weight = broken.weight(rule, &json!({ setting: action }));
                assert_eq!(weight, expected, "{rule} with {setting}: {action}");
            }
        }
        // The action of the rule's own category decides, with any other actions.
        for action in ["allow", "warn", "reject"] {
            let mut actions: Value = SETTINGS
                .iter()
                .map(|setting| ((*setting).to_owned(), json!("allow")))
                .collect::<serde_json::Map<_, _>>()
                .into();
            if SETTINGS.contains(&category) {
                actions[category] = json!(action);
            }
            let refuses = category == "rejection" || (category != "warning" && action == "reject");
            assert_eq!(broken.answer(&actions)["accepted"], json!(!refuses), "{rule} with {actions}");
        }
    }
}

/// A request that breaks a rule, and the cluster for its lookups.
#[derive(Debug)]
struct Broken {
    settings: Value,
    request: Value,
    /// The content of each Secret; none if it is absent
    secret: Result<Option<Value>, String>,
    account: Value,
}

impl Broken {
    fn of(rule: &str) -> Self {
        const IMAGE: &str = "contoso.azurecr.io/web:v1";
        const LOGIN: &str = "contoso.azurecr.io";
        let listed = json!([{"name": "acr-secret"}]);
        let in_place = |image: &str, list: &Value| Self::pod(image, list);
        let with = |config: Value| Self { secret: Ok(Some(secret(&config))), ..Self::pod(IMAGE, &listed) };
        let login = |username: &str, password: &str| {
            with(json!({"auths": {LOGIN: {"username": username, "password": password}}}))
        };
        let written = |key: &str| {
            let config = json!({"auths": {key: {"username": "u", "password": "p"}}});
            Self { request: request("CREATE", &secret(&config), &Value::Null), ..Self::pod(IMAGE, &listed) }
        };
        match rule {
            "missing-pull-secret" => in_place(IMAGE, &json!([])),
            "pull-secrets-immutable" => {
                let old = pod("contoso.azurecr.io/public/web:v1", &json!([]));
                let mut broken = in_place(IMAGE, &json!([]));
                broken.request["operation"] = json!("UPDATE");
                broken.request["oldObject"] = old;
                broken
            }
            "secret-not-mountable" => {
                let mut broken = in_place(IMAGE, &json!([]));
                broken.settings["mode"] = json!("mutate");
                broken.account["metadata"]["annotations"] =
                    json!({"kubernetes.io/enforce-mountable-secrets": "true"});
                broken
            }
            "unlisted-registry" => in_place("fabrikam.azurecr.io/web:v1", &json!([])),
            "secret-not-found" => Self { secret: Ok(None), ..in_place(IMAGE, &listed) },
            "secret-wrong-type" => {
                let opaque = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque"});
                Self { secret: Ok(Some(opaque)), ..in_place(IMAGE, &listed) }
            }
            "secret-malformed" => with(json!({"auths": []})),
            "secret-without-credentials" => with(json!({"auths": {"fabrikam.azurecr.io": {"auth": "dTpw"}}})),
            "secret-expired" => login("u", &token(NOW)),
            "secret-empty-password" => login("u", ""),
            "lookup-failed" => Self { secret: Err("no cluster".to_owned()), ..in_place(IMAGE, &listed) },
            "secret-expires-soon" => login("u", &token(NOW + 60)),
            "secret-suspicious-password" => login("u", "p\n"),
            "secret-admin-user" => login("contoso", "p"),
            "secret-broad-key" => written("*.azurecr.*"),
            "secret-dead-key" => written("contoso"),
            "anonymous-pull-blocked" => in_place("contoso.azurecr.io/public/web:v1", &listed),
            "empty-pull-secret-name" => in_place(IMAGE, &json!([{"name": "acr-secret"}, {}])),
            "service-account-secrets-hidden" => {
                let mut broken = in_place(IMAGE, &json!([{"name": "other"}]));
                broken.settings["cluster"]["secrets"] = json!("none");
                broken.account["imagePullSecrets"] = listed;
                broken
            }
            "registry-host-case" => in_place("CONTOSO.azurecr.io/web:v1", &listed),
            "not-a-login-server" => in_place("contoso.eastus.data.azurecr.io/web:v1", &listed),
            "unparsable-image" => in_place("contoso.azurecr.io/Web:v1", &listed),
            "invalid-pull-secret-list" => in_place(IMAGE, &json!(["acr-secret"])),
            "misplaced-pull-secrets" => {
                let mut broken = in_place(IMAGE, &listed);
                broken.request["object"]["spec"]["containers"][0]["imagePullSecrets"] = listed;
                broken
            }
            "unresolved-placeholder" => in_place("contoso.azurecr.io/web:${TAG}", &listed),
            other => panic!("no request breaks {other}"),
        }
    }

    /// A pod with one image and this list, a secret that serves it, and a ServiceAccount without pull secrets.
    fn pod(image: &str, list: &Value) -> Self {
        let config = json!({"auths": {"contoso.azurecr.io": {"username": "u", "password": "p"}}});
        Self {
            settings: json!({
                "mode": "validate",
                "cluster": {"serviceAccounts": true, "secrets": "credentials"},
                "pullSecrets": [
                    {"registries": ["contoso.azurecr.io/public"], "secretless": true},
                    {"registries": ["contoso.azurecr.io"], "secret": "acr-secret"},
                ],
            }),
            request: request("CREATE", &pod(image, list), &Value::Null),
            secret: Ok(Some(secret(&config))),
            account: json!({
                "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"},
            }),
        }
    }

    fn answer(&self, actions: &Value) -> Value {
        let mut settings = self.settings.clone();
        settings["actions"] = actions.clone();
        let payload = json!({"request": self.request, "settings": settings}).to_string();
        let get_resource = |asked: &[u8]| {
            let asked: Value = serde_json::from_slice(asked).unwrap();
            let found =
                if asked["kind"] == "Secret" { self.secret.clone()? } else { Some(self.account.clone()) };
            let absent = || format!("Cannot find v1/{} named '{}'", asked["kind"], asked["name"]);
            found.map(|found| found.to_string().into_bytes()).ok_or_else(absent)
        };
        let cluster = HostCluster { get_resource, now: || Some(NOW) };
        serde_json::from_slice(&operations::validate(payload.as_bytes(), &cluster)).unwrap()
    }

    /// The weight of the rule's findings, which all have the same; none where there is no finding.
    fn weight(&self, rule: &str, actions: &Value) -> Option<&'static str> {
        let answer = self.answer(actions);
        let findings: Vec<Value> = match answer["audit_annotations"]["findings"].as_str() {
            Some(findings) => serde_json::from_str(findings).unwrap(),
            None => Vec::new(),
        };
        let refuses = findings.iter().any(|finding| finding["severity"] == "reject");
        assert_eq!(answer["accepted"], json!(!refuses), "{rule} with {actions}: {answer}");
        let weights: BTreeSet<&str> = findings
            .iter()
            .filter(|finding| finding["rule"] == rule)
            .map(|finding| finding["severity"].as_str().unwrap())
            .collect();
        assert!(weights.len() < 2, "{rule} with {actions}: {answer}");
        weights.first().map(|weight| if *weight == "reject" { "reject" } else { "warn" })
    }
}

fn request(operation: &str, object: &Value, old: &Value) -> Value {
    json!({"operation": operation, "namespace": "shop", "object": object, "oldObject": old})
}

fn pod(image: &str, list: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": image}], "imagePullSecrets": list},
    })
}

fn secret(config: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "acr-secret", "namespace": "shop"},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": BASE64_STANDARD.encode(config.to_string())},
    })
}

/// A registry token that expires at this time.
fn token(expires: u64) -> String {
    let claims =
        BASE64_URL_SAFE_NO_PAD.encode(json!({"exp": expires, "aud": "contoso.azurecr.io"}).to_string());
    format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl")
}
