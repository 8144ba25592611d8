//! The values of Secrets, found again in other texts: whole or in part, and in other spellings.

use std::collections::HashSet;

use review::secret_parts::{PART, SecretParts, squeeze};
use review::spelling::{in_any_spelling, is_base64};

use crate::dummy::{is_dummy, mask};

/// Bytes below which an equal word elsewhere is chance: `true`, a port, a short name.
const LEAST: usize = 6;

/// What must not be shown.
#[derive(Debug, Default)]
pub(crate) struct SecretValues {
    parts: SecretParts,
    /// Values that are too short to have parts
    short: HashSet<Vec<u8>>,
}

impl SecretValues {
    /// Adds a value. Its base64 at any place of a longer text, once and twice, is added too.
    pub(crate) fn add(&mut self, value: &[u8]) {
        if is_dummy(&String::from_utf8_lossy(value)) {
            return;
        }
        let squeezed = squeeze(value);
        if (LEAST..PART).contains(&squeezed.len()) {
            self.short.insert(squeezed);
        }
        self.parts.add(value);
    }

    /// Says that a text may be shown, whatever Secret holds it, and its base64.
    pub(crate) fn publish_encoded(&mut self, text: &str) {
        self.parts.publish_encoded(text);
    }

    /// Whether a text holds a part of a value in some spelling.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        !(self.parts.is_empty() && self.short.is_empty())
            && in_any_spelling(text.as_bytes(), &mut |spelled| self.are_plain_in(spelled))
    }

    fn are_plain_in(&self, text: &[u8]) -> bool {
        self.parts.are_in(text)
            || !self.short.is_empty() && words(text).any(|word| self.short.contains(&squeeze(word)))
    }

    /// The text without values, as much of it as can stay; `None` where it holds none.
    pub(crate) fn mask_in(&self, text: &str) -> Option<String> {
        if !self.are_in(text) {
            return None;
        }
        let plain = self.mask_parts(text);
        if !self.are_in(&plain) {
            return Some(plain);
        }
        let encoded = self.mask_words(&plain);
        Some(if self.are_in(&encoded) { mask(text) } else { encoded })
    }

    /// Masks what is spelled as the value is.
    fn mask_parts(&self, text: &str) -> String {
        let hidden = self.parts.places(text);
        let is_hidden =
            |at: usize, c: char| hidden.get(at..at + c.len_utf8()).is_some_and(|bytes| bytes.contains(&true));
        let mut masked = String::new();
        for (at, c) in text.char_indices() {
            if is_hidden(at, c) {
                masked.push_str(&mask(c.encode_utf8(&mut [0; 4])));
            } else {
                masked.push(c);
            }
        }
        masked
    }

    /// Masks words that hold a value in another spelling, or are a short value.
    fn mask_words(&self, text: &str) -> String {
        let is_of_word = |c: char| u8::try_from(c).is_ok_and(|byte| is_base64(byte) || byte == b'%');
        let mut masked = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            masked.push_str(&if self.are_in(word) { mask(word) } else { word.to_owned() });
            let end = after.find(is_of_word).unwrap_or(after.len());
            let (between, after) = after.split_at_checked(end).unwrap_or((after, ""));
            masked.push_str(between);
            rest = after;
        }
        masked
    }
}

/// The text itself, and words in it.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || b"=:,;\"'\\{}[]()<>&?@".contains(byte);
    std::iter::once(text).chain(text.split(is_between))
}
