//! How the neighbours of a new list are written, so that it looks like them.

use serde_json::Value;

use crate::text_edit::{Lines, dash, indentation, line_break, line_end, line_start};
use crate::yaml::{self, Place};

/// The style of a pod spec, as its first list of containers shows it.
#[derive(Debug, Clone)]
pub(super) struct Style<'t> {
    text: &'t Lines<'t>,
    /// Around keys
    quote: Option<char>,
    /// Behind keys: `: ` or `:`
    colon: &'static str,
    /// Within braces
    pad: &'static str,
    shape: Shape<'t>,
}

/// How a list is laid out.
#[derive(Debug, Clone)]
enum Shape<'t> {
    /// `- name: x`
    Block {
        /// White space before the dash that the key does not have
        indent: &'t str,
        /// White space behind the dash
        gap: &'t str,
    },
    /// `[{name: x}]`
    Line,
    /// Each item on a line of its own
    Lines {
        /// White space before an item
        item: &'t str,
        /// White space before a field, where those have lines of their own too
        field: Option<&'t str>,
    },
}

impl<'t> Style<'t> {
    /// The style of the value at `place`, whose first item is at `first`.
    pub(super) fn of(text: &'t Lines<'t>, place: &Place, first: Option<&Place>) -> Option<Self> {
        let key = place.key.clone()?;
        let quote = text.get(key.start..)?.chars().next().filter(|first| matches!(first, '"' | '\''));
        let is_tight =
            text.get(key.end..)?.strip_prefix(':').is_some_and(|rest| !rest.starts_with(char::is_whitespace));
        let brace = first.filter(|first| first.flow).and_then(|first| text.get(first.span.clone()));
        let is_padded =
            brace.and_then(|item| item.strip_prefix('{')).is_some_and(|rest| rest.starts_with(' '));
        let shape = Shape::of(text, indentation(text, line_start(text, key.start)), place, first);
        Some(Self {
            text,
            quote,
            colon: if is_tight { ":" } else { ": " },
            pad: if is_padded { " " } else { "" },
            shape: shape.unwrap_or(Shape::Line),
        })
    }

    /// Whether optional white space is left out.
    pub(super) fn is_tight(&self) -> bool {
        self.colon == ":"
    }

    /// A key with its colon.
    pub(super) fn key(&self, name: &str) -> String {
        let quote = self.quote.map(String::from).unwrap_or_default();
        format!("{quote}{name}{quote}{}", self.colon)
    }

    /// A name as a scalar in this kind of quotes; any other character means no quotes.
    pub(super) fn scalar(name: &str, quote: char) -> String {
        let is_word = name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        // `on` and `1e3` would have another type.
        let is_text = || yaml::documents(name).0.first().is_some_and(|document| document.value.is_string());
        match quote {
            '\'' if is_word => format!("'{name}'"),
            '"' => Value::from(name).to_string(),
            _ if is_word && is_text() => name.to_owned(),
            _ => Value::from(name).to_string(),
        }
    }

    /// An item of a block in the usual style.
    pub(super) fn plain_item(name: &str) -> String {
        format!("name: {}", Self::scalar(name, ' '))
    }

    fn field(&self, name: &str) -> String {
        format!("{}{}", self.key("name"), Self::scalar(name, self.quote.unwrap_or(' ')))
    }

    /// An item of a list in brackets, on one line.
    pub(super) fn flow_item(&self, name: &str) -> String {
        format!("{{{}{}{}}}", self.pad, self.field(name), self.pad)
    }

    /// Items of a block below a key with this indentation; `None` where the neighbours are in brackets.
    pub(super) fn block_items(&self, key_indent: &str, names: &[String]) -> Option<Vec<String>> {
        let Shape::Block { indent, gap } = self.shape else { return None };
        Some(names.iter().map(|name| format!("{key_indent}{indent}-{gap}{}", self.field(name))).collect())
    }

    /// Items of a block below a key with this indentation, where no neighbour shows how.
    pub(super) fn default_items(&self, key_indent: &str, names: &[String]) -> Vec<String> {
        names.iter().map(|name| format!("{key_indent}  - {}", self.field(name))).collect()
    }

    /// A list in brackets, for a key with this indentation.
    pub(super) fn flow_list(&self, key_indent: &str, names: &[String], on_one_line: bool) -> String {
        let Shape::Lines { item, field } = self.shape.clone() else { return self.line(names) };
        if on_one_line {
            return self.line(names);
        }
        let line_break = line_break(self.text, line_end(self.text, 0));
        let items: Vec<String> = names
            .iter()
            .map(|name| match field {
                None => format!("{item}{}", self.flow_item(name)),
                Some(field) => {
                    format!("{item}{{{line_break}{field}{}{line_break}{item}}}", self.field(name))
                }
            })
            .collect();
        format!("[{line_break}{}{line_break}{key_indent}]", items.join(&format!(",{line_break}")))
    }

    fn line(&self, names: &[String]) -> String {
        let items: Vec<String> = names.iter().map(|name| self.flow_item(name)).collect();
        format!("[{}]", items.join(if self.is_tight() { "," } else { ", " }))
    }
}

impl<'t> Shape<'t> {
    fn of(text: &'t Lines<'t>, key_indent: &str, list: &Place, first: Option<&Place>) -> Option<Self> {
        let Some(first) = first else { return Some(Self::default_for(list)) };
        if !list.flow {
            let dash = dash(text, first.span.start)?;
            let indent = text.get(line_start(text, dash)..dash)?.strip_prefix(key_indent)?;
            let gap = text.get(dash + 1..first.span.start)?;
            let is_usual = !gap.is_empty() && gap.bytes().all(|byte| byte == b' ');
            return Some(Self::Block { indent, gap: if is_usual { gap } else { " " } });
        }
        let item = own_line(text, list.span.start, first.span.start)?;
        let inside = text.get(first.span.clone())?.strip_prefix('{')?;
        let field = first.span.start + 1 + inside.len() - inside.trim_start().len();
        Some(Self::Lines { item, field: own_line(text, first.span.start, field) })
    }

    fn default_for(list: &Place) -> Self {
        if list.flow { Self::Line } else { Self::Block { indent: "  ", gap: " " } }
    }
}

/// The white space before a byte, where a line end after `from` and nothing else comes before that.
fn own_line<'t>(text: &'t Lines<'_>, from: usize, at: usize) -> Option<&'t str> {
    let start = line_start(text, at);
    text.get(start..at).filter(|indent| start > from && indent.trim().is_empty())
}
