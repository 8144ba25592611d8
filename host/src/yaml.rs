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
}

/// Something odd that does not stop the reading, such as a key given twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Line, from 1
    pub line: usize,
    /// Column in characters, from 1
    pub column: usize,
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
    if json::starts(text) {
        let (documents, problem) = read(Reader::json(text), text);
        let Some(failed) = problem else { return (documents, None) };
        let (others, problem) = yaml_documents(text);
        // Of two failures the one that came further knows better what the text was meant to be.
        let further = |problem: &Problem| {
            documents.len() > others.len()
                || text.get(problem.at..failed.at).is_some_and(|more| more.contains('\n'))
        };
        return match problem {
            Some(problem) if further(&problem) => (documents, Some(failed.into_error(text))),
            problem => (others, problem.map(|problem| problem.into_error(text))),
        };
    }
    let (documents, problem) = yaml_documents(text);
    (documents, problem.map(|problem| problem.into_error(text)))
}

/// Where the values at these JSON pointers (RFC 6901) stand in that document (from 1); `None` where there is no such value.
///
/// A pointer that ends at an alias gives the place of the alias, one that goes on gives the place at the anchor.
pub fn places(text: &str, document: usize, pointers: &[&str]) -> Vec<Option<Place>> {
    let found = json::starts(text)
        .then(|| find(Reader::json(text), text, document, pointers))
        .flatten()
        .or_else(|| find(Reader::yaml(text), text, document, pointers));
    found.unwrap_or_else(|| vec![None; pointers.len()])
}

impl Document {
    /// As [`places`], given the text that the document was read from, without reading the documents before it again.
    pub fn places(&self, text: &str, pointers: &[&str]) -> Vec<Option<Place>> {
        let alone = text.get(self.span.clone()).map(|part| places(part, 1, pointers));
        let Some(found) = alone.filter(|found| found.iter().any(Option::is_some)) else {
            // A `%TAG` directive stands outside of the span.
            return places(text, self.index, pointers);
        };
        let start = self.span.start;
        let moved = |range: Range<usize>| range.start + start..range.end + start;
        let lines = text::Lines::new(text, start);
        let shift = |place: Place| {
            let (line, column) = lines.shifted(place.line, place.column);
            Place { line, column, span: moved(place.span), key: place.key.map(moved), ..place }
        };
        found.into_iter().map(|place| place.map(shift)).collect()
    }
}

/// YAML up to the first character that no YAML may hold.
fn yaml_documents(text: &str) -> (Vec<Document>, Option<Problem>) {
    let Some(at) = text::control_character(text) else { return read(Reader::yaml(text), text) };
    let readable = text.get(..at).unwrap_or_default();
    let (mut documents, _) = read(Reader::yaml(readable), readable);
    documents.retain(|document| document.span.end < at);
    (documents, Some(Problem::control_character(text, at)))
}

fn read(mut reader: Reader<'_>, text: &str) -> (Vec<Document>, Option<Problem>) {
    let mut documents = Vec::new();
    loop {
        let mut tree = match reader.next_tree() {
            Ok(Some(tree)) => tree,
            Ok(None) => return (documents, None),
            Err(problem) => return (documents, Some(problem)),
        };
        if tree.is_blank() {
            continue;
        }
        let value = match value::value(&mut tree, reader.text()) {
            Ok(value) => value,
            Err(problem) => return (documents, Some(problem)),
        };
        let source = tree.helm_source(text);
        let notes = std::mem::take(&mut tree.notes).into_iter().map(|note| note.into_note(text)).collect();
        documents.push(Document {
            value,
            index: tree.index,
            line: tree.line,
            span: tree.span,
            source,
            notes,
        });
    }
}

fn find(
    mut reader: Reader<'_>,
    text: &str,
    document: usize,
    pointers: &[&str],
) -> Option<Vec<Option<Place>>> {
    while reader.index() + 1 < document {
        reader.skip_document().ok().filter(|skipped| *skipped)?;
    }
    let tree = reader.next_tree().ok().flatten()?;
    if tree.index != document || tree.is_blank() {
        return None;
    }
    let map = place::Map::new(&tree, reader.text(), text);
    Some(pointers.iter().map(|pointer| map.place(pointer)).collect())
}
