//! The values that one policy has seen, and the texts that may be shown.

use std::collections::HashSet;

use crate::secret_parts::{SecretParts, lowered};

/// Bytes of the shortest value that is hidden.
pub(super) const LEAST: usize = 4;

/// Names and words of answers that are not texts, separated by spaces.
const STRUCTURE: &str =
    "rule severity pointer line column image secret message help path unknownField warn reject";

/// Values, and words that are shown although a value has them.
#[derive(Debug)]
pub(super) struct Values {
    parts: SecretParts,
    whole: HashSet<Vec<u8>>,
    words: HashSet<String>,
}

impl Default for Values {
    fn default() -> Self {
        Self { parts: SecretParts::of_values_from(LEAST), whole: HashSet::new(), words: HashSet::new() }
    }
}

impl Values {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    pub(super) fn add(&mut self, value: &[u8]) {
        // The only line of a text is the text itself.
        if self.whole.insert(lowered(value)) {
            self.parts.add(value);
        }
    }

    /// Adds a value that is base64 already.
    pub(super) fn add_encoded(&mut self, value: &[u8]) {
        self.whole.insert(lowered(value));
        self.parts.add_as_it_is(value);
    }

    /// Marks the words of a text as public.
    pub(super) fn publish(&mut self, text: &str) {
        self.parts.publish(text);
        self.words.extend(words(text).map(|(_, word)| word.to_lowercase()));
    }

    pub(super) fn publish_common(&mut self) {
        self.parts.publish_common();
        self.publish(STRUCTURE);
    }

    /// Whether a text may hold a part of a value.
    pub(super) fn may_be_in(&self, text: &[u8]) -> bool {
        text.len() >= LEAST && self.parts.are_in(text)
    }

    /// Whether a text holds a part of a value.
    pub(super) fn are_in(&self, text: &[u8]) -> bool {
        self.may_be_in(text) && self.hidden(&String::from_utf8_lossy(text)).contains(&true)
    }

    /// For each byte of a text, whether it is hidden: those of whole values, and those of parts but for words that may be shown.
    pub(super) fn hidden(&self, text: &str) -> Vec<bool> {
        let (mut hidden, found) = (self.parts.all_places(text), self.parts.places(text));
        let public = self.public_places(text);
        let mut start = 0;
        let runs: Vec<usize> = hidden.chunk_by(|one, next| one == next).map(<[bool]>::len).collect();
        for length in runs {
            let run = start..start + length;
            start = run.end;
            let written = text.as_bytes().get(run.clone()).unwrap_or_default();
            let is_whole = self.whole.contains(&lowered(written));
            let is_found = found.get(run.clone()).is_some_and(|found| found.contains(&true));
            for (at, hidden) in run.clone().zip(hidden.get_mut(run).unwrap_or_default()) {
                *hidden &= is_found && (is_whole || public.get(at) != Some(&true));
            }
        }
        show_between(text, &mut hidden, &public);
        hidden
    }

    fn public_places(&self, text: &str) -> Vec<bool> {
        let mut places = vec![false; text.len()];
        for (at, word) in words(text) {
            if word.len() >= LEAST
                && self.words.contains(&word.to_lowercase())
                && let Some(place) = places.get_mut(at..at + word.len())
            {
                place.fill(true);
            }
        }
        places
    }
}

/// Shows the spaces around what is hidden, and characters other than letters and digits next to a word that is shown.
fn show_between(text: &str, hidden: &mut [bool], public: &[bool]) {
    let is_public = |at: Option<usize>| at.and_then(|at| public.get(at)) == Some(&true);
    let runs: Vec<usize> = hidden.chunk_by(|one, next| one == next).map(<[bool]>::len).collect();
    let mut start = 0;
    for length in runs {
        let run = start..start + length;
        start = run.end;
        let written = text.as_bytes().get(run.clone()).unwrap_or_default();
        let Some(places) = hidden.get_mut(run.clone()) else { continue };
        let is_beside = is_public(run.start.checked_sub(1)) || is_public(Some(run.end));
        if is_beside && !written.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()) {
            places.fill(false);
        }
        let spaces = written.iter().take_while(|byte| **byte == b' ').count();
        let spaces_behind = written.iter().rev().take_while(|byte| **byte == b' ').count();
        places.iter_mut().take(spaces).for_each(|place| *place = false);
        places.iter_mut().rev().take(spaces_behind).for_each(|place| *place = false);
    }
}

/// The words of a text, such as names and hosts, and where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_sign = |c: char| matches!(c, '-' | '_' | '.');
    let words = text.split(move |c: char| !c.is_alphanumeric() && !is_sign(c));
    words.filter_map(move |word| {
        let inner = word.trim_matches(is_sign);
        Some((inner.as_ptr().addr().checked_sub(text.as_ptr().addr())?, inner))
            .filter(|(_, word)| !word.is_empty())
    })
}
