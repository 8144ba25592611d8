//! Objects that were not among the inputs, reported once at the end.

use std::collections::{BTreeMap, BTreeSet};

use review::gaps::Gap;
use review::list::some_of;

use crate::console::Io;
use crate::text::counted;

/// More than these are not listed.
const LISTED: usize = 10;

/// Objects that are not among the inputs, and whose answers depend on them.
#[derive(Debug, Default)]
pub(super) struct Unknown(BTreeMap<Gap, Dependents>);

#[derive(Debug, Default)]
struct Dependents {
    pods: usize,
    others: usize,
    /// Which similar objects are among the inputs
    suggestion: Option<String>,
}

impl Unknown {
    /// Counts an object of this kind for each of those that its answer depends on.
    pub(super) fn add(&mut self, kind: &str, unknown: &BTreeSet<Gap>, suggestions: &BTreeMap<Gap, String>) {
        for gap in unknown {
            let dependents = self.0.entry(gap.clone()).or_default();
            dependents.suggestion = suggestions.get(gap).cloned().or(dependents.suggestion.take());
            *if kind == "Pod" { &mut dependents.pods } else { &mut dependents.others } += 1;
        }
    }

    /// Lists them: objects that can be passed, then Secrets that something creates or that are encrypted.
    pub(super) fn tell(&self, io: &Io) {
        let (made, given): (Vec<_>, Vec<_>) = self.0.iter().partition(|(gap, _)| gap.is_content);
        if !given.is_empty() {
            io.stderr.line(&format!(
                "note: not among the inputs: {}; pass these too, or add --complete if the inputs are complete",
                listed(&given)
            ));
        }
        if !made.is_empty() {
            io.stderr.line(&format!(
                "note: not checked, because the inputs do not have their content: {}",
                listed(&made)
            ));
        }
    }
}

fn listed(unknown: &[(&Gap, &Dependents)]) -> String {
    let one = |(gap, Dependents { pods, others, suggestion }): &(&Gap, &Dependents)| {
        let counts = [(*pods, "pod"), (*others, "workload")];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts = counts.map(|(count, noun)| counted(*count, noun)).chain(suggestion.clone());
        let counts: Vec<String> = counts.collect();
        format!("{} ({})", gap.object(), counts.join(", "))
    };
    some_of(&unknown.iter().map(one).collect::<Vec<String>>(), LISTED)
}
