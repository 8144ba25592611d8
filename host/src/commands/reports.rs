//! The reports that a command is asked for, each to its own output.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::Io;
use crate::cli::{Format, Output};
use crate::diagnostic::Diagnostic;
use crate::evaluation::Outcome;
use crate::kind::Kind;
use crate::manifest::Manifest;
use crate::report::text::{Style, Text};
use crate::report::{Render, Summary, github::GitHub, json::Json, junit::JUnit, sarif::Sarif};
use crate::rules::Rule;
use crate::save::{Access, save};

/// What there is to report.
pub(super) struct Content<'a> {
    pub(super) problems: &'a [Diagnostic],
    pub(super) outcomes: &'a [Outcome],
    pub(super) summary: &'a Summary,
}

/// Refuses outputs that would overwrite one another, or a manifest that was read.
pub(super) fn check(outputs: &[Output], manifests: &[Manifest]) -> Result<()> {
    if outputs.iter().filter(|output| output.file.is_none()).count() > 1 {
        bail!("only one format can go to standard output; give the others a file: -o json=report.json");
    }
    let files: Vec<&Path> = outputs.iter().filter_map(|output| output.file.as_deref()).collect();
    // A report of an earlier run may be among the inputs; it is no Kubernetes object.
    let objects =
        manifests.iter().filter(|manifest| !files.is_empty() && Kind::of(manifest.object()).is_some());
    let names: HashSet<&str> = objects.map(|manifest| manifest.file.name.as_str()).collect();
    let read: HashSet<PathBuf> = names.into_iter().map(|name| resolved(Path::new(name))).collect();
    let mut written = HashSet::new();
    for file in files {
        let name = file.display();
        if read.contains(&resolved(file)) {
            bail!("{name}: this is one of the manifests, and a report would overwrite it; name another file");
        }
        if !is_device(file) && !written.insert(resolved(file)) {
            bail!("{name}: two reports cannot go to the same file; name another one");
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
    let mut all_written = true;
    for Output { format, file } in outputs {
        let style = Style { colour: style.colour && file.is_none(), ..style };
        let mut renderer: Box<dyn Render> = match format {
            Format::Text => Box::new(Text::new(style)),
            Format::Json => Box::new(Json::default()),
            Format::Junit => Box::new(JUnit::default()),
            Format::Sarif => Box::new(Sarif::new(rules.to_vec())),
            Format::Github => Box::new(GitHub),
        };
        let (name, written) = match file {
            None => ("standard output".to_owned(), render(&mut *renderer, content, &mut *io.stdout)),
            Some(path) => {
                let mut report = Vec::new();
                let written = render(&mut *renderer, content, &mut report)
                    .and_then(|()| save(path, &report, Access::Shared));
                (path.display().to_string(), written)
            }
        };
        match written {
            // Whoever reads has seen enough; the other outputs and the exit status do not depend on it.
            Err(error) if file.is_none() && error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(error) => {
                let message = format!("{name}: the {} report cannot be written: {error}", format.name());
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
    renderer.finish(content.summary, out)?;
    out.flush()
}

/// One name for each file, also where it does not exist yet.
fn resolved(path: &Path) -> PathBuf {
    let by_folder = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    };
    path.canonicalize().ok().or_else(by_folder).unwrap_or_else(|| path.to_owned())
}

/// What takes any number of reports, such as `/dev/null`.
fn is_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}
