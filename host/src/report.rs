//! A report: what became of all manifests, in the order of the input.

pub mod json;
pub mod text;

use std::io::{self, Write};

use serde::Serialize;

use crate::evaluation::Outcome;
use crate::verdict::Decision;

/// How many of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Objects that were read
    pub objects: usize,
    /// Taken as they are, and so are their pods
    pub accepted: usize,
    /// Changed, or their pods are
    pub mutated: usize,
    /// Refused, or their pods are
    pub rejected: usize,
    /// Not judged
    pub skipped: usize,
    /// Without an answer
    pub errors: usize,
    /// Warnings for all of them
    pub warnings: usize,
}

impl Summary {
    /// Counts an outcome.
    pub fn add(&mut self, outcome: &Outcome) {
        self.objects += 1;
        *match outcome.worst() {
            Decision::Accepted => &mut self.accepted,
            Decision::Mutated => &mut self.mutated,
            Decision::Rejected => &mut self.rejected,
            Decision::Skipped => &mut self.skipped,
            Decision::Error => &mut self.errors,
        } += 1;
        self.warnings += outcome.warnings();
    }

    /// How many objects were judged.
    pub fn judged(&self) -> usize {
        self.objects - self.skipped
    }
}

/// Writes outcomes in one format, as they come.
pub trait Render {
    /// Writes one outcome, or keeps it for the end.
    ///
    /// # Errors
    /// - the output cannot be written
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()>;

    /// Writes what stands at the end.
    ///
    /// # Errors
    /// - the output cannot be written
    fn finish(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()>;
}
