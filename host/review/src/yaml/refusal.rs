//! Notes on what kubectl refuses or skips although it can be read here.
//!
//! kubectl cuts a text at lines that begin with `---` (apimachinery: `pkg/util/yaml/decoder.go`, `YAMLReader`) and reads the first
//! document of each piece with go-yaml v2, whose scanner (`scannerc.go`, `yaml_parser_scan_to_next_token`) takes no tab for
//! white space where a key may begin.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::Range;

use granit_parser::ScalarStyle;
use memchr::{memchr, memchr2, memmem, memrchr2};

use super::{
    builder::MAX_NOTES,
    flow_scalar,
    problem::{Problem, REPLACE_TAB},
    span::Span,
    tree::{Content, Tree},
};

/// The note on a document that begins without `---`.
const NO_MARKER: &str = "kubectl skips this document, because no `---` line precedes it";

/// The note on YAML in braces at the start of a text. apimachinery: `YAMLOrJSONDecoder`, seen with kubectl 1.32
pub(super) const NOT_JSON: &str =
    "kubectl 1.32 refuses this text, because it begins with `{` and is not JSON";

/// The note on text after JSON at the start of a text.
pub(super) const BEHIND_JSON: &str = "kubectl 1.32 refuses this document, because the text begins with JSON";

/// Notes on what kubectl refuses in the name of an anchor and the text after it. go-yaml v2: `yaml_parser_scan_anchor`.
pub(super) fn of_anchor(name: &str, behind: &str) -> Option<&'static str> {
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
        return Some("kubectl accepts only letters, digits, `-` and `_` in the name of an anchor");
    }
    behind.starts_with(['[', '{']).then_some("kubectl requires white space between an anchor and its value")
}

/// Notes on how kubectl reads the notation of a scalar, and where.
pub(super) fn of_scalar(
    span: Span,
    style: Option<ScalarStyle>,
    is_tagged_in_flow: bool,
    whole: &str,
) -> Option<(usize, &'static str)> {
    let written = span.text(whole);
    match style? {
        ScalarStyle::DoubleQuoted => of_escape(written).map(|(at, message)| (span.start() + at, message)),
        ScalarStyle::Plain if is_tagged_in_flow => {
            let behind = whole.get(span.end()..).unwrap_or_default();
            let is_tag = !written.contains(char::is_whitespace) && written.starts_with('!');
            (is_tag && behind.starts_with([',', '}', ']']))
                .then_some((span.end(), "kubectl requires white space after this tag"))
        }
        ScalarStyle::Literal | ScalarStyle::Folded => {
            let first = content(span, whole);
            if first < span.end() && column(whole, first) == 0 {
                return Some((
                    first,
                    "kubectl ends the text above before this line, because it is not indented",
                ));
            }
            let content = block_content(span, whole)?;
            let begins_with_tab = whole.get(content..).is_some_and(|text| text.starts_with('\t'));
            begins_with_tab.then_some((content, "kubectl refuses a text that begins with a tab"))
        }
        _ => None,
    }
}

/// The first escape in double quotes that JSON has and go-yaml v2 has not. `yaml_parser_scan_flow_scalar`
fn of_escape(written: &str) -> Option<(usize, &'static str)> {
    let mut at = 0;
    while let Some(found) = written.get(at..).and_then(|rest| rest.find('\\')) {
        let escape = written.get(at + found + 1..).unwrap_or_default();
        if escape.starts_with('/') {
            return Some((at + found, "kubectl refuses the escape `\\/` in YAML"));
        }
        let half = escape.strip_prefix('u').and_then(|code| code.get(..2)).map(str::to_ascii_lowercase);
        if half.is_some_and(|half| half.starts_with('d') && half.as_str() >= "d8") {
            return Some((at + found, "kubectl refuses the escape of half a character in YAML"));
        }
        at += found + 1 + escape.chars().next().map_or(0, char::len_utf8);
    }
    None
}

/// The start of the text of a block scalar whose header does not state its indentation.
fn block_content(span: Span, whole: &str) -> Option<usize> {
    let above = header_end(span, whole);
    let header = whole.get(..above)?.rsplit(['\n', '\r']).next()?;
    let indicators = header.get(header.rfind(['|', '>'])?..)?.split('#').next()?;
    let is_told = indicators.bytes().any(|byte| byte.is_ascii_digit());
    (!is_told).then(|| content(span, whole))
}

