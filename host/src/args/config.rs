//! The config file: defaults for the command line, found upwards from the working folder.
//!
//! ```text
//! .acr-pull-secret.yaml ─▶ keys ─▶ defaults of arguments ─▶ clap ─▶ Cli
//! ```
//! A key stands for the argument of that name in every command that has one, and the command line wins.

mod keys;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, FromArgMatches as _, Parser};

use self::keys::Key;
use crate::args::ConfigArgs;
use crate::files::CONFIG_FILE;
use crate::files::input::{self, InputError};
use review::manifest;
use review::yaml;

/// What a config file gave to a command.
#[derive(Debug, Clone)]
pub struct Given {
    /// The file
    pub file: String,
    /// The keys whose values count, because the command line does not say otherwise
    pub keys: Vec<&'static str>,
    /// What the user should know before anything happens
    pub notes: Vec<String>,
}

/// Why a call cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The command line; or a call for help, which is no error
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The config file cannot be read
    #[error(transparent)]
    Unreadable(#[from] InputError),
    /// The config file is wrong; the text begins with its name and the place
    #[error("{0}")]
    Config(String),
    /// A path or a text that is not UTF-8
    #[error("{0}: this is not UTF-8 text; a file with such a name is read where its folder is given")]
    NotUtf8(String),
}

/// Reads a command line. A config file may give what it leaves open; the file's part is returned beside it.
///
/// # Errors
/// - a wrong call, a wrong config file
pub fn parse<C: Parser>(args: impl IntoIterator<Item = OsString>) -> Result<(C, Option<Given>), CallError> {
    let args: Vec<OsString> = args.into_iter().collect();
    // Whether paths are missing is seen when the file has been read.
    let optional = |arg: Arg| if arg.get_id() == "paths" { arg.required(false) } else { arg };
    let matches = changed(C::command(), &|_, arg| optional(arg))
        .try_get_matches_from(&args)
        .map_err(|error| name_what_is_not_utf8(error, &args))?;
    let asked = ConfigArgs::from_arg_matches(&matches)?;
    // With `-k`, PATH is optional and the config file's `paths` do not apply.
    let builds = leaf(&matches).1.try_contains_id("kustomize").unwrap_or_default();
    let Some(path) = find(&asked).filter(|_| takes_any(&C::command(), &matches)) else {
        let command = if builds { changed(C::command(), &|_, arg| optional(arg)) } else { C::command() };
        return Ok((C::from_arg_matches(&command.try_get_matches_from(&args)?)?, None));
    };
    let mut config = Config::read(&path)?;
    config.keys.retain(|key| !(builds && key.name == "paths"));
    let give = |command: &str, arg| config.give(command, if builds { optional(arg) } else { arg });
    let matches =
        changed(C::command(), &give).try_get_matches_from(&args).map_err(|error| config.blame(error))?;
    Ok((C::from_arg_matches(&matches)?, Some(config.given(&matches))))
}

/// Names the argument that is not UTF-8, because clap does not name it.
fn name_what_is_not_utf8(error: clap::Error, args: &[OsString]) -> CallError {
    match args.iter().find(|arg| arg.to_str().is_none()) {
        Some(arg) if error.kind() == ErrorKind::InvalidUtf8 => CallError::NotUtf8(arg.display().to_string()),
        _ => CallError::Usage(error),
    }
}

/// The file that is asked for, or that the working folder belongs to.
fn find(asked: &ConfigArgs) -> Option<PathBuf> {
    match (&asked.config, asked.no_config) {
        (_, true) => None,
        (Some(path), false) => Some(path.clone()),
        (None, false) => upwards(&std::env::current_dir().ok()?),
    }
}

/// The nearest config file in `folder` or above it, as a path from `folder`. The search ends at the root of a repository.
fn upwards(folder: &Path) -> Option<PathBuf> {
    let mut way = PathBuf::new();
    for folder in folder.ancestors() {
        // A dangling link or a folder counts as found. Reading it reports the error.
        if folder.join(CONFIG_FILE).symlink_metadata().is_ok() {
            return Some(way.join(CONFIG_FILE));
        }
        if folder.join(".git").exists() {
            return None;
        }
        way.push("..");
    }
    None
}

/// The called command and its matches.
fn leaf(matches: &ArgMatches) -> (&str, &ArgMatches) {
    let (mut command, mut leaf) = ("", matches);
    while let Some((name, matches)) = leaf.subcommand() {
        (command, leaf) = (name, matches);
    }
    (command, leaf)
}

