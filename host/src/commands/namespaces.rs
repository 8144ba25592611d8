//! `__namespaces`: the namespaces that a shell offers behind `--namespace`. The scripts of `completions` run it.
//!
//! ```text
//! words of the command line ─▶ manifests, or kubectl ─▶ names
//! ```

mod shell_line;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::iter;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use clap::{ArgMatches, Command};
use review::log::Log;
use review::object_name::parse_namespace;
use serde_json::Value;

use crate::args::config::unfinished;
use crate::commands::inputs::pieces;
use crate::console::{Console, interrupt};
use crate::files::exclude::Exclude;
use crate::files::found;
use crate::files::input::Given;
use crate::files::search::Search;
use crate::kubectl::{Kubectl, Query, Scope};
use shell_line::{at_home, words};

/// How long a user waits at Tab. What is read until then is offered.
const LIMIT: Duration = Duration::from_secs(3);

/// The same for kubectl, which is stopped before this process ends.
const LIMIT_OF_KUBECTL: Duration = Duration::from_secs(2);

const NAMES: &str = "{{range .items}}{{.metadata.name}}{{\"\\n\"}}{{end}}";

/// The first word of a call by the script of a shell. No user calls it, so no help and no completion has it.
const COMMAND: &str = "__namespaces";

/// Prints the namespaces that a command line can name, if the arguments of the process ask for them: `__namespaces -- WORD…`, with
/// the words behind the name of the program, or `__namespaces --line BEFORE BEHIND`, with the text before and behind the cursor. What
/// cannot be read is left out: at Tab there is no place for an error.
pub fn serve(arguments: impl IntoIterator<Item = OsString>, line: &Command) -> Option<ExitCode> {
    let mut arguments = arguments.into_iter().skip(1);
    if arguments.next()? != COMMAND {
        return None;
    }
    let words: Vec<OsString> = match arguments.next()?.to_str()? {
        "--" => arguments.collect(),
        "--line" => {
            let mut text = || arguments.next().unwrap_or_default().to_string_lossy().into_owned();
            words(&text(), &text()).into_iter().map(OsString::from).collect()
        }
        _ => return None,
    };
    interrupt::end_cleanly(&Console::new(io::sink()));
    let home = std::env::home_dir();
    let words: Vec<OsString> = words.into_iter().map(|word| at_home(word, home.as_deref())).collect();
    let names: String = find(line, &words).into_iter().map(|name| name + "\n").collect();
    // The shell may be gone.
    Some(match io::stdout().write_all(names.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

/// The namespaces that a command line can name, as far as they are found within the time limit; `words` are those behind the name
/// of the program.
pub(super) fn find(line: &Command, words: &[OsString]) -> BTreeSet<String> {
    let deadline = Instant::now() + LIMIT;
    let (sender, receiver) = mpsc::channel();
    let (line, words) = (line.clone(), words.to_vec());
    thread::spawn(move || {
        unfinished(&line, &words).map(|(command, matches)| send(&command, &matches, &sender))
    });
    let next = || receiver.recv_timeout(deadline.checked_duration_since(Instant::now())?).ok();
    iter::from_fn(next).collect()
}

/// Sends the namespaces. A shell expands what it is given, so no other text is sent.
fn send(command: &str, matches: &ArgMatches, names: &Sender<String>) {
    // The receiver is gone after the time limit, and with it the process.
    let send = |name: &str| drop(parse_namespace(name).map(|name| names.send(name)));
    if command == "why" || matches.try_get_one("live").is_ok_and(|live| live == Some(&true)) {
        of_cluster(matches).lines().for_each(send);
    } else {
        of_manifests(&paths(matches), &search(matches), send);
    }
}

fn of_cluster(matches: &ArgMatches) -> String {
    let context = matches.try_get_one::<String>("context").ok().flatten();
    let kubeconfig = matches.try_get_one::<PathBuf>("kubeconfig").ok().flatten();
    let kubectl = Kubectl::new(context.map(String::as_str), kubeconfig.map(PathBuf::as_path), &Silent);
    // kubectl ends by itself then, and says nothing.
    let options = [format!("--request-timeout={}s", LIMIT_OF_KUBECTL.as_secs())];
    let query = Query { resources: "namespaces", names: &[], scope: &Scope::Context, options: &options };
    kubectl.within(LIMIT_OF_KUBECTL).alone().printed(&query, NAMES).unwrap_or_default()
}

/// At Tab, a message would be in the middle of the command line.
struct Silent;

impl Log for Silent {
    fn line(&self, _: &str) {}
}

/// The files and folders of the command line, or else the working folder. Standard input belongs to the shell.
fn paths(matches: &ArgMatches) -> Vec<String> {
    let given = |id| matches.try_get_many::<String>(id).ok().flatten().into_iter().flatten().cloned();
    let all = ["paths", "kustomize", "cluster"].into_iter().flat_map(given);
    let files: Vec<String> = all.filter(|path| path != "-").collect();
    if files.is_empty() { vec![".".to_owned()] } else { files }
}

fn search(matches: &ArgMatches) -> Search {
    let is_set = |id| matches.try_get_one(id).is_ok_and(|flag| flag == Some(&true));
    let patterns: Vec<String> =
        matches.try_get_many("exclude").ok().flatten().into_iter().flatten().cloned().collect();
    Search {
        exclude: Exclude::new(&patterns).unwrap_or_default(),
        hidden: is_set("hidden"),
        ignored: is_set("no_ignore"),
        follow: is_set("follow"),
        ..Search::default()
    }
}

fn of_manifests(paths: &[String], search: &Search, mut send: impl FnMut(&str)) {
    // A large folder is searched for long, so what is named first is read first.
    for path in paths {
        of_path(path, search, &mut send);
    }
}

fn of_path(path: &str, search: &Search, mut send: impl FnMut(&str)) {
    let found = found::find(&[path.to_owned()], search);
    let kustomizations = found.folders.iter().flat_map(|folder| &folder.kustomizations);
    kustomizations.filter_map(|it| it.namespace.as_deref()).for_each(&mut send);
    for (path, origin) in found.files.into_iter().flatten() {
        let Ok(input) = Given::new(path, origin, &mut io::empty()) else { continue };
        for piece in pieces(&Ok(input)) {
            let manifests = piece.read().content.manifests;
            manifests.iter().filter_map(|manifest| namespace(manifest.object())).for_each(&mut send);
        }
    }
}

/// The namespace of an object, or the one that it is.
fn namespace(object: &Value) -> Option<&str> {
    let is_namespace = object.get("kind").is_some_and(|kind| kind == "Namespace");
    object.pointer(if is_namespace { "/metadata/name" } else { "/metadata/namespace" })?.as_str()
}
