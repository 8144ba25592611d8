//! Updates expectations with the policy's answers: the smallest edit of a suite's text, for review.
//!
//! Only keys that a case states are written, except the reason of a rejection that it does not state yet.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::words;
use review::suite::Loaded;
use review::suite::expect::Comparison;
use review::suite::run::CaseResult;
use review::text_edit::{
    Edit, Lines, apply, dash, line_break, line_end, line_start, lines_behind, next_line,
};
use review::verdict::Decision;
use review::yaml::{self, Document, Place};

/// A suite with expectations that the policy meets.
#[derive(Debug)]
pub struct Updated {
    /// Its text
    pub text: String,
    /// The cases that were not written, by number from 0, and why
    pub refused: Vec<(usize, Refusal)>,
}

/// Why the expectations of a case are not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing to expect
    #[error("the policy gave no answer")]
    NoAnswer,
    /// No expectation would be met
    #[error("the policy changes its own result again, which no case may expect")]
    Unstable,
    /// An alias or a merge key is involved
    #[error("what it expects is shared by an alias or a merge key: an edit would also change other places")]
    Shared,
    /// A comment would be lost
    #[error("a comment within what it expects would be lost; edit it by hand")]
    Comment,
    /// The text is laid out in a way that cannot be edited safely
    #[error("what it expects is written in a way that is not safe to edit; edit it by hand")]
    Layout,
}

/// Rewrites the expectations of cases that failed, by number from 0.
pub fn update(loaded: &Loaded, failed: &[(usize, &CaseResult)]) -> Updated {
    let text = &loaded.file.text;
    let lines = Lines::new(text);
    let mut edits = Vec::new();
    let mut wanted = loaded.document.value.clone();
    let mut refused = Vec::new();
    let places = Places::of(loaded, failed);
    for (number, result) in failed {
        match case_edits(&lines, &places, *number, result) {
            Ok(new) => {
                edits.extend(new);
                expect_instead(&mut wanted, *number, &result.comparisons);
            }
            Err(refusal) => refused.push((*number, refusal)),
        }
    }
    let edited = apply(text, edits).filter(|edited| reads_as(edited, &wanted));
    let text = edited.unwrap_or_else(|| {
        refused = failed.iter().map(|(number, _)| (*number, Refusal::Layout)).collect();
        text.clone()
    });
    Updated { text, refused }
}

fn expect_instead(suite: &mut Value, number: usize, comparisons: &[Comparison]) {
    let expect = suite.pointer_mut(&format!("/cases/{number}/expect")).and_then(Value::as_object_mut);
    if let Some(expect) = expect {
        let new = comparisons.iter().filter(|comparison| !comparison.holds());
        expect.extend(new.map(|comparison| (comparison.what.to_owned(), comparison.actual.clone())));
    }
}

fn reads_as(text: &str, wanted: &Value) -> bool {
    let (documents, error) = yaml::documents(text);
    // A suite with a note, for example on a key given twice, is refused when it is read.
    let is_wanted = |document: &Document| document.value == *wanted && document.notes.is_empty();
    error.is_none() && matches!(documents.as_slice(), [document] if is_wanted(document))
}

/// JSON pointer of what a case expects.
fn expect(number: usize) -> String {
    format!("/cases/{number}/expect")
}

/// The locations of the failed cases' expectations, by JSON pointer. A suite is read once for all of them.
struct Places(HashMap<String, Place>);

impl Places {
    fn of(loaded: &Loaded, failed: &[(usize, &CaseResult)]) -> Self {
        let mut pointers = Vec::new();
        for (number, result) in failed {
            pointers.push(format!("{}/decision", expect(*number)));
            for Comparison { what, expected, .. } in differing(result) {
                let pointer = format!("{}/{what}", expect(*number));
                let items = expected.as_array().map_or(0, Vec::len);
                pointers.extend((0..items).map(|item| format!("{pointer}/{item}")));
                pointers.push(pointer);
            }
        }
        let asked: Vec<&str> = pointers.iter().map(String::as_str).collect();
        let found = loaded.document.places(&loaded.file.text, &asked);
        Self(pointers.into_iter().zip(found).filter_map(|(pointer, place)| Some((pointer, place?))).collect())
    }

