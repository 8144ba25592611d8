//! The verdict on dummies is that on the values.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{LOOK_UP, POD, base64, config, password, pull_secret, share, token};
use crate::judgement::Judgement;
use review::outcome::Outcome;

const REGISTRIES: [&str; 6] = [
    "contoso.azurecr.io",
    "*.azurecr.io",
    "https://contoso.azurecr.io/v1/",
    "CONTOSO.azurecr.io",
    "contoso",
    "docker.io",
];

/// The pull secrets of a registry, each with the rule that is broken, or none.
fn secrets() -> Vec<(String, &'static str)> {
    let user = |password: &str| config("contoso.azurecr.io", "pull-user", password);
    let entry = |fields: &str| format!("{{\"auths\": {{\"contoso.azurecr.io\": {{{fields}}}}}}}");
    let configs = [
        (user("Tr0ub4dor&3-horse"), ""),
        (user(""), "secret-empty-password"),
        (user(&token(4_000_000_000, "contoso.azurecr.io", "c2lnbmF0dXJl")), ""),
        (user(&token(1_000_000_000, "contoso.azurecr.io", "c2lnbmF0dXJl")), "secret-expired"),
        (user(&token(1_790_000_100, "contoso.azurecr.io", "c2lnbmF0dXJl")), "secret-expires-soon"),
        (user(&token(4_000_000_000, "fabrikam.azurecr.io", "c2lnbmF0dXJl")), "secret-without-credentials"),
        (
            user(&format!(" {}\n", token(1_000_000_000, "contoso.azurecr.io", "c2lnbmF0dXJl"))),
            "secret-expired",
        ),
        (config("https://contoso.azurecr.io", "contoso", "Tr0ub4dor&3-horse"), "secret-admin-user"),
        (config("CONTOSO.azurecr.io", "pull-user", "Tr0ub4dor&3-horse"), "secret-without-credentials"),
        (config("*.azurecr.*", "pull-user", "Tr0ub4dor&3-horse"), "secret-broad-key"),
        (config("https://joe:Tr0ub4dor@contoso.azurecr.io", "pull-user", "Tr0ub4dor&3-horse"), ""),
        (entry("\"username\": \"u\", \"password\": \"Tr0ub4dor&3-horse\""), ""),
        (entry("\"username\": \"u\", \"password\": 12345678"), "secret-malformed"),
        (entry("\"username\": \"u\", \"password\": null"), "secret-empty-password"),
        (
            entry("\"username\": \"u\", \"PassWord\": \"Tr0ub4dor&3-horse\", \"password\": \"\""),
            "secret-empty-password",
        ),
        (entry("\"auth\": \"Tr0ub4dor&3-horse\""), "secret-malformed"),
        (entry("\"auth\": \"VHIwdWI0ZG9yMy1ob3JzZQ==\""), "secret-malformed"),
        (entry("\"auth\": \"\", \"identitytoken\": \"Tr0ub4dor&3-horse\""), "secret-empty-password"),
        (entry("\"username\": \"u\", \"password\": \"Tr0ub4dor\\q3-horse\""), "secret-malformed"),
        (entry("\"username\": \"u\", \"password\": \"Tr0ub4dor3-horse"), "secret-malformed"),
        ("{\"auths\": {}}".to_owned(), "secret-without-credentials"),
        ("null".to_owned(), "secret-without-credentials"),
        ("Tr0ub4dor&3-horse".to_owned(), "secret-malformed"),
        (base64(&user("Tr0ub4dor&3-horse")), "secret-malformed"),
    ];
    let mut secrets = configs.map(|(config, rule)| (pull_secret(&config), rule)).to_vec();
    // The time of the tests is 1,790,000,000.
    secrets.extend(
        [
            ("2026-10-21T14:13:21Z", ""),
            ("2026-10-21T14:13:20Z", "secret-expires-soon"),
            ("2026-09-21T14:13:21Z", "secret-expires-soon"),
            ("2026-09-21T14:13:20Z", "secret-expired"),
            ("2020-01-01T00:00:00+01:00", "secret-expired"),
        ]
        .map(|(end, rule)| (announced(end), rule)),
    );
    secrets
}

/// A pull secret whose annotation announces this end.
fn announced(end: &str) -> String {
    let secret = pull_secret(&config("contoso.azurecr.io", "pull-user", "Tr0ub4dor&3-horse"));
    let mut secret: Value = serde_json::from_str(&secret).unwrap();
    secret["metadata"]["annotations"] = json!({"acr-pull-secret/expires": end});
    secret.to_string()
}