/// Where the text of a block scalar begins, behind its indentation.
fn content(span: Span, whole: &str) -> usize {
    let above = header_end(span, whole);
    let rest = whole.get(above..).unwrap_or_default();
    above + rest.len() - rest.trim_start_matches(['\n', '\r', ' ']).len()
}

/// Where the line with the header of a block scalar ends. A tag or an anchor may precede it.
fn header_end(span: Span, whole: &str) -> usize {
    if span.text(whole).starts_with(['!', '&', '|', '>']) {
        let rest = whole.get(span.start()..).unwrap_or_default();
        span.start() + line_length(rest)
    } else {
        whole.get(..span.start()).unwrap_or_default().trim_end().len()
    }
}

/// The note on a line `---` that kubectl reads as text, because no document precedes it.
pub(super) fn of_head(head: &str, behind: &str) -> Problem {
    let message = if behind.starts_with('\u{feff}') {
        "kubectl reads this byte order mark as text, because no document precedes this `---`"
    } else {
        "kubectl refuses a comment directly after this `---`, because no document precedes it"
    };
    Problem::new(head.len(), message)
}

/// Adds the notes to a tree that was read from JSON. `begins` is true if nothing precedes its stretch, `is_json` whether
/// kubectl reads it as JSON too; behind `---` it reads YAML.
pub(super) fn note_json(tree: &mut Tree, text: &str, begins: bool, is_json: bool) {
    if is_json {
        return;
    }
    let mut notes = Vec::new();
    if (!begins || tree.index > 1) && tree.marker.is_none() {
        let at = tree.first().unwrap_or(tree.span.start);
        notes.push(Problem::new(at, NO_MARKER));
    }
    for node in &tree.nodes {
        if node.style == Some(ScalarStyle::DoubleQuoted)
            && let Some((at, message)) = of_escape(node.span.text(text))
        {
            notes.push(Problem::new(node.span.start() + at, message));
        }
        let Content::Mapping(entries) = &node.content else { continue };
        for entry in entries {
            if let Some((at, message)) = of_escape(entry.span.text(text)) {
                notes.push(Problem::new(entry.span.start() + at, message));
            }
            if flow_scalar::is_broken(entry.span, text) {
                let message = "kubectl refuses a key that is not on one line with its colon";
                notes.push(Problem::new(entry.span.start(), message));
            }
        }
    }
    notes.truncate(MAX_NOTES.saturating_sub(tree.notes.len()));
    tree.notes.append(&mut notes);
}

/// Adds the notes to a tree that was read from YAML. `begins` is true if nothing precedes its stretch.
pub(super) fn note(tree: &mut Tree, text: &str, begins: bool) {
    let mut notes = Vec::new();
    let first = tree.first().unwrap_or(tree.span.start);
    if let Some(marker) = tree.marker.clone() {
        notes.extend(of_directive(tree, text, begins));
        if let Some(at) = behind_marker(text, marker.end) {
            notes.push(Problem::new(at, "kubectl refuses text after `---` on the same line"));
        }
        if text.get(..marker.end - MARK.len()).is_some_and(|above| above.ends_with('\r')) {
            let message = "kubectl skips this document, because no line feed precedes its `---`";
            notes.push(Problem::new(marker.end, message));
        }
    } else if !begins || tree.index > 1 {
        notes.push(Problem::new(first, NO_MARKER));
    } else if text.get(..first).is_some_and(|above| above.trim_start().starts_with("...")) {
        notes.push(Problem::new(first, "kubectl refuses a document below `...`"));
    }
    byte_order_mark(tree, text, first, &mut notes);
    separators(tree.span.clone(), text, &mut notes);
    notes.extend(double_line_end(tree.span.clone(), text));
    tabs(tree, text, &mut notes);
    notes.truncate(MAX_NOTES.saturating_sub(tree.notes.len()));
    tree.notes.append(&mut notes);
}

/// A byte order mark below a comment.
fn byte_order_mark(tree: &Tree, text: &str, first: usize, notes: &mut Vec<Problem>) {
    let start = tree.span.start;
    let above = text.get(start..first).unwrap_or_default();
    // The one at the start of the text is not part of it.
    let skipped = if start == 0 { above.len() - above.trim_start_matches('\u{feff}').len() } else { 0 };
    if let Some(at) = above.get(skipped..).and_then(|above| above.find('\u{feff}')) {
        let message = "kubectl reads this byte order mark as text";
        notes.push(Problem::new(start + skipped + at, message));
    }
}

