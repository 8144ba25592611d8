//! The manifests that a command is given.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::Value;

use crate::Io;
use crate::cluster::Cluster;
use crate::diagnostic::{Diagnostic, Weight};
use crate::exclude::Exclude;
use crate::input::{self, Given, SourceFile};
use crate::manifest::{Manifest, Manifests, manifests_below};

/// What is odd or wrong with the files that were read.
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

/// A file, and the manifests in it.
pub(super) struct Input {
    /// Where it was read from
    pub(super) path: PathBuf,
    /// The file
    pub(super) file: Arc<SourceFile>,
    /// What is in it, up to where it could not be read further
    pub(super) manifests: Vec<Manifest>,
}

/// Reads manifests; what cannot be read is said and noted.
pub(super) fn read(
    paths: &[String],
    exclude: &Exclude,
    io: &mut Io,
    problems: &mut Problems,
) -> Vec<Manifest> {
    all_manifests(files(paths, exclude, io, problems))
}

/// What is in these files.
pub(super) fn all_manifests(inputs: Vec<Input>) -> Vec<Manifest> {
    inputs.into_iter().flat_map(|input| input.manifests).collect()
}

/// The inputs behind `paths`, in order, or why one cannot be read. Streams are read at once, files are not.
pub(super) fn given(paths: &[String], exclude: &Exclude, io: &mut Io) -> Vec<Result<Given, String>> {
    let paths = input::expand(paths, exclude).into_iter();
    let given = paths.map(|path| path.and_then(|path| Given::new(path, &mut io.stdin)));
    given.map(|given| given.map_err(|error| error.to_string())).collect()
}

/// What the manifests of the cluster and the inputs stand for.
///
/// # Errors
/// - the system gives no threads
pub(super) fn cluster(
    given: Vec<Input>,
    inputs: &[Result<Given, String>],
    namespace: &str,
    jobs: NonZero<usize>,
) -> Result<Cluster, rayon::ThreadPoolBuildError> {
    let workers = rayon::ThreadPoolBuilder::new().num_threads(jobs.get()).build()?;
    let of_inputs: Vec<Vec<Value>> =
        workers.install(|| inputs.par_iter().flatten().map(cluster_objects).collect());
    let mut cluster = Cluster::default();
    let given = all_manifests(given);
    let given = given.iter().map(Manifest::object);
    given.chain(of_inputs.iter().flatten()).for_each(|object| cluster.add(object, namespace));
    Ok(cluster)
}

/// What of an input stands for the cluster, as far as it can be read: the rest is not even parsed.
fn cluster_objects(input: &Given) -> Vec<Value> {
    let parts = input.parts().into_iter().flatten().map_while(Result::ok);
    let told = parts.filter(|part| Cluster::may_be_in(&part.file.text));
    told.flat_map(|part| manifests_below(part.above, &part.file).manifests)
        .filter(|manifest| Cluster::keeps(manifest.object()))
        .map(|manifest| manifest.object().clone())
        .collect()
}

/// Reads manifests file by file; what cannot be read is said and noted.
pub(super) fn files(paths: &[String], exclude: &Exclude, io: &mut Io, problems: &mut Problems) -> Vec<Input> {
    let mut all = Vec::new();
    let paths = input::expand(paths, exclude);
    let progress = io.stderr.progress("files read", paths.len());
    for path in paths {
        let read = path.and_then(|path| input::read(&path, &mut io.stdin).map(|file| (path, file)));
        match read {
            Ok((path, file)) => all.push(parse(path, file, io, problems)),
            Err(error) => problems.add(Diagnostic::error(error.to_string()), io),
        }
        progress.step();
    }
    all
}

fn parse(path: PathBuf, file: SourceFile, io: &Io, problems: &mut Problems) -> Input {
    let file = Arc::new(file);
    let read = manifests_below(0, &file);
    for problem in diagnostics(&file, &read) {
        problems.add(problem, io);
    }
    Input { path, file, manifests: read.manifests }
}

/// What is odd or wrong with a text.
pub(super) fn diagnostics(file: &SourceFile, read: &Manifests) -> Vec<Diagnostic> {
    let notes = Diagnostic::of_notes(&file.name, &file.text, &read.notes);
    let error = read.error.as_ref().map(|error| Diagnostic::of_syntax(&file.name, &file.text, error));
    notes.into_iter().chain(error).collect()
}
