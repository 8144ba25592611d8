//! How a command ended.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// No problems
    Fine = 0,
    /// Something at or above `--fail-on`
    Found = 1,
    /// Invalid usage, settings or input
    Trouble = 2,
    /// Nothing was checked
    Nothing = 3,
}
