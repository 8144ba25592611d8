//! Tabs behind the spaces that begin a line between brackets: kubectl takes them for white space, the parser for an error.

use std::borrow::Cow;

use granit_parser::{ErrorKind, Parser};

use super::{
    problem::{LINE_ENDS, is_of_tabs},
    reader::options,
};

/// How many lines of a text may have such tabs. For each the text is read once more.
const MOST: usize = 50;

/// The text with spaces for those tabs, which leaves every other byte where it is.
pub(super) fn replaced(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..MOST {
        if !text.contains(" \t") {
            break;
        }
        let Some(line) = refused(&text) else { break };
        let length =
            text.get(line..).map_or(0, |rest| rest.len() - rest.trim_start_matches([' ', '\t']).len());
        text.to_mut().replace_range(line..line + length, &" ".repeat(length));
    }
    text
}

/// Where the line begins whose tab behind spaces the parser refuses.
fn refused(text: &str) -> Option<usize> {
    let error = Parser::new_from_str_with_options(text, options()).find_map(Result::err)?;
    // In unquoted text that goes on there, kubectl refuses them too.
    if !is_of_tabs(error.kind()) || *error.kind() == ErrorKind::TabInPlainScalar {
        return None;
    }
    let at = error.marker().byte_offset()?;
    let line = text.get(..at)?.rfind(LINE_ENDS).map_or(0, |end| end + 1);
    let indent = text.get(line..)?.split(|c| c != ' ' && c != '\t').next()?;
    (indent.starts_with(' ') && indent.contains('\t')).then_some(line)
}
