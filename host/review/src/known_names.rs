//! Similar names that were found, so that each is searched for once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// For how many names the similar ones are remembered.
const REMEMBERED: usize = 1000;

/// A namespace, and a name that it does not have.
type Missing = (String, String);

/// The similar names that were found, by namespace and name. Many pods of a namespace list the same secret.
#[derive(Debug, Default)]
pub(crate) struct KnownNames(Mutex<BTreeMap<Missing, Arc<[String]>>>);

impl Clone for KnownNames {
    /// An empty one, because the clone of a cluster may get other Secrets.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl KnownNames {
    /// The names that are known, or those that `find` returns, which are then known.
    pub(crate) fn names(
        &self,
        namespace: &str,
        name: &str,
        find: impl FnOnce() -> Vec<String>,
    ) -> Arc<[String]> {
        let key = (namespace.to_owned(), name.to_owned());
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known().get(&key).cloned();
        found.unwrap_or_else(|| {
            let found: Arc<[String]> = find().into();
            let mut known = known();
            if known.len() < REMEMBERED {
                known.insert(key, found.clone());
            }
            found
        })
    }

    /// Forgets all of them, because a Secret is added.
    pub(crate) fn clear(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::KnownNames;

    #[test]
    fn names_are_compared_once_for_each_namespace_and_name() {
        let known = KnownNames::default();
        let searches = Cell::new(0);
        for (namespace, name, expected) in
            [("shop", "a", 1), ("shop", "a", 1), ("shop", "b", 2), ("data", "a", 3), ("shop", "a", 3)]
        {
            known.names(namespace, name, || {
                searches.set(searches.get() + 1);
                Vec::new()
            });
            assert_eq!(searches.get(), expected, "{namespace} {name}");
        }
    }
}
