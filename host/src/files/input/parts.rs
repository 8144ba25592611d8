//! A long text in parts: some documents at a time, so that it is never in memory as a whole.

use std::io::{self, Read};
use std::sync::Arc;

use super::{InputError, LEAST as PART, MOST, read_more};
use crate::files::encoding::{Encoding, replaced};
use review::source_file::SourceFile;
use review::yaml;

/// Some documents of a text that follow one another.
#[derive(Debug, Clone)]
pub struct Part {
    /// Their text, under the name of the whole
    pub file: Arc<SourceFile>,
    /// Lines of the whole above it
    pub above: usize,
    /// Whether it is known to be the whole text
    pub is_whole: bool,
    /// How the file is written
    pub encoding: Encoding,
    /// Position of the first byte that is not UTF-8; the text has U+FFFD there
    pub replaced: Option<usize>,
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
    encoding: Encoding,
}

impl<R: Read> Parts<R> {
    pub(super) fn new(name: String, stream: R) -> Self {
        let encoding = Encoding::default();
        Self { name, stream: Some(stream), rest: Vec::new(), above: 0, is_begun: false, encoding }
    }

    fn unreadable(&self, reason: io::Error) -> InputError {
        InputError::Unreadable { name: self.name.clone(), reason }
    }

    /// Reads on, and returns where the part ends; `None` at the end of the text.
    fn next_end(&mut self) -> Result<Option<usize>, InputError> {
        let is_begun = self.is_begun;
        let everything = |rest: &[u8]| Some(rest.len()).filter(|end| *end > 0 || !is_begun);
        let Some(mut stream) = self.stream.take() else { return Ok(everything(&self.rest)) };
        let mut searched = 0;
        // No character of UTF-16 is cut in two, and few such files are long.
        let mut is_cut = self.encoding == Encoding::Utf8;
        loop {
            let has_more =
                read_more(&mut stream, &mut self.rest).map_err(|reason| self.unreadable(reason))?;
            if self.above == 0 && searched == 0 {
                self.encoding = Encoding::of(&self.rest);
                is_cut = self.encoding == Encoding::Utf8;
            }
            let is_long = is_cut && self.rest.len() >= PART;
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
        if self.encoding == Encoding::Utf8 {
            return Ok(match String::from_utf8(bytes) {
                Ok(text) => self.cut(text, None),
                Err(error) => {
                    let (text, first) = replaced(error.as_bytes());
                    self.cut(text, first)
                }
            });
        }
        match self.encoding.decode(&bytes) {
            Ok(text) => Ok(self.cut(text, None)),
            Err(text) => {
                let line = self.above + yaml::line_ends(text.as_bytes()) + 1;
                Err(InputError::HalfCharacter { name: self.name.clone(), line })
            }
        }
    }

    fn cut(&mut self, text: String, replaced: Option<usize>) -> Part {
        let above = self.above;
        let is_last = self.stream.is_none() && self.rest.is_empty();
        let is_whole = is_last && !self.is_begun;
        self.above += yaml::line_ends(text.as_bytes());
        self.is_begun = true;
        let file = Arc::new(SourceFile { name: self.name.clone(), text });
        Part { file, above, is_whole, encoding: self.encoding, replaced }
    }
}

impl<R: Read> Iterator for Parts<R> {
    type Item = Result<Part, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
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
    use crate::files::encoding::Encoding;
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
    fn bytes_that_are_not_utf8_become_replacement_characters_and_their_place_is_told() {
        let mut text = format!("a: {}\n---\n", "x\n ".repeat(PART)).into_bytes();
        text.extend(b"b: \xe9\xff # \xe9\n---\n");
        let parts: Vec<_> = Parts::new("a.yaml".to_owned(), Drops(&text)).map(|part| part.unwrap()).collect();
        let damaged: Vec<_> =
            parts.iter().filter_map(|part| Some((&part.file.text, part.replaced?))).collect();
        let [(text, at)] = damaged.as_slice() else { panic!("{} parts", damaged.len()) };
        let (before, after) = text.split_at(*at);
        assert!(before.ends_with("---\nb: ") && !before.contains('\u{fffd}'));
        assert!(after.starts_with("\u{fffd}\u{fffd} # \u{fffd}\n"));
    }

    #[test]
    fn utf16_is_read_in_both_orders_and_written_back() {
        let text = "\u{feff}a: é😀\n---\nb: 2\n";
        for encoding in [Encoding::Utf16Little, Encoding::Utf16Big] {
            let bytes = encoding.encode(text);
            let parts: Vec<_> =
                Parts::new("a.yaml".to_owned(), Drops(&bytes)).map(|part| part.unwrap()).collect();
            let [part] = parts.as_slice() else { panic!("{} parts", parts.len()) };
            assert_eq!((part.file.text.as_str(), part.encoding, part.is_whole), (text, encoding, true));
            assert_eq!(part.encoding.encode(&part.file.text), bytes);
            let damages: [&[u8]; 3] = [b"\n", b"\xdc\xdc", b"\xd8\xd8"];
            for damage in damages {
                let broken = [&bytes, damage].concat();
                let error = Parts::new("a.yaml".to_owned(), Drops(&broken)).next().unwrap().unwrap_err();
                assert_eq!(
                    error.to_string(),
                    "a.yaml:4: this is not valid UTF-16, although its first bytes announce it"
                );
            }
        }
    }
}
