//! Problems of a text, worded for its author.

use granit_parser::{ErrorKind, ScanError};

use super::{
    scalar::Remark,
    text::{line_column, line_end_name},
};

/// How deeply a document may nest: well under the 128 levels of `serde_json`, which reads requests and answers around it.
pub(super) const MAX_DEPTH: usize = 100;

/// The message for a document that nests deeper.
pub(super) const TOO_DEEP: &str = "nested too deeply: more than 100 levels";

/// What ends a line.
pub(super) const LINE_ENDS: [char; 2] = ['\n', '\r'];

/// The message for a tab before a key.
const INDENTING_TAB: &str = "this line is indented with a tab, and YAML allows only spaces";

/// The help for a tab that YAML or kubectl refuses.
pub(super) const REPLACE_TAB: &str = "replace the tab by spaces";

/// The help for a line whose indentation no line above has.
pub(super) const INDENT: &str = "indent this line like its siblings";

/// The help for a character that ends a line in YAML 1.1 alone.
fn help_for_line_end(code: u32) -> String {
    format!("remove it, or write it as `\\u{code:04x}` in double quotes")
}

/// A note that does not stop the reading, for example on a key given twice.
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
    /// The same without the key that it names, where it names one: a piece of an unquoted password may be one
    pub unnamed: Option<String>,
    /// One sentence: what to do about it
    pub help: Option<String>,
    /// Whether the text has a value that the document lacks, because another one has its key
    pub is_overwriting: bool,
}

impl Note {
    /// A note at a line, a column and a byte.
    pub(super) fn new(line: usize, column: usize, at: usize, message: &str) -> Self {
        Note {
            line,
            column,
            at,
            message: message.to_owned(),
            unnamed: None,
            help: None,
            is_overwriting: false,
        }
    }

    /// The sentence; for a text that may hold a secret, without parts of that text.
    pub fn told(&self, may_name: bool) -> &str {
        self.unnamed.as_ref().filter(|_| !may_name).unwrap_or(&self.message)
    }
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
    /// What may fix it
    pub help: Option<String>,
}

/// A problem or a remark at a byte of the text.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) at: usize,
    pub(super) message: String,
    /// The message without the key that it names
    pub(super) unnamed: Option<String>,
    pub(super) help: Option<String>,
    /// Whether a value is left out, because another one has its key
    pub(super) is_overwriting: bool,
    /// Whether another reading of the text would not help, or must not be tried
    pub(super) is_final: bool,
}

