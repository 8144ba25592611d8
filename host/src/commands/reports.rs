//! The requested reports of a command, each with its own output.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::Value;

use crate::args::{Format, Output, format_name};
use crate::console::{Io, spoken};
use crate::files::CONFIG_FILE;
use crate::files::atomic_file::{Access, Draft, save};
use crate::files::input::{self, is_stream};
use crate::files::target::{refuse_link_out, resolved};
use crate::report::azure::{self, Azure};
use crate::report::earlier::is_replaceable;
use crate::report::gitlab::GitLab;
use crate::report::markdown::Markdown;
use crate::report::text::{Style, Text};
use crate::report::{Render, Summary, github::GitHub, json::Json, junit::JUnit, sarif::Sarif};
use crate::report::{name_calls, with_named_calls};
use crate::text::{reason_of, shell_path};
use review::diagnostic::{Diagnostic, Diagnostics};
use review::outcome::Outcome;
use review::rule_help::Rule;

/// Refuses outputs that would overwrite one another, `other` (which is written too), or a file that was read. A new report
/// may replace a report of an earlier run among the `inputs`, but never one of the `others`.
///
/// # Errors
/// - an output that is refused
pub(super) fn refuse_clashes<'a, F>(
    outputs: &[Output<F>],
    other: Option<&Path>,
    inputs: impl Iterator<Item = &'a Path>,
    others: impl Iterator<Item = &'a Path>,
) -> Result<(), Diagnostics> {
    const OTHER: &str = "name another file";

    if outputs.iter().filter(|output| output.file.is_none()).count() > 1 {
        let help = "give the others a file: -o json=report.json";
        return Err(refused("only one format can go to standard output".to_owned(), help));
    }
    let files: Vec<&Path> = outputs.iter().filter_map(|output| output.file.as_deref()).chain(other).collect();
    let resolve = |read: HashSet<&Path>| read.into_iter().map(resolved).collect::<HashSet<PathBuf>>();
    // A file that is redirected to standard input is never replaced, even if it is an earlier report.
    let (streams, inputs): (HashSet<&Path>, HashSet<&Path>) =
        inputs.filter(|_| !files.is_empty()).partition(|path| path.as_os_str() == "-");
    let (inputs, others) = (resolve(inputs), resolve(others.chain(streams).collect()));
    let mut written = HashSet::new();
    for file in files {
        let name = file.display();
        if file.as_os_str() == "-" {
            return Err(refused("only reports go to standard output".to_owned(), "name a file"));
        }
        refuse_link_out(file)?;
        if resolved(file).file_name().is_some_and(|name| name == CONFIG_FILE) {
            return Err(refused(format!("{name} is the config file"), OTHER));
        }
        let is_lost =
            |file: &PathBuf| others.contains(file) || (inputs.contains(file) && !is_earlier_report(file));
        if !is_stream(file) && is_lost(&resolved(file)) {
            return Err(refused(format!("{name} is one of the inputs, and would be overwritten"), OTHER));
        }
        if !is_stream(file) && is_manifest(file) {
            return Err(refused(format!("{name} exists and is a Kubernetes manifest"), OTHER));
        }
        if !is_stream(file) && !written.insert(resolved(file)) {
            return Err(refused(format!("{name} would be written twice"), OTHER));
        }
    }
    Ok(())
}

fn refused(message: String, help: &str) -> Diagnostics {
    Diagnostics(vec![Diagnostic::error(message).with_help(help)])
}

/// Whether any report lists the policy's rules.
pub(super) fn need_rules(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| output.format == Format::Sarif)
}

/// Whether any report lists the pull secrets.
pub(super) fn need_inventory(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| output.format == Format::Json)
}

/// Reports that are being written. If one cannot be written, the others still are.
pub(super) struct Reports(Vec<Report>);

struct Report {
    renderer: Box<dyn Render>,
    format: Format,
    /// Its file; none for standard output
    file: Option<PathBuf>,
    draft: Option<Draft>,
    failure: Option<io::Error>,
}

impl Reports {
    /// Starts every report. In all of them, helps show the calls of the command that the user can type.
    pub(super) fn begin(outputs: &[Output], style: Style, rules: &[Rule], io: &Io) -> Self {
        let rules: Vec<Rule> = rules.iter().map(with_named_calls).collect();
        let begin = |Output { format, file }: &Output| {
            let colour = io.colour && file.is_none();
            let renderer: Box<dyn Render> = match format {
                Format::Text => Box::new(Text::new(Style { colour, ..style })),
                Format::Json => Box::new(Json::default()),
                Format::Junit => Box::new(JUnit::new(style.failing)),
                Format::Sarif => Box::new(Sarif::new(rules.clone(), style.failing)),
                Format::Github => Box::new(GitHub { failing: style.failing }),
                Format::Azure => Box::new(Azure { failing: style.failing }),
                Format::Gitlab => Box::new(GitLab::new(style.failing)),
                Format::Markdown => Box::new(Markdown::new(style.failing)),
            };
            let (draft, failure) = match file.as_ref().map(|path| Draft::new(path, Access::Shared)) {
                None => (None, None),
                Some(Ok(draft)) => (Some(draft), None),
                Some(Err(error)) => (None, Some(error)),
            };
            Report { renderer, format: *format, file: file.clone(), draft, failure }
        };
        Self(outputs.iter().map(begin).collect())
    }

    /// Reports a problem of a file.
    pub(super) fn problem(&mut self, problem: &Diagnostic, io: &mut Io) {
        let problem = spoken(problem);
        self.each(io, |renderer, out| renderer.problem(&problem, out));
    }

