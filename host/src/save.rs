//! Files that are written whole or not at all: beside their place first, then renamed.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::Builder;

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
    builder.prefix(".acr-pull-secret-");
    if let Some(permissions) = permissions_of_new(access) {
        builder.permissions(permissions);
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(contents)?;
    if let Some(old) = &old {
        resemble(file.as_file(), old)?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
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
