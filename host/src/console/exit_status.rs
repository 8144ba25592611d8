//! How a command ended.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Nothing to complain about
    Fine = 0,
    /// Something at or above `--fail-on`
    Found = 1,
    /// Wrong call, settings or input
    Trouble = 2,
    /// Nothing was judged
    Nothing = 3,
}
