//! No value of a Secret, nor a part of one, is in what is shared.

use proptest::prelude::*;

use super::{LOOK_UP, POD, base64, config, password, pull_secret, share};

/// A password with what parsers trip over, in all the spellings that a text may have it in.
const PASSWORD: &str = "Tr0ub4dor&3-ho%rse";

fn spelled(characters: impl Iterator<Item = String>) -> String {
    characters.collect()
}

fn url_encoded(text: &str) -> String {
    spelled(text.bytes().map(|byte| format!("%{byte:02X}")))
}

/// Copies of a password in a manifest, below a Secret that has it.
fn copies(password: &str) -> Vec<String> {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let escaped = spelled(password.chars().map(|c| format!("\\u{:04x}", u32::from(c))));
    let login = format!("pull-user:{password}");
    let of_env = |value: &str| {
        format!("kind: Pod\nspec: {{containers: [{{name: web, env: [{{name: X, value: {value}}}]}}]}}\n")
    };
    let characters: Vec<char> = password.chars().collect();
    let half = characters.len() / 2 + 1;
    let part = |part: &[char]| part.iter().collect::<String>();
    let encoded = base64(&login);
    let middle = encoded.get(16..encoded.len() - 2).unwrap();
    let lines: Vec<String> = base64(&format!("a longer text with {password} in it"))
        .as_bytes()
        .chunks(10)
        .map(|line| format!("    {}", std::str::from_utf8(line).unwrap()))
        .collect();
    let mut texts = vec![
        of_env(&quoted(password)),
        of_env(&quoted(&base64(password))),
        of_env(&quoted(&base64(&base64(password)))),
        of_env(&quoted(base64(password).get(1..9).unwrap())),
        of_env(&quoted(base64(&login).get(14..23).unwrap())),
        of_env(&quoted(&base64(&url_encoded(password)))),
        of_env(&quoted(&url_encoded(&base64(password)))),
        of_env(&quoted(&base64(&quoted(&escaped)))),
        of_env(&quoted(&base64(&base64(&base64(password))))),
        of_env(&quoted(&spelled(base64(password).bytes().map(|byte| format!("{byte:02x}"))))),
        of_env(&quoted(&encoded)),
        of_env(&quoted(middle)),
        of_env(&quoted(&url_encoded(password))),
        of_env(&quoted(&format!("https://pull-user:{}@contoso.azurecr.io", url_encoded(password)))),
        of_env(&quoted(&escaped)),
        of_env(&format!("\"{escaped}\"")),
        of_env(&quoted(&quoted(&quoted(password)))),
        of_env(&quoted(&part(&characters[..half]))),
        of_env(&quoted(&format!("x{}y", part(&characters[characters.len() - half..])))),
        of_env(&quoted(&password.to_uppercase())),
        of_env(&quoted(&spelled(password.bytes().map(|byte| format!("{byte:02x}"))))),
        format!(
            "kind: Pod\nspec: {{containers: [{{name: web, args: [{}]}}]}}\n",
            quoted(&format!("--x={password}"))
        ),
        format!(
            "kind: Pod\nmetadata: {{annotations: {{note: {}}}}}\n",
            quoted(&format!("it is {password}."))
        ),
        format!("kind: Pod # {password}\n"),
        format!("# {}\nkind: Pod\n", base64(password)),
        format!("kind: Pod\n? {}\n: x\n", quoted(password)),
        format!("kind: ConfigMap\ndata:\n  x: !!binary {}\n", base64(password)),
        format!("kind: ConfigMap\ndata:\n  x: |\n{}\n", lines.join("\n")),
        format!("kind: ConfigMap\ndata:\n  x: >-\n{}\n", lines.join("\n")),
        format!(
            "kind: ConfigMap\ndata:\n  x: {}\n",
            quoted(&pull_secret(&config("contoso.azurecr.io", "u", password)))
        ),
        format!(
            "kind: ConfigMap\ndata:\n  x: {}\n",
            base64(&pull_secret(&config("contoso.azurecr.io", "u", password)))
        ),
        format!(
            "kind: Pod\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: {}\n",
            quoted(&format!("{{\"x\":{}}}", quoted(password)))
        ),
    ];
    for text in &mut texts {
        text.insert_str(
            0,
            &format!("{}\n---\n", pull_secret(&config("contoso.azurecr.io", "pull-user", password))),
        );
    }
    texts
}

