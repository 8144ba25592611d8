//! The files of suites in the file system.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use review::source_file::SourceFile;
use review::suite::SuiteFiles;

use crate::files::folder::Folder;
use crate::files::found::{self, Found};
use crate::files::input::{self, InputError};
use crate::files::search::Search;
use crate::report::earlier::is_report;

/// The system's own files.
#[derive(Debug, Default)]
pub struct DiskFiles {
    /// Folders that were read
    folders: RefCell<Vec<Folder>>,
}

impl DiskFiles {
    /// The folders that were read.
    pub(crate) fn folders(self) -> Vec<Folder> {
        self.folders.into_inner()
    }
}

impl SuiteFiles for DiskFiles {
    fn expand(&self, path: &str) -> Vec<Result<PathBuf, String>> {
        // A skipped case would look like one that passes.
        let Found { files, folders, .. } = found::find(&[path.to_owned()], &Search::everything());
        self.folders.borrow_mut().extend(folders);
        let path =
            |file: Result<_, InputError>| file.map(|(path, _)| path).map_err(|error| error.to_string());
        files.into_iter().map(path).collect()
    }

    fn read(&self, path: &Path) -> Result<SourceFile, String> {
        input::read(path, &mut std::io::empty()).map_err(|error| error.to_string())
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn is_stream(&self, path: &Path) -> bool {
        input::is_stream(path)
    }

    fn is_report(&self, text: &str) -> bool {
        is_report(text)
    }

    fn resolved(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}
