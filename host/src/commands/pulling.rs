//! `--pull`: asks the registries of what a command is given.

use std::collections::{BTreeMap, HashSet};

use anyhow::Result;

use crate::args::{PolicyArgs, PullArgs};
use crate::commands::inputs::{self, Read};
use crate::console::Io;
use crate::files::input::Given;
use crate::pull::{self, Asker, Node, Pulls, Question};
use crate::sandbox::Policy;
use crate::text::counted;
use review::diagnostic::{Diagnostic, Diagnostics};
use review::evaluation::Evaluation;
use review::pull::PullResult;

/// Refuses `--pull` with settings that a config file has which was found: they name the registries that are asked.
///
/// # Errors
/// - such settings
pub(super) fn refuse_found_settings(pull: &PullArgs, policy: &PolicyArgs) -> Result<()> {
    if !pull.pull || !policy.are_settings_found {
        return Ok(());
    }
    let error = "--pull: the settings come from a config file that was found, and they choose which registries get requests";
    let help = "pass the settings with --settings FILE or the file with --config FILE, or add --no-config";
    Err(Diagnostics(vec![Diagnostic::error(error).with_help(help)]).into())
}

/// The credentials of `--docker-config`, as this policy decodes them.
///
/// # Errors
/// - a file that is not a docker config
pub(super) fn node(args: &PullArgs, policy: &Policy) -> Result<Node> {
    let read = |path| Node::read(path, policy, policy.metadata());
    Ok(args.docker_config.as_deref().map(read).transpose()?.unwrap_or_default())
}

/// Asks about every image in these inputs that the policy applies to. The inputs are read again for the report, so nothing of
/// them is kept.
///
/// # Errors
/// - a connection that cannot be set up
pub(super) fn ask<'a>(
    evaluation: &Evaluation<'_>,
    inputs: &[Result<Given, Box<Diagnostic>>],
    asker: &'a Asker<'a>,
    args: &PullArgs,
    io: &Io,
) -> Result<Pulls<'a>> {
    let mut seen: HashSet<Question> = HashSet::new();
    let pieces = inputs.iter().filter(|input| !inputs::is_patch(input)).flat_map(inputs::pieces);
    for piece in pieces {
        let Read { content, .. } = piece.read();
        for manifest in content.manifests {
            let outcome = evaluation.judge(manifest);
            seen.extend(pull::questions(evaluation, &outcome, asker));
        }
    }
    let pulls = Pulls::ask(asker, seen.iter().cloned(), &args.asking(false), io)?;
    tell(&pulls, &seen, io);
    Ok(pulls)
}

/// Prints how many images have which result.
fn tell(pulls: &Pulls<'_>, questions: &HashSet<Question>, io: &Io) {
    let results = questions.iter().filter_map(|question| {
        let pull = pulls.result(question, false, None)?;
        let is_asked = pull.result != PullResult::Unknown || !pull.attempts.is_empty();
        Some((pull.image, is_asked.then_some(pull.result)))
    });
    // The worst for each image, where pods differ.
    let mut images: BTreeMap<String, Option<PullResult>> = BTreeMap::new();
    for (image, result) in results {
        images.entry(image).and_modify(|known| *known = (*known).max(result)).or_insert(result);
    }
    let mut counts: BTreeMap<PullResult, usize> = BTreeMap::new();
    for result in images.values().flatten() {
        *counts.entry(*result).or_default() += 1;
    }
    let name = |result: &PullResult| match result {
        PullResult::Pulled => "can be pulled",
        PullResult::Denied => "denied",
        PullResult::NotFound => "not found",
        PullResult::NoPlatform => "not for the platform",
        PullResult::Unreachable => "without an answer",
        PullResult::Unknown => "not known",
    };
    let counts: Vec<String> =
        counts.iter().map(|(result, count)| format!("{count} {}", name(result))).collect();
    let counts = if counts.is_empty() { "nothing to ask for".to_owned() } else { counts.join(", ") };
    let asked = images.values().flatten().count();
    if asked > 0 || images.is_empty() {
        let asked = counted(asked, "image");
        io.stderr.line(&format!("note: asked the registries about {asked}: {counts}"));
    }
    if asked < images.len() {
        let others = counted(images.len() - asked, "image");
        io.stderr.line(&format!("note: did not ask about {others}, because no credential for it is known"));
    }
    if !pulls.is_complete() {
        tell_interrupted(io);
    }
}

/// Prints that Ctrl-C ended the asking.
pub(super) fn tell_interrupted(io: &Io) {
    io.stderr.line("warning: interrupted before every registry had answered; the report has what is known");
}
