//! Files that are written whole or not at all: beside their place first, then renamed.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::{Builder, NamedTempFile};

/// What the names of unfinished files begin with.
pub const UNFINISHED: &str = ".acr-pull-secret-";

/// The files that are being written beside their place. Held only while one is made, renamed or removed, so that none
/// is ever there without being known.
static WRITTEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Who may read a file that is new. One that exists keeps its permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone
    Private,
    /// Whoever the user's umask lets
    Shared,
}

/// Writes `contents` to `path`, through links. Whenever this stops, the file is the old one or the new one.
///
/// # Errors
/// - the folder or the device cannot be written
pub fn save(path: &Path, contents: &[u8], access: Access) -> io::Result<()> {
    // A link stays a link, and a device a device.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let old = path.metadata().ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        return fs::write(path, contents);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = Builder::new();
    builder.prefix(UNFINISHED);
    if let Some(permissions) = permissions_of_new(access) {
        builder.permissions(permissions);
    }
    let file = Unfinished::new(&builder, folder)?;
    file.write(contents, old.as_ref())?;
    file.persist(&path)
}

/// Removes what has been written of unfinished files, for a command that is about to be ended. Whoever holds the answer
/// keeps every other thread from beginning or finishing a file.
#[must_use]
pub fn abandon() -> Abandoned {
    let written = written();
    for path in written.iter() {
        // Nobody is left to tell.
        let _ = fs::remove_file(path);
    }
    Abandoned { _written: written }
}

/// As long as this lives, no file appears or changes.
#[derive(Debug)]
pub struct Abandoned {
    _written: MutexGuard<'static, BTreeSet<PathBuf>>,
}

fn written() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    WRITTEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file beside its place.
struct Unfinished {
    /// `None` once it is in its place
    file: Option<NamedTempFile>,
}

impl Unfinished {
    fn new(builder: &Builder<'_, '_>, folder: &Path) -> io::Result<Self> {
        let mut written = written();
        // The library's error names the passing file, which tells nobody anything.
        let file = builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))?;
        written.insert(file.path().to_owned());
        Ok(Self { file: Some(file) })
    }

    fn write(&self, contents: &[u8], old: Option<&fs::Metadata>) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        file.as_file().write_all(contents)?;
        if let Some(old) = old {
            resemble(file.as_file(), old)?;
        }
        file.as_file().sync_all()
    }

    fn persist(mut self, path: &Path) -> io::Result<()> {
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

/// What the umask is taken from; `None` for the library's own choice, the owner alone.
#[cfg(unix)]
fn permissions_of_new(access: Access) -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    (access == Access::Shared).then(|| Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn permissions_of_new(_: Access) -> Option<Permissions> {
    None
}

fn resemble(file: &File, old: &fs::Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        // Only root may give files away; anybody else's new file is their own.
        let _ = fchown(file, Some(old.uid()), Some(old.gid()));
    }
    file.set_permissions(old.permissions())
}
