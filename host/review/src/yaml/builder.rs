//! A tree made of events.

use std::{collections::HashMap, ops::Range};

use granit_parser::{Event, ScalarStyle, StructureStyle, Tag};
use serde_json::Value;

use super::{
    flow_scalar,
    problem::{MAX_DEPTH, Problem, TOO_DEEP},
    refusal,
    scalar::{self, Remark},
    span::Span,
    tree::{Content, Entry, Marker, Node, Tree},
};

/// The largest number of values in a document. A manifest has about thirty bytes per value; a hostile text may have a value
/// after every comma.
const MAX_NODES: usize = 4 << 20;

/// The message for a document with more values.
const TOO_MANY: &str = "this document has more than 4.19 million values";

const SPLIT_IT: &str = "split it, with a line `---` between the parts";

/// The largest number of notes per document and per text. A hostile text could cause millions.
pub(crate) const MAX_NOTES: usize = 100;

const COMPLEX_KEY: &str = "a key must be a plain value, not a mapping or list";

/// A collection that is still open.
struct Frame {
    node: usize,
    content: Content,
    flow: bool,
    /// The key whose value comes next
    key: Option<(Option<String>, Span)>,
    /// The text that ends in a colon, which kubectl reads where the parser reads a mapping of one pair
    as_text: Option<(Value, Span)>,
}

pub(super) struct Builder<'t> {
    json: bool,
    /// Are values left out? Then only keys, and what aliases name, are resolved.
    is_outline: bool,
    whole: &'t str,
    nodes: Vec<Node>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, usize>,
    /// The key or node that the last event made, to which an anchor may belong
    last: Last,
    shared: bool,
    notes: Vec<Problem>,
}

/// What the last event made.
#[derive(Clone, Copy)]
enum Last {
    Key,
    Node(usize),
}

impl<'t> Builder<'t> {
    pub(super) fn new(json: bool, is_outline: bool, whole: &'t str) -> Self {
        Builder {
            json,
            is_outline,
            whole,
            nodes: Vec::new(),
            frames: Vec::new(),
            anchors: HashMap::new(),
            last: Last::Key,
            shared: false,
            notes: Vec::new(),
        }
    }

