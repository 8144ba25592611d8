//! Where the values of a tree are written. Our own, because no YAML library tells it for JSON pointers through flow style,
//! anchors and merge keys.

use std::ops::Range;

use saphyr_parser::ScalarStyle;

use crate::json_pointer::unescaped;

use super::{
    Place,
    problem::MAX_DEPTH,
    span::Span,
    text::{Lines, Text},
    tree::{Content, Entry, Node, Tree},
};

/// Answers JSON pointers for one document.
pub(super) struct Map<'a, 't> {
    tree: &'a Tree,
    text: &'a Text<'t>,
    whole: &'t str,
    lines: Lines<'t>,
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
    pub(super) fn new(tree: &'a Tree, text: &'a Text<'t>, whole: &'t str) -> Self {
        Map { tree, text, whole, lines: Lines::new(whole) }
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
            entries.first().map(|entry| self.key(entry))
        };
        let start = place.span.start;
        let span = place.key.clone().or_else(first).unwrap_or(start..start);
        let (line, column) = self.lines.at(span.start);
        Place { line, column, span, ..place }
    }

    pub(super) fn place(&self, pointer: &str) -> Option<Place> {
        let step = self.walk(pointer)?;
        let key = step.entry.map(|entry| self.key(entry));
        let span = self.span(step.node, key.as_ref());
        let (line, column) = self.lines.at(span.start);
        let aliased = step.aliased || matches!(step.node.content, Content::Alias(_));
        Some(Place { line, column, span, flow: step.flow, key, aliased, repeated: step.repeated })
    }

    fn walk(&self, pointer: &str) -> Option<Step<'a>> {
        let root = self.tree.nodes.get(self.tree.root)?;
        let flow = self.is_flow(root);
        let mut step = Step { node: root, entry: None, flow, aliased: root.anchored, repeated: false };
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
        let mut named = entries.iter().filter(|entry| entry.key.as_deref() == Some(key)).rev();
        if let Some(entry) = named.next() {
            let step = self.step(entry.node, Some(entry), mapping)?;
            return Some(Step { repeated: step.repeated || named.next().is_some(), ..step });
        }
        if depth >= MAX_DEPTH {
            return None;
        }
        entries.iter().rev().filter(|entry| entry.key.is_none()).find_map(|entry| {
            let mut source = self.followed(self.step(entry.node, Some(entry), mapping)?)?;
            source.aliased = true;
            let Content::Sequence(items) = &source.node.content else {
                return self.value(source, key, depth + 1, fuel);
            };
            items.iter().find_map(|item| {
                let item = self.followed(self.step(*item, None, source)?)?;
                self.value(item, key, depth + 1, fuel)
            })
        })
    }

    fn step(&self, node: usize, entry: Option<&'a Entry>, from: Step<'a>) -> Option<Step<'a>> {
        let node = self.tree.nodes.get(node)?;
        Some(Step {
            node,
            entry,
            flow: from.flow || self.is_flow(node),
            aliased: from.aliased || node.anchored,
            repeated: from.repeated,
        })
    }

    fn followed(&self, step: Step<'a>) -> Option<Step<'a>> {
        let Content::Alias(target) = step.node.content else { return Some(step) };
        let node = self.tree.nodes.get(target)?;
        Some(Step { node, flow: self.is_flow(node), aliased: true, ..step })
    }

    fn is_flow(&self, node: &Node) -> bool {
        self.closing_bracket(node).is_some()
    }

    /// The event that ends a block has no text of its own, save where `?` comes next. That of a flow collection may stand
    /// before its bracket, at a last comma and a comment behind that.
    fn closing_bracket(&self, node: &Node) -> Option<usize> {
        if node.end.is_empty() || !matches!(node.content, Content::Sequence(_) | Content::Mapping(_)) {
            return None;
        }
        let mut at = self.text.byte(node.end.start);
        loop {
            let rest = self.from(at);
            let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            at += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return trimmed.starts_with(['}', ']']).then_some(at);
            }
            at += trimmed.find(['\n', '\r'])?;
        }
    }

    fn key(&self, entry: &Entry) -> Range<usize> {
        self.scalar(entry.span, entry.style)
    }

    fn span(&self, node: &Node, key: Option<&Range<usize>>) -> Range<usize> {
        let start = self.text.byte(node.span.start);
        match &node.content {
            Content::Scalar(_) if node.style.is_none() => {
                let at = key.map_or(start, |key| self.after_colon(key));
                at..at
            }
            Content::Scalar(_) if matches!(node.style, Some(ScalarStyle::Literal | ScalarStyle::Folded)) => {
                self.block_scalar(node.span, key, is_blank(node))
            }
            Content::Scalar(_) => self.scalar(node.span, node.style),
            Content::Alias(_) => self.text.range(node.span),
            Content::Sequence(_) | Content::Mapping(_) => match (self.closing_bracket(node), key) {
                (Some(bracket), _) => start..bracket + 1,
                (None, Some(_)) if matches!(node.content, Content::Sequence(_)) => {
                    self.dash(start)..self.end(node).max(start)
                }
                (None, _) => start..self.end(node).max(start),
            },
        }
    }

    /// The end of a block collection is that of its last value.
    fn end(&self, node: &Node) -> usize {
        let mut node = node;
        let mut key = None;
        loop {
            let last = match &node.content {
                Content::Sequence(items) if !self.is_flow(node) => items.last(),
                Content::Mapping(entries) if !self.is_flow(node) => {
                    key = entries.last().map(|entry| self.key(entry));
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

    /// The mark of a list that is not indented more than its key stands after the first dash.
    fn dash(&self, start: usize) -> usize {
        let line = self.until(start).rfind(['\n', '\r']).map_or(0, |found| found + 1);
        let text = self.whole.get(line..start).unwrap_or_default();
        let indent = text.len() - text.trim_start().len();
        if text.get(indent..).is_some_and(|rest| rest.starts_with('-')) { line + indent } else { start }
    }

    /// The mark after a quoted text stands behind the white space and comment that follow it.
    fn scalar(&self, span: Span, style: Option<ScalarStyle>) -> Range<usize> {
        let Range { start, end } = self.text.range(span);
        let (Some(ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted), Some(text)) =
            (style, self.whole.get(start..end))
        else {
            return start..end;
        };
        let quote = if style == Some(ScalarStyle::SingleQuoted) { '\'' } else { '"' };
        let Some(open) = start_of_quotes(text, quote) else { return start..end };
        let mut escaped = false;
        for (at, character) in text.get(open + 1..).unwrap_or_default().char_indices() {
            match character {
                '\\' if quote == '"' && !escaped => escaped = true,
                _ if character == quote && !escaped => {
                    let close = open + 1 + at;
                    let doubled =
                        quote == '\'' && text.get(close + 1..).is_some_and(|rest| rest.starts_with('\''));
                    if !doubled {
                        return start..start + close + 1;
                    }
                    escaped = true;
                }
                _ => escaped = false,
            }
        }
        start..end
    }

    /// The mark of a block scalar stands at its first line of content, behind `|`, or at `|` where the text ends there.
    fn block_scalar(&self, span: Span, key: Option<&Range<usize>>, blank: bool) -> Range<usize> {
        let Range { start, end } = self.text.range(span);
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
        // With a tag or an anchor the mark stands there, before `|`.
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

/// Byte of the opening quote behind tags, anchors, comments and white space.
fn start_of_quotes(text: &str, quote: char) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        let length = match trimmed.chars().next()? {
            first if first == quote => return Some(at),
            '!' | '&' => trimmed.find(char::is_whitespace)?,
            '#' => trimmed.find(['\n', '\r'])?,
            _ => return None,
        };
        at += length;
    }
}

fn is_blank(node: &Node) -> bool {
    matches!(&node.content, Content::Scalar(serde_json::Value::String(text)) if text.trim().is_empty())
}
