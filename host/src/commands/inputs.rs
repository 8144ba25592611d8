//! The manifests that a command is given.

use std::sync::Arc;

use crate::Io;
use crate::input::{self, SourceFile};
use crate::manifest::{Manifest, manifests};

/// Reads manifests; what cannot be read is said and makes `read_all` false.
pub(super) fn read(paths: &[String], io: &mut Io, read_all: &mut bool) -> Vec<Manifest> {
    let mut all = Vec::new();
    for path in input::expand(paths) {
        let file = path.and_then(|path| input::read(&path, &mut io.stdin));
        match file {
            Ok(file) => all.append(&mut parse(file, io, read_all)),
            Err(error) => {
                io.stderr.line(&format!("error: {error}"));
                *read_all = false;
            }
        }
    }
    all
}

fn parse(file: SourceFile, io: &Io, read_all: &mut bool) -> Vec<Manifest> {
    let file = Arc::new(file);
    let (found, notes, error) = manifests(&file);
    for note in notes {
        io.stderr.line(&format!("warning: {}:{}:{}: {}", file.name, note.line, note.column, note.message));
    }
    if let Some(error) = error {
        let hint = error.hint.map(|hint| format!("\n  = help: {hint}")).unwrap_or_default();
        let (line, column) = (error.line, error.column);
        io.stderr.line(&format!("error: {}:{line}:{column}: {}{hint}", file.name, error.message));
        *read_all = false;
    }
    found
}
