//! Texts, each once, in the order in which they came, and found by search: settings may have thousands of names.

use std::collections::BTreeMap;

#[derive(Debug, Clone, Default)]
pub(crate) struct Distinct {
    all: Vec<String>,
    /// The index of each text in `all`
    places: BTreeMap<String, usize>,
}

impl Distinct {
    pub(crate) fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut all = Self::default();
        for text in texts {
            all.add(text);
        }
        all
    }

    /// Adds a text; false where it is there already.
    pub(crate) fn add(&mut self, text: &str) -> bool {
        let is_new = !self.has(text);
        if is_new {
            self.places.insert(text.to_owned(), self.all.len());
            self.all.push(text.to_owned());
        }
        is_new
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.places.contains_key(text)
    }

    /// The position of a text.
    pub(crate) fn position(&self, text: &str) -> Option<usize> {
        self.places.get(text).copied()
    }

    /// All of them.
    pub(crate) fn into_vec(self) -> Vec<String> {
        self.all
    }

    /// All of them in alphabetical order.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(String::as_str)
    }
}