/// Secrets of all spellings that have a password and nothing else to hide.
fn secrets(password: &str) -> Vec<String> {
    let quoted = serde_json::to_string(password).unwrap();
    let encoded = base64(password);
    let plain = |text: &str| serde_json::to_string(&config("contoso.azurecr.io", "u", text)).unwrap();
    let user = config(&format!("https://{password}@contoso.azurecr.io"), "u", "x");
    let user = serde_json::to_string(&user).unwrap();
    vec![
        format!("kind: Secret\nstringData: {{x: {quoted}}}\n"),
        format!("kind: Secret\ndata: {{x: {quoted}}}\n"),
        format!("kind: Secret\ndata: {{x: {encoded}}}\n"),
        format!("kind: !!binary U2VjcmV0\ndata: {{x: {encoded}}}\n"),
        format!("kind: !!str Secret\ndata: {{x: {encoded}}}\n"),
        format!("kind: \"Secre\\x74\"\ndata: {{x: {encoded}}}\n"),
        format!("kind: ' secret '\ndata: {{x: !!binary {encoded}}}\n"),
        format!("kind: Secret\nmetadata: {{annotations: {{old: {quoted}}}}}\n"),
        format!("kind: Secret\nother: [[{{x: {quoted}}}]]\n"),
        format!("kind: List\nitems: [{{kind: Secret, data: {{x: {encoded}}}}}]\n"),
        format!("kind: SecretList\nitems: [{{data: {{x: {encoded}}}}}]\n"),
        format!("kind: AdmissionReview\nrequest: {{object: {{kind: Secret, data: {{x: {encoded}}}}}}}\n"),
        format!(
            "kind: AdmissionReview\nrequest: {{kind: {{kind: Secret}}, oldObject: {{data: {{x: {encoded}}}}}}}\n"
        ),
        format!("cases: [{{name: x, object: {{kind: Secret, data: {{x: {encoded}}}}}}}]\n"),
        format!(
            "kind: Secret\ntype: kubernetes.io/dockerconfigjson\nstringData: {{.dockerconfigjson: {}}}\n",
            plain(password)
        ),
        format!(
            "kind: Secret\ntype: kubernetes.io/dockerconfigjson\nstringData: {{.dockerconfigjson: {user}}}\n"
        ),
        format!("imageCredentials: {{registry: contoso.azurecr.io, password: {quoted}}}\n"),
        format!("auths: {{contoso.azurecr.io: {{identitytoken: {quoted}}}}}\n"),
        format!(
            "secretGenerator: [{{name: x, literals: [{}]}}]\n",
            serde_json::to_string(&format!("x={password}")).unwrap()
        ),
        format!(
            "kind: Pod\nspec: {{containers: [{{name: web, args: [{}]}}]}}\n",
            serde_json::to_string(&format!("--token={password}")).unwrap()
        ),
        format!(
            "kind: AdmissionReview\nrequest: {{kind: {{kind: secret}}, object: {{data: {{x: {encoded}}}}}}}\n"
        ),
        format!("request: {{resource: {{resource: secrets}}, object: {{data: {{x: {encoded}}}}}}}\n"),
        format!("request: {{requestKind: {{kind: Secret}}, object: {quoted}}}\n"),
        format!("kind: SECRETLIST\nitems: {{x: {{data: {{x: {encoded}}}}}}}\n"),
        format!("kind: Secret\nmetadata: {quoted}\n"),
        format!("kind: Secret\nmetadata: {{other: {{x: {quoted}}}}}\n"),
        format!("kind: Secret\nmetadata: {{annotations: [{quoted}]}}\n"),
        format!("imageCredentials: {{auth: {encoded}}}\n"),
        format!("kind: Pod\nspec: {{containers: [{{name: web, args: [--registry-password, {quoted}]}}]}}\n"),
        quoted,
        encoded,
    ]
}

