//! Values after the names of credentials, in the ways in which programs print them: `password=…`, `"auth": "…"`, `Token:…`,
//! `--password '…'`, `%22token%22%3A%22…`, `Authorization: Basic …`.

mod flag;
mod sentence;

use std::ops::Range;

use self::flag::{login, of_flag};
use self::sentence::is_ordinary;
use super::{HIDDEN, SCHEMES};

/// Names before a value that is not shown, in lower case. A name may end a longer one, such as `refresh_token`, and `-` is `_`, `.` or
/// nothing too.
const NAMES: [&str; 21] = [
    "authorization",
    "password",
    "passphrase",
    "passcode",
    "passwd",
    "token",
    "secret",
    "signature",
    "sig",
    "api-key",
    "art-api",
    "account-key",
    "access-key",
    "private-key",
    "secret-key",
    "session-key",
    "subscription-key",
    "cookie",
    "auth",
    "pass",
    "pwd",
];

/// Names that other words end with too, such as `bypass`.
const SHORT: [&str; 3] = ["auth", "pass", "pwd"];

/// Names that have an `s` before several values. Not `secrets`, which Kubernetes lists by their names.
const SEVERAL: [&str; 10] = [
    "password",
    "passphrase",
    "passwd",
    "pwd",
    "token",
    "api-key",
    "access-key",
    "private-key",
    "secret-key",
    "cookie",
];

/// Names behind which more words may come before the value: `PASSWORD_PROD=…`, `token_v2=…`, `"password.value": "…"`.
const LONGER: [&str; 7] = ["password", "passphrase", "passwd", "pass", "pwd", "token", "secret"];

/// Words at the end of such a name whose value describes a credential but is not one.
const ABOUT: &str = "audience count endpoint expires file id ids kind length mode name namespace path policy provider realm ref scope server \
    service stdin store ttl type uri url user username version";

/// The most bytes of a word before a name that are looked at.
const MOST_OF_WORD: usize = 512;

/// What is between a name and its value. The colon is in sentences too.
const SIGNS: [&str; 10] = [":=", ":", "=>", "==", "->", "=", "%3d", "%3a", "\\u003d", ">"];

/// Quotes, as they are and as URLs, HTML and JSON have them.
const QUOTES: [&str; 9] = ["\"", "'", "`", "%22", "%27", "&quot;", "&#34;", "\\u0022", "\\x22"];