    /// Reports why nothing was checked.
    pub(super) fn nothing(&mut self, error: &Diagnostic, io: &mut Io) {
        let error = spoken(error);
        self.each(io, |renderer, out| renderer.nothing(&error, out));
    }

    /// Reports the outcome for an object.
    pub(super) fn outcome(&mut self, mut outcome: Outcome, io: &mut Io) {
        name_calls(&mut outcome);
        self.each(io, |renderer, out| renderer.outcome(&outcome, out));
    }

    /// Writes the end of each report. Prints an error and returns false if a report could not be written.
    pub(super) fn finish(mut self, summary: &Summary, io: &mut Io) -> bool {
        self.each(io, |renderer, out| renderer.finish(summary, out));
        let mut all_written = true;
        let is_for_agent =
            self.0.iter().any(|report| report.format == Format::Azure && report.file.is_none());
        // Files first: the agent reads a summary as soon as it sees the command on standard output.
        let (files, stream): (Vec<Report>, Vec<Report>) =
            self.0.into_iter().partition(|report| report.file.is_some());
        for Report { format, file, draft, failure, .. } in files.into_iter().chain(stream) {
            let is_summary = is_for_agent && format == Format::Markdown;
            let written = match (failure, draft) {
                (Some(error), _) => Err(error),
                (None, Some(draft)) => draft.finish().and_then(|()| match &file {
                    Some(file) if is_summary => azure::upload_summary(file, &mut *io.stdout),
                    _ => Ok(()),
                }),
                (None, None) => io.stdout.flush(),
            };
            all_written &= said(written, file.as_deref(), &format_name(&format), io);
        }
        all_written
    }

    fn each(
        &mut self,
        io: &mut Io,
        mut render: impl FnMut(&mut dyn Render, &mut dyn Write) -> io::Result<()>,
    ) {
        for report in self.0.iter_mut().filter(|report| report.failure.is_none()) {
            let out: &mut dyn Write = match &mut report.draft {
                Some(draft) => draft,
                None => &mut *io.stdout,
            };
            report.failure = render(&mut *report.renderer, out).err();
        }
    }
}

/// Prints why a report could not be written. Returns true if it was written, or if the reader of the pipe is gone.
fn said(written: io::Result<()>, file: Option<&Path>, format: &str, io: &Io) -> bool {
    match written {
        Ok(()) => true,
        // A closed pipe is not an error. The other outputs and the exit status do not depend on it.
        Err(error) if file.is_none() && error.kind() == io::ErrorKind::BrokenPipe => true,
        Err(error) => {
            let name = file.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
            let message = format!("{name}: the {format} report cannot be written: {}", reason_of(&error));
            let folder = file.and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
            let missing = folder.filter(|folder| error.kind() == io::ErrorKind::NotFound && !folder.exists());
            let help =
                missing.map(|folder| format!("create the folder first: mkdir -p {}", shell_path(folder)));
            io.stderr.diagnostic(&Diagnostic { help, ..Diagnostic::error(message) });
            false
        }
    }
}

/// Writes the text that `render` produces for each format to its output, with or without colours. An output that cannot be
/// written is reported and does not stop the others; the result is then false.
pub(super) fn write_each<F: ValueEnum>(
    outputs: &[Output<F>],
    io: &mut Io,
    mut render: impl FnMut(&F, bool, &mut dyn Write) -> io::Result<()>,
) -> bool {
    let mut all_written = true;
    for Output { format, file } in outputs {
        let written = match file {
            None => render(format, io.colour, &mut *io.stdout).and_then(|()| io.stdout.flush()),
            Some(path) => {
                let mut report = Vec::new();
                render(format, false, &mut report).and_then(|()| save(path, &report, Access::Shared))
            }
        };
        all_written &= said(written, file.as_deref(), &format_name(format), io);
    }
    all_written
}

/// Whether a file is empty or contains the report of an earlier run, so that nothing is lost when it is overwritten.
fn is_earlier_report(path: &Path) -> bool {
    input::read(path, &mut io::empty()).is_ok_and(|file| is_replaceable(&file.text))
}

/// Whether a file has the fields of every Kubernetes object at its top level, also where it is a template or has a syntax error.
fn is_manifest(path: &Path) -> bool {
    let Ok(file) = input::read_manifest(path, &mut io::empty()) else { return false };
    let text = file.text.trim_start_matches('\u{feff}');
    let has_line = |start: &str| text.lines().any(|line| line.starts_with(start));
    let is_object = |object: &Value| object.get("apiVersion").is_some() && object.get("kind").is_some();
    has_line("apiVersion:") && has_line("kind:")
        || serde_json::from_str(text).is_ok_and(|object: Value| is_object(&object))
}

#[cfg(test)]
mod tests {
    use super::need_rules;
    use crate::args::{Format, Output};

    /// Listing the rules calls the policy, and a policy without that operation may fail.
    #[test]
    fn a_policy_is_asked_for_its_rules_where_a_report_shows_them() {
        let wanted = |formats: &[Format]| {
            let outputs: Vec<Output> =
                formats.iter().map(|format| Output { format: *format, file: None }).collect();
            need_rules(&outputs)
        };
        assert!(!wanted(&[Format::Text, Format::Json, Format::Junit, Format::Github]));
        assert!(wanted(&[Format::Sarif]) && wanted(&[Format::Text, Format::Sarif]));
    }
}
