//! The manifests that a command is given.

use std::path::PathBuf;
use std::sync::Arc;

use crate::Io;
use crate::exclude::Exclude;
use crate::input::{self, SourceFile};
use crate::manifest::{Manifest, manifests};

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

/// Reads manifests; what cannot be read is said and makes `read_all` false.
pub(super) fn read(paths: &[String], exclude: &Exclude, io: &mut Io, read_all: &mut bool) -> Vec<Manifest> {
    files(paths, exclude, io, read_all).into_iter().flat_map(|input| input.manifests).collect()
}

/// Reads manifests file by file; what cannot be read is said and makes `read_all` false.
pub(super) fn files(paths: &[String], exclude: &Exclude, io: &mut Io, read_all: &mut bool) -> Vec<Input> {
    let mut all = Vec::new();
    for path in input::expand(paths, exclude) {
        let read = path.and_then(|path| Ok((input::read(&path, &mut io.stdin)?, path)));
        match read {
            Ok((file, path)) => {
                let input = parse(path, file, io);
                *read_all &= input.is_whole;
                all.push(input);
            }
            Err(error) => {
                io.stderr.line(&format!("error: {error}"));
                *read_all = false;
            }
        }
    }
    all
}

fn parse(path: PathBuf, file: SourceFile, io: &Io) -> Input {
    let file = Arc::new(file);
    let (manifests, notes, error) = manifests(&file);
    for note in notes {
        io.stderr.line(&format!("warning: {}:{}:{}: {}", file.name, note.line, note.column, note.message));
    }
    if let Some(error) = &error {
        let hint = error.hint.as_ref().map(|hint| format!("\n  = help: {hint}")).unwrap_or_default();
        let (line, column) = (error.line, error.column);
        io.stderr.line(&format!("error: {}:{line}:{column}: {}{hint}", file.name, error.message));
    }
    Input { path, file, manifests, is_whole: error.is_none() }
}