impl Problem {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Problem {
            at,
            message: message.into(),
            unnamed: None,
            help: None,
            is_overwriting: false,
            is_final: false,
        }
    }

    /// A problem with a key. `message` names the key, and `unnamed` says `this key`.
    pub(super) fn of_key(at: usize, key: &str, say: impl Fn(&str) -> String) -> Self {
        const UNNAMED: &str = "this key";
        // Name the key only if it looks like a field or a label. Others may hold a password, as
        // `https://user:password@host` does.
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
        if key.is_empty() || key.len() > 63 || !key.chars().all(is_name) {
            return Problem::new(at, say(UNNAMED));
        }
        Problem { unnamed: Some(say(UNNAMED)), ..Problem::new(at, say(&format!("key `{key}`"))) }
    }

    /// A remark on a scalar at its byte.
    pub(super) fn remark(at: usize, remark: Remark) -> Self {
        Problem { help: remark.help.map(str::to_owned), ..Problem::new(at, remark.message) }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A tab in the indentation of a line.
    pub(super) fn indenting_tab(at: usize) -> Self {
        Problem::new(at, INDENTING_TAB).help(REPLACE_TAB)
    }

    /// A limit that was reached, or an error in every reading of the text.
    pub(super) fn last(at: usize, message: &str) -> Self {
        Problem { is_final: true, ..Problem::new(at, message) }
    }

    /// A character that JSON does not have here, and that no editor shows; `None` for other characters.
    pub(super) fn line_end_in_json(character: char, at: usize) -> Option<Self> {
        let name = line_end_name(character)?;
        let code = u32::from(character);
        let message = format!("JSON does not allow the character U+{code:04X} ({name}) here");
        Some(Problem::new(at, message).help(help_for_line_end(code)))
    }

    pub(super) fn forbidden_character(text: &str, at: usize) -> Self {
        let character = text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or_default();
        let code = u32::from(character);
        if let Some(name) = line_end_name(character) {
            let message = format!("kubectl reads the character U+{code:04X} ({name}) as the end of a line");
            return Problem::new(at, message).help(help_for_line_end(code));
        }
        let problem = Problem::new(at, format!("control character U+{code:04X} is not allowed in YAML"));
        if character == '\0' {
            problem.help(
                "is this a binary file? Manifests are text in UTF-8, or in UTF-16 with a byte order mark",
            )
        } else {
            problem
        }
    }

    /// The scanner's message, reworded if it uses the scanner's own terms.
    pub(super) fn scan(error: &ScanError, text: &str) -> Self {
        // At the end of the text the mark is past the last line that an editor shows.
        let at = error.marker().byte_offset().unwrap_or_default().min(text.trim_end().len());
        let message = match error.kind() {
            ErrorKind::RecursionLimitExceeded => return Problem::new(at, TOO_DEEP),
            ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
                "could not find expected `:`".to_owned()
            }
            ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
                "did not find expected key".to_owned()
            }
            ErrorKind::UnknownAnchor => {
                "the alias names an anchor that this document does not have".to_owned()
            }
            ErrorKind::ExpectedDocumentStart => "did not find expected `---` or end of text".to_owned(),
            ErrorKind::BomInsideDocument => {
                let message = "this document contains a byte order mark (U+FEFF)";
                return Problem::new(at, message).help("delete it");
            }
            _ => {
                let info = error.info();
                // The scanner's state does not help the user.
                let said = info.strip_prefix("while ").and_then(|rest| rest.split_once(", "));
                said.map_or_else(|| info.clone(), |(_, said)| said.to_owned())
            }
        };
        let is_of_tab = is_of_tabs(error.kind());
        let tab = if is_of_tab {
            indenting_tab(text, at).or_else(|| tab_below(text, at))
        } else {
            indenting_tab(text, at).filter(|_| is_of_layout(error.kind()))
        };
        if let Some(tab) = tab {
            return Problem::indenting_tab(tab);
        }
        if is_of_tab {
            return Problem::new(at, message).help(REPLACE_TAB);
        }
        let is_colon = |at: usize| {
            let rest = text.get(at..).unwrap_or_default();
            rest.starts_with(':') && rest.get(1..).is_some_and(|rest| rest.starts_with([',', ']', '}']))
        };
        if matches!(
            error.kind(),
            ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator
        ) && let Some(at) = [at, at.saturating_sub(1)].into_iter().find(|at| is_colon(*at))
        {
            let message = "an unquoted value between brackets ends in this colon";
            return Problem::new(at, message).help("quote this value");
        }
        let problem = Problem::new(at, message);
        match layout_help(text, at).filter(|_| is_of_layout(error.kind())) {
            Some(help) => problem.help(help),
            None => problem,
        }
    }

    /// The problem with line and column. Where the text looks like a template, that is the problem.
    pub(super) fn into_error(self, text: &str) -> SyntaxError {
        // The end of the text is past the last line that an editor shows.
        let at = if self.at < text.len() { self.at } else { text.trim_end().len() };
        let (line, column) = line_column(text, at);
        let (message, help) = match template(text, at) {
            Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
            None => (self.message, self.help),
        };
        SyntaxError { line, column, at, message, help }
    }

    /// The note at its line and column in a text with this number of lines above it.
    pub(super) fn into_note(self, above: usize, (line, column): (usize, usize)) -> Note {
        Note {
            line: above + line,
            column,
            at: self.at,
            message: self.message,
            unnamed: self.unnamed,
            help: self.help,
            is_overwriting: self.is_overwriting,
        }
    }
}

