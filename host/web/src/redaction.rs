//! Texts without the values of Secrets.
//!
//! ```text
//! texts ─▶ values of Secrets in them ─▶ dummies in their places, and wherever else they are ─▶ a last search
//! ```

use serde_json::Value;

use crate::pass::Pass;
use crate::secret_values::SecretValues;
use crate::signs::speaks_of_secrets;
use crate::text::yaml_documents;
use review::yaml;

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
/// - a value is found in what was written
pub(crate) fn redact(texts: &[&str]) -> Result<Redacted, Refused> {
    let mut documents =
        texts.iter().enumerate().map(|(text, source)| read(text, source)).collect::<Result<Vec<_>, _>>()?;
    let mut pass = Pass::default();
    documents.iter_mut().flatten().for_each(|value| pass.document(value));
    let mut pass = pass.writing();
    let mut written = Vec::new();
    for (values, source) in documents.iter_mut().zip(texts) {
        let before = pass.removed;
        for value in values.iter_mut() {
            pass.document(value);
        }
        let as_it_is = pass.removed == before && !speaks_of_secrets(source) && !pass.values.are_in(source);
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
    match yaml::documents(source) {
        (documents, None) => Ok(documents.into_iter().map(|document| document.value).collect()),
        (_, Some(error)) => Err(Refused { text, reason: error.to_string() }),
    }
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
