//! Where a policy's log lines go.

/// A sink for lines of text, shared by threads.
pub trait Log: Send + Sync {
    /// Takes one line, without a line end and free of control characters.
    fn line(&self, line: &str);
}

/// Drops every line.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLog;

impl Log for NoLog {
    fn line(&self, _: &str) {}
}
