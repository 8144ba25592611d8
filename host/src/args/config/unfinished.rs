//! What can be read of a command line that the user still types.

use std::ffi::OsString;

use clap::builder::ValueParser;
use clap::{Arg, ArgMatches, Command, FromArgMatches as _};

use super::{Config, changed, find, leaf};
use crate::args::{ConfigArgs, names_namespace};

/// The name of the command and its arguments, as far as these can be read, with the values of the config file. `words` do not
/// have the name of the program.
pub fn unfinished(line: &Command, words: &[OsString]) -> Option<(String, ArgMatches)> {
    let name = OsString::from(line.get_name());
    let words = || std::iter::once(&name).chain(words);
    let read = |give: &dyn Fn(&str, Arg) -> Arg| {
        let line = changed(line.clone(), &|command, arg| give(command, of_any_namespace(arg)));
        lenient(line).try_get_matches_from(words()).ok()
    };
    let mut matches = read(&|_, arg| arg)?;
    let called = leaf(&matches).1;
    if called.ids().any(|id| id == "no_config")
        && let Ok(asked) = ConfigArgs::from_arg_matches(called)
        && let (Some((path, reach)), _) = find(asked)
        && let Ok(mut config) = Config::read(&path, reach)
    {
        config.keep_what_applies(called);
        matches = read(&|command, arg| config.give(command, arg))?;
    }
    let (command, called) = leaf(&matches);
    Some((command.to_owned(), called.clone()))
}

/// The command without errors.
fn lenient(command: Command) -> Command {
    command.ignore_errors(true).mut_subcommands(lenient)
}

/// What is typed of a namespace need not be one.
fn of_any_namespace(arg: Arg) -> Arg {
    if names_namespace(&arg) { arg.value_parser(ValueParser::os_string()) } else { arg }
}
