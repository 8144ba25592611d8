//! Who owns files, and who may write them.

use std::fs::Metadata;

/// Whether every user may write a file, or make files in a folder.
#[cfg(unix)]
pub(crate) fn is_open(metadata: &Metadata) -> bool {
    const OTHERS_MAY_WRITE: u32 = 0o002;
    std::os::unix::fs::MetadataExt::mode(metadata) & OTHERS_MAY_WRITE != 0
}

/// The permissions of other systems are not read.
#[cfg(not(unix))]
pub(crate) fn is_open(_: &Metadata) -> bool {
    false
}

/// Whether neither the caller nor root owns a file.
#[cfg(unix)]
pub(crate) fn is_foreign(metadata: &Metadata) -> bool {
    is_another(std::os::unix::fs::MetadataExt::uid(metadata), rustix::process::geteuid().as_raw())
}

/// The owners of other systems are not read.
#[cfg(not(unix))]
pub(crate) fn is_foreign(_: &Metadata) -> bool {
    false
}

#[cfg(unix)]
pub(crate) fn is_another(owner: u32, user: u32) -> bool {
    owner != user && owner != 0
}
