//! The settings as the page has them: YAML, or a Kubewarden policy whose spec holds them.

use std::sync::Arc;

use review::diagnostic::Diagnostics;
use review::host_calls::HostCalls;
use review::settings::{self, Selection, Settings, SettingsError};
use review::source_file::SourceFile;
use review::yaml;

use crate::core_engine::CoreEngine;
use crate::problem::Problem;

const TAB: &str = "settings";

/// Reads the settings, and asks the policy whether it takes them. An empty text means the defaults.
pub(crate) fn read(
    text: &str,
    namespace: &str,
    host: Arc<dyn HostCalls>,
    notes: &mut Vec<Problem>,
) -> Result<Settings, Vec<Problem>> {
    let is_empty = matches!(yaml::documents(text), (documents, None) if documents.is_empty());
    let settings = if is_empty {
        Settings::default()
    } else {
        let file = SourceFile { name: TAB.to_owned(), text: text.to_owned() };
        let (settings, odd) = settings::read(file, &Selection::Whole, namespace).map_err(problems)?;
        notes.extend(odd.into_iter().map(|note| Problem::of(TAB, note.diagnostic)));
        settings
    };
    match settings.validate(&CoreEngine::default(), host) {
        Ok(()) => Ok(settings),
        Err(SettingsError::Refused(refused)) => Err(problems(refused)),
        Err(SettingsError::Policy(error)) => Err(vec![Problem::at(TAB, 1, 1, error.to_string())]),
        Err(SettingsError::Answer(error)) => Err(vec![Problem::at(TAB, 1, 1, error.to_string())]),
    }
}

fn problems(Diagnostics(all): Diagnostics) -> Vec<Problem> {
    all.into_iter().map(|problem| Problem::of(TAB, problem)).collect()
}
