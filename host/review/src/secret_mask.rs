//! Removes the values of Secrets that a policy other than this project's has seen from its output.
//!
//! ```text
//! Secrets in answers and in the request ─▶ values ─▶ SecretMask ◀─ texts and JSON of the policy
//!                                                        └─▶ the same with *** for each value and each part of one
//! ```

mod secret;
#[cfg(test)]
mod tests;
mod values;

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;
use serde_json::{Map, Value};

use self::values::Values;
use crate::spelling::{byte_lists, in_spellings};

/// The replacement for a value.
const HIDDEN: &str = "***";

/// Bytes of texts that are searched for values in other spellings than base64 too, which takes longer. The output of a policy
/// is shorter.
const MOST_DECODED: usize = 4 << 20;

/// What one call of a policy has seen and must not repeat.
#[derive(Debug)]
pub struct SecretMask {
    values: Values,
    payload: Vec<u8>,
    /// Whether the texts that may be shown have been collected, which happens when a possible value is found
    is_public_known: bool,
    /// What is left of [`MOST_DECODED`]
    decoded_left: usize,
}

impl SecretMask {
    /// For a call with this payload. The policy also sees a Secret that is the object of the request.
    pub fn of_call(payload: &[u8]) -> Self {
        let (values, payload) = (Values::default(), payload.to_owned());
        let mut mask = Self { values, payload, is_public_known: false, decoded_left: MOST_DECODED };
        if may_have_secrets(&mask.payload) {
            let payload = mask.parsed();
            secret::add_all(&mut mask.values, &payload);
        }
        mask
    }

    /// Adds what a host call has returned. `asks_for_secret` is true for a call that asks for a Secret, regardless of the
    /// answer.
    pub fn add(&mut self, answer: &[u8], asks_for_secret: bool) {
        if !asks_for_secret && !may_have_secrets(answer) {
            return;
        }
        match serde_json::from_slice(answer) {
            Ok(answer) if asks_for_secret => secret::add_secrets(&mut self.values, &answer),
            Ok(answer) => secret::add_all(&mut self.values, &answer),
            Err(_) if asks_for_secret => secret::add_text(&mut self.values, answer),
            Err(_) => {}
        }
    }

    fn parsed(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap_or_default()
    }

