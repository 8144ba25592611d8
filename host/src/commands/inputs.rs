//! The manifests that a command is given.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::commands::{ordered_parallel, skipped};
use crate::console::Io;
use crate::files::folder::Folder;
use crate::files::found;
use crate::files::input::{Given, Part};
use crate::files::kustomization;
use crate::files::kustomize::{self, Built};
use crate::files::origin::Origin;
use crate::files::search::Search;
use crate::text::{counted, shell_path};
use review::cluster::{Cluster, Duplicate};
use review::diagnostic::{Diagnostic, Weight};
use review::kind::{Kind, has_containers};
use review::manifest::{Content, Manifest, Manifests, PATCH, manifests_below};
use review::yaml;

/// Help for the case that nothing to check is expected.
pub(super) const ALLOW_EMPTY: &str = "pass --allow-empty to succeed when there is nothing to check";

/// Maximum number of warnings of objects that are written twice.
const MOST_DUPLICATES: usize = 5;

/// Problems and notes of the files that were read.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// In the order in which they were found
    pub(super) all: Vec<Diagnostic>,
}

impl Problems {
    /// Whether every file was read to its end.
    pub(super) fn is_complete(&self) -> bool {
        self.all.iter().all(|problem| problem.weight != Weight::Error)
    }

    pub(super) fn add(&mut self, problem: Diagnostic, io: &Io) {
        io.stderr.diagnostic(&problem);
        self.all.push(problem);
    }
}

/// The inputs behind `paths`, in order, or why one cannot be read. Streams are read at once, files are not.
pub(super) fn given(paths: &[String], search: &Search, io: &mut Io) -> Vec<Result<Given, String>> {
    given_in_folders(paths, search, io).0
}

/// As [`given`], and the folders among the paths. Reports which patches of kustomizations above them are skipped.
pub(super) fn given_in_folders(
    paths: &[String],
    search: &Search,
    io: &mut Io,
) -> (Vec<Result<Given, String>>, Vec<Folder>) {
    let found = found::find(paths, search);
    for (kustomization, patches) in found.patches() {
        skipped::tell_of_patches(kustomization, &patches.iter().cloned().collect::<Vec<_>>(), io);
    }
    let files = found.files.into_iter();
    let given = files.map(|file| file.and_then(|(path, origin)| Given::new(path, origin, &mut io.stdin)));
    (given.map(|given| given.map_err(|error| error.to_string())).collect(), found.folders)
}

/// What Kustomize builds of a folder, or why it cannot.
pub(super) fn built(folder: &str) -> Result<Given, String> {
    let Built { file, output } = kustomize::build(folder).map_err(|error| error.to_string())?;
    Ok(Given::Built(file, output))
}

/// What to type where nothing was checked: the inputs have a kustomization, or a patch of one, or (`has_values`) something that
/// is not an object, as a list of JSON patches.
pub(super) fn help_for_nothing(kustomization: Option<&Path>, has_values: bool) -> String {
    match kustomization {
        Some(file) => {
            let folder = shell_path(kustomization::folder_of(file));
            format!("to check what Kustomize builds, run acr-pull-secret check -k {folder}")
        }
        None if has_values => format!("{PATCH}; or {ALLOW_EMPTY}"),
        None => ALLOW_EMPTY.to_owned(),
    }
}

/// Whether it only changes objects of other files.
pub(super) fn is_patch(input: &Result<Given, String>) -> bool {
    input.as_ref().is_ok_and(|given| matches!(given.origin(), Origin::Patch(_)))
}

/// A part of an input, or why there is none or no more.
pub(super) struct Piece {
    part: Result<Part, String>,
    origin: Origin,
    pub(super) position: Position,
}

/// A part of an input that was read.
pub(super) struct Read {
    /// The part itself, if there is one
    pub(super) part: Option<Part>,
    /// What it holds
    pub(super) content: Manifests,
    /// Problems and notes
    pub(super) problems: Vec<Diagnostic>,
    /// Why it is read
    pub(super) origin: Origin,
    /// What it is, where it is in a folder and is not a manifest
    pub(super) foreign: Option<Foreign>,
    pub(super) position: Position,
}

