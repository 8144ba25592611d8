//! Where the values of a tree are written. Our own, because no YAML library reports it for JSON pointers through flow style,
//! anchors and merge keys.

use std::ops::Range;

use granit_parser::ScalarStyle;

use crate::json_pointer::unescaped;

use super::{
    line_column,
    problem::MAX_DEPTH,
    span::Span,
    text::Lines,
    tree::{Content, Entry, Node, Tree},
};

/// The location of a value in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1
    pub line: usize,
    /// Column in characters, from 1
    pub column: usize,
    /// Bytes of the value, its tag and anchor included; those of a block end with its last character that is not white space
    pub span: Range<usize>,
    /// Is it a flow collection (`[…]`, `{…}`, JSON), or inside one?
    pub flow: bool,
    /// Bytes of its key, where it is a value of a mapping
    pub key: Option<Range<usize>>,
    /// Does it, or what it is in, come from an alias or a merge key, or does an alias refer to it? Then a change here also
    /// changes other places. An anchor alone shares nothing.
    pub aliased: bool,
    /// Does its key, or that of a value around it, occur twice in its mapping? Then this is the last one, which counts.
    pub repeated: bool,
}

impl Place {
    /// The place of the key in the text that this is a place in, where the value has one.
    #[must_use]
    pub fn of_name(self, text: &str) -> Self {
        let Some(key) = self.key.clone() else { return self };
        let (line, column) = line_column(text, key.start);
        Self { line, column, span: key, ..self }
    }
}

/// Answers JSON pointers for one document.
pub(super) struct Map<'a, 't> {
    tree: &'a Tree,
    whole: &'t str,
    lines: Lines<'t>,
}

/// A scalar where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// Its bytes
    pub span: Range<usize>,
    /// Whether it is a key
    pub is_key: bool,
    /// The key whose value it is
    pub key: Option<String>,
    /// The key of the mapping that it is in, or of the list which that is in
    pub around: Option<String>,
}

/// A value on the way along a pointer.
#[derive(Clone, Copy)]
struct Step<'a> {
    node: &'a Node,
    entry: Option<&'a Entry>,
    flow: bool,
    aliased: bool,
    repeated: bool,
}

impl<'a, 't> Map<'a, 't> {
    pub(super) fn new(tree: &'a Tree, whole: &'t str) -> Self {
        Map { tree, whole, lines: Lines::new(whole) }
    }

    /// The value at a pointer or, where there is none, what is nearest around it: its key, or its first key.
    pub(super) fn nearest(&self, mut pointer: &str) -> Option<Place> {
        if let Some(place) = self.place(pointer) {
            return Some(place);
        }
        loop {
            pointer = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
            if let Some(around) = self.place(pointer) {
                return Some(self.name(around, pointer));
            }
            if pointer.is_empty() {
                return None;
            }
        }
    }

    /// The place reduced to what names the value.
    fn name(&self, place: Place, pointer: &str) -> Place {
        let first = || {
            let Content::Mapping(entries) = &self.followed(self.walk(pointer)?)?.node.content else {
                return None;
            };
            entries.first().map(|entry| entry.span.range())
        };
        let start = place.span.start;
        let span = place.key.clone().or_else(first).unwrap_or(start..start);
        let (line, column) = self.lines.at(span.start);
        Place { line, column, span, ..place }
    }

    pub(super) fn place(&self, pointer: &str) -> Option<Place> {
        let step = self.walk(pointer)?;
        let key = step.entry.map(|entry| entry.span.range());
        let span = self.span(step.node, key.as_ref());
        let (line, column) = self.lines.at(span.start);
        let aliased = step.aliased || matches!(step.node.content, Content::Alias(_));
        Some(Place { line, column, span, flow: step.flow, key, aliased, repeated: step.repeated })
    }

