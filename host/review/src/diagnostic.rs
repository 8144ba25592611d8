//! A diagnostic: one sentence, the place it speaks of with its line marked, and what to do.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::source_file::SourceFile;
use crate::yaml::{Document, Note, SyntaxError};

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Something is wrong
    Error,
    /// Something is odd
    Warning,
}

/// What is to be said of a place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its weight
    pub weight: Weight,
    /// The rule behind it, where there is one
    pub rule: Option<String>,
    /// One sentence
    pub message: String,
    /// Where it is; a file that cannot be read has no place
    pub spot: Option<Spot>,
    /// What else is to be known, one sentence each
    pub notes: Vec<String>,
    /// What to do about it
    pub help: Option<String>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file as the user gave it
    pub file: String,
    /// Line, from 1
    pub line: usize,
    /// Column in characters, from 1
    pub column: Option<usize>,
    /// The line itself and the bytes to mark in it; none where it may hold a secret
    pub excerpt: Option<(String, Range<usize>)>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            weight: Weight::Error,
            rule: None,
            message: message.into(),
            spot: None,
            notes: Vec::new(),
            help: None,
        }
    }

    /// An error at a place.
    pub fn at(spot: Spot, message: impl Into<String>) -> Self {
        Self { spot: Some(spot), ..Self::error(message) }
    }

    /// The same with its place, but without the line there.
    #[must_use]
    pub fn without_line(self) -> Self {
        Self { spot: self.spot.map(Spot::without_line), ..self }
    }

    /// The same with what to do about it; an empty text says nothing.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()).filter(|help| !help.is_empty()), ..self }
    }

    /// Why a file could not be read to its end.
    pub fn of_syntax(file: &str, text: &str, error: &SyntaxError) -> Self {
        let spot = Spot::of(file, text, error.at..error.at, (error.line, error.column));
        // A text that cannot be parsed may be a Secret's, whatever its other lines look like.
        let spot = if may_hold_secret(text) || may_be_data(text) { spot.without_line() } else { spot };
        Self { help: error.help.clone(), ..Self::at(spot, &error.message) }
    }

    /// What is odd in a file.
    pub fn of_notes(file: &str, text: &str, notes: &[Note]) -> Vec<Self> {
        let is_told = notes.is_empty() || !(may_hold_secret(text) || may_be_data(text));
        let diagnostic = |note: &Note| {
            let spot = Spot::of(file, text, note.at..note.at, (note.line, note.column));
            let spot = if is_told { spot } else { spot.without_line() };
            let help = note.help.clone();
            Self { weight: Weight::Warning, help, ..Self::at(spot, note.told(is_told)) }
        };
        notes.iter().map(diagnostic).collect()
    }

    /// The text for a terminal, without a line end.
    pub fn render(&self, colour: bool) -> String {
        let level = match self.weight {
            Weight::Error => Level::ERROR,
            Weight::Warning => Level::WARNING,
        };
        let title = level.primary_title(plain(&self.message));
        let mut group = Group::with_title(match &self.rule {
            Some(rule) => title.id(rule.as_str()),
            None => title,
        });
        if let Some(Spot { file, line, column, excerpt }) = &self.spot {
            let file = plain(file);
            group = if let Some((source, mark)) = excerpt {
                let mark = AnnotationKind::Primary.span(mark.clone());
                group.element(Snippet::source(source).line_start(*line).path(file).annotation(mark))
            } else {
                let origin = Origin::path(file).line(*line);
                group.element(match column {
                    Some(column) => origin.char_column(*column),
                    None => origin,
                })
            };
        }
        group = group.elements(self.notes.iter().map(|note| Level::NOTE.message(plain(note))));
        group = group.elements(self.help.iter().map(|help| Level::HELP.message(plain(help))));
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// Everything that is wrong with one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(i, diagnostic)| {
            f.write_str(if i == 0 { "" } else { "\n" })?;
            diagnostic.fmt(f)
        })
    }
}

impl std::error::Error for Diagnostics {}

impl Spot {
    /// A value of a text that was understood, with its line.
    pub fn of(file: &str, text: &str, span: Range<usize>, (line, column): (usize, usize)) -> Self {
        // A field called `secret` has a secret's name: in settings, and in volumes.
        let rest = |line: &str| line.trim_start_matches(['-', ' ']).trim_start_matches("secret:").to_owned();
        let excerpt = excerpt(text, span).filter(|(source, _)| !may_hold_secret(&rest(source)));
        Self { file: file.to_owned(), line, column: Some(column), excerpt }
    }

    /// The value at a JSON pointer into a document, or the nearest one around it.
    pub fn at(file: &SourceFile, document: &Document, pointer: &str) -> Self {
        match document.nearest(&file.text, &[pointer]).pop().flatten() {
            Some(place) => Self::of(&file.name, &file.text, place.span, (place.line, place.column)),
            None => Self { file: file.name.clone(), line: document.line, column: None, excerpt: None },
        }
    }

    /// The same place without its line.
    #[must_use]
    pub fn without_line(self) -> Self {
        Self { excerpt: None, ..self }
    }
}

/// Longer lines are not shown: they do not help, and searching a thousand times for their ends is slow.
const LONGEST_LINE: usize = 16 << 10;

