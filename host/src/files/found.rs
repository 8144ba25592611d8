//! The files behind the paths that a command is given.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use review::similar_name::similar;

use super::folder::{self, Folder, FoundFile};
use super::input::InputError;
use super::origin::Origin;
use super::patch_above::{KustomizationsAbove, Level};
use super::pattern::{self, is_pattern};
use super::search::{Search, Wanted};

/// The files that paths name.
#[derive(Debug, Default)]
pub struct Found {
    /// Files, `-` as it is, and what cannot be read, in the order of the paths
    pub files: Vec<Result<(PathBuf, Origin), InputError>>,
    /// The folders among the paths; their files are in `files`
    pub folders: Vec<Folder>,
    /// The kustomizations of patches that are not in these folders
    above: KustomizationsAbove,
}

/// The files behind `paths`, in order: folders recursively and sorted, patterns expanded, `-` as it is. A file that several paths
/// lead to is there once, by the first of its names.
pub fn find(paths: &[String], search: &Search) -> Found {
    let mut found = Found::default();
    for path in paths {
        found.add(path, search);
    }
    found.files = once_each(found.files);
    found
}

fn once_each(all: Vec<Result<(PathBuf, Origin), InputError>>) -> Vec<Result<(PathBuf, Origin), InputError>> {
    let mut places = HashMap::new();
    let mut files: Vec<Result<(PathBuf, Origin), InputError>> = Vec::with_capacity(all.len());
    for file in all {
        // A stream may have another end each time.
        let real = file
            .as_ref()
            .ok()
            .filter(|(path, _)| path.is_file())
            .and_then(|(path, _)| path.canonicalize().ok());
        match real.map(|real| places.entry(real)) {
            Some(Entry::Occupied(place)) => {
                // What is not a manifest is skipped in a folder, and is an error where it is named.
                if let (Some(Ok((_, first))), Ok((_, Origin::Named))) = (files.get_mut(*place.get()), file)
                    && *first == Origin::InFolder
                {
                    *first = Origin::Named;
                }
                continue;
            }
            Some(Entry::Vacant(place)) => drop(place.insert(files.len())),
            None => {}
        }
        files.push(file);
    }
    files
}

/// As [`find`], by their paths only.
pub fn expand(paths: &[String], search: &Search) -> Vec<Result<PathBuf, InputError>> {
    find(paths, search).files.into_iter().map(|file| file.map(|(path, _)| path)).collect()
}

impl Found {
    fn add(&mut self, given: &str, search: &Search) {
        let path = Path::new(given);
        if given == "-" {
            self.files.push(Ok((path.to_owned(), Origin::Named)));
        } else if path.is_file() {
            self.named(path.to_owned(), search);
        } else if path.is_dir() {
            self.folder(path, search);
        } else if path.exists() {
            self.named(path.to_owned(), search);
        } else if is_pattern(given) {
            self.pattern(given, search);
        } else {
            let near = beside(path).map(|near| near.display().to_string());
            self.files.push(Err(InputError::Missing { path: given.to_owned(), near }));
        }
    }

    fn named(&mut self, path: PathBuf, search: &Search) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let patch_of = self.patch_of(&path, folder, Level::InOrAbove, search);
        self.files.push(Ok((path, patch_of.map_or(Origin::Named, Origin::Patch))));
    }

    fn patch_of(&mut self, file: &Path, folder: &Path, level: Level, search: &Search) -> Option<Arc<Path>> {
        if search.wanted == Wanted::Manifests { self.above.of(file, folder, level) } else { None }
    }

    /// Patches of kustomizations that are not in the folders that were searched.
    pub fn patches(&self) -> impl Iterator<Item = (&Path, &BTreeSet<PathBuf>)> {
        self.above.patches.iter().map(|(kustomization, patches)| (kustomization.as_path(), patches))
    }

    fn folder(&mut self, path: &Path, search: &Search) {
        let mut folder = folder::search(path, search);
        for file in std::mem::take(&mut folder.files) {
            let file = file.map(|FoundFile { path, patch_of, .. }| {
                let patch_of = patch_of.or_else(|| self.patch_of(&path, &folder.path, Level::Above, search));
                (path, patch_of.map_or(Origin::InFolder, Origin::Patch))
            });
            self.files.push(file);
        }
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
            self.files.push(Err(InputError::Missing { path: pattern.to_owned(), near: None }));
        }
        for entry in matches {
            match entry {
                Ok(path) if path.is_dir() => self.folder(&path, search),
                Ok(path) => self.named(path, search),
                Err(error) => self.files.push(Err(error)),
            }
        }
    }
}

/// The file or folder with the most similar name in the folder of a path.
fn beside(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = folder.read_dir().ok()?.flatten();
    let names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let names = names.iter().map(String::as_str).filter(|name| !name.starts_with('.'));
    let near = *similar(path.file_name()?.to_str()?, names).first()?;
    Some(path.with_file_name(near))
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn a_misspelt_path_is_like_one_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["web.yaml", "deploy", ".webb.yaml"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        for (name, near) in
            [("wbe.yaml", Some("web.yaml")), ("deplyo", Some("deploy")), ("job", None), ("..", None)]
        {
            let found = beside(&folder.path().join(name));
            assert_eq!(found, near.map(|near| folder.path().join(near)), "{name}");
        }
        assert_eq!(beside(&folder.path().join("gone/web.yaml")), None);
    }
}
