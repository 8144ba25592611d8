//! Where in a text the names go. Existing text stays; new text goes between it, and takes the shape of its neighbours.
//!
//! | the list | what is written |
//! |---|---|
//! | a block | items behind the line of its last one |
//! | `[…]` | items behind its last one |
//! | `[]`, `null`, `~` | a list on the same line |
//! | nothing behind the key | items below it |
//! | absent | the key with its list before the first of `containers` and `initContainers`, and the comment above it |

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::Refusal;
use super::style::Style;
use crate::json_pointer;
use crate::text_edit::{
    Edit, Lines, dash, indentation, line_above, line_break, line_end, line_start, lines_behind,
};
use crate::yaml::{Document, Place};

/// A list that gets names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    /// JSON pointer of the object in its document
    pub(super) prefix: &'a str,
    /// The object
    pub(super) object: &'a Value,
    /// JSON pointer of the list in the object
    pub(super) list: &'a str,
}

impl Target<'_> {
    /// JSON pointer of the pod spec in the object.
    fn spec(&self) -> &str {
        self.list.rsplit_once('/').map_or("", |(spec, _)| spec)
    }

    /// The values whose locations an edit needs: JSON pointers into the document.
    fn pointers(&self) -> Vec<String> {
        let Self { prefix, object, list } = self;
        let spec = self.spec();
        let fields = object.pointer(spec).and_then(Value::as_object);
        let fields = fields.into_iter().flat_map(|fields| fields.keys());
        let fields = fields.map(|key| format!("{prefix}{spec}/{}", json_pointer::escaped(key)));
        let siblings = SIBLINGS.map(|sibling| format!("{prefix}{spec}/{sibling}/0"));
        let items = object.pointer(list).and_then(Value::as_array).map_or(0, Vec::len);
        let items = (items.saturating_sub(2)..items)
            .flat_map(|item| [format!("{prefix}{list}/{item}"), format!("{prefix}{list}/{item}/name")]);
        [format!("{prefix}{spec}")].into_iter().chain(fields).chain(siblings).chain(items).collect()
    }
}

/// The edits that append `names` to a list.
///
/// # Errors
/// - the text there is shared by an alias, has a key twice, or has an unknown layout
pub(super) fn append(
    text: &Lines<'_>,
    places: &Places,
    target: Target<'_>,
    names: &[String],
) -> Result<Vec<Edit>, Refusal> {
    let Target { prefix, object, list } = target;
    let (spec, at) = (format!("{prefix}{}", target.spec()), format!("{prefix}{list}"));
    let place = places.at(&at).or_else(|| places.at(&spec)).ok_or(Refusal::Layout)?;
    if place.aliased {
        return Err(Refusal::Shared);
    }
    if place.repeated {
        return Err(Refusal::Repeated);
    }
    let editor = Editor { text, places, spec: &spec, names };
    match (object.pointer(list), places.at(&at)) {
        (Some(Value::Array(items)), Some(place)) => match places.last(&at, items) {
            None => editor.within_empty(place),
            Some(item) if place.flow => editor.behind_in_flow(place, &item),
            Some(item) => editor.behind_in_block(&item),
        },
        (Some(Value::Null), Some(place)) => editor.over_null(place),
        (None, None) => editor.new_list(),
        _ => None,
    }
    .ok_or(Refusal::Layout)
}

/// Locations of the values that edits need, by JSON pointer into the document.
#[derive(Default)]
pub(super) struct Places(BTreeMap<String, Place>);

