//! The JSON value of a tree: aliases followed, merge keys merged, duplicate keys noted.

use std::{collections::HashSet, mem::take};

use serde_json::{Map, Value, map};

use super::{
    builder::MAX_NOTES,
    problem::{MAX_DEPTH, Problem},
    tree::{Content, Entry, Tree},
};

/// Takes the value out of a tree, and leaves notes in it. `line` returns the line of a byte, for their messages.
///
/// # Errors
/// Aliases that expand too far, or a merge key without a mapping.
pub(super) fn value(tree: &mut Tree, text: &str, line: &dyn Fn(usize) -> usize) -> Result<Value, Problem> {
    let root = tree.root;
    // Long texts count as several nodes: an alias to a megabyte costs more than an alias to a word.
    let written = tree.nodes.len() + (tree.span.len() / BYTES_PER_NODE);
    let budget = written.saturating_mul(20).max(1_000_000);
    let mut expansion = Expansion { tree, text, line, budget, alias: None };
    expansion.node(root, 0)
}

const BYTES_PER_NODE: usize = 32;

struct Expansion<'a> {
    tree: &'a mut Tree,
    text: &'a str,
    line: &'a dyn Fn(usize) -> usize,
    /// Nodes that may still be made
    budget: usize,
    /// The outermost alias that has been followed to get here
    alias: Option<usize>,
}

impl Expansion<'_> {
    /// Recursion is safe here: the tree is at most [`MAX_DEPTH`] deep, and aliases are held to the same depth.
    fn node(&mut self, id: usize, depth: usize) -> Result<Value, Problem> {
        let shared = self.tree.shared;
        let Some(node) = self.tree.nodes.get_mut(id) else { return Ok(Value::Null) };
        match &mut node.content {
            Content::Scalar(value) if shared => {
                let value = value.clone();
                self.spend(id, value.as_str().map_or(0, str::len))?;
                Ok(value)
            }
            Content::Scalar(value) => Ok(take(value)),
            Content::Alias(target) => {
                let target = *target;
                let outer = self.alias;
                self.alias = outer.or(Some(id));
                let value = self.node(target, depth)?;
                self.alias = outer;
                Ok(value)
            }
            Content::Sequence(items) => {
                let items = take(items);
                self.enter(id, depth)?;
                let mut values = Vec::with_capacity(items.len());
                for item in &items {
                    values.push(self.node(*item, depth + 1)?);
                }
                self.put_back(id, Content::Sequence(items));
                Ok(Value::Array(values))
            }
            Content::Mapping(entries) => {
                let mut entries = take(entries);
                self.enter(id, depth)?;
                let map = self.mapping(&mut entries, depth)?;
                self.put_back(id, Content::Mapping(entries));
                Ok(Value::Object(map))
            }
        }
    }

    /// As go-yaml v2 does (`decode.go`, `mapping`): a later entry replaces an earlier one, both for keys and for merge keys.
    fn mapping(&mut self, entries: &mut [Entry], depth: usize) -> Result<Map<String, Value>, Problem> {
        let merges = entries.iter().any(|entry| entry.key.is_none());
        let keep = self.tree.shared || merges;
        let mut map = Map::new();
        let mut own = HashSet::new();
        let mut duplicates = Vec::new();
        for (at, entry) in entries.iter_mut().enumerate() {
            let Some(key) = (if keep { entry.key.clone() } else { take(&mut entry.key) }) else {
                self.merge(&mut map, &own, entry, depth)?;
                continue;
            };
            if keep {
                self.spend(entry.node, key.len())?;
            }
            let value = self.node(entry.node, depth + 1)?;
            let is_new = !merges || own.insert(key.clone());
            match map.entry(key) {
                map::Entry::Vacant(vacant) => {
                    vacant.insert(value);
                }
                map::Entry::Occupied(mut occupied) => {
                    occupied.insert(value);
                    if merges && is_new {
                        continue;
                    }
                    // The key that was taken is needed to find its earlier line.
                    entry.key = Some(occupied.key().clone());
                    duplicates.push(at);
                }
            }
        }
        self.note_duplicates(entries, &duplicates);
        Ok(map)
    }

    fn note_duplicates(&mut self, entries: &[Entry], duplicates: &[usize]) {
        for at in duplicates {
            let Some(entry) = entries.get(*at).filter(|_| self.may_note()) else { return };
            // The names have moved into the map, so the earlier one is known by its spelling.
            let spelling = |entry: &Entry| entry.span.text(self.text).trim_end().trim_matches(['"', '\'']);
            let written = spelling(entry);
            let earlier = entries.iter().take(*at).rfind(|earlier| spelling(earlier) == written);
            let line = earlier.map(|earlier| (self.line)(earlier.span.start()));
            let line = line.map_or_else(String::new, |line| format!(" (line {line})"));
            let say = |key: &str| format!("{key} is already in this mapping{line}; the last one counts");
            self.note(entry, entry.key.as_deref().unwrap_or_default(), say, None);
        }
    }

    /// Adds what a merge key brings. Within a list the earlier mapping wins.
    fn merge(
        &mut self,
        map: &mut Map<String, Value>,
        own: &HashSet<String>,
        entry: &Entry,
        depth: usize,
    ) -> Result<(), Problem> {
        let is_alias =
            self.tree.nodes.get(entry.node).is_some_and(|node| matches!(node.content, Content::Alias(_)));
        let sources = match self.node(entry.node, depth + 1)? {
            Value::Array(sources) if !is_alias => sources,
            source => vec![source],
        };
        for source in sources.into_iter().rev() {
            let Value::Object(source) = source else {
                return Err(self.problem(entry.node, "`<<` needs a mapping or a list of mappings"));
            };
            for (key, value) in source {
                let replaces = own.contains(&key) && map.get(&key) != Some(&value) && self.may_note();
                if replaces {
                    let say =
                        |key: &str| format!("this `<<` replaces {key} above it, as it does for kubectl");
                    self.note(entry, &key, say, Some("put `<<` first to keep the key"));
                }
                map.insert(key, value);
            }
        }
        Ok(())
    }

    fn enter(&mut self, id: usize, depth: usize) -> Result<(), Problem> {
        if depth >= MAX_DEPTH {
            return Err(self.problem(id, "nested too deeply through aliases: more than 100 levels"));
        }
        if self.tree.shared { self.spend(id, 0) } else { Ok(()) }
    }

    fn spend(&mut self, id: usize, bytes: usize) -> Result<(), Problem> {
        match self.budget.checked_sub(1 + bytes / BYTES_PER_NODE) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => {
                Err(self.problem(id, "the aliases of this document expand to far more than is written in it"))
            }
        }
    }

    fn put_back(&mut self, id: usize, content: Content) {
        if let Some(node) = self.tree.nodes.get_mut(id).filter(|_| self.tree.shared) {
            node.content = content;
        }
    }

    fn problem(&self, id: usize, message: &str) -> Problem {
        let at = self
            .tree
            .nodes
            .get(self.alias.unwrap_or(id))
            .map_or(self.tree.span.start, |node| node.span.start());
        Problem::new(at, message)
    }

    fn may_note(&self) -> bool {
        self.alias.is_none() && self.tree.notes.len() < MAX_NOTES
    }

    /// Notes that a value was not read, because another one has its key.
    fn note(&mut self, entry: &Entry, key: &str, say: impl Fn(&str) -> String, help: Option<&str>) {
        let problem = Problem { is_overwriting: true, ..Problem::of_key(entry.span.start(), key, say) };
        self.tree.notes.push(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
    }
}
