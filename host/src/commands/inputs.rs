//! The manifests that a command is given.

use std::path::PathBuf;
use std::sync::Arc;

use crate::Io;
use crate::diagnostic::{Diagnostic, Weight};
use crate::exclude::Exclude;
use crate::input::{self, SourceFile};
use crate::manifest::{Manifest, manifests};

/// What is odd or wrong with the files that were read.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// In the order in which they were found
    pub(super) all: Vec<Diagnostic>,
    /// Files that could not be read at all
    pub(super) unread: Vec<PathBuf>,
}

impl Problems {
    /// Whether every file was read to its end.
    pub(super) fn is_complete(&self) -> bool {
        self.all.iter().all(|problem| problem.weight != Weight::Error)
    }

    fn add(&mut self, problem: Diagnostic, io: &Io) {
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
    /// Whether all of it could be read
    pub(super) is_whole: bool,
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

/// Reads manifests file by file; what cannot be read is said and noted.
pub(super) fn files(paths: &[String], exclude: &Exclude, io: &mut Io, problems: &mut Problems) -> Vec<Input> {
    let mut all = Vec::new();
    let paths = input::expand(paths, exclude);
    let progress = io.stderr.progress("files read", paths.len());
    for path in paths {
        let read = path.and_then(|path| match input::read(&path, &mut io.stdin) {
            Ok(file) => Ok((path, file)),
            Err(error) => {
                problems.unread.push(path);
                Err(error)
            }
        });
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
    let (manifests, notes, error) = manifests(&file);
    for note in Diagnostic::of_notes(&file.name, &file.text, &notes) {
        problems.add(note, io);
    }
    if let Some(error) = &error {
        problems.add(Diagnostic::of_syntax(&file.name, &file.text, error), io);
    }
    Input { path, file, manifests, is_whole: error.is_none() }
}
