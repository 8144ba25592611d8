//! One document as a tree of nodes in a flat list, each with its span, aliases not yet followed.

use std::{collections::HashMap, ops::Range};

use saphyr_parser::{BufferedInput, Event, Parser, ScalarStyle, StrInput, Tag};
use serde_json::Value;

use super::{
    json::Lexer,
    problem::{MAX_DEPTH, Problem, TOO_DEEP},
    scalar,
    span::{Marker, Span},
    text::Text,
    watch::{Watch, Watched},
};

/// The most values of a document. Manifests have some thirty bytes for each of them, but one may stand behind every comma.
const MAX_NODES: usize = 4 << 20;

/// What is said of more.
const TOO_MANY: &str =
    "this document has more than 4.19 million values; split it, with a line `---` between the parts";

/// A document.
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) root: usize,
    /// Are there aliases, so that a node may be visited more than once?
    pub(super) shared: bool,
    pub(super) index: usize,
    pub(super) line: usize,
    pub(super) span: Range<usize>,
    pub(super) notes: Vec<Problem>,
}

/// A value where it is written.
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) span: Span,
    /// Span of the event that closes a collection
    pub(super) end: Span,
    /// Style of a scalar, `None` for one of which nothing is written
    pub(super) style: Option<ScalarStyle>,
    pub(super) anchored: bool,
}

pub(super) enum Content {
    Scalar(Value),
    /// The node with the anchor
    Alias(usize),
    Sequence(Vec<usize>),
    Mapping(Vec<Entry>),
}

/// A key with its value.
pub(super) struct Entry {
    /// `None` for the merge key `<<`
    pub(super) key: Option<String>,
    pub(super) span: Span,
    pub(super) style: Option<ScalarStyle>,
    pub(super) node: usize,
}

impl Tree {
    /// Is there nothing but comments?
    pub(super) fn is_blank(&self) -> bool {
        self.nodes
            .get(self.root)
            .is_none_or(|node| node.style.is_none() && matches!(node.content, Content::Scalar(_)))
    }

    /// The template in the last `# Source:` comment before the first node.
    pub(super) fn helm_source(&self, text: &str) -> Option<String> {
        let part = text.get(self.span.clone())?;
        let before = part
            .lines()
            .map(str::trim)
            .take_while(|line| line.is_empty() || line.starts_with(['#', '\u{feff}']));
        let named =
            before.filter_map(|line| line.trim_start_matches('\u{feff}').strip_prefix("# Source:")).last()?;
        Some(named.trim().to_owned()).filter(|path| !path.is_empty())
    }
}

enum Source<'t> {
    Yaml(Box<Parser<'t, StrInput<'t>>>),
    /// A text that may have so much flow in it that the scanner has to be watched
    Watched(Box<Parser<'t, BufferedInput<Watched<'t>>>>, Watch),
    Json(Lexer<'t>),
}

