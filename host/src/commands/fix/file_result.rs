//! The result of `fix` for each file: part by part, by several threads, handed over file by file in their order.

use std::num::NonZero;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::commands::inputs::{self, Piece, Read};
use crate::commands::ordered_parallel;
use crate::files::encoding::Encoding;
use crate::files::input::{Given, Part};
use review::diagnostic::Diagnostic;
use review::evaluation::Evaluation;
use review::fix::{FixedFile, fix};
use review::manifest::Manifest;
use review::policy_resource::PolicyResource;
use review::source_file::SourceFile;
use review::yaml::line_column;

/// The result for a file.
pub(super) struct FileResult {
    pub(super) path: PathBuf,
    /// Problems and notes
    pub(super) problems: Vec<Diagnostic>,
    /// Its text; none where it could not be read completely
    pub(super) file: Option<SourceFile>,
    pub(super) fixed: FixedFile,
    /// Lines of Secrets, from 0
    pub(super) secrets: Vec<Range<usize>>,
    /// Whether something in it is not a manifest
    pub(super) is_broken: bool,
    pub(super) encoding: Encoding,
    /// Line of the first byte that is not UTF-8, from 1
    pub(super) not_utf8: Option<usize>,
    /// Whether it is in a folder and does not contain a manifest
    pub(super) is_foreign: bool,
}

/// The result for a part of a file.
struct PartResult {
    part: Part,
    problems: Vec<Diagnostic>,
    /// None where it could not be read completely
    fixed: Option<FixedFile>,
    secrets: Vec<Range<usize>>,
}

/// Fixes the manifests in these inputs, and passes them to `take` one after the other until it breaks.
pub(super) fn run(
    evaluation: &Evaluation<'_>,
    question: Option<&Evaluation<'_>>,
    resource: Option<&PolicyResource>,
    inputs: &[Result<Given, Box<Diagnostic>>],
    jobs: NonZero<usize>,
    mut take: impl FnMut(FileResult) -> ControlFlow<()>,
) {
    let fix_part = |piece: Piece| {
        let Read { part, content: read, problems, .. } = piece.read();
        let part = part?;
        let secrets = secrets(&part.file.text, &read.manifests);
        let is_whole = read.error.is_none();
        let fixed = is_whole.then(|| fix(evaluation, question, resource, &part.file, read.manifests));
        Some(PartResult { part, problems, fixed, secrets })
    };
    let sized = inputs.iter().map(|input| (input.as_ref().map_or(0, Given::size), input));
    ordered_parallel::run(jobs, sized, open, fix_part, |mut result: FileResult, parts| {
        // Of every other file at least the first part is read.
        result.is_foreign = true;
        for part in parts.into_iter().flatten() {
            result.is_foreign = false;
            // The text after an error may have another meaning.
            if !result.is_broken {
                result.add(part);
            }
        }
        take(result)
    });
}

/// The parts of an input, and the file that they make.
fn open(input: &Result<Given, Box<Diagnostic>>) -> (FileResult, Vec<Piece>) {
    let path = input.as_ref().map_or(Path::new(""), Given::path).to_owned();
    let name = input.as_ref().map_or_else(|_| String::new(), Given::name);
    let mut result = FileResult {
        path,
        problems: Vec::new(),
        file: Some(SourceFile { name, text: String::new() }),
        fixed: FixedFile::default(),
        secrets: Vec::new(),
        is_broken: false,
        encoding: Encoding::default(),
        not_utf8: None,
        is_foreign: false,
    };
    let mut pieces: Vec<Piece> = inputs::pieces(input).collect();
    // A file that could not be read to its end is not written.
    if let Some(failure) = pieces.iter().find_map(Piece::failure) {
        result.problems.push(failure.clone());
        result.file = None;
        pieces.clear();
    }
    (result, pieces)
}

impl FileResult {
    fn add(&mut self, part: PartResult) {
        let PartResult { part, problems, fixed, secrets } = part;
        let file = &part.file;
        self.encoding = part.encoding;
        let replaced = part.replaced.map(|at| part.above + line_column(&file.text, at).0);
        self.not_utf8 = self.not_utf8.or(replaced);
        self.problems.extend(problems);
        let Some((whole, mut fixed)) = self.file.as_mut().zip(fixed) else {
            self.is_broken = true;
            return;
        };
        let above = line_feeds(&whole.text);
        self.secrets.extend(secrets.into_iter().map(|lines| lines.start + above..lines.end + above));
        whole.text += &file.text;
        self.fixed.text += &fixed.text;
        self.fixed.changes.append(&mut fixed.changes);
        self.fixed.refusals.append(&mut fixed.refusals);
        self.fixed.judged += fixed.judged;
        self.fixed.has_values |= fixed.has_values;
        self.fixed.unknown.append(&mut fixed.unknown);
    }

    /// Whether it is standard input, whose new text goes to standard output.
    pub(super) fn is_stdin(&self) -> bool {
        self.path.as_os_str() == "-"
    }
}

/// Lines of the Secrets in a text, from 0.
fn secrets(text: &str, manifests: &[Manifest]) -> Vec<Range<usize>> {
    let groups = manifests.chunk_by(|one, other| Arc::ptr_eq(&one.document, &other.document));
    groups.flat_map(|group| secrets_of_document(text, group)).collect()
}

fn secrets_of_document(text: &str, manifests: &[Manifest]) -> Vec<Range<usize>> {
    let is_secret = |manifest: &Manifest| manifest.object().get("kind").is_some_and(|kind| kind == "Secret");
    let Some(first) = manifests.first().filter(|_| manifests.iter().any(is_secret)) else {
        return Vec::new();
    };
    // Counted from the previous position, because there may be many.
    let (mut counted, mut from) = (0, 0);
    let mut line = |at: usize| {
        counted += line_feeds(text.get(from..at).unwrap_or_default());
        from = from.max(at);
        counted
    };
    let span = &first.document.span;
    let begin = line(span.start);
    let items: Vec<&str> = manifests.iter().map(|manifest| manifest.prefix.as_str()).collect();
    let places = first.document.places(text, &items);
    let mut hidden: Vec<Range<usize>> = Vec::new();
    let mut is_known = true;
    // A comment between two items may belong to either, so it counts as the Secret's.
    let (mut above, mut is_open) = (begin, false);
    for (manifest, place) in manifests.iter().zip(places) {
        let is_secret = is_secret(manifest);
        // The value of an alias is written elsewhere.
        let Some(place) = place.filter(|place| !is_secret || !place.aliased && !place.repeated) else {
            is_known = false;
            break;
        };
        let lines = line(place.span.start)..line(place.span.end) + 1;
        if let Some(last) = hidden.last_mut().filter(|_| is_open) {
            last.end = lines.start.max(last.end);
        }
        if is_secret {
            hidden.push(above.min(lines.start)..lines.end);
        }
        (above, is_open) = (lines.end, is_secret);
    }
    let end = line(span.start + text.get(span.clone()).unwrap_or_default().trim_end().len()) + 1;
    if !is_known {
        hidden.clear();
        hidden.push(begin..end);
    }
    if let Some(last) = hidden.last_mut().filter(|_| is_open) {
        last.end = end.max(last.end);
    }
    hidden
}

fn line_feeds(text: &str) -> usize {
    text.matches('\n').count()
}
