//! A watch over files: a command runs again when a file that it reads has changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::CONFIG_FILE;
use crate::files::atomic_file::UNFINISHED;
use crate::files::folder::{self, Folder};
use crate::files::found;
use crate::files::gitignore::GITIGNORE;
use crate::files::input::is_manifest;
use crate::files::kustomization::{self, is_kustomization};
use crate::files::pattern::is_pattern;
use crate::files::search::Search;

/// Changes that follow each other this closely are one: an editor that saves, a checkout.
const SETTLED: Duration = Duration::from_millis(100);

/// Interval at which a watch without changes checks whether it has ended.
const ASKED: Duration = Duration::from_secs(1);

/// Why there is nothing to watch.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// Standard input is there only once
    #[error("standard input cannot be watched: name files or folders")]
    Stdin,
    /// The system cannot watch (more) files
    #[error("{path}: cannot be watched: {source}")]
    System {
        /// The folder
        path: String,
        /// The reason
        source: notify::Error,
    },
}

/// What is watched.
#[derive(Debug, Default)]
pub struct Watched {
    /// Files, and the files with which an editor replaces them
    files: BTreeSet<PathBuf>,
    /// Folders that were named
    folders: BTreeSet<PathBuf>,
    /// Patterns, whose matches are read
    patterns: BTreeSet<String>,
    /// Folders in which a pattern may match anything
    pattern_folders: BTreeSet<PathBuf>,
    /// Folders that Kustomize builds
    built: BTreeSet<PathBuf>,
    /// Files that the work writes itself
    written: BTreeSet<PathBuf>,
    /// How folders that were named are searched; none where everything in them counts
    search: Option<Search>,
}

impl Watched {
    /// Adds a file, a folder, or a pattern, for which the folder of its matches is watched.
    ///
    /// # Errors
    /// - `-`
    pub fn add(&mut self, path: &Path) -> Result<(), WatchError> {
        if path.as_os_str() == "-" {
            return Err(WatchError::Stdin);
        }
        if path.is_dir() {
            self.folders.insert(absolute(path));
        } else if path.exists() || !is_pattern(path.as_os_str().to_string_lossy().as_ref()) {
            self.files.insert(absolute(path));
        } else {
            let is_plain = |part: &&Path| !is_pattern(&part.as_os_str().to_string_lossy());
            let folder = path.ancestors().find(is_plain).unwrap_or(Path::new(""));
            self.pattern_folders.insert(absolute(folder));
            self.patterns.insert(path.to_string_lossy().into_owned());
        }
        Ok(())
    }

    /// Adds a folder that Kustomize builds, with the files that it reads.
    pub fn add_built(&mut self, folder: &Path) {
        self.built.insert(absolute(folder));
    }

    /// Watches in folders what this search finds there.
    pub fn search(&mut self, search: Search) {
        self.search = Some(search);
    }

    /// Skips a file that the work writes, which would trigger it again.
    pub fn leave_out(&mut self, path: &Path) {
        self.written.insert(absolute(path));
    }

    /// Starts watching. Called before each run, because folders come and go and no change may be missed.
    ///
    /// # Errors
    /// - the system cannot watch (more) files
    pub fn arm(&self) -> Result<Armed, WatchError> {
        let (sender, events) = channel();
        let failed = |path: &Path, source| WatchError::System { path: path.display().to_string(), source };
        let mut watcher =
            notify::recommended_watcher(sender).map_err(|source| failed(Path::new("."), source))?;
        let mut known = BTreeSet::new();
        loop {
            let seen = self.look();
            let new: Vec<&Path> =
                self.watched_folders(&seen).filter(|folder| known.insert(folder.to_path_buf())).collect();
            if new.is_empty() {
                return Ok(Armed { _watcher: watcher, events, seen });
            }
            // Watch folder by folder, so that skipped folders are not watched, however large they are.
            for folder in new {
                watch(&mut watcher, folder).map_err(|source| failed(folder, source))?;
            }
            // Look again: files that came before the watch began were not noticed.
        }
    }

