//! The config file: defaults for the command line, found upwards from the working folder.
//!
//! ```text
//! search ─▶ .acr-pull-secret.yaml ─▶ keys ─▶ reach ─▶ defaults of arguments ─▶ clap ─▶ Cli
//! ```
//! A key sets the argument of that name in every command that has one; the command line takes precedence. A file that was
//! found, not named, can only set what is checked, how strictly, and in which format.

mod keys;
mod reach;
mod search;
mod unfinished;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, FromArgMatches as _, Parser};

use review::diagnostic::{Diagnostic, Spot};
use review::field_error::FieldError;
use review::yaml;

use self::keys::Key;
use self::reach::Reach;
use self::search::{Found, Search};
pub use self::unfinished::unfinished;
use crate::args::ConfigArgs;
use crate::files::CONFIG_FILE;
use crate::files::input::{self, InputError};
use crate::program;
use crate::text::shell_path;

/// A parsed command line.
#[derive(Debug, Clone)]
pub struct Call<C> {
    /// The command, with the defaults of the config file
    pub command: C,
    /// The values from the config file
    pub given: Option<Given>,
    /// Whether the command line itself names a namespace
    pub is_namespace_given: bool,
    /// Problems of the config file, and reasons why one is not used
    pub warnings: Vec<Diagnostic>,
    /// The values from the config file, in one line
    pub note: Option<String>,
}

/// The values that a config file sets for a command.
#[derive(Debug, Clone)]
pub struct Given {
    /// The file
    pub file: String,
    /// The keys whose values apply, because the command line does not override them
    pub keys: Vec<&'static str>,
    /// Whether the file was found, so that the call's note names the keys
    pub is_found: bool,
}

/// Why a command line cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The command line; or a request for help, which is not an error
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The config file cannot be read
    #[error(transparent)]
    Unreadable(#[from] InputError),
    /// The config file is wrong
    #[error("{0}")]
    Config(Box<Diagnostic>),
    /// A path or a text that is not UTF-8
    #[error("{0}: this is not UTF-8 text; to read a file with such a name, pass its folder")]
    NotUtf8(String),
}

/// The command line, in which paths are optional: a config file may have them.
pub fn with_optional_paths(command: Command) -> Command {
    changed(command, &|_, arg| optional(arg))
}

fn optional(arg: Arg) -> Arg {
    if arg.get_id() == "paths" { arg.required(false) } else { arg }
}

/// Reads a command line. A config file may set what the command line does not.
///
/// # Errors
/// - invalid usage, an invalid config file
pub fn parse<C: Parser>(args: impl IntoIterator<Item = OsString>) -> Result<Call<C>, CallError> {
    let args: Vec<OsString> = args.into_iter().collect();
    let command = || program::named(C::command());
    // Whether paths are missing is seen when the file has been read.
    let matches = with_optional_paths(command())
        .try_get_matches_from(&args)
        .map_err(|error| name_what_is_not_utf8(without_password(error), &args))?;
    let called = leaf(&matches).1;
    let is_namespace_given = is_given(called, "namespace");
    // PATH is optional.
    let builds = is_given(called, "live") || is_given(called, "kustomize");
    // A command reads a config file if it has these options: others have no argument that a file can set.
    let is_used = called.ids().any(|known| known == "no_config");
    let (file, mut warnings) =
        if is_used { find(ConfigArgs::from_arg_matches(called)?) } else { (None, Vec::new()) };
    let Some((path, reach)) = file else {
        let parser = if builds { with_optional_paths(command()) } else { command() };
        let command = C::from_arg_matches(&parser.try_get_matches_from(&args)?)?;
        return Ok(Call { command, given: None, is_namespace_given, warnings, note: None });
    };
    let mut config = Config::read(&path, reach)?;
    config.keep_what_applies(called);
    let give = |command: &str, arg| config.give(command, if builds { optional(arg) } else { arg });
    let matches =
        changed(command(), &give).try_get_matches_from(&args).map_err(|error| config.blame(error))?;
    warnings.append(&mut config.warnings);
    let (given, note) = config.given(&matches);
    let command = C::from_arg_matches(&matches)?;
    Ok(Call { command, given: Some(given), is_namespace_given, warnings, note })
}

/// The config file that applies in the working folder, if none is named and none is refused.
pub(crate) fn nearest() -> Option<PathBuf> {
    find(ConfigArgs::default()).0.map(|(path, _)| path)
}

/// The path as a config file of the working folder may have it in `paths`, although it was found and not named. Of a path from the
/// root, the part below this folder.
pub(crate) fn path_in_config(path: &str) -> Option<String> {
    let path = if Path::new(path).is_relative() { path.to_owned() } else { below_working_folder(path)? };
    reach::leads_inside(Path::new("."), &path).then_some(path)
}