#[test]
fn what_is_shared_is_judged_as_before() {
    let data = |data: &str| pull_secret("").replace("\".dockerconfigjson\":\"\"", data);
    let others = [
        (data("\".dockerconfigjson\":\"Tr0ub4dor&3-horse\""), "secret-malformed"),
        (data("\".dockerconfigjson\":\"Tr0ub4dor3horse99\""), "secret-malformed"),
        (data("\"password\":\"Tr0ub4dor3horse9\""), "secret-wrong-type"),
    ];
    for (secret, rule) in secrets().into_iter().chain(others) {
        let said = |judgement: &Judgement| {
            let findings = judgement.outcomes.iter().flat_map(Outcome::findings);
            findings.map(|finding| (finding.rule, finding.message)).collect::<Vec<_>>()
        };
        let before = Judgement::new(POD, LOOK_UP, &secret, "shop", false);
        let shared = before.share().unwrap();
        let after =
            Judgement::new(&shared.manifests, &shared.settings, &shared.cluster, &shared.namespace, false);
        assert_eq!(said(&after), said(&before), "{secret}\n{}", shared.cluster);
        assert_eq!(shared.differences, Vec::<String>::new(), "{secret}\n{}", shared.cluster);
        if !rule.is_empty() {
            let as_object = Judgement::new(&secret, LOOK_UP, "", "shop", false);
            let rules: Vec<_> =
                said(&before).into_iter().chain(said(&as_object)).map(|(rule, _)| rule).collect();
            assert!(rules.iter().any(|found| found == rule), "{rule}: {rules:?} {secret}");
            let shared = as_object.share().unwrap();
            assert_eq!(shared.differences, Vec::<String>::new(), "{secret}\n{}", shared.manifests);
        }
        assert!(!format!("{shared:?}").contains("horse"), "{}", shared.cluster);
        // Sharing again changes nothing.
        let again = share(&shared.manifests, &shared.settings, &shared.cluster)
            .unwrap_or_else(|refused| panic!("{refused:?} {}", shared.cluster));
        assert_eq!([again.manifests, again.cluster], [shared.manifests, shared.cluster]);
    }
}

#[test]
fn a_verdict_that_changes_is_told() {
    // The name of the registry is a value of another Secret, and so no login server afterwards.
    let pod = POD.replace("contoso.azurecr.io/web", "registry.example/web");
    let settings = "registrySuffixes: [registry.example]\nmode: validate\n";
    let secret = "kind: Secret\napiVersion: v1\nmetadata: {name: x}\nstringData: {host: registry.example}\n";
    let shared = share(&pod.replace("imagePullSecrets", "others"), settings, secret).unwrap();
    assert_eq!(shared.differences.len(), 1, "{shared:?}");
    assert!(!format!("{shared:?}").contains("registry.example"), "{shared:?}");
}

#[test]
fn a_text_that_cannot_be_read_is_not_shared() {
    for text in ["a: [Tr0ub4dor-3", "kind: Secret\n\tdata: Tr0ub4dor-3", "{\"auths\": Tr0ub4dor-3"] {
        for tab in 0..3 {
            let mut texts = [POD, "", ""];
            texts[tab] = text;
            let refused = share(texts[0], texts[1], texts[2]).unwrap_err();
            assert!(!format!("{refused:?}").contains("Tr0ub4dor"), "{refused:?}");
        }
    }
}

/// Sharing what was shared gives the same text, also where a password breaks its JSON.
#[test]
fn a_password_with_backslashes_is_replaced_once() {
    for password in ["\\u0A0gAA", "a\\b", "\\\\", "\\", "a\\\\\\n1"] {
        let secret =
            pull_secret(&format!(r#"{{"auths": {{"contoso.azurecr.io": {{"password": "{password}"}}}}}}"#));
        let shared = share(&format!("{POD}---\n{secret}"), LOOK_UP, "").unwrap();
        let again = share(&shared.manifests, &shared.settings, "").unwrap();
        assert_eq!(again.manifests, shared.manifests, "{password}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_generated_secret_is_judged_as_before_or_the_difference_is_told(
        password in password(),
        (user, registry) in ("[a-z-]{3,12}", prop::sample::select(REGISTRIES.as_slice())),
        form in 0..6_usize,
        with_other in any::<bool>(),
        exp in prop::sample::select(vec![1_000_000_000_u64, 1_790_000_100, 4_000_000_000]),
    ) {
        let password = if form == 0 { token(exp, registry, "c2lnbmF0dXJl") } else { password };
        let config = match form {
            0 | 1 => config(registry, &user, &password),
            2 => json!({"auths": {registry: {"username": user, "password": password}}}).to_string(),
            3 => json!({"auths": {registry: {"auth": password}}}).to_string(),
            4 => json!({"auths": {registry: {"username": user, "identitytoken": password}}}).to_string(),
            _ => format!("{{\"auths\": {{{registry:?}: {{\"password\": \"{password}\"}}}}}}"),
        };
        let secret = pull_secret(&config);
        let said = |judgement: &Judgement| {
            let findings = judgement.outcomes.iter().flat_map(Outcome::findings);
            let findings = findings.map(|finding| (finding.rule, finding.image, finding.secret));
            (judgement.outcomes.iter().map(|outcome| outcome.verdict.decision).collect::<Vec<_>>(), findings.collect::<Vec<_>>())
        };
        // Another Secret may have the same user, registry or password.
        let other = json!({"kind": "Secret", "stringData": {"x": json!({"username": user, "registry": registry}).to_string()}});
        let other = if with_other { format!("\n---\n{other}") } else { String::new() };
        let both = format!("{POD}---\n{secret}{other}");
        let before = Judgement::new(&both, LOOK_UP, "", "shop", false);
        let shared = before.share().unwrap();
        let after = Judgement::new(&shared.manifests, &shared.settings, "", "shop", false);
        prop_assert!(said(&after) == said(&before) || !shared.differences.is_empty(), "{secret} {}", shared.manifests);
        // A user is part of the verdict, and a message says so where it has to go.
        if !with_other && form < 3 && !password.contains(user.as_str()) {
            prop_assert_eq!(shared.differences, Vec::<String>::new(), "{} {}", config, shared.manifests);
        }
        let again = share(&shared.manifests, &shared.settings, "").unwrap();
        prop_assert_eq!(again.manifests, shared.manifests);
    }
}
