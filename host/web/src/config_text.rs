//! The text of a docker config, taken apart without being read: what the kubelet refuses stays as wrong as it is.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::dummy::mask;

/// What a part of a docker config is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A name in `auths`
    Registry,
    /// A user name
    User,
    /// A password
    Password,
    /// `auth`
    Auth,
    /// Any other value
    Other,
}

/// Names of fields that say nothing.
const FIELDS: [&str; 11] = [
    "auths",
    "auth",
    "username",
    "password",
    "email",
    "identitytoken",
    "registrytoken",
    "serveraddress",
    "httpheaders",
    "credsstore",
    "credhelpers",
];

/// Puts in the place of each part what `replace` makes of it; it is given the registry that the part belongs to.
pub(crate) fn rewrite(text: &str, replace: &mut dyn FnMut(Role, &str, &str) -> String) -> String {
    let mut written = String::with_capacity(text.len());
    let (mut registry, mut field) = (String::new(), String::new());
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_ascii_whitespace() || "{}[]:,".contains(c) {
            written.push(c);
            continue;
        }
        let end = if c == '"' { end_of_string(&mut chars, text) } else { end_of_word(&mut chars, text) };
        let token = text.get(at..end).unwrap_or_default();
        if c != '"' {
            written.push_str(&word(token, &field, &registry, replace));
            continue;
        }
        let read = serde_json::from_str::<String>(token);
        let plain = read.as_deref().unwrap_or_else(|_| token.trim_matches('"'));
        let is_name = text.get(end..).is_some_and(|rest| rest.trim_start().starts_with(':'));
        let new = if is_name {
            field = plain.to_lowercase();
            if FIELDS.contains(&field.as_str()) {
                plain.to_owned()
            } else {
                plain.clone_into(&mut registry);
                replace(Role::Registry, plain, "")
            }
        } else if plain.is_empty() {
            String::new()
        } else {
            replace(role(&field), plain, &registry)
        };
        if read.is_err() {
            written.push_str(&broken(token));
        } else if new == plain {
            written.push_str(token);
        } else {
            written.push_str(&serde_json::Value::from(new).to_string());
        }
    }
    written
}

/// The dummy of a string that is not JSON: it is not JSON at the same position either.
fn broken(token: &str) -> String {
    let mut dummy = String::with_capacity(token.len());
    let mut rest = token.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                dummy.push('\\');
                let is_valid = rest.next().map(|escaped| "\"\\/bfnrtu".contains(escaped));
                dummy.push_str(is_valid.map_or("", |is_valid| if is_valid { "\\" } else { "x" }));
            }
            '"' => dummy.push('"'),
            c if c.is_control() => dummy.push(c),
            c => dummy.push_str(&mask(c.encode_utf8(&mut [0; 4]))),
        }
    }
    dummy
}

fn role(field: &str) -> Role {
    match field {
        "username" => Role::User,
        "password" => Role::Password,
        "auth" => Role::Auth,
        _ => Role::Other,
    }
}

/// The end of the string whose first quote was just read.
fn end_of_string(chars: &mut Peekable<CharIndices<'_>>, text: &str) -> usize {
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return at + 1,
            '\\' => {
                chars.next();
            }
            _ => {}
        }
    }
    text.len()
}

fn end_of_word(chars: &mut Peekable<CharIndices<'_>>, text: &str) -> usize {
    while chars.next_if(|(_, c)| !c.is_ascii_whitespace() && !"{}[]:,\"".contains(*c)).is_some() {}
    chars.peek().map_or(text.len(), |(at, _)| *at)
}

/// A value without quotes: a number stays a number, and what is not JSON stays so.
fn word(
    token: &str,
    field: &str,
    registry: &str,
    replace: &mut dyn FnMut(Role, &str, &str) -> String,
) -> String {
    if matches!(token, "true" | "false" | "null") {
        return token.to_owned();
    }
    let new = replace(if role(field) == Role::User { Role::User } else { Role::Other }, token, registry);
    if new == token {
        return new;
    }
    if serde_json::from_str::<serde_json::Number>(token).is_ok() {
        return token.chars().map(|c| if c.is_ascii_digit() { '1' } else { c }).collect();
    }
    new
}