fn below_working_folder(path: &str) -> Option<String> {
    let folder = std::env::current_dir().ok()?.canonicalize().ok()?;
    let path = Path::new(path);
    // Through links, this folder has other names.
    let name = path.ancestors().find(|above| above.canonicalize().is_ok_and(|above| above == folder))?;
    let below = path.strip_prefix(name).ok()?;
    Some(match below.to_str()? {
        "" => ".".to_owned(),
        // Not standard input.
        "-" => "./-".to_owned(),
        below => below.to_owned(),
    })
}

/// An invalid user name may contain its password.
fn without_password(mut error: clap::Error) -> clap::Error {
    let is_user = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => argument.starts_with("--username"),
        _ => false,
    };
    if is_user && error.get(ContextKind::InvalidValue).is_some() {
        error.insert(ContextKind::InvalidValue, ContextValue::String("***".to_owned()));
    }
    error
}

/// Names the argument that is not UTF-8, because clap does not name it.
fn name_what_is_not_utf8(error: clap::Error, args: &[OsString]) -> CallError {
    match args.iter().find(|arg| arg.to_str().is_none()) {
        Some(arg) if error.kind() == ErrorKind::InvalidUtf8 => CallError::NotUtf8(arg.display().to_string()),
        _ => CallError::Usage(error),
    }
}

/// The file that is named, or the one of the working folder, and warnings about files that are not used.
fn find(asked: ConfigArgs) -> (Option<(PathBuf, Reach)>, Vec<Diagnostic>) {
    if asked.no_config {
        return (None, Vec::new());
    }
    if let Some(path) = asked.config {
        return (Some((path, Reach::Everywhere)), Vec::new());
    }
    let Ok(folder) = std::env::current_dir() else { return (None, Vec::new()) };
    let Search { found, skipped, misnamed } = search::upwards(&folder, std::env::home_dir().as_deref());
    let warning = |(path, skipped): (PathBuf, search::Skipped)| {
        let message = format!("{} is not used, because {}", path.display(), skipped.reason());
        Diagnostic::warning(message).with_help(format!("to use it, add --config {}", shell_path(&path)))
    };
    let found = found.map(|Found { path, root }| (path, Reach::Folder(root)));
    let other_name = |path: PathBuf| {
        let message =
            format!("{} is not used, because a config file is called {CONFIG_FILE}", path.display());
        let help = format!("rename it to {CONFIG_FILE}, or add --config {}", shell_path(&path));
        Diagnostic::warning(message).with_help(help)
    };
    let warnings = skipped.into_iter().map(warning).chain(misnamed.into_iter().map(other_name));
    (found, warnings.collect())
}

/// The called command and its matches.
fn leaf(matches: &ArgMatches) -> (&str, &ArgMatches) {
    let (mut command, mut leaf) = ("", matches);
    while let Some((name, matches)) = leaf.subcommand() {
        (command, leaf) = (name, matches);
    }
    (command, leaf)
}

/// Whether the command line has this argument.
fn is_given(called: &ArgMatches, id: &str) -> bool {
    let is_known = called.ids().any(|known| known == id);
    is_known && called.value_source(id) == Some(ValueSource::CommandLine)
}

/// A command whose arguments, and those of its subcommands, are changed.
fn changed(command: Command, change: &dyn Fn(&str, Arg) -> Arg) -> Command {
    let name = command.get_name().to_owned();
    command.mut_args(|arg| change(&name, arg)).mut_subcommands(|subcommand| changed(subcommand, change))
}

/// A config file that has been read.
struct Config {
    file: String,
    reach: Reach,
    keys: Vec<Key>,
    warnings: Vec<Diagnostic>,
}

