//! The report as one JSON document, for programs.

use std::io::{self, Write};

use super::{Render, Summary};
use crate::evaluation::Outcome;

/// Writes the outcomes as they come, each on a line of its own; the summary stands behind them.
#[derive(Debug, Default)]
pub struct Json {
    has_results: bool,
}

impl Render for Json {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.has_results { b",\n    " } else { b"{\n  \"results\": [\n    " })?;
        self.has_results = true;
        Ok(serde_json::to_writer(out, outcome)?)
    }

    fn finish(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.has_results { b"\n  ],\n" } else { b"{\n  \"results\": [],\n" })?;
        let summary = serde_json::to_string_pretty(summary)?;
        writeln!(out, "  \"summary\": {}\n}}", summary.replace('\n', "\n  "))
    }
}