    /// Takes an event in.
    ///
    /// # Errors
    /// Content that manifests may not have, or a limit that was reached.
    pub(super) fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        if self.nodes.len() >= MAX_NODES {
            return Err(Problem::last(span.start(), TOO_MANY).help(SPLIT_IT));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_deref();
                let written = !span.is_empty() || style != ScalarStyle::Plain || anchor > 0 || tag.is_some();
                let style = written.then_some(style);
                let text = if written { text } else { "".into() };
                self.scalar(text, style, anchor, tag, span)
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::SequenceStart(style, anchor, tag) => {
                self.open(Content::Sequence(Vec::new()), style, span, anchor, tag.as_deref())
            }
            Event::MappingStart(style, anchor, tag) => {
                self.open(Content::Mapping(Vec::new()), style, span, anchor, tag.as_deref())
            }
            Event::Anchor(_, name) => {
                let behind = self.whole.get(span.end()..).unwrap_or_default();
                if let Some(message) = refusal::of_anchor(&name, behind) {
                    return Err(Problem::new(span.start(), message));
                }
                self.widen(span.start());
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(span);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: std::borrow::Cow<'_, str>,
        style: Option<ScalarStyle>,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Problem> {
        // An empty scalar has no text, and the parser places it at the next token, which may be lines below.
        let before = if span.is_empty() { self.whole.get(..span.start()) } else { None };
        let at = before.map_or(span.start(), |before| before.trim_end().len());
        let wrong = |remark: Remark| Problem::remark(at, remark);
        let is_key = self.key_expected();
        if is_key && text == "<<" && is_merge(style, tag) {
            if anchor > 0 {
                self.node(Content::Scalar(text.into()), span, style, anchor);
            }
            self.key(None, span);
            return Ok(());
        }
        let in_flow = self.frames.last().is_some_and(|frame| frame.flow);
        let (text, span, colon) = if in_flow && !self.json {
            flow_scalar::read(text, span, style, self.whole, is_key)?
        } else {
            (text, span, false)
        };
        if self.is_outline && !is_key && anchor == 0 {
            // The text of a block scalar is kept, because it matters whether it is empty.
            let is_block = matches!(style, Some(ScalarStyle::Literal | ScalarStyle::Folded));
            let value = if is_block { Value::String(text.into_owned()) } else { Value::Null };
            let node = self.node(Content::Scalar(value), span, style, anchor);
            self.attach(node);
            return Ok(());
        }
        if !self.json
            && let Some((at, message)) = refusal::of_scalar(span, style, tag.is_some() && in_flow, self.whole)
        {
            self.note(Problem::new(at, message));
        }
        self.note_tag(tag, span);
        let float = || scalar::float_as_key(&text).filter(|_| tag.is_none());
        let float = if is_key && style == Some(ScalarStyle::Plain) { float() } else { None };
        if let Some(key) = float {
            if anchor > 0 {
                let value =
                    scalar::resolve(text, ScalarStyle::Plain, tag).map_or(Value::Null, |(value, _)| value);
                self.node(Content::Scalar(value), span, style, anchor);
            }
            self.key(Some(key), span);
            return Ok(());
        }
        let (value, remark) = if self.json && style == Some(ScalarStyle::Plain) {
            (scalar::json_literal(&text).unwrap_or_default(), None)
        } else {
            scalar::resolve(text, style.unwrap_or(ScalarStyle::Plain), tag).map_err(wrong)?
        };
        if let Some(remark) = remark {
            self.note(Problem::remark(span.start(), remark));
        }
        if !is_key {
            let node = self.node(Content::Scalar(value), span, style, anchor);
            self.attach(node);
            return Ok(());
        }
        if anchor > 0 {
            self.node(Content::Scalar(value.clone()), span, style, anchor);
        }
        if colon && let Some(frame) = self.frames.last_mut() {
            frame.as_text = Some((value.clone(), span));
        }
        let key = scalar::key(value).map_err(wrong)?;
        self.key(Some(key), span);
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Problem> {
        let wrong = |message: &str| Problem::new(span.start(), message);
        let Some(target) = self.anchors.get(&anchor).copied() else {
            return Err(wrong("the alias names an anchor that this document does not have"));
        };
        if self.frames.iter().any(|frame| frame.node == target) {
            return Err(wrong("the alias is inside the value that it refers to"));
        }
        self.shared = true;
        if let Some(node) = self.nodes.get_mut(target) {
            node.aliased = true;
        }
        if self.key_expected() {
            let Some(Content::Scalar(value)) = self.nodes.get(target).map(|node| &node.content) else {
                return Err(wrong(COMPLEX_KEY));
            };
            let key = scalar::key(value.clone()).map_err(|remark| Problem::remark(span.start(), remark))?;
            self.key(Some(key), span);
            return Ok(());
        }
        let node = self.node(Content::Alias(target), span, Some(ScalarStyle::Plain), 0);
        self.attach(node);
        Ok(())
    }

    fn open(
        &mut self,
        content: Content,
        style: StructureStyle,
        span: Span,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), Problem> {
        if self.key_expected() {
            return Err(Problem::new(span.start(), COMPLEX_KEY));
        }
        if self.frames.len() >= MAX_DEPTH {
            return Err(Problem::new(span.start(), TOO_DEEP));
        }
        self.note_tag(tag, span);
        let is_unknown = |tag: &Tag| scalar::yaml_name(tag).is_none() && !scalar::is_lone(tag);
        if tag.is_some_and(is_unknown) {
            self.note(Problem::new(
                span.start(),
                "this tag has no meaning here: its value is read without it",
            ));
        }
        let empty = if matches!(content, Content::Mapping(_)) {
            Content::Mapping(Vec::new())
        } else {
            Content::Sequence(Vec::new())
        };
        let node = self.node(empty, span, None, anchor);
        let flow = style == StructureStyle::Flow;
        self.frames.push(Frame { node, content, flow, key: None, as_text: None });
        Ok(())
    }

    fn close(&mut self, span: Span) {
        let Some(frame) = self.frames.pop() else { return };
        let in_sequence = || matches!(self.frames.last(), Some(Frame { content: Content::Sequence(_), .. }));
        // A pair without braces ends with its value.
        let bare = frame.flow && span.is_empty();
        let text = frame.as_text.filter(|_| bare && in_sequence());
        let last = match &frame.content {
            Content::Mapping(entries) => entries.last().and_then(|entry| self.nodes.get(entry.node)),
            _ => None,
        };
        let last = last.map_or(0, |node| node.span.end());
        if let Some(node) = self.nodes.get_mut(frame.node) {
            node.flow = frame.flow;
            (node.content, node.span) = match text {
                Some((value, written)) => {
                    node.style = Some(ScalarStyle::Plain);
                    node.flow = false;
                    (Content::Scalar(value), written)
                }
                None if !frame.flow => (frame.content, node.span),
                None => {
                    let end = if bare { last.max(node.span.end()) } else { span.end() };
                    (frame.content, Span::new(node.span.start()..end))
                }
            };
        }
        self.attach(frame.node);
    }

    /// Makes the last key or node begin earlier, at its anchor.
    fn widen(&mut self, start: usize) {
        let span = match self.last {
            Last::Key => self.frames.last_mut().and_then(|frame| frame.key.as_mut()).map(|(_, span)| span),
            Last::Node(node) => self.nodes.get_mut(node).map(|node| &mut node.span),
        };
        if let Some(span) = span {
            *span = Span::new(start.min(span.start())..span.end());
        }
    }

    fn node(&mut self, content: Content, span: Span, style: Option<ScalarStyle>, anchor: usize) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Node { content, span, style, flow: false, aliased: false });
        if anchor > 0 {
            self.anchors.insert(anchor, node);
        }
        self.last = Last::Node(node);
        node
    }

    fn key_expected(&self) -> bool {
        self.frames
            .last()
            .is_some_and(|frame| frame.key.is_none() && matches!(frame.content, Content::Mapping(_)))
    }

    fn key(&mut self, key: Option<String>, span: Span) {
        if let Some(frame) = self.frames.last_mut() {
            frame.key = Some((key, span));
        }
        self.last = Last::Key;
    }

    fn attach(&mut self, node: usize) {
        let Some(frame) = self.frames.last_mut() else { return };
        match &mut frame.content {
            Content::Mapping(entries) => {
                if let Some((key, span)) = frame.key.take() {
                    entries.push(Entry { key, span, node });
                }
            }
            Content::Sequence(items) => items.push(node),
            Content::Scalar(_) | Content::Alias(_) => {}
        }
    }

    fn note_tag(&mut self, tag: Option<&Tag>, span: Span) {
        // go-yaml v2: `yaml_parser_scan_tag_uri`
        if tag.is_some_and(|tag| tag.suffix().contains('#')) {
            self.note(Problem::new(span.start(), "kubectl refuses a tag with `#`"));
        }
    }

    fn note(&mut self, problem: Problem) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(problem);
        }
    }

    pub(super) fn finish(self, index: usize, span: Range<usize>, marker: Option<Marker>) -> Tree {
        // An anchored key would come before a root scalar, but keys need a mapping, which has a lower number.
        let Builder { nodes, shared, notes, .. } = self;
        Tree { nodes, root: 0, shared, index, span, marker, notes }
    }
}

fn is_merge(style: Option<ScalarStyle>, tag: Option<&Tag>) -> bool {
    match tag {
        None => style == Some(ScalarStyle::Plain),
        Some(tag) => {
            scalar::is_lone(tag) && style == Some(ScalarStyle::Plain)
                || scalar::yaml_name(tag).as_deref() == Some("merge")
        }
    }
}
