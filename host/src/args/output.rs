//! Formats of reports, and the output of each.

use std::ffi::OsStr;
use std::marker::PhantomData;
use std::path::PathBuf;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, ValueEnum};

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
    /// For programs; its schema is in the repository
    #[value(
        help = "For programs; its schema is https://github.com/acr-pull-secret/acr-pull-secret/blob/main/host/src/report/schema.json"
    )]
    Json,
    /// For CI servers: a suite for each file, a case for each object
    Junit,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For GitHub Actions: annotations of the changed files
    Github,
    /// For Azure Pipelines: issues of the run
    Azure,
    /// For GitLab: a Code Quality report
    Gitlab,
    /// For the page of a pipeline: a table of the findings
    Markdown,
}

/// Reads `json` or `json=report.json` as an argument. Help and shell completions list the formats.
#[derive(Debug, Clone, Copy)]
pub struct OutputParser<F = Format>(PhantomData<fn() -> F>);

impl<F> Default for OutputParser<F> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<F: ValueEnum + Send + Sync + 'static> TypedValueParser for OutputParser<F> {
    type Value = Output<F>;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        parse_output::<F>.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(F::value_variants().iter().filter_map(ValueEnum::to_possible_value)))
    }
}

/// Reads a format of some kind, and the file behind `=`.
///
/// # Errors
/// - another format, an empty file name
pub fn parse_output<F: ValueEnum>(text: &str) -> Result<Output<F>, String> {
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
