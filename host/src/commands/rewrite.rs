//! Writes a new text into a file that was read.

use std::path::Path;

use review::source_file::SourceFile;

use crate::console::Io;
use crate::files::atomic_file;
use crate::files::encoding::Encoding;

/// Writes a new text into the file at `path`, in the file's encoding, unless the file has changed since it was read. Prints
/// errors and notes. Returns false if the file was not written.
pub(super) fn rewrite(path: &Path, read: &SourceFile, text: &str, encoding: Encoding, io: &Io) -> bool {
    let name = &read.name;
    match atomic_file::replace(path, &encoding.encode(&read.text), &encoding.encode(text)) {
        Ok(0) => {}
        Ok(others) => io.stderr.line(&format!(
            "note: {name} is now a file of its own: its other hard links ({others}) keep the old text"
        )),
        Err(error) => {
            io.stderr.line(&format!("error: {name}: {error}"));
            return false;
        }
    }
    true
}
