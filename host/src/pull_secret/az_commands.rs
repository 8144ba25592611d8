//! Calls of `az`.

use std::fmt;

/// Commands of `az` that print the same fields, as they are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commands(pub(super) &'static [&'static str]);

impl Commands {
    /// Whether az makes the password when it prints it, so that it is never printed again.
    pub(super) fn make_password(self) -> bool {
        !self
            .0
            .iter()
            .any(|command| ["az acr login --expose-token", "az acr credential show"].contains(command))
    }
}

impl fmt::Display for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" or "))
    }
}