impl Places {
    /// The places around these lists of one document, which is read once for all of them.
    pub(super) fn around<'a>(
        text: &str,
        document: &Document,
        targets: impl Iterator<Item = Target<'a>>,
    ) -> Self {
        let pointers: Vec<String> = targets.flat_map(|target| target.pointers()).collect();
        let asked: Vec<&str> = pointers.iter().map(String::as_str).collect();
        let found = if asked.is_empty() { Vec::new() } else { document.places(text, &asked) };
        Self(pointers.into_iter().zip(found).filter_map(|(pointer, place)| Some((pointer, place?))).collect())
    }

    fn at(&self, pointer: &str) -> Option<&Place> {
        self.0.get(pointer)
    }

    /// The last item of a list.
    fn last<'a>(&'a self, list: &str, items: &[Value]) -> Option<Last<'a>> {
        let index = items.len().checked_sub(1)?;
        let is_named = items.last()?.as_object().is_some_and(|fields| fields.len() == 1)
            && items.last()?.get("name").is_some_and(Value::is_string);
        let span = |pointer: String| self.at(&pointer).map(|place| &place.span);
        Some(Last {
            span: span(format!("{list}/{index}"))?,
            name: span(format!("{list}/{index}/name")).filter(|_| is_named),
            before: index.checked_sub(1).and_then(|before| span(format!("{list}/{before}"))),
        })
    }

    /// The keys that are written in the pod spec itself, in the order of the text, with their pointers.
    fn own_keys(&self, spec: &str) -> Vec<(&str, usize)> {
        let Some(span) = self.at(spec).map(|place| place.span.clone()) else { return Vec::new() };
        let fields = format!("{spec}/");
        let below = self.0.range(fields.clone()..).take_while(|(pointer, _)| pointer.starts_with(&fields));
        let mut keys: Vec<_> = below
            .filter(|(pointer, _)| !pointer.get(fields.len()..).is_some_and(|rest| rest.contains('/')))
            .filter_map(|(pointer, place)| Some((pointer.as_str(), place.key.as_ref()?.start)))
            .filter(|(_, start)| span.contains(start))
            .collect();
        keys.sort_by_key(|(_, start)| *start);
        keys
    }
}

/// The last item of a list.
struct Last<'a> {
    span: &'a Range<usize>,
    /// Its name, where it holds nothing else
    name: Option<&'a Range<usize>>,
    /// The item before it
    before: Option<&'a Range<usize>>,
}

/// The lists before which a new one is written, and whose style it has.
const SIBLINGS: [&str; 2] = ["containers", "initContainers"];

struct Editor<'a> {
    text: &'a Lines<'a>,
    places: &'a Places,
    /// JSON pointer of the pod spec
    spec: &'a str,
    names: &'a [String],
}

impl<'a> Editor<'a> {
    /// The list before which a new one is written: JSON pointer, and start of its key.
    fn sibling(&self) -> Option<(&'a str, usize)> {
        let keys = self.places.own_keys(self.spec);
        let is_sibling =
            |pointer: &str| pointer.rsplit('/').next().is_some_and(|name| SIBLINGS.contains(&name));
        keys.iter().find(|(pointer, _)| is_sibling(pointer)).or(keys.first()).copied()
    }

