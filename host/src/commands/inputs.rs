//! The manifests that a command is given.

use std::iter;
use std::num::NonZero;
use std::ops::ControlFlow;

use serde_json::Value;

use crate::Io;
use crate::cluster::Cluster;
use crate::diagnostic::{Diagnostic, Weight};
use crate::exclude::Exclude;
use crate::input::{self, Given, Part};
use crate::manifest::{Manifest, Manifests, manifests_below};
use crate::pipeline;

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

/// The inputs behind `paths`, in order, or why one cannot be read. Streams are read at once, files are not.
pub(super) fn given(paths: &[String], exclude: &Exclude, io: &mut Io) -> Vec<Result<Given, String>> {
    let paths = input::expand(paths, exclude).into_iter();
    let given = paths.map(|path| path.and_then(|path| Given::new(path, &mut io.stdin)));
    given.map(|given| given.map_err(|error| error.to_string())).collect()
}

/// Every manifest of these inputs up to where each could not be read further; what cannot be read is said and noted.
pub(super) fn manifests(inputs: &[Result<Given, String>], io: &Io, problems: &mut Problems) -> Vec<Manifest> {
    parts(inputs, io, problems).into_iter().flat_map(|(_, manifests)| manifests).collect()
}

/// As [`manifests`], with the texts that they stand in.
pub(super) fn parts(
    inputs: &[Result<Given, String>],
    io: &Io,
    problems: &mut Problems,
) -> Vec<(Part, Vec<Manifest>)> {
    let mut all = Vec::new();
    let progress = io.stderr.progress("files read", inputs.len());
    for input in inputs {
        for part in pieces(input) {
            let part = match part {
                Ok(part) => part,
                Err(reason) => {
                    problems.add(Diagnostic::error(reason), io);
                    break;
                }
            };
            let read = manifests_below(part.above, &part.file);
            for problem in diagnostics(&part, &read) {
                problems.add(problem, io);
            }
            all.push((part, read.manifests));
            if read.error.is_some() {
                break;
            }
        }
        progress.step();
    }
    all
}

/// The parts of an input, or why there are none or no more; none of an empty one.
pub(super) fn pieces(input: &Result<Given, String>) -> impl Iterator<Item = Result<Part, String>> {
    let (parts, failure) = match input.as_ref().map_err(Clone::clone).map(Given::parts) {
        Ok(Ok(parts)) => (Some(parts), None),
        Ok(Err(error)) => (None, Some(error.to_string())),
        Err(reason) => (None, Some(reason)),
    };
    let parts = parts.into_iter().flatten().map(|part| part.map_err(|error| error.to_string()));
    parts.chain(failure.map(Err))
}

/// What the manifests of the cluster and the inputs stand for.
pub(super) fn cluster(
    given: Vec<Manifest>,
    inputs: &[Result<Given, String>],
    namespace: &str,
    jobs: NonZero<usize>,
) -> Cluster {
    let mut cluster = Cluster::default();
    for manifest in given {
        cluster.add(manifest.into(), namespace);
    }

    // Most files hold nothing for the cluster, and are not even parsed.
    let mut told = Vec::new();
    let files = inputs.iter().flatten().map(|input| (0, input));
    pipeline::run(
        jobs,
        files,
        |input| (input, vec![input]),
        parts_up_to_the_cluster,
        |input, counts| {
            told.extend(counts.into_iter().filter(|count| *count > 0).map(|count| (input, count)));
            ControlFlow::Continue(())
        },
    );

    let parts = told.into_iter().flat_map(|(input, count)| {
        let parts = input.parts().into_iter().flatten().map_while(Result::ok).take(count);
        parts.zip(first()).map(|(part, is_first)| (part.file.text.len(), (is_first, part)))
    });
    let mut is_whole = true;
    let open = |(is_first, part)| (is_first, vec![part]);
    pipeline::run(
        jobs,
        parts,
        open,
        |part| cluster_objects(&part),
        |is_first, results| {
            is_whole |= is_first;
            for (objects, has_error) in results {
                // What stands behind an error may be meant otherwise.
                if is_whole {
                    for object in objects {
                        cluster.add(object, namespace);
                    }
                    is_whole = !has_error;
                }
            }
            ControlFlow::Continue(())
        },
    );
    cluster
}

/// True for the first one, false for all others.
pub(super) fn first() -> impl Iterator<Item = bool> {
    iter::once(true).chain(iter::repeat(false))
}

/// How many parts of an input there are up to the last one that may hold something for the cluster.
fn parts_up_to_the_cluster(input: &Given) -> usize {
    let parts = input.parts().into_iter().flatten().map_while(Result::ok).zip(1..);
    parts.filter(|(part, _)| Cluster::may_be_in(&part.file.text)).last().map_or(0, |(_, count)| count)
}

/// What of a part stands for the cluster, and whether it could not be read to its end.
fn cluster_objects(part: &Part) -> (Vec<Value>, bool) {
    let Manifests { manifests, error, .. } = manifests_below(part.above, &part.file);
    let kept = manifests.into_iter().filter(|manifest| Cluster::keeps(manifest.object()));
    (kept.map(Value::from).collect(), error.is_some())
}

/// What is odd or wrong with a part of a text.
pub(super) fn diagnostics(part: &Part, read: &Manifests) -> Vec<Diagnostic> {
    let Part { file, above } = part;
    let notes = Diagnostic::of_notes(&file.name, &file.text, &read.notes);
    let error = read.error.as_ref().map(|error| Diagnostic::of_syntax(&file.name, &file.text, error));
    let all = notes.into_iter().chain(error);
    // What stands above may tell that this is a Secret's.
    let is_all_known = *above == 0;
    all.map(|problem| if is_all_known { problem } else { problem.without_line() }).collect()
}
