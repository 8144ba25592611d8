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

/// The status where nothing may have been checked. Prints why.
pub(super) fn with_emptiness(
    status: ExitStatus,
    args: &Check,
    tally: &Tally,
    inputs: &[Result<Given, String>],
    io: &Io,
) -> ExitStatus {
    if let Some(emptiness) = standard_input::emptiness(inputs).filter(|_| !args.allow_empty) {
        io.stderr.diagnostic(&emptiness);
        // Other inputs may be fine, but this one was not checked.
        return if status == ExitStatus::Fine { ExitStatus::Nothing } else { status };
    }
    if status == ExitStatus::Nothing {
        say_why_nothing(tally, inputs, io);
    }
    status
}

/// Reports that nothing was checked, and why all objects were skipped.
fn say_why_nothing(tally: &Tally, given: &[Result<Given, String>], io: &Io) {
    for (reason, count) in &tally.skipped {
        io.stderr.line(&format!("note: {} skipped: {reason}", counted(*count, "object")));
    }
    if tally.foreign > 0 {
        let files = counted(tally.foreign, "file");
        let they_have = if tally.foreign == 1 { "it has" } else { "they have" };
        io.stderr.line(&format!(
            "note: {files} skipped, because {they_have} no object with an apiVersion and a kind"
        ));
    }
    let has_values = tally.skipped.contains_key(NOT_AN_OBJECT);
    let kustomization = given.iter().flatten().find_map(Given::kustomization);
    let help = inputs::help_for_nothing(kustomization, has_values);
    io.stderr.diagnostic(&Diagnostic::error("nothing was checked").with_help(help));
}
