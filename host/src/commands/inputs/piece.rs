//! The parts of an input, which several threads read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::files::input::{Given, Part};
use crate::files::origin::Origin;
use review::diagnostic::{Diagnostic, Weight};
use review::kind::{Kind, has_containers};
use review::manifest::{Content, Manifest, Manifests, manifests_below};
use review::yaml;

/// A part of an input, or why there is none or no more.
pub(in crate::commands) struct Piece {
    part: Result<Part, Box<Diagnostic>>,
    origin: Origin,
    pub(in crate::commands) position: Position,
}

/// A part of an input that was read.
pub(in crate::commands) struct Read {
    /// The part itself, if there is one
    pub(in crate::commands) part: Option<Part>,
    /// What it holds
    pub(in crate::commands) content: Manifests,
    /// Problems and notes
    pub(in crate::commands) problems: Vec<Diagnostic>,
    /// Why it is read
    pub(in crate::commands) origin: Origin,
    /// What it is, where it is in a folder and is not a manifest
    pub(in crate::commands) foreign: Option<Foreign>,
    pub(in crate::commands) position: Position,
}

impl Piece {
    /// Bytes of its text.
    pub(in crate::commands) fn size(&self) -> usize {
        self.part.as_ref().map_or(0, |part| part.file.text.len())
    }

    /// Its text; `None` where there is no part.
    pub(super) fn text(&self) -> Option<&str> {
        self.part.as_ref().ok().map(|part| part.file.text.as_str())
    }

    /// Why there is no part.
    pub(in crate::commands) fn failure(&self) -> Option<&Diagnostic> {
        self.part.as_ref().err().map(AsRef::as_ref)
    }

    /// Reads its manifests. The input ends with the first part that has an error, because the text after an error may have
    /// another meaning.
    pub(in crate::commands) fn read(self) -> Read {
        let Self { part, origin, position } = self;
        let nothing = |problems| Read {
            part: None,
            content: Manifests::default(),
            problems,
            origin: origin.clone(),
            foreign: None,
            position: position.clone(),
        };
        let read = match part {
            _ if position.is_beyond_the_end() => return nothing(Vec::new()),
            Err(failure) => nothing(vec![*failure]),
            Ok(part) => {
                let content = manifests_below(part.above, &part.file);
                let foreign = Foreign::of(&part, &content).filter(|_| origin == Origin::InFolder);
                if foreign.is_some() {
                    return Read { foreign, ..nothing(Vec::new()) };
                }
                let problems = diagnostics(&part, &content);
                let read = Read { part: Some(part), content, ..nothing(problems) };
                match origin {
                    Origin::Built => read.without_lines(),
                    Origin::Live => read.without_place(),
                    _ => read,
                }
            }
        };
        if read.problems.iter().any(|problem| problem.weight == Weight::Error) {
            position.end.fetch_min(position.index, Ordering::Relaxed);
        }
        read
    }
}

impl Read {
    /// Why its objects are not checked.
    pub(in crate::commands) fn left_out(&self) -> Option<String> {
        match &self.origin {
            Origin::Patch(file) => Some(format!("patch of {}", file.display())),
            _ => None,
        }
    }

    /// The same without any line, because an object of a cluster is in no file.
    fn without_place(mut self) -> Self {
        self.content.manifests.iter_mut().for_each(|manifest| manifest.line = 0);
        self
    }

    /// The same without lines, because the output of Kustomize is not a file.
    fn without_lines(mut self) -> Self {
        self.content.manifests.iter_mut().for_each(|manifest| manifest.line = 1);
        for problem in &mut self.problems {
            if let Some(spot) = problem.spot.take() {
                let is = if problem.weight == Weight::Error { "cannot be used" } else { "has a problem" };
                problem.message =
                    format!("what Kustomize builds from {} {is}: {}", spot.file, problem.message);
            }
        }
        self
    }
}

/// The position of a part in its input, whose parts several threads read.
#[derive(Clone)]
pub(in crate::commands) struct Position {
    /// Its number, from 0
    pub(in crate::commands) index: usize,
    /// The number of the part with which the input ends
    end: Arc<AtomicUsize>,
}

impl Position {
    /// Whether the input ends before this part.
    pub(in crate::commands) fn is_beyond_the_end(&self) -> bool {
        self.end.load(Ordering::Relaxed) < self.index
    }
}

