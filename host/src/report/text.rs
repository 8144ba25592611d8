//! The report for people: a line for each object, a marked source line for each finding, a summary last.

use std::io::{self, Write};

use super::lines::{Lines, Piece};
use super::{Failing, Render, Summary, added_secrets};
use crate::text::plural;
use review::diagnostic::{Diagnostic, Spot, Weight};
use review::outcome::{Outcome, Pods};
use review::verdict::{Decision, Finding, Severity, Verdict};

/// How text is written.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// With colours
    pub colour: bool,
    /// Only problems, and no summary if there are none
    pub quiet: bool,
    /// What counts as wrong in addition to refusals
    pub failing: Failing,
}

/// Writes text.
#[derive(Debug)]
pub struct Text {
    style: Style,
    /// How many files could not be read to their end
    unread: usize,
}

impl Text {
    /// Text in this style.
    pub fn new(style: Style) -> Self {
        Self { style, unread: 0 }
    }

    fn status(outcome: &Outcome, out: &mut Lines<'_>) -> io::Result<()> {
        let Outcome { source, verdict, .. } = outcome;
        let template = source.template.as_ref().map(|path| format!(", from {path}")).unwrap_or_default();
        let worst = outcome.worst();
        let line = if source.line == 0 { String::new() } else { format!(":{}", source.line) };
        let place = format!(" {} ({}{line}{template})", outcome.title(), source.file);
        let mut pieces = vec![word(worst), place.into()];
        if verdict.decision != worst {
            pieces.extend([", object ".into(), short_word(verdict.decision)]);
        }
        pieces.push(describe(verdict).into());
        for Pods { verdict: pods, .. } in &outcome.pods {
            if pods.decision != verdict.decision
                || pods.decision == Decision::Mutated
                || (pods.decision == Decision::Accepted && pods.message.is_some())
            {
                pieces.extend(["; pods ".into(), short_word(pods.decision), describe(pods).into()]);
            }
        }
        out.pieces(&pieces)
    }

    fn finding(outcome: &Outcome, finding: &Finding, out: &mut Lines<'_>) -> io::Result<()> {
        let Outcome { source, manifest, .. } = outcome;
        let spot = match &finding.place {
            // Another policy may point at any value.
            Some(place) if finding.is_foreign() => Spot::of_key(&source.file, &manifest.file.text, place),
            Some(place) => Spot::of_value(&source.file, &manifest.file.text, place),
            None => Spot { file: source.file.clone(), line: source.line, column: None, excerpt: None },
        };
        // The content of a Secret is never shown, not even the line of the finding.
        let spot = if outcome.kind == "Secret" { spot.without_line() } else { spot };
        let diagnostic = Diagnostic {
            weight: match finding.severity {
                Severity::Reject => Weight::Error,
                Severity::Warn => Weight::Warning,
            },
            rule: Some(finding.rule.clone()),
            message: finding.message.clone(),
            spot: Some(spot),
            notes: source.template.iter().map(|path| format!("rendered from {path}")).collect(),
            help: None,
        };
        out.diagnostic(&diagnostic.with_help(&finding.help))
    }
}

/// A decision, as wide as the longest.
fn word(decision: Decision) -> Piece {
    let (word, colour) = named(decision);
    Piece::Coloured(format!("{word:<8}"), colour)
}

fn short_word(decision: Decision) -> Piece {
    let (word, colour) = named(decision);
    Piece::Coloured(word.to_owned(), colour)
}

/// The word for a decision, and its colour.
fn named(decision: Decision) -> (&'static str, &'static str) {
    match decision {
        Decision::Skipped => ("skipped", "2"),
        Decision::Accepted => ("accepted", "32"),
        Decision::Mutated => ("mutated", "36"),
        Decision::Rejected => ("rejected", "1;31"),
        Decision::Error => ("error", "1;31"),
    }
}

fn describe(verdict: &Verdict) -> String {
    match (verdict.decision, &verdict.message) {
        (Decision::Mutated, _) => {
            let names = added_secrets(&verdict.patch);
            match names.as_slice() {
                [] => format!(", {} changes", verdict.patch.len()),
                names => format!(", gets {} {}", plural(names.len(), "pull secret"), names.join(", ")),
            }
        }
        (_, Some(message)) if !verdict.findings_say_message => format!(": {message}"),
        _ => String::new(),
    }
}

impl Render for Text {
    fn problem(&mut self, problem: &Diagnostic, _: &mut dyn Write) -> io::Result<()> {
        self.unread += usize::from(problem.weight == Weight::Error);
        Ok(())
    }

    /// Standard error has it, and it is not about an input that cannot be read.
    fn nothing(&mut self, _: &Diagnostic, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn outcome(&mut self, outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
        let mut shown = outcome.findings();
        shown.extend(super::bare_warnings(outcome));
        shown.sort_by_key(|finding| (finding.line, finding.column));
        let worst = outcome.worst();
        let is_wrong =
            worst >= Decision::Rejected || (worst == Decision::Mutated && self.style.failing.mutations);
        let is_fine = !is_wrong && shown.is_empty();
        let mut out = Lines::new(out, self.style.colour);
        if !(self.style.quiet && is_fine) && worst != Decision::Skipped {
            Self::status(outcome, &mut out)?;
        }
        shown.iter().try_for_each(|finding| Self::finding(outcome, finding, &mut out))
    }

    fn finish(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let Summary { mutated, rejected, errors, warnings, .. } = *summary;
        let changes = if self.style.failing.mutations { mutated } else { 0 };
        if self.style.quiet && rejected + errors + warnings + changes + self.unread == 0 {
            return Ok(());
        }
        writeln!(out, "{}", summary.sentence(self.unread))
    }
}
