//! Talk: what a command has to say beside its data, line by line, on standard error.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use crate::diagnostic::Diagnostic;

/// A line-wise writer that many threads share.
#[derive(Clone)]
pub struct Talk {
    out: Arc<Mutex<Box<dyn Write + Send>>>,
    colour: bool,
}

impl Talk {
    /// Talks into `out`.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self { out: Arc::new(Mutex::new(Box::new(out))), colour: false }
    }

    /// The same with or without colours.
    #[must_use]
    pub fn coloured(self, colour: bool) -> Self {
        Self { colour, ..self }
    }

    /// Says one line. Nobody is left to tell when that fails.
    pub fn line(&self, line: &str) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(out, "{line}");
    }

    /// Says what is wrong or odd, with an empty line behind a place.
    pub fn diagnostic(&self, diagnostic: &Diagnostic) {
        let end = if diagnostic.spot.is_some() { "\n" } else { "" };
        self.line(&format!("{}{end}", diagnostic.render(self.colour)));
    }
}

impl fmt::Debug for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Talk")
    }
}
