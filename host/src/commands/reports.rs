//! The reports that a command is asked for, each to its own output.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::Io;
use crate::cli::{Format, Output, format_name};
use crate::config;
use crate::diagnostic::Diagnostic;
use crate::evaluation::Outcome;
use crate::report::text::{Style, Text};
use crate::report::{Render, Summary, github::GitHub, json::Json, junit::JUnit, sarif::Sarif};
use crate::rules::Rule;
use crate::save::{Access, destination, save};

/// What there is to report.
pub(super) struct Content<'a> {
    pub(super) problems: &'a [Diagnostic],
    pub(super) outcomes: &'a [Outcome],
    pub(super) summary: &'a Summary,
}

/// Refuses outputs that would overwrite one another, `other` which is written too, or a file that was read.
pub(super) fn refuse_clashes<'a, F>(
    outputs: &[Output<F>],
    other: Option<&Path>,
    read: impl Iterator<Item = &'a Path>,
) -> Result<()> {
    if outputs.iter().filter(|output| output.file.is_none()).count() > 1 {
        bail!("only one format can go to standard output; give the others a file: -o json=report.json");
    }
    let files: Vec<&Path> = outputs.iter().filter_map(|output| output.file.as_deref()).chain(other).collect();
    let read: HashSet<&Path> = read.filter(|_| !files.is_empty()).collect();
    let read: HashSet<PathBuf> = read.into_iter().map(resolved).collect();
    let mut written = HashSet::new();
    for file in files {
        let name = file.display();
        if file.as_os_str() == "-" {
            bail!("only reports go to standard output; name a file");
        }
        if file.file_name().is_some_and(|name| name == config::FILE_NAME) {
            bail!("{name}: this is where defaults are read from; name another file");
        }
        if read.contains(&resolved(file)) {
            bail!("{name}: this is one of the inputs, and would be overwritten; name another file");
        }
        if !is_device(file) && !written.insert(resolved(file)) {
            bail!("{name}: this file would be written twice; name another one");
        }
    }
    Ok(())
}

/// Whether any report tells of the policy's rules.
pub(super) fn need_rules(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| output.format == Format::Sarif)
}

/// Writes every report; false where one could not be written, which is said, and hinders no other.
pub(super) fn write(
    outputs: &[Output],
    style: Style,
    rules: &[Rule],
    content: &Content<'_>,
    io: &mut Io,
) -> bool {
    write_each(outputs, io, |format, colour, out| {
        let mut renderer: Box<dyn Render> = match format {
            Format::Text => Box::new(Text::new(Style { colour, ..style })),
            Format::Json => Box::new(Json::default()),
            Format::Junit => Box::new(JUnit::default()),
            Format::Sarif => Box::new(Sarif::new(rules.to_vec())),
            Format::Github => Box::new(GitHub),
        };
        render(&mut *renderer, content, out)
    })
}

/// Writes to every output what `render` makes of its format, with or without colours; false where one could not be
/// written, which is said, and hinders no other.
pub(super) fn write_each<F: ValueEnum>(
    outputs: &[Output<F>],
    io: &mut Io,
    mut render: impl FnMut(&F, bool, &mut dyn Write) -> io::Result<()>,
) -> bool {
    let mut all_written = true;
    for Output { format, file } in outputs {
        let (name, written) = match file {
            None => {
                let written = render(format, io.colour, &mut *io.stdout).and_then(|()| io.stdout.flush());
                ("standard output".to_owned(), written)
            }
            Some(path) => {
                let mut report = Vec::new();
                let written =
                    render(format, false, &mut report).and_then(|()| save(path, &report, Access::Shared));
                (path.display().to_string(), written)
            }
        };
        match written {
            // Whoever reads has seen enough; the other outputs and the exit status do not depend on it.
            Err(error) if file.is_none() && error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(error) => {
                let message =
                    format!("{name}: the {} report cannot be written: {error}", format_name(format));
                io.stderr.diagnostic(&Diagnostic::error(message));
                all_written = false;
            }
            Ok(()) => {}
        }
    }
    all_written
}

fn render(renderer: &mut dyn Render, content: &Content<'_>, out: &mut dyn Write) -> io::Result<()> {
    content.problems.iter().try_for_each(|problem| renderer.problem(problem, out))?;
    content.outcomes.iter().try_for_each(|outcome| renderer.outcome(outcome, out))?;
    renderer.finish(content.summary, out)
}

/// One name for each file, also where it does not exist yet.
fn resolved(path: &Path) -> PathBuf {
    let by_folder = || {
        let path = destination(path).ok()?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    };
    path.canonicalize().ok().or_else(by_folder).unwrap_or_else(|| path.to_owned())
}

/// What takes any number of reports, such as `/dev/null`.
fn is_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}