    /// The style of the pod spec.
    fn style(&self) -> Option<Style<'a>> {
        let (pointer, _) = self.sibling()?;
        let first = self.places.at(&format!("{pointer}/0"));
        Style::of(self.text, self.places.at(pointer)?, first)
    }

    /// White space at the start of the line that this byte is in.
    fn indentation(&self, at: usize) -> &'a str {
        indentation(self.text, line_start(self.text, at))
    }

    fn new_list(&self) -> Option<Vec<Edit>> {
        let (_, key) = self.sibling()?;
        let style = self.style()?;
        let start = line_start(self.text, key);
        let is_alone = self.text.get(start..key)?.trim_start_matches('\u{feff}').trim().is_empty();
        let flow = self.places.at(self.spec)?.flow;
        let field = style.key("imagePullSecrets");
        if !is_alone {
            let gap = if style.is_tight() { "" } else { " " };
            let list = style.flow_list("", self.names, true);
            return flow.then(|| vec![Edit::insert(key, format!("{field}{list},{gap}"))]);
        }
        let indent = self.text.get(start..key)?;
        let lines = if let Some(items) = style.block_items(indent, self.names).filter(|_| !flow) {
            [vec![format!("{indent}{}", field.trim_end())], items].concat()
        } else {
            let list = style.flow_list(indent, self.names, false);
            vec![format!("{indent}{field}{list}{}", if flow { "," } else { "" })]
        };
        let line_break = line_break(self.text, line_end(self.text, key));
        let at = self.above_comment(start, indent);
        Some(vec![Edit::insert(at, format!("{}{line_break}", lines.join(line_break)))])
    }

    /// The start of the comment directly above a line, or of the line itself. A comment that is indented more
    /// belongs to what is above.
    fn above_comment(&self, mut start: usize, indent: &str) -> usize {
        while let Some(above) = line_above(self.text, start) {
            let margin = indentation(self.text, above);
            let is_comment =
                self.text.get(above + margin.len()..start).is_some_and(|rest| rest.starts_with('#'));
            if !is_comment || !indent.starts_with(margin) {
                break;
            }
            start = above;
        }
        start
    }

    fn over_null(&self, place: &Place) -> Option<Vec<Edit>> {
        let style = self.style()?;
        let key = place.key.as_ref()?;
        let indent = self.indentation(key.start);
        let list = style.flow_list(indent, self.names, false);
        if !place.span.is_empty() {
            let mut words = self.text.get(place.span.clone())?.split_whitespace();
            let anchor = words.find(|word| word.starts_with('&')).map(|anchor| format!("{anchor} "));
            return Some(vec![Edit { at: place.span.clone(), text: anchor.unwrap_or_default() + &list }]);
        }
        if !place.flow {
            let items = style
                .block_items(indent, self.names)
                .unwrap_or_else(|| style.default_items(indent, self.names));
            return Some(vec![lines_behind(self.text, key.end, &items)]);
        }
        let colon = self.text.get(key.end..place.span.start)?.trim();
        let colon = if colon.is_empty() { ": " } else { " " };
        Some(vec![Edit::insert(place.span.start, format!("{colon}{list}"))])
    }

    fn within_empty(&self, place: &Place) -> Option<Vec<Edit>> {
        let style = self.style()?;
        let key = place.key.as_ref()?;
        let list = style.flow_list(self.indentation(key.start), self.names, false);
        let open = place.span.start + self.text.get(place.span.clone())?.rfind('[')?;
        let inside = open + 1..place.span.end.checked_sub(1)?;
        let is_blank = self.text.get(inside.clone())?.trim().is_empty();
        let items = list.strip_prefix('[')?.strip_suffix(']')?.to_owned();
        Some(if is_blank {
            vec![Edit { at: inside, text: items }]
        } else {
            // A comment.
            vec![Edit::insert(inside.start, items)]
        })
    }

    fn behind_in_block(&self, item: &Last<'_>) -> Option<Vec<Edit>> {
        let dash = dash(self.text, item.span.start)?;
        let start = line_start(self.text, dash);
        let indent = self.text.get(start..dash).filter(|indent| indent.trim().is_empty())?;
        let gap = self.text.get(dash + 1..item.span.start);
        let gap = gap.filter(|gap| !gap.is_empty() && gap.bytes().all(|byte| byte == b' ')).unwrap_or(" ");
        let like = |name| self.like(item, name, false).unwrap_or_else(|| Style::plain_item(name));
        let lines: Vec<String> =
            self.names.iter().map(|name| format!("{indent}-{gap}{}", like(name))).collect();
        Some(vec![lines_behind(self.text, item.span.end.max(dash), &lines)])
    }

    fn behind_in_flow(&self, list: &Place, item: &Last<'_>) -> Option<Vec<Edit>> {
        let style = self.style()?;
        let end = item.span.end;
        let like = |name: &String| self.like(item, name, true).unwrap_or_else(|| style.flow_item(name));
        let new: Vec<String> = self.names.iter().map(like).collect();
        let indent = self.text.get(line_start(self.text, item.span.start)..item.span.start)?;
        let is_alone = indent.trim().is_empty() && line_end(self.text, end) < list.span.end;
        if !is_alone {
            let gap = self.separator(item).unwrap_or(if style.is_tight() { "," } else { ", " });
            return Some(vec![Edit::insert(end, format!("{gap}{}", new.join(gap)))]);
        }
        let lines: Vec<String> = new.iter().map(|item| format!("{indent}{item},")).collect();
        let mut behind = lines_behind(self.text, end, &lines);
        if self.text.get(end..list.span.end)?.trim_start().starts_with(',') {
            return Some(vec![behind]);
        }
        let comma = behind.text.rfind(',')?;
        behind.text.remove(comma);
        Some(vec![Edit::insert(end, ","), behind])
    }

    /// The text between the last two items of a list.
    fn separator(&self, item: &Last<'_>) -> Option<&'a str> {
        let between = self.text.get(item.before?.end..item.span.start)?;
        (between.trim() == ",").then_some(between)
    }

    /// An item with another name that is otherwise written as the last one; `None` where that holds more than a name.
    fn like(&self, item: &Last<'_>, name: &str, flow: bool) -> Option<String> {
        let text = self.text.get(item.span.clone())?;
        let value = item.name?;
        let is_odd =
            |c: char| matches!(c, '#' | '&' | '*' | '!' | '|' | '>') || !flow && matches!(c, '\n' | '\r');
        if text.contains(is_odd) {
            return None;
        }
        let quote = self.text.get(value.clone())?.chars().next()?;
        let before = self.text.get(item.span.start..value.start)?;
        let after = self.text.get(value.end..item.span.end)?;
        Some(format!("{before}{}{after}", Style::scalar(name, quote)))
    }
}