    /// The place of a value; `None` where there is none.
    fn find(&self, pointer: &str) -> Result<Option<&Place>, Refusal> {
        match self.0.get(pointer) {
            Some(place) if place.aliased => Err(Refusal::Shared),
            place => Ok(place),
        }
    }

    fn get(&self, pointer: &str) -> Result<&Place, Refusal> {
        self.find(pointer)?.ok_or(Refusal::Layout)
    }
}

/// The expectations that are not met.
fn differing(result: &CaseResult) -> impl Iterator<Item = &Comparison> {
    result.comparisons.iter().filter(|comparison| !comparison.holds())
}

fn case_edits(
    text: &Lines<'_>,
    places: &Places,
    number: usize,
    result: &CaseResult,
) -> Result<Vec<Edit>, Refusal> {
    if result.verdict.decision == Decision::Error {
        return Err(Refusal::NoAnswer);
    }
    if result.again.is_some() {
        return Err(Refusal::Unstable);
    }
    let writer = Writer {
        text,
        places,
        expect: expect(number),
        is_json: text.trim_start_matches('\u{feff}').trim_start().starts_with('{'),
    };
    let mut edits = Vec::new();
    for comparison in differing(result) {
        edits.extend(writer.write(comparison)?);
    }
    Ok(edits)
}

struct Writer<'a> {
    text: &'a Lines<'a>,
    places: &'a Places,
    /// JSON pointer of what the case expects
    expect: String,
    is_json: bool,
}