/// The text without the values after names of credentials.
pub(super) fn without_named(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let login = login(&lower).unwrap_or(lower.len());
    let mut shown = String::with_capacity(text.len());
    let (mut copied, mut looked) = (0, 0);
    while let Some(rest) = lower.get(looked..).filter(|rest| !rest.is_empty()) {
        let mut names = NAMES.iter().filter_map(|name| Some((*name, looked + length_of(name, rest)?)));
        let value = names
            .find_map(|(name, end)| Key { text, lower: &lower, name, begin: looked, end }.value())
            .or_else(|| of_flag(&lower, looked, login));
        match value {
            Some(Range { start, end }) => {
                shown.extend([text.get(copied..start).unwrap_or_default(), HIDDEN]);
                (copied, looked) = (end, end);
            }
            None => looked += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    shown + text.get(copied..).unwrap_or_default()
}

/// A name in a text.
struct Key<'a> {
    text: &'a str,
    lower: &'a str,
    name: &'static str,
    begin: usize,
    end: usize,
}

/// How a name is written.
#[derive(PartialEq, Eq)]
enum Form {
    /// As it is, with digits: `password2`
    Plain,
    /// Of several values: `passwords`
    Plural,
    /// With words behind it: `PASSWORD_PROD`
    Longer,
}

impl Key<'_> {
    /// The value behind it.
    fn value(&self) -> Option<Range<usize>> {
        if SHORT.contains(&self.name) && !self.is_word() {
            return None;
        }
        let (form, rest) = self.form()?;
        let (is_quoted, after_quote) = quote(rest).map_or((false, rest), |(_, rest)| (true, rest));
        let named = || Some((":", value_of_named(after_quote)?));
        let Some((sign, after_sign)) = sign(after_quote.trim_start()).or_else(named) else {
            let value = rest.trim_start();
            let has_space = !is_quoted && rest.starts_with(char::is_whitespace);
            // `invalid password "…"`, and not `secret "acr-secret"`
            let is_next = self.name.starts_with("pass") && quote(value).is_some();
            let before = self.word_before();
            let is_option = before.starts_with("--") && !before.contains('=') && !is_ordinary(value);
            let is_value = form == Form::Plain && has_space && (is_next || is_option);
            return if is_value { self.range(value) } else { None };
        };
        // `secret.go:45`, `the tokens: all of them`
        let begins_list =
            quote(after_sign.trim_start()).is_some() || after_sign.trim_start().starts_with('[');
        let is_bare = sign == ":" && !is_quoted;
        let is_place = form == Form::Longer && !after_sign.starts_with(char::is_whitespace);
        if is_bare && (is_place || (form == Form::Plural && !begins_list)) {
            return None;
        }
        // `contoso.azurecr.io/shop/token:v1`, `Get "https://contoso.azurecr.io/oauth2/token": EOF`
        if sign == ":" && is_path(self.word_before()) {
            return None;
        }
        if sign == ":"
            && let Some(block) = self.block(after_sign)
        {
            return Some(block);
        }
        let value = without_signs(after_sign.trim_start());
        // `map[Authorization:[Basic …]]`, and a list
        let (is_list, value) = value.strip_prefix('[').map_or((false, value), |rest| (true, rest));
        let is_spoken = sign == ":" && after_sign.starts_with(char::is_whitespace);
        if self.name == "authorization" {
            let bare = quote(value).map_or(value, |(_, rest)| rest);
            let credential = SCHEMES.iter().find_map(|scheme| {
                let rest = bare.strip_prefix(scheme)?;
                rest.starts_with(char::is_whitespace).then(|| rest.trim_start())
            });
            if let Some(credential) = credential {
                return self.range(credential);
            }
        }
        let is_of_words = is_spoken && quote(value).is_none() && self.is_of_sentence(value);
        if is_of_words && !(is_list && form == Form::Plural) {
            return None;
        }
        // A scheme that is not known, and each of several cookies.
        let is_header =
            sign == ":" && ["authorization", "cookie"].contains(&self.name) && quote(value).is_none();
        if is_list || is_header {
            let whole = value.split(['\n', ']']).next().unwrap_or_default();
            if is_header || whole.contains(',') {
                let begin = self.lower.len() - value.len();
                return (!whole.is_empty()).then_some(begin..begin + whole.len());
            }
        }
        self.range(value)
    }

    /// How the name is written, and what follows; `None` where it is that of no credential.
    fn form(&self) -> Option<(Form, &str)> {
        let rest = self.lower.get(self.end..)?;
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || "_.-".contains(c));
        if SEVERAL.contains(&self.name)
            && let Some(rest) = rest.strip_prefix('s').filter(|rest| is_end(rest))
        {
            return Some((Form::Plural, rest));
        }
        let longer = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_.-".contains(c));
        let words = rest.strip_suffix(longer).unwrap_or_default();
        let is_longer = LONGER.contains(&self.name)
            && words.starts_with(['_', '.', '-'])
            && words.ends_with(|c: char| c.is_ascii_alphanumeric());
        if !is_longer {
            return Some((Form::Plain, rest));
        }
        let last = words.rsplit(['_', '.', '-']).next().unwrap_or_default();
        let is_about = ABOUT.split_whitespace().any(|word| word == last);
        (!is_about).then_some((Form::Longer, longer))
    }

    /// The place of a block of YAML behind the colon: the lines that are further in than that of the name.
    fn block(&self, after_sign: &str) -> Option<Range<usize>> {
        let (header, lines) = after_sign.split_once('\n')?;
        let header = header.trim().strip_prefix(['|', '>'])?;
        if !header.chars().all(|c| c.is_ascii_digit() || "+-".contains(c)) {
            return None;
        }
        let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let own = indent(self.lower.get(..self.begin)?.rsplit('\n').next()?);
        let is_within = |line: &&str| line.trim().is_empty() || indent(line) > own;
        let length: usize = lines.split_inclusive('\n').take_while(is_within).map(str::len).sum();
        let block = lines.get(..length)?;
        let value = block.trim();
        let begin = self.lower.len() - lines.len() + (block.len() - block.trim_start().len());
        (!value.is_empty()).then_some(begin..begin + value.len())
    }

    /// The place of a value, which is the rest of the text from its begin.
    fn range(&self, value: &str) -> Option<Range<usize>> {
        let begin = self.lower.len() - value.len();
        range(value).map(|Range { start, end }| begin + start..begin + end)
    }

    /// The word in which the name is, up to it, as far as it matters.
    fn word_before(&self) -> &str {
        let begin = self.lower.floor_char_boundary(self.begin.saturating_sub(MOST_OF_WORD));
        let before = self.lower.get(begin..self.begin).unwrap_or_default();
        before.rsplit(|c: char| c.is_whitespace() || "\"'`([{".contains(c)).next().unwrap_or_default()
    }

    /// Whether the name is a word, or one of a name such as `proxyAuth`.
    fn is_word(&self) -> bool {
        let before = self.text.get(..self.begin).and_then(|before| before.chars().next_back());
        let first = self.text.get(self.begin..).and_then(|name| name.chars().next());
        before.is_none_or(|c| {
            !c.is_ascii_alphanumeric() || (c.is_lowercase() && first.is_some_and(char::is_uppercase))
        }) || self.lower.get(..self.begin).is_some_and(|before| before.ends_with("%22"))
    }
}

