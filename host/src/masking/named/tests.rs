use proptest::prelude::*;

use crate::masking::without_credentials;

#[test]
fn values_in_each_spelling_are_not_shown() {
    for (text, shown) in [
        ("{\"password\": \"HUNTER2\"}", "{\"password\": \"***\"}"),
        ("{\"refresh_token\" : \"HUNTER2\", \"a\": \"b\"}", "{\"refresh_token\" : \"***\", \"a\": \"b\"}"),
        ("{\\\"password\\\":\\\"HUN\\\\\\\"TER2\\\"}", "{\\\"password\\\":\\\"***\\\"}"),
        ("{\"password\":\"HUN\\\"TER2\",\"a\":1}", "{\"password\":\"***\",\"a\":1}"),
        ("\"auth\":\"dTpIVU5URVIy\"", "\"auth\":\"***\""),
        ("\"auth\": [\"dTpIVU5URVIy\"]", "\"auth\": [\"***\"]"),
        ("\"password\":12345678}", "\"password\":***}"),
        ("password: HUNTER2 is wrong", "password: *** is wrong"),
        ("password:\n  HUNTER2", "password:\n  ***"),
        ("Password2 = HUNTER2", "Password2 = ***"),
        ("login failed: --password 'HUNTER2 x' is wrong", "login failed: --password '***' is wrong"),
        ("--registry-token HUNTER2 --debug", "--registry-token *** --debug"),
        (
            "docker login -u bob -p HUNTER2 contoso.azurecr.io",
            "docker login -u bob -p *** contoso.azurecr.io",
        ),
        ("curl -u bob:HUNTER2 https://contoso.azurecr.io", "curl -u *** https://contoso.azurecr.io"),
        ("Authorization: Basic dTpIVU5URVIy", "Authorization: Basic ***"),
        ("map[Authorization:[Basic dTpIVU5URVIy] Accept:[x]]", "map[Authorization:[Basic ***] Accept:[x]]"),
        ("{\"Authorization\": \"Bearer HUNTER2\"}", "{\"Authorization\": \"Bearer ***\"}"),
        ("Proxy-Authorization: HUNTER2", "Proxy-Authorization: ***"),
        ("x-registry-auth: dTpIVU5URVIy", "x-registry-auth: ***"),
        ("{Username:u Password:HUNTER2 Auth:dTpI Server:x}", "{Username:u Password:*** Auth:*** Server:x}"),
        ("%7B%22token%22%3A%22HUNTER2%22%7D", "%7B%22token%22%3A%22***%22%7D"),
        ("{&quot;token&quot;:&quot;HUNTER2&quot;}", "{&quot;token&quot;:&quot;***&quot;}"),
        ("<password>HUNTER2</password>", "<password>***"),
        ("client_secret: hunter2", "client_secret: ***"),
        ("AZURE_CLIENT_SECRET=HUNTER2", "AZURE_CLIENT_SECRET=***"),
        ("secret: HUNTER2", "secret: ***"),
        ("{\"password\":\"p:HUN@TER2\"}", "{\"password\":\"***\"}"),
        ("secret: |\n  HUNTER2", "secret: |\n  ***"),
        ("password := \"HUNTER2\"", "password := \"***\""),
        ("password -> HUNTER2", "password -> ***"),
        ("invalid password \"HUNTER2\" of ann", "invalid password \"***\" of ann"),
        ("Set-Cookie: session=HUNTER2", "Set-Cookie: ***"),
        ("Cookie: a=b; session=HUNTER2", "Cookie: ***"),
        ("Authorization: SharedKey acct:HUNTER2HUNTER2=", "Authorization: ***"),
        ("Authorization: Digest username=\"bob\", response=\"HUNTER2\"", "Authorization: ***"),
        ("map[Authorization:[Negotiate YIIHUNTER2==] Accept:[x]]", "map[Authorization:[***] Accept:[x]]"),
        ("auth: [dTpw, HUNTER2]", "auth: [***]"),
        ("token: [\"x\",\"HUNTER2\"]", "token: [***]"),
        (r"{\x22password\x22:\x22HUNTER2\x22}", r"{\x22password\x22:\x22***\x22}"),
        (
            "[{\"name\":\"DB_PASSWORD\",\"value\":\"HUNTER2\"}]",
            "[{\"name\":\"DB_PASSWORD\",\"value\":\"***\"}]",
        ),
        ("podman login -u=bob -p=HUNTER2", "podman login -u=bob -p=***"),
        ("docker login -u bob -pHUNTER2 x.io", "docker login -u bob -p*** x.io"),
        ("curl --user=bob:HUNTER2 x", "curl --user=*** x"),
        ("curl -ubob:HUNTER2 x", "curl -u*** x"),
        ("client secret: hunter2value", "client secret: ***"),
        ("signature: HUNTER2abcdef==", "signature: ***"),
        ("failed to get token: eyJHUNTER2HUNTER2", "failed to get token: ***"),
        ("skopeo copy --src-creds bob:HUNTER2 docker://x", "skopeo copy --src-creds *** docker://x"),
        ("skopeo copy --dest-creds='bob:HUN TER2' x", "skopeo copy --dest-creds='***' x"),
        ("oras pull --creds=bob:HUNTER2 x", "oras pull --creds=*** x"),
        ("X-Api-Key: HUNTER2 X-JFrog-Art-Api:HUNTER2", "X-Api-Key: *** X-JFrog-Art-Api:***"),
        ("X-Quay-Apikey: HUNTER2", "X-Quay-Apikey: ***"),
        ("PRIVATE-TOKEN: HUNTER2", "PRIVATE-TOKEN: ***"),
        (r#"{"pass\u0077ord":"HUNTER2"}"#, r#"{"pass\u0077ord":"***"}"#),
        (r#"{\"\\u0050assword\":\"HUNTER2\"}"#, r#"{\"\\u0050assword\":\"***\"}"#),
        ("secretKey: HUNTER2", "secretKey: ***"),
        ("privateKey=HUNTER2 private_key=HUNTER2", "privateKey=*** private_key=***"),
        ("session_key=HUNTER2", "session_key=***"),
        ("passcode: HUNTER2", "passcode: ***"),
        ("PASSWORD_PROD=HUNTER2 SECRET_VALUE=HUNTER2", "PASSWORD_PROD=*** SECRET_VALUE=***"),
        ("token_v2=HUNTER2 db.password.value=HUNTER2", "token_v2=*** db.password.value=***"),
        ("api_keys=HUNTER2 passphrases: [\"HUNTER2\"]", "api_keys=*** passphrases: [\"***\"]"),
        ("failed to get token: HUNTER2: no", "failed to get token: ***: no"),
        ("DB_PASSWORD_PROD: HUNTER2", "DB_PASSWORD_PROD: ***"),
        ("client_secret_value: HUNTER2\ntoken_v2: HUNTER2", "client_secret_value: ***\ntoken_v2: ***"),
        ("{\"password.prod\": \"HUNTER2\"}", "{\"password.prod\": \"***\"}"),
        ("passwords: [HUNTER2]", "passwords: [***]"),
        ("passwords: [a, HUNTER2]", "passwords: [***]"),
        ("tokens=HUNTER2", "tokens=***"),
        ("password: |-\n  HUNTER2", "password: |-\n  ***"),
        ("a: b\n  secret: >2\n    HUNTER2 x\n\n    HUNTER2\n  c: d", "a: b\n  secret: >2\n    ***\n  c: d"),
        ("--password HUNTER2 is deprecated", "--password *** is deprecated"),
        ("--client-secret hunter2", "--client-secret ***"),
        ("exec plugin auth: HUNTER2: not found", "exec plugin auth: ***: not found"),
        // A message may be cut.
        ("{\"password\": \"HUNTER2 x", "{\"password\": \"***"),
    ] {
        assert_eq!(without_credentials(text), shown);
    }
}

#[test]
fn sentences_and_names_are_shown() {
    for text in [
        "password is wrong",
        "the password: invalid",
        "unauthorized: authentication required",
        "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        "failed to fetch oauth token: Get \"https://contoso.azurecr.io/oauth2/token\": EOF",
        "failed to fetch oauth token: unexpected status: 401 Unauthorized",
        "failed to get token: 401",
        "secret shop/acr-secret: absent",
        "secret \"acr-secret\" not found",
        "Error: secret \"acr-secret\": not found",
        "MountVolume.SetUp failed for volume \"token\" : secret \"db-token\" not found",
        "couldn't find key password in Secret shop/db",
        "failed to refresh token: oauth2: \"invalid_grant\"",
        "failed to get token: expected an empty error but received: AzureCLICredential: ERROR: AADSTS70043",
        "pull secret: acr-secret",
        "failed to fetch token: pods \"web\" not found",
        "failed to fetch token: serviceaccounts \"web\" is forbidden: User \"ann\"",
        "failed to get token: AADSTS50076: Due to a configuration change",
        "failed to fetch oauth token: AADSTS7000215: Invalid client secret provided",
        "failed to get token: DefaultAzureCredential: failed to acquire a token.",
        "Requesting bearer token: pinging container registry contoso.azurecr.io",
        "failed to get authorization token: operation error ECR: x",
        "failed to validate token: signature is invalid",
        "invalid token: token audiences [a]",
        "oauth2: cannot fetch token: unauthorized_client",
        "failed to login: unable to mkdir -p /run/containerd: permission denied",
        "had untolerated taint {auth: true}. preemption: 0/3 nodes",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value",
        "contoso.azurecr.io/shop/token:v1: not found",
        "localhost:5000/secret:v1",
        "no valid signature: policy",
        "bypass: x",
        "mkdir -p /var/lib/kubelet",
        "secrets \"acr-secret\" is forbidden: User \"ann\" cannot get resource",
        "oauth2: x",
        "the flag --password is deprecated",
        "use --token instead of --username",
        "use --client-secret to log in",
        "--token has been removed",
        "authentication token: has expired",
        "service account token: lookup failed",
        "exec plugin auth: kubelogin: not found",
        "Secret: Deprecated",
        "token.go:45: lookup of the endpoint",
        "secret.yaml: no such file",
        "--password-file=/etc/password --token-audience=api://x",
        "type=token_type, secret_name=acr-secret",
        "--src-creds is deprecated",
        "the tokens: all of them have expired",
        "secrets: acr-secret, other",
    ] {
        assert_eq!(without_credentials(text), text);
    }
}

proptest! {
    #[test]
    fn no_value_of_a_credential_is_shown(
        name in proptest::sample::select(vec![
            "password", "Password", "refresh_token", "identitytoken", "accessToken", "client_secret", "auth", "X-Registry-Auth",
            "REGISTRY_PASS", "AccountKey", "passwd", "pwd", "api-key", "secretKey", "private_key", "Art-Api", "sessionkey",
        ]),
        value in "[a-zA-Z0-9+/=:@&?#,.;%!~ж-]{0,6}HUNTER2[a-zA-Z0-9+/=:@&?#,.;%!~ж-]{0,6}",
        spaces in "[ \t\n]{0,2}",
        space in "[ ]{0,2}",
        begin in "[a-z:/ \"?&={,]{0,12}",
        end in "[a-z:/ \"?&=@},]{0,12}",
    ) {
        for text in [
            format!("{name}={value}"),
            format!("{name}{space}={spaces}{value}"),
            format!("{name}{space}:{spaces}{value}"),
            format!("\"{name}\"{space}:{spaces}\"{value} {value}\""),
            format!("'{name}'{space}:{spaces}'{value} {value}'"),
            format!("\\\"{name}\\\"{space}:{spaces}\\\"{value} {value}\\\""),
            format!("\\\\\\\"{name}\\\\\\\":{spaces}\\\\\\\"{value} \\\\\\\\\\\\\\\"{value}\\\\\\\""),
            format!("{name}{space}:{spaces}\"{value} {value}\""),
            format!("{name}=\"{value} {value}\""),
            format!("--{name} {spaces}{value}"),
            format!("--{name} {spaces}'{value} {value}'"),
            format!("%22{name}%22%3A%22{}%22", value.replace('%', "")),
            format!("{name}%3D{value}"),
            format!("Authorization:{spaces}Basic {spaces}{value}"),
            format!("\"Authorization\":{spaces}\"Bearer {value}\""),
            format!("map[Authorization:[Basic {value}]]"),
        ] {
            let shown = without_credentials(&format!("{begin} {text} {end}"));
            prop_assert!(!shown.contains("HUNTER2"), "{}: {}", text, shown);
        }
    }
}

proptest! {
    /// With words behind the name, and letters as JSON may have them.
    #[test]
    fn no_value_behind_a_longer_name_is_shown(
        name in proptest::sample::select(vec!["password", "Token", "SECRET", "client_secret", "db.passwd", "REGISTRY_PASS"]),
        words in "([_.-](prod|value|v2|[b-hj-m]{1,6}x)){1,3}",
        value in "[a-zA-Z0-9+/=:@&?#,.;%!~ж-]{0,6}HUNTER2[a-zA-Z0-9+/=:@&?#,.;%!~ж-]{0,6}",
        escaped in 0..4_usize,
    ) {
        let at = name.len() - 1 - escaped;
        let in_json: String = name
            .char_indices()
            .map(|(i, c)| if i == at { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() })
            .collect();
        for text in [
            format!("{name}{words}={value}"),
            format!("{name}{words} = '{value} {value}'"),
            format!("\"{name}{words}\": \"{value} {value}\""),
            format!("{{\"{in_json}\":\"{value} {value}\"}}"),
            format!("{name}: |-\n  {value}\n  {value} {value}\nend: x"),
            format!("--{name}-creds bob:{value}"),
        ] {
            let shown = without_credentials(&text);
            prop_assert!(!shown.contains("HUNTER2"), "{}: {}", text, shown);
        }
    }
}
