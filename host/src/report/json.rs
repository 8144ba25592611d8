//! The report as one JSON document, for programs.

use std::io::{self, Write};

use serde::Serialize;

use super::{Render, Summary, Tool, json_text};
use review::diagnostic::{Diagnostic, Spot, Weight};
use review::inventory::Inventory;
use review::outcome::Outcome;

/// Writes the outcomes as they come, each on a line of its own; pull secrets, problems and the summary follow.
#[derive(Debug, Default)]
pub struct Json {
    has_results: bool,
    problems: Vec<Problem>,
    inventory: Inventory,
}

/// The problems of a file.
#[derive(Debug, Serialize)]
struct Problem {
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

impl Problem {
    fn of(problem: &Diagnostic) -> Self {
        let Diagnostic { weight, message, spot, help, .. } = problem;
        let severity = match weight {
            Weight::Error => "error",
            Weight::Warning => "warn",
        };
        let (file, line, column) = match spot.clone() {
            Some(Spot { file, line, column, .. }) => (Some(file), Some(line), column),
            None => (None, None, None),
        };
        Self { severity, file, line, column, message: message.clone(), help: help.clone() }
    }
}

impl Render for Json {
    fn problem(&mut self, problem: &Diagnostic, _out: &mut dyn Write) -> io::Result<()> {
        self.problems.push(Problem::of(problem));
        Ok(())
    }

    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        if self.has_results {
            out.write_all(b",\n    ")?;
        } else {
            begin(out)?;
            out.write_all(b"\n    ")?;
        }
        self.has_results = true;
        if let Some(part) = &outcome.inventory {
            self.inventory.add(&outcome.title(), part);
        }
        json_text::write(outcome, out)
    }

    fn finish(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        if self.has_results {
            out.write_all(b"\n  ],\n")?;
        } else {
            begin(out)?;
            out.write_all(b"],\n")?;
        }
        list("secrets", self.inventory.entries(), out)?;
        list("problems", self.problems.iter(), out)?;
        let summary = serde_json::to_string_pretty(summary)?;
        writeln!(out, "  \"summary\": {}\n}}", summary.replace('\n', "\n  "))
    }
}

/// Writes a list with a line for each item, or nothing where there is none.
fn list(name: &str, items: impl Iterator<Item = impl Serialize>, out: &mut dyn Write) -> io::Result<()> {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return Ok(());
    }
    write!(out, "  \"{name}\": [")?;
    while let Some(item) = items.next() {
        out.write_all(b"\n    ")?;
        json_text::write(&item, out)?;
        if items.peek().is_some() {
            out.write_all(b",")?;
        }
    }
    out.write_all(b"\n  ],\n")
}

/// Writes the text before the results.
fn begin(out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\n  \"tool\": {},\n  \"results\": [", serde_json::to_string(&Tool::THIS)?)
}
