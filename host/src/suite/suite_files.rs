//! The files of suites, as the system has them.

use std::path::{Path, PathBuf};

use review::source_file::SourceFile;
use review::suite::SuiteFiles;

use crate::files::search::Search;
use crate::files::{found, input};
use crate::report::earlier::is_report;

/// The system's own files.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskFiles;

impl SuiteFiles for DiskFiles {
    fn expand(&self, path: &str) -> Vec<Result<PathBuf, String>> {
        // A case that is passed over would be taken for one that passes.
        let files = found::expand(&[path.to_owned()], &Search::everything()).into_iter();
        files.map(|file| file.map_err(|error| error.to_string())).collect()
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
