//! Manifests as kubectl reads them: YAML 1.1 scalars or JSON, several documents to a text, and where each value stands.
//!
//! ```text
//! text ─▶ events (saphyr-parser | json) ─▶ tree ─┬─▶ value: Document
//!                                                └─▶ place: Place
//! ```
//! The rules are those of sigs.k8s.io/yaml on go-yaml v2. Input is hostile: depth, aliases and notes are bounded, nothing panics.

mod json;
mod place;
mod problem;
mod scalar;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod value;

use std::ops::Range;

use serde_json::Value;

pub use self::text::line_column;
use self::{problem::Problem, tree::Reader};

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
    /// What was read otherwise than the author may think
    pub notes: Vec<Note>,
    /// Line and column at which the span begins
    start: (usize, usize),
    /// Lines above the text that it was read from
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
}

/// Something odd that does not stop the reading, such as a key given twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Line, from 1
    pub line: usize,
    /// Column in characters, from 1
    pub column: usize,
    /// Byte of the text
    pub at: usize,
    /// One sentence
    pub message: String,
}

/// Why a text could not be read (further).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct SyntaxError {
    /// Line, from 1
    pub line: usize,
    /// Column in characters, from 1
    pub column: usize,
    /// Byte of the text
    pub at: usize,
    /// One sentence
    pub message: String,
    /// What may mend it
    pub hint: Option<String>,
}

/// Where a value stands in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1
    pub line: usize,
    /// Column in characters, from 1
    pub column: usize,
    /// Bytes of the value, its tag and anchor included; those of a block end with its last character that is no white space
    pub span: Range<usize>,
    /// Is it a flow collection (`[…]`, `{…}`, JSON), or inside one?
    pub flow: bool,
    /// Bytes of its key, where it is a value of a mapping
    pub key: Option<Range<usize>>,
    /// Does it, or what it is in, come from an anchor, an alias or a merge key? Then a change here shows elsewhere too.
    pub aliased: bool,
    /// Does its key, or that of something it is in, stand twice in its mapping? Then this is the last one, which counts.
    pub repeated: bool,
}

/// Reads every document; those before an error are kept.
///
/// Documents without content are left out but counted. A text that begins with `{` or `[` is taken for JSON first and,
/// where it is none, for YAML.
pub fn documents(text: &str) -> (Vec<Document>, Option<SyntaxError>) {
    let Documents { documents, error, .. } = documents_below(0, text);
    (documents, error)
}

/// As [`documents`], for a part of a text with so many lines above it. The indices of the documents are those in the part.
pub fn documents_below(above: usize, text: &str) -> Documents {
    let (documents, count, problem) =
        if json::starts(text) { json_documents(above, text) } else { yaml_documents(above, text) };
    let error = problem.map(|problem| problem.into_error(text));
    let error = error.map(|error| SyntaxError { line: error.line + above, ..error });
    Documents { documents, count, error }
}

/// How many lines a text ends: `\n`, `\r\n` or `\r`.
pub fn line_ends(text: &[u8]) -> usize {
    text::line_ends(text)
}

/// Where the values at these JSON pointers (RFC 6901) stand in that document (from 1); `None` where there is no such value.
///
/// A pointer that ends at an alias gives the place of the alias, one that goes on gives the place at the anchor.
pub fn places(text: &str, document: usize, pointers: &[&str]) -> Vec<Option<Place>> {
    find(text, document, pointers, EXACT).unwrap_or_else(|| vec![None; pointers.len()])
}

