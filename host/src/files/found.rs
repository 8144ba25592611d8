//! The files behind the paths that a command is given.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folder::{self, Folder, FoundFile};
use super::input::InputError;
use super::pattern::{self, is_pattern};
use super::search::Search;

/// Why a file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It was named, by a path or a pattern
    Named,
    /// It lies in a folder that was named
    InFolder,
    /// It lies in such a folder, and this kustomization there names it as a patch
    Patch(Arc<Path>),
    /// It is what Kustomize builds, whose lines are in no file
    Built,
}

/// What there is behind paths.
#[derive(Debug, Default)]
pub struct Found {
    /// Files, `-` as it is, and what cannot be read, in the order of the paths
    pub files: Vec<Result<(PathBuf, Origin), InputError>>,
    /// The folders among the paths; their files are in `files`
    pub folders: Vec<Folder>,
}

/// The files behind `paths`, in order: folders recursively and sorted, patterns expanded, `-` as it is.
pub fn find(paths: &[String], search: &Search) -> Found {
    let mut found = Found::default();
    for path in paths {
        found.add(path, search);
    }
    found
}

/// As [`find`], by their paths only.
pub fn expand(paths: &[String], search: &Search) -> Vec<Result<PathBuf, InputError>> {
    find(paths, search).files.into_iter().map(|file| file.map(|(path, _)| path)).collect()
}

impl Found {
    fn add(&mut self, given: &str, search: &Search) {
        let path = Path::new(given);
        if given == "-" || path.is_file() {
            self.named(path.to_owned());
        } else if path.is_dir() {
            self.folder(path, search);
        } else if path.exists() {
            self.named(path.to_owned());
        } else if is_pattern(given) {
            self.pattern(given, search);
        } else {
            self.files.push(Err(InputError::Missing(given.to_owned())));
        }
    }

    fn named(&mut self, path: PathBuf) {
        self.files.push(Ok((path, Origin::Named)));
    }

    fn folder(&mut self, path: &Path, search: &Search) {
        let mut folder = folder::search(path, search);
        self.files.extend(std::mem::take(&mut folder.files).into_iter().map(|file| {
            let FoundFile { path, patch_of, .. } = file?;
            Ok((path, patch_of.map_or(Origin::InFolder, Origin::Patch)))
        }));
        self.folders.push(folder);
    }

    fn pattern(&mut self, pattern: &str, search: &Search) {
        let matches = match pattern::matches(pattern) {
            Ok(matches) => matches,
            Err(reason) => {
                let pattern = pattern.to_owned();
                self.files.push(Err(InputError::Pattern { pattern, reason }));
                return;
            }
        };
        if matches.is_empty() {
            self.files.push(Err(InputError::Missing(pattern.to_owned())));
        }
        for entry in matches {
            match entry {
                Ok(path) if path.is_dir() => self.folder(&path, search),
                Ok(path) => self.named(path),
                Err(error) => self.files.push(Err(error)),
            }
        }
    }
}