/// Reads tree after tree.
pub(super) struct Reader<'t> {
    source: Source<'t>,
    text: Text<'t>,
    whole: &'t str,
    index: usize,
    /// Where the text after the last document begins
    rest: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn yaml(text: &'t str) -> Self {
        let rest = text.len() - text.trim_start_matches('\u{feff}').len();
        let source = match Watch::of(text) {
            None => Source::Yaml(Box::new(Parser::new_from_str(text))),
            Some((watched, watch)) => Source::Watched(Box::new(Parser::new_from_iter(watched)), watch),
        };
        Reader { source, text: Text::characters(text), whole: text, index: 0, rest }
    }

    pub(super) fn json(text: &'t str) -> Self {
        Reader {
            source: Source::Json(Lexer::new(text)),
            text: Text::bytes(text),
            whole: text,
            index: 0,
            rest: 0,
        }
    }

    pub(super) fn text(&self) -> &Text<'t> {
        &self.text
    }

    /// How many documents have been begun.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    fn event(&mut self) -> Result<Option<(Event<'t>, Span)>, Problem> {
        let event = match &mut self.source {
            Source::Json(lexer) => lexer.next_event()?,
            Source::Yaml(parser) => {
                let event = parser.next_event().transpose();
                event.map_err(|error| Problem::scan(&error, &self.text, self.whole))?
            }
            Source::Watched(parser, watch) => {
                let event = parser.next_event().transpose();
                watch.look()?;
                event.map_err(|error| Problem::scan(&error, &self.text, self.whole))?
            }
        };
        Ok(event.map(|(event, span)| (event, span.into())))
    }

    /// Goes to the next document; false at the end of the text.
    fn start(&mut self) -> Result<bool, Problem> {
        while let Some((event, span)) = self.event()? {
            if let Event::DocumentStart(explicit) = event {
                self.index += 1;
                if explicit {
                    self.rest = self.text.range(span).end;
                } else if matches!(self.source, Source::Json(_)) {
                    self.rest = self.text.byte(span.start);
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The end of a document before its `...` or the next `---`.
    fn end(&mut self, span: Span) -> Range<usize> {
        let Range { start, end } = self.text.range(span);
        let document = self.rest.min(start)..start;
        let marker = self.whole.get(start..).is_some_and(|rest| rest.starts_with("..."));
        self.rest = if marker { end } else { start };
        document
    }

    /// Passes over a document; false where there is none.
    pub(super) fn skip_document(&mut self) -> Result<bool, Problem> {
        if !self.start()? {
            return Ok(false);
        }
        while let Some((event, span)) = self.event()? {
            if matches!(event, Event::DocumentEnd) {
                self.end(span);
                break;
            }
        }
        Ok(true)
    }

    /// The next document, blank ones included; `None` at the end of the text.
    pub(super) fn next_tree(&mut self) -> Result<Option<Tree>, Problem> {
        if !self.start()? {
            return Ok(None);
        }
        let json = matches!(self.source, Source::Json(_));
        let mut builder = Builder::new(json);
        while let Some((event, span)) = self.event()? {
            if matches!(event, Event::DocumentEnd) {
                let span = self.end(span);
                return Ok(Some(builder.finish(self.index, span)));
            }
            let step = builder.event(event, span);
            step.map_err(|Fault { at, message, is_bound }| Problem {
                is_bound,
                ..Problem::new(self.text.byte(at), message)
            })?;
            if let Some((mark, message)) = builder.remark.take() {
                builder.notes.push(Problem::new(self.text.byte(mark), message));
            }
        }
        Ok(None)
    }
}

struct Fault {
    at: Marker,
    message: String,
    /// Whether a bound was reached
    is_bound: bool,
}

/// A collection that is still open.
struct Frame {
    node: usize,
    content: Content,
    /// The key whose value comes next
    key: Option<(Option<String>, Span, Option<ScalarStyle>)>,
}

struct Builder {
    json: bool,
    nodes: Vec<Node>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, usize>,
    shared: bool,
    remark: Option<(Marker, String)>,
    notes: Vec<Problem>,
}

impl Builder {
    fn new(json: bool) -> Self {
        Builder {
            json,
            nodes: Vec::new(),
            frames: Vec::new(),
            anchors: HashMap::new(),
            shared: false,
            remark: None,
            notes: Vec::new(),
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let fault = |message: String| Fault { at: span.start, message, is_bound: false };
        if self.nodes.len() >= MAX_NODES {
            return Err(Fault { is_bound: true, ..fault(TOO_MANY.to_owned()) });
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let written = !text.is_empty() || style != ScalarStyle::Plain || anchor > 0 || tag.is_some();
                let style = written.then_some(style);
                let merge = text == "<<" && is_merge(style, tag.as_deref());
                if merge && self.key_expected() {
                    self.key(None, span, style);
                    return Ok(());
                }
                let (value, remark) = if self.json && style == Some(ScalarStyle::Plain) {
                    (scalar::json_literal(&text).unwrap_or_default(), None)
                } else {
                    scalar::resolve(text, style.unwrap_or(ScalarStyle::Plain), tag.as_deref())
                        .map_err(fault)?
                };
                self.remark =
                    remark.filter(|_| self.notes.len() < MAX_NOTES).map(|remark| (span.start, remark));
                if self.key_expected() {
                    if anchor > 0 {
                        self.node(Content::Scalar(value.clone()), span, style, anchor);
                    }
                    let key = scalar::key(value).map_err(fault)?;
                    self.key(Some(key), span, style);
                    return Ok(());
                }
                let node = self.node(Content::Scalar(value), span, style, anchor);
                self.attach(node);
            }
            Event::Alias(anchor) => {
                let Some(target) = self.anchors.get(&anchor).copied() else {
                    return Err(fault(
                        "the alias names an anchor that this document does not have".to_owned(),
                    ));
                };
                if self.frames.iter().any(|frame| frame.node == target) {
                    return Err(fault("the alias stands inside the value that it names".to_owned()));
                }
                self.shared = true;
                if self.key_expected() {
                    let Some(Content::Scalar(value)) = self.nodes.get(target).map(|node| &node.content)
                    else {
                        return Err(fault(COMPLEX_KEY.to_owned()));
                    };
                    let key = scalar::key(value.clone()).map_err(fault)?;
                    self.key(Some(key), span, Some(ScalarStyle::Plain));
                    return Ok(());
                }
                let node = self.node(Content::Alias(target), span, Some(ScalarStyle::Plain), 0);
                self.attach(node);
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(Content::Sequence(Vec::new()), span, anchor, tag.as_deref())?;
            }
            Event::MappingStart(anchor, tag) => {
                self.open(Content::Mapping(Vec::new()), span, anchor, tag.as_deref())?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(frame) = self.frames.pop() {
                    if let Some(node) = self.nodes.get_mut(frame.node) {
                        node.content = frame.content;
                        node.end = span;
                    }
                    self.attach(frame.node);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, content: Content, span: Span, anchor: usize, tag: Option<&Tag>) -> Result<(), Fault> {
        let fault = |message: &str| Fault { at: span.start, message: message.to_owned(), is_bound: false };
        if self.key_expected() {
            return Err(fault(COMPLEX_KEY));
        }
        if self.frames.len() >= MAX_DEPTH {
            return Err(fault(TOO_DEEP));
        }
        let is_unknown = |tag: &Tag| !tag.is_yaml_core_schema() && tag.suffix != "!";
        if tag.is_some_and(is_unknown) && self.notes.len() < MAX_NOTES {
            let remark = "this tag has no meaning here: its value is read without it";
            self.remark = Some((span.start, remark.to_owned()));
        }
        let empty = if matches!(content, Content::Mapping(_)) {
            Content::Mapping(Vec::new())
        } else {
            Content::Sequence(Vec::new())
        };
        let node = self.node(empty, span, None, anchor);
        self.frames.push(Frame { node, content, key: None });
        Ok(())
    }

    fn node(&mut self, content: Content, span: Span, style: Option<ScalarStyle>, anchor: usize) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Node { content, span, end: span, style, anchored: anchor > 0 });
        if anchor > 0 {
            self.anchors.insert(anchor, node);
        }
        node
    }

    fn key_expected(&self) -> bool {
        self.frames
            .last()
            .is_some_and(|frame| frame.key.is_none() && matches!(frame.content, Content::Mapping(_)))
    }

    fn key(&mut self, key: Option<String>, span: Span, style: Option<ScalarStyle>) {
        if let Some(frame) = self.frames.last_mut() {
            frame.key = Some((key, span, style));
        }
    }

    fn attach(&mut self, node: usize) {
        let Some(frame) = self.frames.last_mut() else { return };
        match &mut frame.content {
            Content::Mapping(entries) => {
                if let Some((key, span, style)) = frame.key.take() {
                    entries.push(Entry { key, span, style, node });
                }
            }
            Content::Sequence(items) => items.push(node),
            Content::Scalar(_) | Content::Alias(_) => {}
        }
    }

    fn finish(self, index: usize, span: Range<usize>) -> Tree {
        // An anchored key would come before a root scalar, but keys need a mapping, which has a lower number.
        let line = self.nodes.first().map_or(1, |node| node.span.start.line());
        Tree { nodes: self.nodes, root: 0, shared: self.shared, index, line, span, notes: self.notes }
    }
}

/// Notes beyond these per document say nothing new, and hostile texts could ask for millions.
pub(super) const MAX_NOTES: usize = 100;

const COMPLEX_KEY: &str = "a key must be a plain value, not a mapping or list";

fn is_merge(style: Option<ScalarStyle>, tag: Option<&Tag>) -> bool {
    match tag {
        None => style == Some(ScalarStyle::Plain),
        Some(tag) => tag.is_yaml_core_schema() && tag.suffix == "merge",
    }
}
