//! Errors of the command line. The arguments can be names of files, which a shell substitutes for `*`.

use clap::error::{ContextKind, ContextValue};
use review::foreign_text::plain;

/// The error, safe to show: no argument in it can move a cursor or be a command to a CI system.
pub fn shown(mut error: clap::Error) -> clap::Error {
    let one = |text: String| plain(&text).into_owned();
    let contexts: Vec<(ContextKind, ContextValue)> =
        error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in contexts {
        let value = match value {
            ContextValue::String(text) => ContextValue::String(one(text)),
            ContextValue::Strings(texts) => ContextValue::Strings(texts.into_iter().map(one).collect()),
            // A tip repeats what was typed.
            ContextValue::StyledStrs(tips) => {
                let is_plain = |tip: &clap::builder::StyledStr| plain(&tip.to_string()) == tip.to_string();
                ContextValue::StyledStrs(tips.into_iter().filter(is_plain).collect())
            }
            other => other,
        };
        error.insert(kind, value);
    }
    error
}
