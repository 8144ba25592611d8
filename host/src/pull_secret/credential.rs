//! A user name and a password, and what is known about them.

use std::fmt;

use super::Login;
use super::az_commands::Commands;
use super::docker_config::host;
use super::time::{End, Time};
use super::token;
use crate::registry::acr_name;
use review::user_info::without_user_info;

/// A user name and a password, and what is known about them. Its `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// User name
    pub username: String,
    /// Password or token
    pub password: String,
    /// E-mail address, which registries ignore
    pub email: Option<String>,
    /// Whose it is
    pub account: Account,
    /// When the password ends
    pub end: End,
    /// The commands of `az` of which one printed it
    pub commands: Option<Commands>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, end, commands, .. } = self;
        f.debug_struct("Credential")
            .field("account", account)
            .field("end", end)
            .field("commands", commands)
            .finish_non_exhaustive()
    }
}

/// Whose credential it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// A service principal, by its application id
    Principal(String),
    /// A repository-scoped token of a registry, by its name
    Token(String),
    /// The admin user of a registry, by its name
    Admin(String),
    /// What `az acr login` gets
    AccessToken,
    /// A user of a registry that is not Azure's
    Other,
}

/// The user name that goes with what `az acr login` gets.
pub const NO_USER: &str = "00000000-0000-0000-0000-000000000000";

/// Whether a text is a GUID.
pub fn is_guid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

impl Account {
    /// Whose user name it is at a server.
    pub fn of(username: &str, server: &str) -> Self {
        let host = host(server);
        if !host.contains(".azurecr.") {
            Self::Other
        } else if username == NO_USER {
            Self::AccessToken
        } else if is_guid(username) {
            Self::Principal(username.to_owned())
        } else if host.strip_prefix(username).is_some_and(|rest| rest.starts_with(['.', '-'])) {
            Self::Admin(username.to_owned())
        } else if is_name(username) {
            Self::Token(username.to_owned())
        } else {
            Self::Other
        }
    }

    /// What replaces the credential before it ends; `None` where that is not known.
    pub fn renewal(&self, server: &str) -> Option<String> {
        let registry = registry_of(server).unwrap_or("REGISTRY");
        match self {
            Self::Principal(id) => {
                Some(format!("replace it with az ad app credential reset --id {id} --append"))
            }
            Self::Token(name) => {
                Some(format!("replace it with az acr token credential generate -n {name} -r {registry}"))
            }
            Self::AccessToken => {
                Some("make the secret from a service principal or a repository-scoped token".to_owned())
            }
            Self::Admin(_) | Self::Other => None,
        }
    }

    /// The same without a name that its owner has chosen.
    fn unnamed(self) -> Self {
        match self {
            Self::Token(_) | Self::Admin(_) => Self::Other,
            other => other,
        }
    }
}

/// The name of the registry that has this login server.
fn registry_of(server: &str) -> Option<&str> {
    acr_name(host(server)).filter(|name| is_name(name))
}

/// Names of registries, and of tokens and users of them, have letters, digits and hyphens. So they can be shown in a command.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal(id) => write!(f, "the password of service principal {id}"),
            Self::Token(name) => write!(f, "the password of token {name}"),
            Self::Admin(name) => write!(f, "the password of admin user {name}"),
            Self::AccessToken => f.write_str("the access token"),
            Self::Other => f.write_str("the password"),
        }
    }
}

impl Credential {
    /// A credential for a server, of which no more is known than what it says itself.
    pub fn new(username: String, password: String, email: Option<String>, server: &str) -> Self {
        let account = Account::of(&username, server);
        let end = match (token::end(&password), &account) {
            (Some(time), _) => End::At(time),
            (None, Account::Admin(_)) => End::Never,
            (None, _) => End::Unknown,
        };
        Self { username, password, email, account, end, commands: None }
    }

    /// The credential of an entry in a docker config. Notes do not show its user name, because nothing else that the entry
    /// holds is shown.
    pub fn of_entry(login: Login) -> Self {
        let Login { server, username, password, email } = login;
        let credential = Self::new(username, password, email, &server);
        Self { account: credential.account.unnamed(), ..credential }
    }

    /// The login to a server with it.
    pub fn login(&self, server: &str) -> Login {
        let Self { username, password, email, .. } = self.clone();
        Login { server: server.to_owned(), username, password, email }
    }

    /// One sentence about what it is for which servers, when it ends, and how to ask for an end that is unknown.
    pub fn note(&self, servers: &[String], now: Time) -> String {
        let account = &self.account;
        let registry = servers.first().and_then(|server| registry_of(server));
        let is_azure = servers.iter().any(|server| host(server).contains(".azurecr."));
        let servers: Vec<_> = servers.iter().map(|server| without_user_info(server)).collect();
        let what = match self.commands {
            Some(commands) => format!("{commands}: {account} for {}", servers.join(", ")),
            None => format!("{account} for {}", servers.join(", ")),
        };
        match (self.end, account) {
            (End::At(time), _) if time <= now => format!("{what} ended at {time}"),
            (End::At(time), _) => format!("{what} ends at {time}"),
            (End::Never, _) => format!("{what} never ends"),
            (End::Unknown, Account::Principal(id)) => format!(
                "{what} ends at an unknown time, so no check can warn of it: add --expires 1y, or --expires-from FILE with what `az ad app \
                 credential list --id {id}` prints"
            ),
            (End::Unknown, Account::Token(name)) => {
                let registry = registry.unwrap_or("REGISTRY");
                format!(
                    "{what} ends at an unknown time, so no check can warn of it: add --expires with what `az acr token show -n {name} -r \
                     {registry}` says"
                )
            }
            (End::Unknown, Account::AccessToken) => format!(
                "{what} ends at an unknown time, so no check can warn of it: add --expires with the time when az made it plus three hours"
            ),
            (End::Unknown, _) if !is_azure => {
                format!(
                    "{what} ends at an unknown time, so no check can warn of it: add --expires WHEN, or --expires never"
                )
            }
            (End::Unknown, _) => {
                format!(
                    "{what} ends at an unknown time, so no check can warn of it: add --expires WHEN, as `az ad app credential list \
                     --id APPID` or `az acr token show -n TOKEN -r REGISTRY` says"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Account, NO_USER};

    #[test]
    fn a_user_name_says_whose_it_is() {
        const ID: &str = "11111111-2222-3333-4444-555555555555";
        let token = |name: &str| Account::Token(name.to_owned());
        let admin = Account::Admin("contoso".to_owned());
        for (username, server, account) in [
            (ID, "contoso.azurecr.io", Account::Principal(ID.to_owned())),
            (NO_USER, "contoso.azurecr.io", Account::AccessToken),
            ("contoso", "contoso.azurecr.io", admin.clone()),
            ("contoso", "https://contoso.azurecr.io/", admin.clone()),
            ("contoso", "contoso-e7ggejfuhzhgedc8.azurecr.io", admin),
            ("reader", "contoso.azurecr.io", token("reader")),
            ("reader", "contoso.azurecr.cn", token("reader")),
            ("con", "contoso.azurecr.io", token("con")),
            (
                "11111111-2222-3333-4444-55555555555g",
                "contoso.azurecr.io",
                token("11111111-2222-3333-4444-55555555555g"),
            ),
            ("reader; reboot", "contoso.azurecr.io", Account::Other),
            ("octocat", "ghcr.io", Account::Other),
        ] {
            assert_eq!(Account::of(username, server), account, "{username} at {server}");
        }
    }
}
