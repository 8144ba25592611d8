//! The settings that the command line names.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Error, Result};
use review::diagnostic::{Diagnostic, Diagnostics};
use review::list::some_of;
use review::manifest::{Manifest, manifests};
use review::policy_resource::PolicyResource;
use review::settings::{Selection, Settings, SettingsError, SettingsNote, read};
use review::source_file::{STDIN, SourceFile};
use serde::de::IgnoredAny;

use crate::args::PolicyArgs;
use crate::console::Io;
use crate::files::input;
use crate::text::counted;

/// More documents than these are not listed.
const LISTED: usize = 10;

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
    let (settings, notes) = read_part(file, &part, &args.namespace)?;
    for note in notes {
        io.stderr.diagnostic(&note.diagnostic);
    }
    Ok(Some(settings))
}

/// Reads settings of a file, which may have other documents too.
///
/// # Errors
/// - those of [`read`], where only documents are named that can be settings
pub(crate) fn read_part(
    file: SourceFile,
    part: &Selection,
    namespace: &str,
) -> Result<(Settings, Vec<SettingsNote>), Diagnostics> {
    refuse_objects(&file, part)?;
    read(file, part, namespace)
}

/// Refuses a file with Kubernetes objects among which none is a policy resource, as manifests to check have them.
fn refuse_objects(file: &SourceFile, part: &Selection) -> Result<(), Diagnostics> {
    let name = &file.name;
    let refuse =
        |message: String, help: String| Err(Diagnostics(vec![Diagnostic::error(message).with_help(help)]));
    let (documents, _, error) = manifests(&Arc::new(file.clone()));
    let last = documents.iter().map(|document| document.document.index).max().unwrap_or_default();
    match part {
        Selection::Document(number) if *number > last && last > 0 && error.is_none() => {
            let count = counted(last, "document");
            return refuse(format!("{name}: there is no document {number}"), format!("the file has {count}"));
        }
        Selection::Whole if last > 1 && error.is_none() => {}
        _ => return Ok(()),
    }
    let is_object = |document: &&Manifest| {
        ["apiVersion", "kind"].iter().all(|field| document.object().get(field).is_some())
    };
    let is_policy = documents.iter().any(|document| PolicyResource::is_one(document.object()));
    if is_policy || !documents.iter().any(|document| is_object(&document)) {
        return Ok(());
    }
    let path = if name == STDIN { "=-" } else { &format!(" {name}") };
    let possible = documents.iter().filter(|document| !is_object(document));
    let possible = possible.map(|document| format!("--settings{path}#{}", document.document.index));
    match possible.collect::<Vec<_>>().as_slice() {
        [] => refuse(
            format!("no document of {name} is settings or a policy"),
            "to check it, leave out --settings".to_owned(),
        ),
        some => refuse(
            format!("{name}: found {last} documents, expected one"),
            format!("name one: {}", some_of(some, LISTED)),
        ),
    }
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
