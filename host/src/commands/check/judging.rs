//! The judging of many inputs: part by part, by several threads, reported in the order of the input.

use std::collections::BTreeMap;
use std::iter;
use std::num::NonZero;
use std::ops::ControlFlow;

use serde_json::Value;

use crate::Io;
use crate::commands::inputs;
use crate::commands::reports::Reports;
use crate::diagnostic::{Diagnostic, Weight};
use crate::evaluation::{Evaluation, Outcome, locate};
use crate::input::{Given, Part};
use crate::manifest::{Content, Manifest, manifests_below};
use crate::pipeline;
use crate::report::Summary;
use crate::verdict::Decision;

/// Objects that are judged by one thread one after the other. Only a long list has more in one part.
const LONG: usize = 1024;

/// What became of all of them.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) summary: Summary,
    /// Why objects were left out, and how many
    pub(crate) skipped: BTreeMap<String, usize>,
    /// Whether every input was read to its end
    pub(crate) all_read: bool,
}

/// A part of an input, or why there is none.
struct Piece {
    is_first: bool,
    part: Result<Part, String>,
}

/// What there is to say of a part before its objects.
struct Head {
    is_first: bool,
    problems: Vec<Diagnostic>,
    /// How many documents it has
    documents: usize,
}

/// Objects of one part.
struct Batch {
    manifests: Vec<Manifest>,
    /// Whether there are no others in the part
    is_all: bool,
}

/// Judges everything in these inputs and reports it.
pub(crate) fn run(
    evaluation: &Evaluation<'_>,
    inputs: &[Result<Given, String>],
    jobs: NonZero<usize>,
    reports: &mut Reports,
    io: &mut Io,
) -> Tally {
    let progress = io.stderr.progress("files judged", inputs.len());
    let pieces = inputs.iter().flat_map(|input| {
        inputs::pieces(input).zip(inputs::first()).map(|(part, is_first)| {
            let size = part.as_ref().map_or(0, |part| part.file.text.len());
            (size, Piece { is_first, part })
        })
    });
    let judge = |Batch { manifests, is_all }| {
        let mut outcomes: Vec<Outcome> =
            manifests.into_iter().map(|manifest| evaluation.judge(manifest)).collect();
        if is_all {
            locate(&mut outcomes);
            // Reports need the object no more, and whoever made it frees it cheapest.
            for outcome in &mut outcomes {
                outcome.manifest.content = Content::Object(Value::Null);
            }
        }
        outcomes
    };
    let mut tally = Tally { summary: Summary::default(), skipped: BTreeMap::new(), all_read: true };
    // Of the input that is being taken: how many documents came before, and whether all of it could be read so far.
    let (mut documents, mut is_whole) = (0, true);
    pipeline::run(jobs, pieces, open, judge, |head: Head, batches| {
        if head.is_first {
            progress.step();
            (documents, is_whole) = (0, true);
        }
        // What stands behind an error may be meant otherwise.
        if !is_whole {
            return ControlFlow::Continue(());
        }
        for problem in &head.problems {
            io.stderr.diagnostic(problem);
            reports.problem(problem, io);
            is_whole &= problem.weight != Weight::Error;
        }
        tally.all_read &= is_whole;
        let is_one = batches.len() == 1;
        let mut outcomes: Vec<Outcome> = batches.into_iter().flatten().collect();
        if !is_one {
            // One document has most of them, and is to be searched once.
            locate(&mut outcomes);
        }
        for mut outcome in outcomes {
            outcome.source.document += documents;
            tally.add(&outcome);
            reports.outcome(&outcome, io);
        }
        documents += head.documents;
        ControlFlow::Continue(())
    });
    tally
}

impl Tally {
    fn add(&mut self, outcome: &Outcome) {
        self.summary.add(outcome);
        if let Some(reason) =
            outcome.verdict.message.as_ref().filter(|_| outcome.worst() == Decision::Skipped)
        {
            match self.skipped.get_mut(reason) {
                Some(count) => *count += 1,
                None => drop(self.skipped.insert(reason.clone(), 1)),
            }
        }
    }
}

fn open(Piece { is_first, part }: Piece) -> (Head, Vec<Batch>) {
    let part = match part {
        Ok(part) => part,
        Err(reason) => {
            let problems = vec![Diagnostic::error(reason)];
            return (Head { is_first, problems, documents: 0 }, Vec::new());
        }
    };
    let read = manifests_below(part.above, &part.file);
    let problems = inputs::diagnostics(&part, &read);
    let is_all = read.manifests.len() <= LONG;
    let mut manifests = read.manifests.into_iter();
    let batches = iter::from_fn(|| {
        let manifests: Vec<_> = manifests.by_ref().take(LONG).collect();
        (!manifests.is_empty()).then_some(Batch { manifests, is_all })
    });
    (Head { is_first, problems, documents: read.documents }, batches.collect())
}
