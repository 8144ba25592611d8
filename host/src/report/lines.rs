//! Text for people, line by line. Nothing in a line can move a cursor, end the line or be a command to a CI system: only
//! colours that are requested here are written unchanged.

use std::fmt::Display;
use std::io::{self, Write};

use review::diagnostic::Diagnostic;
use review::foreign_text::{has_command, plain};

use crate::console::spoken;

/// Where lines go.
pub struct Lines<'a> {
    out: &'a mut dyn Write,
    colour: bool,
}

/// A piece of a line.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Text
    Text(String),
    /// Text with its colour, as the parameters of an SGR sequence (ECMA-48): `1;31`
    Coloured(String, &'static str),
}

impl<'a> Lines<'a> {
    /// Lines with or without colours.
    pub fn new(out: &'a mut dyn Write, colour: bool) -> Self {
        Self { out, colour }
    }

    /// Writes one line.
    ///
    /// # Errors
    /// - the output cannot be written
    pub fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.out, "{}", plain(&text.to_string()))
    }

    /// Writes one line of several pieces.
    ///
    /// # Errors
    /// - the output cannot be written
    pub fn pieces(&mut self, pieces: &[Piece]) -> io::Result<()> {
        let text = |piece: &'_ Piece| match piece {
            Piece::Text(text) | Piece::Coloured(text, _) => plain(text).into_owned(),
        };
        let mut texts: Vec<String> = pieces.iter().map(text).collect();
        if has_command(&texts.concat()) {
            // A command that begins in one piece and ends in the next.
            for text in &mut texts {
                *text = text.replace('#', "\\u{23}").replace(':', "\\u{3a}");
            }
        }
        for (piece, text) in pieces.iter().zip(texts) {
            match piece {
                Piece::Coloured(_, colour) if self.colour => {
                    write!(self.out, "\u{1b}[{colour}m{text}\u{1b}[0m")?;
                }
                Piece::Text(_) | Piece::Coloured(..) => write!(self.out, "{text}")?,
            }
        }
        writeln!(self.out)
    }

    /// Writes a diagnostic and an empty line.
    ///
    /// # Errors
    /// - the output cannot be written
    pub fn diagnostic(&mut self, diagnostic: &Diagnostic) -> io::Result<()> {
        writeln!(self.out, "{}\n", spoken(diagnostic).render(self.colour))
    }
}

impl From<String> for Piece {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Piece {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use review::foreign_text::is_active;

    use super::{Lines, Piece};
    use crate::console::Console;
    use crate::report::json_text;
    use crate::report::junit::{plain_name, xml};

    /// Texts of what terminals and CI systems look for.
    fn texts() -> impl Strategy<Value = String> {
        const WORDS: [&str; 16] = [
            "::",
            "#",
            "##",
            "[",
            "vso[",
            "error",
            "\n",
            "\r\n",
            "\u{1b}[2J",
            "\u{9b}",
            "\u{202e}",
            "\u{2028}",
            " ",
            "ö",
            "%",
            "a",
        ];
        let word = prop_oneof![
            proptest::sample::select(WORDS.as_slice()).prop_map(str::to_owned),
            any::<char>().prop_map(String::from)
        ];
        proptest::collection::vec(word, 0..12).prop_map(|words| words.concat())
    }

    fn assert_plain(text: &str, lines: usize) -> Result<(), TestCaseError> {
        prop_assert_eq!(text.split('\n').count(), lines, "{:?}", text);
        for line in text.split('\n') {
            prop_assert!(!line.contains(is_active) && !line.trim_start().starts_with("::"), "{:?}", line);
            prop_assert!(!line.contains("##[") && !line.contains("##vso["), "{:?}", line);
        }
        Ok(())
    }

    #[derive(Clone, Default)]
    struct Stream(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Stream {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn no_text_is_interpreted_in_any_output(text in texts()) {
            let mut out = Vec::new();
            let mut lines = Lines::new(&mut out, false);
            lines.line(&text).unwrap();
            let (one, other) = text.split_at(text.floor_char_boundary(text.len() / 2));
            lines.pieces(&[Piece::Text(one.to_owned()), Piece::Coloured(other.to_owned(), "1")]).unwrap();
            json_text::write(&text, &mut out).unwrap();
            out.push(b'\n');
            json_text::write_pretty(&[&text], &mut out).unwrap();
            assert_plain(std::str::from_utf8(&out).unwrap(), 6)?;
            let stderr = Stream::default();
            Console::new(stderr.clone()).line(&text);
            assert_plain(std::str::from_utf8(&stderr.0.lock().unwrap()).unwrap(), 2)?;
            assert_plain(&plain_name(&text), 1)?;
            assert_plain(&xml(&text), text.split('\n').count())?;
        }
    }
}
