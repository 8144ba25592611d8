//! What is said where nothing was checked.

use review::diagnostic::Diagnostic;

use super::Check;
use super::judging::Tally;
use crate::commands::inputs::ALLOW_EMPTY;
use crate::commands::standard_input;
use crate::console::{ExitStatus, Io};
use crate::files::input::Given;
use crate::files::kustomization;
use crate::text::{counted, shell_path};

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
fn say_why_nothing(tally: &Tally, inputs: &[Result<Given, String>], io: &Io) {
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
    let help = match inputs.iter().flatten().find_map(Given::kustomization) {
        Some(file) => {
            let folder = shell_path(kustomization::folder_of(file));
            format!("to check what Kustomize builds, run acr-pull-secret check -k {folder}")
        }
        None => ALLOW_EMPTY.to_owned(),
    };
    io.stderr.diagnostic(&Diagnostic::error("nothing was checked").with_help(help));
}