/// The line on which a span begins, and what of it the span has; none where the line is too long.
fn excerpt(text: &str, span: Range<usize>) -> Option<(String, Range<usize>)> {
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let (before, after) = text.as_bytes().split_at_checked(span.start)?;
    let near = before.get(before.len().saturating_sub(LONGEST_LINE)..)?;
    let start = match near.iter().rposition(is_end) {
        Some(end) => span.start - near.len() + end + 1,
        None if near.len() == before.len() => 0,
        None => return None,
    };
    let near = after.get(..LONGEST_LINE).unwrap_or(after);
    let end = match near.iter().position(is_end) {
        Some(end) => span.start + end,
        None if near.len() == after.len() => text.len(),
        None => return None,
    };
    let line = text.get(start..end)?;
    let visible = line.trim_start_matches('\u{feff}');
    let start = end - visible.len();
    let mark = span.start.saturating_sub(start)..span.end.min(end).saturating_sub(start);
    Some((visible.to_owned(), mark))
}

/// Whether a text may hold a secret and must not be shown. The names of pull secrets are not secret.
fn may_hold_secret(text: &str) -> bool {
    const WORDS: [&str; 14] = [
        "secret",
        "password",
        "passwd",
        "pwd",
        "token",
        "credential",
        "dockerconfig",
        "dockercfg",
        "auth\"",
        "auth: ",
        "apikey",
        "api_key",
        "accesskey",
        "access_key",
    ];
    const NAMES: [&str; 7] = [
        "imagepullsecrets",
        "pullsecrets",
        "pull-secret",
        "acr-secret",
        "secretname",
        "secretref",
        "secretkeyref",
    ];
    let is_login = |word: &str| word.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    let lower = text.to_ascii_lowercase();
    let lower = NAMES.iter().fold(lower, |text, name| text.replace(name, ""));
    WORDS.iter().any(|word| lower.contains(word)) || lower.split_whitespace().any(is_login)
}

/// Whether a text has the fields that hold what a Secret or a docker config holds.
fn may_be_data(text: &str) -> bool {
    let is_key = |(at, _): (usize, &str)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(char::is_alphanumeric)
    };
    let fields = ["data:", "data\"", "auth:", "auths:", "auths\""];
    text.contains("stringData") || fields.iter().any(|field| text.match_indices(field).any(is_key))
}

/// Whether a character does something to the text around it: moves a cursor, changes a colour, turns its direction, or ends
/// its line.
pub fn is_active(c: char) -> bool {
    let is_separator = matches!(c, '\u{2028}' | '\u{2029}');
    // Unicode: Bidi_Control
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || is_separator || turns
}

/// The text with escapes for characters that would change how the text around them is shown.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_active) {
        let escaped = |c: char| if is_active(c) { c.escape_default().to_string() } else { c.to_string() };
        return Cow::Owned(text.chars().map(escaped).collect());
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
mod tests {
    use super::{Diagnostic, LONGEST_LINE, Spot, may_hold_secret};
    use crate::yaml;

    #[test]
    fn a_place_without_a_line_is_still_named() {
        let spot = Spot::of("a.yaml", "password: x", 10..11, (1, 11));
        assert_eq!(Diagnostic::at(spot, "wrong").to_string(), "error: wrong\n--> a.yaml:1:11");
    }

    #[test]
    fn the_line_is_shown_from_its_begin_to_its_end_unless_it_is_endless() {
        let excerpt = |text: &str, value: &str| {
            let at = text.find(value).unwrap();
            Spot::of("a.yaml", text, at..at + value.len(), (1, 1)).excerpt
        };
        let line = || "größe: web # x".to_owned();
        let at = "größe: ".len();
        for (before, after) in [("", ""), ("\u{feff}", "\n"), ("a\n", "\r\nb"), ("a\r", "\rb")] {
            let text = format!("{before}größe: web # x{after}");
            assert_eq!(excerpt(&text, "web"), Some((line(), at..at + 3)), "{text:?}");
        }
        assert_eq!(excerpt("a\nb: |\n  c\n", "|\n  c"), Some(("b: |".to_owned(), 3..4)));
        let endless = "ö".repeat(LONGEST_LINE);
        for text in [format!("a\n{endless} web"), format!("web {endless}\nb")] {
            assert_eq!(excerpt(&text, "web"), None);
        }
        let text = format!("{endless}\n{}\n{endless}", line());
        assert_eq!(excerpt(&text, "web"), Some((line(), at..at + 3)));
    }

    #[test]
    fn the_names_of_pull_secrets_are_no_secrets() {
        for shown in [
            "imagePullSecrets: [{name: acr-secret}]",
            "image: contoso.azurecr.io/auth:v1",
            "secretName: tls",
            "envFrom: [{secretRef: {name: web}}]",
        ] {
            assert!(!may_hold_secret(shown), "{shown}");
        }
        for hidden in [
            "kind:  Secret",
            "kind: secret",
            "{\"kind\":\"SecretList\"}",
            "registryPassword: x",
            "- \"auth\": eA==",
            "  auth: eA==",
            "{name: AZURE_CLIENT_SECRET, value: x, image: y}",
            "imagePullSecrets: [], clientSecret: x",
        ] {
            assert!(may_hold_secret(hidden), "{hidden}");
        }
    }

    #[test]
    fn a_key_that_breaks_its_secret_is_not_shown() {
        let text = "kind: Secret\nstringData:\n  key: |\n    x\n-----BEGIN PRIVATE KEY-----\nabc: [\n";
        let error = yaml::documents(text).1.unwrap();
        let shown = Diagnostic::of_syntax("a.yaml", text, &error).to_string();
        assert!(
            shown.contains("--> a.yaml:") && !shown.contains("PRIVATE") && !shown.contains("abc"),
            "{shown}"
        );
    }
}
