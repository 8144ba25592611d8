//! Manifests as kubectl reads them: YAML 1.1 scalars or JSON, several documents in a text, and the location of each value.
//!
//! ```text
//! text ─▶ stretches between marks ─▶ events (granit-parser | json) ─▶ tree ─┬─▶ value: Document
//!                                                                          └─▶ place: Place
//! ```
//! The rules are those of sigs.k8s.io/yaml on go-yaml v2. Input is hostile: depth, aliases and notes are bounded, nothing panics.

mod builder;
mod flow_scalar;
mod json;
mod mark;
mod place;
mod problem;
mod reader;
mod refusal;
mod scalar;
mod span;
mod tabs;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod value;

use std::cell::LazyCell;
use std::ops::Range;

use serde_json::Value;

pub(crate) use self::builder::MAX_NOTES;
pub use self::mark::last_cut;
pub use self::place::{Place, Scalar};
pub use self::problem::{Note, SyntaxError};
pub use self::text::{line_column, quoted};
use self::{problem::Problem, reader::Reader};

/// A document of a YAML stream, or one of the values of a JSON text.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What the document holds
    pub value: Value,
    /// Position in the stream from 1, counting documents without content too
    pub index: usize,
    /// Line of the first node, from 1
    pub line: usize,
    /// Bytes of the document in the text, without its `---` and `...`
    pub span: Range<usize>,
    /// Template named by the `# Source:` comment that `helm template` writes before the first node
    pub source: Option<String>,
    /// Values that are read differently than the author may expect
    pub notes: Vec<Note>,
    /// Bytes between the marks around it
    stretch: Range<usize>,
    /// Position in the stretch, from 1
    number: usize,
    /// Line and column in the stretch at which the span begins
    start: (usize, usize),
    /// Lines above the stretch
    above: usize,
}

/// What a text holds, or a part of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    /// Every document that holds something
    pub documents: Vec<Document>,
    /// How many there are, those without content too
    pub count: usize,
    /// Why the rest could not be read
    pub error: Option<SyntaxError>,
    /// Notes on text without a document
    pub notes: Vec<Note>,
}

impl Documents {
    /// Notes, within documents and outside.
    pub fn all_notes(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter().chain(self.documents.iter().flat_map(|document| &document.notes))
    }
}

/// Reads every document; those before an error are kept.
///
/// Documents without content are left out but counted. A document that begins with `{` or `[` is read as JSON, and as YAML
/// if it is not JSON. Each document is read independently of the others, so that a text can be read in parts.
pub fn documents(text: &str) -> (Vec<Document>, Option<SyntaxError>) {
    let Documents { documents, error, .. } = documents_below(0, text);
    (documents, error)
}

/// Like [`documents`], for a part of a text with this number of lines above it. The indices of the documents are those in the
/// part.
pub fn documents_below(above: usize, text: &str) -> Documents {
    let mut all = Documents::default();
    // Has kubectl read content before the next separator? Without content, it takes that line for text.
    let mut is_filled = above > 0;
    // Notes that may still be made.
    let mut left = MAX_NOTES;
    let mut follows_json = false;
    let mut above = above;
    for mut stretch in mark::stretches(text) {
        let begins = above == 0 && stretch.start == 0;
        let within = text.get(stretch.clone()).unwrap_or_default();
        let head = mark::head(within);
        let separator = mark::separator(within).filter(|_| is_filled);
        let is_text = head > 0 && separator.is_none();
        is_filled = separator != Some(within.len());
        let (head, within) = within.split_at_checked(head).unwrap_or(("", within));
        stretch.start += head.len();
        above += line_ends(head.as_bytes());
        let is_json = begins && json::is_first(within);
        let read = if json::starts(within) { json_documents } else { yaml_documents };
        let found = Above { lines: above, begins: begins || !head.is_empty(), is_json };
        let Found { mut documents, count, problem, notes } = read(found, within);
        if let Some(first) = documents.first_mut().filter(|_| follows_json) {
            first
                .notes
                .insert(0, Note::new(first.line, first.start.1, first.span.start, refusal::BEHIND_JSON));
        }
        follows_json |= is_json && json::is_object(within);
        let head_note = is_text.then(|| refusal::of_head(head, within).into_note(above, (1, 1)));
        let outside_before = all.notes.len();
        let outside = head_note.into_iter().chain(notes).take(left);
        all.notes.extend(outside.map(|note| Note { at: note.at + stretch.start, ..note }));
        left = left.saturating_sub(all.notes.len() - outside_before);
        // The line that was left out begins a document too, even one without content.
        let count = if head.is_empty() { count } else { count.max(1) };
        for mut document in documents {
            document.index += all.count;
            document.span = moved(document.span, stretch.start);
            document.notes.truncate(left);
            document.notes.iter_mut().for_each(|note| note.at += stretch.start);
            left -= document.notes.len();
            document.stretch = stretch.clone();
            all.documents.push(document);
        }
        all.count += count;
        if let Some(problem) = problem {
            let error = problem.into_error(within);
            all.error = Some(SyntaxError { line: above + error.line, at: stretch.start + error.at, ..error });
            break;
        }
        above += line_ends(within.as_bytes());
    }
    all
}

