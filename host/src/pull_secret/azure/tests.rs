mod properties;

use super::{AzureError, commands, read};
use crate::pull_secret::credential::{Account, NO_USER};
use crate::pull_secret::time::{End, Time};

use serde_json::{Value, json};

const ID: &str = "11111111-2222-3333-4444-555555555555";
const TENANT: &str = "99999999-8888-7777-6666-555555555555";

fn at(time: &str) -> End {
    End::At(Time::parse(time).expect("a time"))
}

fn two(first: &Value, second: &Value) -> Value {
    json!([
        {"creationTime": "2026-01-31T12:00:00.5+00:00", "expiry": first, "name": "password1", "value": "hunter2+one"},
        {"creationTime": "2026-01-31T12:00:00.5+00:00", "expiry": second, "name": "password2", "value": "hunter2+two"}
    ])
}

/// A made-up output of each command, the name of the password, and what is read: user, password, account, end, server, registry.
type Row = (
    &'static str,
    Value,
    Option<&'static str>,
    (&'static str, &'static str, Account, End),
    Option<&'static str>,
    Option<&'static str>,
);

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    let principal = || Account::Principal(ID.to_owned());
    let reader = || Account::Token("reader".to_owned());
    let token = json!({
        "creationDate": "2026-01-31T12:00:00+00:00",
        "credentials": {"certificates": [], "passwords": two(&json!("2027-01-31T12:00:00.25+00:00"), &Value::Null), "username": "reader"},
        "id": "/subscriptions/99999999-8888-7777-6666-555555555555/resourceGroups/shop/providers/Microsoft.ContainerRegistry/registries/contoso/tokens/reader",
        "name": "reader", "provisioningState": "Succeeded", "resourceGroup": "shop",
        "scopeMapId": "/subscriptions/…/scopeMaps/_repositories_pull", "status": "enabled",
        "type": "Microsoft.ContainerRegistry/registries/tokens"
    });
    let generated =
        |passwords: Value| json!({"certificates": [], "passwords": passwords, "username": "reader"});
    let one = json!([
        {"creationTime": "2026-01-31T12:00:00+00:00", "expiry": "2027-01-31T12:00:00+00:00", "name": "password1", "value": "hunter2+one"},
        {"creationTime": "2025-01-31T12:00:00+00:00", "expiry": null, "name": "password2", "value": null}
    ]);
    let admin = json!({"passwords": [{"name": "password", "value": "hunter2/one"}, {"name": "password2", "value": "hunter2/two"}], "username": "contoso"});
    let access = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjE4MDE0ODMyMDB9.aHVudGVyMg";
    let ends = || at("2027-02-01T12:00:00Z");
    vec![
        (
            "az ad sp create-for-rbac",
            json!({"appId": ID, "displayName": "puller", "password": "Abc8Q~hunter2", "tenant": TENANT}),
            None,
            (ID, "Abc8Q~hunter2", principal(), End::Unknown),
            None,
            None,
        ),
        (
            "az ad sp create-for-rbac --json-auth",
            json!({
                "clientId": ID, "clientSecret": "Abc8Q~hunter2", "subscriptionId": TENANT, "tenantId": TENANT,
                "activeDirectoryEndpointUrl": "https://login.microsoftonline.com",
                "resourceManagerEndpointUrl": "https://management.azure.com/"
            }),
            None,
            (ID, "Abc8Q~hunter2", principal(), End::Unknown),
            None,
            None,
        ),
        (
            "az ad sp credential reset or az ad app credential reset",
            json!({"appId": ID, "password": "Abc8Q~hunter2", "tenant": TENANT}),
            None,
            (ID, "Abc8Q~hunter2", principal(), End::Unknown),
            None,
            None,
        ),
        (
            "az ad sp credential reset or az ad app credential reset",
            json!({"appId": ID, "name": ID, "password": "Abc8Q~hunter2", "tenant": TENANT}),
            None,
            (ID, "Abc8Q~hunter2", principal(), End::Unknown),
            None,
            None,
        ),
        (
            "az acr token create",
            token.clone(),
            Some("password1"),
            ("reader", "hunter2+one", reader(), at("2027-01-31T12:00:00Z")),
            None,
            Some("contoso"),
        ),
        (
            "az acr token create",
            token,
            Some("password2"),
            ("reader", "hunter2+two", reader(), End::Never),
            None,
            Some("contoso"),
        ),
        (
            "az acr token credential generate",
            generated(one),
            None,
            ("reader", "hunter2+one", reader(), at("2027-01-31T12:00:00Z")),
            None,
            None,
        ),
        (
            "az acr token credential generate",
            generated(two(&Value::Null, &json!("2027-01-31T12:00:00Z"))),
            Some("password2"),
            ("reader", "hunter2+two", reader(), at("2027-01-31T12:00:00Z")),
            None,
            None,
        ),
        (
            "az acr credential show",
            admin,
            Some("password"),
            ("contoso", "hunter2/one", Account::Admin("contoso".to_owned()), End::Never),
            None,
            Some("contoso"),
        ),
        (
            "az acr login --expose-token",
            json!({"accessToken": access, "loginServer": "contoso.azurecr.io"}),
            None,
            (NO_USER, access, Account::AccessToken, ends()),
            Some("contoso.azurecr.io"),
            None,
        ),
        (
            "az acr login --expose-token",
            json!({"accessToken": access, "loginServer": "contoso.azurecr.io", "refreshToken": "x", "username": NO_USER}),
            None,
            (NO_USER, access, Account::AccessToken, ends()),
            Some("contoso.azurecr.io"),
            None,
        ),
    ]
}

