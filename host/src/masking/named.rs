//! Values after the names of credentials, in the ways in which programs print them: `password=…`, `"auth": "…"`, `Token:…`,
//! `--password '…'`, `%22token%22%3A%22…`, `Authorization: Basic …`.

use std::ops::Range;

use super::{HIDDEN, SCHEMES};

/// Names before a value that is not shown, in lower case. A name may end a longer one, such as `refresh_token`.
const NAMES: [&str; 20] = [
    "authorization",
    "password",
    "passphrase",
    "passwd",
    "token",
    "secret",
    "signature",
    "sig",
    "apikey",
    "api_key",
    "api-key",
    "accountkey",
    "accesskey",
    "access_key",
    "secret_key",
    "subscription-key",
    "cookie",
    "auth",
    "pass",
    "pwd",
];

/// Names that other words end with too, such as `bypass`.
const SHORT: [&str; 3] = ["auth", "pass", "pwd"];

/// The most bytes of a word before a name that are looked at.
const MOST_OF_WORD: usize = 512;

/// What is between a name and its value. The colon is in sentences too.
const SIGNS: [&str; 10] = [":=", ":", "=>", "==", "->", "=", "%3d", "%3a", "\\u003d", ">"];

/// Quotes, as they are and as URLs, HTML and JSON have them.
const QUOTES: [&str; 9] = ["\"", "'", "`", "%22", "%27", "&quot;", "&#34;", "\\u0022", "\\x22"];

/// Words that follow a name and a colon in a sentence, such as `failed to fetch oauth token: unexpected status`.
const WORDS: &str = "a absent access an and authentication authorization bad cannot check client connection context could couldn't decode \
    denied dial empty eof error exec executable expected expired failed failure false forbidden get head http illegal in \
    incorrect insufficient_scope invalid is malformed missing must no none not oauth2 of parse please post pull received \
    repository request required response rpc secret secrets server status the timeout true try unable unauthorized unexpected \
    unknown unsupported was wrong";

/// Words after which `token:` says why there is none: `failed to get token: pods "web" not found`.
const VERBS: &str =
    "acquire create exchange fetch generate get invalid refresh request requesting retrieve validate";

/// How far before the name such a word is.
const MOST_BETWEEN: usize = 4;

/// The fewest characters of a value that looks like a token.
const LEAST_OF_TOKEN: usize = 12;

/// The text without the values after names of credentials.
pub(super) fn without_named(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let login = login(&lower).unwrap_or(lower.len());
    let mut shown = String::with_capacity(text.len());
    let (mut copied, mut looked) = (0, 0);
    while let Some(rest) = lower.get(looked..).filter(|rest| !rest.is_empty()) {
        let mut names = NAMES.iter().filter(|name| rest.starts_with(**name));
        let value = names
            .find_map(|name| Key { text, lower: &lower, name, begin: looked }.value())
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
}

impl Key<'_> {
    /// The value behind it.
    fn value(&self) -> Option<Range<usize>> {
        let name_end = self.begin + self.name.len();
        if SHORT.contains(&self.name) && !self.is_word() {
            return None;
        }
        let rest = self.lower.get(name_end..)?;
        // `password2`
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let (is_quoted, after_quote) = quote(rest).map_or((false, rest), |(_, rest)| (true, rest));
        let named = || Some((":", value_of_named(after_quote)?));
        let Some((sign, after_sign)) = sign(after_quote.trim_start()).or_else(named) else {
            let value = rest.trim_start();
            let has_space = !is_quoted && rest.starts_with(char::is_whitespace);
            // `invalid password "…"`, and not `secret "acr-secret"`
            let is_next = self.name.starts_with("pass") && quote(value).is_some();
            let is_value = has_space && (is_next || self.word_before().starts_with("--"));
            return if is_value { self.range(value) } else { None };
        };
        // `contoso.azurecr.io/shop/token:v1`, `Get "https://contoso.azurecr.io/oauth2/token": EOF`
        if sign == ":" && is_path(self.word_before()) {
            return None;
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
        if is_spoken && quote(value).is_none() && self.is_of_sentence(value) {
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

    /// Whether the name is a word of a sentence about how to get such a value.
    fn is_behind_verb(&self) -> bool {
        let begin = self.lower.floor_char_boundary(self.begin.saturating_sub(MOST_OF_WORD));
        let before = self.lower.get(begin..self.begin).unwrap_or_default();
        before.ends_with(char::is_whitespace)
            && before
                .split_whitespace()
                .rev()
                .take(MOST_BETWEEN)
                .any(|word| VERBS.split_whitespace().any(|verb| verb == word))
    }

    /// Whether the word after a colon and a space goes on a sentence.
    fn is_of_sentence(&self, value: &str) -> bool {
        let length = value.find(char::is_whitespace).unwrap_or(value.len());
        let begin = self.lower.len() - value.len();
        let Some(written) = self.text.get(begin..begin + length) else { return false };
        let word = written.trim_matches(|c: char| c.is_ascii_punctuation() && c != '_').to_ascii_lowercase();
        let is_status = word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
        // An error of Entra ID, and what reports it.
        let is_error =
            word.starts_with("aadsts") || (word.len() > "credential".len() && word.ends_with("credential"));
        if word.is_empty() || is_status || is_error || WORDS.split_whitespace().any(|it| it == word) {
            return true;
        }
        match self.name {
            "token" => self.is_behind_verb() && !is_like_token(written),
            // `secret shop/acr-secret: absent`, and not `client_secret: …`
            "secret" => {
                let before = self.lower.get(..self.begin).unwrap_or_default();
                let is_key =
                    before.ends_with('_') || before.trim_end_matches(['-', '_', ' ']).ends_with("client");
                !is_key
                    && written
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "./:,-".contains(c))
            }
            "sig" | "signature" => !is_like_token(written),
            _ => false,
        }
    }
}

/// Whether a word looks like a token: long, of letters and digits.
fn is_like_token(word: &str) -> bool {
    word.len() >= LEAST_OF_TOKEN
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// What is behind `"value":`, where the name is itself a value: `{"name": "DB_PASSWORD", "value": "…"}`.
fn value_of_named(text: &str) -> Option<&str> {
    let text = text.trim_start().strip_prefix(',')?.trim_start();
    let text = quote(text)?.1.strip_prefix("value")?;
    quote(text)?.1.trim_start().strip_prefix(':')
}

/// Where a call such as `docker login -u …` or `login contoso.azurecr.io …` begins.
fn login(lower: &str) -> Option<usize> {
    lower.match_indices("login ").map(|(at, _)| at).find(|at| {
        let next = lower.get(at + "login ".len()..).unwrap_or_default();
        let word = next.split_whitespace().next().unwrap_or_default();
        word.starts_with('-') || word.contains('.')
    })
}

/// The value of an option that is short: `-p PASSWORD` of a `login`, `-u USER:PASSWORD`.
fn of_flag(lower: &str, at: usize, login: usize) -> Option<Range<usize>> {
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
        let value = after("--user").or_else(|| after("-u"))?;
        let word = value.split(char::is_whitespace).next().unwrap_or_default();
        word.contains(':').then_some(value)
    }?;
    let begin = lower.len() - value.len();
    range(value).map(|Range { start, end }| begin + start..begin + end)
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