/// How many lines a text ends: `\n`, `\r\n` or `\r`.
pub fn line_ends(text: &[u8]) -> usize {
    text::line_ends(text)
}

/// The locations of the values at these JSON pointers (RFC 6901) in that document (from 1); `None` where there is no such
/// value.
///
/// A pointer that ends at an alias gives the place of the alias, one that goes on gives the place at the anchor.
pub fn places(text: &str, document: usize, pointers: &[&str]) -> Vec<Option<Place>> {
    find_in(text, document, pointers, EXACT)
}

/// As [`places`], but the place of a missing value is that of the nearest key around it.
pub fn nearest(text: &str, document: usize, pointers: &[&str]) -> Vec<Option<Place>> {
    find_in(text, document, pointers, NEAREST)
}

impl Document {
    /// As [`places`], given the text that the document was read from, without reading the documents before it again.
    pub fn places(&self, text: &str, pointers: &[&str]) -> Vec<Option<Place>> {
        self.find(text, pointers, EXACT)
    }

    /// As [`nearest`], given the text that the document was read from.
    pub fn nearest(&self, text: &str, pointers: &[&str]) -> Vec<Option<Place>> {
        self.find(text, pointers, NEAREST)
    }

    /// The scalars of the document, keys included, in the text that it was read from.
    pub fn scalars(&self, text: &str) -> Vec<Scalar> {
        let within = |text: &str, number| {
            json::starts(text)
                .then(|| scalars_with(Reader::json(text), text, number))
                .flatten()
                .or_else(|| scalars_with(Reader::yaml(text, &tabs::replaced(text)), text, number))
        };
        let alone = text.get(self.span.clone()).and_then(|part| within(part, 1));
        let (found, begin) = if let Some(found) = alone {
            (found, self.span.start)
        } else {
            // A `%TAG` directive is outside of the span.
            let stretch = text.get(self.stretch.clone()).unwrap_or_default();
            (within(stretch, self.number).unwrap_or_default(), self.stretch.start)
        };
        found.into_iter().map(|scalar| Scalar { span: moved(scalar.span, begin), ..scalar }).collect()
    }

    fn find(&self, text: &str, pointers: &[&str], locate: Locate) -> Vec<Option<Place>> {
        let alone = text.get(self.span.clone()).and_then(|part| find(part, 1, pointers, locate));
        let (found, begin, start) = if alone.is_some() {
            (alone, self.span.start, self.start)
        } else {
            // A `%TAG` directive is outside of the span.
            let stretch = text.get(self.stretch.clone()).unwrap_or_default();
            (find(stretch, self.number, pointers, locate), self.stretch.start, (1, 1))
        };
        let shift = |place: Place| {
            let column = if place.line == 1 { start.1 + place.column - 1 } else { place.column };
            let line = self.above + start.0 + place.line - 1;
            let key = place.key.map(|key| moved(key, begin));
            Place { line, column, span: moved(place.span, begin), key, ..place }
        };
        let found = found.unwrap_or_else(|| vec![None; pointers.len()]);
        found.into_iter().map(|place| place.map(shift)).collect()
    }
}