/// Whether a text has a part of a password, plain or in base64, as a reader would find it.
fn find(text: &str, password: &str) -> Option<String> {
    let characters: Vec<char> = password.chars().collect();
    let parts = characters.windows(8).map(|part| part.iter().collect::<String>());
    let escaped = spelled(password.chars().map(|c| format!("\\u{:04x}", u32::from(c))));
    let encoded = base64(password);
    // What follows the password in a longer text is in the last characters too.
    let whole = encoded.trim_end_matches('=').chars().collect::<Vec<_>>();
    let of_base64 =
        whole.get(..whole.len() - 1).unwrap().windows(8).map(|part| part.iter().collect::<String>());
    let hexadecimal = spelled(encoded.bytes().map(|byte| format!("{byte:02x}")));
    let others = [
        base64(&encoded),
        base64(&base64(&encoded)),
        url_encoded(password),
        url_encoded(&encoded),
        base64(&url_encoded(password)),
        escaped,
        hexadecimal,
    ];
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let words = joined.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c)));
    let decoded: String = words
        .flat_map(|word| {
            (0..4)
                .map(move |start| review::spelling::base64(word.as_bytes().get(start..).unwrap_or_default()))
        })
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    parts
        .chain(of_base64)
        .chain(others)
        .find(|part| [text, &joined, &decoded].iter().any(|text| text.contains(part.as_str())))
}

fn assert_hidden(texts: [&str; 3], password: &str) -> Result<(), String> {
    match share(texts[0], texts[1], texts[2]) {
        Ok(shared) => {
            let all = format!(
                "{}\n{}\n{}\n{}\n{:?}",
                shared.manifests, shared.settings, shared.cluster, shared.suite, shared
            );
            find(&all, password)
                .map_or(Ok(()), |part| Err(format!("{part} of\n{}\nis in\n{all}", texts.join("\n===\n"))))
        }
        Err(refused) => find(&format!("{refused:?}"), password).map_or(Ok(()), Err),
    }
}

#[test]
fn no_spelling_of_a_value_is_shared() {
    for text in copies(PASSWORD).iter().chain(&secrets(PASSWORD)) {
        assert_hidden([text, "", ""], PASSWORD).unwrap();
        assert_hidden([POD, LOOK_UP, text], PASSWORD).unwrap();
        assert!(share(text, "", "").is_ok_and(|shared| !shared.manifests.is_empty()), "{text}");
    }
}

#[test]
fn a_docker_config_that_is_a_mere_word_is_found_elsewhere() {
    // It could be base64.
    let word = "Tr0ub4dor3horse9";
    for (field, config) in
        [("data", base64(word)), ("data", word.to_owned()), ("stringData", word.to_owned())]
    {
        let secret = format!(
            "kind: Secret\ntype: kubernetes.io/dockerconfigjson\n{field}: {{.dockerconfigjson: {config}}}\n"
        );
        assert_hidden(
            [&format!("{secret}---\nkind: Pod\nspec: {{containers: [{{args: [x{word}]}}]}}\n"), "", ""],
            word,
        )
        .unwrap();
    }
}

/// Values of Secrets that are themselves spelled in some way, each with the password in another object.
#[test]
fn a_value_is_found_however_its_secret_spells_it() {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let spaced: Vec<String> = base64(PASSWORD)
        .as_bytes()
        .chunks(7)
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect();
    let json = serde_json::json!({"clientId": "x", "clientSecret": PASSWORD}).to_string();
    let escaped =
        format!("{{\"x\": \"{}\"}}", spelled(PASSWORD.chars().map(|c| format!("\\u{:04x}", u32::from(c)))));
    for secret in [
        format!("data: {{x: {}}}", base64(PASSWORD)),
        format!("data: {{x: {}}}", base64(&base64(PASSWORD))),
        format!("data: {{x: {}}}", base64(&format!("user:{PASSWORD}"))),
        format!("data: {{x: {}}}", quoted(&spaced.join("\n"))),
        format!("data: {{x: {}}}", quoted(&spaced.join(" "))),
        format!("data: {{x: {}}}", base64(PASSWORD).trim_end_matches('=')),
        format!("data: {{x: {}}}", base64(&json)),
        format!("data: {{x: {}}}", base64(&escaped)),
        format!("stringData: {{x: {}}}", base64(PASSWORD)),
        format!("stringData: {{x: {}}}", quoted(&json)),
        format!("stringData: {{x: {}}}", quoted(&escaped)),
        format!("stringData: {{x: {}}}", quoted(&format!("a: 1\nb: {}\n", quoted(PASSWORD)))),
        format!(
            "metadata: {{annotations: {{kubectl.kubernetes.io/last-applied-configuration: {}}}}}",
            quoted(&pull_secret(&config("x", "u", PASSWORD)))
        ),
    ] {
        let pod = format!("kind: Pod\nspec: {{containers: [{{name: web, args: [{}]}}]}}\n", quoted(PASSWORD));
        let text = format!("kind: Secret\n{secret}\n---\n{pod}");
        assert_hidden([&text, "", ""], PASSWORD).unwrap();
    }
}