impl Piece {
    /// Bytes of its text.
    pub(super) fn size(&self) -> usize {
        self.part.as_ref().map_or(0, |part| part.file.text.len())
    }

    /// Why there is no part.
    pub(super) fn failure(&self) -> Option<&str> {
        self.part.as_ref().err().map(String::as_str)
    }

    /// Reads its manifests. The input ends with the first part that has an error, because the text after an error may have
    /// another meaning.
    pub(super) fn read(self) -> Read {
        let Self { part, origin, position } = self;
        let nothing = |problems| Read {
            part: None,
            content: Manifests::default(),
            problems,
            origin: origin.clone(),
            foreign: None,
            position: position.clone(),
        };
        let read = match part {
            _ if position.is_beyond_the_end() => return nothing(Vec::new()),
            Err(reason) => nothing(vec![Diagnostic::error(reason)]),
            Ok(part) => {
                let content = manifests_below(part.above, &part.file);
                let foreign = Foreign::of(&part, &content).filter(|_| origin == Origin::InFolder);
                if foreign.is_some() {
                    return Read { foreign, ..nothing(Vec::new()) };
                }
                let problems = diagnostics(&part, &content);
                let read = Read { part: Some(part), content, ..nothing(problems) };
                match origin {
                    Origin::Built => read.without_lines(),
                    Origin::Live => read.without_place(),
                    _ => read,
                }
            }
        };
        if read.problems.iter().any(|problem| problem.weight == Weight::Error) {
            position.end.fetch_min(position.index, Ordering::Relaxed);
        }
        read
    }
}

impl Read {
    /// Why its objects are not checked.
    pub(super) fn left_out(&self) -> Option<String> {
        match &self.origin {
            Origin::Patch(file) => Some(format!("patch of {}", file.display())),
            _ => None,
        }
    }

    /// The same without any line, because an object of a cluster is in no file.
    fn without_place(mut self) -> Self {
        self.content.manifests.iter_mut().for_each(|manifest| manifest.line = 0);
        self
    }

    /// The same without lines, because the output of Kustomize is not a file.
    fn without_lines(mut self) -> Self {
        self.content.manifests.iter_mut().for_each(|manifest| manifest.line = 1);
        for problem in &mut self.problems {
            if let Some(spot) = problem.spot.take() {
                let is = if problem.weight == Weight::Error { "cannot be used" } else { "has a problem" };
                problem.message =
                    format!("what Kustomize builds from {} {is}: {}", spot.file, problem.message);
            }
        }
        self
    }
}

/// The position of a part in its input, whose parts several threads read.
#[derive(Clone)]
pub(super) struct Position {
    /// Its number, from 0
    pub(super) index: usize,
    /// The number of the part with which the input ends
    end: Arc<AtomicUsize>,
}

impl Position {
    /// Whether the input ends before this part.
    pub(super) fn is_beyond_the_end(&self) -> bool {
        self.end.load(Ordering::Relaxed) < self.index
    }
}

/// The parts of an input up to its end, at least one.
pub(super) fn pieces(input: &Result<Given, String>) -> impl Iterator<Item = Piece> {
    let (parts, failure) = match input.as_ref().map_err(Clone::clone).map(Given::parts) {
        Ok(Ok(parts)) => (Some(parts), None),
        Ok(Err(error)) => (None, Some(error.to_string())),
        Err(reason) => (None, Some(reason)),
    };
    let parts = parts.into_iter().flatten().map(|part| part.map_err(|error| error.to_string()));
    let end = Arc::new(AtomicUsize::new(usize::MAX));
    let origin = input.as_ref().map_or(Origin::Named, Given::origin);
    let all = parts.chain(failure.map(Err)).zip(0..);
    let pieces = all.map(move |(part, index)| {
        let position = Position { index, end: end.clone() };
        Piece { part, origin: origin.clone(), position }
    });
    pieces.take_while(|piece| !piece.position.is_beyond_the_end())
}

