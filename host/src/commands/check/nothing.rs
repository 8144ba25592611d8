//! What is reported where nothing was checked.

use review::diagnostic::Diagnostic;
use review::evaluation::NOT_AN_OBJECT;

use super::Check;
use super::judging::Tally;
use crate::commands::inputs;
use crate::commands::standard_input;
use crate::console::{ExitStatus, Io};
use crate::files::input::Given;
use crate::text::counted;

/// Why the call is no success although nothing is wrong with an object.
pub(super) struct Nothing {
    /// For every report
    pub(super) error: Diagnostic,
    /// Why all objects were skipped
    notes: Vec<String>,
}

impl Nothing {
    /// Of a check with this status so far: standard input is empty, or nothing was checked.
    pub(super) fn of(
        status: ExitStatus,
        args: &Check,
        tally: &Tally,
        inputs: &[Result<Given, Box<Diagnostic>>],
    ) -> Option<Self> {
        if let Some(error) = standard_input::emptiness(inputs).filter(|_| !args.allow_empty) {
            return Some(Self { error, notes: Vec::new() });
        }
        (status == ExitStatus::Nothing).then(|| Self { error: error(tally, inputs), notes: notes(tally) })
    }

    /// Prints it. The status is then no success.
    pub(super) fn tell(&self, status: ExitStatus, io: &Io) -> ExitStatus {
        self.notes.iter().for_each(|note| io.stderr.line(note));
        io.stderr.diagnostic(&self.error);
        // Other inputs may be fine, but an empty standard input was not checked.
        if status == ExitStatus::Fine { ExitStatus::Nothing } else { status }
    }
}

fn notes(tally: &Tally) -> Vec<String> {
    let skipped = tally.skipped.iter();
    let skipped =
        skipped.map(|(reason, count)| format!("note: {} skipped: {reason}", counted(*count, "object")));
    let foreign = (tally.foreign > 0).then(|| {
        let files = counted(tally.foreign, "file");
        let they_have = if tally.foreign == 1 { "it has" } else { "they have" };
        format!("note: {files} skipped, because {they_have} no object with an apiVersion and a kind")
    });
    skipped.chain(foreign).collect()
}

fn error(tally: &Tally, given: &[Result<Given, Box<Diagnostic>>]) -> Diagnostic {
    let has_values = tally.skipped.contains_key(NOT_AN_OBJECT);
    let kustomization = given.iter().flatten().find_map(Given::kustomization);
    let help = inputs::help_for_nothing(kustomization, has_values);
    Diagnostic::error("nothing was checked").with_help(help)
}
