//! A file or stream that a command is given, and how it is read.

mod parts;
mod whole;

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use review::diagnostic::Diagnostic;
use review::source_file::STDIN;

use super::kustomization::is_kustomization;
use super::origin::Origin;
use crate::text::reason_of;
pub use parts::{Part, Parts};
use whole::read_all;
pub(super) use whole::value_of;
pub(crate) use whole::{MOST_OF_SMALL, small};
pub use whole::{bytes, read, read_manifest};

/// Bytes that are read at once: a document of manifests, any other file as a whole.
const MOST: usize = 256 << 20;

/// Minimum number of bytes to request.
const LEAST: usize = 256 << 10;

/// Why an input cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// Neither a file nor a pattern that matches one
    #[error("{path}: no such file or folder{}", near.as_ref().map(|near| format!(" (did you mean {near}?)")).unwrap_or_default())]
    Missing {
        /// As given
        path: String,
        /// A file or folder with a similar name beside it
        near: Option<String>,
    },
    /// A pattern that is not valid
    #[error("{pattern}: not a valid pattern: {reason}")]
    Pattern {
        /// As given
        pattern: String,
        /// What is wrong with it
        reason: glob::PatternError,
    },
    /// The system refused
    #[error("{name}: cannot be read: {}", reason_of(reason))]
    Unreadable {
        /// The file
        name: String,
        /// The reason
        reason: std::io::Error,
    },
    /// A pipe in a folder, which may wait for its writer forever
    #[error("{0}: this is a named pipe, which may never end")]
    Pipe(String),
    /// Larger than the limit
    #[error("{0}: this is larger than the limit of 256 MiB")]
    TooMuch(String),
    /// Larger than a file of its kind is
    #[error("{0}: this is larger than the limit of 16 MiB")]
    NotSmall(String),
    /// A stream longer than the limit
    #[error("{0}: this stream is longer than the limit of 256 MiB")]
    TooMuchToKeep(String),
    /// A document larger than the limit
    #[error("{name}:{line}: the document that starts here is larger than the limit of 256 MiB")]
    TooLong {
        /// The file
        name: String,
        /// Line of the document, from 1
        line: usize,
    },
    /// Half a character of UTF-16
    #[error("{name}:{line}: this is not valid UTF-16, although its first bytes announce it")]
    HalfCharacter {
        /// The file
        name: String,
        /// Line of the half, from 1
        line: usize,
    },
    /// Something other than UTF-8
    #[error("{name}:{line}: this is not UTF-8 text")]
    NotUtf8 {
        /// The file
        name: String,
        /// Line of the first byte that is not, from 1
        line: usize,
    },
}

impl InputError {
    /// What to do about it.
    fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::Pipe(_) => "use - for standard input",
            Self::TooMuchToKeep(_) => "write it to a file and pass that file",
            Self::TooLong { .. } => "split the list into documents, with a line `---` between them",
            _ => return None,
        })
    }

    /// What a walk through a folder could not read.
    pub(super) fn of_walk(folder: &Path, error: ignore::Error) -> Self {
        let name = path_of(&error).unwrap_or(folder).display().to_string();
        let reason = error.into_io_error().unwrap_or_else(|| std::io::ErrorKind::Other.into());
        Self::Unreadable { name, reason }
    }
}

impl From<&InputError> for Diagnostic {
    fn from(error: &InputError) -> Self {
        Self::error(error.to_string()).with_help(error.help().unwrap_or_default())
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Partial(all) => all.iter().find_map(path_of),
        _ => None,
    }
}

/// Whether a path is a pipe or a device: it may be readable only once or have no end, and it cannot be replaced.
pub(crate) fn is_stream(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Whether a file in a folder is read.
pub(crate) fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|e| ["yaml", "yml", "json"].iter().any(|known| e.eq_ignore_ascii_case(known)))
}

/// An input before its text is finally read.
#[derive(Debug, Clone)]
pub enum Given {
    /// A file, which can be read again
    File(PathBuf, Origin),
    /// What a stream gave, which can be read once
    Held {
        /// Where it was read
        path: PathBuf,
        /// Its name in messages
        name: String,
        /// All of it
        bytes: Vec<u8>,
    },
    /// What Kustomize builds of the kustomization at this path
    Built(PathBuf, Vec<u8>),
    /// An object of a cluster: where it is, and its JSON
    Live(String, Vec<u8>),
}