/// Reads the inputs in order and passes the manifests of every part to `each`. Errors are printed and kept in `problems`.
pub(super) fn read(
    inputs: &[Result<Given, String>],
    io: &Io,
    problems: &mut Problems,
    mut each: impl FnMut(Part, Vec<Manifest>),
) {
    let progress = io.stderr.progress("files read", inputs.len());
    for input in inputs.iter().filter(|input| !is_patch(input)) {
        for piece in pieces(input) {
            let Read { part, content, problems: found, .. } = piece.read();
            for problem in found {
                problems.add(problem, io);
            }
            if let Some(part) = part {
                each(part, content.manifests);
            }
        }
        progress.step();
    }
}

/// The cluster that these manifests describe. Errors are printed and kept in `problems`.
pub(super) fn cluster_of(
    given: &[Result<Given, String>],
    namespace: &str,
    io: &Io,
    problems: &mut Problems,
) -> Cluster {
    let mut cluster = Cluster::default();
    let mut duplicates = Vec::new();
    read(given, io, problems, |_, manifests| {
        for manifest in manifests {
            duplicates.extend(cluster.add_at(Some(place(&manifest)), manifest.into(), namespace));
        }
    });
    warn_of(&duplicates, io);
    // An object of the inputs may differ from that of the cluster.
    cluster.forget_places();
    cluster
}

/// Where a manifest is written.
fn place(manifest: &Manifest) -> String {
    format!("{}:{}", manifest.file.name, manifest.line)
}

/// Warns of different objects of one name.
pub(super) fn warn_of(duplicates: &[Duplicate], io: &Io) {
    for Duplicate { object, first, last } in duplicates.iter().take(MOST_DUPLICATES) {
        let message = format!("{object} is in {first} and in {last}, and the last one counts");
        let help = "pass only one of them, or give each its metadata.namespace";
        io.stderr.diagnostic(&Diagnostic::warning(message).with_help(help));
    }
    let more = duplicates.len().saturating_sub(MOST_DUPLICATES);
    if more > 0 {
        io.stderr.line(&format!("note: {} more written twice", counted(more, "object")));
    }
}

/// The cluster, with the objects of the inputs added, and the inputs' different objects of one name.
pub(super) fn cluster_with(
    mut cluster: Cluster,
    inputs: &[Result<Given, String>],
    namespace: &str,
    jobs: NonZero<usize>,
) -> (Cluster, Vec<Duplicate>) {
    // Most files hold nothing for the cluster, so they are not parsed.
    let mut told = Vec::new();
    let files = inputs.iter().filter(|input| !is_patch(input)).map(|input| (0, input));
    ordered_parallel::run(
        jobs,
        files,
        |input| (input, vec![input]),
        parts_up_to_the_cluster,
        |input, counts| {
            told.extend(counts.into_iter().filter(|count| *count > 0).map(|count| (input, count)));
            ControlFlow::Continue(())
        },
    );

    let mut duplicates = Vec::new();
    let parts = told.into_iter().flat_map(|(input, count)| pieces(input).take(count));
    let sized = parts.map(|piece| (piece.size(), piece));
    let open = |piece: Piece| (piece.position.clone(), vec![piece]);
    ordered_parallel::run(jobs, sized, open, cluster_objects, |position, results| {
        for (place, object) in results.into_iter().flatten().filter(|_| !position.is_beyond_the_end()) {
            duplicates.extend(cluster.add_at(Some(place), object, namespace));
        }
        ControlFlow::Continue(())
    });
    (cluster, duplicates)
}

/// Number of parts of an input up to the last one that may contain an object for the cluster.
fn parts_up_to_the_cluster(input: &Result<Given, String>) -> usize {
    let may_hold = |piece: &Piece| piece.part.as_ref().is_ok_and(|part| Cluster::may_be_in(&part.file.text));
    pieces(input).filter(may_hold).last().map_or(0, |piece| piece.position.index + 1)
}

