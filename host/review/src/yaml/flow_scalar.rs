//! Texts between brackets, which YAML 1.1, and so kubectl, reads differently than YAML 1.2.
//!
//! go-yaml v2: `scannerc.go`. In an unquoted text (`yaml_parser_scan_plain_scalar`) a colon counts only before white space, and a
//! question mark always does. A key (`yaml_simple_key_is_valid`) is on one line with its colon.

use std::borrow::Cow;

use granit_parser::ScalarStyle;

use super::{problem::Problem, span::Span};

/// The text and its span as kubectl reads them, and whether a colon was added to both.
///
/// # Errors
/// What kubectl refuses.
pub(super) fn read<'a>(
    text: Cow<'a, str>,
    span: Span,
    style: Option<ScalarStyle>,
    whole: &str,
    is_key: bool,
) -> Result<(Cow<'a, str>, Span, bool), Problem> {
    let plain = style == Some(ScalarStyle::Plain);
    if plain {
        accept_plain(span, whole)?;
    }
    if !is_key || style.is_none() {
        return Ok((text, span, false));
    }
    let behind = whole.get(span.end()..).unwrap_or_default();
    let mut after = behind.chars();
    if plain && after.next() == Some(':') {
        match after.next() {
            Some(',' | ']' | '}') => {
                let span = Span::new(span.start()..span.end() + 1);
                return Ok((Cow::Owned(text.into_owned() + ":"), span, true));
            }
            Some('[' | '{') => {
                let message = "kubectl requires a space after this `:`";
                return Err(Problem::new(span.end(), message).help("put a space after the colon"));
            }
            _ => {}
        }
    }
    if is_broken(span, whole) {
        let message = "kubectl refuses a key that is not on one line with its colon";
        return Err(Problem::new(span.start(), message).help("write the key and its `:` on one line"));
    }
    Ok((text, span, false))
}

fn accept_plain(span: Span, whole: &str) -> Result<(), Problem> {
    let written = span.text(whole);
    if let Some(at) = written.find('?') {
        let message = "kubectl refuses `?` in an unquoted value between brackets";
        return Err(Problem::new(span.start() + at, message).help("quote this value"));
    }
    if written.starts_with(':') {
        let message = "kubectl refuses an unquoted value between brackets that begins with `:`";
        return Err(Problem::new(span.start(), message).help("quote this value"));
    }
    Ok(())
}

/// Is there a line end in a key, or between it and its colon? Behind `?` it may be there.
pub(super) fn is_broken(key: Span, whole: &str) -> bool {
    let behind = whole.get(key.end()..).unwrap_or_default();
    let Some(to_colon) = colon(behind) else { return false };
    let is_end = |c| matches!(c, '\n' | '\r');
    let has_end =
        key.text(whole).contains(is_end) || behind.get(..to_colon).is_some_and(|gap| gap.contains(is_end));
    let above = || whole.get(..key.start()).unwrap_or_default().trim_end();
    has_end && !above().ends_with('?')
}

/// The position of the colon in the text after the key.
fn colon(behind: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = behind.get(at..)?;
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        match trimmed.chars().next()? {
            ':' => return Some(at),
            '#' => at += trimmed.find(['\n', '\r'])?,
            _ => return None,
        }
    }
}
