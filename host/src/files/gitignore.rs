//! What `.gitignore` files ignore.
//!
//! The library matches, but does not read them: it would wait for a named pipe and read a device forever. Git follows no
//! links to these files either.

mod line;

use std::collections::HashMap;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The name of the files.
pub(super) const GITIGNORE: &str = ".gitignore";

/// Bytes of the largest file that is read. The largest ones that people write have a tenth of it.
const MOST: u64 = 64 << 10;

/// Why a file is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unused {
    /// It is larger than the limit
    TooLarge,
    /// It is a link, a folder, a pipe or a device
    NotRegular,
    /// The system refused
    Unreadable,
    /// It has more patterns than can be compiled
    TooComplex,
}

/// What is left out below a folder. All paths are without links.
#[derive(Debug)]
pub(super) struct Ignored {
    /// The highest folder whose file counts; none where that is a repository's
    top: Option<PathBuf>,
    /// The rules of folders that were requested
    known: Mutex<HashMap<PathBuf, Arc<Rules>>>,
    /// Files that are not used
    unused: Mutex<Vec<(PathBuf, Unused)>>,
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
    /// files above the folder may belong to another user, so its own is the highest that counts.
    pub(super) fn below(folder: &Path) -> Self {
        let is_in_repository = folder.ancestors().any(is_root);
        let top = (!is_in_repository).then(|| folder.to_owned());
        Self { top, known: Mutex::default(), unused: Mutex::default() }
    }

    /// Whether a file or folder is left out by its own name. What is in such a folder is not checked.
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

    /// The files that were looked for and are not used, and why.
    pub(super) fn unused(&self) -> Vec<(PathBuf, Unused)> {
        lock(&self.unused).clone()
    }

    /// The rules of a folder's own file.
    fn read(&self, folder: &Path) -> Option<Gitignore> {
        let file = folder.join(GITIGNORE);
        match bytes(&file).and_then(|bytes| bytes.map(|bytes| compile(folder, &bytes)).transpose()) {
            Ok(rules) => rules,
            Err(reason) => {
                lock(&self.unused).push((file, reason));
                None
            }
        }
    }

    fn rules(&self, folder: &Path) -> Arc<Rules> {
        let known = |folder: &Path| lock(&self.known).get(folder).cloned();
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
            let rules = Arc::new(Rules { own: self.read(folder), above });
            lock(&self.known).insert(folder.to_owned(), rules.clone());
            above = Some(rules);
        }
        above.unwrap_or_else(|| Arc::new(Rules { own: None, above: None }))
    }
}

/// Whether a folder is the root of a repository: nothing above it counts there.
fn is_root(folder: &Path) -> bool {
    folder.join(".git").exists() || folder.join(".jj").is_dir()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes of a file; none where there is no file.
fn bytes(path: &Path) -> Result<Option<Vec<u8>>, Unused> {
    let unreadable = |_| Unused::Unreadable;
    // Checked before it is opened, because opening a device can have side effects.
    match path.symlink_metadata() {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        metadata => usable(&metadata.map_err(unreadable)?)?,
    }
    let file = open(path).map_err(unreadable)?;
    // Checked again, because the file may have been replaced.
    usable(&file.metadata().map_err(unreadable)?)?;
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST { Err(Unused::TooLarge) } else { Ok(Some(bytes)) }
}

fn usable(metadata: &Metadata) -> Result<(), Unused> {
    if !metadata.is_file() {
        Err(Unused::NotRegular)
    } else if metadata.len() > MOST {
        Err(Unused::TooLarge)
    } else {
        Ok(())
    }
}

/// Opens a file, but follows no link and waits for no pipe.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;

        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
    options.open(path)
}

/// The rules of a file in this folder. A line that is not a valid pattern is ignored, as Git does.
fn compile(folder: &Path, bytes: &[u8]) -> Result<Gitignore, Unused> {
    let text = String::from_utf8_lossy(bytes);
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.strip_prefix('\u{feff}').unwrap_or(&text).split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if let Some(line) = line::for_library(line) {
            // The error concerns only this line.
            let _ = builder.add_line(None, &line);
        }
    }
    builder.build().map_err(|_| Unused::TooComplex)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    #[cfg(unix)]
    use super::open;
    use super::{Ignored, MOST, Unused};

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
    fn a_link_is_not_followed_even_where_it_replaces_a_file() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &[("real", "*\n"), ("a/x.yaml", "")]);
        for target in ["/dev/zero", "../real"] {
            let link = root.path().join("a/.gitignore");
            std::os::unix::fs::symlink(target, &link).unwrap();
            let ignored = Ignored::below(&root.path().join("a"));
            assert!(!ignored.has(&root.path().join("a/x.yaml"), false));
            assert_eq!(ignored.unused(), [(link.clone(), Unused::NotRegular)]);
            assert!(open(&link).is_err());
            fs::remove_file(link).unwrap();
        }
    }

    #[test]
    fn a_file_is_read_up_to_a_limit() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(".gitignore");
        let most = usize::try_from(MOST).unwrap();
        for (bytes, reason) in [(most, None), (most + 1, Some(Unused::TooLarge))] {
            let mut text = "x.yaml\n#".to_owned();
            text += &"#".repeat(bytes - text.len());
            fs::write(&file, text).unwrap();
            let ignored = Ignored::below(root.path());
            assert_eq!(ignored.has(&root.path().join("x.yaml"), false), reason.is_none());
            assert_eq!(ignored.unused().first().map(|(_, reason)| *reason), reason);
        }
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        let ignored = Ignored::below(root.path());
        assert!(!ignored.has(&root.path().join("x.yaml"), false));
        assert_eq!(ignored.unused(), [(file, Unused::NotRegular)]);
    }
}
