//! A settings object whose fields are read one by one, while every problem is noted with its path.

use crate::distinct::Distinct;
use crate::json::Value;

use super::{SettingsError, SettingsProblem};

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<SettingsProblem>);

/// Where a field is, as people write it and as programs do.
#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    text: String,
    pointer: String,
}

impl Path {
    fn field(&self, name: &str) -> Self {
        let dot = if self.text.is_empty() { "" } else { "." };
        let token = name.replace('~', "~0").replace('/', "~1");
        let name = if name.is_empty() { "\"\"" } else { shown(name) };
        Self { text: [&self.text, dot, name].concat(), pointer: [&self.pointer, "/", &token].concat() }
    }

    fn item(&self, i: usize) -> Self {
        Self { text: format!("{}[{i}]", self.text), pointer: format!("{}/{i}", self.pointer) }
    }
}

impl Problems {
    /// Notes that the value at `path` is wrong, or absent where it must not be.
    pub(super) fn add(&mut self, path: &Path, message: String, help: String) {
        self.note(path, false, message, help);
    }

    fn note(&mut self, path: &Path, unknown_field: bool, message: String, help: String) {
        let Path { text, pointer } = path.clone();
        self.0.push(SettingsProblem { path: text, pointer, unknown_field, message, help });
    }

    /// Notes a value that is not in `known`.
    pub(super) fn add_unknown(&mut self, path: &Path, value: &Value<'_>, known: &[&str]) {
        let (last, others) = known.split_last().map_or(("", known), |(last, others)| (*last, others));
        // Other policies call it so.
        let near =
            value.as_str().and_then(|text| nearest(if text == "deny" { "reject" } else { text }, known));
        let help = near.map(|near| ["did you mean ", near, "?"].concat()).unwrap_or_default();
        // The value is not shown, because it may be a secret in the wrong place.
        let message = ["must be ", &others.join(", "), " or ", last].concat();
        self.add(path, message, help);
    }

    /// Notes a value of the wrong type.
    fn add_type(&mut self, path: &Path, value: &Value<'_>, wanted: &str, help: &str) {
        let message = format!("must be {wanted}, not {}", value.kind());
        self.add(path, message, help.to_owned());
    }

    pub(super) fn into_result<T>(self, value: T) -> Result<T, SettingsError> {
        if self.0.is_empty() { Ok(value) } else { Err(SettingsError(self.0)) }
    }
}

/// An object of the settings and its path.
pub(super) struct Fields<'a> {
    object: &'a Value<'a>,
    path: Path,
}

impl<'a> Fields<'a> {
    /// The object at `path`, after a check for unknown fields. `help` is for a value that is not an object.
    pub(super) fn of(
        value: &'a Value<'a>,
        path: Path,
        known: &[&str],
        help: &str,
        problems: &mut Problems,
    ) -> Option<Self> {
        let Value::Object(fields) = value else {
            problems.add_type(&path, value, "an object", help);
            return None;
        };
        let names = fields.iter().map(|(name, _)| &**name);
        let unknown = Distinct::of(names.filter(|name| !known.contains(name)));
        let fields = Self { object: value, path };
        for name in unknown.sorted() {
            let help = match nearest(name, known) {
                Some(near) if value.get(near).is_some() => {
                    format!("remove {}, because {near} is there too", shown(name))
                }
                Some(near) => format!("did you mean {near}?"),
                None => format!("use one of {}", known.join(", ")),
            };
            problems.note(&fields.path_of(name), true, "unknown field".to_owned(), help);
        }
        Some(fields)
    }

    pub(super) fn path_of(&self, name: &str) -> Path {
        self.path.field(name)
    }

    fn get(&self, name: &str) -> Option<&'a Value<'a>> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn object(
        &self,
        name: &str,
        known: &[&str],
        help: &str,
        problems: &mut Problems,
    ) -> Option<Self> {
        Self::of(self.get(name)?, self.path_of(name), known, help, problems)
    }

    /// The items of a list, each with its path. `help` is for a value that is not a list.
    pub(super) fn list(&self, name: &str, help: &str, problems: &mut Problems) -> Vec<(Path, &'a Value<'a>)> {
        match self.get(name) {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                let path = self.path_of(name);
                items.iter().enumerate().map(|(i, item)| (path.item(i), item)).collect()
            }
            Some(other) => {
                problems.add_type(&self.path_of(name), other, "a list", help);
                Vec::new()
            }
        }
    }

    pub(super) fn string(&self, name: &str, help: &str, problems: &mut Problems) -> Option<&'a str> {
        let value = self.get(name)?;
        if value.as_str().is_none() {
            problems.add_type(&self.path_of(name), value, "a string", help);
        }
        value.as_str()
    }

    pub(super) fn boolean(&self, name: &str, problems: &mut Problems) -> Option<bool> {
        let value = self.get(name)?;
        if value.as_bool().is_none() {
            problems.add_type(
                &self.path_of(name),
                value,
                "true or false",
                "write true or false without quotes",
            );
        }
        value.as_bool()
    }

    /// A number of days, up to ten years.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
    pub(super) fn days(&self, name: &str, target: &mut u16, problems: &mut Problems) {
        let Some(value) = self.get(name) else { return };
        let number = value.as_number().unwrap_or(-1.0);
        if number.fract() == 0.0 && (0.0..=3650.0).contains(&number) {
            *target = number as u16;
        } else {
            let message = "must be a whole number from 0 to 3650, without quotes".to_owned();
            problems.add(&self.path_of(name), message, "write a number such as 30".to_owned());
        }
    }

    pub(super) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
        target: &mut T,
        problems: &mut Problems,
    ) {
        let Some(value) = self.get(name) else { return };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| value.as_str() == Some(word)) {
            *target = *choice;
        } else {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            problems.add_unknown(&self.path_of(name), value, &words);
        }
    }
}

/// A name in a message: only one that a field could have, because any other may be a secret, or an escape sequence.
fn shown(name: &str) -> &str {
    let is_field = name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_field { name } else { "…" }
}

/// The known name that `name` is probably meant to be.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(64).collect()
    };
    let name = plain(name);
    known
        .iter()
        .map(|candidate| (distance(&name, &plain(candidate)), *candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= candidate.len() / 3)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance of two ASCII words.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let substituted = diagonal + usize::from(x != y);
            diagonal = *cell;
            *cell = substituted.min(left + 1).min(diagonal + 1);
            left = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
