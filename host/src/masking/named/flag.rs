//! Values of options of programs whose names are no names of credentials.

use std::ops::Range;

use super::range;

/// The end of options whose value is `USER:PASSWORD`: `--src-creds`.
const CREDENTIALS: &str = "creds";

/// Where a call such as `docker login -u …` or `login contoso.azurecr.io …` begins.
pub(super) fn login(lower: &str) -> Option<usize> {
    lower.match_indices("login ").map(|(at, _)| at).find(|at| {
        let next = lower.get(at + "login ".len()..).unwrap_or_default();
        let word = next.split_whitespace().next().unwrap_or_default();
        word.starts_with('-') || word.contains('.')
    })
}

/// The value of an option that has no name of a credential: `-p PASSWORD` of a `login`, `-u USER:PASSWORD`, `--src-creds
/// USER:PASSWORD`.
pub(super) fn of_flag(lower: &str, at: usize, login: usize) -> Option<Range<usize>> {
    let is_begin = lower.get(..at)?.chars().next_back().is_none_or(char::is_whitespace);
    // `-p VALUE`, `-p=VALUE`, and in one word
    let after = |flag: &str| {
        let value = lower.get(at..)?.strip_prefix(flag)?;
        let is_of_long = !flag.starts_with("--") && value.starts_with('-');
        let is_longer = flag.starts_with("--") && !value.starts_with(|c: char| c.is_whitespace() || c == '=');
        (!is_of_long && !is_longer).then(|| value.strip_prefix('=').unwrap_or(value).trim_start())
    };
    let value = if !is_begin {
        None
    } else if let Some(value) = after("-p").filter(|_| login < at) {
        Some(value)
    } else {
        let value = after("--user").or_else(|| after("-u")).or_else(|| of_credentials(lower.get(at..)?))?;
        let word = value.split(char::is_whitespace).next().unwrap_or_default();
        word.contains(':').then_some(value)
    }?;
    let begin = lower.len() - value.len();
    range(value).map(|Range { start, end }| begin + start..begin + end)
}

/// What is behind an option such as `--src-creds`.
fn of_credentials(text: &str) -> Option<&str> {
    let end = text.find(|c: char| c.is_whitespace() || c == '=')?;
    let (option, value) = text.split_at_checked(end)?;
    let is_known = option.starts_with("--") && option.ends_with(CREDENTIALS);
    is_known.then(|| value.trim_start_matches('=').trim_start())
}