#[test]
fn values_that_are_overwritten_are_not_shared() {
    for text in [
        format!("kind: Secret\ndata: {{x: {0}}}\nkind: ConfigMap\n", base64(PASSWORD)),
        format!("kind: \"Secre\\x74\"\ndata: {{x: {0}}}\nkind: ConfigMap\n", base64(PASSWORD)),
        format!(
            "kind: Secret\nstringData: {{x: {PASSWORD}, x: y}}\n---\nkind: Pod\nspec: {{containers: [{{args: [{PASSWORD}]}}]}}\n"
        ),
    ] {
        let refused = share(&text, "", "").unwrap_err();
        assert!(format!("{refused:?}").contains("is already in this mapping"), "{refused:?}");
        assert_hidden([&text, "", ""], PASSWORD).unwrap();
    }
    let secret = pull_secret(&config("contoso.azurecr.io", "pull-user", PASSWORD));
    let quoted = serde_json::to_string(PASSWORD).unwrap();
    for text in [format!("kind: Pod\nx: {quoted}\nx: y\n"), format!("kind: Pod\nx: {quoted}\n<<: {{x: y}}\n")]
    {
        assert_hidden([&text, "", &secret], PASSWORD).unwrap();
    }
    let harmless = "kind: Pod\nmetadata: {name: web, name: shop}\n";
    assert_eq!(share(harmless, "", "").unwrap().manifests, harmless);
}

#[test]
fn a_registry_and_a_user_that_another_secret_has_too_keep_nothing_from_being_shared() {
    let config =
        "{\"auths\": {\"contoso.azurecr.io\": {\"username\": \"joe\", \"password\": \"Tr0ub4dor-horse\"}}}";
    let others = serde_json::json!({"username": "joe", "password": "c0rrect-battery", "registry": "contoso.azurecr.io"});
    for other in [
        others.to_string(),
        serde_json::to_string_pretty(&others).unwrap(),
        "https://contoso.azurecr.io".to_owned(),
    ] {
        let other = format!("kind: Secret\nstringData: {{x: {}}}\n", serde_json::to_string(&other).unwrap());
        let shared = share(POD, LOOK_UP, &format!("{}\n---\n{other}", pull_secret(config))).unwrap();
        assert_eq!(shared.differences, Vec::<String>::new(), "{}", shared.cluster);
        assert_eq!(shared.manifests, POD);
        let dummy = config.replace("Tr0ub4dor-horse", "Xx0xx0xxx-xxxxx");
        assert!(shared.cluster.contains(&base64(&dummy)), "{}", shared.cluster);
    }
}

#[test]
fn a_comment_that_may_hold_a_credential_goes() {
    for comment in ["password: x", "auth: x", "db_password=x", "kind: Secret", "dXNlcjpUcjB1YjRkb3I="] {
        let shared = share(&format!("kind: Pod # {comment}\n"), "", "").unwrap();
        assert_eq!(shared.manifests, "kind: Pod\n", "{comment}");
    }
    for comment in ["needs a pull secret", "see https://contoso.example/a", "TODO: name a token"] {
        let text = format!("kind: Pod # {comment}\n");
        assert_eq!(share(&text, "", "").unwrap().manifests, text);
    }
}

