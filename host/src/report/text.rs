//! The report for people: a line for each object, a marked source line for each finding, a summary last.

use std::borrow::Cow;
use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::{Render, Summary};
use crate::evaluation::Outcome;
use crate::verdict::{Decision, Finding, Severity, Verdict};

/// How text is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// With colours
    pub colour: bool,
    /// Only what is wrong, and no summary when nothing is
    pub quiet: bool,
}

/// Writes text.
#[derive(Debug)]
pub struct Text {
    style: Style,
    renderer: Renderer,
}

impl Text {
    /// Text in this style.
    pub fn new(style: Style) -> Self {
        Self { style, renderer: if style.colour { Renderer::styled() } else { Renderer::plain() } }
    }

    fn status(&self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        let Outcome { source, verdict, .. } = outcome;
        let [kind, namespace, name] =
            [&outcome.kind, &outcome.namespace, &outcome.name].map(|text| plain(text));
        let slash = if namespace.is_empty() { "" } else { "/" };
        let template =
            source.template.as_ref().map(|path| format!(", from {}", plain(path))).unwrap_or_default();
        write!(
            out,
            "{} {kind} {namespace}{slash}{name} ({}:{}{template})",
            self.word(verdict.decision),
            plain(&source.file),
            source.line
        )?;
        describe(verdict, out)?;
        if let Some(pods) = &outcome.pods
            && (pods.decision != verdict.decision
                || pods.decision == Decision::Mutated
                || (pods.decision == Decision::Accepted && pods.message.is_some()))
        {
            write!(out, "; its pods: {}", self.word(pods.decision).trim_end())?;
            describe(pods, out)?;
        }
        writeln!(out)
    }

    fn word(&self, decision: Decision) -> String {
        let (word, colour) = match decision {
            Decision::Skipped => ("skipped", "2"),
            Decision::Accepted => ("accepted", "32"),
            Decision::Mutated => ("mutated", "36"),
            Decision::Rejected => ("rejected", "1;31"),
            Decision::Error => ("error", "1;31"),
        };
        if self.style.colour { format!("\u{1b}[{colour}m{word:<8}\u{1b}[0m") } else { format!("{word:<8}") }
    }

    fn finding(&self, outcome: &Outcome, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
        let level = match finding.severity {
            Severity::Reject => Level::ERROR,
            Severity::Warn => Level::WARNING,
        };
        let text = plain(&finding.message);
        // A semicolon within quotes belongs to a name or an image.
        let (message, mend) = match text.rsplit_once("; ") {
            Some((message, mend)) if mend.matches('"').count() % 2 == 0 => (message, Some(mend)),
            _ => (&*text, None),
        };
        let source = &outcome.manifest.file.text;
        let window = finding.span.clone().and_then(|span| window(source, span));
        // What a Secret holds is never shown, be it the line that is spoken of.
        let window = window.filter(|window| outcome.kind != "Secret" && !holds_secret(window.source));
        let title = level.primary_title(message).id(finding.rule.as_str());
        let line = finding.line.unwrap_or(outcome.source.line);
        let mut group = if let Some(Window { source, span }) = &window {
            let snippet = Snippet::source(*source).line_start(line).path(outcome.source.file.as_str());
            title.element(snippet.annotation(AnnotationKind::Primary.span(span.clone())))
        } else {
            title.element(Origin::path(outcome.source.file.as_str()).line(line))
        };
        if let Some(mend) = mend {
            group = group.element(Level::HELP.message(mend));
        }
        writeln!(out, "{}\n", self.renderer.render(&[group]))
    }
}

/// Text in which nothing moves a cursor or changes a colour.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
        return Cow::Owned(text.chars().map(escaped).collect());
    }
    Cow::Borrowed(text)
}

/// Whether a line holds a whole Secret, as JSON on one line does.
fn holds_secret(line: &str) -> bool {
    ["\"Secret\"", "kind: Secret", "kind:Secret", "'Secret'"].iter().any(|kind| line.contains(kind))
}

/// The line a finding stands on; of a value of several lines, the first.
struct Window<'a> {
    source: &'a str,
    span: std::ops::Range<usize>,
}

fn window(text: &str, span: std::ops::Range<usize>) -> Option<Window<'_>> {
    let start = text.get(..span.start)?.rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
    let rest = text.get(start..)?;
    let source = rest.split(['\n', '\r']).next()?;
    let from = (span.start - start).min(source.len());
    let to = (span.end - start).min(source.len()).max(from);
    Some(Window { source, span: from..to })
}

fn describe(verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    match (verdict.decision, &verdict.message) {
        (Decision::Mutated, _) => {
            let names = added(&verdict.patch);
            let plural = if names.len() == 1 { "" } else { "s" };
            match names.as_slice() {
                [] => write!(out, ", {} changes", verdict.patch.len()),
                names => write!(out, ", gets pull secret{plural} {}", plain(&names.join(", "))),
            }
        }
        (_, Some(message)) if !verdict.findings.iter().any(|finding| message.contains(&finding.message)) => {
            write!(out, ": {}", plain(message))
        }
        _ => Ok(()),
    }
}

/// The names that a patch adds to a list of pull secrets.
fn added(patch: &json_patch::Patch) -> Vec<&str> {
    let values = patch.iter().filter_map(|operation| match operation {
        json_patch::PatchOperation::Add(add) => Some(&add.value),
        json_patch::PatchOperation::Replace(replace) => Some(&replace.value),
        _ => None,
    });
    values
        .flat_map(|value| value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice))
        .filter_map(|entry| entry.get("name")?.as_str())
        .collect()
}

impl Render for Text {
    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        let shown = outcome.findings();
        let is_fine = outcome.worst() < Decision::Rejected && shown.is_empty();
        if !(self.style.quiet && is_fine) && outcome.worst() != Decision::Skipped {
            self.status(outcome, out)?;
        }
        shown.iter().try_for_each(|finding| self.finding(outcome, finding, out))
    }

    fn finish(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let Summary { objects, accepted, mutated, rejected, skipped, errors, warnings } = *summary;
        if self.style.quiet && rejected + errors + warnings == 0 {
            return Ok(());
        }
        let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
        let mut parts = vec![
            format!("{accepted} accepted"),
            format!("{mutated} mutated"),
            format!("{rejected} rejected"),
        ];
        if skipped > 0 {
            parts.push(format!("{skipped} skipped"));
        }
        if errors > 0 {
            parts.push(count(errors, "error", "errors"));
        }
        let objects = count(objects, "object", "objects");
        writeln!(out, "{objects}: {}; {}", parts.join(", "), count(warnings, "warning", "warnings"))
    }
}