impl Config {
    fn read(path: &Path, reach: Reach) -> Result<Self, CallError> {
        let wrong = |diagnostic| CallError::Config(Box::new(diagnostic));
        if path.as_os_str() == "-" {
            let message = "--config -: standard input cannot be the config file";
            return Err(wrong(Diagnostic::error(message).with_help("name a file")));
        }
        // A dangling link cannot be read, which is reported below.
        let leads = path.is_symlink() && path.exists();
        if let Reach::Folder(root) = &reach
            && leads
            && !reach::is_inside(root, path)
        {
            let message = format!("{} is a link that leads out of its repository", path.display());
            let help = format!("to use it, add --config {}; otherwise --no-config", shell_path(path));
            return Err(wrong(Diagnostic::error(message).with_help(help)));
        }
        let file = input::read(path, &mut std::io::empty())?;
        let (documents, error) = yaml::documents(&file.text);
        if let Some(error) = error {
            return Err(wrong(Diagnostic::of_syntax(&file.name, &file.text, &error)));
        }
        let mut documents = documents.into_iter();
        let Some(mut document) = documents.next() else {
            return Ok(Self { file: file.name, reach, keys: Vec::new(), warnings: Vec::new() });
        };
        if documents.next().is_some() {
            let message = format!("{}: found several documents, expected one", file.name);
            return Err(wrong(Diagnostic::error(message)));
        }
        let value = std::mem::take(&mut document.value);
        let at = |error: &FieldError| Spot::of_field(&file, &document, error);
        let mut keys = keys::read(value, path)
            .map_err(|error| wrong(Diagnostic::at(at(&error), error.to_string()).with_help(&error.help)))?;
        reach.limit(&mut keys).map_err(|error| {
            let help = format!("set it on the command line, or add --config {}", shell_path(path));
            wrong(Diagnostic::at(at(&error), error.to_string()).with_help(help))
        })?;
        let warnings = Diagnostic::of_notes(&file.name, &file.text, &document.notes);
        Ok(Self { file: file.name, reach, keys, warnings })
    }

    /// With `-k`, the file's `paths` do not apply. With `--live`, neither does what stands for a cluster.
    fn keep_what_applies(&mut self, called: &ArgMatches) {
        let (is_live, builds) = (is_given(called, "live"), is_given(called, "kustomize"));
        self.keys.retain(|key| match key.name {
            "paths" => !is_live && !builds,
            "cluster" | "namespace" | "complete" => !is_live,
            _ => true,
        });
    }

    /// An argument with the file's value as its default.
    fn give(&self, command: &str, arg: Arg) -> Arg {
        match self.keys.iter().find(|key| key.is_for(command, arg.get_id().as_str())) {
            Some(key) => arg.required(false).default_values(key.values.clone()),
            None => arg,
        }
    }

    /// The command line was read before without the file's values, so the invalid value is in the file. It is not shown.
    fn blame(&self, error: clap::Error) -> CallError {
        if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
            return CallError::Usage(error);
        }
        let argument = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(argument)) => argument.as_str(),
            _ => "an option",
        };
        let reason =
            std::error::Error::source(&error).map(|reason| format!(": {reason}")).unwrap_or_default();
        let message = format!("{}: the value for {argument} is not valid{reason}", self.file);
        CallError::Config(Box::new(Diagnostic::error(message)))
    }

    fn given(&self, matches: &ArgMatches) -> (Given, Option<String>) {
        let (command, leaf) = leaf(matches);
        let source = |id: &str| leaf.ids().any(|known| known == id).then(|| leaf.value_source(id)).flatten();
        // Settings on the command line win, however they are given.
        let is_json = leaf.try_get_one::<String>("settings_json").is_ok_and(|json| json.is_some());
        let used = self.keys.iter().filter(|key| {
            let argument = key.argument();
            key.is_for(command, argument)
                && source(argument) == Some(ValueSource::DefaultValue)
                && !(argument == "settings" && is_json)
        });
        let used: Vec<&Key> = used.collect();
        let is_found = self.reach != Reach::Everywhere;
        let told = used.iter().filter(|key| is_found || key.name == "paths");
        let told: Vec<String> = told.map(|key| key.told()).collect();
        // A file that was found cannot suppress messages about itself.
        let is_quiet = source("quiet") == Some(ValueSource::CommandLine);
        let ignore = if is_found { "; to ignore it, add --no-config" } else { "" };
        let note = (!told.is_empty() && !is_quiet)
            .then(|| format!("note: {} gives {}{ignore}", self.file, told.join(", ")));
        let keys = used.iter().map(|key| key.name).collect();
        (Given { file: self.file.clone(), keys, is_found }, note)
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    use super::keys;
    use crate::commands::Cli;

    /// Each command that is called with arguments of its own.
    fn leaves(command: &Command) -> Vec<&Command> {
        let below: Vec<&Command> = command.get_subcommands().flat_map(leaves).collect();
        if below.is_empty() { vec![command] } else { below }
    }

    #[test]
    fn only_commands_that_a_config_file_can_change_have_its_options() {
        let cli = Cli::command();
        let mut takes = Vec::new();
        for command in leaves(&cli) {
            let name = command.get_name();
            let has = |id: &str| command.get_arguments().any(|arg| arg.get_id() == id);
            let can = command.get_arguments().any(|arg| keys::is_argument(name, arg.get_id().as_str()));
            assert_eq!((has("config"), has("no_config")), (can, can), "{name}");
            takes.extend(can.then_some(name));
        }
        assert_eq!(takes, ["check", "fix", "test", "explain", "init", "inspect", "manifest", "bench"]);
    }
}
