//! JSON as events, the same as those of a YAML text.
//!
//! Apart from YAML because JSON allows what YAML does not: tabs anywhere, `\ud83d\ude00` pairs, no space after `:`, DEL.
//! Not `serde_json`, because it reports neither the location of a value nor duplicate keys.

use std::borrow::Cow;

use granit_parser::{Event, ScalarStyle, StructureStyle};

use super::{problem::Problem, span::Span};

/// Does this text look like JSON rather than YAML? `---` may precede it, as between several values.
pub(super) fn starts(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.strip_prefix("---").unwrap_or(text).trim_start().starts_with(['{', '['])
}

/// Does JSON begin this text, with no `---` before it? Then kubectl reads JSON too. apimachinery: `hasJSONPrefix`
pub(super) fn is_first(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '['])
}

/// Does an object begin this text?
pub(super) fn is_object(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
}

/// What begins a document.
const MARK: &str = "---";

/// Reads one value after the other.
pub(super) struct Lexer<'t> {
    text: &'t str,
    /// Where it begins, behind byte order marks
    begin: usize,
    at: usize,
    /// What is open, outermost first: is it a mapping?
    open: Vec<bool>,
    next: Expected,
}

#[derive(Clone, Copy, PartialEq)]
enum Expected {
    Document,
    /// A value behind `---`, or nothing, which is a document too
    Marked,
    Value,
    /// A value, or the end of a list that has none
    FirstItem,
    Key,
    /// A key, or the end of a mapping that has none
    FirstKey,
    /// `,` or the end
    More,
    DocumentEnd,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let at = text.len() - text.trim_start_matches('\u{feff}').len();
        Lexer { text, begin: at, at, open: Vec::new(), next: Expected::Document }
    }

    /// The next event; `None` at the end of the text.
    pub(super) fn next_event(&mut self) -> Result<Option<(Event<'t>, Span)>, Problem> {
        if self.next == Expected::DocumentEnd {
            self.next = Expected::Document;
            return Ok(Some((Event::DocumentEnd, Span::empty(self.at))));
        }
        self.skip_space();
        match self.next {
            Expected::Document if self.peek().is_none() => return Ok(None),
            Expected::Document if self.is_at_mark() => {
                let start = self.at;
                self.at += MARK.len();
                self.next = Expected::Marked;
                return Ok(Some((Event::DocumentStart(true, None), Span::new(start..self.at))));
            }
            Expected::Document => {
                self.next = Expected::Value;
                return Ok(Some((Event::DocumentStart(false, None), Span::empty(self.at))));
            }
            Expected::Marked if self.peek().is_none() || self.is_at_mark() => {
                self.next = Expected::DocumentEnd;
                let nothing = Event::Scalar(Cow::Borrowed(""), ScalarStyle::Plain, 0, None);
                return Ok(Some((nothing, Span::empty(self.at))));
            }
            Expected::More => {
                if let Some(end) = self.end() {
                    return Ok(Some(end));
                }
                if self.peek() != Some(b',') {
                    return Err(self.wrong("expected `,` or the closing bracket"));
                }
                self.at += 1;
                self.skip_space();
                self.next = if self.open.last() == Some(&true) { Expected::Key } else { Expected::Value };
            }
            Expected::FirstItem | Expected::FirstKey => {
                if let Some(end) = self.end() {
                    return Ok(Some(end));
                }
            }
            Expected::Marked | Expected::Value | Expected::Key | Expected::DocumentEnd => {}
        }
        if matches!(self.next, Expected::Key | Expected::FirstKey) { self.key() } else { self.value() }
            .map(Some)
    }

    fn key(&mut self) -> Result<(Event<'t>, Span), Problem> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong("expected a key in double quotes"));
        }
        let key = self.string()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.wrong("expected `:` after the key"));
        }
        self.at += 1;
        self.next = Expected::Value;
        Ok(key)
    }

    fn value(&mut self) -> Result<(Event<'t>, Span), Problem> {
        let start = self.at;
        match self.peek() {
            Some(bracket @ (b'{' | b'[')) => {
                self.at += 1;
                let mapping = bracket == b'{';
                self.open.push(mapping);
                self.next = if mapping { Expected::FirstKey } else { Expected::FirstItem };
                let style = StructureStyle::Flow;
                let event = if mapping {
                    Event::MappingStart(style, 0, None)
                } else {
                    Event::SequenceStart(style, 0, None)
                };
                Ok((event, Span::new(start..self.at)))
            }
            Some(b'"') => {
                let string = self.string()?;
                self.after_value();
                Ok(string)
            }
            _ => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                let literal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
                let length = rest.find(|c| !literal(c)).unwrap_or(rest.len());
                let text = rest.get(..length).unwrap_or_default();
                if super::scalar::json_literal(text).is_none() {
                    if text.parse().is_ok_and(f64::is_infinite)
                        && text.ends_with(|c: char| c.is_ascii_digit())
                    {
                        return Err(Problem::last(self.at, "this number is too large for JSON"));
                    }
                    return Err(self.wrong("expected a value"));
                }
                self.at += length;
                self.after_value();
                let event = Event::Scalar(Cow::Borrowed(text), ScalarStyle::Plain, 0, None);
                Ok((event, Span::new(start..self.at)))
            }
        }
    }

    fn end(&mut self) -> Option<(Event<'t>, Span)> {
        let mapping = *self.open.last()?;
        if self.peek() != Some(if mapping { b'}' } else { b']' }) {
            return None;
        }
        let start = self.at;
        self.at += 1;
        self.open.pop();
        self.after_value();
        let event = if mapping { Event::MappingEnd } else { Event::SequenceEnd };
        Some((event, Span::new(start..self.at)))
    }

    fn after_value(&mut self) {
        self.next = if self.open.is_empty() { Expected::DocumentEnd } else { Expected::More };
    }

    fn string(&mut self) -> Result<(Event<'t>, Span), Problem> {
        let start = self.at;
        self.at += 1;
        let mut decoded = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let special = |byte: u8| matches!(byte, b'"' | b'\\') || byte < 0x20;
            let Some(length) = rest.bytes().position(special) else {
                self.at = start;
                return Err(self.wrong("the string that begins here does not end"));
            };
            let run = rest.get(..length).unwrap_or_default();
            self.at += length;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    let text = if decoded.is_empty() {
                        Cow::Borrowed(run)
                    } else {
                        decoded.push_str(run);
                        Cow::Owned(decoded)
                    };
                    let span = Span::new(start..self.at);
                    return Ok((Event::Scalar(text, ScalarStyle::DoubleQuoted, 0, None), span));
                }
                Some(b'\\') => {
                    decoded.push_str(run);
                    decoded.push(self.escape()?);
                }
                _ => return Err(self.wrong("a control character must be escaped")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Problem> {
        let invalid = |lexer: &Self| lexer.wrong("invalid escape sequence");
        let character = match self.text.as_bytes().get(self.at + 1) {
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(*plain),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let high = self.hex(self.at + 2).ok_or_else(|| invalid(self))?;
                if let Some(character) = char::from_u32(high) {
                    self.at += 6;
                    return Ok(character);
                }
                let paired = self.text.get(self.at + 6..self.at + 8) == Some("\\u");
                let low = self.hex(self.at + 8).filter(|low| paired && (0xdc00..0xe000).contains(low));
                let joined = low
                    .filter(|_| high < 0xdc00)
                    .map(|low| 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00));
                let character = joined.and_then(char::from_u32).ok_or_else(|| invalid(self))?;
                self.at += 12;
                return Ok(character);
            }
            _ => return Err(invalid(self)),
        };
        self.at += 2;
        Ok(character)
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 4)?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Whether `---` is here, alone in its line or before a value.
    fn is_at_mark(&self) -> bool {
        let after = self.text.get(self.at..).and_then(|rest| rest.strip_prefix(MARK));
        let before = self.text.as_bytes().get(..self.at).unwrap_or_default();
        let is_begin = self.at == self.begin || before.ends_with(b"\n") || before.ends_with(b"\r");
        is_begin && after.is_some_and(|after| after.is_empty() || after.starts_with([' ', '\t', '\n', '\r']))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn wrong(&self, message: &str) -> Problem {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with("//") || rest.starts_with("/*") {
            let help = "delete it, or write the file as YAML with comments that begin with `#`";
            return Problem::last(self.at, "JSON has no comments").help(help);
        }
        let is_end =
            |c: char| c.is_ascii_whitespace() || matches!(c, '"' | ',' | ':' | '{' | '}' | '[' | ']');
        let word = rest.get(..rest.find(is_end).unwrap_or(rest.len())).unwrap_or_default();
        // An editor shows nothing of these characters, so the message names them and not what they break.
        let mut hidden = word.char_indices().filter_map(|(at, c)| Problem::line_end_in_json(c, self.at + at));
        if let Some(problem) = hidden.next() {
            return problem;
        }
        Problem::new(self.at.min(self.text.trim_end().len()), message)
    }
}