    /// The contents of the folders.
    fn look(&self) -> Seen {
        let everything = |exclude| Search { exclude, ..Search::everything() };
        let all = everything(self.search.as_ref().map(|search| search.exclude.clone()).unwrap_or_default());
        let named = self.folders.iter().map(|folder| (folder, self.search.as_ref().unwrap_or(&all)));
        let searches = named.chain(self.pattern_folders.iter().map(|folder| (folder, &all)));
        let files = self.built.iter().flat_map(|folder| kustomization::sources(folder)).collect();
        let mut seen = Seen { files, ..Seen::default() };
        for (path, search) in searches {
            let Folder { files, mut visited, .. } = folder::search(path, search);
            seen.files.extend(files.into_iter().flatten().map(|file| file.real));
            seen.folders.append(&mut visited);
        }
        // By links they may lie elsewhere.
        let patterns: Vec<String> = self.patterns.iter().cloned().collect();
        let matches = found::find(&patterns, self.search.as_ref().unwrap_or(&all));
        let files = matches.files.into_iter().flatten();
        seen.files.extend(files.filter_map(|(path, _)| path.canonicalize().ok()));
        seen.folders.extend(matches.folders.into_iter().flat_map(|folder| folder.visited));
        seen
    }

    /// The folders whose events report changes: the replacement of a file is reported only for its folder.
    fn watched_folders<'a>(&'a self, seen: &'a Seen) -> impl Iterator<Item = &'a Path> {
        let parents = self.files.iter().chain(&seen.files).filter_map(|file| file.parent());
        seen.folders.iter().map(PathBuf::as_path).chain(parents)
    }

    /// Waits for changes, and until nothing changes any more; `None` where the watch is over before.
    //
    // Not by notify-debouncer-full or -mini: they wait for each path on its own, so a checkout would be several changes.
    pub fn wait(&self, armed: &Armed, is_over: impl Fn() -> bool) -> Option<BTreeSet<PathBuf>> {
        let mut changed = BTreeSet::new();
        loop {
            if changed.is_empty() && is_over() {
                return None;
            }
            match armed.events.recv_timeout(if changed.is_empty() { ASKED } else { SETTLED }) {
                Ok(Ok(event)) if is_change(event.kind) => {
                    changed
                        .extend(event.paths.into_iter().filter(|path| self.may_concern(path, &armed.seen)));
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => {
                    let changed = self.concerning(std::mem::take(&mut changed), &armed.seen);
                    if !changed.is_empty() {
                        return Some(changed);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Some(changed),
            }
        }
    }

    /// Whether a changed path may belong to the files that are read. Only a search shows whether it does.
    fn may_concern(&self, path: &Path, seen: &Seen) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(UNFINISHED) || name == CONFIG_FILE || self.written.contains(path) {
            return false;
        }
        let is_in_folder = path.parent().is_some_and(|folder| seen.folders.contains(folder));
        self.files.contains(path)
            || seen.files.contains(path)
            || seen.folders.contains(path)
            || is_in_folder
                && (is_manifest(path) || steers_search(path) || path.is_symlink() || path.is_dir())
    }

    /// The changes to files that are read.
    fn concerning(&self, changed: BTreeSet<PathBuf>, before: &Seen) -> BTreeSet<PathBuf> {
        if changed.is_empty() {
            return changed;
        }
        let now = self.look();
        let is_other = now != *before;
        let is_read = |path: &PathBuf| {
            self.files.contains(path) || before.files.contains(path) || now.files.contains(path)
        };
        changed.into_iter().filter(|path| is_other || is_read(path) || steers_search(path)).collect()
    }
}

/// The contents of folders, and of folders that Kustomize builds, by paths without links.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

/// A watch that receives events.
#[derive(Debug)]
pub struct Armed {
    _watcher: RecommendedWatcher,
    events: Receiver<notify::Result<notify::Event>>,
    seen: Seen,
}

/// A missing folder is looked for again after the next change.
fn watch(watcher: &mut RecommendedWatcher, path: &Path) -> notify::Result<()> {
    if path.is_dir() { watcher.watch(path, RecursiveMode::NonRecursive) } else { Ok(()) }
}

/// Whether a file decides which others are read, as `.gitignore` does.
fn steers_search(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == GITIGNORE) || is_kustomization(path)
}

fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Remove(_) | EventKind::Any => true,
        EventKind::Modify(kind) => !matches!(kind, ModifyKind::Metadata(_)),
        EventKind::Access(_) | EventKind::Other => false,
    }
}

/// As the system's events name it: links in the folder followed, the file itself by its own name.
fn absolute(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.canonicalize().unwrap_or_else(|_| path.to_owned());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name))
}
