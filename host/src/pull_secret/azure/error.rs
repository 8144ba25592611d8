//! Why an output of `az` gives no credential.

use std::fmt;

use serde_json::Value;

use super::super::az_commands::Commands;
use crate::pull_secret::credential::Account;
use crate::pull_secret::time::End;

/// One of several passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Its name
    pub name: &'static str,
    /// When it ends
    pub end: End,
}

/// What a password of an output has to be.
pub(super) const PASSWORD: &str = "a text with the password";

/// What a field of an output is instead of what it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// It does not exist
    Missing,
    /// `null`
    Null,
    /// A text without characters
    Empty,
    /// Another text, or a value of another type
    Other,
}

impl From<Option<&Value>> for Found {
    fn from(value: Option<&Value>) -> Self {
        match value {
            None => Self::Missing,
            Some(Value::Null) => Self::Null,
            Some(Value::String(text)) if text.is_empty() => Self::Empty,
            Some(_) => Self::Other,
        }
    }
}

/// The part of a sentence before what the field must be.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing but ",
            Self::Null => "is null but ",
            Self::Empty => "is empty but ",
            Self::Other => "",
        })
    }
}

/// Why an output of `az` gives no credential. No message shows a value of the output but the names of its token and registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AzureError {
    /// No output at all
    #[error("it is empty")]
    Empty,
    /// Not what `-o json` or `-o yaml` prints
    #[error("it is {what}")]
    Format {
        /// What it is instead
        what: &'static str,
        /// What to type
        help: &'static str,
    },
    /// An output of another command
    #[error("it is not the output of an az command that prints a password")]
    Unknown {
        /// The commands that print one
        known: String,
    },
    /// An output that looks like one with a password
    #[error("{what}")]
    Lookalike {
        /// What it is
        what: &'static str,
        /// What to type
        help: &'static str,
    },
    /// A field that is missing or has another type
    #[error("in the output of {commands}, {field} {found}must be {wanted}")]
    Type {
        /// The commands
        commands: Commands,
        /// The field
        field: &'static str,
        /// What it is instead
        found: Found,
        /// What it has to be
        wanted: &'static str,
    },
    /// Passwords without values
    #[error("the output of {commands} has no password")]
    NoPassword {
        /// The commands
        commands: Commands,
        /// Whose passwords these are
        account: Account,
        /// The name of the registry, where the output has it
        registry: Option<String>,
    },
    /// Two passwords, of which none is picked
    #[error("the output of {commands} has {} passwords", .choices.len())]
    Several {
        /// The commands
        commands: Commands,
        /// The passwords
        choices: Vec<Choice>,
    },
    /// The picked password is missing
    #[error("the output of {commands} has no password of this name")]
    NoSuchPassword {
        /// The commands
        commands: Commands,
        /// The passwords that it has
        choices: Vec<Choice>,
    },
}

impl AzureError {
    /// What to type.
    pub fn help(&self) -> String {
        match self {
            Self::Empty => "see whether the az command before the pipe failed".to_owned(),
            Self::Format { help, .. } | Self::Lookalike { help, .. } => (*help).to_owned(),
            Self::Unknown { known } => format!("pass the output of {known}"),
            Self::Type {
                commands,
                found: Found::Null | Found::Empty | Found::Missing,
                wanted: PASSWORD,
                ..
            } if commands.make_password() => {
                format!("az prints a password only when it makes one: run {commands} again, without --query")
            }
            Self::Type { commands, .. } => {
                format!("pass the whole output of {commands}, without --query")
            }
            Self::NoPassword { account: Account::Admin(registry), .. } => format!(
                "make a new one: type `az acr credential renew -n {registry} --password-name password`, and pass what it prints"
            ),
            Self::NoPassword { account, registry, .. } => {
                let token = if let Account::Token(name) = account { name } else { "TOKEN" };
                let registry = registry.as_deref().unwrap_or("REGISTRY");
                format!(
                    "az prints a password only when it makes one: type `az acr token credential generate -n {token} -r {registry}`"
                )
            }
            Self::Several { choices, .. } | Self::NoSuchPassword { choices, .. } => {
                format!("pick one with --password-name: {}", list(choices.iter().map(told)))
            }
        }
    }
}

fn told(choice: &Choice) -> String {
    let Choice { name, end } = choice;
    match end {
        End::At(time) => format!("{name} (ends at {time})"),
        End::Never => format!("{name} (never ends)"),
        End::Unknown => (*name).to_owned(),
    }
}

pub(super) fn list(all: impl IntoIterator<Item = impl Into<String>>) -> String {
    let all: Vec<String> = all.into_iter().map(Into::into).collect();
    match all.as_slice() {
        [most @ .., before, last] if !most.is_empty() => format!("{}, {before} or {last}", most.join(", ")),
        [one, other] => format!("{one} or {other}"),
        _ => all.concat(),
    }
}