impl Given {
    /// The file, or all of what a stream gives.
    ///
    /// # Errors
    /// - a stream that cannot be read, gives too much, or is a named pipe
    pub fn new(path: PathBuf, origin: Origin, stdin: &mut dyn Read) -> Result<Self, InputError> {
        if path.as_os_str() != "-" && !is_stream(&path) {
            return Ok(Self::File(path, origin));
        }
        let bytes = read_all(&path, stdin)?.ok_or_else(|| InputError::TooMuchToKeep(name(&path)))?;
        Ok(Self::Held { name: name(&path), path, bytes })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path, _) | Self::Held { path, .. } | Self::Built(path, _) => path,
            // No file has it.
            Self::Live(..) => Path::new(""),
        }
    }

    /// Why it is read.
    pub fn origin(&self) -> Origin {
        match self {
            Self::File(_, origin) => origin.clone(),
            Self::Held { .. } => Origin::Named,
            Self::Built(..) => Origin::Built,
            Self::Live(..) => Origin::Live,
        }
    }

    /// Whether it is standard input.
    pub fn is_stdin(&self) -> bool {
        self.path().as_os_str() == "-"
    }

    /// All of what a stream gave.
    pub fn held(&self) -> Option<&[u8]> {
        match self {
            Self::Held { bytes, .. } => Some(bytes),
            Self::File(..) | Self::Built(..) | Self::Live(..) => None,
        }
    }

    /// The same, where it is standard input with this name.
    #[must_use]
    pub fn with_stdin_name(self, stdin_name: &str) -> Self {
        match self {
            Self::Held { path, bytes, .. } if path.as_os_str() == "-" => {
                Self::Held { path, name: stdin_name.to_owned(), bytes }
            }
            other => other,
        }
    }

    /// Its size in bytes; 0 for a file that does not exist.
    pub fn size(&self) -> usize {
        match self {
            Self::Held { bytes, .. } | Self::Built(_, bytes) | Self::Live(_, bytes) => bytes.len(),
            Self::File(path, _) => {
                path.metadata().map_or(0, |metadata| usize::try_from(metadata.len()).unwrap_or(usize::MAX))
            }
        }
    }

    /// The kustomization that it is, or whose patch it is.
    pub(crate) fn kustomization(&self) -> Option<&Path> {
        match self {
            Self::File(_, Origin::Patch(kustomization)) => Some(kustomization),
            Self::File(path, _) if is_kustomization(path) => Some(path),
            _ => None,
        }
    }

    /// Its name in messages.
    pub fn name(&self) -> String {
        match self {
            Self::Held { name, .. } | Self::Live(name, _) => name.clone(),
            Self::File(path, _) | Self::Built(path, _) => name(path),
        }
    }

    /// Its text, in parts.
    ///
    /// # Errors
    /// - the file cannot be opened
    pub fn parts(&self) -> Result<Parts<Box<dyn Read + Send + '_>>, InputError> {
        let stream: Box<dyn Read + Send> = match self {
            Self::Held { bytes, .. } | Self::Built(_, bytes) | Self::Live(_, bytes) => {
                Box::new(Cursor::new(bytes))
            }
            Self::File(path, _) => Box::new(
                std::fs::File::open(path)
                    .map_err(|reason| InputError::Unreadable { name: name(path), reason })?,
            ),
        };
        Ok(Parts::new(self.name(), stream))
    }
}

fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { STDIN.to_owned() } else { path.display().to_string() }
}

/// Reads as many bytes again as there are, up to one byte more than [`MOST`]. Returns false at the end of the stream.
///
/// # Errors
/// - the system refuses to read, or has no memory
fn read_more(stream: &mut dyn Read, bytes: &mut Vec<u8>) -> std::io::Result<bool> {
    let room = (MOST + 1).saturating_sub(bytes.len());
    // Growing copies the buffer, so the last step takes all the room that is left.
    let wanted = if bytes.len() < MOST / 2 { bytes.len().max(LEAST) } else { room };
    bytes.try_reserve_exact(wanted).map_err(|_| std::io::ErrorKind::OutOfMemory)?;
    Ok(wanted > 0 && stream.take(wanted as u64).read_to_end(bytes)? == wanted)
}

/// A stream that can be read to its end once. A second reader gets an error, because no bytes would look like an empty
/// file.
#[derive(Debug)]
pub struct OnlyOnce<R> {
    stream: R,
    ended: bool,
}

impl<R> OnlyOnce<R> {
    /// Wraps a stream.
    pub fn new(stream: R) -> Self {
        Self { stream, ended: false }
    }
}

impl<R: Read> Read for OnlyOnce<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.ended {
            return Err(std::io::Error::other("it has been read already: only one `-` can be given"));
        }
        let length = self.stream.read(buffer)?;
        self.ended = length == 0 && !buffer.is_empty();
        Ok(length)
    }
}