/// As [`places`], but for a value that is not there it is the place of the nearest key around it.
pub fn nearest(text: &str, document: usize, pointers: &[&str]) -> Vec<Option<Place>> {
    find(text, document, pointers, NEAREST).unwrap_or_else(|| vec![None; pointers.len()])
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

    fn find(&self, text: &str, pointers: &[&str], locate: Locate) -> Vec<Option<Place>> {
        let alone = text.get(self.span.clone()).and_then(|part| find(part, 1, pointers, locate));
        let Some(found) = alone else {
            // A `%TAG` directive stands outside of the span.
            let found =
                find(text, self.index, pointers, locate).unwrap_or_else(|| vec![None; pointers.len()]);
            let shift = |place: Place| Place { line: place.line + self.above, ..place };
            return found.into_iter().map(|place| place.map(shift)).collect();
        };
        let start = self.span.start;
        let moved = |range: Range<usize>| range.start + start..range.end + start;
        let shift = |place: Place| {
            let column = if place.line == 1 { self.start.1 + place.column - 1 } else { place.column };
            let line = self.above + self.start.0 + place.line - 1;
            Place { line, column, span: moved(place.span), key: place.key.map(moved), ..place }
        };
        found.into_iter().map(|place| place.map(shift)).collect()
    }
}

/// How a pointer becomes a place.
type Locate = fn(&place::Map<'_, '_>, &str) -> Option<Place>;

const EXACT: Locate = |map, pointer| map.place(pointer);
const NEAREST: Locate = |map, pointer| map.nearest(pointer);

/// Documents, how many there are with those without content, and why there are no more.
type Found = (Vec<Document>, usize, Option<Problem>);

fn json_documents(above: usize, text: &str) -> Found {
    let json = read(above, Reader::json(text), text);
    let (documents, _, Some(failed)) = &json else { return json };
    let yaml = yaml_documents(above, text);
    // Of two failures the one that came further knows better what the text was meant to be.
    let further = |problem: &Problem| {
        documents.len() > yaml.0.len()
            || text.get(problem.at..failed.at).is_some_and(|more| more.contains('\n'))
    };
    if yaml.2.as_ref().is_some_and(further) { json } else { yaml }
}

/// YAML up to the first character that no YAML may hold.
fn yaml_documents(above: usize, text: &str) -> Found {
    let Some(at) = text::control_character(text) else { return read(above, Reader::yaml(text), text) };
    let readable = text.get(..at).unwrap_or_default();
    let (mut documents, count, _) = read(above, Reader::yaml(readable), readable);
    documents.retain(|document| document.span.end < at);
    (documents, count, Some(Problem::control_character(text, at)))
}

fn read(above: usize, mut reader: Reader<'_>, text: &str) -> Found {
    let mut documents = Vec::new();
    let lines = text::Lines::new(text);
    loop {
        let mut tree = match reader.next_tree() {
            Ok(Some(tree)) => tree,
            Ok(None) => return (documents, reader.index(), None),
            Err(problem) => return (documents, reader.index(), Some(problem)),
        };
        if tree.is_blank() {
            continue;
        }
        let value = match value::value(&mut tree, reader.text(), above) {
            Ok(value) => value,
            Err(problem) => return (documents, reader.index(), Some(problem)),
        };
        let source = tree.helm_source(text);
        let notes = std::mem::take(&mut tree.notes).into_iter().map(|note| note.into_note(above, text));
        documents.push(Document {
            value,
            index: tree.index,
            line: above + tree.line,
            start: lines.at(tree.span.start),
            above,
            span: tree.span,
            source,
            notes: notes.collect(),
        });
    }
}

/// The places in a document; `None` where the text has no such document.
fn find(text: &str, document: usize, pointers: &[&str], locate: Locate) -> Option<Vec<Option<Place>>> {
    json::starts(text)
        .then(|| find_with(Reader::json(text), text, document, pointers, locate))
        .flatten()
        .or_else(|| find_with(Reader::yaml(text), text, document, pointers, locate))
}

fn find_with(
    mut reader: Reader<'_>,
    text: &str,
    document: usize,
    pointers: &[&str],
    locate: Locate,
) -> Option<Vec<Option<Place>>> {
    while reader.index() + 1 < document {
        reader.skip_document().ok().filter(|skipped| *skipped)?;
    }
    let tree = reader.next_tree().ok().flatten()?;
    if tree.index != document || tree.is_blank() {
        return None;
    }
    let map = place::Map::new(&tree, reader.text(), text);
    Some(pointers.iter().map(|pointer| locate(&map, pointer)).collect())
}
