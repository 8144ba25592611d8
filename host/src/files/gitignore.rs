//! What `.gitignore` files leave out.
//!
//! The library matches, but does not read them: it would wait for a named pipe and read a device for ever. Git follows no
//! links to these files either.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::input;

/// The name of the files.
pub(super) const GITIGNORE: &str = ".gitignore";

/// Bytes of the largest one that is read: nobody writes more.
const MOST: u64 = 1 << 20;

/// What is left out below a folder. All paths are without links.
#[derive(Debug)]
pub(super) struct Ignored {
    /// The highest folder whose file counts; none where that is a repository's
    top: Option<PathBuf>,
    /// The rules of folders that were asked for
    known: Mutex<HashMap<PathBuf, Arc<Rules>>>,
}

/// The rules that count in a folder.
#[derive(Debug)]
struct Rules {
    /// Those of its own file
    own: Option<Gitignore>,
    /// Those of the folder above, where they count
    above: Option<Arc<Rules>>,
}

impl Ignored {
    /// What is left out below this folder: by the files up to the root of its repository. Where there is no repository, the
    /// files above the folder may be anybody's, so its own is the highest that counts.
    pub(super) fn below(folder: &Path) -> Self {
        let is_in_repository = folder.ancestors().any(is_root);
        let top = (!is_in_repository).then(|| folder.to_owned());
        Self { top, known: Mutex::default() }
    }

    /// Whether a file or folder is left out by its own name. What is in such a folder is not asked for.
    pub(super) fn has(&self, path: &Path, is_folder: bool) -> bool {
        let Some(folder) = path.parent() else { return false };
        let mut rules = Some(self.rules(folder));
        while let Some(Rules { own, above }) = rules.as_deref() {
            match own.as_ref().map_or(Match::None, |own| own.matched(path, is_folder)) {
                Match::None => rules = above.clone(),
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        false
    }

    fn rules(&self, folder: &Path) -> Arc<Rules> {
        let known =
            |folder: &Path| self.known.lock().unwrap_or_else(PoisonError::into_inner).get(folder).cloned();
        if let Some(rules) = known(folder) {
            return rules;
        }
        // From the highest one down, because a path may have any number of parts.
        let mut unknown = Vec::new();
        let mut above = None;
        for folder in folder.ancestors() {
            above = known(folder);
            if above.is_some() {
                break;
            }
            unknown.push(folder);
            if self.top.as_deref() == Some(folder) || is_root(folder) {
                break;
            }
        }
        for folder in unknown.into_iter().rev() {
            let rules = Arc::new(Rules { own: read(folder), above });
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(folder.to_owned(), rules.clone());
            above = Some(rules);
        }
        above.unwrap_or_else(|| Arc::new(Rules { own: None, above: None }))
    }
}

/// Whether a folder is the root of a repository: nothing above it counts there.
fn is_root(folder: &Path) -> bool {
    folder.join(".git").exists() || folder.join(".jj").is_dir()
}

/// The rules of a folder's own file; a line that is none counts as little as for Git.
fn read(folder: &Path) -> Option<Gitignore> {
    let file = folder.join(GITIGNORE);
    let is_read = file.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MOST);
    let bytes = input::bytes(&file).ok().filter(|_| is_read)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.trim_start_matches('\u{feff}').lines() {
        // The error is of this line alone.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::Ignored;

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (file, text) in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn the_nearest_rule_counts_up_to_the_repository() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        write(
            root.path(),
            &[
                (".gitignore", "*\n"),
                ("a/.git/HEAD", ""),
                ("a/.gitignore", "\u{feff}*.yaml\r\nbuild/\n/top\n[\n!kept.yaml\n"),
                ("a/b/.gitignore", "!b.yaml\n"),
                ("a/b/inner/.git", "gitdir: elsewhere"),
            ],
        );
        let ignored = Ignored::below(&at("a/b"));
        for (path, is_folder, is_ignored) in [
            ("a/x.yaml", false, true),
            ("a/kept.yaml", false, false),
            ("a/b/b.yaml", false, false),
            ("a/b/c.yaml", false, true),
            ("a/b/c/c.yaml", false, true),
            ("a/b/build", true, true),
            ("a/b/build", false, false),
            ("a/top", false, true),
            ("a/b/top", false, false),
            ("a/b/inner/x.yaml", false, false),
        ] {
            assert_eq!(ignored.has(&at(path), is_folder), is_ignored, "{path}");
        }
    }

    #[test]
    fn without_a_repository_the_named_folders_file_is_the_highest() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        write(root.path(), &[(".gitignore", "*\n"), ("a/.gitignore", "x.yaml\n"), ("a/b/c", "")]);
        let ignored = Ignored::below(&at("a"));
        assert!(ignored.has(&at("a/b/x.yaml"), false) && !ignored.has(&at("a/b/y.yaml"), false));
        assert!(!Ignored::below(&at("a/b")).has(&at("a/b/x.yaml"), false));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_none_is_not_opened() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &[("real", "*\n"), ("a/x.yaml", "")]);
        for target in ["/dev/zero", "../real"] {
            let link = root.path().join("a/.gitignore");
            std::os::unix::fs::symlink(target, &link).unwrap();
            assert!(!Ignored::below(&root.path().join("a")).has(&root.path().join("a/x.yaml"), false));
            fs::remove_file(link).unwrap();
        }
    }
}
