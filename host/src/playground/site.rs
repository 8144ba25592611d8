//! The files of the page, and the folder that they are written to.

use std::path::{Path, PathBuf};

use crate::files::atomic_file::{Access, save};
use crate::text::reason_of;

/// A file of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its name, below the address of the page
    pub name: &'static str,
    /// Its media type
    pub media_type: &'static str,
    /// What it holds
    pub contents: &'static [u8],
}

macro_rules! source {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/playground/", $path))
    };
}

/// The output of `build.rs` for `host/web`.
macro_rules! built {
    ($name:literal) => {
        include_bytes!(concat!(env!("POLICY_PAGE"), "/", $name))
    };
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// Every file of the page. The bundles are made from `playground/src` by `npm run build`.
pub const FILES: &[File] = &[
    File { name: "index.html", media_type: "text/html; charset=utf-8", contents: source!("page/index.html") },
    File { name: "style.css", media_type: "text/css; charset=utf-8", contents: source!("page/style.css") },
    File { name: "icon.svg", media_type: "image/svg+xml", contents: source!("page/icon.svg") },
    File { name: "sw.js", media_type: SCRIPT, contents: source!("page/sw.js") },
    File { name: "app.js", media_type: SCRIPT, contents: source!("dist/app.js") },
    File { name: "worker.js", media_type: SCRIPT, contents: source!("dist/worker.js") },
    File { name: "licences.txt", media_type: TEXT, contents: source!("dist/licences.txt") },
    File { name: "policy.js", media_type: SCRIPT, contents: built!("policy.js") },
    File { name: "policy.d.ts", media_type: TEXT, contents: built!("policy.d.ts") },
    File { name: "policy_bg.wasm", media_type: "application/wasm", contents: built!("policy_bg.wasm") },
];

/// The file of that name.
pub fn file(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

/// Why the page was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The folder contains a file that does not belong to the page
    #[error(
        "{0} is not part of the playground: pass a new or empty folder, or one that an earlier --export wrote"
    )]
    Foreign(PathBuf),
    /// The system refused
    #[error("{}: cannot be written: {}", path.display(), reason_of(reason))]
    Io {
        /// The file or folder
        path: PathBuf,
        /// The reason
        reason: std::io::Error,
    },
}

/// Writes the page as a static site, which works at any address. An older one is replaced.
///
/// # Errors
/// - the folder holds anything else, or cannot be written
pub fn export(folder: &Path) -> Result<(), ExportError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |reason| ExportError::Io { path, reason }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    // Another site may have a file `index.html` too.
    let is_earlier_export = FILES.last().is_some_and(|file| folder.join(file.name).exists());
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let entry = entry.map_err(failed(folder))?;
        // A link may lead to a file of another site.
        let is_link = entry.file_type().map_err(failed(folder))?.is_symlink();
        if !is_earlier_export || is_link || entry.file_name().to_str().and_then(file).is_none() {
            return Err(ExportError::Foreign(entry.path()));
        }
    }
    // The last one marks the folder, so that an export that was interrupted can be repeated.
    for File { name, contents, .. } in FILES.iter().rev() {
        let path = folder.join(name);
        save(&path, contents, Access::Shared).map_err(failed(&path))?;
    }
    Ok(())
}
