//! Texts, each once, in the order in which they came, and found by binary search: settings may have thousands of names.

#[derive(Debug, Default)]
pub(crate) struct Distinct {
    all: Vec<String>,
    /// Places in `all`, in the order of the texts
    order: Vec<usize>,
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
        let Err(place) = self.search(text) else { return false };
        self.order.insert(place, self.all.len());
        self.all.push(text.to_owned());
        true
    }

    /// Where a text stands.
    pub(crate) fn position(&self, text: &str) -> Option<usize> {
        self.search(text).ok().and_then(|place| self.order.get(place).copied())
    }

    /// All of them.
    pub(crate) fn into_vec(self) -> Vec<String> {
        self.all
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(String::as_str)
    }

    /// Where a text stands in `order`, or would have to.
    fn search(&self, text: &str) -> Result<usize, usize> {
        self.order.binary_search_by(|at| self.all.get(*at).map(String::as_str).cmp(&Some(text)))
    }
}
