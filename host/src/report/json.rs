//! The report as one JSON document, for programs.

use std::io::{self, Write};

use super::{Render, Summary, Tool, json_text};
use review::outcome::Outcome;

/// Writes the outcomes as they come, each on a line of its own; the summary stands behind them.
#[derive(Debug, Default)]
pub struct Json {
    has_results: bool,
}

impl Render for Json {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        if self.has_results {
            out.write_all(b",\n    ")?;
        } else {
            begin(out)?;
            out.write_all(b"\n    ")?;
        }
        self.has_results = true;
        json_text::write(outcome, out)
    }

    fn finish(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        if self.has_results {
            out.write_all(b"\n  ],\n")?;
        } else {
            begin(out)?;
            out.write_all(b"],\n")?;
        }
        let summary = serde_json::to_string_pretty(summary)?;
        writeln!(out, "  \"summary\": {}\n}}", summary.replace('\n', "\n  "))
    }
}

/// Writes what stands before the results.
fn begin(out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\n  \"tool\": {},\n  \"results\": [", serde_json::to_string(&Tool::THIS)?)
}
