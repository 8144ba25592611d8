//! Talk: what a command has to say beside its data, line by line, on standard error.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// A line-wise writer that many threads share.
#[derive(Clone)]
pub struct Talk(Arc<Mutex<Box<dyn Write + Send>>>);

impl Talk {
    /// Talks into `out`.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Box::new(out))))
    }

    /// Says one line. Nobody is left to tell when that fails.
    pub fn line(&self, line: &str) {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(out, "{line}");
    }
}

impl fmt::Debug for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Talk")
    }
}
