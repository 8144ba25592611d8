//! Collections in blocks.

use super::content::Tree;
use super::{Odd, Writer};

impl Writer<'_, '_> {
    /// The entries of a mapping, the first of which begins here, at this column.
    pub(super) fn block_mapping(&mut self, entries: &[(&'static str, Tree)], column: usize) {
        let image = entries.iter().any(|(key, _)| *key == "image");
        let merge = if image && self.choices.once_in(12) {
            Some(self.choices.below(entries.len() + 1))
        } else {
            None
        };
        for at in 0..=entries.len() {
            if merge == Some(at) {
                self.begin_entry(at > 0, column);
                self.merge();
            }
            let Some((key, value)) = entries.get(at) else { break };
            self.begin_entry(at > 0 || merge == Some(0), column);
            self.entry(key, value, column);
        }
    }

    fn begin_entry(&mut self, further: bool, column: usize) {
        if further {
            self.blank_lines(column);
            self.indent(column);
        }
    }

    fn merge(&mut self) {
        self.out += "<<: ";
        if !self.maps.is_empty() && self.choices.once_in(2) {
            let name = self.maps[self.choices.below(self.maps.len())].clone();
            let around = if self.choices.once_in(4) { ["[*", ", {tty: on}]"] } else { ["*", ""] };
            self.write(&[around[0], &name, around[1]]);
        } else {
            self.out += "{image: contoso.azurecr.io/merged, tty: true}";
        }
        self.end_line();
    }

    fn entry(&mut self, key: &'static str, value: &Tree, column: usize) {
        if self.choices.once_in(24) {
            self.out += "? ";
            self.key(key);
            self.end_line();
            self.indent(column);
        } else {
            self.key(key);
            self.out += self.choices.of(&["", "", "", "", "", "", "", " ", "\t", ""]);
        }
        self.out.push(':');
        self.value(value, column, false);
    }

    /// A value behind a colon or a dash; `column` is that of the key, or of the dash.
    fn value(&mut self, value: &Tree, column: usize, in_list: bool) {
        match value {
            Tree::List(items) if !items.is_empty() && !self.choices.once_in(4) => {
                if in_list && self.choices.once_in(3) {
                    self.out.push(' ');
                    let column = self.column();
                    return self.list(items, column);
                }
                self.gap_and_properties("!!seq");
                self.end_line();
                let further = 1 + self.choices.below(8);
                let column = if in_list || self.choices.once_in(2) { column + further } else { column };
                self.blank_lines(column);
                self.indent(column);
                self.list(items, column);
            }
            Tree::Map(entries) if !entries.is_empty() && !self.choices.once_in(5) => {
                if in_list && self.choices.below(4) < 3 {
                    self.out += self.choices.of(&[" ", " ", "  ", "    "]);
                    let column = self.column();
                    return self.block_mapping(entries, column);
                }
                let anchor = self.gap_and_properties("!!map");
                self.end_line();
                let column = column + 1 + self.choices.below(8);
                self.blank_lines(column);
                self.indent(column);
                self.block_mapping(entries, column);
                self.maps.extend(anchor);
            }
            Tree::List(_) | Tree::Map(_) => {
                self.gap(column, in_list);
                self.properties(if matches!(value, Tree::Map(_)) { "!!map" } else { "!!seq" });
                self.flow(value, 0);
                self.end_of_flow();
            }
            Tree::Text(text) => self.text(text, column, in_list),
            Tree::Raw(text) | Tree::Odd(text) => {
                self.gap(column, in_list);
                self.out += text;
                self.end_line();
            }
        }
    }

    fn text(&mut self, text: &str, column: usize, in_list: bool) {
        if !in_list && self.choices.once_in(40) {
            self.odd.insert(Odd::HeaderAtKey);
            self.out.push('\n');
            self.indent(column);
            let text = text.trim_end().replace('\n', " ");
            self.write(&["|-\n", &" ".repeat(column + 2), &text, "\n"]);
            return;
        }
        self.gap(column, in_list);
        if self.alias() {
            return self.end_line();
        }
        let anchor = self.properties("!!str");
        let before = self.out.len();
        self.block_text(text, column);
        self.texts.extend(anchor);
        if self.out.ends_with('\n') {
            return;
        }
        if self.out[before..].ends_with(['"', '\'']) { self.end_of_flow() } else { self.end_line() }
    }

    fn list(&mut self, items: &[Tree], column: usize) {
        for (number, item) in items.iter().enumerate() {
            self.begin_entry(number > 0, column);
            self.out.push('-');
            self.value(item, column, true);
        }
    }

    /// The text between a colon or a dash and its value: blanks, or a line end.
    fn gap(&mut self, column: usize, in_list: bool) {
        match self.choices.below(16) {
            12 => self.out += "   ",
            13 if !in_list => self.out.push('\t'),
            14 if !in_list => self.out += " \t ",
            13 | 14 if self.choices.once_in(8) => {
                self.odd.insert(Odd::Refused);
                self.out.push('\t');
            }
            15 => {
                self.end_line();
                self.blank_lines(column + 1);
                let column = column + 1 + self.choices.below(8);
                self.indent(column);
            }
            _ => self.out.push(' '),
        }
    }

    fn gap_and_properties(&mut self, tag: &str) -> Option<String> {
        if !self.choices.once_in(6) {
            return None;
        }
        self.out.push(' ');
        let anchor = self.properties(tag);
        self.out.truncate(self.out.trim_end().len());
        anchor
    }
}
