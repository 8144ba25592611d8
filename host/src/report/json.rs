//! The report as one JSON document, for programs.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{Render, Summary};
use crate::evaluation::Outcome;

/// Collects the outcomes, each on a line of its own, because the summary stands before them.
#[derive(Debug, Default)]
pub struct Json {
    results: Vec<Box<RawValue>>,
}

#[derive(Serialize)]
struct Report<'a> {
    summary: &'a Summary,
    results: &'a [Box<RawValue>],
}

impl Render for Json {
    fn outcome(&mut self, outcome: &Outcome, _: &mut dyn Write) -> io::Result<()> {
        self.results.push(to_raw_value(outcome)?);
        Ok(())
    }

    fn finish(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &Report { summary, results: &self.results })?;
        writeln!(out)
    }
}
