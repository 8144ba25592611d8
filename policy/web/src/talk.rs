//! Nobody to talk to: what the page has to say is in its report.

/// In the place of the command's talk.
#[derive(Debug, Clone, Copy)]
pub struct Talk;

impl Talk {
    /// Says nothing.
    pub fn line(&self, _: &str) {}
}
