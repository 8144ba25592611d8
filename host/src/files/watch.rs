//! A watch over files: a work is done anew whenever one that it reads has changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::CONFIG_FILE;
use crate::files::atomic_file::UNFINISHED;
use crate::files::exclude::Exclude;
use crate::files::input::{is_manifest, is_pattern};

/// Changes that follow each other this closely are one: an editor that saves, a checkout.
const SETTLED: Duration = Duration::from_millis(100);

/// How often a watch without changes asks whether it is over.
const ASKED: Duration = Duration::from_secs(1);

/// Why there is nothing to watch.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// Standard input is there only once
    #[error("standard input cannot be watched: name files or folders")]
    Stdin,
    /// The system watches no (more) files
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
    /// Files; what an editor puts in their place counts too
    files: BTreeSet<PathBuf>,
    /// Folders, with all manifests in them
    folders: BTreeSet<PathBuf>,
    /// Files that the work writes itself
    written: BTreeSet<PathBuf>,
    /// What is not read in folders
    exclude: Exclude,
}

impl Watched {
    /// Adds a file, a folder, or a pattern, which stands for the folder that its matches lie in.
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
            self.folders.insert(absolute(folder));
        }
        Ok(())
    }

    /// Leaves out of folders what the work does not read there.
    pub fn exclude(&mut self, exclude: Exclude) {
        self.exclude = exclude;
    }

    /// Leaves out a file that the work writes, which would set it off again.
    pub fn leave_out(&mut self, path: &Path) {
        self.written.insert(absolute(path));
    }

    /// Begins to take notice. Done anew for each work, for folders that came or went; before the work, so that no change is
    /// missed.
    ///
    /// # Errors
    /// - the system watches no (more) files
    pub fn arm(&self) -> Result<Armed, WatchError> {
        let (sender, events) = channel();
        let failed = |path: &Path, source| WatchError::System { path: path.display().to_string(), source };
        let mut watcher =
            notify::recommended_watcher(sender).map_err(|source| failed(Path::new("."), source))?;
        for folder in &self.folders {
            watch(&mut watcher, folder, RecursiveMode::Recursive).map_err(|source| failed(folder, source))?;
        }
        // A file that is replaced by another is seen by its folder only.
        let parents: BTreeSet<&Path> = self.files.iter().filter_map(|file| file.parent()).collect();
        for parent in parents.into_iter().filter(|parent| !self.folders.contains(*parent)) {
            watch(&mut watcher, parent, RecursiveMode::NonRecursive)
                .map_err(|source| failed(parent, source))?;
        }
        Ok(Armed { _watcher: watcher, events })
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
                    changed.extend(event.paths.into_iter().filter(|path| self.concerns(path)));
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) if changed.is_empty() => {}
                Err(_) => return Some(changed),
            }
        }
    }

    fn concerns(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(UNFINISHED) || self.written.contains(path) {
            return false;
        }
        let is_below = |folder: &PathBuf| {
            let parts = path.ancestors().take_while(|part| *part != folder.as_path());
            path.starts_with(folder) && !parts.into_iter().any(|part| self.exclude.has(part))
        };
        self.files.contains(path)
            || (is_manifest(path) || path.is_dir())
                && name != CONFIG_FILE
                && self.folders.iter().any(is_below)
    }
}

/// A watch that takes notice.
#[derive(Debug)]
pub struct Armed {
    _watcher: RecommendedWatcher,
    events: Receiver<notify::Result<notify::Event>>,
}

/// A folder that is gone is looked for again with the next change.
fn watch(watcher: &mut RecommendedWatcher, path: &Path, mode: RecursiveMode) -> notify::Result<()> {
    if path.is_dir() { watcher.watch(path, mode) } else { Ok(()) }
}

fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Remove(_) | EventKind::Any => true,
        EventKind::Modify(kind) => !matches!(kind, ModifyKind::Metadata(_)),
        EventKind::Access(_) | EventKind::Other => false,
    }
}

/// As the system's events name it: links in the folder followed, the file itself as it stands there.
fn absolute(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.canonicalize().unwrap_or_else(|_| path.to_owned());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name))
}