    /// The text without values.
    pub fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        if !self.has(text) {
            return Cow::Borrowed(text);
        }
        let hidden = self.values.hidden(text);
        let mut shown = String::with_capacity(text.len());
        let mut was_hidden = false;
        for (at, c) in text.char_indices() {
            let is_hidden = hidden.get(at..at + c.len_utf8()).is_some_and(|bytes| bytes.contains(&true));
            match (is_hidden, was_hidden) {
                (true, false) => shown.push_str(HIDDEN),
                (true, true) => {}
                (false, _) => shown.push(c),
            }
            was_hidden = is_hidden;
        }
        if self.has(&shown) {
            shown = self.without_encoded(&shown);
        }
        Cow::Owned(if self.has(&shown) { HIDDEN.to_owned() } else { shown })
    }

    /// The text without words that hold a value in another spelling.
    fn without_encoded(&mut self, text: &str) -> String {
        let text = &self.without_byte_lists(text);
        let mut shown = String::with_capacity(text.len());
        for word in text.split_inclusive(char::is_whitespace) {
            let plain = word.trim_end();
            shown.push_str(if self.has(plain) { HIDDEN } else { plain });
            shown.push_str(word.get(plain.len()..).unwrap_or_default());
        }
        shown
    }

    /// The text without lists of the bytes of a value.
    fn without_byte_lists(&mut self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut copied = 0;
        for (Range { start, end }, bytes) in byte_lists(text.as_bytes()) {
            if self.has(&String::from_utf8_lossy(&bytes)) {
                shown.extend([text.get(copied..start).unwrap_or_default(), HIDDEN]);
                copied = end;
            }
        }
        shown + text.get(copied..).unwrap_or_default()
    }

    /// The JSON without values; invalid JSON is treated as a text. A value in `mutated_object` is kept where the object of the
    /// request has it in the same place, because there the policy changes nothing.
    pub fn json<'j>(&mut self, json: &'j [u8]) -> Cow<'j, [u8]> {
        if self.values.is_empty() {
            return Cow::Borrowed(json);
        }
        let Ok(mut value) = serde_json::from_slice(json) else {
            return match self.text(&String::from_utf8_lossy(json)) {
                Cow::Borrowed(_) => Cow::Borrowed(json),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            };
        };
        let is_changed = match &mut value {
            // The names of an answer's own fields are not texts of the policy.
            Value::Object(fields) => fields.iter_mut().fold(false, |is_changed, (name, value)| {
                let object = (name == "mutated_object" && !value.is_null()).then(|| self.parsed());
                let object = object.as_ref().and_then(|request| request.pointer("/request/object"));
                self.value(value, object) | is_changed
            }),
            value => self.value(value, None),
        };
        if is_changed { Cow::Owned(value.to_string().into_bytes()) } else { Cow::Borrowed(json) }
    }

    /// Whether it was changed.
    fn value(&mut self, value: &mut Value, original: Option<&Value>) -> bool {
        if original == Some(&*value) {
            return false;
        }
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => {
                let is_secret = self.has(&number.to_string());
                if is_secret {
                    *value = Value::Null;
                }
                is_secret
            }
            Value::String(text) => self.string(text),
            Value::Array(items) => items.iter_mut().enumerate().fold(false, |is_changed, (index, item)| {
                self.value(item, original.and_then(|original| original.get(index))) | is_changed
            }),
            Value::Object(fields) => self.fields(fields, original),
        }
    }

    fn fields(&mut self, fields: &mut Map<String, Value>, original: Option<&Value>) -> bool {
        let mut is_changed = false;
        for (name, mut value) in std::mem::take(fields) {
            let original = original.and_then(|original| original.get(&name));
            is_changed |= self.value(&mut value, original);
            let shown = if original.is_some() { None } else { self.hidden(&name) };
            is_changed |= shown.is_some();
            fields.insert(shown.unwrap_or(name), value);
        }
        is_changed
    }

    /// JSON within a text, such as the findings in an annotation, stays JSON.
    fn string(&mut self, text: &mut String) -> bool {
        if !self.has(text) {
            return false;
        }
        let within: Option<Value> = serde_json::from_str(text).ok();
        let within = within.filter(|within| within.is_array() || within.is_object());
        let shown = within.and_then(|mut within| self.value(&mut within, None).then(|| within.to_string()));
        match shown.filter(|shown| !self.has(shown)).or_else(|| self.hidden(text)) {
            Some(shown) => {
                *text = shown;
                true
            }
            None => false,
        }
    }

    fn hidden(&mut self, text: &str) -> Option<String> {
        match self.text(text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Some(text),
        }
    }

    fn has(&mut self, text: &str) -> bool {
        if self.values.is_empty() {
            return false;
        }
        let left = self.decoded_left.checked_sub(text.len());
        self.decoded_left = left.unwrap_or(self.decoded_left);
        let depth = usize::from(left.is_some());
        let is_in =
            |test: &dyn Fn(&[u8]) -> bool| in_spellings(text.as_bytes(), depth, &mut |text| test(text));
        if !is_in(&|text| self.values.may_be_in(text)) {
            return false;
        }
        if !self.is_public_known {
            let payload = self.parsed();
            self.values.publish_common();
            secret::publish_all(&mut self.values, &payload);
            self.is_public_known = true;
        }
        is_in(&|text| self.values.are_in(text))
    }
}

/// Whether there may be a Secret in JSON.
fn may_have_secrets(json: &[u8]) -> bool {
    ["\"Secret", "\"stringData\"", "\\u"].iter().any(|word| memmem::find(json, word.as_bytes()).is_some())
}
