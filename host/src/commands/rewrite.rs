//! A file that a command gives a new text.

use std::path::Path;

use review::source_file::SourceFile;

use crate::console::Io;
use crate::files::atomic_file;
use crate::files::encoding::Encoding;

/// Gives the file at `path` a new text in its old encoding, if nobody has changed it since it was read, and says what of that goes wrong or is odd;
/// false where the file is as it was.
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