/// The note on a directive before a document.
pub(super) fn of_directive(tree: &Tree, text: &str, begins: bool) -> Option<Problem> {
    let marker = tree.marker.as_ref()?;
    let above = text.get(marker.above.clone()).unwrap_or_default();
    let at = if above.starts_with('%') { 0 } else { memmem::find(above.as_bytes(), b"\n%")? + 1 };
    let message = if begins && tree.index == 1 {
        "kubectl refuses a directive above a document"
    } else {
        "kubectl skips this directive"
    };
    Some(Problem::new(marker.above.start + at, message))
}

/// The position of text other than a comment after `---`.
fn behind_marker(text: &str, end: usize) -> Option<usize> {
    let rest = text.get(end..)?;
    // For kubectl a carriage return alone does not end a line here.
    let line = rest.get(..memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len()))?;
    let written = line.trim_start();
    (!written.is_empty() && !written.starts_with('#')).then_some(end + line.len() - written.len())
}

/// A line end with one carriage return too many.
fn double_line_end(span: Range<usize>, text: &str) -> Option<Problem> {
    let at = span.start + memmem::find(text.get(span)?.as_bytes(), b"\r\r\n")?;
    let message = "kubectl reads two carriage returns and a line feed as one line end, and YAML as two";
    Some(Problem::new(at, message).help("end lines with \\n or \\r\\n"))
}

/// Lines within a document that begin with `---`.
fn separators(span: Range<usize>, text: &str, notes: &mut Vec<Problem>) {
    let part = text.get(span.clone()).unwrap_or_default();
    let above = text.get(..span.start).unwrap_or_default();
    let is_first = above.trim_start_matches('\u{feff}').is_empty() && part.starts_with(MARK);
    let first = is_first.then_some(span.start);
    let others = memmem::find_iter(part.as_bytes(), b"\n---").map(|at| span.start + at + 1);
    for at in first.into_iter().chain(others).take(MAX_NOTES) {
        if behind_marker(text, at + MARK.len()).is_some() {
            notes.push(Problem::new(at, "kubectl refuses this line, because it begins with `---`"));
        }
    }
}

/// Notes on tabs where kubectl requires spaces.
fn tabs(tree: &Tree, text: &str, notes: &mut Vec<Problem>) {
    each_tab(tree, text, |tab| {
        let note = Problem::new(tab, "kubectl refuses this tab and accepts only spaces here");
        notes.push(note.help(REPLACE_TAB));
        notes.len() < MAX_NOTES
    });
}

/// The first of these tabs where kubectl requires spaces.
pub(super) fn first_tab(tree: &Tree, text: &str, is_wanted: impl Fn(usize) -> bool) -> Option<usize> {
    let mut first = None;
    each_tab(tree, text, |tab| {
        first = Some(tab).filter(|tab| is_wanted(*tab));
        first.is_none()
    });
    first
}

/// Passes on tabs before what may be a key, or before nothing, while more are requested.
fn each_tab(tree: &Tree, text: &str, mut take: impl FnMut(usize) -> bool) {
    let bytes = text.as_bytes();
    let mut opaque = None;
    let mut at = tree.span.start;
    while let Some(found) = bytes.get(at..tree.span.end).and_then(|rest| memchr(b'\t', rest)) {
        let tab = at + found;
        let line = memrchr2(b'\n', b'\r', bytes.get(..tab).unwrap_or_default()).map_or(0, |end| end + 1);
        let indicators = bytes.get(line..tab).unwrap_or_default();
        let indicators = indicators.strip_prefix("\u{feff}".as_bytes()).unwrap_or(indicators);
        if indicators.iter().all(|byte| matches!(byte, b' ' | b'-' | b'?' | b':'))
            && opaque.get_or_insert_with(|| Opaque::new(tree, text)).refuses(text, line, tab)
            && !take(tab)
        {
            return;
        }
        let rest = bytes.get(tab..).unwrap_or_default();
        at = tab + memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
    }
}

/// The places where a tab does not precede a key.
struct Opaque {
    /// Scalars and flow collections that are in no other, in their order
    ranges: Vec<(Range<usize>, Inside)>,
    /// The ends of unquoted texts
    plain_ends: HashSet<usize>,
}

