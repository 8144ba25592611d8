//! Formats of reports, and the output of each.

use std::path::PathBuf;

use clap::ValueEnum;

/// A format, and the file it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output<F = Format> {
    /// The format
    pub format: F,
    /// The file; standard output where there is none
    pub file: Option<PathBuf>,
}

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs; its schema is host/src/report/schema.json
    Json,
    /// For CI servers: a suite for each file, a case for each object
    Junit,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For GitHub Actions: annotations of the changed files
    Github,
}

/// Reads `json` or `json=report.json`.
pub fn parse_output(text: &str) -> Result<Output, String> {
    parse_format(text)
}

/// Reads a format of some kind, and the file behind `=`.
pub fn parse_format<F: ValueEnum>(text: &str) -> Result<Output<F>, String> {
    let (format, file) = match text.split_once('=') {
        Some((_, "")) => return Err("no file after `=`".to_owned()),
        Some((format, "-")) => (format, None),
        Some((format, file)) => (format, Some(file.into())),
        None => (text, None),
    };
    let format = F::from_str(format, false).map_err(|_| {
        let names: Vec<String> = F::value_variants().iter().map(format_name).collect();
        format!("must be one of {}, or FORMAT=FILE", names.join(", "))
    })?;
    Ok(Output { format, file })
}

/// A format as the command line says it.
pub fn format_name<F: ValueEnum>(format: &F) -> String {
    format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