fn moved(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// How a pointer becomes a place.
type Locate = fn(&place::Map<'_, '_>, &str) -> Option<Place>;

const EXACT: Locate = |map, pointer| map.place(pointer);
const NEAREST: Locate = |map, pointer| map.nearest(pointer);

/// What a stretch holds.
struct Found {
    /// Documents with content
    documents: Vec<Document>,
    /// How many there are with those without
    count: usize,
    /// Why there are no more
    problem: Option<Problem>,
    /// Notes on documents without content
    notes: Vec<Note>,
}

/// The text above a stretch.
#[derive(Clone, Copy)]
struct Above {
    /// How many lines
    lines: usize,
    /// Does kubectl begin to read there?
    begins: bool,
    /// Does kubectl read JSON there?
    is_json: bool,
}

fn json_documents(above: Above, text: &str) -> Found {
    if !above.is_json && text::forbidden_character(text).is_some() {
        return yaml_documents(above, text);
    }
    let json = read(above, Reader::json(text), text);
    let Found { documents, problem: Some(failed), .. } = &json else { return json };
    if failed.is_final {
        return json;
    }
    let yaml = yaml_documents(above, text);
    if yaml.problem.as_ref().is_some_and(|problem| problem.is_final) {
        return json;
    }
    // If both readings fail, report the error that is further down: that reading fits the text better.
    let at_line_end = text.get(failed.at..).and_then(|rest| text::line_end_name(rest.chars().next()?));
    let further = |problem: &Problem| {
        documents.len() > yaml.documents.len()
            || at_line_end.is_some()
            || text.get(problem.at..failed.at).is_some_and(|more| more.contains('\n'))
    };
    if yaml.problem.as_ref().is_some_and(further) {
        return json;
    }
    let mut yaml = yaml;
    if let Some(first) = yaml.documents.first_mut().filter(|_| above.is_json && json::is_object(text)) {
        first.notes.insert(0, Note::new(first.line, first.start.1, first.span.start, refusal::NOT_JSON));
    }
    yaml
}

/// Reads YAML up to the first character that YAML forbids.
fn yaml_documents(above: Above, text: &str) -> Found {
    let Some(at) = text::forbidden_character(text) else {
        return read(above, Reader::yaml(text, &tabs::replaced(text)), text);
    };
    let readable = text.get(..at).unwrap_or_default();
    let mut found = read(above, Reader::yaml(readable, &tabs::replaced(readable)), readable);
    found.documents.retain(|document| document.span.end < at);
    Found { problem: Some(Problem::forbidden_character(text, at)), ..found }
}

/// The distance in bytes up to which counting is as fast as a lookup.
const NEAR: usize = 256;

fn read(above: Above, mut reader: Reader<'_>, text: &str) -> Found {
    let (mut documents, mut blank) = (Vec::new(), Vec::new());
    let lines = LazyCell::new(|| text::Lines::new(text));
    // Most documents begin where their stretch does, and for that nothing further needs to be counted.
    let place = |byte| if byte < NEAR { line_column(text, byte) } else { lines.at(byte) };
    let note = |problem: Problem| {
        let at = place(problem.at);
        problem.into_note(above.lines, at)
    };
    let problem = loop {
        let mut tree = match reader.next_tree() {
            Ok(Some(tree)) => tree,
            Ok(None) => break None,
            Err(problem) => break Some(problem),
        };
        if tree.is_blank() {
            blank.extend(refusal::of_directive(&tree, text, above.begins).map(note));
            continue;
        }
        if reader.is_json() {
            refusal::note_json(&mut tree, text, above.begins, above.is_json);
        } else {
            refusal::note(&mut tree, text, above.begins);
        }
        if let Some(tab) = refusal::first_tab(&tree, text, |tab| reader.is_replaced(tab)) {
            break Some(Problem::indenting_tab(tab));
        }
        let value = match value::value(&mut tree, text, &|byte| above.lines + place(byte).0) {
            Ok(value) => value,
            Err(problem) => break Some(problem),
        };
        tree.notes.sort_by_key(|note| note.at);
        let source = tree.helm_source(text);
        let notes = std::mem::take(&mut tree.notes).into_iter().map(note);
        documents.push(Document {
            value,
            index: tree.index,
            line: above.lines + tree.first().map_or(1, |first| place(first).0),
            start: place(tree.span.start),
            above: above.lines,
            stretch: 0..text.len(),
            number: tree.index,
            span: tree.span,
            source,
            notes: notes.collect(),
        });
    };
    Found { documents, count: reader.index(), problem, notes: blank }
}

/// The places in that document of a text.
fn find_in(text: &str, document: usize, pointers: &[&str], locate: Locate) -> Vec<Option<Place>> {
    let document = documents(text).0.into_iter().find(|read| read.index == document);
    document.map_or_else(|| vec![None; pointers.len()], |document| document.find(text, pointers, locate))
}

/// The places in a document of a stretch; `None` where that has no such document.
fn find(text: &str, document: usize, pointers: &[&str], locate: Locate) -> Option<Vec<Option<Place>>> {
    json::starts(text)
        .then(|| find_with(Reader::json(text), text, document, pointers, locate))
        .flatten()
        .or_else(|| find_with(Reader::yaml(text, &tabs::replaced(text)), text, document, pointers, locate))
}

fn find_with(
    reader: Reader<'_>,
    text: &str,
    document: usize,
    pointers: &[&str],
    locate: Locate,
) -> Option<Vec<Option<Place>>> {
    let tree = outline(reader, document)?;
    let map = place::Map::new(&tree, text);
    Some(pointers.iter().map(|pointer| locate(&map, pointer)).collect())
}

fn scalars_with(reader: Reader<'_>, text: &str, document: usize) -> Option<Vec<Scalar>> {
    let tree = outline(reader, document)?;
    Some(place::Map::new(&tree, text).scalars())
}

/// The tree of a document of a stretch; `None` where that has no such document.
fn outline(mut reader: Reader<'_>, document: usize) -> Option<tree::Tree> {
    while reader.index() + 1 < document {
        reader.skip_document().ok().filter(|skipped| *skipped)?;
    }
    let tree = reader.next_outline().ok().flatten()?;
    (tree.index == document && !tree.is_blank()).then_some(tree)
}
