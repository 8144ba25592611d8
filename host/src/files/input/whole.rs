//! Files and streams that are read as a whole.

use std::io::Read;
use std::path::Path;

use review::source_file::SourceFile;
use review::yaml;
use serde_json::Value;

use super::{InputError, MOST, name, read_more};
use crate::files::encoding::Encoding;

/// Whether a path is a named pipe that may have no writer. The pipe of a shell's `<(...)` has one.
#[cfg(unix)]
fn is_named_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;

    let is_open = ["/dev", "/proc"].iter().any(|folder| path.starts_with(folder));
    !is_open && path.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_named_pipe(_: &Path) -> bool {
    false
}

/// The most that is read of a file that is small by its nature, such as a certificate or a docker config, in bytes.
pub(crate) const MOST_OF_SMALL: u64 = 16 << 20;

/// The bytes of such a file.
///
/// # Errors
/// - it cannot be read, or is larger
pub(crate) fn small(path: &Path) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MOST_OF_SMALL + 1).read_to_end(&mut bytes))
        .map_err(|reason| InputError::Unreadable { name: path.display().to_string(), reason })?;
    if bytes.len() as u64 > MOST_OF_SMALL {
        return Err(InputError::NotSmall(path.display().to_string()));
    }
    Ok(bytes)
}

fn open<'a>(path: &Path, stdin: &'a mut dyn Read) -> Result<Box<dyn Read + 'a>, InputError> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(stdin));
    }
    let name = name(path);
    if is_named_pipe(path) {
        return Err(InputError::Pipe(name));
    }
    match std::fs::File::open(path) {
        Ok(file) => Ok(Box::new(file)),
        Err(reason) => Err(InputError::Unreadable { name, reason }),
    }
}

/// All bytes of a file or a stream; `None` if there are too many.
pub(super) fn read_all(path: &Path, stdin: &mut dyn Read) -> Result<Option<Vec<u8>>, InputError> {
    let mut stream = open(path, stdin)?;
    let mut bytes = Vec::new();
    let mut read_on = || {
        read_more(&mut stream, &mut bytes)
            .map_err(|reason| InputError::Unreadable { name: name(path), reason })
    };
    while read_on()? {}
    Ok(Some(bytes).filter(|bytes| bytes.len() <= MOST))
}

/// Reads a file that need not be text.
///
/// # Errors
/// - the file cannot be read, is too large, or is a named pipe
pub fn bytes(path: &Path) -> Result<Vec<u8>, InputError> {
    read_all(path, &mut std::io::empty())?.ok_or_else(|| InputError::TooMuch(name(path)))
}

/// The first document of a file that describes others, such as `Chart.yaml`; `None` if the file is unreadable or larger
/// than such files are.
pub(in crate::files) fn value_of(file: &Path) -> Option<Value> {
    const MOST: u64 = 1 << 20;
    if file.metadata().ok()?.len() > MOST {
        return None;
    }
    let bytes = bytes(file).ok()?;
    let text = match Encoding::of(&bytes) {
        Encoding::Utf8 => String::from_utf8(bytes).ok()?,
        encoding => encoding.decode(&bytes).ok()?,
    };
    let (documents, _) = yaml::documents(&text);
    documents.into_iter().next().map(|document| document.value)
}

/// Reads a file, or `stdin` for `-`.
///
/// # Errors
/// - the file cannot be read, is too large, is a named pipe, or is not UTF-8
pub fn read(path: &Path, stdin: &mut dyn Read) -> Result<SourceFile, InputError> {
    let name = name(path);
    let Some(bytes) = read_all(path, stdin)? else { return Err(InputError::TooMuch(name)) };
    of_utf8(name, bytes)
}

/// The same, also of a text in UTF-16 with a byte order mark, as PowerShell 5 writes it. The mark is left out.
///
/// # Errors
/// - as those of [`read`], or half a character
pub fn read_manifest(path: &Path, stdin: &mut dyn Read) -> Result<SourceFile, InputError> {
    let name = name(path);
    let Some(bytes) = read_all(path, stdin)? else { return Err(InputError::TooMuch(name)) };
    match Encoding::of(&bytes) {
        Encoding::Utf8 => of_utf8(name, bytes),
        encoding => match encoding.decode(&bytes) {
            Ok(text) => Ok(SourceFile { name, text: text.trim_start_matches('\u{feff}').to_owned() }),
            Err(before) => {
                Err(InputError::HalfCharacter { name, line: yaml::line_ends(before.as_bytes()) + 1 })
            }
        },
    }
}

fn of_utf8(name: String, bytes: Vec<u8>) -> Result<SourceFile, InputError> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SourceFile { name, text }),
        Err(error) => {
            let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
            let line = yaml::line_ends(valid) + 1;
            Err(InputError::NotUtf8 { name, line })
        }
    }
}
