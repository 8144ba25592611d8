//! Files that are written only where nothing has their name yet.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Which file could not be created, and why.
#[derive(Debug, thiserror::Error)]
#[error("{file}")]
pub struct CreateError {
    /// The file
    pub file: String,
    /// Why
    #[source]
    pub reason: io::Error,
}

/// Creates these files, or none of them. A link with such a name counts as a file, also where it leads to nothing.
///
/// # Errors
/// - a file of that name exists, or cannot be written
pub fn create_all(files: &[(&Path, &str)]) -> Result<(), CreateError> {
    let mut created: Vec<&Path> = Vec::new();
    for (path, text) in files {
        let opened = File::options().write(true).create_new(true).open(path);
        let written = opened.and_then(|mut file| {
            created.push(path);
            file.write_all(text.as_bytes())
        });
        if let Err(reason) = written {
            // Only files that this call has created.
            for path in created {
                // What cannot be removed cannot be written either, which is reported.
                let _ = fs::remove_file(path);
            }
            return Err(CreateError { file: path.display().to_string(), reason });
        }
    }
    Ok(())
}

/// Whether anything has this name.
pub fn is_taken(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{create_all, is_taken};

    #[test]
    fn what_is_there_stays_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("b"), "theirs").unwrap();
        let (a, b) = (at("a"), at("b"));
        let error = create_all(&[(&a, "ours"), (&b, "ours")]).unwrap_err();
        assert_eq!(error.reason.kind(), std::io::ErrorKind::AlreadyExists);
        assert!(!a.exists() && fs::read_to_string(&b).unwrap() == "theirs");
        create_all(&[(&a, "ours"), (&at("c"), "")]).unwrap();
        assert_eq!(fs::read_to_string(&a).unwrap(), "ours");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
        assert!(is_taken(&link) && create_all(&[(&link, "ours")]).is_err());
        assert!(!folder.path().join("elsewhere").exists() && link.is_symlink());
    }
}
