//! Console: the messages of a command apart from its data, line by line, on standard error.

pub mod exit_status;
pub mod interrupt;
pub mod io;
pub mod progress;

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::ProgressBar;
use review::diagnostic::Diagnostic;
use review::foreign_text::plain;
use review::log::Log;

pub use self::exit_status::ExitStatus;
pub use self::io::Io;
use self::progress::Progress;
use crate::program::called;

/// A line-wise writer that many threads share.
#[derive(Clone)]
pub struct Console {
    out: Arc<Mutex<Box<dyn Write + Send>>>,
    colour: bool,
    /// Whether progress is shown
    is_watched: bool,
    /// The bar below the last line
    bar: Arc<Mutex<Option<ProgressBar>>>,
}

impl Console {
    /// Writes to `out`.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self {
            out: Arc::new(Mutex::new(Box::new(out))),
            colour: false,
            is_watched: false,
            bar: Arc::default(),
        }
    }

    /// The same with or without colours.
    #[must_use]
    pub fn coloured(self, colour: bool) -> Self {
        Self { colour, ..self }
    }

    /// The same with or without progress, for which it must be standard error on a terminal.
    #[must_use]
    pub fn watched(self, is_watched: bool) -> Self {
        Self { is_watched, ..self }
    }

    /// Writes one line, above the bar if there is one. The text may come from anywhere: control characters in it are escaped.
    pub fn line(&self, text: &str) {
        self.write(&plain(text));
    }

    /// Writes a text of whole lines. A failure is ignored: there is no other stream to report it on.
    fn write(&self, text: &str) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let mut say = || drop(writeln!(out, "{text}"));
        match &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }

    /// Shows how far some work of `length` steps is, when it takes long; `work` names it with its unit, such as
    /// `objects checked`.
    pub fn progress(&self, work: &str, length: usize) -> Progress {
        let progress = Progress::new(work, length, self.is_watched);
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress.bar());
        progress
    }

    /// Removes the bar, for a command that is about to be stopped.
    pub fn hide_progress(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }

    /// Writes a diagnostic, with an empty line after a location.
    pub fn diagnostic(&self, diagnostic: &Diagnostic) {
        let end = if diagnostic.spot.is_some() { "\n" } else { "" };
        self.write(&format!("{}{end}", spoken(diagnostic).render(self.colour)));
    }
}

/// The diagnostic, with calls of the command in its help as the user can type them.
pub(crate) fn spoken(diagnostic: &Diagnostic) -> Diagnostic {
    let help = diagnostic.help.as_deref().map(|help| called(help).into_owned());
    Diagnostic { help, ..diagnostic.clone() }
}

impl Log for Console {
    fn line(&self, line: &str) {
        Self::line(self, line);
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Console")
    }
}
