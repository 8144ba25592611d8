//! What a policy says of its settings, at the places it speaks of.
//!
//! `pullSecrets[1].registries[0]: …; actions.missing: …; did you mean …?`: problems are parted by `; `, and each begins
//! with the path of its field.

use std::iter;

use serde_json::Value;

use super::SettingsSource;
use crate::diagnostic::{Diagnostic, Diagnostics, Spot};
use crate::yaml::{self, Place};

/// The problems in a message about `settings`, each at its place in the text that they come from.
pub(super) fn problems(message: &str, settings: &Value, source: Option<&SettingsSource>) -> Diagnostics {
    let problems = split(message, settings);
    // All at once: each search reads the document anew.
    let places = source.map(|source| {
        let pointer =
            |problem: &Problem| problem.pointer.as_ref().map(|pointer| format!("{}{pointer}", source.prefix));
        let pointers: Vec<Option<String>> = problems.iter().map(pointer).collect();
        let asked: Vec<&str> = pointers.iter().flatten().map(String::as_str).collect();
        let mut found = yaml::nearest(&source.text, source.document, &asked).into_iter();
        pointers.iter().map(|pointer| pointer.as_ref().and_then(|_| found.next().flatten())).collect()
    });
    let places: Vec<Option<Place>> = places.unwrap_or_default();
    let places = places.into_iter().chain(iter::repeat(None));
    Diagnostics(
        problems
            .into_iter()
            .zip(places)
            .map(|(problem, place)| diagnostic(&problem.message, place, source))
            .collect(),
    )
}

/// A part of the message and the JSON pointer of its field.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    pointer: Option<String>,
    message: String,
}

fn split(message: &str, settings: &Value) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    for part in message.split("; ") {
        let pointer = part.split_once(": ").and_then(|(path, _)| pointer(path, settings));
        match problems.last_mut() {
            Some(last) if pointer.is_none() => last.message = format!("{}; {part}", last.message),
            _ => problems.push(Problem { pointer, message: part.to_owned() }),
        }
    }
    problems
}

/// The JSON pointer of a path such as `pullSecrets[1].registries[0]`, whose last step may not exist; keys may hold
/// anything, dots as well.
fn pointer(path: &str, settings: &Value) -> Option<String> {
    let (mut rest, mut value, mut pointer) = (path, settings, String::new());
    loop {
        let (token, next, after) = match value {
            Value::Object(fields) => {
                let begins = |key: &&String| {
                    rest.strip_prefix(key.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                };
                match fields.keys().filter(begins).max_by_key(|key| key.len()) {
                    Some(key) => (key.clone(), fields.get(key)?, rest.get(key.len()..)?),
                    // The field is missing: its object is spoken of, if anything is.
                    None => return (!pointer.is_empty()).then(|| pointer + "/" + &escaped(rest)),
                }
            }
            Value::Array(items) => {
                let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
                (index.to_owned(), items.get(index.parse::<usize>().ok()?)?, after)
            }
            _ => return None,
        };
        pointer = pointer + "/" + &escaped(&token);
        if after.is_empty() {
            return Some(pointer);
        }
        value = next;
        rest = after.strip_prefix('.').unwrap_or(after);
    }
}

fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

fn diagnostic(message: &str, place: Option<Place>, source: Option<&SettingsSource>) -> Diagnostic {
    let spot = place.zip(source).map(|(mut place, source)| {
        if let Some(key) = place.key.clone().filter(|_| message.contains(": unknown field")) {
            (place.line, place.column) = yaml::line_column(&source.text, key.start);
            place.span = key;
        }
        Spot::of(&source.name, &source.text, place.span, (place.line, place.column))
    });
    let problem = Diagnostic::error(format!("the settings are not valid: {message}")).with_mend();
    Diagnostic { spot, ..problem }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{pointer, split};

    #[test]
    fn paths_lead_to_fields_whatever_their_names() {
        let settings =
            json!({"pullSecrets": [{}, {"registries": ["a"]}], "a.b": 1, "a/b": {"~": 1}, "a": {"b": 2}});
        for (path, expected) in [
            ("pullSecrets[1].registries[0]", Some("/pullSecrets/1/registries/0")),
            ("pullSecrets[0].registries", Some("/pullSecrets/0/registries")),
            ("a.b", Some("/a.b")),
            ("a/b.~", Some("/a~1b/~0")),
            ("pullSecrets[2]", None),
            ("mode", None),
            ("", None),
        ] {
            assert_eq!(pointer(path, &settings).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn a_semicolon_within_a_problem_parts_nothing() {
        let settings = json!({"mod": 1, "targets": []});
        let parts =
            split("mod: unknown field; did you mean mode?; targets: PodTemplate needs: more", &settings);
        let messages: Vec<&str> = parts.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages, ["mod: unknown field; did you mean mode?", "targets: PodTemplate needs: more"]);
    }
}