/// How long a name is at the begin of a text, where it is there: JSON may have any of its characters as `\u0070`.
fn length_of(name: &str, text: &str) -> Option<usize> {
    let mut rest = text;
    for expected in name.chars() {
        if expected == '-' {
            rest = rest.strip_prefix(['-', '_', '.']).unwrap_or(rest);
            continue;
        }
        rest = match rest.strip_prefix(expected) {
            Some(after) => after,
            None => escaped(rest).filter(|(c, _)| *c == expected)?.1,
        };
    }
    Some(text.len() - rest.len())
}

/// The letter of an escape sequence at the begin of a text, and the rest.
fn escaped(text: &str) -> Option<(char, &str)> {
    let digits = text.strip_prefix('\\')?.trim_start_matches('\\').strip_prefix('u')?;
    let (digits, rest) = digits.split_at_checked(4)?;
    let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    Some((c.to_ascii_lowercase(), rest))
}

/// What is behind `"value":`, where the name is itself a value: `{"name": "DB_PASSWORD", "value": "…"}`.
fn value_of_named(text: &str) -> Option<&str> {
    let text = text.trim_start().strip_prefix(',')?.trim_start();
    let text = quote(text)?.1.strip_prefix("value")?;
    quote(text)?.1.trim_start().strip_prefix(':')
}

/// The place of a value at the begin of a text: between quotes, or else a word. What follows in the word may be a part of it.
fn range(text: &str) -> Option<Range<usize>> {
    if let Some((quote, rest)) = quote(text) {
        let start = text.len() - rest.len();
        return Some(start..start + closing(rest, quote));
    }
    let length = text.find(char::is_whitespace).unwrap_or(text.len());
    let word = text.get(..length)?;
    // The end of a sentence behind a bracket.
    let word = word.strip_suffix('.').filter(|word| word.ends_with([']', '}', ')'])).unwrap_or(word);
    let value = word.trim_end_matches([':', ',', ';', ']', '}', ')', '"']);
    (!value.is_empty()).then_some(0..value.len())
}

/// A quote at the begin of a text, with its backslashes, and what follows.
fn quote(text: &str) -> Option<(&str, &str)> {
    let bare = text.trim_start_matches('\\');
    let of = |at: &str, quote: &&str| at.starts_with(*quote).then_some(quote.len());
    let encoded = QUOTES.iter().find_map(|quote| of(text, quote));
    let length = encoded.or_else(|| {
        QUOTES.iter().find_map(|quote| of(bare, quote)).map(|length| length + text.len() - bare.len())
    })?;
    text.split_at_checked(length)
}

/// Where the quote closes that a text follows; its end where it does not. A quote that has more backslashes is a part of the text.
fn closing(text: &str, quote: &str) -> usize {
    let bare = quote.trim_start_matches('\\');
    let (mark, most) =
        if bare.starts_with(['u', 'x']) { (quote, 0) } else { (bare, quote.len() - bare.len()) };
    let closes = |at: &usize| {
        let before = text.get(..*at).unwrap_or_default();
        before.len() - before.trim_end_matches('\\').len() <= most
    };
    let at = text.match_indices(mark).map(|(at, _)| at).find(closes);
    at.map_or(text.len(), |at| text.get(..at).map_or(at, |before| before.trim_end_matches('\\').len()))
}

/// A text without words of signs alone at its begin, such as `|` before a block of YAML.
fn without_signs(text: &str) -> &str {
    let mut rest = text;
    while let Some((word, after)) = rest.split_once(char::is_whitespace)
        && word.chars().all(|c| "|>-+=:,&!".contains(c))
    {
        rest = after.trim_start();
    }
    rest
}

/// A sign at the begin of a text, and what follows.
fn sign(text: &str) -> Option<(&'static str, &str)> {
    SIGNS.iter().find_map(|sign| Some((*sign, text.strip_prefix(sign)?)))
}

/// Whether a word is the begin of an image or a URL, up to a part of its path.
fn is_path(word: &str) -> bool {
    let word = word.split_once("://").map_or(word, |(_, rest)| rest);
    word.split_once('/')
        .is_some_and(|(host, _)| host.is_empty() || host.contains('.') || host.starts_with("localhost"))
}

#[cfg(test)]
mod tests;
