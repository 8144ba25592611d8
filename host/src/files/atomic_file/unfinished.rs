//! Temporary files next to their destination until they are complete.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::{Builder, NamedTempFile};

use super::original::Original;
use super::{folder_of, resemble};
use crate::text::reason_of;

/// What the names of unfinished files begin with.
pub const UNFINISHED: &str = ".acr-pull-secret-";

/// What they end with. Between both are as many letters and digits as [`tempfile`] chooses.
pub const ENDING: &str = ".tmp";
const CHOSEN: usize = 6;

/// The temporary files that exist. The lock is held while one is made, renamed or removed, so that the list is complete.
static WRITTEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Folders that were searched for left-over files.
static SEARCHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes the unfinished files of commands that were killed, once in each folder. Those of a command that still runs are
/// locked, or younger than the moment between their creation and their lock.
pub fn remove_left_over(folder: &Path) {
    const YOUNG: Duration = Duration::from_secs(10);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if !SEARCHED.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned()) {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        let is_old = metadata.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > YOUNG));
        if is_unfinished(&entry.file_name().to_string_lossy()) && metadata.is_file() && is_old {
            // A file that cannot be removed is left; nothing depends on it.
            let is_unlocked = File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
            let _ = is_unlocked.then(|| fs::remove_file(entry.path()));
        }
    }
}

fn is_unfinished(name: &str) -> bool {
    let chosen = name.strip_prefix(UNFINISHED).and_then(|rest| rest.strip_suffix(ENDING));
    chosen.is_some_and(|chosen| chosen.len() == CHOSEN && chosen.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Removes all unfinished files, for a command that is about to end. While the caller holds the result, no other thread
/// begins or finishes a file.
#[must_use]
pub fn abandon() -> Abandoned {
    let written = written();
    for path in written.iter() {
        // The command ends, so an error is not reported.
        let _ = fs::remove_file(path);
    }
    Abandoned { _written: written }
}

/// As long as this lives, no file appears or changes.
#[derive(Debug)]
pub struct Abandoned {
    _written: MutexGuard<'static, BTreeSet<PathBuf>>,
}

pub(super) fn written() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    WRITTEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names the folder, because the library's error names the temporary file, which the user does not know.
fn of_folder(folder: &Path, error: &io::Error) -> io::Error {
    let reason = folder.metadata().err().unwrap_or_else(|| error.kind().into());
    io::Error::new(error.kind(), format!("folder {}: {}", folder.display(), reason_of(&reason)))
}

/// A temporary file next to its destination.
pub(super) struct Unfinished {
    /// `None` once it has been moved
    file: Option<NamedTempFile>,
}

impl Unfinished {
    /// Creates a file next to `path`, for its owner alone where no permissions are given.
    pub(super) fn beside(path: &Path, permissions: Option<Permissions>) -> io::Result<Self> {
        let folder = folder_of(path);
        remove_left_over(folder);
        let mut builder = Builder::new();
        builder.prefix(UNFINISHED).suffix(ENDING);
        if let Some(permissions) = permissions {
            builder.permissions(permissions);
        }
        let mut written = written();
        let file = builder.tempfile_in(folder).map_err(|error| of_folder(folder, &error))?;
        // As long as it is locked, no other command mistakes it for a left-over file. Not every file system has locks.
        let _ = file.as_file().try_lock();
        written.insert(file.path().to_owned());
        Ok(Self { file: Some(file) })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.as_file_mut().write(bytes))
    }

    /// Gives the file the owner and permissions of the old file, and writes all of it to the disk.
    pub(super) fn complete(&self, old: Option<&fs::Metadata>) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        if let Some(old) = old {
            resemble(file.as_file(), old)?;
        }
        file.as_file().sync_all()
    }

    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.as_file_mut().write_all(bytes))
    }

    /// Replaces `original`, which is at `path`; false if its text is no longer `old`, or if it is another file now.
    pub(super) fn replace(mut self, original: &mut Original, old: &[u8], path: &Path) -> io::Result<bool> {
        // An editor may have saved into the same file.
        if !original.holds(old)? {
            return Ok(false);
        }
        let Some(file) = self.file.take() else { return Ok(false) };
        let mut written = written();
        let is_replaced = original.replace_by(file.path(), path);
        written.remove(file.path());
        if matches!(is_replaced, Ok(true)) {
            // It has another name now.
            let _ = file.keep();
        } else {
            // While the lock is held: an interrupt in between would leave the file behind.
            drop(file);
        }
        is_replaced
    }

    pub(super) fn persist(mut self, path: &Path) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let mut written = written();
        written.remove(file.path());
        file.persist(path)?;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            let mut written = written();
            written.remove(file.path());
            // While the lock is held: an interrupt in between would leave the file behind.
            drop(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    use super::{ENDING, UNFINISHED, remove_left_over};

    #[test]
    fn what_a_killed_command_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            (format!("{UNFINISHED}aB3dE6{ENDING}"), true),
            (format!("{UNFINISHED}held12{ENDING}"), false),
            (format!("{UNFINISHED}young1{ENDING}"), false),
            (format!("{UNFINISHED}aB3dE6"), false),
            (format!("{UNFINISHED}notes{ENDING}"), false),
            ("pod.yaml".to_owned(), false),
        ];
        for (name, _) in &names {
            let file = File::create(folder.path().join(name)).unwrap();
            let age = if name.contains("young") { 0 } else { 3600 };
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        let held = File::open(folder.path().join(&names[1].0)).unwrap();
        held.lock().unwrap();
        remove_left_over(folder.path());
        for (name, is_gone) in &names {
            assert_eq!(!folder.path().join(name).exists(), *is_gone, "{name}");
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), names.len() - 1);
    }
}
