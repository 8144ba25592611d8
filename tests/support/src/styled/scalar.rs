//! Scalars in their styles.

use super::{Odd, Writer};

/// Columns at which the text of a quoted scalar or of brackets goes on.
const ANYWHERE: [usize; 6] = [0, 1, 2, 4, 7, 11];

impl Writer<'_, '_> {
    /// A text in a block, behind its key or dash; `column` is that of the key, or of the dash.
    pub(super) fn block_text(&mut self, text: &str, column: usize) {
        match self.choices.below(12) {
            10 | 11 => self.block_scalar(text, column),
            _ => self.inline_text(text, Some(column)),
        }
    }

    /// A text that does not end its line: plain or in quotes. Within brackets there is no column to keep to.
    pub(super) fn inline_text(&mut self, text: &str, column: Option<usize>) {
        let plain = !text.contains('\n');
        match self.choices.below(8) {
            0..=3 if plain => {
                let over_lines = self.choices.once_in(4);
                let column = column.map_or(0, |column| column + 1);
                self.words(text, over_lines, Some(column));
            }
            4 | 5 if !text.contains('\n') => {
                self.out.push('\'');
                let over_lines = self.choices.once_in(3);
                self.words(&text.replace('\'', "''"), over_lines, None);
                self.out.push('\'');
            }
            _ => {
                self.out.push('"');
                let mut text = text.replace('\n', "\\n");
                if text.contains('\'') && self.choices.once_in(8) {
                    text = text.replace('\'', "\\'");
                    self.odd.insert(Odd::EscapedQuote);
                }
                if self.choices.once_in(4) {
                    text = text.replacen('o', "\\x6f", 1).replacen('.', "\\u002E", 1);
                }
                if !text.contains('\\') && self.choices.once_in(6) {
                    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
                    self.out += first;
                    self.out += "\\\n";
                    let column = ANYWHERE[self.choices.below(6)];
                    self.indent(column);
                    self.out += rest;
                } else {
                    let over_lines = self.choices.once_in(3);
                    self.words(&text, over_lines, None);
                }
                if self.choices.once_in(16) {
                    self.out += "\n";
                }
                self.out.push('"');
            }
        }
    }

    /// The words of a text; `least` is the column that they have to keep to on further lines.
    fn words(&mut self, text: &str, over_lines: bool, least: Option<usize>) {
        for (number, word) in text.split(' ').enumerate() {
            if number > 0
                && over_lines
                && !word.is_empty()
                && !word.starts_with(['#', '-'])
                && self.choices.below(3) < 2
            {
                self.out += self.choices.of(&["\n", "\n", " \n", "\n\n", "\t\n", "\n  \n"]);
                let column = least.unwrap_or_default() + ANYWHERE[self.choices.below(6)];
                self.indent(column);
            } else if number > 0 {
                self.out.push(' ');
            }
            self.out += word;
        }
    }

    fn block_scalar(&mut self, text: &str, column: usize) {
        let folded = self.choices.once_in(2);
        self.out.push(if folded { '>' } else { '|' });
        let keep = *self.choices.of(&[&"-", &"-", &"", &"+"]);
        let further = 1 + self.choices.below(8);
        let (indicator, further) = match self.choices.below(8) {
            // Within a sequence at its key's column the indentation is that of the key.
            6 if self.base <= column => (further.to_string(), further),
            _ => (String::new(), further),
        };
        let parts =
            if self.choices.once_in(2) { [indicator.as_str(), keep] } else { [keep, indicator.as_str()] };
        self.write(&parts);
        match self.choices.below(16) {
            13 => self.out += " # c",
            14 => self.out += "\t# c: d",
            15 => {
                self.odd.insert(Odd::TightComment);
                self.out += "#c";
            }
            _ => {}
        }
        self.out.push('\n');
        if self.choices.once_in(8) {
            self.out += self.choices.of(&["\n", " \n"]);
        }
        for line in text.trim_end().split('\n') {
            for (number, part) in line.split(' ').enumerate() {
                if number == 0 || folded && self.choices.once_in(3) {
                    if number > 0 {
                        self.out.push('\n');
                    }
                    self.indent(column + further);
                } else {
                    self.out.push(' ');
                }
                self.out += part;
            }
            self.out.push('\n');
        }
        if self.choices.once_in(6) {
            self.out += self.choices.of(&["\n", "\n\n", " \n"]);
        }
    }

    /// The tag or an anchor of the value that follows, if it is to have one. The anchor may be used behind the value.
    pub(super) fn properties(&mut self, tag: &str) -> Option<String> {
        let kind = self.choices.below(24);
        if kind == 20 || kind == 21 {
            self.out += tag;
            self.out += self.choices.of(&[" ", " ", "  ", "\t"]);
        }
        if kind < 21 {
            return None;
        }
        self.anchors += 1;
        let name = format!("a{}", self.anchors);
        self.write(&["&", &name, " "]);
        Some(name)
    }

    /// An alias of a text, if there is one.
    pub(super) fn alias(&mut self) -> bool {
        if self.texts.is_empty() || !self.choices.once_in(8) {
            return false;
        }
        let name = &self.texts[self.choices.below(self.texts.len())];
        self.out.push('*');
        self.out += name;
        true
    }
}
