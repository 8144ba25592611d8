//! What `az` prints: a table of its commands that print a password. Errors never show a value of it.
//!
//! Azure/azure-cli: `src/azure-cli/azure/cli/command_modules/{acr,role}`.

mod error;
mod fields;
mod not_json;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::error::list;
pub use self::error::{AzureError, Choice};
use self::fields::Fields;
use super::az_commands::Commands;
use super::credential::{Account, Credential, NO_USER, is_guid, is_name};
use super::time::{End, Time};
use super::token;
use review::yaml;

/// What an output of `az` has for a pull secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its credential
    pub credential: Credential,
    /// The login server, where it is in the output
    pub server: Option<String>,
    /// The registry's name, where it is in the output
    pub registry: Option<String>,
}

/// What commands of `az` print.
struct Shape {
    commands: Commands,
    /// Whether an output is its
    fits: fn(&Fields<'_>) -> bool,
    /// Reads such an output, given the name of the password
    read: fn(&Fields<'_>, Option<&str>) -> Result<Output, AzureError>,
}

/// The commands that print a password. The first that fits is the one.
const SHAPES: [Shape; 7] = [
    Shape {
        commands: Commands(&["az acr login --expose-token"]),
        fits: |fields| fields.has(&["accessToken", "loginServer"]),
        read: access_token,
    },
    Shape {
        commands: Commands(&["az ad sp create-for-rbac --json-auth"]),
        fits: |fields| fields.has(&["clientId", "clientSecret"]),
        read: |fields, _| principal(fields, "clientId", "clientSecret"),
    },
    Shape {
        commands: Commands(&["az ad sp create-for-rbac"]),
        fits: |fields| fields.has(&["appId", "displayName", "password"]),
        read: |fields, _| principal(fields, "appId", "password"),
    },
    Shape {
        commands: Commands(&["az ad sp credential reset", "az ad app credential reset"]),
        fits: |fields| fields.has(&["appId", "password"]),
        read: |fields, _| principal(fields, "appId", "password"),
    },
    Shape {
        commands: Commands(&["az acr token create"]),
        fits: |fields| fields.has(&["credentials", "scopeMapId"]),
        read: token,
    },
    Shape {
        commands: Commands(&["az acr token credential generate"]),
        fits: |fields| {
            fields.has(&["passwords", "username"]) && fields.any_of("passwords", &["expiry", "creationTime"])
        },
        read: passwords,
    },
    Shape {
        commands: Commands(&["az acr credential show"]),
        fits: |fields| fields.has(&["passwords", "username"]),
        read: admin,
    },
];

/// What else `az` prints that looks like it: whether an output is that, what it is, and what to type.
type Lookalike = (fn(&Fields<'_>) -> bool, &'static str, &'static str);

const LOOKALIKES: [Lookalike; 4] = [
    (
        |fields| fields.has(&["accessToken"]) && (fields.has(&["tokenType"]) || fields.has(&["expiresOn"])),
        "az account get-access-token prints a token for Azure, which no registry accepts",
        "type `az acr login -n REGISTRY --expose-token`",
    ),
    (
        |fields| fields.has(&["appId", "fileWithCertAndPrivateKey"]),
        "this service principal has a certificate and no password, and the kubelet needs a password",
        "type `az ad sp credential reset --id APPID` without --create-cert",
    ),
    (
        |fields| fields.has(&["loginServer"]),
        "az acr show prints the login server and no password",
        "pass the login server with --server, and a password with --from-az or --password-stdin",
    ),
    (
        |fields| fields.has(&["keyId", "endDateTime"]),
        "az ad app credential list prints when passwords end and no password",
        "pass it with --expires-from, and the password with --from-az or --password-stdin",
    ),
];

/// The commands of `az` that [`read`] understands.
pub fn commands() -> impl Iterator<Item = &'static str> {
    SHAPES.iter().flat_map(|shape| shape.commands.0.iter().copied())
}

/// The commands of `az` of which one printed a text; `None` if they are not ones that print a password.
pub fn commands_of(text: &str) -> Option<Commands> {
    let value = fields::value(text).ok()?;
    let fields = Fields::new(Commands(&[]), &value)?;
    SHAPES.iter().find(|shape| (shape.fits)(&fields)).map(|shape| shape.commands)
}

/// Reads the JSON or YAML that a command of `az` printed; `password_name` picks one of two passwords.
///
/// # Errors
/// - another text, an output without a password, or one with two of which none is picked
pub fn read(text: &str, password_name: Option<&str>) -> Result<Output, AzureError> {
    let value = fields::value(text)?;
    let first = value.as_array().and_then(|all| all.first());
    let lookalike = |value: &Value| {
        let fields = Fields::new(Commands(&[]), value)?;
        let (_, what, help) = LOOKALIKES.iter().find(|(fits, ..)| fits(&fields))?;
        Some(AzureError::Lookalike { what, help })
    };
    let shape = SHAPES
        .iter()
        .find(|shape| Fields::new(shape.commands, &value).is_some_and(|fields| (shape.fits)(&fields)));
    if let Some(shape) = shape
        && let Some(fields) = Fields::new(shape.commands, &value)
        // An old az prints a null for the password beside the certificate.
        && !fields.has(&["fileWithCertAndPrivateKey"])
    {
        return (shape.read)(&fields, password_name);
    }
    Err(lookalike(first.unwrap_or(&value)).unwrap_or_else(|| AzureError::Unknown { known: list(commands()) }))
}

fn principal(fields: &Fields<'_>, id: &'static str, password: &'static str) -> Result<Output, AzureError> {
    let id = fields.text(id, "the GUID of an application", is_guid)?;
    let credential = Credential {
        username: id.clone(),
        password: fields.password(password)?,
        email: None,
        account: Account::Principal(id),
        end: End::Unknown,
        commands: Some(fields.commands),
    };
    Ok(Output { credential, server: None, registry: None })
}

fn access_token(fields: &Fields<'_>, _: Option<&str>) -> Result<Output, AzureError> {
    let server = fields.text("loginServer", "a login server", is_host)?;
    let password = fields.password("accessToken")?;
    let end = token::end(&password).map_or(End::Unknown, End::At);
    let username = NO_USER.to_owned();
    let commands = Some(fields.commands);
    let credential =
        Credential { username, password, email: None, account: Account::AccessToken, end, commands };
    Ok(Output { credential, server: Some(server), registry: None })
}

/// The registry is in the id of the token: `/subscriptions/…/registries/contoso/tokens/reader`.
fn token(fields: &Fields<'_>, name: Option<&str>) -> Result<Output, AzureError> {
    let credentials = fields.object("credentials")?;
    let id = fields.optional("id").unwrap_or_default();
    let mut parts = id.split('/').skip_while(|part| !part.eq_ignore_ascii_case("registries"));
    let registry = parts.nth(1).filter(|name| is_name(name)).map(str::to_owned);
    passwords_in(&credentials, registry, name)
}

fn passwords(fields: &Fields<'_>, name: Option<&str>) -> Result<Output, AzureError> {
    passwords_in(fields, None, name)
}

/// The passwords of a token of this registry.
fn passwords_in(
    fields: &Fields<'_>,
    registry: Option<String>,
    name: Option<&str>,
) -> Result<Output, AzureError> {
    let username = fields.text("username", "the name of a token", is_name)?;
    let account = Account::Token(username.clone());
    let (password, end) = pick(fields, name, &account, registry.as_deref())?;
    let credential =
        Credential { username, password, email: None, account, end, commands: Some(fields.commands) };
    Ok(Output { credential, server: None, registry })
}

fn admin(fields: &Fields<'_>, name: Option<&str>) -> Result<Output, AzureError> {
    let username = fields.text("username", "the name of a registry", is_name)?;
    let account = Account::Admin(username.clone());
    let registry = Some(username.clone());
    let (password, _) = pick(fields, name, &account, registry.as_deref())?;
    let commands = Some(fields.commands);
    let credential = Credential { username, password, email: None, account, end: End::Never, commands };
    Ok(Output { credential, server: None, registry })
}

/// The names of passwords.
pub const PASSWORD_NAMES: [&str; 3] = ["password", "password1", "password2"];

/// Picks one of the passwords of a token or of the admin user, with its end. A `null` in `expiry` says that it never ends.
fn pick(
    fields: &Fields<'_>,
    name: Option<&str>,
    account: &Account,
    registry: Option<&str>,
) -> Result<(String, End), AzureError> {
    let commands = fields.commands;
    let mut choices = Vec::new();
    for entry in fields.objects("passwords")? {
        // A password that was not generated just now has no value.
        if entry.optional("value").is_none_or(str::is_empty) {
            continue;
        }
        let called = entry.one_of("name", &PASSWORD_NAMES)?;
        let end = if entry.is_null("expiry") {
            End::Never
        } else {
            let time = entry.optional("expiry").and_then(Time::parse);
            let wanted = "a time in RFC 3339, or null";
            End::At(time.ok_or(entry.refuse("expiry", wanted))?)
        };
        choices.push((Choice { name: called, end }, entry.password("value")?));
    }
    let known = || choices.iter().map(|(choice, _)| *choice).collect();
    let picked = match (name, choices.as_slice()) {
        (_, []) => {
            let (account, registry) = (account.clone(), registry.map(str::to_owned));
            return Err(AzureError::NoPassword { commands, account, registry });
        }
        (None, [only]) => only,
        (None, _) => return Err(AzureError::Several { commands, choices: known() }),
        (Some(name), _) => choices
            .iter()
            .find(|(choice, _)| choice.name == name)
            .ok_or_else(|| AzureError::NoSuchPassword { commands, choices: known() })?,
    };
    let (choice, password) = picked.clone();
    Ok((password, choice.end))
}

fn is_host(text: &str) -> bool {
    text.contains('.') && text.split('.').all(is_name)
}
