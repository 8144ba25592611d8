//! Evaluates many inputs: part by part, by several threads, reported in the order of the input.

use std::collections::{BTreeMap, HashSet};
use std::iter;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::Value;

use crate::commands::inputs::{self, Foreign, Piece, Position, Read};
use crate::commands::ordered_parallel;
use crate::commands::reports::Reports;
use crate::commands::unknown::Unknown;
use crate::console::Io;
use crate::files::input::Given;
use crate::files::origin::Origin;
use crate::report::Summary;
use review::diagnostic::{Diagnostic, Weight};
use review::evaluation::Evaluation;
use review::fix;
use review::manifest::{Content, Manifest};
use review::outcome::{Outcome, locate};
use review::verdict::Decision;

/// Number of objects that one thread evaluates in sequence. Only a long list has more in one part.
const LONG: usize = 1024;

/// The result for all of them.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) summary: Summary,
    /// Why objects were left out, and how many
    pub(crate) skipped: BTreeMap<String, usize>,
    /// What was not among the inputs
    pub(crate) unknown: Unknown,
    /// Whether `fix` may add what is missing to one of them
    pub(crate) can_be_fixed: bool,
    /// How many files in folders are not manifests
    pub(crate) foreign: usize,
    /// The names of those that cannot be read at all
    pub(crate) unreadable: Vec<String>,
    /// Whether every input was read to its end
    pub(crate) all_read: bool,
    pub(crate) of_live: OfLive,
}

/// What is known of the objects of a cluster.
#[derive(Debug, Default)]
pub(crate) struct OfLive {
    /// The places of those that are accepted
    pub(crate) accepted: HashSet<String>,
    /// The places of the pods that are rejected
    pub(crate) rejected_pods: HashSet<String>,
}

/// What is reported about a part before its objects.
struct Head {
    /// The part's
    position: Position,
    problems: Vec<Diagnostic>,
    /// How many documents it has
    documents: usize,
    /// Whether the locations of its findings must be searched, because its objects are in several batches
    is_to_locate: bool,
    /// Whether it is an object of a cluster
    is_live: bool,
    /// What it is, where it is in a folder and is not a manifest
    foreign: Option<Foreign>,
}

/// Objects of a part.
struct Batch {
    manifests: Vec<Manifest>,
    /// The part's
    position: Position,
    /// Why they are not checked
    left_out: Option<Arc<str>>,
    /// Whether there are no others in the part
    is_one: bool,
    /// Whether its lines are those of a file
    has_lines: bool,
}

/// Evaluates everything in these inputs and reports it, with what `add` knows of each object that is checked.
pub(crate) fn run(
    evaluation: &Evaluation<'_>,
    inputs: &[Result<Given, Box<Diagnostic>>],
    add: &(dyn Fn(&mut Outcome) + Sync),
    jobs: NonZero<usize>,
    reports: &mut Reports,
    io: &mut Io,
) -> Tally {
    let progress = io.stderr.progress("files checked", inputs.len());
    let pieces = inputs.iter().flat_map(inputs::pieces).map(|piece| (piece.size(), piece));
    let judge = |Batch { manifests, position, left_out, is_one, has_lines }| {
        if position.is_beyond_the_end() {
            return (Vec::new(), false);
        }
        let judged = manifests.into_iter().map(|manifest| match &left_out {
            Some(reason) => evaluation.skip(manifest, reason),
            None => evaluation.judge(manifest),
        });
        let mut outcomes: Vec<Outcome> = judged.collect();
        if left_out.is_none() {
            outcomes.iter_mut().for_each(add);
        }
        outcomes.iter_mut().for_each(Outcome::name_paths);
        let can_be_fixed = has_lines && left_out.is_none() && outcomes.iter().any(fix::may_add);
        if is_one {
            if has_lines {
                locate(&mut outcomes);
            }
            // Reports do not need the object. It is cheapest to free it on the thread that allocated it.
            for outcome in &mut outcomes {
                outcome.manifest.content = Content::Object(Value::Null);
            }
        }
        (outcomes, can_be_fixed)
    };
    let mut tally = Tally {
        summary: Summary::default(),
        skipped: BTreeMap::new(),
        unknown: Unknown::default(),
        can_be_fixed: false,
        foreign: 0,
        unreadable: Vec::new(),
        all_read: true,
        of_live: OfLive::default(),
    };
    // How many documents of the current input came before this part.
    let mut documents = 0;
    ordered_parallel::run(jobs, pieces, open, judge, |head: Head, batches| {
        if head.position.index == 0 {
            progress.step();
            documents = 0;
        }
        if head.position.is_beyond_the_end() {
            return ControlFlow::Continue(());
        }
        for problem in &head.problems {
            io.stderr.diagnostic(problem);
            reports.problem(problem, io);
            tally.all_read &= problem.weight != Weight::Error;
        }
        tally.foreign += usize::from(head.foreign.is_some());
        if let Some(Foreign::Unreadable(name)) = head.foreign {
            tally.unreadable.push(name);
        }
        let mut outcomes: Vec<Outcome> = Vec::new();
        for (of_batch, can_be_fixed) in batches {
            outcomes.extend(of_batch);
            tally.can_be_fixed |= can_be_fixed;
        }
        if head.is_to_locate {
            // Most of them are in one document, which is searched once.
            locate(&mut outcomes);
        }
        for mut outcome in outcomes {
            outcome.source.document += documents;
            tally.add(&outcome);
            if head.is_live {
                tally.of_live.add(&outcome);
            }
            reports.outcome(outcome, io);
        }
        documents += head.documents;
        ControlFlow::Continue(())
    });
    tally
}

impl Tally {
    fn add(&mut self, outcome: &Outcome) {
        self.summary.add(outcome);
        self.unknown.add(&outcome.kind, &outcome.unknown, &outcome.suggestions);
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

impl OfLive {
    fn add(&mut self, outcome: &Outcome) {
        match outcome.worst() {
            Decision::Accepted => drop(self.accepted.insert(outcome.source.file.clone())),
            Decision::Rejected if outcome.kind == "Pod" => {
                self.rejected_pods.insert(outcome.source.file.clone());
            }
            _ => {}
        }
    }
}

fn open(piece: Piece) -> (Head, Vec<Batch>) {
    let read = piece.read();
    let left_out: Option<Arc<str>> = read.left_out().map(Arc::from);
    let Read { content, problems, position, origin, foreign, .. } = read;
    let (has_lines, is_live) = (origin.has_lines(), origin == Origin::Live);
    let is_one = content.manifests.len() <= LONG;
    let mut manifests = content.manifests.into_iter();
    let batches = iter::from_fn(|| {
        let manifests: Vec<_> = manifests.by_ref().take(LONG).collect();
        let (position, left_out) = (position.clone(), left_out.clone());
        (!manifests.is_empty()).then_some(Batch { manifests, position, left_out, is_one, has_lines })
    });
    let batches = batches.collect();
    let is_to_locate = !is_one && has_lines;
    (Head { position, problems, documents: content.documents, is_to_locate, is_live, foreign }, batches)
}
