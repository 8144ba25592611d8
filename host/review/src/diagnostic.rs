//! A diagnostic: one sentence, its location with the line marked, and what to do.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::excerpt::{self, Excerpt};
use crate::field_error::FieldError;
use crate::foreign_text::plain;
use crate::source_file::SourceFile;
use crate::yaml::{Document, Note, Place, SyntaxError};

/// The severity of a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Something is wrong
    Error,
    /// Something is unusual
    Warning,
}

/// A message about a place in a text.
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
    /// Further notes, one sentence each
    pub notes: Vec<String>,
    /// What to do about it
    pub help: Option<String>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file as the user gave it
    pub file: String,
    /// Line, from 1; 0 where there is none
    pub line: usize,
    /// Column in characters, from 1
    pub column: Option<usize>,
    /// What is shown of the line, and the bytes to mark in it; none where all of it may be secret
    pub excerpt: Option<Excerpt>,
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

    /// A warning without a place.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { weight: Weight::Warning, ..Self::error(message) }
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

    /// The same with what to do about it; an empty text adds nothing.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()).filter(|help| !help.is_empty()), ..self }
    }

    /// Why a file could not be read completely.
    pub fn of_syntax(file: &str, text: &str, error: &SyntaxError) -> Self {
        let spot = Spot::of_byte(file, text, error.at, (error.line, error.column));
        Self { help: error.help.clone(), ..Self::at(spot, &error.message) }
    }

    /// A note on a file.
    pub fn of_notes(file: &str, text: &str, notes: &[Note]) -> Vec<Self> {
        let is_told = notes.is_empty() || !(may_hold_secret(text) || may_be_data(text));
        let diagnostic = |note: &Note| {
            let spot = Spot::of_byte(file, text, note.at, (note.line, note.column));
            let help = note.help.clone();
            Self { weight: Weight::Warning, help, ..Self::at(spot, note.told(is_told)) }
        };
        notes.iter().map(diagnostic).collect()
    }

    /// Message and help in one line, for output with a single line.
    pub fn in_one_line(&self) -> String {
        in_one_line(&self.message, self.help.as_deref().unwrap_or_default())
    }

    /// The text for a terminal, without a line end.
    pub fn render(&self, colour: bool) -> String {
        let level = match self.weight {
            Weight::Error => Level::ERROR,
            Weight::Warning => Level::WARNING,
        };
        let title = level.primary_title(plain(&self.message));
        let mut group = Group::with_title(match &self.rule {
            Some(rule) => title.id(plain(rule)),
            None => title,
        });
        if let Some(Spot { file, line, column, excerpt }) = &self.spot {
            let file = plain(file);
            group = if let Some((source, mark)) = excerpt {
                let mark = AnnotationKind::Primary.span(mark.clone());
                group.element(Snippet::source(source).line_start(*line).path(file).annotation(mark))
            } else {
                let origin = Origin::path(file);
                let origin = if *line == 0 { origin } else { origin.line(*line) };
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

/// What is wrong, and what to do if that is known, in one line.
pub fn in_one_line(message: &str, help: &str) -> String {
    if help.is_empty() { message.to_owned() } else { format!("{message}; {help}") }
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
    /// A place in a text that was parsed. Its line shows the value if findings name such values.
    pub fn of_value(file: &str, text: &str, place: &Place) -> Self {
        Self { excerpt: excerpt::of_value(text, place.key.as_ref(), &place.span), ..Self::of(file, place) }
    }

    /// A place in a text that was parsed. Its line shows the key and no value.
    pub fn of_key(file: &str, text: &str, place: &Place) -> Self {
        Self { excerpt: excerpt::of_key(text, place.key.as_ref(), &place.span), ..Self::of(file, place) }
    }

    /// A byte of a text that may not have been parsed.
    fn of_byte(file: &str, text: &str, at: usize, (line, column): (usize, usize)) -> Self {
        // What looks like a key may be part of a Secret.
        let excerpt =
            if may_hold_secret(text) || may_be_data(text) { None } else { excerpt::of_byte(text, at) };
        Self { file: file.to_owned(), line, column: Some(column), excerpt }
    }

    fn of(file: &str, place: &Place) -> Self {
        Self { file: file.to_owned(), line: place.line, column: Some(place.column), excerpt: None }
    }

    /// The value at a JSON pointer into a document, or the nearest key around it. Its line shows no value.
    pub fn at(file: &SourceFile, document: &Document, pointer: &str) -> Self {
        Self::at_place(file, document, pointer, |place| place)
    }

    /// The field that is wrong, or its name where that is what is wrong.
    pub fn of_field(file: &SourceFile, document: &Document, error: &FieldError) -> Self {
        Self::at_place(file, document, &error.pointer, |place| {
            if error.is_unknown { place.of_name(&file.text) } else { place }
        })
    }

    fn at_place(
        file: &SourceFile,
        document: &Document,
        pointer: &str,
        change: impl Fn(Place) -> Place,
    ) -> Self {
        match document.nearest(&file.text, &[pointer]).pop().flatten() {
            Some(place) => Self::of_key(&file.name, &file.text, &change(place)),
            None => Self { file: file.name.clone(), line: document.line, column: None, excerpt: None },
        }
    }

    /// The same place without its line.
    #[must_use]
    pub fn without_line(self) -> Self {
        Self { excerpt: None, ..self }
    }
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

#[cfg(test)]
mod tests {
    use super::{Diagnostic, Spot, may_hold_secret};
    use crate::yaml;

    #[test]
    fn a_place_without_a_line_is_still_named() {
        let spot = Spot { file: "a.yaml".to_owned(), line: 1, column: Some(11), excerpt: None };
        assert_eq!(Diagnostic::at(spot, "wrong").to_string(), "error: wrong\n--> a.yaml:1:11");
    }

    #[test]
    fn the_names_of_pull_secrets_are_not_secret() {
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
