//! Problems that a policy reports in its settings, with their locations.

use std::iter;

use serde::Deserialize;

use super::SettingsSource;
use crate::diagnostic::{Diagnostic, Diagnostics, Spot};
use crate::yaml::{self, Place};

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem {
    /// The field, as people write it
    #[serde(default)]
    path: String,
    /// JSON pointer of the field, or of where it is missing
    #[serde(default)]
    pointer: String,
    /// Whether there must be no such field
    #[serde(default)]
    unknown_field: bool,
    message: String,
    #[serde(default)]
    help: String,
}

impl Problem {
    fn sentence(&self) -> String {
        let colon = if self.path.is_empty() { "" } else { ": " };
        format!("the settings are not valid: {}{colon}{}", self.path, self.message)
    }
}

/// The problems in the order of the text that the settings come from, each with its location in it.
pub(super) fn located(problems: &[Problem], source: Option<&SettingsSource>) -> Diagnostics {
    // All at once, because each search reads the document again.
    let places = source.map(|source| {
        let pointers: Vec<String> =
            problems.iter().map(|problem| format!("{}{}", source.prefix, problem.pointer)).collect();
        let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
        yaml::nearest(&source.text, source.document, &pointers)
    });
    let places = places.unwrap_or_default().into_iter().chain(iter::repeat(None));
    let mut all: Vec<Diagnostic> =
        problems.iter().zip(places).map(|(problem, place)| diagnostic(problem, place, source)).collect();
    all.sort_by_key(|problem| problem.spot.as_ref().map(|spot| (spot.line, spot.column)));
    Diagnostics(all)
}

fn diagnostic(problem: &Problem, place: Option<Place>, source: Option<&SettingsSource>) -> Diagnostic {
    let spot = place.zip(source).map(|(place, source)| {
        let place = if problem.unknown_field { place.of_name(&source.text) } else { place };
        Spot::of_key(&source.name, &source.text, &place)
    });
    Diagnostic { spot, ..Diagnostic::error(problem.sentence()).with_help(&problem.help) }
}
