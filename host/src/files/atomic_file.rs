//! Files that are written completely or not at all: first next to their destination, then renamed.

mod original;
mod unfinished;

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use self::original::Original;
use self::unfinished::Unfinished;
pub use self::unfinished::{Abandoned, ENDING, UNFINISHED, abandon, remove_left_over};
use crate::text::reason_of;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone
    Private,
    /// The users that the umask permits, or the permissions of the file that it replaces
    Shared,
}

/// Writes `contents` to `path`, through links. Whenever this stops, the file is the old one or the new one.
///
/// # Errors
/// - the folder, the device or the file that is there cannot be written
pub fn save(path: &Path, contents: &[u8], access: Access) -> io::Result<()> {
    let mut draft = Draft::new(path, access)?;
    draft.write_all(contents)?;
    draft.finish()
}

/// A file that is written piece by piece, and moved to its destination when it is complete.
pub struct Draft(BufWriter<Sink>);

enum Sink {
    /// A device is not replaced
    Device(File),
    Beside {
        file: Unfinished,
        path: PathBuf,
        old: Option<Box<fs::Metadata>>,
    },
}

impl Draft {
    /// Begins the file for `path`.
    ///
    /// # Errors
    /// - the folder, the device or the file that is there cannot be written
    pub fn new(path: &Path, access: Access) -> io::Result<Self> {
        let old = path.metadata().ok();
        // A link stays a link, and a device a device.
        if old.as_ref().is_some_and(|old| !old.is_file()) {
            return Ok(Self(BufWriter::new(Sink::Device(File::create(path)?))));
        }
        let path = destination(path)?;
        if let Some(old) = &old {
            writable(&path, old)?;
        }
        // A replacement is readable only by its owner until it has the owner, the group and the permissions of the old file.
        let file = Unfinished::beside(&path, permissions_of_new(access).filter(|_| old.is_none()))?;
        let old = old.filter(|_| access == Access::Shared).map(Box::new);
        Ok(Self(BufWriter::new(Sink::Beside { file, path, old })))
    }

    /// Moves the file to its destination.
    ///
    /// # Errors
    /// - the rest of it cannot be written, or it cannot be renamed
    pub fn finish(self) -> io::Result<()> {
        match self.0.into_inner().map_err(io::IntoInnerError::into_error)? {
            Sink::Device(_) => Ok(()),
            Sink::Beside { file, path, old } => {
                file.complete(old.as_deref())?;
                file.persist(&path)
            }
        }
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Device(file) => file.write(bytes),
            Self::Beside { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Device(file) => file.flush(),
            Self::Beside { .. } => Ok(()),
        }
    }
}

/// Why a file that was read cannot be rewritten.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// It was removed, or can no longer be read
    #[error("cannot be read again; nothing was written: {}", reason_of(.0))]
    Unreadable(io::Error),
    /// It has changed since it was read
    #[error("has changed since it was read; nothing was written, run this again")]
    Changed,
    /// It, or its folder, cannot be written
    #[error("cannot be written and is unchanged: {}", reason_of(.0))]
    Unwritable(io::Error),
}

/// Replaces the text of a file, unless the file has changed since it was read. Returns how many other hard links the file
/// had: those keep the old text.
///
/// # Errors
/// - the file has changed, is read-only, or cannot be written
pub fn replace(path: &Path, old: &[u8], new: &[u8]) -> Result<u64, ReplaceError> {
    let path = destination(path).map_err(ReplaceError::Unreadable)?;
    let mut original = Original::open(&path).map_err(ReplaceError::Unreadable)?;
    if !original.holds(old).map_err(ReplaceError::Unreadable)? {
        return Err(ReplaceError::Changed);
    }
    let metadata = original.metadata().map_err(ReplaceError::Unreadable)?;
    let draft = || {
        writable(&path, &metadata)?;
        let mut file = Unfinished::beside(&path, None)?;
        file.write_all(new)?;
        file.complete(Some(&metadata))?;
        Ok(file)
    };
    let file = draft().map_err(ReplaceError::Unwritable)?;
    match file.replace(&mut original, old, &path) {
        Ok(true) => Ok(other_names(&metadata)),
        Ok(false) => Err(ReplaceError::Changed),
        Err(error) => Err(ReplaceError::Unwritable(error)),
    }
}

#[cfg(unix)]
fn other_names(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata).saturating_sub(1)
}

#[cfg(not(unix))]
fn other_names(_: &fs::Metadata) -> u64 {
    0
}