/// YAML as az writes it.
fn yaml(value: &Value) -> String {
    serde_saphyr::to_string(value).expect("YAML")
}

#[test]
fn every_command_that_prints_a_password_is_understood() {
    let mut known: Vec<&str> = Vec::new();
    for (command, output, name, (user, password, account, end), server, registry) in rows() {
        for text in [output.to_string(), format!("{output:#}\n"), yaml(&output)] {
            let read = read(&text, name).unwrap_or_else(|error| panic!("{command}: {error}"));
            let credential = &read.credential;
            assert_eq!(
                (credential.username.as_str(), credential.password.as_str()),
                (user, password),
                "{text}"
            );
            assert_eq!(
                (
                    &credential.account,
                    credential.end,
                    credential.commands.map(|commands| commands.to_string())
                ),
                (&account, end, Some(command.to_owned()))
            );
            known.extend(credential.commands.iter().flat_map(|commands| commands.0));
            assert_eq!((read.server.as_deref(), read.registry.as_deref()), (server, registry), "{text}");
        }
    }
    for command in commands() {
        assert!(known.contains(&command), "{command} has no row");
    }
}

#[test]
fn one_of_two_passwords_has_to_be_picked() {
    let output = |first: Value, second: Value| {
        json!({"passwords": two(&first, &second), "username": "reader"}).to_string()
    };
    let both = output(json!("2027-01-31T12:00:00Z"), Value::Null);
    let error = read(&both, None).expect_err("no name");
    assert_eq!(error.to_string(), "the output of az acr token credential generate has 2 passwords");
    let help =
        "pick one with --password-name: password1 (ends at 2027-01-31T12:00:00Z) or password2 (never ends)";
    assert_eq!(error.help(), help);
    let error = read(&both, Some("password")).expect_err("another name");
    assert_eq!((error.to_string().contains("no password of this name"), error.help().as_str()), (true, help));
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn another_output_is_refused_with_what_is_expected() {
    let other = "not the output of an az command that prints a password";
    for (text, message, help) in [
        ("", "it is empty", "see whether the az command"),
        ("  \n", "it is empty", "see whether the az command"),
        (r#""Abc8Q~hunter2""#, "one value", "leave out --query"),
        ("Abc8Q~hunter2\n", "one value", "leave out --query"),
        ("11111111\tpuller\tAbc8Q~hunter2\t99999999\n", "-o tsv", "leave out -o"),
        (
            "AppId     DisplayName  Password\n--------  -----------  --------\n1         puller       hunter2\n",
            "-o table",
            "leave out -o",
        ),
        (
            "WARNING: The output includes credentials\n{\n  \"appId\": \"1\"\n}",
            "mixed with the messages of az",
            "leave out 2>&1",
        ),
        (r#"{"appId": "11111111", "password": "hunt"#, "not complete JSON", "pass the whole output"),
        ("{}", other, "az ad sp create-for-rbac"),
        ("[]", other, "az acr token create"),
        (r#"{"appId": "1", "displayName": "puller"}"#, other, "az ad sp credential reset"),
        (r#"{"auths": {}}"#, other, "az acr credential show"),
        (
            r#"{"appId": "1", "displayName": "x", "fileWithCertAndPrivateKey": "/home/me/x.pem", "password": null, "tenant": "2"}"#,
            "has a certificate and no password",
            "without --create-cert",
        ),
        (
            r#"{"appId": "1", "fileWithCertAndPrivateKey": "/home/me/x.pem"}"#,
            "has a certificate",
            "without --create-cert",
        ),
        (
            r#"{"accessToken": "hunter2", "expiresOn": "2026-01-31", "tokenType": "Bearer"}"#,
            "az account get-access-token prints a token for Azure",
            "az acr login",
        ),
        (r#"{"loginServer": "contoso.azurecr.io", "name": "contoso"}"#, "az acr show prints", "--server"),
        (
            r#"[{"keyId": "1", "endDateTime": "2027-01-31T12:00:00Z"}]"#,
            "az ad app credential list prints",
            "--expires-from",
        ),
        (
            r#"{"appId": "hunter2", "password": "hunter2"}"#,
            "appId must be the GUID of an application",
            "without --query",
        ),
        (
            r#"{"appId": "11111111-2222-3333-4444-555555555555", "password": ["hunter2"]}"#,
            "password must be a text with the password",
            "without --query",
        ),
        (
            r#"{"appId": "11111111-2222-3333-4444-555555555555", "password": null}"#,
            "password is null but must be a text with the password",
            "az prints a password only when it makes one: run az ad sp credential reset or",
        ),
        (
            r#"{"appId": "11111111-2222-3333-4444-555555555555", "password": ""}"#,
            "password is empty but must be a text with the password",
            "run az ad sp credential reset",
        ),
        (
            r#"{"accessToken": null, "loginServer": "contoso.azurecr.io"}"#,
            "accessToken is null but must be a text with the password",
            "pass the whole output of az acr login --expose-token, without --query",
        ),
        (r#"{"username": "reader"}"#, "not the output of an az command", "pass the output of"),
        (
            r#"{"username": null, "passwords": [{"name": "password", "value": "hunter2"}]}"#,
            "username is null but must be the name of a registry",
            "without --query",
        ),
        (
            r#"{"username": "contoso", "passwords": [{"name": "password", "value": null}]}"#,
            "az acr credential show has no password",
            "az acr credential renew -n contoso --password-name password",
        ),
        (
            r#"{"scopeMapId": "x", "id": "/registries/contoso/tokens/reader", "credentials": {"username": "reader", "passwords": []}}"#,
            "az acr token create has no password",
            "az acr token credential generate -n reader -r contoso",
        ),
        (
            r#"{"username": "hunter2:x", "passwords": [{"name": "password", "value": "hunter2"}]}"#,
            "username must be",
            "",
        ),
        (r#"{"username": "reader", "passwords": "hunter2"}"#, "passwords must be a list of objects", ""),
        (
            r#"{"username": "reader", "passwords": [{"name": "hunter2", "value": "hunter2", "expiry": null}]}"#,
            "name must be the name of a password",
            "",
        ),
        (
            r#"{"username": "reader", "passwords": [{"name": "password1", "value": "hunter2", "expiry": "soon"}]}"#,
            "expiry must be a time",
            "",
        ),
        (
            r#"{"username": "reader", "passwords": [{"name": "password1", "value": null, "expiry": null}]}"#,
            "az acr token credential generate has no password",
            "az prints a password only when it makes one: type `az acr token credential generate -n reader -r REGISTRY`",
        ),
        (
            r#"{"accessToken": "hunter2", "loginServer": "::error::x"}"#,
            "loginServer must be a login server",
            "",
        ),
    ] {
        let error = read(text, None).expect_err(text);
        let said = format!("{error} {}", error.help());
        assert!(error.to_string().contains(message) && error.help().contains(help), "{text}: {said}");
        assert!(
            !said.contains("hunt") && !error.to_string().contains(';') && error.to_string().len() < 256,
            "{said}"
        );
    }
}

#[test]
fn the_list_of_what_is_understood_is_a_sentence() {
    let help = AzureError::Unknown { known: super::list(commands()) }.help();
    assert!(help.starts_with("pass the output of az acr login --expose-token, "), "{help}");
    assert!(help.ends_with(" or az acr credential show"), "{help}");
}
