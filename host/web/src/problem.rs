//! What is wrong with a tab of the page.

use review::diagnostic::Diagnostic;
use review::yaml::{Note, SyntaxError};
use serde::Serialize;

/// Why a tab cannot be used, or what in it was read otherwise than its author may think.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Problem {
    tab: &'static str,
    /// Line, from 1
    line: usize,
    /// Column in characters, from 1
    column: usize,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    help: String,
}

impl Problem {
    pub(crate) fn at(tab: &'static str, line: usize, column: usize, message: String) -> Self {
        Self { tab, line, column, message, help: String::new() }
    }

    /// The same with what to do about it.
    pub(crate) fn with_help(self, help: String) -> Self {
        Self { help, ..self }
    }

    pub(crate) fn of(tab: &'static str, diagnostic: Diagnostic) -> Self {
        let place = diagnostic.spot.map_or((1, 1), |spot| (spot.line, spot.column.unwrap_or(1)));
        Self::at(tab, place.0, place.1, diagnostic.message).with_help(diagnostic.help.unwrap_or_default())
    }

    pub(crate) fn syntax(tab: &'static str, error: &SyntaxError) -> Self {
        Self::at(tab, error.line, error.column, error.message.clone())
            .with_help(error.help.clone().unwrap_or_default())
    }

    pub(crate) fn note(tab: &'static str, note: Note) -> Self {
        Self::at(tab, note.line, note.column, note.message)
    }
}
