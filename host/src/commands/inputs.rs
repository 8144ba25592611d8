//! The manifests that a command is given.

mod piece;

use std::collections::HashSet;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

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
pub(super) use piece::{Foreign, Piece, Position, Read, pieces};
use review::cluster::{Cluster, Duplicate};
use review::diagnostic::{Diagnostic, Weight};
use review::manifest::{Manifest, PATCH};

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
pub(super) fn given(paths: &[String], search: &Search, io: &mut Io) -> Vec<Result<Given, Box<Diagnostic>>> {
    given_in_folders(paths, search, io).0
}

/// As [`given`], and the folders among the paths. Reports which patches of kustomizations above them are skipped; those in them
/// are reported with their folder.
pub(super) fn given_in_folders(
    paths: &[String],
    search: &Search,
    io: &mut Io,
) -> (Vec<Result<Given, Box<Diagnostic>>>, Vec<Folder>) {
    let found = found::find(paths, search);
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let in_folders = found.folders.iter().flat_map(|folder| &folder.kustomizations);
    let in_folders: HashSet<PathBuf> =
        in_folders.flat_map(|it| &it.patches).map(|patch| real(patch)).collect();
    for (kustomization, patches) in found.patches() {
        let others = patches.iter().filter(|patch| !in_folders.contains(&real(patch)));
        skipped::tell_of_patches(kustomization, &others.cloned().collect::<Vec<_>>(), io);
    }
    let files = found.files.into_iter();
    let given = files.map(|file| file.and_then(|(path, origin)| Given::new(path, origin, &mut io.stdin)));
    (given.map(|given| given.map_err(|error| Box::new((&error).into()))).collect(), found.folders)
}

/// What Kustomize builds of each folder, or why it cannot. A folder that several names lead to is built once, by the first of
/// them.
pub(super) fn built(folders: &[String]) -> Vec<Result<Given, Box<Diagnostic>>> {
    let mut seen = HashSet::new();
    let is_first = |folder: &&String| Path::new(folder).canonicalize().map_or(true, |real| seen.insert(real));
    let build = |folder: &String| {
        let Built { file, output } = kustomize::build(folder).map_err(|error| Box::new((&error).into()))?;
        Ok(Given::Built(file, output))
    };
    folders.iter().filter(is_first).map(build).collect()
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
pub(super) fn is_patch(input: &Result<Given, Box<Diagnostic>>) -> bool {
    input.as_ref().is_ok_and(|given| matches!(given.origin(), Origin::Patch(_)))
}

/// Reads the inputs in order and passes the manifests of every part to `each`. Errors are printed and kept in `problems`.
pub(super) fn read(
    inputs: &[Result<Given, Box<Diagnostic>>],
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
    given: &[Result<Given, Box<Diagnostic>>],
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
    inputs: &[Result<Given, Box<Diagnostic>>],
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
fn parts_up_to_the_cluster(input: &Result<Given, Box<Diagnostic>>) -> usize {
    let may_hold = |piece: &Piece| piece.text().is_some_and(Cluster::may_be_in);
    pieces(input).filter(may_hold).last().map_or(0, |piece| piece.position.index + 1)
}

/// The objects of a part that the cluster keeps, each with its place.
fn cluster_objects(piece: Piece) -> Vec<(String, Value)> {
    let kept = piece.read().content.manifests.into_iter();
    let kept = kept.filter(|manifest| Cluster::keeps(manifest.object()));
    kept.map(|manifest| (place(&manifest), Value::from(manifest))).collect()
}
