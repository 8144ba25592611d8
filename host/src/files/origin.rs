//! Why a file is read.

use std::path::Path;
use std::sync::Arc;

/// Why a file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It was named, by a path or a pattern
    Named,
    /// It lies in a folder that was named
    InFolder,
    /// It was named or lies in such a folder, and this kustomization names it as a patch
    Patch(Arc<Path>),
    /// It is the output of Kustomize, which is not a file
    Built,
    /// It is an object of a cluster
    Live,
}

impl Origin {
    /// Whether it is a file, whose lines can be shown.
    pub fn has_lines(&self) -> bool {
        !matches!(self, Self::Built | Self::Live)
    }
}
