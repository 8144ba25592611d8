//! The file that will be replaced. It stays open from the comparison to the renaming, so that a link or a folder that is
//! swapped in between does not lead to another file.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::path::Path;

/// A file, and on Unix the folder that it was opened in.
pub(super) struct Original {
    file: File,
    #[cfg(unix)]
    folder: std::os::fd::OwnedFd,
}

impl Original {
    /// Opens the file at a path that ends in no link.
    #[cfg(unix)]
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        use rustix::fs::{CWD, Mode, OFlags, openat};

        let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let folder = openat(CWD, super::folder_of(path), flags | OFlags::DIRECTORY, Mode::empty())?;
        let file = openat(&folder, name, flags | OFlags::NOFOLLOW | OFlags::NONBLOCK, Mode::empty())?;
        Ok(Self { file: file.into(), folder })
    }

    /// Opens the file at a path that ends in no link.
    #[cfg(not(unix))]
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::open(path)? })
    }

    pub(super) fn metadata(&self) -> io::Result<fs::Metadata> {
        self.file.metadata()
    }

    /// Whether it has these bytes.
    pub(super) fn holds(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let mut now = Vec::with_capacity(bytes.len());
        self.file.rewind()?;
        // One more, to see whether there is more.
        self.file.by_ref().take(bytes.len() as u64 + 1).read_to_end(&mut now)?;
        Ok(now == bytes)
    }

    /// Renames `new`, a file in the same folder, to the name at `path`; false if that is another file now.
    #[cfg(unix)]
    pub(super) fn replace_by(&self, new: &Path, path: &Path) -> io::Result<bool> {
        use rustix::fs::{AtFlags, fstat, renameat, statat};

        let (Some(new), Some(name)) = (new.file_name(), path.file_name()) else { return Ok(false) };
        let (own, there) = (fstat(&self.file)?, statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW)?);
        if (own.st_dev, own.st_ino) != (there.st_dev, there.st_ino) {
            return Ok(false);
        }
        renameat(&self.folder, new, &self.folder, name)?;
        Ok(true)
    }

    /// Renames `new` to the name at `path`.
    #[cfg(not(unix))]
    pub(super) fn replace_by(&self, new: &Path, path: &Path) -> io::Result<bool> {
        fs::rename(new, path).map(|()| true)
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::Original;

    #[test]
    fn a_file_or_folder_that_was_swapped_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let swap_file = || {
            fs::remove_file(at("deploy/pod.yaml")).unwrap();
            symlink(at("elsewhere/pod.yaml"), at("deploy/pod.yaml")).unwrap();
        };
        let swap_folder = || {
            fs::rename(at("deploy"), at("moved")).unwrap();
            symlink(at("elsewhere"), at("deploy")).unwrap();
        };
        for swap in [&swap_file as &dyn Fn(), &swap_folder] {
            for name in ["deploy", "elsewhere"] {
                fs::create_dir_all(at(name)).unwrap();
                fs::write(at(name).join("pod.yaml"), name).unwrap();
            }
            let original = Original::open(&at("deploy/pod.yaml")).unwrap();
            swap();
            // Written by the path, as the command does it.
            fs::write(at("deploy/new"), "new").unwrap();
            let replaced = original.replace_by(&at("deploy/new"), &at("deploy/pod.yaml"));
            assert!(!matches!(replaced, Ok(true)), "{replaced:?}");
            assert_eq!(fs::read_to_string(at("elsewhere/pod.yaml")).unwrap(), "elsewhere");
            for name in ["deploy", "moved"] {
                let _ = fs::remove_file(at(name)).or_else(|_| fs::remove_dir_all(at(name)));
            }
        }
    }
}
