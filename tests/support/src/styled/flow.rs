//! Collections between brackets, and JSON.

use super::content::{self, Tree};
use super::{Odd, Writer};

impl Writer<'_, '_> {
    /// A document that is one mapping between braces.
    pub(super) fn flow_document(&mut self, tree: &Tree) {
        self.flow(tree, 0);
        self.end_line();
    }

    /// A value between brackets, or one that may be there.
    pub(super) fn flow(&mut self, tree: &Tree, depth: usize) {
        match tree {
            Tree::Text(text) => self.inline_text(text, None),
            Tree::Raw(text) | Tree::Odd(text) => self.out += text,
            Tree::List(items) => {
                self.out.push('[');
                for (number, item) in items.iter().enumerate() {
                    self.comma(number);
                    self.flow(item, depth + 1);
                }
                self.close(items.is_empty(), ']');
            }
            Tree::Map(entries) => {
                self.out.push('{');
                for (number, (key, value)) in entries.iter().enumerate() {
                    self.comma(number);
                    self.flow_entry(key, value, depth);
                }
                self.close(entries.is_empty(), '}');
            }
        }
    }

    fn flow_entry(&mut self, key: &str, value: &Tree, depth: usize) {
        if self.choices.once_in(16) {
            self.out += "? ";
        }
        let quoted = self.key(key);
        match self.choices.below(8) {
            7 => self.out += " : ",
            6 if quoted => self.out.push(':'),
            5 => self.out += ":\t",
            4 => {
                self.out.push(':');
                self.flow_gap();
            }
            _ => self.out += ": ",
        }
        let mut anchor = None;
        if let Tree::Text(_) = value {
            if self.alias() {
                return self.out.push(' ');
            }
            anchor = self.properties("!!str");
        }
        self.flow(value, depth + 1);
        self.texts.extend(anchor);
    }

    /// A key; whether it is in quotes.
    pub(super) fn key(&mut self, key: &str) -> bool {
        let kind = self.choices.below(10);
        let quote = match kind {
            8 => "\"",
            9 => "'",
            _ => "",
        };
        self.out += quote;
        self.out += key;
        self.out += quote;
        !quote.is_empty()
    }

    fn comma(&mut self, number: usize) {
        if number > 0 {
            if self.choices.once_in(16) {
                self.flow_gap();
            }
            self.out.push(',');
        }
        match self.choices.below(6) {
            0..=2 if number > 0 => self.out.push(' '),
            0..=3 => {}
            _ => self.flow_gap(),
        }
    }

    fn close(&mut self, empty: bool, bracket: char) {
        if !empty && self.choices.once_in(6) {
            self.out.push(',');
        }
        if self.choices.once_in(3) {
            self.flow_gap();
        }
        self.out.push(bracket);
    }

    /// Blanks, line ends and comments, which are allowed anywhere between brackets.
    fn flow_gap(&mut self) {
        match self.choices.below(10) {
            0 => self.out.push(' '),
            1 => self.out.push('\t'),
            2 => self.out += "  ",
            kind => {
                if kind == 3 {
                    self.out.push(' ');
                    self.comment();
                }
                self.out.push('\n');
                if kind == 4 {
                    self.out += "  # c\n";
                }
                let column = [0, 1, 2, 3, 4, 6, 8, 12][self.choices.below(8)];
                self.indent(column);
                if column > 0 && self.choices.once_in(10) {
                    self.out.push('\t');
                }
            }
        }
    }

    /// Text that follows a bracket or a quote on its line.
    pub(super) fn end_of_flow(&mut self) {
        if self.choices.once_in(40) {
            self.odd.insert(Odd::TightComment);
            self.out += "#tight\n";
        } else {
            self.end_line();
        }
    }

    /// Values of JSON, one after the other or with separators between.
    pub(super) fn json(&mut self, documents: usize) {
        let separated = self.choices.once_in(2);
        for number in 0..documents {
            if number > 0 && separated {
                self.out += "---\n";
            }
            let tree = content::object(self.choices, number);
            let style = self.choices.below(3);
            self.json_value(&tree, style, 0);
            self.out.push('\n');
        }
    }

    fn json_value(&mut self, tree: &Tree, style: usize, depth: usize) {
        let [open, close, count] = match tree {
            Tree::Text(text) | Tree::Odd(text) => {
                self.out += &serde_json::to_string(text).unwrap();
                return;
            }
            Tree::Raw(text) => {
                let number = serde_json::from_str::<i64>(text).is_ok();
                self.out += if number { text } else { "null" };
                return;
            }
            Tree::List(items) => ["[", "]", if items.is_empty() { "" } else { "," }],
            Tree::Map(entries) => ["{", "}", if entries.is_empty() { "" } else { "," }],
        };
        let step = |writer: &mut Self, depth: usize| {
            writer.out += ["\n", "", "\n"][style];
            writer.out += &[" ", "", "\t"][style].repeat(depth * if style == 0 { 2 } else { 1 });
        };
        self.out += open;
        match tree {
            Tree::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.out += if number > 0 { "," } else { "" };
                    step(self, depth + 1);
                    self.json_value(item, style, depth + 1);
                }
            }
            Tree::Map(entries) => {
                for (number, (key, value)) in entries.iter().enumerate() {
                    self.out += if number > 0 { "," } else { "" };
                    step(self, depth + 1);
                    self.out += &serde_json::to_string(key).unwrap();
                    self.out += [": ", ":", ":\t"][style];
                    self.json_value(value, style, depth + 1);
                }
            }
            _ => {}
        }
        if !count.is_empty() {
            step(self, depth);
        }
        self.out += close;
    }
}
