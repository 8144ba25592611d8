//! Texts without the values of Secrets.
//!
//! ```text
//! texts ─▶ values of Secrets in them ─▶ dummies in their places, and wherever else they are ─▶ a last search
//! ```

use serde_json::Value;

use crate::pass::{Pass, Task};
use crate::secret_values::SecretValues;
use crate::signs::{remarks, speaks_of_secrets};
use crate::text::yaml_documents;
use review::cluster::Cluster;
use review::yaml::{self, Document, Note};

/// Texts that may be shown to others.
#[derive(Debug)]
pub(crate) struct Redacted {
    /// The texts
    pub(crate) texts: Vec<String>,
    /// How many values were replaced
    pub(crate) removed: usize,
    /// What must not be shown
    pub(crate) values: SecretValues,
}

/// Why nothing of the texts may be shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Index of the text
    pub(crate) text: usize,
    /// What is wrong with it
    pub(crate) reason: String,
}

/// Replaces the values of Secrets, at any place of any of the texts, by dummies. A text that may hold one is written again
/// without comments, because they may hold values too.
///
/// # Errors
/// - a text cannot be read, so it may hold anything
/// - a text may hold a Secret and has a key twice, so a value of it was not read
/// - a value is found in what was written
pub(crate) fn redact(texts: &[&str]) -> Result<Redacted, Refused> {
    let mut documents =
        texts.iter().enumerate().map(|(text, source)| read(text, source)).collect::<Result<Vec<_>, _>>()?;
    let mut pass = Pass::default();
    for task in [Task::Collect, Task::Publish] {
        pass.task = task;
        documents.iter_mut().flatten().for_each(|value| pass.document(value));
    }
    pass.task = Task::Write;
    let mut written = Vec::new();
    for (values, source) in documents.iter_mut().zip(texts) {
        let before = pass.removed;
        for value in values.iter_mut() {
            pass.document(value);
        }
        // Values that another one overwrites are in the source alone.
        let unread = || if has_overwritten(source) { (*source).to_owned() } else { remarks(source) };
        let as_it_is = pass.removed == before && !speaks_of_secrets(source) && !pass.values.are_in(&unread());
        written.push(if as_it_is { (*source).to_owned() } else { yaml_documents(values.iter()) });
    }
    let Pass { values, removed, .. } = pass;
    for (text, source) in written.iter().enumerate() {
        if read(text, source)?.iter().any(|value| are_in(&values, value)) {
            let reason = "it still has a part of a Secret's value in it".to_owned();
            return Err(Refused { text, reason });
        }
    }
    Ok(Redacted { texts: written, removed, values })
}

fn read(text: usize, source: &str) -> Result<Vec<Value>, Refused> {
    let (documents, error) = yaml::documents(source);
    if let Some(error) = error {
        return Err(Refused { text, reason: error.to_string() });
    }
    if (speaks_of_secrets(source) || Cluster::may_be_in(source))
        && let Some(note) = documents.iter().find_map(overwriting)
    {
        return Err(Refused { text, reason: format!("line {}, {}", note.line, note.message) });
    }
    Ok(documents.into_iter().map(|document| document.value).collect())
}

fn has_overwritten(source: &str) -> bool {
    yaml::documents(source).0.iter().any(|document| overwriting(document).is_some())
}

/// The note that a value was not read, because another one has its key.
fn overwriting(document: &Document) -> Option<&Note> {
    document.notes.iter().find(|note| note.is_overwriting)
}

fn are_in(values: &SecretValues, value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| values.are_in(name) || are_in(values, value))
        }
        Value::Array(items) => items.iter().any(|item| are_in(values, item)),
        Value::String(text) => values.are_in(text),
        Value::Number(number) => values.are_in(&number.to_string()),
        Value::Bool(_) | Value::Null => false,
    }
}