/// The message and the help for a template near a byte.
fn template(text: &str, at: usize) -> Option<(&'static str, &'static str)> {
    // The line before too: an unfinished line is noticed only on the next one.
    let before = text.get(..at).unwrap_or(text);
    let start = before.rmatch_indices('\n').nth(1).map_or(0, |(found, _)| found);
    let near = text.get(start..).unwrap_or_default();
    let end = at - start + near.get(at - start..).and_then(|rest| rest.find('\n')).unwrap_or(near.len());
    let near = near.get(..end).unwrap_or(near);
    let braces = near.find("{{").and_then(|open| near.get(open..)).is_some_and(|rest| rest.contains("}}"));
    if braces {
        return Some((
            "this looks like a Helm template that was not rendered",
            "render it first: helm template CHART",
        ));
    }
    let placeholder =
        near.find("${").and_then(|open| near.get(open..)).is_some_and(|rest| rest.contains('}'));
    placeholder.then_some((
        "this text has ${…} placeholders that were not substituted",
        "substitute them first: envsubst < FILE",
    ))
}

/// Whether an error may come from how lines are indented.
fn is_of_layout(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::BlockSequenceEntryNotAllowed
            | ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::ExpectedBlockSequenceEntry
            | ErrorKind::ExpectedDocumentStart
            | ErrorKind::InvalidFlowScalarIndent
            | ErrorKind::InvalidIndentation
            | ErrorKind::InvalidQuotedScalarIndent
            | ErrorKind::InvalidSimpleKey
            | ErrorKind::MappingKeyNotAllowed
            | ErrorKind::MappingValueNotAllowed
            | ErrorKind::SimpleKeyExpected
    )
}

/// Whether the parser refuses a tab.
pub(super) fn is_of_tabs(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabNotAllowed
    )
}

/// What may be wrong with the layout of the line at a byte.
fn layout_help(text: &str, at: usize) -> Option<&'static str> {
    let (before, rest) = text.split_at_checked(at)?;
    let start = before.rfind(LINE_ENDS).map_or(0, |found| found + 1);
    let end = at + rest.find(LINE_ENDS).unwrap_or(rest.len());
    let line = text.get(start..end)?;
    if rest.starts_with(':') && line.matches(": ").count() > 1 {
        return Some("check the indentation, or quote a value that has `: ` in it");
    }
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let above = text.get(..start)?.rsplit(LINE_ENDS);
    let mut siblings = above.filter(|above| !above.trim().is_empty()).map(indent).peekable();
    siblings.peek()?;
    (!line.trim().is_empty() && siblings.all(|above| above != indent(line))).then_some(INDENT)
}

/// Byte of the first tab in the indentation of the line at a byte, or of the one before.
fn indenting_tab(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    let start = before.rfind('\n').map_or(0, |found| found + 1);
    let previous = before.get(..start.saturating_sub(1))?.rfind('\n').map_or(0, |found| found + 1);
    [start, previous].into_iter().find_map(|start| tab_of(text, start))
}

/// Byte of the first tab in the indentation of the next line with content below a byte. Where unquoted text goes on in such a
/// line, the parser stops at the end of the text above it.
fn tab_below(text: &str, at: usize) -> Option<usize> {
    let mut start = at;
    loop {
        start += text.get(start..)?.find(LINE_ENDS)? + 1;
        let line = text.get(start..)?.split(LINE_ENDS).next()?;
        let content = line.trim_start_matches(['\t', ' ']);
        if !content.is_empty() && !content.starts_with('#') {
            return tab_of(text, start);
        }
    }
}

/// Byte of the first tab in the indentation of the line that begins at a byte, if the line has content.
fn tab_of(text: &str, start: usize) -> Option<usize> {
    let line = text.get(start..)?;
    let spaces = line.len() - line.trim_start_matches(' ').len();
    let rest = line.get(spaces..)?;
    let content = rest.trim_start_matches(['\t', ' ']);
    (rest.starts_with('\t') && !content.starts_with(['\n', '\r', '#'])).then_some(start + spaces)
}