    /// Each scalar, block scalars with their `|`, and each key.
    pub(super) fn scalars(&self) -> Vec<Scalar> {
        let mut scalars = Vec::new();
        // Nodes with the key that they are the value of, and the next key around that.
        let mut rest: Vec<(usize, Option<&Entry>, Option<&Entry>)> = vec![(self.tree.root, None, None)];
        while let Some((node, own, around)) = rest.pop() {
            let Some(node) = self.tree.nodes.get(node) else { continue };
            let name = |entry: Option<&Entry>| entry.and_then(|entry| entry.key.clone());
            match &node.content {
                Content::Scalar(_) => {
                    let key = own.map(|entry| entry.span.range());
                    let span = self.span(node, key.as_ref());
                    scalars.push(Scalar { span, is_key: false, key: name(own), around: name(around) });
                }
                // What is behind an alias is where the anchor is.
                Content::Alias(_) => {}
                Content::Sequence(items) => {
                    rest.extend(items.iter().map(|item| (*item, None, own.or(around))));
                }
                Content::Mapping(entries) => {
                    for entry in entries {
                        let span = entry.span.range();
                        scalars.push(Scalar { span, is_key: true, key: None, around: None });
                        rest.push((entry.node, Some(entry), own.or(around)));
                    }
                }
            }
        }
        scalars
    }

