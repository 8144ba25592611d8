//! A long text in parts: some documents at a time, so that it is never in memory as a whole.

use std::io::{self, Read};
use std::sync::Arc;

use super::{InputError, LEAST as PART, MOST, SourceFile, read_more};
use review::yaml;

/// Some documents of a text that follow one another.
#[derive(Debug, Clone)]
pub struct Part {
    /// Their text, under the name of the whole
    pub file: Arc<SourceFile>,
    /// Lines of the whole above it
    pub above: usize,
    /// Whether it is known to be all there is
    pub is_whole: bool,
}

/// Reads part after part, at least one; an error is the last.
pub struct Parts<R> {
    name: String,
    /// `None` when all is read
    stream: Option<R>,
    /// What has been read and is in no part yet
    rest: Vec<u8>,
    /// Lines of the parts so far
    above: usize,
    /// Whether there was a part
    is_begun: bool,
    /// What comes after the last part
    failure: Option<InputError>,
}

impl<R: Read> Parts<R> {
    pub(super) fn new(name: String, stream: R) -> Self {
        Self { name, stream: Some(stream), rest: Vec::new(), above: 0, is_begun: false, failure: None }
    }

    fn unreadable(&self, reason: io::Error) -> InputError {
        InputError::Unreadable { name: self.name.clone(), reason }
    }

    /// Reads on, and tells where the part ends; `None` at the end of the text.
    fn next_end(&mut self) -> Result<Option<usize>, InputError> {
        let is_begun = self.is_begun;
        let everything = |rest: &[u8]| Some(rest.len()).filter(|end| *end > 0 || !is_begun);
        let Some(mut stream) = self.stream.take() else { return Ok(everything(&self.rest)) };
        let mut searched = 0;
        loop {
            let has_more =
                read_more(&mut stream, &mut self.rest).map_err(|reason| self.unreadable(reason))?;
            let is_long = self.rest.len() >= PART;
            if let Some(end) = is_long.then(|| yaml::last_cut(&self.rest, searched)).flatten() {
                self.stream = Some(stream).filter(|_| has_more);
                return Ok(Some(end));
            }
            if self.rest.len() > MOST {
                return Err(InputError::TooLong { name: self.name.clone(), line: self.above + 1 });
            }
            if !has_more {
                return Ok(everything(&self.rest));
            }
            searched = self.rest.len();
        }
    }

    fn part(&mut self, end: usize) -> Result<Part, InputError> {
        let after = self.rest.split_off(end);
        let bytes = std::mem::replace(&mut self.rest, after);
        String::from_utf8(bytes).map(|text| self.cut(text)).or_else(|error| {
            (self.stream, self.rest) = (None, Vec::new());
            let valid = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            bytes.truncate(valid);
            let line = self.above + yaml::line_ends(&bytes) + 1;
            let failure = InputError::NotUtf8 { name: self.name.clone(), line };
            // The documents before it are read, as before an error of syntax.
            let Some(end) = yaml::last_cut(&bytes, 0) else { return Err(failure) };
            bytes.truncate(end);
            self.failure = Some(failure);
            Ok(self.cut(String::from_utf8(bytes).unwrap_or_default()))
        })
    }

    fn cut(&mut self, text: String) -> Part {
        let above = self.above;
        let is_last = self.stream.is_none() && self.rest.is_empty() && self.failure.is_none();
        let is_whole = is_last && !self.is_begun;
        self.above += yaml::line_ends(text.as_bytes());
        self.is_begun = true;
        Part { file: Arc::new(SourceFile { name: self.name.clone(), text }), above, is_whole }
    }
}

impl<R: Read> Iterator for Parts<R> {
    type Item = Result<Part, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(failure) = self.failure.take() {
            return Some(Err(failure));
        }
        let end = self.next_end().transpose()?;
        let part = end.and_then(|end| self.part(end));
        if part.is_err() {
            (self.stream, self.rest, self.is_begun) = (None, Vec::new(), true);
        }
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::{PART, Parts};
    use crate::files::input::InputError;
    use review::yaml;

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