/// The parts of an input up to its end, at least one.
pub(in crate::commands) fn pieces(input: &Result<Given, Box<Diagnostic>>) -> impl Iterator<Item = Piece> {
    let (parts, failure) = match input.as_ref().map_err(Clone::clone).map(Given::parts) {
        Ok(Ok(parts)) => (Some(parts), None),
        Ok(Err(error)) => (None, Some(Box::new((&error).into()))),
        Err(failure) => (None, Some(failure)),
    };
    let parts = parts.into_iter().flatten().map(|part| part.map_err(|error| Box::new((&error).into())));
    let end = Arc::new(AtomicUsize::new(usize::MAX));
    let origin = input.as_ref().map_or(Origin::Named, Given::origin);
    let all = parts.chain(failure.map(Err)).zip(0..);
    let pieces = all.map(move |(part, index)| {
        let position = Position { index, end: end.clone() };
        Piece { part, origin: origin.clone(), position }
    });
    pieces.take_while(|piece| !piece.position.is_beyond_the_end())
}

/// A file in a folder that is not a manifest and is skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) enum Foreign {
    /// It holds something else
    Other,
    /// It is broken, or in another language; its name
    Unreadable(String),
}

impl Foreign {
    /// What a part is. A broken one that has any key of an object is a broken manifest, and so is an object that has containers
    /// but no type, which a note reports.
    fn of(part: &Part, read: &Manifests) -> Option<Self> {
        let is_object = |manifest: &Manifest| match &manifest.content {
            Content::Object(object) => Kind::of(object).is_some() || has_containers(object),
            Content::Request(_) => true,
        };
        if !part.is_whole || read.manifests.iter().any(is_object) {
            return None;
        }
        match &read.error {
            None => Some(Self::Other),
            Some(_) if has_keys_of_objects(&part.file.text) => None,
            Some(_) => Some(Self::Unreadable(part.file.name.clone())),
        }
    }
}

/// Whether `kind` or `apiVersion` occurs anywhere as a key.
fn has_keys_of_objects(text: &str) -> bool {
    let is_key = |(at, word): (usize, &str)| {
        let after = text.get(at + word.len()..).unwrap_or_default();
        after.trim_start_matches(['"', '\'']).trim_start_matches([' ', '\t']).starts_with(':')
    };
    ["kind", "apiVersion"].iter().any(|word| text.match_indices(word).any(is_key))
}

/// Problems and notes of a part of a text.
fn diagnostics(part: &Part, read: &Manifests) -> Vec<Diagnostic> {
    let Part { file, is_whole, .. } = part;
    let notes = Diagnostic::of_notes(&file.name, &file.text, &notes(part, read));
    let error = read.error.as_ref().map(|error| Diagnostic::of_syntax(&file.name, &file.text, error));
    let all = notes.into_iter().chain(error);
    // The text before or after this part may show that it belongs to a Secret.
    all.map(|problem| if *is_whole { problem } else { problem.without_line() }).collect()
}

/// Notes on a part of a text, including its encoding.
fn notes(part: &Part, read: &Manifests) -> Vec<yaml::Note> {
    let mut notes = read.notes.clone();
    if let Some(at) = part.replaced {
        let (line, column) = yaml::line_column(&part.file.text, at);
        let message = "this byte is not UTF-8; kubectl reads it as the character U+FFFD".to_owned();
        let line = part.above + line;
        notes.push(yaml::Note {
            line,
            column,
            at,
            message,
            unnamed: None,
            help: None,
            is_overwriting: false,
        });
        notes.sort_by_key(|note| note.at);
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::pieces;
    use crate::files::input::Given;
    use review::diagnostic::Diagnostic;

    /// The size of a piece counts against the limit of bytes that are in progress at the same time.
    #[test]
    fn the_pieces_of_an_input_are_as_large_as_its_text() {
        let text = "kind: Pod\nmetadata: {name: a}\n---\n".repeat(100_000);
        let name = "pods.yaml".to_owned();
        let input = Ok(Given::Held { path: "-".into(), name, bytes: text.clone().into_bytes() });
        let sizes: Vec<usize> = pieces(&input).map(|piece| piece.size()).collect();
        assert!(sizes.len() > 1, "{sizes:?}");
        assert_eq!(sizes.iter().sum::<usize>(), text.len());
        let unreadable = Err(Box::new(Diagnostic::error("gone.yaml: no such file")));
        assert_eq!(pieces(&unreadable).map(|piece| piece.size()).collect::<Vec<_>>(), [0]);
    }
}