impl Writer<'_> {
    /// A value on one line.
    fn line(&self, value: &Value) -> String {
        if self.is_json { value.to_string() } else { words::flow(value) }
    }

    fn write(&self, Comparison { what, expected, actual }: &Comparison) -> Result<Vec<Edit>, Refusal> {
        let pointer = format!("{}/{what}", self.expect);
        let place = match self.places.find(&pointer)? {
            Some(place) if expected.is_null() => return Ok(vec![self.over_null(place, actual)]),
            None if expected.is_null() => return self.new_key(what, actual).map(|edit| vec![edit]),
            place => place.ok_or(Refusal::Layout)?,
        };
        match (expected, actual) {
            (Value::Array(old), Value::Array(new)) if !place.flow && !old.is_empty() && !new.is_empty() => {
                self.block(&pointer, old, new)
            }
            (Value::Array(old), _) if !place.flow && !old.is_empty() => {
                self.over_block(place, actual).map(|e| vec![e])
            }
            _ => {
                self.without_comment(&place.span)?;
                Ok(vec![Edit { at: place.span.clone(), text: self.line(actual) }])
            }
        }
    }

    /// A value that replaces `null`, or follows a key without a value.
    fn over_null(&self, place: &Place, value: &Value) -> Edit {
        let is_behind_colon = self.text.get(..place.span.start).is_some_and(|before| before.ends_with(':'));
        let between = match place.span.is_empty() {
            false => "",
            true if is_behind_colon => " ",
            // `{decision: accepted, rules}`
            true => ": ",
        };
        Edit { at: place.span.clone(), text: format!("{between}{}", self.line(value)) }
    }

    /// A key that the case does not state yet, behind its decision.
    fn new_key(&self, key: &str, value: &Value) -> Result<Edit, Refusal> {
        let decision = self.places.get(&format!("{}/decision", self.expect))?;
        let written = self.line(value);
        if self.is_json {
            return Ok(Edit::insert(decision.span.end, format!(", \"{key}\": {written}")));
        }
        if decision.flow {
            return Ok(Edit::insert(decision.span.end, format!(", {key}: {written}")));
        }
        let start = decision.key.as_ref().ok_or(Refusal::Layout)?.start;
        let indent = self.indent(start)?;
        Ok(lines_behind(self.text, decision.span.end, &[format!("{indent}{key}: {written}")]))
    }

    /// The white space at the start of the line.
    fn indent(&self, at: usize) -> Result<&str, Refusal> {
        let indent = self.text.get(line_start(self.text, at)..at);
        indent.filter(|indent| indent.trim().is_empty()).ok_or(Refusal::Layout)
    }

    /// Refuses to write over several lines with what may be a comment.
    fn without_comment(&self, span: &Range<usize>) -> Result<(), Refusal> {
        let old = self.text.get(span.clone()).ok_or(Refusal::Layout)?;
        if old.contains(['\n', '\r']) && old.contains('#') { Err(Refusal::Comment) } else { Ok(()) }
    }

    /// One line instead of a block, with the comment after its key.
    fn over_block(&self, place: &Place, value: &Value) -> Result<Edit, Refusal> {
        self.without_comment(&place.span)?;
        let key = place.key.clone().ok_or(Refusal::Layout)?;
        let between = self.text.get(key.end..place.span.start).ok_or(Refusal::Layout)?;
        let comment = between.trim_start().strip_prefix(':').ok_or(Refusal::Layout)?.trim_end();
        let text = format!(": {}{comment}", self.line(value));
        Ok(Edit { at: key.end..place.span.end, text })
    }

    /// Items of a block: those that stay are not touched.
    fn block(&self, pointer: &str, old: &[Value], new: &[Value]) -> Result<Vec<Edit>, Refusal> {
        let items = (0..old.len()).map(|i| self.item(&format!("{pointer}/{i}")));
        let items: Vec<Item> = items.collect::<Result<_, _>>()?;
        let [old, new] = [old, new].map(|values| values.iter().map(words::flow).collect::<Vec<String>>());
        let mut edits = Vec::new();
        for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
            if matches!(op, DiffOp::Equal { .. }) {
                continue;
            }
            let (was, is) = (op.old_range(), op.new_range());
            let kept = was.len().min(is.len());
            let lines = new.get(is).ok_or(Refusal::Layout)?;
            let (over, more) = lines.split_at_checked(kept).ok_or(Refusal::Layout)?;
            let gone = items.get(was.clone()).ok_or(Refusal::Layout)?;
            let (replaced, removed) = gone.split_at_checked(kept).ok_or(Refusal::Layout)?;
            replaced.iter().try_for_each(|item| self.without_comment(&item.span))?;
            edits.extend(
                replaced
                    .iter()
                    .zip(over)
                    .map(|(item, text)| Edit { at: item.span.clone(), text: text.clone() }),
            );
            for item in removed {
                edits.push(Edit { at: self.lines_of(item)?, text: String::new() });
            }
            if !more.is_empty() {
                edits.push(self.insert(&items, was.start + kept, more)?);
            }
        }
        Ok(edits)
    }

    fn item(&self, pointer: &str) -> Result<Item, Refusal> {
        let span = self.places.get(pointer)?.span.clone();
        let dash = dash(self.text, span.start).ok_or(Refusal::Layout)?;
        Ok(Item { span, dash })
    }

    /// The lines of an item, from its dash on, which hold no comment.
    fn lines_of(&self, item: &Item) -> Result<Range<usize>, Refusal> {
        let end = line_end(self.text, item.span.end);
        self.without_comment(&(item.dash..item.span.end))?;
        let behind = self.text.get(item.span.end..end).ok_or(Refusal::Layout)?;
        if behind.contains('#') {
            return Err(Refusal::Comment);
        }
        Ok(line_start(self.text, item.dash)..next_line(self.text, end))
    }

    /// Lines before the item of this number, or behind the last one.
    fn insert(&self, items: &[Item], before: usize, new: &[String]) -> Result<Edit, Refusal> {
        let like = before.checked_sub(1).and_then(|last| items.get(last));
        let first = items.first().ok_or(Refusal::Layout)?;
        let indent = self.indent(first.dash)?;
        let lines: Vec<String> = new.iter().map(|item| format!("{indent}- {item}")).collect();
        if let Some(item) = like {
            return Ok(lines_behind(self.text, item.span.end, &lines));
        }
        let at = line_start(self.text, first.dash);
        let line_break = line_break(self.text, line_end(self.text, at));
        Ok(Edit::insert(at, format!("{}{line_break}", lines.join(line_break))))
    }
}

/// An item of a block.
struct Item {
    span: Range<usize>,
    dash: usize,
}