/// The objects of a part that the cluster keeps, each with its place.
fn cluster_objects(piece: Piece) -> Vec<(String, Value)> {
    let kept = piece.read().content.manifests.into_iter();
    let kept = kept.filter(|manifest| Cluster::keeps(manifest.object()));
    kept.map(|manifest| (place(&manifest), Value::from(manifest))).collect()
}

/// A file in a folder that is not a manifest and is skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Foreign {
    /// It holds something else
    Other,
    /// It is broken, or in another language; its name
    Unreadable(String),
}

impl Foreign {
    /// What a part is. A broken one that has any key of an object is a broken manifest, and so is an object that has containers
    /// but no type, which a note reports.
    fn of(part: &Part, read: &Manifests) -> Option<Self> {
        let is_object = |manifest: &Manifest| match &manifest.content {
            Content::Object(object) => Kind::of(object).is_some() || has_containers(object),
            Content::Request(_) => true,
        };
        if !part.is_whole || read.manifests.iter().any(is_object) {
            return None;
        }
        match &read.error {
            None => Some(Self::Other),
            Some(_) if has_keys_of_objects(&part.file.text) => None,
            Some(_) => Some(Self::Unreadable(part.file.name.clone())),
        }
    }
}

/// Whether `kind` or `apiVersion` occurs anywhere as a key.
fn has_keys_of_objects(text: &str) -> bool {
    let is_key = |(at, word): (usize, &str)| {
        let after = text.get(at + word.len()..).unwrap_or_default();
        after.trim_start_matches(['"', '\'']).trim_start_matches([' ', '\t']).starts_with(':')
    };
    ["kind", "apiVersion"].iter().any(|word| text.match_indices(word).any(is_key))
}

/// Problems and notes of a part of a text.
fn diagnostics(part: &Part, read: &Manifests) -> Vec<Diagnostic> {
    let Part { file, is_whole, .. } = part;
    let notes = Diagnostic::of_notes(&file.name, &file.text, &notes(part, read));
    let error = read.error.as_ref().map(|error| Diagnostic::of_syntax(&file.name, &file.text, error));
    let all = notes.into_iter().chain(error);
    // The text before or after this part may show that it belongs to a Secret.
    all.map(|problem| if *is_whole { problem } else { problem.without_line() }).collect()
}

/// Notes on a part of a text, including its encoding.
fn notes(part: &Part, read: &Manifests) -> Vec<yaml::Note> {
    let mut notes = read.notes.clone();
    if let Some(at) = part.replaced {
        let (line, column) = yaml::line_column(&part.file.text, at);
        let message = "this byte is not UTF-8; kubectl reads it as the character U+FFFD".to_owned();
        let line = part.above + line;
        notes.push(yaml::Note {
            line,
            column,
            at,
            message,
            unnamed: None,
            help: None,
            is_overwriting: false,
        });
        notes.sort_by_key(|note| note.at);
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::pieces;
    use crate::files::input::Given;

    /// The size of a piece counts against the limit of bytes that are in progress at the same time.
    #[test]
    fn the_pieces_of_an_input_are_as_large_as_its_text() {
        let text = "kind: Pod\nmetadata: {name: a}\n---\n".repeat(100_000);
        let name = "pods.yaml".to_owned();
        let input = Ok(Given::Held { path: "-".into(), name, bytes: text.clone().into_bytes() });
        let sizes: Vec<usize> = pieces(&input).map(|piece| piece.size()).collect();
        assert!(sizes.len() > 1, "{sizes:?}");
        assert_eq!(sizes.iter().sum::<usize>(), text.len());
        let unreadable = Err("gone.yaml: no such file".to_owned());
        assert_eq!(pieces(&unreadable).map(|piece| piece.size()).collect::<Vec<_>>(), [0]);
    }
}
