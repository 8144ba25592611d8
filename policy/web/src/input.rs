//! The texts of the page, in the place of the command's files.

/// A text and what the page calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The tab
    pub name: String,
    /// All of its text
    pub text: String,
}