    fn walk(&self, pointer: &str) -> Option<Step<'a>> {
        let root = self.tree.nodes.get(self.tree.root)?;
        let flow = root.flow;
        let mut step = Step { node: root, entry: None, flow, aliased: root.aliased, repeated: false };
        if !pointer.is_empty() {
            for token in pointer.strip_prefix('/')?.split('/') {
                step = self.child(step, &unescaped(token))?;
            }
        }
        Some(step)
    }

    fn child(&self, step: Step<'a>, token: &str) -> Option<Step<'a>> {
        let step = self.followed(step)?;
        match &step.node.content {
            Content::Sequence(items) => {
                let plain = token.bytes().all(|byte| byte.is_ascii_digit())
                    && (token == "0" || !token.starts_with('0'));
                let index: usize = token.parse().ok().filter(|_| plain)?;
                self.step(*items.get(index)?, None, step)
            }
            Content::Mapping(_) => self.value(step, token, 0, &mut MAX_MERGES.clone()),
            Content::Scalar(_) | Content::Alias(_) => None,
        }
    }

    /// The value of a key of a mapping, its own or merged.
    fn value(&self, mapping: Step<'a>, key: &str, depth: usize, fuel: &mut usize) -> Option<Step<'a>> {
        *fuel = fuel.checked_sub(1)?;
        let Content::Mapping(entries) = &mapping.node.content else { return None };
        let is_named = |entry: &&Entry| entry.key.as_deref() == Some(key);
        for (at, entry) in entries.iter().enumerate().rev() {
            if is_named(&entry) {
                let step = self.step(entry.node, Some(entry), mapping)?;
                let before = entries.get(..at).unwrap_or_default();
                return Some(Step {
                    repeated: step.repeated || before.iter().any(|entry| is_named(&entry)),
                    ..step
                });
            }
            if entry.key.is_none() && depth < MAX_DEPTH {
                let mut source = self.followed(self.step(entry.node, Some(entry), mapping)?)?;
                source.aliased = true;
                let found = match &source.node.content {
                    Content::Sequence(items) => items.iter().find_map(|item| {
                        let item = self.followed(self.step(*item, None, source)?)?;
                        self.value(item, key, depth + 1, fuel)
                    }),
                    _ => self.value(source, key, depth + 1, fuel),
                };
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    fn step(&self, node: usize, entry: Option<&'a Entry>, from: Step<'a>) -> Option<Step<'a>> {
        let node = self.tree.nodes.get(node)?;
        Some(Step {
            node,
            entry,
            flow: from.flow || node.flow,
            aliased: from.aliased || node.aliased,
            repeated: from.repeated,
        })
    }

    fn followed(&self, step: Step<'a>) -> Option<Step<'a>> {
        let Content::Alias(target) = step.node.content else { return Some(step) };
        let node = self.tree.nodes.get(target)?;
        Some(Step { node, flow: node.flow, aliased: true, ..step })
    }

    fn span(&self, node: &Node, key: Option<&Range<usize>>) -> Range<usize> {
        let start = node.span.start();
        match &node.content {
            Content::Scalar(_) if node.style.is_none() => {
                let at = key.map_or(start, |key| self.after_colon(key));
                at..at
            }
            Content::Scalar(_) if matches!(node.style, Some(ScalarStyle::Literal | ScalarStyle::Folded)) => {
                self.block_scalar(node.span, key, is_blank(node))
            }
            Content::Sequence(_) | Content::Mapping(_) if !node.flow => {
                let is_list = matches!(node.content, Content::Sequence(_)) && key.is_some();
                let end = self.end(node).max(start);
                if is_list { self.dash(start)..end } else { start..end }
            }
            _ => node.span.range(),
        }
    }

    /// The end of a block collection is that of its last value.
    fn end(&self, node: &Node) -> usize {
        let mut node = node;
        let mut key = None;
        loop {
            let last = match &node.content {
                Content::Sequence(items) if !node.flow => items.last(),
                Content::Mapping(entries) if !node.flow => {
                    key = entries.last().map(|entry| entry.span.range());
                    entries.last().map(|entry| &entry.node)
                }
                _ => None,
            };
            let Some(next) = last.and_then(|last| self.tree.nodes.get(*last)) else { break };
            if matches!(node.content, Content::Sequence(_)) {
                key = None;
            }
            node = next;
        }
        self.span(node, key.as_ref()).end
    }

    /// The mark of a list that is not indented more than its key is after the first dash.
    fn dash(&self, start: usize) -> usize {
        let line = self.until(start).rfind(['\n', '\r']).map_or(0, |found| found + 1);
        let text = self.whole.get(line..start).unwrap_or_default();
        let indent = text.len() - text.trim_start().len();
        if text.get(indent..).is_some_and(|rest| rest.starts_with('-')) { line + indent } else { start }
    }

    /// The mark of a block scalar is at its first line of content, after `|`, or at `|` if the text ends there.
    fn block_scalar(&self, span: Span, key: Option<&Range<usize>>, blank: bool) -> Range<usize> {
        let Range { start, end } = span.range();
        let content = self.whole.get(start..end).unwrap_or_default();
        let written = content.trim_end();
        if blank && content.starts_with(['|', '>']) {
            return start..start + written.len();
        }
        let header = self.until(start).trim_end();
        let line = header.rfind(['\n', '\r']).map_or(0, |found| found + 1);
        let from = key.map_or(line, |key| key.end);
        let found = self.whole.get(from..start).and_then(|between| between.find(['|', '>']));
        let end = if written.trim_start().is_empty() { header.len() } else { start + written.len() };
        // With a tag or an anchor the mark is there, before `|`.
        let start = found.map_or(start.min(end), |found| from + found);
        start..end.max(start)
    }

    fn after_colon(&self, key: &Range<usize>) -> usize {
        let rest = self.from(key.end);
        let trimmed = rest.trim_start();
        if trimmed.starts_with(':') { key.end + rest.len() - trimmed.len() + 1 } else { key.end }
    }

    fn from(&self, at: usize) -> &'t str {
        self.whole.get(at..).unwrap_or_default()
    }

    fn until(&self, at: usize) -> &'t str {
        self.whole.get(..at).unwrap_or_default()
    }
}

/// How many mappings may be searched for one merged key.
const MAX_MERGES: usize = 10_000;

fn is_blank(node: &Node) -> bool {
    matches!(&node.content, Content::Scalar(serde_json::Value::String(text)) if text.trim().is_empty())
}
