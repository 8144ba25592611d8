//! Events to trees, document by document.

use std::ops::Range;

use granit_parser::{Event, Options, Parser, StrInput};

use super::{
    builder::Builder,
    json::Lexer,
    problem::Problem,
    span::Span,
    tree::{Marker, Tree},
};

enum Source<'t> {
    Yaml(Box<Parser<'t, StrInput<'t>>>),
    Json(Lexer<'t>),
}

/// How a document begins: with `---`, or without.
struct Start(Option<Marker>);

/// Reads tree after tree.
pub(super) struct Reader<'t> {
    source: Source<'t>,
    whole: &'t str,
    /// The same with spaces for some of its tabs
    replaced: &'t str,
    index: usize,
    /// Where the text after the last document begins
    rest: usize,
}

impl<'t> Reader<'t> {
    /// Reads a text, given with spaces for some of its tabs too.
    pub(super) fn yaml(text: &'t str, replaced: &'t str) -> Self {
        let rest = text.len() - text.trim_start_matches('\u{feff}').len();
        let source = Source::Yaml(Box::new(Parser::new_from_str_with_options(replaced, options())));
        Reader { source, whole: text, replaced, index: 0, rest }
    }

    pub(super) fn json(text: &'t str) -> Self {
        Reader { source: Source::Json(Lexer::new(text)), whole: text, replaced: text, index: 0, rest: 0 }
    }

    /// Was a tab at this byte read as a space?
    pub(super) fn is_replaced(&self, tab: usize) -> bool {
        self.replaced.as_bytes().get(tab) != Some(&b'\t')
    }

    pub(super) fn is_json(&self) -> bool {
        matches!(self.source, Source::Json(_))
    }

    /// How many documents have been begun.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    fn event(&mut self) -> Result<Option<(Event<'t>, Span)>, Problem> {
        match &mut self.source {
            Source::Json(lexer) => lexer.next_event(),
            Source::Yaml(parser) => match parser.next_event().transpose() {
                // The tag may be on a line above.
                Ok(event) => Ok(event.map(|(event, span)| {
                    let tag = span.tag_start.and_then(|mark| mark.byte_offset());
                    let span = Span::from(span);
                    let start = tag.unwrap_or_else(|| span.start()).min(span.start());
                    (event, Span::new(start..span.end()))
                })),
                Err(error) => Err(Problem::scan(&error, self.whole)),
            },
        }
    }

    /// Goes to the next document, and returns how it begins; `None` at the end of the text.
    fn start(&mut self) -> Result<Option<Start>, Problem> {
        while let Some((event, span)) = self.event()? {
            if let Event::DocumentStart(explicit, _) = event {
                self.index += 1;
                if !explicit {
                    if self.is_json() {
                        self.rest = span.start();
                    }
                    return Ok(Some(Start(None)));
                }
                let above = self.rest.min(span.start())..span.start();
                self.rest = span.end();
                return Ok(Some(Start(Some(Marker { above, end: span.end() }))));
            }
        }
        Ok(None)
    }

    /// The end of a document before its `...` or the next `---`.
    fn end(&mut self, span: Span) -> Range<usize> {
        let document = self.rest.min(span.start())..span.start();
        let marker = self.whole.get(span.start()..).is_some_and(|rest| rest.starts_with("..."));
        self.rest = if marker { span.end() } else { span.start() };
        document
    }

    /// Skips a document; false if there is none.
    pub(super) fn skip_document(&mut self) -> Result<bool, Problem> {
        if self.start()?.is_none() {
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
        self.tree(false)
    }

    /// As [`Self::next_tree`], without the values: only their places are needed.
    pub(super) fn next_outline(&mut self) -> Result<Option<Tree>, Problem> {
        self.tree(true)
    }

    fn tree(&mut self, is_outline: bool) -> Result<Option<Tree>, Problem> {
        let Some(Start(marker)) = self.start()? else { return Ok(None) };
        let mut builder = Builder::new(self.is_json(), is_outline, self.whole);
        while let Some((event, span)) = self.event()? {
            if matches!(event, Event::DocumentEnd) {
                let span = self.end(span);
                return Ok(Some(builder.finish(self.index, span, marker)));
            }
            builder.event(event, span)?;
        }
        Ok(None)
    }
}

/// The options of the parser.
pub(super) fn options() -> Options {
    let mut options = granit_parser::options! { emit_anchor_events: true };
    options.set_emit_comments(false);
    options
}
