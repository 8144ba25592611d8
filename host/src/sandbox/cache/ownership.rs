//! Files and folders that only this user could have written.
//!
//! A checkout brings files of other modes than ours (git writes 0644 and 0755), but under a umask of 077 it brings the same:
//! ownership says that no other *user* wrote a file, and the key says that no other program did.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Creates a folder, and those above it, for this user alone.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, FOLDER);
    builder.create(path)
}

/// The canonical path of a folder that is not a link, that only this user may open, and that no other user can replace.
///
/// # Errors
/// - one of these is not true
pub(super) fn folder(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else { return Err(refused()) };
    let folder = above.canonicalize()?.join(name);
    let metadata = folder.symlink_metadata()?;
    if !metadata.is_dir() || !is_private(&metadata, FOLDER) {
        return Err(refused());
    }
    for above in folder.ancestors().skip(1) {
        if !is_safe_above(&above.symlink_metadata()?) {
            return Err(refused());
        }
    }
    Ok(folder)
}

/// The content of a file that belongs to this user alone and is no longer than `most`.
pub(super) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // The metadata are those of the opened file, because it may be replaced.
    let mut file = open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || !is_private(&metadata, FILE) || metadata.len() > most {
        return Err(refused());
    }
    let mut bytes = Vec::new();
    file.by_ref().take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a version control system may have created the folder: it, or a folder above it, is a work tree.
pub(super) fn is_in_work_tree(folder: &Path) -> bool {
    let has = |above: &Path, name: &str| above.join(name).symlink_metadata().is_ok();
    folder.ancestors().any(|above| WORK_TREES.iter().any(|name| has(above, name)))
}

/// What a work tree has in its root folder.
const WORK_TREES: [&str; 4] = [".git", ".hg", ".jj", ".svn"];

const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;

fn refused() -> io::Error {
    io::ErrorKind::PermissionDenied.into()
}

#[cfg(unix)]
pub(super) use unix::is_ours;
#[cfg(unix)]
use unix::{is_private, is_safe_above, open};

#[cfg(unix)]
mod unix {
    use std::fs::{File, Metadata};
    use std::io;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;

    use rustix::fs::{Mode, OFlags};

    /// Whether its owner is the user that this program acts as.
    pub(in super::super) fn is_ours(metadata: &Metadata) -> bool {
        metadata.uid() == user()
    }

    pub(super) fn is_private(metadata: &Metadata, mode: u32) -> bool {
        has_mode(metadata.uid(), metadata.mode(), mode, user())
    }

    pub(super) fn is_safe_above(metadata: &Metadata) -> bool {
        is_closed(metadata.uid(), metadata.mode(), user())
    }

    /// Opens a file that is not a link, without waiting for the other end of a pipe.
    pub(super) fn open(path: &Path) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
    }

    fn user() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    /// Whether it has this owner and exactly these permissions.
    fn has_mode(owner: u32, mode: u32, wanted: u32, user: u32) -> bool {
        const PERMISSIONS: u32 = 0o777;
        owner == user && mode & PERMISSIONS == wanted
    }

    /// Whether only `user` and root can replace what is in a folder with this owner and mode. In a folder with the
    /// sticky bit, such as /tmp, others cannot.
    fn is_closed(owner: u32, mode: u32, user: u32) -> bool {
        const ROOT: u32 = 0;
        const OTHERS_MAY_WRITE: u32 = 0o022;
        const STICKY: u32 = 0o1000;
        [ROOT, user].contains(&owner) && (mode & OTHERS_MAY_WRITE == 0 || mode & STICKY != 0)
    }

    #[cfg(test)]
    mod tests {
        use super::{has_mode, is_closed};

        #[test]
        fn a_file_is_ours_by_its_owner_and_exactly_our_mode() {
            for (owner, mode, user, ours) in [
                (1000, 0o100_600, 1000, true),
                (0, 0o100_600, 0, true),
                (1000, 0o100_644, 1000, false),
                (1000, 0o100_640, 1000, false),
                (1000, 0o100_400, 1000, false),
                (1000, 0o100_700, 1000, false),
                (1000, 0o100_602, 1000, false),
                (0, 0o100_600, 1000, false),
                (1000, 0o100_600, 0, false),
                (1001, 0o100_600, 1000, false),
            ] {
                assert_eq!(has_mode(owner, mode, 0o600, user), ours, "{mode:o} of {owner} for {user}");
            }
        }

        #[test]
        fn a_folder_above_is_closed_to_all_but_the_user_and_root() {
            for (owner, mode, user, closed) in [
                (0, 0o40_755, 1000, true),
                (1000, 0o40_755, 1000, true),
                (1000, 0o40_700, 1000, true),
                (0, 0o41_777, 1000, true),
                (0, 0o40_777, 1000, false),
                (1000, 0o40_775, 1000, false),
                (1000, 0o40_757, 1000, false),
                (1001, 0o40_755, 1000, false),
                (1001, 0o41_777, 1000, false),
                (1000, 0o40_755, 0, false),
            ] {
                assert_eq!(is_closed(owner, mode, user), closed, "{mode:o} of {owner} for {user}");
            }
        }
    }
}

/// The system's folders for a user are closed to others.
#[cfg(not(unix))]
fn is_private(_: &fs::Metadata, _: u32) -> bool {
    true
}

#[cfg(not(unix))]
fn is_safe_above(_: &fs::Metadata) -> bool {
    true
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<fs::File> {
    fs::File::open(path)
}
