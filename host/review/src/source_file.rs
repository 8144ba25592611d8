//! A text and where it comes from.

/// The name of standard input in messages.
pub const STDIN: &str = "<stdin>";

/// A text and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as the user gave it, or another name of the text
    pub name: String,
    /// All of its text
    pub text: String,
}
