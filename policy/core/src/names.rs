//! Names, each once, in the order in which they came, and found by binary search: settings may have thousands.

#[derive(Debug, Default)]
pub(crate) struct Names {
    all: Vec<String>,
    /// Places in `all`, in the order of the texts
    order: Vec<usize>,
}

impl Names {
    /// The names in order, each once.
    pub(crate) fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut all = Self::default();
        for name in names {
            all.add(name);
        }
        all
    }

    /// Adds a name; false where it is there already.
    pub(crate) fn add(&mut self, name: &str) -> bool {
        let Err(place) = self.search(name) else { return false };
        self.order.insert(place, self.all.len());
        self.all.push(name.to_owned());
        true
    }

    /// Where a name stands.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.search(name).ok().and_then(|place| self.order.get(place).copied())
    }

    /// All of them.
    pub(crate) fn into_vec(self) -> Vec<String> {
        self.all
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(String::as_str)
    }

    /// Where a name stands in `order`, or would have to.
    fn search(&self, name: &str) -> Result<usize, usize> {
        self.order.binary_search_by(|at| self.all.get(*at).map(String::as_str).cmp(&Some(name)))
    }
}
