//! Options that say what is read in folders.

use clap::Args;

use crate::files::exclude::{Exclude, ExcludeError};
use crate::files::search::{Search, Wanted};

/// What is read in folders.
#[derive(Debug, Clone, Args)]
pub struct SearchArgs {
    /// In folders, skip what matches this pattern: a file or folder name anywhere, or a path: vendor, 'charts/*/crds'; may be
    /// given several times
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Also read hidden files and folders
    #[arg(long)]
    pub hidden: bool,
    /// Also read files that .gitignore ignores
    #[arg(long)]
    pub no_ignore: bool,
    /// Follow links that lead out of the given folder
    #[arg(long)]
    pub follow: bool,
}

impl SearchArgs {
    /// The search that the options describe.
    ///
    /// # Errors
    /// - a pattern that is not valid
    pub(crate) fn search(&self) -> Result<Search, ExcludeError> {
        let Self { exclude, hidden, no_ignore, follow } = self;
        let exclude = Exclude::new(exclude)?;
        let (hidden, ignored, follow) = (*hidden, *no_ignore, *follow);
        Ok(Search { exclude, hidden, ignored, follow, wanted: Wanted::Manifests })
    }
}