#[test]
fn a_value_of_one_tab_is_in_no_other() {
    let secret = pull_secret(&config("contoso.azurecr.io", "pull-user", PASSWORD));
    for text in [format!("{POD}# {PASSWORD}\n"), POD.replace("name: web,", &format!("name: {PASSWORD:?},"))] {
        assert_hidden([&text, "", &secret], PASSWORD).unwrap();
    }
    assert_hidden([POD, &format!("# {PASSWORD}\nmode: validate\n"), &secret], PASSWORD).unwrap();
}

#[test]
fn what_is_no_secret_stays_as_it_is() {
    let secret = pull_secret(&config("contoso.azurecr.io", "pull-user", PASSWORD));
    let shared = share(&format!("# The pod\n{POD}"), "mode: validate # for now\n", &secret).unwrap();
    assert_eq!(shared.manifests, format!("# The pod\n{POD}"));
    assert_eq!(shared.settings, "mode: validate # for now\n");
    assert!(shared.cluster.contains("name: acr-secret"), "{}", shared.cluster);
    for text in [
        "pullSecrets:\n  - registries: [contoso.azurecr.io] # ours\n    secret: acr-secret\n",
        "kind: ServiceAccount\nmetadata:\n  annotations: {kubernetes.io/enforce-mountable-secrets: \"true\"}\n",
        "kind: Pod\nspec: {imagePullSecrets: [{name: acr-secret}], volumes: [{secret: {secretName: tls}}]}\n",
        "kind: Pod\nspec: {imagePullSecrets: acr-secret}\n",
        "kind: Pod\nspec: {containers: [{env: [{name: TOKEN_FILE, value: /var/run/secrets/token}]}]}\n",
        "kind: Pod\nmetadata: {annotations: {checksum/config: c2lnbmF0dXJlb2ZhbGwK}}\n",
    ] {
        assert_eq!(share(text, "", "").unwrap().manifests, text);
    }
}

/// Each text that a pair of arguments may not share, whatever the value looks like.
#[test]
fn an_argument_behind_an_option_for_a_credential_is_not_shared() {
    for (arguments, password) in [
        ("[--registry-password, -0Aa0Aa_]", "-0Aa0Aa_"),
        ("[--registry-password, --hunter-two]", "--hunter-two"),
        ("[-password, -hunter-two-x]", "-hunter-two-x"),
        ("[--password, --token=hunter2x, hunter2x]", "hunter2x"),
        ("[--password-auth, --password, hunter2x]", "hunter2x"),
        ("[--password, --token, --hunter2x]", "--hunter2x"),
        ("[--password, a=hunter2x]", "hunter2x"),
        ("[sh, -c, login --password hunter2x && run]", "hunter2x"),
        ("[sh, -c, export TOKEN=hunter2x; run]", "hunter2x"),
        ("[sh, -c, \"login -u x --password '-hunter2x'\"]", "-hunter2x"),
    ] {
        let pod = format!("kind: Pod\nspec: {{containers: [{{name: web, args: {arguments}}}]}}\n");
        assert_hidden([&pod, "", ""], password).unwrap();
    }
    for arguments in ["serve, --tls-key, tls.key", "--secret-name, acr", "sh, -c, echo $TOKEN --port 80"] {
        let pod = format!("kind: Pod\nspec: {{containers: [{{name: web, args: [{arguments}]}}]}}\n");
        assert_eq!(share(&pod, "", "").unwrap().manifests, pod);
    }
    let pod = "kind: Pod\nspec: {containers: [{name: web, args: [--token=hunter2x, serve]}]}\n";
    assert!(share(pod, "", "").unwrap().manifests.contains("- serve\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn no_spelling_of_a_generated_value_is_shared(password in password()) {
        for text in copies(&password).iter().chain(&secrets(&password)) {
            prop_assert_eq!(assert_hidden([text, "", ""], &password), Ok(()));
            prop_assert_eq!(assert_hidden([POD, LOOK_UP, text], &password), Ok(()));
        }
    }
}