/// A command whose arguments, and those of its subcommands, are changed.
fn changed(command: Command, change: &dyn Fn(&str, Arg) -> Arg) -> Command {
    let name = command.get_name().to_owned();
    command.mut_args(|arg| change(&name, arg)).mut_subcommands(|subcommand| changed(subcommand, change))
}

/// Whether the called command has an argument that a key could stand for.
fn takes_any(command: &Command, matches: &ArgMatches) -> bool {
    match matches.subcommand() {
        Some((name, matches)) => command.find_subcommand(name).is_some_and(|sub| takes_any(sub, matches)),
        None => {
            command.get_arguments().any(|arg| keys::is_argument(command.get_name(), arg.get_id().as_str()))
        }
    }
}

/// A config file that has been read.
struct Config {
    file: String,
    keys: Vec<Key>,
    notes: Vec<String>,
}

impl Config {
    fn read(path: &Path) -> Result<Self, CallError> {
        if path.as_os_str() == "-" {
            let message = "--config -: standard input cannot be the config file; name a file".to_owned();
            return Err(CallError::Config(message));
        }
        let file = input::read(path, &mut std::io::empty())?;
        let name = &file.name;
        let (documents, error) = yaml::documents(&file.text);
        if let Some(error) = error {
            let message = format!("{name}:{}:{}: {}", error.line, error.column, error.message);
            return Err(CallError::Config(message));
        }
        let mut documents = documents.into_iter();
        let Some(mut document) = documents.next() else {
            return Ok(Self { file: file.name, keys: Vec::new(), notes: Vec::new() });
        };
        if documents.next().is_some() {
            return Err(CallError::Config(format!("{name}: several documents, where one is wanted")));
        }
        let value = std::mem::take(&mut document.value);
        let keys = keys::read(value, path).map_err(|error| {
            let at = manifest::at(&file, &document, &error.pointer);
            CallError::Config(format!("{at}: {error}"))
        })?;
        let note =
            |note: yaml::Note| format!("warning: {name}:{}:{}: {}", note.line, note.column, note.message);
        let notes = document.notes.into_iter().map(note).collect();
        Ok(Self { file: file.name, keys, notes })
    }

    /// An argument with the file's value as its default.
    fn give(&self, command: &str, arg: Arg) -> Arg {
        match self.keys.iter().find(|key| key.is_for(command, arg.get_id().as_str())) {
            Some(key) => arg.required(false).default_values(key.values.clone()),
            None => arg,
        }
    }

    /// The command line was read before without the file's values, so a wrong value is one of those.
    fn blame(&self, error: clap::Error) -> CallError {
        if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
            return CallError::Usage(error);
        }
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        CallError::Config(format!("{}: {}", self.file, first.trim_start_matches("error: ")))
    }

    fn given(&self, matches: &ArgMatches) -> Given {
        let (command, leaf) = leaf(matches);
        let is_default = |id: &str| {
            leaf.ids().any(|known| known == id) && leaf.value_source(id) == Some(ValueSource::DefaultValue)
        };
        // Settings on the command line win, however they are given.
        let is_json = leaf.try_get_one::<String>("settings_json").is_ok_and(|json| json.is_some());
        let used = self.keys.iter().filter(|key| {
            let argument = key.argument();
            key.is_for(command, argument) && is_default(argument) && !(argument == "settings" && is_json)
        });
        let used: Vec<&Key> = used.collect();
        let mut notes = self.notes.clone();
        let is_quiet = leaf.try_get_one("quiet").is_ok_and(|quiet| quiet == Some(&true));
        if let Some(key) = used.iter().find(|key| key.name == "paths" && !is_quiet) {
            let paths = key.values.join(", ");
            notes.push(format!("note: no PATH is given; {} names {paths}", self.file));
        }
        Given { file: self.file.clone(), keys: used.iter().map(|key| key.name).collect(), notes }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{CONFIG_FILE, upwards};

    #[test]
    fn the_nearest_file_is_found_but_none_above_the_repository() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("repository/apps/web");
        fs::create_dir_all(&folder).unwrap();
        fs::write(root.path().join(CONFIG_FILE), "").unwrap();
        assert_eq!(upwards(&folder), Some(PathBuf::from("../../..").join(CONFIG_FILE)));
        fs::create_dir(root.path().join("repository/.git")).unwrap();
        assert_eq!(upwards(&folder), None);
        fs::write(root.path().join("repository").join(CONFIG_FILE), "").unwrap();
        assert_eq!(upwards(&folder), Some(PathBuf::from("../..").join(CONFIG_FILE)));
        fs::write(folder.join(CONFIG_FILE), "").unwrap();
        assert_eq!(upwards(&folder), Some(PathBuf::from(CONFIG_FILE)));
    }
}
