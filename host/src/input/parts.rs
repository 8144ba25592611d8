//! A long text in parts: some documents at a time, so that it is never in memory as a whole.

use std::io::{self, Read};
use std::sync::Arc;

use super::{InputError, LEAST as PART, MOST, SourceFile, read_more};
use crate::yaml;

/// Some documents of a text that follow one another.
#[derive(Debug, Clone)]
pub struct Part {
    /// Their text, under the name of the whole
    pub file: Arc<SourceFile>,
    /// Lines of the whole above it
    pub above: usize,
}

/// Reads part after part; an error is the last.
///
/// A text is cut before a line that begins a document with `---`, which no text within a document can hold, be it YAML (1.2:
/// 9.1.2) or JSON, unless a directive stands before it.
pub struct Parts<R> {
    name: String,
    /// `None` when all is read
    stream: Option<R>,
    /// What has been read and is in no part yet
    rest: Vec<u8>,
    above: usize,
}

impl<R: Read> Parts<R> {
    pub(super) fn new(name: String, stream: R) -> Self {
        Self { name, stream: Some(stream), rest: Vec::new(), above: 0 }
    }

    fn unreadable(&self, reason: io::Error) -> InputError {
        InputError::Unreadable { name: self.name.clone(), reason }
    }

    /// Reads on, and tells where the part ends; `None` at the end of the text.
    fn next_end(&mut self) -> Result<Option<usize>, InputError> {
        let everything = |rest: &[u8]| Some(rest.len()).filter(|end| *end > 0);
        let Some(mut stream) = self.stream.take() else { return Ok(everything(&self.rest)) };
        let mut searched = 0;
        loop {
            let has_more =
                read_more(&mut stream, &mut self.rest).map_err(|reason| self.unreadable(reason))?;
            let is_long = self.rest.len() >= PART;
            if let Some(end) = is_long.then(|| last_begin(&self.rest, searched)).flatten() {
                self.stream = Some(stream).filter(|_| has_more);
                return Ok(Some(end));
            }
            if self.rest.len() > MOST {
                return Err(InputError::TooLong { name: self.name.clone(), line: self.above + 1 });
            }
            if !has_more {
                return Ok(everything(&self.rest));
            }
            // A mark may be cut in two.
            searched = self.rest.len().saturating_sub(MARK.len());
        }
    }

    fn part(&mut self, end: usize) -> Result<Part, InputError> {
        let after = self.rest.split_off(end);
        let bytes = std::mem::replace(&mut self.rest, after);
        let above = self.above;
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.above += yaml::line_ends(text.as_bytes());
                Ok(Part { file: Arc::new(SourceFile { name: self.name.clone(), text }), above })
            }
            Err(error) => {
                self.stream = None;
                self.rest.clear();
                let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
                Err(InputError::NotUtf8 { name: self.name.clone(), line: above + yaml::line_ends(valid) + 1 })
            }
        }
    }
}

impl<R: Read> Iterator for Parts<R> {
    type Item = Result<Part, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_end() {
            Ok(end) => end.map(|end| self.part(end)),
            Err(error) => {
                self.rest = Vec::new();
                Some(Err(error))
            }
        }
    }
}

/// What begins a document, with the end of the line before.
const MARK: &[u8] = b"\n---";

/// The last byte at which a document begins by its mark, looked for from `from` on; no directive may stand before it.
fn last_begin(text: &[u8], from: usize) -> Option<usize> {
    let is_mark = |at: &usize| text.get(at + MARK.len()).is_some_and(u8::is_ascii_whitespace);
    let mut marks = memchr::memmem::rfind_iter(text.get(from..)?, MARK).map(|at| from + at).filter(is_mark);
    marks.find(|at| !is_below_directive(text.get(..*at).unwrap_or_default())).map(|at| at + 1)
}

/// Whether the last line of a text that is neither blank nor a comment is a directive.
fn is_below_directive(text: &[u8]) -> bool {
    let lines = text.rsplit(|byte| *byte == b'\n');
    let mut lines =
        lines.map(<[u8]>::trim_ascii_start).filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    lines.next().is_some_and(|line| line.starts_with(b"%"))
}

#[cfg(test)]
mod tests {
    use super::{PART, Parts};
    use crate::input::InputError;
    use crate::yaml;

    /// A reader that gives a few bytes at a time, as a pipe may.
    struct Drops<'a>(&'a [u8]);

    impl std::io::Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = buffer.len().min(1 << 15).min(self.0.len());
            let (now, later) = self.0.split_at(length);
            buffer[..length].copy_from_slice(now);
            self.0 = later;
            Ok(length)
        }
    }

    fn parts(text: &str) -> Vec<Result<super::Part, InputError>> {
        Parts::new("a.yaml".to_owned(), Drops(text.as_bytes())).collect()
    }

    #[test]
    fn parts_together_are_the_text_and_hold_its_documents_at_their_lines() {
        let document = |n: usize| format!("---\n# {n}\nn: {n}\ntext: |\n  ---\n  {}\n", "x".repeat(n % 3000));
        let text: String = (0..2000).map(document).collect();
        for text in [text.clone(), text.replace('\n', "\r\n")] {
            let parts: Vec<_> = parts(&text).into_iter().map(Result::unwrap).collect();
            assert!(parts.len() > 5, "{}", parts.len());
            assert_eq!(parts.iter().map(|part| part.file.text.as_str()).collect::<String>(), text);
            let lines = |(documents, error): (Vec<yaml::Document>, Option<_>)| {
                assert_eq!(error, None);
                documents.into_iter().map(|document| (document.line, document.value)).collect::<Vec<_>>()
            };
            let whole = lines(yaml::documents(&text));
            let in_parts = parts.iter().flat_map(|part| {
                let read = yaml::documents(&part.file.text);
                lines(read).into_iter().map(|(line, value)| (line + part.above, value))
            });
            assert_eq!(whole, in_parts.collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_directive_stays_with_its_document() {
        let filler = format!("a: {}\n", "x".repeat(PART));
        let text = format!(
            "{filler}...\n%TAG ! tag:contoso.com,2026:\n\n# why\n---\nb: 1\n---\n{filler}---\nc: 1\n"
        );
        let parts: Vec<_> = parts(&text).into_iter().map(|part| part.unwrap().file.text.clone()).collect();
        assert!(parts.len() > 1);
        for part in &parts {
            assert!(yaml::documents(part).1.is_none());
            assert!(!part.trim_end().ends_with("# why"));
        }
    }

    #[test]
    fn what_is_no_text_is_told_by_its_line_after_what_is() {
        let mut text = format!("a: {}\n---\n", "x\n ".repeat(PART)).into_bytes();
        let lines = yaml::line_ends(&text);
        text.extend(format!("b: {}\n", "x".repeat(PART)).bytes());
        text.extend(b"\xff\n---\n");
        let mut parts = Parts::new("a.yaml".to_owned(), Drops(&text));
        assert!(parts.next().unwrap().is_ok());
        let error = parts.next().unwrap().unwrap_err();
        assert_eq!(error.to_string(), format!("a.yaml:{}: this is not UTF-8 text", lines + 2));
        assert!(parts.next().is_none());
    }
}
