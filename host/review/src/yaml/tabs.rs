//! Tabs that begin a line between brackets, as in JSON below a key: kubectl reads them as white space, the parser reports an
//! error.

use std::borrow::Cow;

use granit_parser::{ErrorKind, Parser};

use super::{
    problem::{LINE_ENDS, is_of_tabs},
    reader::options,
};

/// How often a text is read again for such tabs, and the longest text for which that is done.
const MOST_READINGS: usize = 50;
const MOST_BYTES: usize = 1 << 20;

/// The text with spaces for those tabs, which leaves every other byte where it is.
pub(super) fn replaced(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    let is_needed = |text: &str| text.split(LINE_ENDS).any(|line| indent(line).contains('\t'));
    if text.len() > MOST_BYTES || !text.contains('\t') || !is_needed(&text) {
        return text;
    }
    for _ in 0..MOST_READINGS {
        let Some(mut line) = refused(&text) else { break };
        // Where one line begins so, the next ones mostly do.
        while let Some(indent) = text.get(line..).map(indent).filter(|indent| indent.contains('\t')) {
            let length = indent.len();
            text.to_mut().replace_range(line..line + length, &" ".repeat(length));
            let Some(next) = text.get(line..).and_then(|rest| rest.find(LINE_ENDS)) else { break };
            line += next + 1;
        }
    }
    text
}

/// Where the line begins whose tab the parser refuses.
fn refused(text: &str) -> Option<usize> {
    let error = Parser::new_from_str_with_options(text, options()).find_map(Result::err)?;
    // In unquoted text that goes on there, kubectl refuses them too.
    if !is_of_tabs(error.kind()) || *error.kind() == ErrorKind::TabInPlainScalar {
        return None;
    }
    let at = error.marker().byte_offset()?;
    let line = text.get(..at)?.rfind(LINE_ENDS).map_or(0, |end| end + 1);
    text.get(line..).map(indent)?.contains('\t').then_some(line)
}

/// The white space that begins a line.
fn indent(line: &str) -> &str {
    line.split(|c| c != ' ' && c != '\t').next().unwrap_or_default()
}
