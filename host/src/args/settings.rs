//! The settings that the command line names.

use std::path::Path;

use anyhow::{Error, Result};
use review::diagnostic::{Diagnostic, Diagnostics};
use review::settings::{Selection, Settings, SettingsError, read};
use review::source_file::SourceFile;
use serde::de::IgnoredAny;

use crate::args::PolicyArgs;
use crate::console::Io;
use crate::files::input;

/// Reads the settings that the command line names, if it names any. Fields of a policy resource that have no effect here are
/// reported on `io.stderr`.
///
/// # Errors
/// - a file that cannot be read or parsed, or that has no object, as an empty one, or too many
/// - a policy resource that Kubernetes would refuse
pub fn load(args: &PolicyArgs, io: &mut Io) -> Result<Option<Settings>> {
    let (file, part) = match (&args.settings, &args.settings_json) {
        (_, Some(json)) => (given_as_json(json)?, Selection::Whole),
        (Some(path), None) => {
            let (path, part) = part_of(path);
            (input::read(Path::new(path), &mut io.stdin)?, part)
        }
        (None, None) => {
            return Ok(None);
        }
    };
    let (settings, notes) = read(file, &part, &args.namespace)?;
    for note in notes {
        io.stderr.diagnostic(&note.diagnostic);
    }
    Ok(Some(settings))
}

/// The value of `--settings-json`.
///
/// # Errors
/// - it is not JSON: `{mode:validate}` would be YAML with one key
pub(crate) fn given_as_json(text: &str) -> Result<SourceFile, Diagnostics> {
    // An empty text has a message of its own.
    if let Some(error) = serde_json::from_str::<IgnoredAny>(text).err().filter(|_| !text.trim().is_empty()) {
        let error = Diagnostic::error(format!("the value of --settings-json is not JSON: {error}"));
        let help = r#"quote keys and texts, such as --settings-json '{"mode": "validate"}'"#;
        return Err(Diagnostics(vec![error.with_help(help)]));
    }
    Ok(SourceFile { name: "--settings-json".to_owned(), text: text.to_owned() })
}

/// The file in `policy.yaml#2`.
pub(crate) fn file_of(path: &str) -> &str {
    part_of(path).0
}

/// Splits `policy.yaml#2`, or `config.yaml#/settings`. An existing file with such a name takes precedence.
pub(crate) fn part_of(path: &str) -> (&str, Selection) {
    let part = path.rsplit_once('#').filter(|(file, _)| !file.is_empty() && !Path::new(path).exists());
    match part {
        Some((file, pointer)) if pointer.starts_with('/') => (file, Selection::Pointer(pointer.to_owned())),
        Some((file, number)) => match number.parse() {
            Ok(number) => (file, Selection::Document(number)),
            Err(_) => (path, Selection::Whole),
        },
        None => (path, Selection::Whole),
    }
}

/// The same as an error of a command, which shows every problem with its location.
pub(crate) fn refused(error: SettingsError) -> Error {
    match error {
        SettingsError::Refused(problems) => problems.into(),
        other => other.into(),
    }
}
