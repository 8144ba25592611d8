//! Manifests in every style of YAML: bytes choose the style, the position and the content of each value.

mod block;
mod content;
mod flow;
mod scalar;

use std::collections::BTreeSet;

use crate::choices::Choices;

use self::content::Tree;

/// A text with manifests, and its features on which readers may differ.
#[derive(Debug)]
pub struct Styled {
    /// The text
    pub text: String,
    /// The content
    pub odd: BTreeSet<Odd>,
}

/// Features on which readers may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Odd {
    /// A comment directly behind a quote or a bracket
    TightComment,
    /// The escape `\'`
    EscapedQuote,
    /// The header of a block scalar below its key, at its column
    HeaderAtKey,
    /// U+0085, U+2028 or U+2029
    LineSeparator,
    /// One more character somewhere, or one less
    Spoiled,
    /// A value that kubectl is known to refuse
    Refused,
}

/// One or several manifests.
pub fn manifests(choices: &mut Choices<'_>) -> Styled {
    let mut writer = Writer {
        choices,
        out: String::new(),
        odd: BTreeSet::new(),
        anchors: 0,
        texts: Vec::new(),
        maps: Vec::new(),
        base: 0,
    };
    let documents = 1 + writer.choices.below(8) / 3;
    if writer.choices.once_in(8) {
        writer.json(documents);
    } else {
        for number in 0..documents {
            writer.document(number);
        }
    }
    let Writer { mut out, mut odd, .. } = writer;
    spoil(&mut out, &mut odd, choices);
    let text = match choices.below(8) {
        5 | 6 => out.replace('\n', "\r\n"),
        // kubectl finds no separator between line ends that are `\r` alone.
        7 if !out.contains("---") => out.replace('\n', "\r"),
        _ => out,
    };
    let text = if choices.once_in(12) { format!("\u{feff}{text}") } else { text };
    Styled { text, odd }
}

/// Puts a character in, or takes one out.
fn spoil(text: &mut String, odd: &mut BTreeSet<Odd>, choices: &mut Choices<'_>) {
    let separators = choices.once_in(12);
    if !separators && !choices.once_in(12) {
        return;
    }
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let at = places[(choices.below(256) * 256 + choices.below(256)) % places.len()];
    if separators {
        text.insert(at, *choices.of(&[&'\u{2028}', &'\u{85}', &'\u{2029}']));
        odd.insert(Odd::LineSeparator);
        return;
    }
    odd.insert(Odd::Spoiled);
    match choices.below(24) {
        0 => drop(text.remove(at)),
        which => text.insert_str(
            at,
            [
                " ", "\n", "\t", ":", "#", "-", "'", "\"", "[", "]", "{", "}", ",", "&", "*", "!", "|", ">",
                "?", "%", "\\", "\n\n", ": ",
            ][which - 1],
        ),
    }
}

struct Writer<'c, 'b> {
    choices: &'c mut Choices<'b>,
    out: String,
    odd: BTreeSet<Odd>,
    /// How many anchors there are
    anchors: usize,
    /// The anchors of this document at texts, and at mappings
    texts: Vec<String>,
    maps: Vec<String>,
    /// Column of the outermost mapping
    base: usize,
}

impl Writer<'_, '_> {
    fn document(&mut self, number: usize) {
        self.texts.clear();
        self.maps.clear();
        if number > 0 || self.choices.once_in(3) {
            self.separator(number > 0);
        }
        self.base = if self.choices.once_in(16) { 1 + self.choices.below(4) } else { 0 };
        let tree = content::object(self.choices, number);
        self.blank_lines(0);
        if self.choices.once_in(10) {
            self.flow_document(&tree);
        } else {
            let Tree::Map(entries) = &tree else { return };
            self.indent(self.base);
            self.block_mapping(entries, self.base);
        }
    }

    fn separator(&mut self, between: bool) {
        if !self.out.ends_with('\n') && !self.out.is_empty() {
            self.out.push('\n');
        }
        if between && self.choices.once_in(10) {
            self.out += self.choices.of(&["...\n", "... # end\n", "... \n"]);
            if self.choices.once_in(3) {
                return;
            }
        }
        if self.choices.once_in(24) {
            self.odd.insert(Odd::Refused);
            self.out += self.choices.of(&[
                "%YAML 1.1\n",
                "%TAG !a! tag:a,2000:\n",
                "---a",
                "--- !!map",
                "----",
                "--- &doc",
            ]);
            if !self.out.ends_with('\n') {
                self.out.push('\n');
                return;
            }
        }
        self.out += "---";
        self.out += self.choices.of(&["", "", "", " ", "\t", " # next", "# next", "#", "\t#next ---", "   "]);
        self.out.push('\n');
        // At the start of what kubectl splits off it is one; behind a first separator it would be text.
        if between && self.choices.once_in(10) {
            self.out.push('\u{feff}');
        }
        if self.choices.once_in(8) {
            self.out += self.choices.of(&[
                "# Source: a/templates/b.yaml\n",
                "\n",
                "---\n",
                "# nothing\n---\n",
                "   \n",
            ]);
        }
    }

    fn write(&mut self, parts: &[&str]) {
        self.out.extend(parts.iter().copied());
    }

    fn indent(&mut self, column: usize) {
        self.out.extend(std::iter::repeat_n(' ', column));
    }

    fn column(&self) -> usize {
        self.out.rsplit('\n').next().unwrap_or_default().chars().count()
    }

    /// Comments and empty lines before a line.
    fn blank_lines(&mut self, column: usize) {
        for _ in 0..self.choices.below(10).saturating_sub(8) {
            match self.choices.below(8) {
                0 => {}
                1 => self.out += "   ",
                2 if self.choices.once_in(24) => {
                    self.odd.insert(Odd::Refused);
                    self.out += self.choices.of(&["  \t", "\t", "\t# c"]);
                }
                3 => self.comment(),
                _ => {
                    let column = self.choices.of(&[&0, &column, &(column + 1), &(column + 4)]).to_owned();
                    self.indent(column);
                    self.comment();
                }
            }
            self.out.push('\n');
        }
    }

    fn comment(&mut self) {
        self.out += self.choices.of(&[
            "# c",
            "#",
            "#!",
            "# \"",
            "# [",
            "# image: x",
            "#--- é 日",
            "# a: b # c",
            "# 'it",
            "# }\t",
        ]);
    }

    /// What may follow a value on its line, and the end of the line.
    fn end_line(&mut self) {
        match self.choices.below(12) {
            0..=8 => {}
            9 => self.out += self.choices.of(&[" ", "   ", "\t", " \t"]),
            _ => {
                self.out += self.choices.of(&[" ", "  ", "\t", " \t "]);
                self.comment();
            }
        }
        self.out.push('\n');
    }
}
