//! Errors of the command line. What was typed can be names of files, which a shell puts in the place of `*`.

use clap::error::{ContextKind, ContextValue};
use review::foreign_text::plain;

/// The error as it may be shown: nothing that was typed moves a cursor or commands a CI system.
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