/// Where a link leads in the end, whether anything is there or not.
///
/// # Errors
/// - links that lead in a circle
pub fn destination(path: &Path) -> io::Result<PathBuf> {
    // As many as Linux follows.
    const MOST: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST {
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("its links form a loop"))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Checks that the user may write the file itself, because replacing it needs write access to the folder only.
fn writable(path: &Path, old: &fs::Metadata) -> io::Result<()> {
    // Root could write a read-only file, but its owner does not want that.
    if old.permissions().readonly() {
        let message = format!("it is read-only (chmod u+w {} makes it writable)", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    File::options().write(true).open(path).map(drop)
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
        // Only root can change the owner; a new file of another user belongs to that user.
        let _ = fchown(file, Some(old.uid()), Some(old.gid()));
    }
    file.set_permissions(old.permissions())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    #[cfg(target_os = "linux")]
    use std::path::Path;

    use super::unfinished::written;
    use super::{Access, Draft, Original, ReplaceError, Unfinished, replace, save};

    #[test]
    fn what_another_program_saved_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pod.yaml");
        fs::write(&file, "theirs").unwrap();
        assert!(matches!(replace(&file, b"as read", b"ours"), Err(ReplaceError::Changed)));
        assert_eq!(fs::read_to_string(&file).unwrap(), "theirs");
        assert_eq!(replace(&file, b"theirs", b"ours").unwrap(), 0);
        assert_eq!(fs::read_to_string(&file).unwrap(), "ours");
    }

    #[test]
    fn what_an_editor_saved_into_the_same_file_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pod.yaml");
        fs::write(&file, "as read").unwrap();
        let mut original = Original::open(&file).unwrap();
        assert!(original.holds(b"as read").unwrap());
        let draft = Unfinished::beside(&file, None).unwrap();
        fs::write(&file, "theirs").unwrap();
        assert!(!draft.replace(&mut original, b"as read", &file).unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), "theirs");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_to_nothing_yet_stays_a_link() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("second", at("first")).unwrap();
        symlink(at("report.json"), at("second")).unwrap();
        save(&at("first"), b"{}", Access::Shared).unwrap();
        assert!(at("first").is_symlink() && at("second").is_symlink());
        assert_eq!(fs::read(at("report.json")).unwrap(), b"{}");
        symlink("circle", at("circle")).unwrap();
        assert!(save(&at("circle"), b"{}", Access::Shared).is_err());
        assert!(at("circle").is_symlink());
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = save(&folder.path().join("reports/a.json"), b"{}", Access::Shared).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("folder ") && message.contains("reports: "), "{message}");
        assert!(!message.contains(super::UNFINISHED), "{message}");
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_for_its_owner_alone_or_follows_the_umask() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| folder.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
        fs::write(folder.path().join("usual"), "").unwrap();
        for (name, access, expected) in
            [("private", Access::Private, 0o600), ("shared", Access::Shared, mode("usual"))]
        {
            save(&folder.path().join(name), b"", access).unwrap();
            assert_eq!(mode(name), expected, "{name}");
            fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o644)).unwrap();
            save(&folder.path().join(name), b"", access).unwrap();
            assert_eq!(mode(name), if access == Access::Private { 0o600 } else { 0o644 }, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_replacement_can_be_read_only_by_its_owner_before() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        for mode in [0o600, 0o640, 0o644] {
            let file = folder.path().join("pod.yaml");
            fs::write(&file, "old").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let mut draft = Draft::new(&file, Access::Shared).unwrap();
            draft.write_all(b"new").unwrap();
            draft.flush().unwrap();
            let modes: Vec<u32> = fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap())
                .filter(|entry| entry.path() != file)
                .map(|entry| entry.metadata().unwrap().permissions().mode() & 0o777)
                .collect();
            assert_eq!(modes, [0o600]);
            draft.finish().unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_flushed_has_reached_the_device() {
        let mut draft = Draft::new(Path::new("/dev/full"), Access::Shared).unwrap();
        draft.write_all(b"kept until then").unwrap();
        assert_eq!(draft.flush().unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    }

    #[test]
    fn a_draft_that_is_dropped_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let mut draft = Draft::new(&path, Access::Shared).unwrap();
        draft.write_all(&vec![b'x'; 100_000]).unwrap();
        let known = || written().iter().filter(|file| file.starts_with(folder.path())).count();
        assert_eq!(known(), 1, "an interrupt would remove it");
        drop(draft);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        assert_eq!(known(), 0);
    }
}
