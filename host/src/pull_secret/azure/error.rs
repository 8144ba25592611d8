//! Why an output of `az` gives no credential.

use super::Commands;
use crate::pull_secret::time::End;

/// One of several passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Its name
    pub name: &'static str,
    /// When it ends
    pub end: End,
}

/// Why an output of `az` gives no credential. No message shows a value of the output.
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
    #[error("in the output of {commands}, {field} must be {wanted}")]
    Type {
        /// The commands
        commands: Commands,
        /// The field
        field: &'static str,
        /// What it has to be
        wanted: &'static str,
    },
    /// Passwords without values
    #[error("the output of {commands} has no password")]
    NoPassword {
        /// The commands
        commands: Commands,
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
            Self::Type { commands, .. } => {
                format!("pass the whole output of {commands}, without --query")
            }
            Self::NoPassword { .. } => {
                "az shows a password only when it makes it: type `az acr token credential generate -n TOKEN -r REGISTRY`"
                    .to_owned()
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
