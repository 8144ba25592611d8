//! What serde reports, in words of users.
//!
//! The value that serde quotes is left out, because it may be a secret: the file may be the wrong one.

use std::fmt::Display;

use serde::de::{Error, Expected, Unexpected};

use crate::similar_name::similar;

/// What is wrong with a field.
#[derive(Debug, Default, thiserror::Error)]
#[error("{message}")]
pub(super) struct Words {
    /// What is wrong
    pub(super) message: String,
    /// What to write; empty where the message says it
    pub(super) help: String,
    /// Whether a name is wrong, not a value
    pub(super) is_unknown: bool,
}

impl Error for Words {
    fn custom<T: Display>(message: T) -> Self {
        Self { message: message.to_string(), ..Self::default() }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {}, not {}", wanted(expected), kind_of(found)))
    }

    /// Its kind is right.
    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {}", wanted(expected)))
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::custom(format_args!("must be {}", alternatives(known)))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let help = match similar(name, known.iter().copied()).first() {
            Some(near) => format!("did you mean {near}?"),
            None => format!("use one of {}", known.join(", ")),
        };
        Self { message: "unknown field".to_owned(), help, is_unknown: true }
    }

    fn missing_field(name: &'static str) -> Self {
        Self::custom(format_args!("{name} is missing"))
    }
}

/// `a, b or c`
fn alternatives(known: &[&str]) -> String {
    match known.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The name that serde gives to a type, in words of users.
fn wanted(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    let known = match expected.as_str() {
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "string or map" => "a string",
        "u16" => "a whole number below 65536",
        "i8" | "i16" | "i32" | "i64" | "isize" | "u8" | "u32" | "u64" | "usize" => "a whole number",
        other if other.starts_with("struct ") => "an object",
        other => other,
    };
    known.to_owned()
}

fn kind_of(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a number",
        Unexpected::Float(_) => "a fraction",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        _ => "another value",
    }
}