#[derive(Clone, Copy)]
enum Inside {
    /// Text that goes on over lines, whose indentation counts
    Text(usize),
    /// A flow collection, where the indentation counts for unquoted text alone
    Flow(usize),
    Quotes,
}

impl Opaque {
    fn new(tree: &Tree, text: &str) -> Self {
        let mut ranges = Vec::new();
        let mut plain_ends = HashSet::new();
        for (node, indent) in tree.nodes.iter().zip(block_indents(tree, text)) {
            let inside = match (node.style, &node.content) {
                (_, Content::Mapping(_) | Content::Sequence(_)) if node.flow => Inside::Flow(indent),
                (_, Content::Mapping(entries)) => {
                    ranges.extend(entries.iter().map(|entry| (entry.span.range(), Inside::Quotes)));
                    continue;
                }
                (_, Content::Sequence(_)) => continue,
                (Some(ScalarStyle::Plain), Content::Scalar(_)) => {
                    plain_ends.insert(node.span.end());
                    Inside::Text(indent)
                }
                (Some(ScalarStyle::Literal | ScalarStyle::Folded), _) => {
                    Inside::Text(column(text, content(node.span, text)))
                }
                _ => Inside::Quotes,
            };
            ranges.push((node.span.range(), inside));
        }
        ranges.sort_by_key(|(range, _)| (range.start, Reverse(range.end)));
        let mut apart: Vec<(Range<usize>, Inside)> = Vec::new();
        for (range, inside) in ranges {
            match apart.last_mut() {
                Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
                _ => apart.push((range, inside)),
            }
        }
        Self { ranges: apart, plain_ends }
    }

    /// Does kubectl refuse this tab, which nothing but indicators precede in its line?
    fn refuses(&self, text: &str, line: usize, tab: usize) -> bool {
        let after = self.ranges.partition_point(|(range, _)| range.start <= tab);
        let before = after.checked_sub(1).and_then(|before| self.ranges.get(before));
        match before.filter(|(range, _)| tab < range.end) {
            None => true,
            Some((_, Inside::Quotes)) => false,
            Some((_, Inside::Text(indent))) => tab - line < *indent,
            Some((_, Inside::Flow(indent))) => {
                let above = text.get(..line).unwrap_or_default();
                tab - line < *indent && self.plain_ends.contains(&above.trim_end().len())
            }
        }
    }
}

/// For each node, the minimum indentation of its further lines: more than the innermost block around it.
/// go-yaml v2: `yaml_parser_roll_indent`
fn block_indents(tree: &Tree, text: &str) -> Vec<usize> {
    let mut indents = vec![0; tree.nodes.len()];
    for (number, node) in tree.nodes.iter().enumerate() {
        let around = indents.get(number).copied().unwrap_or_default();
        let mut set = |child: usize, indent| {
            if let Some(of_child) = indents.get_mut(child).filter(|_| child > number) {
                *of_child = indent;
            }
        };
        match &node.content {
            Content::Mapping(entries) => {
                let key = entries.first().filter(|_| !node.flow).map(|entry| entry.span.start());
                let first = key.map(|key| indicator(text, key, '?').unwrap_or(key));
                let indent = first.map_or(around, |first| column(text, first) + 1);
                for entry in entries {
                    set(entry.node, indent);
                }
            }
            Content::Sequence(items) => {
                let item = items.first().filter(|_| !node.flow).and_then(|item| tree.nodes.get(*item));
                let first = item.and_then(|item| indicator(text, item.span.start(), '-'));
                let indent = first.map_or(around, |first| column(text, first) + 1);
                for item in items {
                    set(*item, indent);
                }
            }
            Content::Scalar(_) | Content::Alias(_) => {}
        }
    }
    indents
}

/// The byte of an indicator that precedes this byte in its line.
fn indicator(text: &str, at: usize, indicator: char) -> Option<usize> {
    text.get(..at)?.trim_end_matches([' ', '\t']).strip_suffix(indicator).map(str::len)
}

/// Bytes between the beginning of a line and a byte of it.
fn column(text: &str, at: usize) -> usize {
    let above = text.get(..at).unwrap_or_default();
    above.len() - memrchr2(b'\n', b'\r', above.as_bytes()).map_or(0, |end| end + 1)
}

const MARK: &str = "---";

fn line_length(text: &str) -> usize {
    memchr2(b'\n', b'\r', text.as_bytes()).unwrap_or(text.len())
}
