//! How folders are searched.

use super::exclude::Exclude;

/// How folders are searched. What is named itself is always read.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// What is left out by its name
    pub exclude: Exclude,
    /// Whether hidden files and folders are read
    pub hidden: bool,
    /// Whether files that `.gitignore` ignores are read
    pub ignored: bool,
    /// Whether links out of the folder are followed
    pub follow: bool,
    /// What is looked for
    pub wanted: Wanted,
}

/// What is looked for in folders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Manifests, which the templates of charts are not yet, and patches of Kustomize never
    #[default]
    Manifests,
    /// All YAML and JSON
    Files,
}

impl Search {
    /// A search that leaves out nothing in the folder; links out of it are not in it.
    pub fn everything() -> Self {
        Self { hidden: true, ignored: true, wanted: Wanted::Files, ..Self::default() }
    }
}
